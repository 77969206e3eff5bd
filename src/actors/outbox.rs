//! What waits for the model's socket, and the task that writes it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::time::Duration;

use actix_http::ws::ProtocolError;
use awc::ws::{CloseCode, CloseReason, Message as WsMessage};
use futures_util::SinkExt as _;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::realtime::socket::FrameSink;

/// Caller audio that may wait: one second.
const MEDIA_RING: usize = 50;
/// A write that takes longer will never end.
const WRITE: Duration = Duration::from_secs(5);

/// In order; but caller audio in excess goes, oldest first.
#[derive(Default)]
pub(super) struct Outbox {
    queue: RefCell<VecDeque<(Lane, WsMessage)>>,
    closed: Cell<bool>,
    changed: Notify,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lane {
    Control,
    Media,
}

impl Outbox {
    pub(super) fn control(&self, message: WsMessage) {
        self.queue.borrow_mut().push_back((Lane::Control, message));
        self.changed.notify_one();
    }

    /// True if older audio had to go for it.
    pub(super) fn media(&self, message: WsMessage) -> bool {
        let mut queue = self.queue.borrow_mut();
        let full = queue.len() >= MEDIA_RING && queue.iter().filter(|(lane, _)| *lane == Lane::Media).count() >= MEDIA_RING;
        if full && let Some(oldest) = queue.iter().position(|(lane, _)| *lane == Lane::Media) {
            queue.remove(oldest);
        }
        queue.push_back((Lane::Media, message));
        self.changed.notify_one();
        full
    }

    pub(super) fn close(&self) {
        self.closed.set(true);
        self.changed.notify_one();
    }

    /// The next message; none once the outbox is closed and empty.
    async fn next(&self) -> Option<WsMessage> {
        loop {
            if let Some((_, message)) = self.queue.borrow_mut().pop_front() {
                return Some(message);
            }
            if self.closed.get() {
                return None;
            }
            self.changed.notified().await;
        }
    }
}

/// Writes until the outbox is closed, then says goodbye to the peer.
pub(super) async fn write(mut sink: FrameSink, outbox: &Outbox) -> Result<(), WriteError> {
    while let Some(message) = outbox.next().await {
        timeout(WRITE, sink.send(message)).await??;
    }
    let goodbye = WsMessage::Close(Some(CloseReason::from(CloseCode::Normal)));
    // The peer may be gone already.
    let _ = timeout(WRITE, sink.send(goodbye)).await;
    Ok(())
}

#[derive(Debug, thiserror::Error)]
pub(super) enum WriteError {
    #[error("write timed out")]
    Timeout(#[from] tokio::time::error::Elapsed),
    #[error("write failed: {0}")]
    Protocol(#[from] ProtocolError),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(n: usize) -> WsMessage {
        WsMessage::Text(n.to_string().into())
    }

    fn drain(outbox: &Outbox) -> Vec<String> {
        let queue = std::mem::take(&mut *outbox.queue.borrow_mut());
        queue.into_iter().map(|(_, m)| if let WsMessage::Text(t) = m { t.to_string() } else { String::new() }).collect()
    }

    #[test]
    fn a_slow_socket_costs_the_oldest_audio_and_no_order() {
        let outbox = Outbox::default();
        outbox.control(text(1_000));
        assert!((0..MEDIA_RING).all(|n| !outbox.media(text(n))));

        assert!(outbox.media(text(MEDIA_RING)));

        let left = drain(&outbox);
        assert_eq!((left[0].as_str(), left[1].as_str(), left.len()), ("1000", "1", MEDIA_RING + 1));
    }
}
