//! What one stream of a call comes to. It stands outside the session, as the chronicle does, and so survives a panic.

use std::ops::AddAssign;
use std::time::{Duration, Instant};

use super::event::{Input, LegCommand, LegEvent, ModelEvent, Note, Output, Record, Usage};
use crate::audio::duration_ms;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamTally {
    /// Audio of the caller, and audio sent to the caller.
    pub audio_in_ms: u64,
    pub audio_out_ms: u64,
    /// Of the caller's audio, what the model took for speech: from the report of its begin to that of its end.
    pub speech_ms: u64,
    pub tokens: Usage,
    pub reconnects: u64,
    pub restarts: u64,
    pub frames_dropped: u64,
    /// How often the assistant began while the caller spoke.
    pub ai_interruptions: u64,
    /// Since when the caller speaks.
    pub speech_since: Option<Instant>,
}

impl StreamTally {
    /// Looks at a fact before the session does.
    pub fn heard(&mut self, now: Instant, input: &Input) {
        match input {
            Input::Leg(LegEvent::Audio(audio)) => self.audio_in_ms += audio.duration_ms(),
            Input::Leg(LegEvent::FramesDropped(frames)) => self.frames_dropped += u64::from(*frames),
            Input::Model(ModelEvent::SpeechStarted { .. }) => self.speech_since = Some(now),
            Input::Model(ModelEvent::SpeechStopped { .. }) => self.speech_ended(now),
            // What it had heard of this speech is lost.
            Input::Model(ModelEvent::Lost { .. }) => self.speech_since = None,
            Input::Leg(_)
            | Input::Model(_)
            | Input::Standby(_)
            | Input::ToolUsed(_)
            | Input::AnsweredBy(_)
            | Input::BudgetSpent
            | Input::HangupRequested(_)
            | Input::TransferRequested(_)
            | Input::Timeout => {}
        }
    }

    /// Looks at an order of the session, or a record.
    pub fn observe(&mut self, output: &Output) {
        match output {
            Output::Leg(LegCommand::Play(audio)) => self.audio_out_ms += duration_ms(audio.len()),
            Output::Record(Record::Usage(usage)) => self.tokens += *usage,
            Output::Record(Record::Note(Note::ModelReconnected)) => self.reconnects += 1,
            Output::Record(Record::Note(Note::CallerAudioDropped)) => self.frames_dropped += 1,
            Output::Record(Record::Note(Note::TalkedOver)) => self.ai_interruptions += 1,
            Output::Leg(LegCommand::Mark(_) | LegCommand::Clear)
            | Output::Model(_)
            | Output::Standby(_)
            | Output::Promote
            | Output::Tool(_)
            | Output::Transfer(_)
            | Output::Record(_)
            | Output::Hangup(_) => {}
        }
    }

    /// The session died of a panic, and its model with it.
    pub const fn restarted(&mut self) {
        self.restarts += 1;
        self.speech_since = None;
    }

    fn speech_ended(&mut self, now: Instant) {
        let spoken = self.speech_since.take().map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        self.speech_ms += u64::try_from(spoken.as_millis()).unwrap_or(u64::MAX);
    }
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        let sum = |one: &mut u64, other: u64| *one = one.saturating_add(other);
        sum(&mut self.text_in, other.text_in);
        sum(&mut self.audio_in, other.audio_in);
        sum(&mut self.text_out, other.text_out);
        sum(&mut self.audio_out, other.audio_out);
        sum(&mut self.cached_text_in, other.cached_text_in);
        sum(&mut self.cached_audio_in, other.cached_audio_in);
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::audio::{EncodedAudio, bytes_of};
    use crate::types::HangupCause;

    fn speech(tally: &mut StreamTally, now: Instant, began: bool) {
        let item = "u".into();
        tally.heard(now, &Input::Model(if began { ModelEvent::SpeechStarted { item } } else { ModelEvent::SpeechStopped { item } }));
    }

    fn note(tally: &mut StreamTally, note: Note) {
        tally.observe(&Output::Record(Record::Note(note)));
    }

    #[test]
    fn audio_is_counted_in_milliseconds_each_way() {
        let mut tally = StreamTally::default();
        tally.heard(Instant::now(), &Input::Leg(LegEvent::Audio(EncodedAudio::encode(&[0; 160]))));
        tally.observe(&Output::Leg(LegCommand::Play(Bytes::from(vec![0; bytes_of(100)]))));
        tally.observe(&Output::Leg(LegCommand::Clear));

        assert_eq!((tally.audio_in_ms, tally.audio_out_ms), (20, 100));
    }

    #[test]
    fn speech_lasts_from_its_begin_to_its_end_and_what_a_lost_model_heard_does_not_count() {
        let (mut tally, now) = (StreamTally::default(), Instant::now());
        speech(&mut tally, now, true);
        speech(&mut tally, now + Duration::from_millis(1_200), false);
        speech(&mut tally, now, true);
        tally.heard(now, &Input::Model(ModelEvent::Lost { retry: true, reason: String::new() }));
        speech(&mut tally, now + Duration::from_secs(9), false);

        assert_eq!(tally.speech_ms, 1_200);
    }

    #[test]
    fn tokens_of_every_kind_add_up() {
        let mut tally = StreamTally::default();
        let usage = Usage { text_in: 1, audio_in: 2, text_out: 3, audio_out: 4, cached_text_in: 5, cached_audio_in: 6 };
        tally.observe(&Output::Record(Record::Usage(usage)));
        tally.observe(&Output::Record(Record::Usage(usage)));

        let twice = Usage { text_in: 2, audio_in: 4, text_out: 6, audio_out: 8, cached_text_in: 10, cached_audio_in: 12 };
        assert_eq!(tally.tokens, twice);
    }

    #[test]
    fn each_trouble_is_counted_under_its_own_name() {
        let mut tally = StreamTally::default();
        for word in [Note::ModelReconnected, Note::CallerAudioDropped, Note::TalkedOver, Note::Interrupted, Note::SilencePadded] {
            note(&mut tally, word);
        }
        tally.heard(Instant::now(), &Input::Leg(LegEvent::FramesDropped(7)));
        tally.heard(Instant::now(), &Input::HangupRequested(HangupCause::Requested));
        tally.restarted();

        assert_eq!((tally.reconnects, tally.frames_dropped, tally.ai_interruptions, tally.restarts), (1, 8, 1, 1));
    }
}
