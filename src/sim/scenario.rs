//! What a simulated caller does, step by step. The person on the phone, not the telephone.

mod almanac;
pub mod expect;
pub mod file;
mod play;
mod steps;
mod visit;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::tones::sine;

/// Something a caller says: mu-law at 8 kHz, and the words that are in it.
#[derive(Clone, PartialEq, Eq)]
pub struct Utterance {
    pub name: String,
    pub text: String,
    pub audio: Arc<[u8]>,
}

impl fmt::Debug for Utterance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Utterance({}, {} bytes)", self.name, self.audio.len())
    }
}

/// One thing a caller does or waits for. A wait that is in vain ends the call with a named failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Until the other side is heard.
    WaitForSpeech {
        within: Duration,
    },
    /// Until the other side has been quiet for `quiet`; shorter gaps do not count.
    WaitForSilence {
        quiet: Duration,
        within: Duration,
    },
    Say(Utterance),
    /// Until `after` of the other side's speech was heard from here on; then talk over it.
    BargeIn {
        after: Duration,
        say: Utterance,
    },
    /// Keys pressed one after the other, of `0123456789*#`.
    Digits(String),
    Pause(Duration),
    /// These steps again and again; not once more when the call is `until` old.
    Repeat {
        steps: Vec<Self>,
        until: Duration,
    },
    /// Until the other side ends the call.
    AwaitHangup {
        within: Duration,
    },
    HangUp,
    /// The stream's TCP connection breaks; the phone call lives on.
    DropSocket,
    /// Says nothing any more, and waits for however long the other side keeps the call.
    FallSilent,
    /// The phone stops sending media, but keeps its socket open and the call alive.
    GoMute,
    /// The phone stops reading what it is sent.
    GoDeaf,
    /// The model goes wrong at this moment.
    Fault(ModelFault),
}

impl Step {
    /// The step as a failure names it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::WaitForSpeech { .. } => "wait for speech",
            Self::WaitForSilence { .. } => "wait for silence",
            Self::Say(_) => "say",
            Self::BargeIn { .. } => "barge in",
            Self::Digits(_) => "press digits",
            Self::Pause(_) => "pause",
            Self::Repeat { .. } => "repeat",
            Self::AwaitHangup { .. } => "await hangup",
            Self::HangUp => "hang up",
            Self::DropSocket => "drop socket",
            Self::FallSilent => "fall silent",
            Self::GoMute => "go mute",
            Self::GoDeaf => "go deaf",
            Self::Fault(_) => "have the model fail",
        }
    }

    /// Whether a caller at this step expects the other side to hang up.
    #[must_use]
    pub const fn expects_hangup(&self) -> bool {
        matches!(self, Self::AwaitHangup { .. } | Self::FallSilent | Self::HangUp | Self::GoMute | Self::GoDeaf)
    }
}

/// What can go wrong with a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelFault {
    /// Every connection breaks off.
    Kill,
    /// The connection of the next response breaks off after so much audio.
    KillAfterAudio(Duration),
    Close(u16),
    /// The next so many connections are dropped.
    RefuseConnects(u32),
    /// Whether handshakes are left unanswered.
    Stall(bool),
    /// Whether sockets stay open and say nothing.
    Mute(bool),
    FailNextResponse(String),
    /// The next response fails for its rate, and so does every one within this time.
    LimitRate(Duration),
    /// Sessions expire after so long, unannounced.
    Expire(Duration),
}

/// The steps of one caller, in order; after the last one the caller hangs up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallerScript {
    pub steps: Vec<Step>,
}

/// Longer than any pause inside a sentence.
const QUIET: Duration = Duration::from_millis(900);
const REPLY_WITHIN: Duration = Duration::from_secs(10);
const DONE_WITHIN: Duration = Duration::from_secs(60);
const INTERRUPT_AFTER: Duration = Duration::from_millis(2_500);

/// After this sound an answering machine listens.
pub const BEEP: &str = "beep";

/// What the clinic's caller says to interrupt.
pub const INTERRUPTION: &str = "caller_interrupt";

impl CallerScript {
    #[must_use]
    pub const fn new(steps: Vec<Step>) -> Self {
        Self { steps }
    }

    /// An answering machine: plays its greeting, beeps, and takes the message.
    #[must_use]
    pub fn machine(greeting: Utterance) -> Self {
        let audio = sine(&[1_000.0], 6_000.0, 400).into();
        let beep = Utterance { name: BEEP.to_owned(), text: String::new(), audio };
        let rest = Duration::from_millis(300);
        Self::new(vec![Step::Pause(rest), Step::Say(greeting), Step::Pause(rest), Step::Say(beep), Step::FallSilent])
    }

    /// Picks up and never says a word.
    #[must_use]
    pub fn silent() -> Self {
        Self::new(vec![Step::FallSilent])
    }

    /// Asks a clinic for its hours, interrupts the answer, moves an appointment, says goodbye, and is hung up on.
    #[must_use]
    pub fn clinic(speech: &dyn Fn(&str) -> Utterance) -> Self {
        Self::clinic_until(Duration::ZERO, speech)
    }

    /// The same, but begins another round of questions while the call is younger than `until`.
    #[must_use]
    pub fn clinic_until(until: Duration, speech: &dyn Fn(&str) -> Utterance) -> Self {
        let mut steps = heard_out().to_vec();
        steps.extend(round(speech));
        steps.push(Step::Repeat { steps: round(speech), until });
        steps.push(Step::Say(speech("caller_goodbye")));
        steps.push(Step::AwaitHangup { within: REPLY_WITHIN });
        Self::new(steps)
    }
}

/// A question whose answer is interrupted, and one that is heard out.
fn round(speech: &dyn Fn(&str) -> Utterance) -> Vec<Step> {
    let interrupt = Step::BargeIn { after: INTERRUPT_AFTER, say: speech(INTERRUPTION) };
    let mut steps = vec![Step::Say(speech("caller_hours")), interrupt];
    steps.extend(heard_out());
    steps.push(Step::Say(speech("caller_move")));
    steps.extend(heard_out());
    steps
}

/// The other side begins to speak, and comes to an end.
const fn heard_out() -> [Step; 2] {
    [Step::WaitForSpeech { within: REPLY_WITHIN }, Step::WaitForSilence { quiet: QUIET, within: DONE_WITHIN }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clinic_caller_says_four_things_and_interrupts_once() {
        let script = CallerScript::clinic(&|name| Utterance { name: name.into(), text: String::new(), audio: Arc::from([0_u8; 8]) });

        let said: Vec<&str> = script
            .steps
            .iter()
            .filter_map(|step| match step {
                Step::Say(utterance) | Step::BargeIn { say: utterance, .. } => Some(utterance.name.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(said, ["caller_hours", "caller_interrupt", "caller_move", "caller_goodbye"]);
        assert!(script.steps.last().is_some_and(Step::expects_hangup));
    }

    #[test]
    fn a_caller_who_goes_on_asking_repeats_the_whole_round() {
        let until = Duration::from_secs(60);
        let script = CallerScript::clinic_until(until, &|name| Utterance { name: name.into(), text: String::new(), audio: Arc::from([]) });

        let (opening, questions) = (&script.steps[..2], &script.steps[2..9]);
        assert_eq!(opening, heard_out());
        assert_eq!(script.steps[9], Step::Repeat { steps: questions.to_vec(), until });
    }
}
