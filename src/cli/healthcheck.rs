//! `alpha-call healthcheck`: whether the instance on this machine lives, for images without a shell.

use std::time::Duration;

use tokio::time::timeout;

use super::refuse;
use super::screen::{complain, say};
use crate::config::{Invalid, Loaded};
use crate::sim::client::ApiClient;

/// Platforms ask again before long.
const ANSWER: Duration = Duration::from_secs(3);
const LIVE: &str = "/health/live";

/// 0 if it lives, 1 if not.
pub async fn healthcheck(configured: Result<Loaded, Invalid>) -> i32 {
    let address = match configured {
        Ok(loaded) => loaded.config.server.from_here(),
        Err(invalid) => return refuse(invalid),
    };
    let answer = timeout(ANSWER, ApiClient::new(address).get(LIVE)).await.map_err(std::io::Error::from);
    match answer.and_then(|answer| answer) {
        Ok(answer) if answer.status == 200 => {
            say(&format!("http://{address}{LIVE} lives"));
            0
        }
        Ok(answer) => failed(&format!("http://{address}{LIVE} answered {}: {}", answer.status, answer.body)),
        Err(error) => failed(&format!("http://{address}{LIVE}: {error}")),
    }
}

fn failed(why: &str) -> i32 {
    complain(why);
    1
}
