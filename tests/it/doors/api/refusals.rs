//! Every code of a refusal is shown by a test, through HTTP, with its own problem type.

use std::path::Path;
use std::time::Duration;

use alpha_call::sim::stage::CALLEE;
use alpha_call::types::Code;
use serde_json::json;

use crate::doors::http::{get, post_json};
use crate::house::House;

const CODES: [Code; 33] = [
    Code::MalformedRequest,
    Code::InvalidField,
    Code::Unauthenticated,
    Code::InsufficientScope,
    Code::InvalidSignature,
    Code::InvalidStreamToken,
    Code::NotFound,
    Code::MethodNotAllowed,
    Code::PayloadTooLarge,
    Code::UnsupportedMediaType,
    Code::NotAcceptable,
    Code::RequestTimeout,
    Code::OriginNotAllowed,
    Code::NotAuthorized,
    Code::CallerNotAdmitted,
    Code::PremiumOrForeign,
    Code::DoNotCall,
    Code::NoConsent,
    Code::QuietHours,
    Code::CoolingDown,
    Code::OverBudget,
    Code::RateLimited,
    Code::AtCapacity,
    Code::Overloaded,
    Code::Draining,
    Code::NotConfigured,
    Code::DatabaseUnavailable,
    Code::ModelUnavailable,
    Code::CallOver,
    Code::CallNotConnected,
    Code::RequestRunning,
    Code::RequestKeyReused,
    Code::Internal,
];

/// A code that is new has no line here yet: give it one, and one above.
const fn is_told_by_http(code: Code) -> bool {
    match code {
        // A caller hears it: `callers_who_are_not_wanted_hear_that_the_number_is_not_in_service`.
        Code::CallerNotAdmitted => false,
        Code::MalformedRequest
        | Code::InvalidField
        | Code::Unauthenticated
        | Code::InsufficientScope
        | Code::InvalidSignature
        | Code::InvalidStreamToken
        | Code::NotFound
        | Code::MethodNotAllowed
        | Code::PayloadTooLarge
        | Code::UnsupportedMediaType
        | Code::NotAcceptable
        | Code::RequestTimeout
        | Code::OriginNotAllowed
        | Code::NotAuthorized
        | Code::PremiumOrForeign
        | Code::DoNotCall
        | Code::NoConsent
        | Code::QuietHours
        | Code::CoolingDown
        | Code::OverBudget
        | Code::RateLimited
        | Code::AtCapacity
        | Code::Overloaded
        | Code::Draining
        | Code::NotConfigured
        | Code::DatabaseUnavailable
        | Code::ModelUnavailable
        | Code::CallOver
        | Code::CallNotConnected
        | Code::RequestRunning
        | Code::RequestKeyReused
        | Code::Internal => true,
    }
}

/// Everything that tests of this binary ask, as text.
fn tests(folder: &Path, found: &mut String) {
    for entry in folder.read_dir().expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            tests(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push_str(&std::fs::read_to_string(&path).expect("a file"));
        }
    }
}

/// `problem` holds an answer to the type, the status and the code, whatever else it says.
#[test]
fn every_code_is_shown_by_a_test_as_the_problem_that_it_is() {
    let mut asked = String::new();
    tests(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it"), &mut asked);
    let asked: String = asked.split_whitespace().collect();
    let is_shown = |code: &Code| {
        let word = code.as_str();
        let shown = |call: &str| asked.match_indices(&format!(",\"{word}\"")).any(|(at, _)| asked[..at].ends_with(call));
        (400..600).any(|status| shown(&format!(".problem({status}")) || shown(&format!(",head,{status}")))
    };

    let missing: Vec<&str> = CODES.iter().filter(|code| is_told_by_http(**code) && !is_shown(code)).map(|code| code.as_str()).collect();

    assert_eq!(missing, [""; 0]);
    let mut words: Vec<&str> = CODES.iter().map(|code| code.as_str()).collect();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), CODES.len(), "two codes with one word");
}

#[actix_rt::test]
async fn an_instance_that_leaves_places_no_call_and_says_when_to_ask_another() {
    let house = House::open().await;
    assert!(house.engine.drain(Duration::from_secs(5)).await, "nothing is under way");

    let answer = post_json("/api/request-call", json!({"phone_number": CALLEE})).to(house.addr()).await;

    answer.problem(503, "draining");
    assert_eq!(answer.header("retry-after"), Some("10"), "{answer:?}");
    for path in ["/health/ready", "/health/ready?for=balancer"] {
        assert_eq!(get(path).to(house.addr()).await.status, 503, "{path}");
    }
    house.finish().await;
}

#[actix_rt::test]
async fn a_body_that_never_ends_is_told_that_it_was_too_slow() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let house = House::with(&[("APP__SERVER__CLIENT_TIMEOUT_MS", "300")]).await;
    let mut socket = tokio::net::TcpStream::connect(house.addr()).await.expect("it listens");
    let head = "POST /api/request-call HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{";
    socket.write_all(head.as_bytes()).await.expect("it listens");
    let mut said = Vec::new();
    socket.read_to_end(&mut said).await.expect("an answer");

    crate::doors::http::Answer::of(&said).problem(408, "request-timeout");
    house.finish().await;
}
