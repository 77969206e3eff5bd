//! Turns as the API tells them, and as a terminal shows them.

use std::time::Duration;

use serde::Deserialize;

use super::told::plain;
use crate::cli::screen::{Paint, wrap};
use crate::cli::transcript;
use crate::session::event::{Speaker, Turn, TurnKind};
use crate::types::Redacted;

/// Columns behind time and speaker.
const TEXT: usize = 82;

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

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(fields: &str) -> TurnLine {
        let text = format!(r#"{{"epoch":1,"seq":1,"interrupted":false,"audio_ms":0,"heard_ms":0,"started_ms":7700,"heard":"",{fields}}}"#);
        serde_json::from_str(&text).expect("a turn")
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
}
