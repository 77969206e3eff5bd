//! Two processes share one database and the budget of a day.

use std::net::SocketAddr;

use alpha_call::sim::scenario::{CallerScript, Step};
use alpha_call::sim::stage::{CALLER, Stage};
use alpha_call::sim::twilio::{CallHandle, CallIn, Happening};

use super::*;
use crate::doors::counters::Counters;

/// Less than the first minute of a line costs.
const BUDGET: &str = "0.01";

struct Member {
    stage: Stage,
    address: SocketAddr,
    _instance: Instance,
}

impl Member {
    fn start(seed: u64, url: &str) -> Self {
        let stage = Stage::start(seed).expect("a stage");
        let mut instance = serve(&stage, url, &[("MAX_DAY_USD", BUDGET), ("APP__OPENAI__WARM_CONNECTIONS", "0")]);
        let address = instance.address();
        Self { stage, address, _instance: instance }
    }

    async fn is_called(&self) -> CallHandle {
        let script = CallerScript::new(vec![Step::WaitForSpeech { within: LONG }, Step::HangUp]);
        let call = self.stage.twilio.call_in(CallIn { from: CALLER.to_owned(), script }).expect("a domain");
        call.ended(LONG).await.expect("an end");
        call
    }

    async fn spend(&self) -> f64 {
        Counters::of(self.address).await.sum("alpha_call_day_spend_usd", &[])
    }
}

fn is_apologised_to(call: &CallHandle) -> bool {
    call.report().first(|what| matches!(what, Happening::Said { text } if text.contains("sorry"))).is_some()
}

#[actix_rt::test]
async fn what_one_process_spends_is_spent_for_the_other() {
    let Some(cluster) = Cluster::start() else { return };
    let (one, other) = (Member::start(1, &cluster.url()), Member::start(2, &cluster.url()));
    assert!(other.spend().await.abs() < f64::EPSILON);

    let served = one.is_called().await;
    assert!(!is_apologised_to(&served) && served.report().completed());

    eventually_within(LONG, "the other one knows of it", async || {
        let spend = other.spend().await;
        if spend > 0.012 { Ok(()) } else { Err(spend) }
    })
    .await;
    let turned_away = other.is_called().await;
    assert!(is_apologised_to(&turned_away), "{:?}", turned_away.report().timeline);
    assert_eq!(other.stage.openai.control().connects(), 0, "no model was asked");
}
