//! The model sessions of one call: the one in use, and one that may take its place.

use std::time::Duration;

use actix::Addr;

use super::governor::ConcurrencyGovernor;
use super::openai_session::{CloseModel, LinkTiming, ModelBrief, ModelOrder, ModelSaid, OpenAiSessionActor, TakePart};
use super::port::Port;
use super::warm;
use crate::governor::ModelKey;
use crate::realtime::socket::Endpoint;
use crate::session::event::{ModelCommand, Route};
use crate::types::CallId;

/// Where models are to be had.
#[derive(Clone, Debug)]
pub struct Endpoints {
    pub primary: Endpoint,
    pub fallback: Option<Endpoint>,
}

impl Endpoints {
    /// The first one, with that model.
    pub(super) fn of_model(&self, model: &str) -> Endpoint {
        Endpoint { model: model.to_owned(), ..self.primary.clone() }
    }

    /// All that may speak for an assistant with this model.
    pub(super) fn keys(&self, model: &str) -> Vec<ModelKey> {
        std::iter::once(key(&self.of_model(model))).chain(self.fallback.as_ref().map(key)).collect()
    }

    /// Of that model, unless the other endpoint has one of its own.
    fn by(&self, route: Route, model: &str) -> Endpoint {
        match (route, &self.fallback) {
            (Route::Fallback, Some(fallback)) => fallback.clone(),
            (Route::Primary | Route::Fallback, _) => self.of_model(model),
        }
    }
}

pub(super) fn key(endpoint: &Endpoint) -> ModelKey {
    ModelKey::new(&endpoint.url, &endpoint.model)
}

pub struct ModelLine {
    call: CallId,
    model: String,
    endpoints: Endpoints,
    timing: LinkTiming,
    governor: Addr<ConcurrencyGovernor>,
    opened: u32,
    current: Option<Session>,
    standby: Option<Session>,
}

/// The ways to a session that is up; made once for it, and not for every frame.
struct Session {
    number: u32,
    orders: Port<ModelOrder>,
    close: Port<CloseModel>,
    take_part: Port<TakePart>,
}

/// Which of the two said something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Current,
    Standby,
}

impl ModelLine {
    pub fn new(call: CallId, model: String, endpoints: Endpoints, timing: LinkTiming, governor: Addr<ConcurrencyGovernor>) -> Self {
        Self { call, model, endpoints, timing, governor, opened: 0, current: None, standby: None }
    }

    /// What was there before is given up.
    pub fn open(&mut self, delay: Duration, route: Route, said: Port<ModelSaid>) {
        self.close();
        self.current = Some(self.start(delay, route, false, said));
    }

    pub fn open_standby(&mut self, delay: Duration, route: Route, said: Port<ModelSaid>) {
        close(self.standby.take());
        self.standby = Some(self.start(delay, route, true, said));
    }

    pub fn order(&self, command: ModelCommand) {
        order(self.current.as_ref(), command);
    }

    pub fn order_standby(&self, command: ModelCommand) {
        order(self.standby.as_ref(), command);
    }

    pub fn promote(&mut self) {
        if let Some(standby) = self.standby.take() {
            standby.take_part.tell(TakePart);
            close(self.current.replace(standby));
        }
    }

    pub fn close(&mut self) {
        close(self.current.take());
        close(self.standby.take());
    }

    /// Whose number this is; none for a session that was given up.
    pub fn place(&self, number: u32) -> Option<Place> {
        let is = |session: &Option<Session>| session.as_ref().is_some_and(|session| session.number == number);
        match (is(&self.current), is(&self.standby)) {
            (true, _) => Some(Place::Current),
            (false, true) => Some(Place::Standby),
            (false, false) => None,
        }
    }

    /// One that is connected already, or a new one.
    fn start(&mut self, delay: Duration, route: Route, spare: bool, said: Port<ModelSaid>) -> Session {
        self.opened += 1;
        let (call, number) = (self.call, self.opened);
        let endpoint = self.endpoints.by(route, &self.model);
        let other = self.endpoints.fallback.as_ref().filter(|_| route == Route::Primary).map(key);
        let (timing, governor) = (self.timing, self.governor.clone());
        let adopted = if delay.is_zero() { warm::adopt(&endpoint, &said, number, spare) } else { None };
        let addr = adopted.unwrap_or_else(|| {
            let told = move |exit| tracing::debug!(call.id = %call, model.session = number, %exit, "model session ended");
            OpenAiSessionActor::start(ModelBrief { endpoint, other, timing, delay, governor, call: Some(said), spare, number }, told)
        });
        Session { number, orders: addr.clone().into(), close: addr.clone().into(), take_part: addr.into() }
    }
}

fn order(session: Option<&Session>, command: ModelCommand) {
    if let Some(session) = session {
        session.orders.tell(ModelOrder(command));
    }
}

fn close(session: Option<Session>) {
    if let Some(session) = session {
        session.close.tell(CloseModel);
    }
}
