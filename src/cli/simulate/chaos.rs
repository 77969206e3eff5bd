//! `--chaos`: a bad network between the engine and both of its peers.

use std::io;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use tokio::time::sleep;

use crate::cli::rehearsal::fresh_seed;
use crate::sim::chaos::{ChaosProxy, Toxics, Weather};

/// Nothing gets through for so long.
const HOLE: Duration = Duration::from_secs(1);

/// What is wrong with the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chaos {
    toxics: Toxics,
    /// Between two moments at which every connection is reset.
    reset: Option<Duration>,
    /// Between two black holes.
    hole: Option<Duration>,
    seed: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is none of latency=MS, jitter=MS, bandwidth=BYTES/S, slice=BYTES, close=MS, hole=S, reset=S, seed=N")]
pub struct InvalidChaos(String);

impl FromStr for Chaos {
    type Err = InvalidChaos;

    fn from_str(text: &str) -> Result<Self, InvalidChaos> {
        text.split(',').try_fold(Self::default(), |chaos, word| chaos.with(word.trim()).ok_or_else(|| InvalidChaos(word.to_owned())))
    }
}

impl Chaos {
    fn with(mut self, word: &str) -> Option<Self> {
        let (name, value) = word.split_once('=')?;
        let number: u32 = value.parse().ok()?;
        let (ms, seconds) = (Duration::from_millis(number.into()), Duration::from_secs(number.into()));
        match name {
            "latency" => self.toxics.latency = ms,
            "jitter" => self.toxics.jitter = ms,
            "bandwidth" => self.toxics.bandwidth = Some(number).filter(|bytes| *bytes > 0),
            "slice" => self.toxics.slicer = usize::try_from(number).ok().filter(|bytes| *bytes > 0),
            "close" => self.toxics.slow_close = ms,
            "hole" => self.hole = Some(seconds).filter(|pause| *pause > HOLE),
            "reset" => self.reset = Some(seconds).filter(|pause| !pause.is_zero()),
            "seed" => self.seed = Some(number.into()),
            _ => return None,
        }
        Some(self)
    }

    /// A way to `upstream` on which all this happens.
    pub fn before(&self, upstream: SocketAddr) -> io::Result<Spoiled> {
        let proxy = ChaosProxy::start(upstream, Weather::both(self.toxics), self.seed.unwrap_or_else(fresh_seed))?;
        Ok(Spoiled { proxy, chaos: *self })
    }
}

/// A network that is bad for as long as this is held.
pub struct Spoiled {
    proxy: ChaosProxy,
    chaos: Chaos,
}

impl Spoiled {
    pub const fn address(&self) -> SocketAddr {
        self.proxy.address()
    }

    /// Does what has its time, for ever.
    pub async fn rage(&self) {
        tokio::join!(self.reset(), self.black_out());
    }

    async fn reset(&self) {
        let Some(pause) = self.chaos.reset else { return };
        loop {
            sleep(pause).await;
            self.proxy.reset_peers();
        }
    }

    async fn black_out(&self) {
        let Some(pause) = self.chaos.hole else { return };
        loop {
            sleep(pause).await;
            self.proxy.set(Weather::both(Toxics { black_hole: true, ..self.chaos.toxics }));
            sleep(HOLE).await;
            self.proxy.set(Weather::both(self.chaos.toxics));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_say_what_is_wrong() {
        let chaos: Chaos = "latency=80, jitter=40,bandwidth=64000,slice=100,reset=15,seed=7".parse().expect("chaos");

        let toxics = Toxics {
            latency: Duration::from_millis(80),
            jitter: Duration::from_millis(40),
            bandwidth: Some(64_000),
            slicer: Some(100),
            ..Toxics::default()
        };
        assert_eq!(chaos, Chaos { toxics, reset: Some(Duration::from_secs(15)), hole: None, seed: Some(7) });
    }

    #[test]
    fn a_word_that_is_none_is_told_with_those_that_are() {
        for text in ["", "latency", "latency=", "latency=-1", "speed=3", "latency=1,,jitter=2"] {
            let refused = text.parse::<Chaos>().expect_err(text).to_string();
            assert!(refused.contains("latency=MS") && refused.contains("reset=S"), "{refused}");
        }
    }
}
