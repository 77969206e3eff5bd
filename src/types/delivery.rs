//! Events that are told to a receiver of webhooks.

use super::word::words;

words! {
    /// Where an event stands on its way.
    DeliveryState {
        /// It is tried, now or later.
        Pending = "pending",
        Delivered = "delivered",
        /// It was tried often enough, or the receiver is gone.
        GivenUp = "given_up",
    }
}
