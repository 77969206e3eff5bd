//! What a web server of the business is asked in a scenario, and what it answers.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::sim::business::{Reaction, Visit};

/// Where the assistant of a scenario finds the server; its true address is put in its place.
pub(super) const BUSINESS: &str = "http://business.example";

/// One `[[business]]`: a request, in its order.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VisitLine {
    method: String,
    /// With the query.
    path: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<Value>,
    #[serde(default = "ok")]
    status: u16,
    #[serde(default)]
    answer: Value,
    #[serde(default)]
    after_ms: u64,
    /// It never answers.
    #[serde(default)]
    silent: bool,
}

const fn ok() -> u16 {
    200
}

impl VisitLine {
    pub(super) fn visit(&self) -> Visit {
        let answer = Reaction::Answer { after: Duration::from_millis(self.after_ms), status: self.status, body: self.answer.clone() };
        Visit {
            method: self.method.clone(),
            target: self.path.clone(),
            headers: self.headers.iter().map(|(name, value)| (name.to_lowercase(), value.clone())).collect(),
            body: self.body.clone(),
            reaction: if self.silent { Reaction::Silence } else { answer },
        }
    }
}
