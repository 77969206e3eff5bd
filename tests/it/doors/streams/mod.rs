//! What a stream may say, and what becomes of one that says something else. Issue and RFC 6455.

mod closed;
mod survived;
pub mod tokens;
mod waiting;

use super::counters::Counters;
use crate::house::House;

impl House {
    async fn counters(&self) -> Counters {
        Counters::of(self.addr()).await
    }

    /// Model sessions that were ever opened.
    fn model_sessions(&self) -> usize {
        self.stage.openai.control().sessions().len()
    }
}
