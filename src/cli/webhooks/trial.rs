//! `webhooks test`: an example for the receiver, sent from here.

use std::time::Instant;

use chrono::Utc;
use uuid::Uuid;

use crate::cli::calls::trouble::Trouble;
use crate::cli::screen::{Paint, complain, say};
use crate::config::{Config, Invalid, Loaded, Webhooks};
use crate::http::webhook_example;
use crate::realtime::socket::install_tls_provider;
use crate::telemetry::trace::Trace;
use crate::web::{Letter, Reach, Receipt, deliver};

pub async fn trial(loaded: Result<Loaded, Invalid>) -> Result<i32, Trouble> {
    let config = loaded.map_err(Trouble::Invalid)?.config;
    let Some(receiver) = &config.webhooks else {
        return Err(Trouble::Configuration(
            "WEBHOOK_URL is not set: nobody is told of calls; docs/webhooks.md says how to begin".to_owned(),
        ));
    };
    install_tls_provider();
    Ok(send(&config, receiver).await)
}

async fn send(config: &Config, receiver: &Webhooks) -> i32 {
    let (began, now) = (Instant::now(), Utc::now());
    let letter = Letter { id: format!("test_{}", Uuid::now_v7().simple()), body: webhook_example(now) };
    let reach = Reach::within(config.environment.is_production());
    let outcome = deliver(&letter, receiver, now, &reach, &Trace::default()).await;
    let (host, ms) = (receiver.host(), began.elapsed().as_millis());
    match outcome {
        Ok(Receipt { reply, .. }) if reply.is_success() => {
            say(&format!("{host} answered {} after {ms} ms: it takes webhooks", reply.status));
            0
        }
        Ok(Receipt { reply, reason }) => {
            let lines = reason.lines().map(str::trim).filter(|line| !line.is_empty());
            failed(&format!("{host} answered {} after {ms} ms", reply.status), lines)
        }
        Err(error) => failed(&format!("{host} was not told: {error}"), std::iter::empty()),
    }
}

fn failed<'a>(what: &str, because: impl Iterator<Item = &'a str>) -> i32 {
    complain(&format!("{} {what}", Paint::of_errors().red("error:")));
    because.take(10).for_each(|line| complain(&format!("  {line}")));
    1
}
