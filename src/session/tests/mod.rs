//! A session driven by hand: facts in, orders out, time at will.

mod barge_in;
mod budget;
mod conversation;
mod doubt;
mod ending;
mod opening;
mod patience;
mod properties;
mod reconnect;
mod record;
mod renewal;
mod rotation;
mod tools;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use super::event::*;
use super::policy::{KeyAction, Message, NoiseReduction, Opening, Patience, Phrase, Profile, Tool, TurnDetection};
use super::*;
use crate::audio::{EncodedAudio, bytes_of};
use crate::types::Redacted;

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn policy() -> SessionPolicy {
    SessionPolicy {
        profile: Arc::new(Profile {
            model: "gpt-realtime-2.1".into(),
            voice: "marin".into(),
            speed: None,
            instructions: "Be brief.".into(),
            language: Some("en".into()),
            transcription_model: Some("gpt-transcribe".into()),
            turn_detection: TurnDetection::Server { threshold: 0.5, prefix_padding_ms: 300, silence_duration_ms: 500 },
            noise_reduction: Some(NoiseReduction::NearField),
            reasoning: None,
            max_output_tokens: 1024,
            tools: ["end_call", "look_up"].map(tool).to_vec(),
            remote_tools: Vec::new(),
        }),
        opening: Opening { greeting: Some(Phrase { text: words("Hello."), audio: None }), ..Opening::default() },
        patience: Patience { filler_after: ms(1_500), filler: None, retry_after: ms(5_000), apology_after: ms(10_000), apology: None },
        keys: BTreeMap::new(),
        min_speech: Duration::ZERO,
        max_turn: ms(60_000),
        tool_timeout: ms(10_000),
        max_tool_calls: 5,
        max_hold: ms(600_000),
        lead: ms(800),
        max_queued_ms: 204_800,
        mark_grace: ms(2_000),
        ring_ms: 3_000,
        gap: ms(750),
        media_silence: ms(10_000),
        model_wait: ms(6_000),
        model_silence: ms(8_000),
        idle: ms(30_000),
        max_duration: ms(3_600_000),
        end_warning: ms(30_000),
        renew_before: ms(300_000),
        max_stream: None,
        has_fallback: false,
        goodbye: ms(10_000),
        max_reconnects: 3,
        reconnect_pause: ms(250),
    }
}

fn tool(name: &str) -> Tool {
    Tool { name: name.to_owned(), description: "A tool.".into(), parameters: "{}".into() }
}

fn frame() -> EncodedAudio {
    EncodedAudio::encode(&[0x7E; 160])
}

fn words(text: &str) -> Redacted<String> {
    Redacted(text.to_owned())
}

struct Rig {
    session: CallSession,
    now: Instant,
    out: Vec<Output>,
}

impl Rig {
    /// A call whose model is connected and configured, but has said nothing.
    fn ready() -> Self {
        let mut rig = Self::new(History::default());
        rig.become_ready();
        rig
    }

    /// A call whose greeting was heard.
    fn greeted() -> Self {
        let mut rig = Self::ready();
        rig.answer("greeting", "g", "Hello.", 400);
        rig.marks_return();
        rig.out.clear();
        rig
    }

    fn new(history: History) -> Self {
        Self::born(policy(), history)
    }

    fn with(policy: SessionPolicy) -> Self {
        Self::born(policy, History::default())
    }

    fn born(policy: SessionPolicy, history: History) -> Self {
        let now = Instant::now();
        let mut rig = Self { session: CallSession::new(now, policy, history), now, out: Vec::new() };
        rig.drain();
        rig
    }

    fn become_ready(&mut self) {
        self.model(ModelEvent::Opened);
        self.model(ModelEvent::Ready);
    }

    /// How the model was told to take turns, each time.
    fn configured(&self) -> Vec<TurnTaking> {
        let turns = |order: &ModelCommand| match order {
            ModelCommand::Configure { turns, .. } | ModelCommand::TakeTurns { turns, .. } => Some(*turns),
            _ => None,
        };
        self.orders().into_iter().filter_map(turns).collect()
    }

    fn input(&mut self, input: Input) {
        self.session.handle_input(self.now, input);
        self.drain();
    }

    fn leg(&mut self, event: LegEvent) {
        self.input(Input::Leg(event));
    }

    fn model(&mut self, event: ModelEvent) {
        self.input(Input::Model(event));
    }

    /// The tool that hangs up is used at once; what others answer is up to the test.
    fn drain(&mut self) {
        while let Some(output) = self.session.poll_output() {
            self.out.push(output.clone());
            if let Output::Tool(call) = output
                && call.name == "end_call"
            {
                let outcome = ToolOutcome { call_id: call.call_id, output: words("{\"ok\":true}"), effect: Some(ToolEffect::EndCall) };
                self.session.handle_input(self.now, Input::ToolUsed(outcome));
            }
        }
    }

    /// Time goes by; timeouts fire when they are due.
    fn pass(&mut self, time: u64) {
        let until = self.now + ms(time);
        while let Some(due) = self.session.poll_timeout().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            self.input(Input::Timeout);
        }
        self.now = until;
    }

    /// As `pass`, with the caller's media coming all the while.
    fn pass_with_media(&mut self, time: u64) {
        for _ in 0..time / 20 {
            self.leg(LegEvent::Audio(frame()));
            self.pass(20);
        }
    }

    fn created(&mut self, response: &'static str) {
        self.model(ModelEvent::ResponseCreated { response: response.into() });
    }

    fn audio(&mut self, response: &'static str, item: &'static str, duration: u64) {
        self.model(ModelEvent::Audio { response: response.into(), item: item.into(), audio: Bytes::from(vec![0x55; bytes_of(duration)]) });
    }

    fn text_done(&mut self, item: &'static str, text: &str) {
        self.model(ModelEvent::TextDone { item: item.into(), text: words(text) });
    }

    fn response_done(&mut self, response: &'static str, status: ResponseStatus) {
        self.model(ModelEvent::ResponseDone { response: response.into(), status, usage: Usage::default() });
    }

    /// A whole answer, generated at once.
    fn answer(&mut self, response: &'static str, item: &'static str, text: &str, duration: u64) {
        self.created(response);
        self.model(ModelEvent::ItemAdded { item: item.into(), previous: None, kind: ItemKind::Assistant });
        self.audio(response, item, duration);
        self.model(ModelEvent::AudioDone { item: item.into() });
        self.text_done(item, text);
        self.response_done(response, ResponseStatus::Completed);
    }

    fn caller_begins(&mut self, item: &'static str) {
        self.model(ModelEvent::SpeechStarted { item: item.into() });
    }

    fn caller_ends(&mut self, item: &'static str) {
        self.model(ModelEvent::SpeechStopped { item: item.into() });
        self.model(ModelEvent::ItemAdded { item: item.into(), previous: None, kind: ItemKind::User });
    }

    /// Every mark that is out comes back, and those that follow from it.
    fn marks_return(&mut self) {
        let mut seen = 0;
        while let Some(output) = self.out.get(seen).cloned() {
            seen += 1;
            if let Output::Leg(LegCommand::Mark(mark)) = output {
                self.leg(LegEvent::MarkReached(mark.to_string().into()));
            }
        }
    }

    /// What was ordered since the last look.
    fn take(&mut self) -> Vec<Output> {
        std::mem::take(&mut self.out)
    }

    fn orders(&self) -> Vec<&ModelCommand> {
        self.out.iter().filter_map(|o| if let Output::Model(command) = o { Some(command) } else { None }).collect()
    }

    fn instructions(&self) -> Vec<&str> {
        self.orders().into_iter().filter_map(instructions).collect()
    }

    fn turns(&self) -> Vec<&Turn> {
        self.out.iter().filter_map(|o| if let Output::Record(Record::Turn(turn)) = o { Some(&**turn) } else { None }).collect()
    }

    fn notes(&self) -> Vec<Note> {
        self.out.iter().filter_map(|o| if let Output::Record(Record::Note(note)) = o { Some(*note) } else { None }).collect()
    }

    fn played_ms(&self) -> u64 {
        let bytes = |o: &Output| if let Output::Leg(LegCommand::Play(audio)) = o { audio.len() } else { 0 };
        crate::audio::duration_ms(self.out.iter().map(bytes).sum())
    }

    fn hangup(&self) -> Option<HangupCause> {
        self.out.iter().find_map(|o| if let Output::Hangup(cause) = o { Some(*cause) } else { None })
    }
}

/// The instructions of a create, empty if it has none.
fn instructions(command: &ModelCommand) -> Option<&str> {
    let ModelCommand::CreateResponse { instructions, .. } = command else { return None };
    Some(instructions.as_deref().unwrap_or_default())
}
