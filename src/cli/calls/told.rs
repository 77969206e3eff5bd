//! What the API tells of calls, as far as it is shown here.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use crate::cli::screen::{Paint, wrap};
use crate::cli::transcript;
use crate::session::event::{Speaker, Turn, TurnKind};
use crate::types::Redacted;

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

#[derive(Clone, Debug, Deserialize)]
pub struct TurnLine {
    pub epoch: u32,
    pub seq: u32,
    pub speaker: String,
    pub kind: String,
    pub generated: String,
    pub heard: String,
    pub interrupted: bool,
    pub audio_ms: u64,
    pub heard_ms: u64,
    pub started_ms: u64,
    pub ended_ms: Option<u64>,
    pub latency_ms: Option<u64>,
    pub transcription: Option<String>,
    pub tool: Option<Tool>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Tool {
    pub name: String,
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

impl TurnLine {
    /// Its place in the call.
    #[must_use]
    pub const fn place(&self) -> (u32, u32) {
        (self.epoch, self.seq)
    }

    /// Nothing of it is expected to change.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.ended_ms.is_some() && self.transcription.as_deref() != Some("pending")
    }

    /// It was spoken, and the words are kept from us.
    #[must_use]
    pub fn is_mute(&self) -> bool {
        self.kind == TurnKind::Message.as_str() && self.speaker == Speaker::Ai.as_str() && self.heard_ms > 0 && self.generated.is_empty()
    }

    /// As the demo tells it; none of a turn without words.
    #[must_use]
    pub fn lines(&self, paint: Paint) -> Vec<String> {
        let kind = TurnKind::from_word(&self.kind).unwrap_or(TurnKind::Event);
        let failed = self.transcription.as_deref() == Some("failed");
        match kind {
            TurnKind::Message if self.generated.is_empty() && failed => self.aside("caller", "(could not be written down)", paint),
            TurnKind::Message if self.generated.is_empty() => Vec::new(),
            TurnKind::Message => transcript::lines(&self.turn(kind), paint),
            TurnKind::ToolCall => self.aside("tool  ", &format!("{} is asked {}", self.tool_name(), self.generated), paint),
            TurnKind::ToolResult => self.aside("tool  ", &format!("{} answers {}", self.tool_name(), self.generated), paint),
            TurnKind::Dtmf => self.aside("caller", &format!("presses {}", self.generated), paint),
            TurnKind::Event => self.aside("system", &self.generated.replace('_', " "), paint),
        }
    }

    fn tool_name(&self) -> &str {
        self.tool.as_ref().map_or("a tool", |tool| &tool.name)
    }

    fn aside(&self, who: &str, text: &str, paint: Paint) -> Vec<String> {
        let at = Duration::from_millis(self.started_ms).as_secs_f64();
        let lead = format!("  {at:>5.1}  {who}  ");
        let text = wrap(&plain(text), TEXT);
        text.iter()
            .enumerate()
            .map(|(n, line)| paint.dim(&if n == 0 { format!("{lead}{line}") } else { format!("{:17}{line}", "") }))
            .collect()
    }

    fn turn(&self, kind: TurnKind) -> Turn {
        Turn {
            seq: self.seq,
            revision: 0,
            position: self.seq,
            item: None,
            response: None,
            speaker: Speaker::from_word(&self.speaker).unwrap_or(Speaker::System),
            kind,
            generated: Redacted(plain(&self.generated)),
            heard: Redacted(plain(&self.heard)),
            interrupted: self.interrupted,
            audio_ms: self.audio_ms,
            heard_ms: self.heard_ms,
            started: Duration::from_millis(self.started_ms),
            ended: self.ended_ms.map(Duration::from_millis),
            latency: self.latency_ms.map(Duration::from_millis),
            tokens: None,
            transcription: None,
            tool: None,
        }
    }
}

/// Columns behind time and speaker.
const TEXT: usize = 82;

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

    fn turn(fields: &str) -> TurnLine {
        let text = format!(r#"{{"epoch":1,"seq":1,"interrupted":false,"audio_ms":0,"heard_ms":0,"started_ms":7700,"heard":"",{fields}}}"#);
        serde_json::from_str(&text).expect("a turn")
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
    fn every_kind_of_turn_has_its_line_and_a_terminal_obeys_none_of_them() {
        for (fields, line) in [
            (r#""speaker":"user","kind":"message","generated":"Hi.\u001b[2J","heard":"Hi.\u001b[2J""#, "    7.7  caller  Hi. [2J"),
            (r#""speaker":"user","kind":"dtmf","generated":"1""#, "    7.7  caller  presses 1"),
            (r#""speaker":"ai","kind":"tool_call","generated":"{}","tool":{"name":"look_up"}"#, "    7.7  tool    look_up is asked {}"),
            (r#""speaker":"system","kind":"event","generated":"restarted""#, "    7.7  system  restarted"),
            (
                r#""speaker":"user","kind":"message","generated":"","transcription":"failed""#,
                "    7.7  caller  (could not be written down)",
            ),
        ] {
            let fields = fields.replace(r#","heard":"Hi.\u001b[2J""#, "");
            assert_eq!(turn(&fields).lines(Paint::none()).first().map(String::as_str), Some(line), "{fields}");
        }
        assert!(turn(r#""speaker":"ai","kind":"message","generated":"""#).lines(Paint::none()).is_empty());
    }

    #[test]
    fn a_turn_is_settled_once_its_words_are() {
        let words = |fields| turn(&format!(r#""speaker":"user","kind":"message","generated":"",{fields}"#)).is_settled();

        assert!(!words(r#""ended_ms":null"#));
        assert!(!words(r#""ended_ms":5,"transcription":"pending""#));
        assert!(words(r#""ended_ms":5,"transcription":"done""#));
    }

    #[test]
    fn lengths_and_sums_are_told_as_people_read_them() {
        assert_eq!([0.4, 65.0, 3_725.0].map(clock), ["0:00", "1:05", "1:02:05"]);
        assert_eq!([0.0, 0.0042, 1.5].map(dollars), ["$0.00", "$0.0042", "$1.50"]);
    }
}
