//! Whatever comes in at the doors: streams, webhooks, the API, the command line.

mod api;
mod cli;
mod cli_calls;
mod cli_db;
mod cli_keys;
mod cli_lists;
mod cli_secrets;
pub mod counters;
pub mod courier;
pub mod http;
mod hygiene;
pub mod judge;
mod neighbour;
pub mod operator;
mod overload;
pub mod process;
mod secrets;
pub mod sse;
mod stream;
pub mod streams;
mod traces;
pub mod twiml;
mod webhooks;

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::house::House;
use http::get;
use operator::Operator;
use serde_json::Value;

const SOON: Duration = Duration::from_secs(5);

/// Asks until there is an answer.
async fn eventually<T>(what: &str, ask: impl AsyncFn() -> Option<T>) -> T {
    let deadline = Instant::now() + SOON;
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(Instant::now() < deadline, "not within {SOON:?}: {what}");
        sleep(Duration::from_millis(10)).await;
    }
}

/// A house where the assistant is brief: a second of greeting.
async fn brief_house(variables: &[(&str, &str)]) -> House {
    let greeting = ("APP__ASSISTANT__GREETING", "Lakeside Clinic.");
    House::with(&[&[greeting], variables].concat()).await
}

impl Operator {
    /// Rows, and slots that are held.
    async fn traces(&self) -> (u64, u64) {
        let rows = get("/api/call-history").to(self.engine).await.json();
        (rows["total"].as_u64().expect("a number"), self.slots().await)
    }

    async fn slots(&self) -> u64 {
        let health = get("/health").to(self.engine).await.json();
        health["calls"]["active"].as_u64().expect("a number")
    }

    async fn row(&self, call: &str) -> Value {
        get(&format!("/api/call/{call}")).to(self.engine).await.json()
    }

    /// The call's row, once its end is on record.
    async fn ended(&self, call: &str) -> Value {
        self.row_when("its end is on record", call, |row| !row["ended_at"].is_null()).await
    }

    /// The call's row, once Twilio's last callback is on record too.
    async fn over_at_twilio(&self, call: &str) -> Value {
        self.row_when("Twilio's last word is on record", call, |row| !row["ended_at"].is_null() && row["twilio_status"] == "completed")
            .await
    }

    async fn row_when(&self, what: &str, call: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        eventually(what, async || Some(self.row(call).await).filter(&is_so)).await
    }
}
