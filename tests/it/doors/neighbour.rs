//! A call beside the trouble, which must not notice it.

use std::time::Duration;

use alpha_call::sim::scenario::{CallerScript, Step};
use alpha_call::sim::stage::{CALLER, utterance};
use alpha_call::sim::twilio::{CallIn, CallReport, Happening};

use crate::house::House;

const GREETED: Duration = Duration::from_secs(10);
const OVER: Duration = Duration::from_secs(30);

/// Makes trouble while a call is live, which then must come out as its script has it, on one stream, without a violation.
pub async fn beside<T>(house: &House, trouble: impl Future<Output = T>) -> T {
    let neighbour = house.stage.twilio.call_in(CallIn { from: CALLER.to_owned(), script: polite() }).expect("a domain");
    let greeted = |report: &CallReport| report.first(|what| *what == Happening::AgentBegan).is_some();
    neighbour.until(GREETED, greeted).await.expect("the neighbour is greeted");

    let outcome = trouble.await;

    assert_eq!(neighbour.report().outcome, None, "the neighbour's call was over before the trouble was");
    let report = neighbour.ended(OVER).await.expect("the neighbour's call ends");
    assert!(report.completed(), "{report:?}");
    assert_eq!(report.streams.len(), 1, "{report:?}");
    assert_eq!(house.stage.twilio.violations(), []);
    assert_eq!(house.stage.openai.control().violations(), []);
    outcome
}

/// Hears the greeting out, says goodbye, and is hung up on: six seconds, if the greeting is brief.
fn polite() -> CallerScript {
    let within = Duration::from_secs(20);
    CallerScript::new(vec![
        Step::WaitForSpeech { within },
        Step::WaitForSilence { quiet: Duration::from_millis(900), within },
        Step::Say(utterance("caller_goodbye")),
        Step::AwaitHangup { within },
    ])
}
