//! The link to the model: opening, configuring, ready; replaced when it is lost.

use std::time::Duration;

#[derive(Debug)]
pub(super) struct Link {
    state: LinkState,
    losses: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LinkState {
    Opening,
    Configuring,
    Ready,
}

impl Link {
    pub(super) const fn opening() -> Self {
        Self { state: LinkState::Opening, losses: 0 }
    }

    pub(super) fn is_ready(&self) -> bool {
        self.state == LinkState::Ready
    }

    /// True if the configuration is due.
    pub(super) fn opened(&mut self) -> bool {
        let due = self.state == LinkState::Opening;
        if due {
            self.state = LinkState::Configuring;
        }
        due
    }

    /// True if the link was not ready before.
    pub(super) fn ready(&mut self) -> bool {
        let first = self.state == LinkState::Configuring;
        if first {
            self.state = LinkState::Ready;
        }
        first
    }

    /// The pause before the next try, or nothing if there is none left.
    pub(super) fn lost(&mut self, max: u32, pause: Duration) -> Option<Duration> {
        self.state = LinkState::Opening;
        self.losses += 1;
        // The first loss is mended at once, later ones with growing patience.
        (self.losses <= max).then(|| pause * (self.losses - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_millis(250);

    #[test]
    fn the_first_loss_is_mended_at_once_and_the_budget_ends() {
        let mut link = Link::opening();

        assert_eq!(link.lost(2, PAUSE), Some(Duration::ZERO));
        assert_eq!(link.lost(2, PAUSE), Some(PAUSE));
        assert_eq!(link.lost(2, PAUSE), None);
    }

    #[test]
    fn a_link_is_configured_once_and_ready_once() {
        let mut link = Link::opening();

        assert!(!link.ready());
        assert!(link.opened());
        assert!(!link.opened());
        assert!(link.ready());
        assert!(!link.ready());
        assert!(link.is_ready());
    }
}
