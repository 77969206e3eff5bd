//! Plays a scenario between the simulators and an engine, and judges it.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::expect::{Evidence, Wishes};
use super::file::{ASSISTANT, CallSection, DirectionWord, Scenario};
use crate::sim::client::ApiClient;
use crate::sim::stage::{CALLEE, CALLER, Stage, StageError};
use crate::sim::twilio::{CallHandle, CallIn, CallReport};
use crate::sim::verdict::Verdict;

const LONGEST: Duration = Duration::from_secs(150);
/// Records come home within this time after a call.
const SETTLE: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(100);

impl Scenario {
    /// The peers as this scenario wants them.
    pub fn stage(&self, seed: u64) -> Result<Stage, StageError> {
        let stage = Stage::start_with(seed, self.model.settings(), self.model.fallback())?;
        self.model.prepare(&stage.openai.control());
        if let Some(fallback) = &stage.fallback {
            fallback.control().follow(self.model.script());
        }
        stage.twilio.hooks().network(self.way());
        stage.twilio.hooks().keep_marks(self.call.keep_marks);
        if let Some(word) = &self.call.stir_verstat {
            stage.twilio.vouch(Some(word));
        }
        stage.twilio.answer(self.answer());
        self.dials().into_iter().for_each(|outcome| stage.twilio.dial_next(outcome));
        if let Some(detected) = self.detected() {
            stage.twilio.detect(detected);
        }
        Ok(stage)
    }

    /// Makes the call, against the engine that `api` leads to; `wishes` reads the rows that no API shows.
    pub async fn play(&self, stage: &Stage, api: &ApiClient, wishes: impl AsyncFn() -> Result<Wishes, String>) -> Verdict {
        let mut verdict = Verdict::default();
        match self.call(stage, api).await {
            Ok(report) => verdict.failures = self.judge(stage, api, &wishes, report).await,
            Err(why) => verdict.fail(why),
        }
        let mut peers = Verdict::default();
        stage.judge(&mut peers);
        verdict.violations = peers.violations;
        verdict
    }

    async fn call(&self, stage: &Stage, api: &ApiClient) -> Result<CallReport, String> {
        let handle = self.begin(stage, api).await?;
        handle
            .ended(LONGEST)
            .await
            .map_err(|late| format!("the call was not over within {:?}; it had come to {:?}", late.deadline, late.report.timeline.last()))
    }

    async fn begin(&self, stage: &Stage, api: &ApiClient) -> Result<CallHandle, String> {
        self.model.begin(&stage.openai.control());
        if self.call.direction == DirectionWord::Inbound {
            let call = CallIn { from: CALLER.to_owned(), script: self.script() };
            return stage.twilio.call_in(call).map_err(|error| error.to_string());
        }
        let answer = api.post("/api/request-call", &self.wish()).await.map_err(|error| error.to_string())?;
        if answer.status != 202 {
            return Err(format!("request-call answered {}: {}", answer.status, answer.body));
        }
        let calls = stage.twilio.calls_begun(1, SETTLE).await;
        calls.and_then(|calls| calls.into_iter().next()).ok_or_else(|| "the phone never rang".to_owned())
    }

    /// The request for the call; what is null is not asked for.
    fn wish(&self) -> Value {
        let CallSection { name, instructions, variables, .. } = &self.call;
        let assistant = self.engine.assistant.as_ref().filter(|_| !self.engine.bystander).map(|_| ASSISTANT);
        json!({ "phone_number": CALLEE, "assistant": assistant, "name": name, "instructions": instructions, "variables": variables })
    }

    /// What is not as expected, once the records are home.
    async fn judge(
        &self,
        stage: &Stage,
        api: &ApiClient,
        wishes: &impl AsyncFn() -> Result<Wishes, String>,
        report: CallReport,
    ) -> Vec<String> {
        let patience = Instant::now() + SETTLE;
        loop {
            let evidence = match evidence(stage, api, report.clone()).await {
                Ok(evidence) => wishes().await.map(|wishes| Evidence { wishes, ..evidence }),
                Err(why) => Err(why),
            };
            let failures: Vec<String> = match &evidence {
                Ok(evidence) => self.expect.iter().filter_map(|expected| expected.failure(evidence)).collect(),
                Err(why) => vec![why.clone()],
            };
            if failures.is_empty() || Instant::now() >= patience {
                return failures;
            }
            sleep(LOOK).await;
        }
    }
}

async fn evidence(stage: &Stage, api: &ApiClient, report: CallReport) -> Result<Evidence, String> {
    let get = async |path: String| match api.get(&path).await {
        Ok(answer) if answer.status == 200 => Ok(answer.body),
        Ok(answer) => Err(format!("{path} answered {}", answer.status)),
        Err(error) => Err(error.to_string()),
    };
    let row = get(format!("/api/call/{}", report.call_sid)).await?;
    if row.get("ended_at").is_none_or(Value::is_null) {
        return Err("the call has not ended on record".to_owned());
    }
    let conversation = get(format!("/api/call/{}/conversation", report.call_sid)).await?;
    let turns = conversation.get("turns").and_then(Value::as_array).cloned().unwrap_or_default();
    let model = stage.openai.control().sessions();
    let fallback = stage.fallback.as_ref().map(|fallback| fallback.control().sessions()).unwrap_or_default();
    Ok(Evidence { report, row, turns, wishes: Wishes::default(), model, fallback })
}
