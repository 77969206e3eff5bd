//! Caller audio on its way to the model: kept while no model listens, padded where it breaks off.

use std::collections::VecDeque;

use crate::audio::{EncodedAudio, silence};

/// Caller audio that waits for a model, newest kept.
#[derive(Debug, Default)]
pub(super) struct Intake {
    ring: VecDeque<EncodedAudio>,
    held_ms: u64,
}

impl Intake {
    /// Keeps `audio`; true if older audio had to go for it.
    pub(super) fn keep(&mut self, audio: EncodedAudio, room_ms: u64) -> bool {
        self.held_ms += audio.duration_ms();
        self.ring.push_back(audio);
        let mut dropped = false;
        while self.held_ms > room_ms {
            let Some(oldest) = self.ring.pop_front() else { break };
            self.held_ms -= oldest.duration_ms();
            dropped = true;
        }
        dropped
    }

    /// Hands over everything kept, oldest first.
    pub(super) fn flush(&mut self) -> impl Iterator<Item = EncodedAudio> {
        self.held_ms = 0;
        std::mem::take(&mut self.ring).into_iter()
    }
}

/// Silence that stands in for media that did not come.
pub(super) fn padding(ms: u64) -> EncodedAudio {
    EncodedAudio::encode(&silence(ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(byte: u8) -> EncodedAudio {
        EncodedAudio::encode(&[byte; 160])
    }

    #[test]
    fn what_was_kept_comes_out_in_order() {
        let mut intake = Intake::default();
        assert!(!intake.keep(frame(1), 60));
        assert!(!intake.keep(frame(2), 60));

        assert_eq!(intake.flush().collect::<Vec<_>>(), [frame(1), frame(2)]);
        assert_eq!(intake.flush().count(), 0);
    }

    #[test]
    fn a_full_ring_lets_the_oldest_go() {
        let mut intake = Intake::default();
        for byte in 1..=3 {
            intake.keep(frame(byte), 60);
        }

        assert!(intake.keep(frame(4), 60));
        assert_eq!(intake.flush().collect::<Vec<_>>(), [frame(2), frame(3), frame(4)]);
    }
}
