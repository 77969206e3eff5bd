//! One response: what it will say, cut into timed steps.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use serde_json::{Value, json};

use crate::audio::duration_ms;
use crate::sim::voice::speak;

/// Sizes of audio deltas in bytes, 200 to 400 ms, none of them whole frames; a burst is three.
const DELTAS: [usize; 5] = [2399, 3187, 1607, 2803, 1999];
const BURST: usize = 3;
/// How far the transcript runs ahead of the audio, in percent of the whole.
const TRANSCRIPT_LEAD: usize = 20;

pub(super) struct Speaking {
    pub(super) id: String,
    /// The server began it by itself, at the end of a turn.
    pub(super) by_vad: bool,
    /// `conversation: "none"`: beside the conversation, and beside its rules.
    pub(super) aside: bool,
    pub(super) metadata: Value,
    pub(super) outputs: Vec<Output>,
    /// The code of its end, if it is to fail.
    pub(super) failure: Option<String>,
    pub(super) steps: VecDeque<(Duration, Step)>,
}

/// One output item.
#[derive(Clone, Debug)]
pub(super) struct Output {
    pub(super) item: String,
    pub(super) part: Part,
    /// What of its text, and how many bytes of its audio, were sent.
    pub(super) said: String,
    pub(super) sent: usize,
    pub(super) stage: Stage,
}

#[derive(Clone, Debug)]
pub(super) enum Part {
    Speech { text: String, audio: Vec<u8> },
    Text(String),
    Call { call_id: String, name: String, arguments: String },
    Remote { server: String, name: String, arguments: String, output: String },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Ahead,
    Begun,
    /// Ended by a cancellation.
    Cut,
    Complete,
}

impl Stage {
    /// The status of an item at this stage of its response.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Ahead | Self::Begun => "in_progress",
            Self::Cut => "incomplete",
            Self::Complete => "completed",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Begin(usize),
    Text(usize, String),
    Audio(usize, Range<usize>),
    Arguments(usize),
    Finish(usize),
    End,
}

impl Output {
    pub(super) fn speech(item: String, text: String) -> Self {
        let audio = speak(&text);
        Self::new(item, Part::Speech { text, audio })
    }

    pub(super) fn new(item: String, part: Part) -> Self {
        Self { item, part, said: String::new(), sent: 0, stage: Stage::Ahead }
    }

    /// The item as it goes over the wire, as far as it was said.
    pub(super) fn body(&self, status: &str) -> Value {
        match &self.part {
            Part::Speech { .. } => self.message(status, &json!({"type": "output_audio", "transcript": self.said})),
            Part::Text(_) => self.message(status, &json!({"type": "output_text", "text": self.said})),
            Part::Call { call_id, name, arguments } => json!({
                "id": self.item, "object": "realtime.item", "type": "function_call", "status": status,
                "name": name, "call_id": call_id, "arguments": if status == "completed" { arguments } else { "" },
            }),
            Part::Remote { server, name, arguments, output } => {
                let complete = status == "completed";
                json!({
                    "id": self.item, "object": "realtime.item", "type": "mcp_call", "server_label": server, "name": name,
                    "arguments": if complete { arguments } else { "" }, "output": complete.then_some(output), "error": null,
                })
            }
        }
    }

    fn message(&self, status: &str, part: &Value) -> Value {
        let content = if status == "in_progress" { json!([]) } else { json!([part]) };
        json!({
            "id": self.item, "object": "realtime.item", "type": "message", "status": status,
            "role": "assistant", "content": content,
        })
    }

    /// The content part, as far as it was said.
    pub(super) fn content_part(&self) -> Value {
        match &self.part {
            Part::Speech { .. } => json!({"type": "audio", "transcript": self.said}),
            Part::Text(_) | Part::Call { .. } | Part::Remote { .. } => json!({"type": "text", "text": self.said}),
        }
    }

    fn audio_ms(&self) -> u64 {
        match &self.part {
            Part::Speech { audio, .. } => duration_ms(audio.len()),
            Part::Text(_) | Part::Call { .. } | Part::Remote { .. } => 0,
        }
    }
}

/// The steps of `outputs`, one after the other, `speed` times as fast as they can be heard.
pub(super) fn plan(outputs: &[Output], begin: Duration, speed: u32) -> VecDeque<(Duration, Step)> {
    let mut steps = VecDeque::new();
    let mut at = begin;
    for (n, output) in outputs.iter().enumerate() {
        steps.push_back((at, Step::Begin(n)));
        match &output.part {
            Part::Speech { text, audio } => plan_speech(&mut steps, n, text, audio.len(), at, speed),
            Part::Text(text) => steps.extend(words(text).map(|word| (at, Step::Text(n, word.to_owned())))),
            Part::Call { .. } | Part::Remote { .. } => steps.push_back((at, Step::Arguments(n))),
        }
        at += Duration::from_millis(output.audio_ms()) / speed.max(1);
        steps.push_back((at, Step::Finish(n)));
    }
    steps.push_back((at, Step::End));
    steps
}

fn plan_speech(steps: &mut VecDeque<(Duration, Step)>, n: usize, text: &str, bytes: usize, begin: Duration, speed: u32) {
    let mut text = Lead { words: words(text).collect(), length: text.len(), sent: 0 };
    let (mut start, mut at) = (0, begin);
    for (count, size) in DELTAS.iter().cycle().enumerate() {
        if count.is_multiple_of(BURST) {
            at = begin + Duration::from_millis(duration_ms(start)) / speed.max(1);
        }
        let end = (start + size).min(bytes);
        let percent = end * 100 / bytes.max(1) + TRANSCRIPT_LEAD;
        steps.extend(text.up_to(percent).map(|word| (at, Step::Text(n, word.to_owned()))));
        steps.push_back((at, Step::Audio(n, start..end)));
        start = end;
        if start == bytes {
            break;
        }
    }
}

/// Words that are still to be sent ahead of the audio.
struct Lead<'a> {
    words: VecDeque<&'a str>,
    length: usize,
    sent: usize,
}

impl<'a> Lead<'a> {
    fn up_to(&mut self, percent: usize) -> impl Iterator<Item = &'a str> {
        std::iter::from_fn(move || {
            if self.sent * 100 >= self.length * percent {
                return None;
            }
            let word = self.words.pop_front()?;
            self.sent += word.len();
            Some(word)
        })
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(' ')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::speech::clip;

    const BEGIN: Duration = Duration::from_millis(150);

    fn hours() -> (Vec<Output>, VecDeque<(Duration, Step)>) {
        let outputs = vec![Output::speech("item".to_owned(), clip("agent_hours").text.to_owned())];
        let steps = plan(&outputs, BEGIN, 8);
        (outputs, steps)
    }

    #[test]
    fn the_deltas_are_the_whole_audio_and_the_whole_text() {
        let (_, steps) = hours();

        let (mut text, mut end) = (String::new(), 0);
        for (_, step) in &steps {
            match step {
                Step::Text(_, delta) => text.push_str(delta),
                Step::Audio(_, range) => {
                    assert_eq!(range.start, end);
                    end = range.end;
                }
                Step::Begin(_) | Step::Arguments(_) | Step::Finish(_) | Step::End => {}
            }
        }

        assert_eq!(text, clip("agent_hours").text);
        assert_eq!(end, clip("agent_hours").audio.len());
    }

    #[test]
    fn audio_comes_in_bursts_that_are_never_whole_frames_and_eight_times_too_fast() {
        let (_, steps) = hours();
        let audio: Vec<_> =
            steps.iter().filter_map(|(at, step)| if let Step::Audio(_, range) = step { Some((at, range)) } else { None }).collect();

        assert!(audio.iter().all(|(_, range)| range.len() % 160 != 0));
        assert_eq!(audio[0].0, audio[2].0);
        assert!(audio[2].0 < audio[3].0);
        let (end, _) = steps.back().expect("an end");
        assert_eq!(*end, BEGIN + Duration::from_millis(duration_ms(clip("agent_hours").audio.len())) / 8);
    }

    #[test]
    fn the_transcript_leads_the_audio() {
        let (_, steps) = hours();
        let last_text = steps.iter().rposition(|(_, step)| matches!(step, Step::Text(..)));
        let last_audio = steps.iter().rposition(|(_, step)| matches!(step, Step::Audio(..)));

        assert!(last_text < last_audio);
        assert!(matches!(steps[1].1, Step::Text(..)));
    }
}
