//! `calls dial`: places a call, and follows it if that is wished.

use chrono::SecondsFormat;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::api::{Answer, Api, JSON};
use super::args::{Dial, Shape};
use super::tail::follow;
use super::teller::Teller;
use super::trouble::Trouble;
use crate::cli::screen::{complain, say};

const KEY: &str = "Idempotency-Key";
const REPLAYED: &str = "Idempotency-Replayed";

#[derive(Deserialize)]
struct Accepted {
    id: String,
    message: String,
}

pub async fn dial(api: &Api, wish: &Dial) -> Result<i32, Trouble> {
    let answer = ask(api, wish).await?;
    let Accepted { id, message } = api.read(&answer)?;
    let message = if answer.headers.contains_key(REPLAYED) { "this was asked for before, and is done once".to_owned() } else { message };
    match (wish.output.format, wish.wait) {
        (Shape::Json, false) => say(&answer.body),
        (Shape::Json, true) => complain(&format!("{id}  {message}")),
        (Shape::Table, false) => say(&format!("{id}  {message}")),
        (Shape::Table, true) => {}
    }
    if !wish.wait {
        return Ok(0);
    }
    wait(api, &id, wish.output.format).await.inspect_err(|_| complain(&format!("call {id} goes on, and is not followed any more")))
}

/// Under a key, so that it can be asked again if the answer is lost.
async fn ask(api: &Api, wish: &Dial) -> Result<Answer, Trouble> {
    let key = wish.idempotency_key.clone().unwrap_or_else(|| Uuid::now_v7().to_string());
    let asked = api.post(&["request-call"], &request(wish), &[(KEY, &key)]).await;
    if let Err(Trouble::Lost { .. }) = &asked {
        complain(&format!("whether the call is placed is not known: the same again with --idempotency-key {key} places it once"));
    }
    asked
}

fn request(wish: &Dial) -> Value {
    let text = |text: &Option<String>| text.clone().map(Value::String);
    let variables: Map<String, Value> = wish.variables.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let fields = [
        ("phone_number", Some(json!(wish.number.as_str()))),
        ("name", text(&wish.name)),
        ("assistant", text(&wish.assistant)),
        ("instructions", text(&wish.instructions)),
        ("voice", text(&wish.voice)),
        ("time_zone", text(&wish.time_zone)),
        ("scheduled_at", wish.scheduled_at.map(|at| json!(at.to_rfc3339_opts(SecondsFormat::Secs, true)))),
        ("variables", Some(variables).filter(|variables| !variables.is_empty()).map(Value::Object)),
        ("metadata", wish.metadata.clone().map(Value::Object)),
    ];
    fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect::<Map<_, _>>().into()
}

/// Whether it completed, as an exit code.
async fn wait(api: &Api, id: &str, format: Shape) -> Result<i32, Trouble> {
    let mut teller = Teller::new(format, true).silent(format == Shape::Json);
    let ended = follow(api, Some(id.to_owned()), &mut teller).await?;
    if format == Shape::Json {
        say(&api.get(&["call", id], &[], JSON).await?.body);
    }
    Ok(i32::from(ended.is_none_or(|call| call.status != "completed")))
}
