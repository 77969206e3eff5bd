//! `POST /api/request-call`: place a call.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::body::{escaped, filled, misshapen, shaped};
use super::error::FieldError;
use super::{Doors, Problem};
use crate::actors::engine::CallWish;
use crate::config::{Assistant, Assistants, NAME, template};
use crate::types::{CallId, CallStatus, PhoneNumber};

/// A text that is absent or blank is not there.
#[derive(Deserialize, garde::Validate)]
pub(super) struct RequestCall {
    /// E.164, e.g. `+14155550100`; blanks, dots, hyphens and brackets do no harm.
    #[garde(custom(is_phone_number))]
    phone_number: String,
    /// Whom the call is for; the assistant may use it.
    #[garde(length(chars, max = 100))]
    #[serde(default)]
    name: Option<String>,
    /// By its name; else the default one speaks.
    #[garde(skip)]
    #[serde(default)]
    assistant: Option<String>,
    /// In place of the assistant's.
    #[garde(length(chars, max = 8_000))]
    #[serde(default)]
    instructions: Option<String>,
    /// Values of variables that the assistant declares.
    #[garde(length(max = MAX_VARIABLES))]
    #[serde(default)]
    variables: BTreeMap<String, String>,
    /// Where the callee is, by a name of the IANA database; else wherever the number may be.
    #[garde(skip)]
    #[serde(default)]
    time_zone: Option<String>,
}

const MAX_VARIABLES: usize = 32;
const MAX_VALUE: usize = 500;

#[derive(Serialize)]
struct Accepted {
    id: CallId,
    status: CallStatus,
    message: &'static str,
}

pub(super) async fn request_call(doors: web::Data<Doors>, asked: HttpRequest, body: web::Json<Value>) -> Result<HttpResponse, Problem> {
    let request: RequestCall = shaped(body.into_inner())?;
    let wish = request.wish(&doors.engine.config().assistants)?;
    doors.velocity.count_call(&asked, &wish.to)?;
    let id = doors.engine.request_call(wish).await?;
    let accepted = Accepted { id, status: CallStatus::Initiated, message: "the phone will ring in a moment" };
    Ok(HttpResponse::Accepted().insert_header((header::LOCATION, format!("/api/call/{id}"))).json(accepted))
}

impl RequestCall {
    /// What is asked for, or everything that is wrong with it.
    fn wish(self, assistants: &Assistants) -> Result<CallWish, Problem> {
        let mut errors = misshapen(&self);
        let (assistant, instructions) = (self.assistant.and_then(filled), self.instructions.and_then(filled));
        let assistant = match assistant.map(|name| assistants.named(&name).ok_or(name)).transpose() {
            Ok(assistant) => {
                let speaker = assistant.unwrap_or_else(|| assistants.default_one());
                errors.extend(wrong_variables(&self.variables, speaker));
                errors.extend(wrong_instructions(instructions.as_deref(), speaker));
                assistant.map(Arc::clone)
            }
            Err(_) => {
                errors.push(field("/assistant", format!("there is no such assistant; known: {}", assistants.names().join(", "))));
                None
            }
        };
        let time_zone = self.time_zone.and_then(filled).map(|name| name.parse::<Tz>()).transpose().unwrap_or_else(|_| {
            errors.push(field("/time_zone", "not a name of the IANA database, such as America/New_York".to_owned()));
            None
        });
        match self.phone_number.parse() {
            Ok(to) if errors.is_empty() => {
                Ok(CallWish { to, name: self.name.and_then(filled), assistant, instructions, variables: self.variables, time_zone })
            }
            Ok(_) | Err(_) => Err(Problem::fields(errors)),
        }
    }
}

fn wrong_variables(variables: &BTreeMap<String, String>, assistant: &Assistant) -> Vec<FieldError> {
    let declared: Vec<&str> = assistant.variables.keys().map(String::as_str).collect();
    let wrong = |(name, value): (&String, &String)| {
        let detail = if name == NAME {
            "it has a field of its own, `name`".to_owned()
        } else if !assistant.declares(name) {
            format!(
                "the assistant declares no such variable; declared: {}",
                if declared.is_empty() { "none".to_owned() } else { declared.join(", ") }
            )
        } else if value.chars().count() > MAX_VALUE {
            format!("longer than {MAX_VALUE} characters")
        } else {
            return None;
        };
        Some(field(format!("/variables/{}", escaped(name)), detail))
    };
    variables.iter().filter_map(wrong).collect()
}

fn wrong_instructions(instructions: Option<&str>, assistant: &Assistant) -> Vec<FieldError> {
    let faults = instructions.map(|text| template::faults(text, &assistant.known_variables())).unwrap_or_default();
    faults.iter().map(|fault| field("/instructions", fault.to_string())).collect()
}

fn field(pointer: impl Into<String>, detail: String) -> FieldError {
    FieldError { pointer: pointer.into(), detail }
}

pub(super) fn is_phone_number(text: &str, (): &()) -> garde::Result {
    text.parse::<PhoneNumber>().map(drop).map_err(|error| garde::Error::new(error.to_string()))
}
