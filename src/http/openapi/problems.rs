//! What may be answered in place of what was asked for: the codes of each method, by their statuses.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response};
use utoipa::{PartialSchema as _, ToSchema as _};

use crate::http::Problem;
use crate::http::door::Asked;
use crate::http::error::{Body, status, title};
use crate::http::velocity::is_counted;
use crate::types::Code;

/// What a method may answer beside what its shape tells.
const OWN: [(&str, &[Code]); 13] = [
    (
        "requestCall",
        &[
            Code::NotAuthorized,
            Code::PremiumOrForeign,
            Code::DoNotCall,
            Code::NoConsent,
            Code::QuietHours,
            Code::RequestRunning,
            Code::RequestKeyReused,
            Code::CoolingDown,
            Code::OverBudget,
            Code::AtCapacity,
            Code::Overloaded,
            Code::Draining,
            Code::NotConfigured,
            Code::ModelUnavailable,
        ],
    ),
    (
        "createPhoneTicket",
        &[Code::OverBudget, Code::AtCapacity, Code::Overloaded, Code::Draining, Code::NotConfigured, Code::ModelUnavailable],
    ),
    ("hangUp", &[Code::CallOver]),
    ("transfer", &[Code::NotAuthorized, Code::PremiumOrForeign, Code::CallOver, Code::CallNotConnected]),
    ("listCalls", &[Code::MalformedRequest, Code::NotAcceptable]),
    ("getAnalytics", &[Code::MalformedRequest, Code::NotAcceptable]),
    ("watchEvents", &[Code::MalformedRequest, Code::AtCapacity]),
    ("listWebhookDeliveries", &[Code::MalformedRequest, Code::NotAcceptable]),
    ("resendWebhook", &[Code::NotConfigured]),
    ("removeDoNotCall", &[Code::InvalidField]),
    ("getHealth", &[Code::Internal]),
    ("getReadiness", &[Code::Internal]),
    ("getSession", &[Code::Unauthenticated, Code::DatabaseUnavailable, Code::Internal]),
];

const OF_KEYS: [Code; 4] = [Code::Unauthenticated, Code::InsufficientScope, Code::DatabaseUnavailable, Code::Internal];
const OF_BODIES: [Code; 5] =
    [Code::MalformedRequest, Code::RequestTimeout, Code::PayloadTooLarge, Code::UnsupportedMediaType, Code::InvalidField];

/// In examples.
const DETAIL: &str = "what it was this time, for people";

pub(super) fn tell(operation: &mut Operation, asked: &Asked) {
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in Code::ALL.iter().filter(|code| codes(operation, asked).contains(code)) {
        by_status.entry(status(*code).as_u16()).or_default().push(*code);
    }
    for (status, codes) in by_status {
        let known = operation.responses.responses.remove(&status.to_string());
        operation.responses.responses.insert(status.to_string(), RefOr::T(response(status, &codes, known)));
    }
}

fn codes(operation: &Operation, asked: &Asked) -> Vec<Code> {
    let has =
        |place| operation.parameters.iter().flatten().any(|parameter| matches!(parameter, RefOr::T(known) if known.parameter_in == place));
    let shapes: [(bool, &[Code]); 6] = [
        (asked.scope.is_some(), &OF_KEYS),
        (is_counted(asked.path), &[Code::RateLimited]),
        (operation.request_body.is_some(), &OF_BODIES),
        (has(ParameterIn::Query), &[Code::InvalidField]),
        (has(ParameterIn::Header), &[Code::MalformedRequest]),
        (has(ParameterIn::Path), &[Code::NotFound]),
    ];
    let own = OWN.iter().filter(|(name, _)| operation.operation_id.as_deref() == Some(name)).flat_map(|(_, codes)| *codes);
    shapes.iter().filter(|(is, _)| *is).flat_map(|(_, codes)| *codes).chain(own).copied().collect()
}

/// Beside what else may be answered with this status.
fn response(status: u16, codes: &[Code], known: Option<RefOr<Response>>) -> Response {
    let about = codes.iter().map(|code| format!("`{code}`: {}", title(*code))).collect::<Vec<_>>().join("; ");
    let mut response = match known {
        Some(RefOr::T(known)) => known,
        Some(RefOr::Ref(_)) | None => Response::default(),
    };
    response.description = [response.description, about].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("; ");
    let example = codes.first().and_then(|code| serde_json::to_value(Problem::new(*code, DETAIL).body()).ok());
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name(Body::name()))).example(example).build();
    response.content.insert("application/problem+json".to_owned(), RefOr::T(problem));
    if let Some((name, about)) = header(status) {
        let header = HeaderBuilder::new().description(Some(about)).schema(Some(String::schema())).build();
        response.headers.insert(name.to_owned(), RefOr::T(header));
    }
    response
}

fn header(status: u16) -> Option<(&'static str, &'static str)> {
    match StatusCode::from_u16(status).ok()? {
        StatusCode::UNAUTHORIZED => Some(("WWW-Authenticate", "`Bearer`")),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => Some(("Retry-After", "Seconds, where it is known")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_with_codes_of_its_own_is_described() {
        let document = crate::http::document().to_json().expect("json");

        for (name, _) in OWN {
            assert!(document.contains(&format!("\"operationId\":\"{name}\"")), "{name}");
        }
    }
}
