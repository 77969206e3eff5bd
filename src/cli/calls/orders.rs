//! `calls hangup` and `calls transfer`: what becomes of a call.

use serde::Deserialize;
use serde_json::{Value, json};

use super::api::Api;
use super::args::{Hangup, Plain, Shape, Transfer};
use super::trouble::Trouble;
use crate::cli::screen::say;

#[derive(Deserialize)]
struct Ordered {
    id: String,
    message: String,
}

pub async fn hang_up(api: &Api, wish: &Hangup) -> Result<i32, Trouble> {
    order(api, &["call", &wish.call, "hangup"], &json!({}), wish.output).await
}

pub async fn transfer(api: &Api, wish: &Transfer) -> Result<i32, Trouble> {
    order(api, &["call", &wish.call, "transfer"], &json!({ "to": wish.to.as_str() }), wish.output).await
}

async fn order(api: &Api, path: &[&str], body: &Value, output: Plain) -> Result<i32, Trouble> {
    let answer = api.post(path, body, &[]).await?;
    if output.format == Shape::Json {
        say(&answer.body);
        return Ok(0);
    }
    let Ordered { id, message } = api.read(&answer)?;
    say(&format!("{id}  {message}"));
    Ok(0)
}
