//! `POST /api/request-call`: place a call.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use garde::Validate as _;
use serde::{Deserialize, Serialize};

use super::error::FieldError;
use super::{Doors, Problem};
use crate::types::{CallId, CallStatus, PhoneNumber};

#[derive(Debug, Deserialize, garde::Validate)]
pub(super) struct RequestCall {
    /// E.164, e.g. `+14155550100`; blanks, dots, hyphens and brackets do no harm.
    #[garde(custom(is_phone_number))]
    phone_number: String,
    /// Whom the call is for; the assistant may use it.
    #[garde(length(chars, max = 100))]
    #[serde(default)]
    name: Option<String>,
}

#[derive(Serialize)]
struct Accepted {
    id: CallId,
    status: CallStatus,
    message: &'static str,
}

pub(super) async fn request_call(doors: web::Data<Doors>, body: web::Json<RequestCall>) -> Result<HttpResponse, Problem> {
    let RequestCall { phone_number, name } = body.into_inner().checked()?;
    let to: PhoneNumber = phone_number.parse().map_err(|error| Problem::field("/phone_number", format!("{error}")))?;
    let name = name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    let id = doors.engine.request_call(to, name).await?;
    let accepted = Accepted { id, status: CallStatus::Initiated, message: "the phone will ring in a moment" };
    Ok(HttpResponse::Accepted().insert_header((header::LOCATION, format!("/api/call/{id}"))).json(accepted))
}

impl RequestCall {
    fn checked(self) -> Result<Self, Problem> {
        match self.validate() {
            Ok(()) => Ok(self),
            Err(report) => {
                let field = |(path, error): &(garde::Path, garde::Error)| FieldError {
                    pointer: format!("/{}", path.to_string().replace('.', "/")),
                    detail: error.to_string(),
                };
                Err(Problem::fields(report.iter().map(field).collect()))
            }
        }
    }
}

fn is_phone_number(text: &str, (): &()) -> garde::Result {
    text.parse::<PhoneNumber>().map(drop).map_err(|error| garde::Error::new(error.to_string()))
}
