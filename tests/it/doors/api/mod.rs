//! The API: what it answers, and that it says no as RFC 9457 has it.

mod actors;
mod bounds;
mod budgets;
mod calls;
mod consents;
mod described;
mod do_not_call;
mod events;
mod examples;
mod hours;
mod keys;
mod metrics;
mod outage;
mod pages;
mod problems;
mod refusals;
mod scopes;
mod shapes;
mod velocity;
mod wishes;

use std::time::Duration;

use alpha_call::sim::scenario::{CallerScript, Step};
use alpha_call::sim::twilio::Answer;

use crate::house::House;

/// A phone whose owner hears a word and hangs up.
fn short() -> Answer {
    Answer::PickUp(CallerScript::new(vec![Step::WaitForSpeech { within: Duration::from_secs(10) }, Step::HangUp]))
}

impl House {
    /// Waits until this many calls have been placed, and are over.
    async fn calls_are_over(&self, count: usize) {
        let within = Duration::from_secs(20);
        let calls = self.stage.twilio.calls_begun(count, within).await.expect("the calls begin");
        for call in calls {
            call.ended(within).await.expect("the call ends");
        }
    }
}
