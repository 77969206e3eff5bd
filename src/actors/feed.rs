//! What happens in calls, for whoever wants to watch. Nobody waits for a watcher.

use tokio::sync::broadcast;

use crate::session::event::Record;
use crate::types::{CallId, CallSid, Direction, Epoch, HangupCause};

/// Events a slow watcher may fall behind by.
const BACKLOG: usize = 4_096;

#[derive(Clone, Debug)]
pub enum FeedEvent {
    Connected { call: CallId, sid: CallSid, direction: Direction, epoch: Epoch },
    Recorded { call: CallId, epoch: Epoch, record: Record },
    Ended { call: CallId, cause: HangupCause },
}

#[derive(Clone, Debug)]
pub struct Feed(broadcast::Sender<FeedEvent>);

impl Default for Feed {
    fn default() -> Self {
        Self(broadcast::Sender::new(BACKLOG))
    }
}

impl Feed {
    pub fn send(&self, event: FeedEvent) {
        // An error says that nobody watches.
        let _ = self.0.send(event);
    }

    #[must_use]
    pub fn watch(&self) -> broadcast::Receiver<FeedEvent> {
        self.0.subscribe()
    }
}
