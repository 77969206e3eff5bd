//! Puts calls through: makes a line, and starts the task that lives on it.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::address::{Address, InvalidAddress};
use super::call::{Call, Placed};
use super::callbacks::Subscription;
use super::create::CreateCall;
use super::exchange::Exchange;
use super::line::{Ends, Line, Order, Source};
use crate::sim::scenario::CallerScript;
use crate::types::Direction;

/// Where Twilio sends who calls our number.
const INCOMING_PATH: &str = "/incoming-call";

pub struct Switchboard {
    pub exchange: Arc<Exchange>,
    runtime: Handle,
}

impl Switchboard {
    #[must_use]
    pub const fn new(exchange: Arc<Exchange>, runtime: Handle) -> Self {
        Self { exchange, runtime }
    }

    /// Places a call that the engine asked for.
    pub fn place(&self, wish: CreateCall) -> Arc<Line> {
        let (line, orders) = self.line(Direction::Outbound, wish.from, wish.to);
        for name in &wish.unknown {
            self.exchange.violate(Some(&line.sid), format!("unknown parameter {name}"));
        }
        let (exchange, on) = (Arc::clone(&self.exchange), Arc::clone(&line));
        let placed = Placed { source: wish.source, time_limit: wish.time_limit, detection: wish.detection, recording: wish.recording };
        let answer = exchange.take_answer();
        self.runtime.spawn(async move {
            Call::new(exchange, on, orders, wish.subscription, CallerScript::silent()).run_outbound(placed, answer).await;
        });
        line
    }

    /// Lets `from` call the engine's number.
    pub fn call_in(&self, from: String, script: CallerScript) -> Result<Arc<Line>, InvalidAddress> {
        let address = Address::webhook(&format!("https://{}{INCOMING_PATH}", self.exchange.domain))?;
        let completed = self.exchange.number_status_callback().map(|url| Address::webhook(&url)).transpose()?;
        let subscription = completed.map(|address| Subscription { address, method: "POST".into(), events: vec!["completed".into()] });
        let (line, orders) = self.line(Direction::Inbound, from, self.exchange.number.clone());
        let (exchange, on) = (Arc::clone(&self.exchange), Arc::clone(&line));
        let vouched = self.exchange.stir_verstat().map(|word| ("StirVerstat".to_owned(), word));
        let source = Source::Fetch { address, method: "POST".into(), extra: vouched.into_iter().collect() };
        self.runtime.spawn(async move { Call::new(exchange, on, orders, subscription, script).run_inbound(source).await });
        Ok(line)
    }

    fn line(&self, direction: Direction, from: String, to: String) -> (Arc<Line>, UnboundedReceiver<Order>) {
        let (orders, waiting) = unbounded_channel();
        let ends = Ends { account_sid: self.exchange.account_sid.clone(), direction, from, to };
        let line = Arc::new(Line::new(self.exchange.sid("CA"), ends, orders, Arc::clone(&self.exchange.changes)));
        self.exchange.connect(Arc::clone(&line));
        (line, waiting)
    }
}
