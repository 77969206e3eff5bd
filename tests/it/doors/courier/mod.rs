//! The receiver of webhooks, who is told of calls.

mod commands;
pub mod receiver;
mod told;
mod tries;

use crate::house::House;
use receiver::{Receiver, SECRET};

impl House {
    /// An engine that tells this receiver.
    pub async fn telling(receiver: &Receiver, variables: &[(&str, &str)]) -> Self {
        let url = receiver.url();
        let own = [("WEBHOOK_URL", url.as_str()), ("WEBHOOK_SECRET", SECRET)];
        Self::with(&[&own, variables].concat()).await
    }
}
