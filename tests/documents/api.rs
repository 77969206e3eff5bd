//! The description of the API says what the code does, and others can read it.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use actix_web::ResponseError as _;
use actix_web::body::MessageBody as _;
use actix_web::http::Method;
use alpha_call::http::{Asked, Problem, asked, document};
use alpha_call::types::Code;
use serde_json::Value;

const COMMITTED: &str = "docs/openapi.json";
/// A Python with what `tests/requirements.txt` names.
const JUDGE: &str = "API_JUDGE_PYTHON";

fn described() -> Value {
    serde_json::to_value(document()).expect("json")
}

/// What pages and programs may ask. Twilio, browsers and what they load have doors of their own.
fn is_public(asked: &Asked) -> bool {
    let is_api = ["/api/", "/health", "/metrics"].iter().any(|start| asked.path.starts_with(start));
    is_api && asked.method != Method::HEAD
}

/// Method, path and operation.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().expect("paths");
    let methods = |(path, item): (&String, &Value)| {
        let item = item.as_object().expect("an item").clone();
        let path = path.clone();
        item.into_iter().map(move |(method, operation)| (method.to_uppercase(), path.clone(), operation))
    };
    paths.iter().flat_map(methods).collect()
}

#[test]
fn the_committed_description_is_that_of_the_code() {
    let committed = fs::read_to_string(COMMITTED).unwrap_or_default();
    let made = document().to_pretty_json().expect("json") + "\n";

    assert!(committed == made, "{COMMITTED} is not what the code says: cargo run -- openapi > {COMMITTED}");
}

#[test]
fn every_door_of_the_api_is_described_with_its_scope_and_nothing_else_is() {
    let scope = |operation: &Value| operation["security"][0]["apiKey"][0].as_str().map(str::to_owned);
    let described: BTreeMap<_, _> =
        operations(&described()).into_iter().map(|(method, path, operation)| ((method, path), scope(&operation))).collect();
    let doors = asked().into_iter().filter(is_public);
    let doors: BTreeMap<_, _> =
        doors.map(|asked| ((asked.method.to_string(), asked.path.to_owned()), asked.scope.map(|scope| scope.to_string()))).collect();

    assert_eq!(described, doors);
}

#[test]
fn every_operation_has_a_name_of_its_own_a_summary_and_a_known_tag() {
    let document = described();
    let tags: Vec<&Value> = document["tags"].as_array().expect("tags").iter().map(|tag| &tag["name"]).collect();
    let mut names = Vec::new();

    for (method, path, operation) in operations(&document) {
        assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty() && text.len() < 80), "{method} {path}");
        assert!(tags.contains(&&operation["tags"][0]), "{method} {path}: {}", operation["tags"]);
        names.push(operation["operationId"].as_str().expect("a name").to_owned());
    }

    let told = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), told, "{names:?}");
}

#[test]
fn an_independent_judge_takes_it_for_openapi() {
    let Ok(python) = std::env::var(JUDGE) else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "CI is set, but {JUDGE} is not: run scripts/test.sh");
        eprintln!("SKIPPED: {JUDGE} is not set; scripts/test.sh sets it");
        return;
    };

    let verdict = Command::new(python).args(["tests/judge/judge.py", COMMITTED]).output().expect("python");

    assert!(verdict.status.success(), "{}{}", String::from_utf8_lossy(&verdict.stdout), String::from_utf8_lossy(&verdict.stderr));
}

#[test]
fn the_table_of_problems_is_that_of_the_code() {
    let mut codes = Code::ALL.to_vec();
    codes.sort_by_key(|code| problem(*code).0);
    let row = |code: &Code| {
        let (status, title) = problem(*code);
        format!("| {status} | `{code}` | {title} |\n")
    };
    let table = codes.iter().map(row).collect::<String>();
    let page = fs::read_to_string("docs/api.md").expect("the page");

    assert!(page.contains(&table), "docs/api.md needs this table:\n{table}");
}

/// As it is told: status and title.
fn problem(code: Code) -> (u64, String) {
    let answer = Problem::new(code, "").error_response();
    let body = answer.into_body().try_into_bytes().expect("a body of one piece");
    let body: Value = serde_json::from_slice(&body).expect("json");
    (body["status"].as_u64().expect("a status"), body["title"].as_str().expect("a title").to_owned())
}
