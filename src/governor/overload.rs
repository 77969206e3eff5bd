//! An instance that has more to do than it does well lets nobody in, before those who are in are hurt.

use std::fmt;
use std::time::{Duration, Instant};

/// Audio that is late by more than this is heard to be late.
const LATE: Duration = Duration::from_millis(200);
/// It takes so long to be believed, and as long to be over.
const SUSTAINED: Duration = Duration::from_secs(5);
/// Percent of what the process may have: from the second on nobody is let in, below the first somebody is again.
const MEMORY: (u8, u8) = (75, 80);
const DESCRIPTORS: (u8, u8) = (75, 85);

/// How hard this instance works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Strain {
    /// By how much the latest timer on a thread that carries calls was late.
    pub lag: Duration,
    /// Percent of the memory, and of the open files, that it may have; none if there is no limit.
    pub memory: Option<u8>,
    pub descriptors: Option<u8>,
}

/// Of what there is too little.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overload {
    Processor,
    Memory,
    Descriptors,
}

impl Overload {
    pub const ALL: [Self; 3] = [Self::Processor, Self::Memory, Self::Descriptors];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Processor => "processor",
            Self::Memory => "memory",
            Self::Descriptors => "descriptors",
        }
    }
}

impl fmt::Display for Overload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Weighs what is measured now and then.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scales {
    /// Since when the lag has been on the other side of its limit.
    turned: Option<Instant>,
    lags: bool,
    memory: bool,
    descriptors: bool,
}

impl Scales {
    /// What there is too little of, by all that was measured up to now.
    pub fn weigh(&mut self, now: Instant, strain: Strain) -> Option<Overload> {
        self.weigh_lag(now, strain.lag > LATE);
        self.memory = is_over(self.memory, strain.memory, MEMORY);
        self.descriptors = is_over(self.descriptors, strain.descriptors, DESCRIPTORS);
        let found = [(self.memory, Overload::Memory), (self.descriptors, Overload::Descriptors), (self.lags, Overload::Processor)];
        found.into_iter().find(|(is_so, _)| *is_so).map(|(_, overload)| overload)
    }

    fn weigh_lag(&mut self, now: Instant, is_late: bool) {
        if is_late == self.lags {
            self.turned = None;
        } else if now.saturating_duration_since(*self.turned.get_or_insert(now)) >= SUSTAINED {
            self.lags = is_late;
            self.turned = None;
        }
    }
}

fn is_over(was_over: bool, percent: Option<u8>, (below, from): (u8, u8)) -> bool {
    percent.is_some_and(|percent| percent >= if was_over { below } else { from })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lag(ms: u64) -> Strain {
        Strain { lag: Duration::from_millis(ms), ..Strain::default() }
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_thread_that_is_late_for_seconds_is_overloaded_until_it_is_in_time_for_seconds() {
        let (mut scales, t0) = (Scales::default(), Instant::now());

        assert_eq!(scales.weigh(t0, lag(201)), None);
        assert_eq!(scales.weigh(t0 + at(4), lag(500)), None);
        assert_eq!(scales.weigh(t0 + at(5), lag(201)), Some(Overload::Processor));
        assert_eq!(scales.weigh(t0 + at(6), lag(0)), Some(Overload::Processor));
        assert_eq!(scales.weigh(t0 + at(10), lag(200)), Some(Overload::Processor));
        assert_eq!(scales.weigh(t0 + at(11), lag(0)), None);
    }

    #[test]
    fn one_late_moment_is_no_overload() {
        let (mut scales, t0) = (Scales::default(), Instant::now());

        for second in 0..60 {
            let strain = lag(if second % 5 == 0 { 0 } else { 900 });
            assert_eq!(scales.weigh(t0 + at(second), strain), None);
        }
    }

    #[test]
    fn memory_and_descriptors_run_out_before_they_are_gone_and_are_there_again_a_little_later() {
        let (mut scales, now) = (Scales::default(), Instant::now());
        let memory = |percent| Strain { memory: Some(percent), ..Strain::default() };
        let descriptors = |percent| Strain { descriptors: Some(percent), ..Strain::default() };

        let told: Vec<_> = [79, 80, 79, 75, 74].into_iter().map(|percent| scales.weigh(now, memory(percent))).collect();
        assert_eq!(told, [None, Some(Overload::Memory), Some(Overload::Memory), Some(Overload::Memory), None]);
        assert_eq!(scales.weigh(now, descriptors(85)), Some(Overload::Descriptors));
        assert_eq!(scales.weigh(now, Strain::default()), None, "there is no limit any more");
    }
}
