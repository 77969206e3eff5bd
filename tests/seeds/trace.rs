//! What happened in a world, as one number, and for whoever looks closer as text.

use std::collections::VecDeque;
use std::fmt::Debug;

use super::agenda::Time;

/// Lines that are kept.
const LAST: usize = 200;
/// Characters of one.
const LONGEST: usize = 300;

/// What happens all the time, and what can be said in less; audio is left out.
const NOISE: [&str; 11] = [
    "Append(",
    "Audio(EncodedAudio",
    " Frame(",
    " Wake ",
    " Sweep ",
    " LoggerDue ",
    " Errand ",
    " Answer ",
    " Census",
    " Renew ",
    " Reap ",
];
const SHORTER: [(&str, &str); 2] = [("[redacted]", "."), ("Some(", "(")];

pub struct Trace {
    digest: u64,
    lines: Option<VecDeque<String>>,
}

impl Trace {
    pub fn new(written: bool) -> Self {
        Self { digest: 0xCBF2_9CE4_8422_2325, lines: written.then(VecDeque::new) }
    }

    pub fn mix(&mut self, number: u64) {
        self.digest = (self.digest ^ number).wrapping_mul(0x0000_0100_0000_01B3).rotate_left(23);
    }

    pub fn note(&mut self, at: Time, of: &impl Debug) {
        self.mix(u64::try_from(at.as_nanos()).unwrap_or(u64::MAX));
        self.tell(at, "", of);
    }

    /// For whoever looks closer alone.
    pub fn tell(&mut self, at: Time, what: &str, of: &impl Debug) {
        let Some(lines) = &mut self.lines else { return };
        let line: String = format!("{:>10.3} {what} {of:?}", at.as_secs_f64()).chars().take(LONGEST).collect();
        if NOISE.iter().any(|noise| line.contains(noise)) {
            return;
        }
        let line = SHORTER.iter().fold(line, |line, (from, to)| line.replace(from, to));
        lines.push_back(line.split("b\"").next().unwrap_or_default().to_owned());
        if lines.len() > LAST {
            lines.pop_front();
        }
    }

    pub fn digest(&self) -> u64 {
        self.digest
    }

    pub fn text(&self) -> String {
        self.lines.iter().flatten().cloned().collect::<Vec<_>>().join("\n")
    }
}
