//! The person on the phone: works through a script, 20 ms at a time.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::hearing::{Hearing, LOUD};
use crate::audio::{FRAME_BYTES, FRAME_MS, SILENCE, mulaw};
use crate::sim::scenario::{CallerScript, ModelFault, Step, Utterance};

/// A barge-in waits this long for something to talk over.
const BARGE_IN_WITHIN: Duration = Duration::from_secs(30);
/// From one key to the next.
const KEY_PACE: Duration = Duration::from_millis(100);

const FRAME: Duration = Duration::from_millis(FRAME_MS);

/// Why a script could not be followed to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScriptFailure {
    #[error("step {step}: heard nothing within {within:?}")]
    NothingHeard { step: usize, within: Duration },
    #[error("step {step}: not quiet within {within:?}")]
    NeverQuiet { step: usize, within: Duration },
    #[error("step {step}: heard too little to interrupt within {within:?}")]
    NothingToInterrupt { step: usize, within: Duration },
    #[error("step {step}: not hung up on within {within:?}")]
    NotHungUpOn { step: usize, within: Duration },
    #[error("step {step}: hung up on while about to {doing}")]
    HungUpOn { step: usize, doing: &'static str },
}

/// What a caller does about the telephone itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    HangUp,
    DropSocket,
    GoMute,
    GoDeaf,
    /// The model goes wrong now.
    Fault(ModelFault),
    GiveUp(ScriptFailure),
}

/// The caller's voice was heard to begin, or to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Voice {
    Began(String),
    Ended(String),
}

/// 20 ms of a caller's life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    pub frame: [u8; FRAME_BYTES],
    pub digit: Option<char>,
    pub voice: Vec<Voice>,
    pub deed: Option<Deed>,
}

/// A script and how far it has come.
#[derive(Debug)]
pub struct Caller {
    steps: VecDeque<Step>,
    done: usize,
    began: Option<Instant>,
    entered: Option<Entered>,
    mouth: Option<Mouth>,
    keys: VecDeque<char>,
    key_due: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Entered {
    at: Instant,
    heard: Duration,
}

/// An utterance on its way out, frame by frame.
#[derive(Debug)]
struct Mouth {
    utterance: Utterance,
    next: usize,
    first_loud: usize,
    last_loud: usize,
}

enum Progress {
    Waiting,
    Done,
    Do(Deed),
    Speak(Utterance),
    Press(String),
    Again(Vec<Step>),
}

impl Caller {
    #[must_use]
    pub fn new(script: CallerScript) -> Self {
        Self { steps: script.steps.into(), done: 0, began: None, entered: None, mouth: None, keys: VecDeque::new(), key_due: None }
    }

    /// The next 20 ms, which end at `now`.
    pub fn live(&mut self, now: Instant, hearing: &Hearing) -> Moment {
        self.began.get_or_insert(now);
        let mut moment = Moment { frame: [SILENCE; FRAME_BYTES], digit: None, voice: Vec::new(), deed: None };
        while self.mouth.is_none() && self.keys.is_empty() && moment.deed.is_none() {
            match self.progress(now, hearing) {
                Progress::Waiting => break,
                Progress::Done => self.advance(),
                Progress::Do(deed) => moment.deed = Some(deed),
                Progress::Speak(utterance) => self.mouth = Some(Mouth::new(utterance)),
                Progress::Press(digits) => self.keys = digits.chars().collect(),
                Progress::Again(steps) => self.precede(steps),
            }
        }
        moment.digit = self.press(now);
        self.speak(&mut moment);
        moment
    }

    /// The other side ended the call: as the script had it, or not?
    #[must_use]
    pub fn hung_up_on(&self) -> Option<ScriptFailure> {
        let step = self.steps.front()?;
        (!step.expects_hangup()).then(|| ScriptFailure::HungUpOn { step: self.done + 1, doing: step.name() })
    }

    fn progress(&mut self, now: Instant, hearing: &Hearing) -> Progress {
        let Some(step) = self.steps.front() else { return Progress::Do(Deed::HangUp) };
        let number = self.done + 1;
        let entered = *self.entered.get_or_insert_with(|| Entered { at: now, heard: hearing.total() });
        let waited = now.saturating_duration_since(entered.at);
        let wait = |over: bool, within: Duration, failure: fn(usize, Duration) -> ScriptFailure| match (over, waited >= within) {
            (true, _) => Progress::Done,
            (false, true) => Progress::Do(Deed::GiveUp(failure(number, within))),
            (false, false) => Progress::Waiting,
        };
        match step {
            Step::WaitForSpeech { within } => {
                wait(hearing.heard_since(entered.at), *within, |step, within| ScriptFailure::NothingHeard { step, within })
            }
            Step::WaitForSilence { quiet, within } => {
                let over = hearing.quiet_for(now, entered.at) >= *quiet;
                wait(over, *within, |step, within| ScriptFailure::NeverQuiet { step, within })
            }
            Step::BargeIn { after, say } => {
                let over = hearing.total().saturating_sub(entered.heard) >= *after;
                match wait(over, BARGE_IN_WITHIN, |step, within| ScriptFailure::NothingToInterrupt { step, within }) {
                    Progress::Done => Progress::Speak(say.clone()),
                    other => other,
                }
            }
            Step::AwaitHangup { within } => wait(false, *within, |step, within| ScriptFailure::NotHungUpOn { step, within }),
            Step::Pause(length) if waited >= *length => Progress::Done,
            Step::Pause(_) | Step::FallSilent => Progress::Waiting,
            Step::Repeat { steps, until } => {
                let age = self.began.map_or(Duration::ZERO, |began| now.saturating_duration_since(began));
                if age < *until && !steps.is_empty() { Progress::Again(steps.clone()) } else { Progress::Done }
            }
            Step::Say(utterance) => Progress::Speak(utterance.clone()),
            Step::Digits(digits) if digits.is_empty() => Progress::Done,
            Step::Digits(digits) => Progress::Press(digits.clone()),
            Step::HangUp => Progress::Do(Deed::HangUp),
            Step::Fault(fault) => {
                let fault = fault.clone();
                self.done_with(Deed::Fault(fault))
            }
            Step::DropSocket => self.done_with(Deed::DropSocket),
            Step::GoMute => self.done_with(Deed::GoMute),
            Step::GoDeaf => self.done_with(Deed::GoDeaf),
        }
    }

    fn done_with(&mut self, deed: Deed) -> Progress {
        self.advance();
        Progress::Do(deed)
    }

    fn advance(&mut self) {
        self.steps.pop_front();
        self.done += 1;
        self.entered = None;
    }

    /// `steps` come before the step that is under way, which begins anew.
    fn precede(&mut self, steps: Vec<Step>) {
        steps.into_iter().rev().for_each(|step| self.steps.push_front(step));
        self.entered = None;
    }

    fn press(&mut self, now: Instant) -> Option<char> {
        if self.keys.is_empty() || self.key_due.is_some_and(|due| now < due) {
            return None;
        }
        self.key_due = Some(now + KEY_PACE);
        let key = self.keys.pop_front();
        if self.keys.is_empty() {
            self.advance();
        }
        key
    }

    fn speak(&mut self, moment: &mut Moment) {
        let Some(mouth) = &mut self.mouth else { return };
        if mouth.speak(moment) {
            self.mouth = None;
            self.advance();
        }
    }
}

impl Mouth {
    fn new(utterance: Utterance) -> Self {
        let loud = |frame: &[u8]| mulaw::loudness(frame) > LOUD;
        let first_loud = utterance.audio.chunks(FRAME_BYTES).position(loud).unwrap_or_default();
        let frames = utterance.audio.len().div_ceil(FRAME_BYTES);
        let last_loud = utterance.audio.chunks(FRAME_BYTES).rposition(loud).unwrap_or_else(|| frames.saturating_sub(1));
        Self { utterance, next: 0, first_loud, last_loud }
    }

    /// Speaks one frame; whether it was the last one.
    fn speak(&mut self, moment: &mut Moment) -> bool {
        let mut frames = self.utterance.audio.chunks(FRAME_BYTES);
        if let Some(audio) = frames.nth(self.next) {
            moment.frame.iter_mut().zip(audio).for_each(|(to, from)| *to = *from);
        }
        if self.next == self.first_loud {
            moment.voice.push(Voice::Began(self.utterance.name.clone()));
        }
        if self.next == self.last_loud {
            moment.voice.push(Voice::Ended(self.utterance.name.clone()));
        }
        self.next += 1;
        frames.next().is_none()
    }
}

/// When a voice that was noticed at the end of a frame began.
#[must_use]
pub fn frame_start(end: Instant) -> Instant {
    end.checked_sub(FRAME).unwrap_or(end)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const SPEECH: u8 = 0x90;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn utterance(audio: Vec<u8>) -> Utterance {
        Utterance { name: "u".into(), text: "hello".into(), audio: Arc::from(audio) }
    }

    /// Lives for `frames` frames with an ear that hears speech in `loud`.
    fn lived(steps: Vec<Step>, frames: u64, loud: std::ops::Range<u64>) -> Vec<Moment> {
        let (mut caller, mut ear, t0) = (Caller::new(CallerScript::new(steps)), Hearing::default(), Instant::now());
        let live = |frame: u64| {
            let at = t0 + FRAME * u32::try_from(frame).expect("small");
            if loud.contains(&frame) {
                ear.hear(at, &[SPEECH; FRAME_BYTES]);
            }
            ear.advance(at + FRAME);
            caller.live(at + FRAME, &ear)
        };
        (0..frames).map(live).collect()
    }

    fn deeds(moments: &[Moment]) -> Vec<(usize, Deed)> {
        moments.iter().enumerate().filter_map(|(i, moment)| Some((i, moment.deed.clone()?))).collect()
    }

    #[test]
    fn an_utterance_goes_out_frame_by_frame_and_its_loud_part_counts() {
        let audio = [vec![SILENCE; 160], vec![SPEECH; 200], vec![SILENCE; 160]].concat();

        let moments = lived(vec![Step::Say(utterance(audio)), Step::FallSilent], 6, 0..0);

        assert_eq!(moments[0].frame, [SILENCE; 160]);
        assert_eq!(moments[1].frame, [SPEECH; 160]);
        assert_eq!(moments[1].voice, [Voice::Began("u".into())]);
        assert_eq!((moments[2].frame[39], moments[2].frame[40]), (SPEECH, SILENCE));
        assert_eq!(moments[2].voice, [Voice::Ended("u".into())]);
        assert_eq!(moments[5].frame, [SILENCE; 160]);
    }

    #[test]
    fn a_caller_waits_for_the_other_side_to_begin_and_to_end() {
        let steps = vec![Step::WaitForSpeech { within: ms(400) }, Step::WaitForSilence { quiet: ms(200), within: ms(2_000) }];

        let moments = lived(steps, 60, 10..20);

        assert_eq!(deeds(&moments).first(), Some(&(29, Deed::HangUp)));
    }

    #[test]
    fn a_wait_in_vain_is_a_named_failure() {
        let steps = vec![Step::WaitForSpeech { within: ms(100) }];

        let moments = lived(steps, 7, 0..0);

        assert_eq!(deeds(&moments)[0], (5, Deed::GiveUp(ScriptFailure::NothingHeard { step: 1, within: ms(100) })));
    }

    #[test]
    fn a_barge_in_comes_after_so_much_was_heard() {
        let steps = vec![Step::BargeIn { after: ms(200), say: utterance(vec![SPEECH; 160]) }, Step::FallSilent];

        let moments = lived(steps, 40, 20..40);

        let began = moments.iter().position(|moment| !moment.voice.is_empty());
        assert_eq!(began, Some(29));
    }

    #[test]
    fn keys_are_pressed_one_after_the_other() {
        let moments = lived(vec![Step::Digits("4#".into()), Step::HangUp], 12, 0..0);

        let keys: Vec<(usize, char)> = moments.iter().enumerate().filter_map(|(i, moment)| Some((i, moment.digit?))).collect();
        assert_eq!(keys, [(0, '4'), (5, '#')]);
        assert_eq!(deeds(&moments)[0], (6, Deed::HangUp));
    }

    #[test]
    fn steps_are_repeated_until_the_call_is_old_enough() {
        let once =
            |until| vec![Step::Repeat { steps: vec![Step::Pause(ms(100)), Step::Digits("1".into())], until: ms(until) }, Step::HangUp];
        let lived = |until| lived(once(until), 30, 0..0);

        let pressed: Vec<usize> = [0, 1, 250].map(|until| lived(until).iter().filter(|moment| moment.digit.is_some()).count()).to_vec();

        assert_eq!(pressed, [0, 1, 3]);
        assert_eq!(deeds(&lived(0))[0], (0, Deed::HangUp));
    }

    #[test]
    fn being_hung_up_on_is_a_failure_unless_it_was_awaited() {
        let caller = |step| Caller::new(CallerScript::new(vec![step]));

        assert_eq!(caller(Step::FallSilent).hung_up_on(), None);
        assert_eq!(caller(Step::Pause(ms(1))).hung_up_on(), Some(ScriptFailure::HungUpOn { step: 1, doing: "pause" }));
    }
}
