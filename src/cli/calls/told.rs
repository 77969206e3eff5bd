//! What the API tells of calls, as far as it is shown here.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use super::turns::TurnLine;

/// A call as a line of the history, or more of it.
#[derive(Clone, Debug, Deserialize)]
pub struct CallLine {
    pub id: String,
    pub call_sid: Option<String>,
    pub direction: String,
    pub from_number: String,
    pub to_number: String,
    pub name: Option<String>,
    pub assistant: String,
    pub model: String,
    pub status: String,
    pub ended_reason: Option<String>,
    pub refusal: Option<String>,
    pub error_code: Option<String>,
    pub initiated_at: DateTime<Utc>,
    /// Not in a line of the history.
    #[serde(default)]
    pub scheduled_at: Option<DateTime<Utc>>,
    pub connected_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    pub duration_seconds: Option<f64>,
    pub first_audio_ms: Option<u64>,
    pub latency_p50_ms: Option<u64>,
    pub interruptions: Option<u64>,
    /// Not in a whole call.
    #[serde(default)]
    pub ai_responses: Option<u64>,
    #[serde(default)]
    pub user_inputs: Option<u64>,
    #[serde(default)]
    pub cost_usd: Option<f64>,
}

/// All that is known of a call.
#[derive(Debug, Deserialize)]
pub struct WholeCall {
    #[serde(flatten)]
    pub line: CallLine,
    pub voice: String,
    pub answered_by: Option<String>,
    pub error: Option<String>,
    pub latency_p95_ms: Option<u64>,
    pub counters: Option<Counters>,
    pub cost: Option<Cost>,
    pub recording: Option<Recording>,
    pub metadata: Option<Value>,
    pub api_key_id: Option<String>,
    pub owner: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct Counters {
    pub ai_responses: u64,
    pub user_inputs: u64,
    pub tool_calls: u64,
    pub resumes: u64,
}

#[derive(Debug, Deserialize)]
pub struct Cost {
    pub total_usd: f64,
}

#[derive(Debug, Deserialize)]
pub struct Recording {
    pub url: String,
    pub duration_seconds: f64,
}

#[derive(Debug, Deserialize)]
pub struct Conversation {
    pub call: WholeCall,
    pub turns: Vec<TurnLine>,
}

/// What an event is about.
#[derive(Debug, Deserialize)]
pub struct Event {
    pub timestamp: DateTime<Utc>,
    pub call_id: String,
    #[serde(rename = "data")]
    pub subject: Subject,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    Call(Box<CallLine>),
    Turn(Box<TurnLine>),
}

impl CallLine {
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.status.as_str(), "completed" | "failed")
    }

    /// The number of the other side, behind the way that the call went.
    #[must_use]
    pub fn other_side(&self) -> String {
        if self.direction == "inbound" { format!("from {}", self.from_number) } else { format!("to {}", self.to_number) }
    }

    /// One word for what went well, and the reason of what did not.
    #[must_use]
    pub fn state(&self) -> String {
        match self.status.as_str() {
            "initiated" if self.scheduled_at.is_some_and(|at| at > Utc::now()) => "scheduled".to_owned(),
            "initiated" => "ringing".to_owned(),
            "connected" => "in call".to_owned(),
            "failed" => match (&self.refusal, self.reason()) {
                (Some(refusal), _) => format!("refused: {refusal}"),
                (None, Some(reason)) => format!("failed: {reason}"),
                (None, None) => "failed".to_owned(),
            },
            other => other.to_owned(),
        }
    }

    /// What it came to an end by.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        self.ended_reason.as_ref().map(|reason| reason.replace('_', " "))
    }

    /// Of a call that goes on, so far.
    #[must_use]
    pub fn length(&self, now: DateTime<Utc>) -> Option<f64> {
        let so_far = || self.connected_at.filter(|_| !self.is_over()).map(|at| (now - at).as_seconds_f64());
        self.duration_seconds.or_else(so_far)
    }
}

/// Texts of others may hold what a terminal would obey.
#[must_use]
pub fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// `1:05`, or `1:02:05` from an hour on.
#[must_use]
pub fn clock(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    let (hours, minutes, seconds) = (whole / 3_600, whole / 60 % 60, whole % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// Small sums with as many digits as tell them apart.
#[must_use]
pub fn dollars(usd: f64) -> String {
    if usd != 0.0 && usd.abs() < 0.01 { format!("${usd:.4}") } else { format!("${usd:.2}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(fields: &str) -> CallLine {
        let text = format!(
            r#"{{"id":"i","direction":"inbound","from_number":"+1","to_number":"+2","assistant":"a","model":"m","initiated_at":"2026-11-23T12:00:00Z",{fields}}}"#
        );
        serde_json::from_str(&text).expect("a call")
    }

    #[test]
    fn a_state_says_why_a_call_failed() {
        for (fields, state) in [
            (r#""status":"initiated""#, "ringing"),
            (r#""status":"initiated","scheduled_at":"2999-01-01T00:00:00Z""#, "scheduled"),
            (r#""status":"connected""#, "in call"),
            (r#""status":"completed","ended_reason":"assistant_ended""#, "completed"),
            (r#""status":"failed","ended_reason":"no_answer""#, "failed: no answer"),
            (r#""status":"failed","refusal":"do-not-call""#, "refused: do-not-call"),
            (r#""status":"of a later version""#, "of a later version"),
        ] {
            assert_eq!(call(fields).state(), state, "{fields}");
        }
    }

    #[test]
    fn lengths_and_sums_are_told_as_people_read_them() {
        assert_eq!([0.4, 65.0, 3_725.0].map(clock), ["0:00", "1:05", "1:02:05"]);
        assert_eq!([0.0, 0.0042, 1.5].map(dollars), ["$0.00", "$0.0042", "$1.50"]);
    }
}
