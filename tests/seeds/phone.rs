//! A phone call as Twilio has it: the line, what plays on it, and a caller who says what comes to mind.

use std::collections::VecDeque;
use std::time::Duration;

use alpha_call::audio::duration_ms;
use alpha_call::session::event::{LegCommand, Mark};
use alpha_call::session::policy::SessionPolicy;
use alpha_call::types::{CallId, CallSid};

use super::agenda::Time;
use super::chance::Chance;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// Nobody has dialled yet, or nobody will.
    Idle,
    /// We were told of it; it rings.
    Ringing,
    Up,
    Over,
}

pub struct Phone {
    pub id: CallId,
    pub sid: CallSid,
    pub outbound: bool,
    pub policy: SessionPolicy,
    pub line: Line,
    /// How often somebody was called for it.
    pub placed: u32,
    /// The stream that the call is on.
    pub stream: Option<usize>,
    pub playback: Playback,
    /// Questions of an older line of instructions are not asked any more.
    pub chain: u32,
    /// The newest epoch of which a stream began, and when the first one did.
    pub epoch: u32,
    pub began: Option<Time>,
    /// Numbers of items given out to its models.
    pub items: u32,
    pub muted_until: Time,
    voice: Voice,
}

#[derive(Default)]
struct Voice {
    loud: bool,
    until: Time,
}

impl Phone {
    pub fn new(number: usize, outbound: bool, policy: SessionPolicy) -> Self {
        let id = uuid::Uuid::from_u128(0x0100 + number as u128 * 77);
        Self {
            id: CallId::new(id),
            sid: format!("CA{:032x}", number + 1).parse().expect("a sid"),
            outbound,
            policy,
            line: Line::Idle,
            placed: 0,
            stream: None,
            playback: Playback::default(),
            chain: 0,
            epoch: 0,
            began: None,
            items: 0,
            muted_until: Time::ZERO,
            voice: Voice::default(),
        }
    }

    /// Whether the caller speaks now.
    pub fn speaks(&mut self, now: Time, chance: &mut Chance) -> bool {
        if now >= self.voice.until {
            self.voice.loud = !self.voice.loud;
            let range = if self.voice.loud { 200..2_500 } else { 1_200..8_000 };
            self.voice.until = now + chance.ms(range);
        }
        self.voice.loud
    }

    pub fn joined(&mut self, stream: usize) {
        self.stream = Some(stream);
        self.playback = Playback { serial: self.playback.serial, ..Playback::default() };
    }
}

/// What was sent to the phone: played in its order, at the pace of speech.
/// <https://www.twilio.com/docs/voice/media-streams/websocket-messages>
#[derive(Default)]
pub struct Playback {
    busy_until: Time,
    serial: u64,
    marks: VecDeque<(u64, Mark)>,
}

/// What a message to the phone leads to.
pub enum Heard {
    Nothing,
    /// The mark of this number is reached then.
    MarkAt(Time, u64),
    /// These marks come back at once.
    Cleared(Vec<Mark>),
}

impl Playback {
    pub fn take(&mut self, now: Time, command: &LegCommand) -> Heard {
        match command {
            LegCommand::Play(audio) => {
                self.busy_until = self.busy_until.max(now) + Duration::from_millis(duration_ms(audio.len()));
                Heard::Nothing
            }
            LegCommand::Mark(mark) => {
                self.serial += 1;
                self.marks.push_back((self.serial, *mark));
                Heard::MarkAt(self.busy_until.max(now), self.serial)
            }
            LegCommand::Clear => {
                self.busy_until = now;
                Heard::Cleared(self.marks.drain(..).map(|(_, mark)| mark).collect())
            }
        }
    }

    /// The playback has come to this mark, unless it was cleared.
    pub fn reach(&mut self, serial: u64) -> Option<Mark> {
        self.marks.pop_front_if(|(first, _)| *first == serial).map(|(_, mark)| mark)
    }
}
