//! What a run came to, measured at the phones.

use std::time::Duration;

use serde::{Serialize, Serializer};

use super::shares;
use crate::audio::FRAME_BYTES;
use crate::sim::scenario::INTERRUPTION;
use crate::sim::stage::Stage;
use crate::sim::twilio::{CallReport, Cut, Happening, Outcome};
use crate::sim::verdict::{Percentiles, Verdict};

/// One call as its phone saw it, and what its record says was heard of each interrupted answer.
pub struct Observed {
    pub report: CallReport,
    pub heard: Result<Vec<u64>, String>,
}

/// The keys of `--json`: they stay.
#[derive(Debug, Serialize)]
pub struct Figures {
    pub passed: bool,
    pub target: String,
    pub seconds: f64,
    pub calls: Calls,
    /// From a stream's `start` to the agent's first media.
    pub first_audio_ms: Spread,
    /// From the caller's last sound to the next that is heard of the agent.
    pub turn_latency_ms: Spread,
    /// From the caller's first sound to the `clear`.
    pub barge_in_reaction_ms: Spread,
    /// Between what the record says was heard of an interrupted answer and what was played.
    pub truncation_error_ms: Spread,
    /// From the model's `speech_started` to the `clear` at the phone.
    pub clear_ms: Spread,
    /// A turn's latency without the model's share: its silence and its thinking.
    pub reply_beside_model_ms: Spread,
    pub frames: Frames,
    /// The latest that a simulated phone sent a frame: the fault of this machine.
    #[serde(serialize_with = "in_ms")]
    pub simulator_worst_lag_ms: Duration,
    pub violations: Violations,
    pub failures: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct Calls {
    pub started: usize,
    pub completed: usize,
    pub failed: usize,
}

/// Of 20 ms each.
#[derive(Debug, Serialize)]
pub struct Frames {
    pub sent: u64,
    pub received: u64,
}

#[derive(Debug, Serialize)]
pub struct Violations {
    pub twilio: usize,
    pub openai: usize,
    pub first: Vec<String>,
}

/// Percentiles; of no samples there are none.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Spread {
    pub n: usize,
    pub p50: Option<Ms>,
    pub p95: Option<Ms>,
    pub p99: Option<Ms>,
    pub max: Option<Ms>,
}

/// Milliseconds; as a number, to a thousandth.
#[derive(Clone, Copy, Debug)]
pub struct Ms(pub Duration);

/// More of them say nothing new.
const LISTED: usize = 10;

impl Figures {
    /// `left`: what the engine still holds, or did not do.
    #[must_use]
    pub fn of(target: &str, took: Duration, stage: &Stage, observed: &[Observed], left: Vec<String>) -> Self {
        let mut verdict = Verdict::default();
        stage.judge(&mut verdict);
        let (errors, strange) = truncation_errors(observed);
        verdict.failures.extend(observed.iter().filter_map(unheeded).chain(strange).chain(left));
        let reports = || observed.iter().map(|call| &call.report);
        let sessions = stage.openai.control().sessions();
        Self {
            passed: verdict.passed() && !observed.is_empty(),
            target: target.to_owned(),
            seconds: tenths(took.as_secs_f64()),
            calls: Calls::of(observed),
            first_audio_ms: Spread::of(reports().filter_map(CallReport::first_audio)),
            turn_latency_ms: Spread::of(reports().flat_map(|report| report.turn_latencies.iter().copied())),
            barge_in_reaction_ms: Spread::of(reports().flat_map(|report| report.cuts.iter().map(|cut| cut.reaction))),
            truncation_error_ms: Spread::of(errors),
            clear_ms: Spread::of(reports().flat_map(|report| shares::clears(report, &sessions))),
            reply_beside_model_ms: Spread::of(reports().flat_map(|report| shares::replies(report, &sessions))),
            frames: Frames::of(observed),
            simulator_worst_lag_ms: reports().map(|report| report.worst_lag).max().unwrap_or_default(),
            violations: Violations::of(stage, verdict.violations),
            failures: verdict.failures,
        }
    }

    /// One object on one line.
    #[must_use]
    pub fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Whether a target knew nothing of these phones, or of this model.
    #[must_use]
    pub fn was_turned_away(&self) -> bool {
        self.calls.started > 0 && self.first_audio_ms.n == 0
    }
}

impl Calls {
    fn of(observed: &[Observed]) -> Self {
        let completed = observed.iter().filter(|call| call.report.completed()).count();
        Self { started: observed.len(), completed, failed: observed.len() - completed }
    }
}

impl Frames {
    fn of(observed: &[Observed]) -> Self {
        let received: u64 = observed.iter().map(|call| call.report.bytes_received).sum();
        Self { sent: observed.iter().map(|call| call.report.frames_sent).sum(), received: received / FRAME_BYTES as u64 }
    }
}

impl Violations {
    fn of(stage: &Stage, all: Vec<String>) -> Self {
        let (twilio, openai) = (stage.twilio.violations().len(), stage.openai.control().violations().len());
        Self { twilio, openai, first: all.into_iter().take(LISTED).collect() }
    }
}

/// A caller who broke in, and was talked over.
fn unheeded(call: &Observed) -> Option<String> {
    let broke_in = |what: &Happening| matches!(what, Happening::CallerBegan { utterance } if utterance == INTERRUPTION);
    let report = &call.report;
    let tries = report.timeline.iter().filter(|event| broke_in(&event.what)).count();
    let cuts = report.cuts.len();
    (tries != cuts).then(|| format!("{}: the caller broke in {tries} times, and the agent was cleared {cuts} times", report.call_sid))
}

/// Of all calls; and the calls whose record does not have the interruptions that the phone saw.
fn truncation_errors(observed: &[Observed]) -> (Vec<Duration>, Vec<String>) {
    let (mut errors, mut strange) = (Vec::new(), Vec::new());
    for Observed { report, heard } in observed.iter().filter(|call| was_live(&call.report)) {
        match heard.as_ref().map_err(String::clone).and_then(|heard| matched(&report.cuts, heard)) {
            Ok(found) => errors.extend(found),
            Err(why) => strange.push(format!("{}: {why}", report.call_sid)),
        }
    }
    (errors, strange)
}

/// Of a call that failed before it had a stream, no record can be asked for.
fn was_live(report: &CallReport) -> bool {
    matches!(report.outcome, Some(Outcome::Completed)) || !report.cuts.is_empty()
}

/// The nth cut is the nth interrupted answer.
fn matched(cuts: &[Cut], heard_ms: &[u64]) -> Result<Vec<Duration>, String> {
    if cuts.len() != heard_ms.len() {
        return Err(format!("{} answers were cut at the phone, and the record has {} interrupted", cuts.len(), heard_ms.len()));
    }
    let errors = cuts.iter().zip(heard_ms).map(|(cut, heard)| Duration::from_millis(cut.played_ms.abs_diff(*heard)));
    Ok(errors.collect())
}

impl Spread {
    fn of(samples: impl IntoIterator<Item = Duration>) -> Self {
        let Percentiles { n, p50, p95, p99, max } = Percentiles::of(&samples.into_iter().collect::<Vec<_>>());
        let some = |duration| (n > 0).then_some(Ms(duration));
        Self { n, p50: some(p50), p95: some(p95), p99: some(p99), max: some(max) }
    }
}

impl Serialize for Ms {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64((self.0.as_secs_f64() * 1e6).round() / 1e3)
    }
}

fn in_ms<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    Ms(*duration).serialize(serializer)
}

fn tenths(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::sim::twilio::Status;
    use crate::types::Direction;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn cut(played_ms: u64) -> Cut {
        Cut { at: ms(0), played_ms, dropped_ms: 100, reaction: Duration::from_micros(60_123) }
    }

    fn call(cuts: &[u64], heard: &[u64]) -> Observed {
        let began = Instant::now();
        let mut report = CallReport::new("CA1".into(), Direction::Inbound, "+15550100001", "+15550100002", Status::Completed, began);
        report.cuts = cuts.iter().map(|played| cut(*played)).collect();
        report.outcome = Some(Outcome::Completed);
        Observed { report, heard: Ok(heard.to_vec()) }
    }

    #[test]
    fn a_truncation_is_off_by_what_the_record_and_the_phone_differ_in_either_way() {
        let (errors, strange) = truncation_errors(&[call(&[2_580, 900], &[2_590, 880]), call(&[], &[])]);

        assert_eq!(errors, [ms(10), ms(20)]);
        assert_eq!(strange, [""; 0]);
    }

    #[test]
    fn an_interruption_that_is_not_on_record_is_a_failure_and_no_sample() {
        let (errors, strange) = truncation_errors(&[call(&[2_580, 900], &[2_590])]);

        assert_eq!(errors, [Duration::ZERO; 0]);
        assert_eq!(strange, ["CA1: 2 answers were cut at the phone, and the record has 1 interrupted"]);
    }

    #[test]
    fn a_caller_who_is_talked_over_is_a_failure() {
        let mut call = call(&[], &[]);
        assert_eq!(unheeded(&call), None);

        call.report.note(Instant::now(), Happening::CallerBegan { utterance: INTERRUPTION.to_owned() });

        assert_eq!(unheeded(&call), Some("CA1: the caller broke in 1 times, and the agent was cleared 0 times".into()));
    }

    #[test]
    fn a_run_without_calls_or_with_an_engine_that_holds_something_has_not_passed() {
        let stage = Stage::start(1).expect("two free ports");
        let passed = |observed: &[Observed], left: &[&str]| {
            let left = left.iter().map(|&text| text.to_owned()).collect();
            Figures::of("this process", ms(1_234), &stage, observed, left).passed
        };

        assert!(passed(&[call(&[], &[])], &[]));
        assert!(!passed(&[], &[]));
        assert!(!passed(&[call(&[], &[])], &["a slot"]));
        assert!(!passed(&[call(&[], &[10])], &[]));
    }

    #[test]
    fn json_has_milliseconds_as_numbers_and_null_where_nothing_was_measured() {
        let stage = Stage::start(1).expect("two free ports");
        let figures = Figures::of("this process", ms(1_234), &stage, &[call(&[2_580], &[2_590])], Vec::new());

        let json: serde_json::Value = serde_json::from_str(&figures.json()).expect("json");

        assert_eq!(json["truncation_error_ms"], serde_json::json!({ "n": 1, "p50": 10.0, "p95": 10.0, "p99": 10.0, "max": 10.0 }));
        assert_eq!(json["first_audio_ms"]["p50"], serde_json::Value::Null);
        assert_eq!(json["barge_in_reaction_ms"]["p50"], 60.123);
        assert_eq!(json["calls"], serde_json::json!({ "started": 1, "completed": 1, "failed": 0 }));
        assert_eq!((&json["seconds"], &json["simulator_worst_lag_ms"]), (&1.2.into(), &0.0.into()));
    }
}
