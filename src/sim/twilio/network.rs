//! The way between engine and phone: packets take their time, some of them far too much, and never overtake.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::sim::random::SplitMix;

/// How long packets are under way; at once by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// Every packet takes up to so long, evenly spread.
    pub jitter: Duration,
    /// So many packets in a hundred take `spike` longer.
    pub spike_percent: u64,
    pub spike: Duration,
    /// Marks come back up to so much later still.
    pub late_marks: Duration,
    pub seed: u64,
}

/// Packets sent within this time travel in one segment.
const TOGETHER: Duration = Duration::from_millis(2);

/// One direction of one stream.
#[derive(Debug)]
pub struct Lane<T> {
    network: Network,
    random: SplitMix,
    waiting: VecDeque<(Instant, T)>,
    last: Option<Instant>,
    sent: Option<Instant>,
}

impl<T> Lane<T> {
    /// `salt` tells lanes of one seed apart.
    #[must_use]
    pub fn new(network: Network, salt: u64) -> Self {
        let random = SplitMix::new(network.seed.wrapping_mul(31).wrapping_add(salt));
        Self { network, random, waiting: VecDeque::new(), last: None, sent: None }
    }

    /// A packet sets out.
    pub fn push(&mut self, now: Instant, packet: T) {
        let together = self.sent.is_some_and(|sent| now.saturating_duration_since(sent) < TOGETHER);
        let delay = if together { Duration::ZERO } else { self.delay() };
        self.sent = Some(now);
        self.push_after(now, delay, packet);
    }

    /// A mark sets out.
    pub fn push_mark(&mut self, now: Instant, packet: T) {
        let delay = self.delay() + self.random.up_to(self.network.late_marks);
        self.push_after(now, delay, packet);
    }

    fn push_after(&mut self, now: Instant, delay: Duration, packet: T) {
        let due = (now + delay).max(self.last.unwrap_or(now));
        self.last = Some(due);
        self.waiting.push_back((due, packet));
    }

    fn delay(&mut self) -> Duration {
        let Network { jitter, spike_percent, spike, .. } = self.network;
        let spiked = spike_percent > 0 && self.random.below(100) < spike_percent;
        self.random.up_to(jitter) + if spiked { spike } else { Duration::ZERO }
    }

    /// What has arrived by `now`, and when.
    pub fn arrived(&mut self, now: Instant) -> Option<(Instant, T)> {
        if self.waiting.front().is_some_and(|(due, _)| *due <= now) { self.waiting.pop_front() } else { None }
    }

    #[must_use]
    pub fn next_due(&self) -> Option<Instant> {
        self.waiting.front().map(|(due, _)| *due)
    }

    /// Everything, however far it has come.
    pub fn hurry(&mut self) -> impl Iterator<Item = T> {
        self.waiting.drain(..).map(|(_, packet)| packet)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn packets_arrive_at_once_without_a_network() {
        let (mut lane, t0) = (Lane::new(Network::default(), 0), Instant::now());

        lane.push(t0, 'a');

        assert_eq!(lane.arrived(t0), Some((t0, 'a')));
    }

    #[test]
    fn packets_stay_in_order_and_one_in_a_hundred_comes_200_ms_late() {
        let network = Network { jitter: ms(15), spike_percent: 1, spike: ms(200), seed: 7, ..Network::default() };
        let (mut lane, t0) = (Lane::new(network, 1), Instant::now());
        let mut delays = Vec::new();
        for n in 0..2_000_u32 {
            let now = t0 + ms(20) * n;
            while let Some((at, sent)) = lane.arrived(now) {
                delays.push(at - sent);
            }
            lane.push(now, now);
        }

        let late = delays.iter().filter(|delay| **delay >= ms(185)).count();
        assert!((8..60).contains(&late), "{late} of {}", delays.len());
        assert!(delays.iter().all(|delay| *delay <= ms(215)));
        assert!(delays.iter().filter(|delay| **delay < ms(16)).count() > 1_600);
    }

    #[test]
    fn marks_come_later_than_other_packets() {
        let network = Network { late_marks: ms(200), seed: 3, ..Network::default() };
        let (mut lane, t0) = (Lane::new(network, 1), Instant::now());

        lane.push_mark(t0, 'm');

        assert!(lane.next_due().is_some_and(|due| due > t0));
    }
}
