//! What one world is like, and what befalls it.

use std::time::Duration;

use super::agenda::Time;
use super::chance::Chance;

/// Until then things go wrong; after it the world comes to rest.
pub const HEALED: Time = Time::from_secs(50);
/// Whoever still speaks then hangs up.
pub const EVENING: Time = Time::from_secs(75);

pub struct Weather {
    pub calls: usize,
    pub slots: u32,
    /// In percent of what is usual.
    pub bad: u64,
    pub frame: Duration,
    /// One turn in so many cannot be stored; 0 for none.
    pub poison: u64,
    /// The disk of the spools takes its time, and there is little room before it.
    pub slow_disk: bool,
    pub budget: Option<u64>,
    /// What a call may cost.
    pub call_budget: Option<u64>,
    pub outages: Vec<(Time, Time)>,
    /// The model's first address is away.
    pub model_away: Option<(Time, Time)>,
    pub deaths: Vec<(Time, usize, Death)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    Killed,
    Drained,
}

impl Weather {
    pub fn of(chance: &mut Chance) -> Self {
        Self {
            calls: usize::try_from(chance.within(1..5)).unwrap_or(1),
            slots: u32::try_from(chance.within(1..4)).unwrap_or(1),
            bad: chance.pick(&[0, 60, 100, 100, 250]),
            frame: Duration::from_millis(20 * chance.within(6..14)),
            poison: chance.pick(&[0, 0, 40, 11]),
            slow_disk: chance.percent(15),
            budget: chance.percent(6).then_some(1),
            call_budget: chance.percent(10).then_some(200),
            outages: outages(chance),
            model_away: chance.percent(15).then(|| window(chance, 25_000)),
            deaths: deaths(chance),
        }
    }
}

fn window(chance: &mut Chance, longest: u64) -> (Time, Time) {
    let from = chance.ms(0..40_000);
    (from, (from + chance.ms(300..longest)).min(HEALED))
}

fn outages(chance: &mut Chance) -> Vec<(Time, Time)> {
    let times = chance.pick(&[0, 0, 1, 1, 2]);
    (0..times).map(|_| window(chance, 20_000)).collect()
}

fn deaths(chance: &mut Chance) -> Vec<(Time, usize, Death)> {
    let times = chance.pick(&[0, 0, 0, 1, 1, 2]);
    let mut death = |_| {
        let at = chance.ms(1_000..45_000);
        let who = usize::try_from(chance.below(2)).unwrap_or_default();
        (at, who, chance.pick(&[Death::Killed, Death::Killed, Death::Drained]))
    };
    (0..times).map(&mut death).collect()
}
