//! Deadlines of a session: an enum and a table.

use std::time::Instant;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timer {
    /// The phone has room for more audio.
    TopUp,
    /// A mark is later than any playback can explain.
    MarkOverdue,
    /// The caller's media stopped in mid-speech.
    Gap,
    /// Speech that goes on is no cough.
    Confirm,
    /// The caller's turn has no end.
    Turn,
    /// The stream is dead.
    MediaSilence,
    /// No model can be had.
    Opening,
    /// Nobody has said a word after picking up.
    HumanWait,
    /// The model owes an answer.
    ModelSilence,
    /// The caller has waited long.
    Patience,
    /// A limit of the vendor's is over.
    Retry,
    /// The model session will expire.
    Renew,
    /// The stream is older than the platform likes.
    Rotate,
    /// A tool takes too long.
    Tool,
    /// No more keys are pressed.
    Keys,
    /// A sign of life on hold.
    Comfort,
    /// Nobody is left on hold for ever.
    HoldOver,
    /// Nobody speaks.
    Idle,
    /// The call will soon be too long.
    EndWarning,
    MaxDuration,
    /// The goodbye takes too long.
    Goodbye,
    /// The last transcripts take too long.
    Winding,
}

const ALL: [Timer; 22] = [
    Timer::TopUp,
    Timer::MarkOverdue,
    Timer::Gap,
    Timer::Confirm,
    Timer::Turn,
    Timer::MediaSilence,
    Timer::Opening,
    Timer::HumanWait,
    Timer::ModelSilence,
    Timer::Patience,
    Timer::Retry,
    Timer::Renew,
    Timer::Rotate,
    Timer::Tool,
    Timer::Keys,
    Timer::Comfort,
    Timer::HoldOver,
    Timer::Idle,
    Timer::EndWarning,
    Timer::MaxDuration,
    Timer::Goodbye,
    Timer::Winding,
];

#[derive(Debug, Default)]
pub(super) struct TimerTable([Option<Instant>; ALL.len()]);

impl TimerTable {
    pub(super) fn set(&mut self, timer: Timer, at: Option<Instant>) {
        if let Some(slot) = self.0.get_mut(timer as usize) {
            *slot = at;
        }
    }

    /// Arms the timer unless it is armed already.
    pub(super) fn set_if_unset(&mut self, timer: Timer, at: Instant) {
        if let Some(slot) = self.0.get_mut(timer as usize) {
            slot.get_or_insert(at);
        }
    }

    pub(super) fn is_set(&self, timer: Timer) -> bool {
        self.0.get(timer as usize).is_some_and(Option::is_some)
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.0.iter().flatten().min().copied()
    }

    /// Never later than it was.
    pub(super) fn bring_forward(&mut self, timer: Timer, at: Instant) {
        if let Some(slot) = self.0.get_mut(timer as usize) {
            *slot = Some(slot.map_or(at, |set| set.min(at)));
        }
    }

    /// Takes one timer whose time has come.
    pub(super) fn pop(&mut self, now: Instant) -> Option<Timer> {
        let index = self.0.iter().position(|at| at.is_some_and(|at| at <= now))?;
        if let Some(slot) = self.0.get_mut(index) {
            *slot = None;
        }
        ALL.get(index).copied()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_earliest_deadline_is_next_and_each_fires_once() {
        let start = Instant::now();
        let mut table = TimerTable::default();
        table.set(Timer::Idle, Some(start + Duration::from_secs(2)));
        table.set(Timer::Gap, Some(start + Duration::from_secs(1)));

        assert_eq!(table.next(), Some(start + Duration::from_secs(1)));
        assert_eq!(table.pop(start), None);
        assert_eq!(table.pop(start + Duration::from_secs(1)), Some(Timer::Gap));
        assert_eq!(table.pop(start + Duration::from_secs(1)), None);
        assert_eq!(table.pop(start + Duration::from_secs(9)), Some(Timer::Idle));
        assert_eq!(table.next(), None);
    }

    #[test]
    fn every_timer_has_its_place() {
        for (index, timer) in ALL.into_iter().enumerate() {
            assert_eq!(timer as usize, index);
        }
    }
}
