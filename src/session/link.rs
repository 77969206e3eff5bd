//! The link to the model: opening, configuring, ready; replaced when it is lost.

use std::time::{Duration, Instant};

use super::event::Route;

/// Losses that are further apart than this have nothing to do with each other.
const WINDOW: Duration = Duration::from_secs(300);

#[derive(Debug)]
pub(super) struct Link {
    state: LinkState,
    losses: Vec<Instant>,
    route: Route,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LinkState {
    Opening,
    Configuring,
    Ready,
}

impl Link {
    pub(super) const fn opening() -> Self {
        Self { state: LinkState::Opening, losses: Vec::new(), route: Route::Primary }
    }

    pub(super) fn is_ready(&self) -> bool {
        self.state == LinkState::Ready
    }

    pub(super) const fn route(&self) -> Route {
        self.route
    }

    /// From now on by the other endpoint; false if that is in use already.
    pub(super) fn turn_to_fallback(&mut self) -> bool {
        let turns = self.route == Route::Primary;
        if turns {
            (self.route, self.state) = (Route::Fallback, LinkState::Opening);
        }
        turns
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
    pub(super) fn lost(&mut self, now: Instant, max: u32, pause: Duration) -> Option<Duration> {
        self.state = LinkState::Opening;
        self.losses.retain(|at| now.saturating_duration_since(*at) < WINDOW);
        let before = u32::try_from(self.losses.len()).unwrap_or(u32::MAX);
        self.losses.push(now);
        // The first loss is mended at once, later ones with growing patience.
        (before < max).then(|| pause * before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_millis(250);

    #[test]
    fn the_first_loss_is_mended_at_once_and_the_budget_ends() {
        let mut link = Link::opening();

        let now = Instant::now();
        assert_eq!(link.lost(now, 2, PAUSE), Some(Duration::ZERO));
        assert_eq!(link.lost(now, 2, PAUSE), Some(PAUSE));
        assert_eq!(link.lost(now, 2, PAUSE), None);
    }

    #[test]
    fn losses_of_a_long_call_that_are_far_apart_do_not_add_up() {
        let (mut link, now) = (Link::opening(), Instant::now());

        assert!((0..20).all(|n| link.lost(now + WINDOW * n, 2, PAUSE) == Some(Duration::ZERO)));
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
