//! The doors: one file per endpoint. Handlers translate; they decide nothing.

mod actors;
mod analytics;
mod assistants;
mod auth;
mod body;
mod call_events;
mod call_history;
mod commands;
mod consents;
mod conversation;
mod csv;
mod do_not_call;
mod docs;
mod door;
mod error;
mod events;
mod format;
mod frames;
mod health;
mod hooks;
mod key_ring;
mod media_stream;
mod metrics;
mod moment;
mod observe;
mod once;
mod openapi;
mod page;
mod patience;
mod phone_tickets;
mod protect;
mod repeats;
mod request_call;
mod session;
mod setup;
mod signed;
mod slice;
mod velocity;
mod views;
mod webhook_deliveries;
mod webhook_letter;

use std::sync::Arc;

use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};
use tokio::sync::Semaphore;

use crate::actors::engine::Engine;
use crate::actors::inbound::{Instruction, MOMENT};
use crate::config::Server;
use crate::metrics::Handle;
use crate::types::Scope;

pub use door::Asked;
pub use error::Problem;
pub use observe::{RequestSpan, observe};
pub use openapi::document;
pub use patience::hurry;
pub use protect::{ALLOWED, EXPOSED};
pub use velocity::limit;
pub use webhook_letter::{webhook_body, webhook_example};

use door::Door;
use key_ring::KeyRing;
use repeats::Repeats;
use signed::SignatureCheck;
use velocity::Velocity;

/// What the handlers share.
#[derive(Clone)]
pub struct Doors {
    engine: Engine,
    signatures: SignatureCheck,
    keys: KeyRing,
    velocity: Velocity,
    repeats: Repeats,
    /// One for each stream that may be without its start.
    unstarted: Arc<Semaphore>,
    /// One for each who watches events.
    watchers: Arc<Semaphore>,
    metrics: Handle,
}

/// Each of them holds a connection, and reads what happens from the database.
const WATCHERS: usize = 100;

impl Doors {
    #[must_use]
    pub fn new(engine: Engine, metrics: Handle) -> Self {
        let signatures = SignatureCheck::new(engine.config());
        let keys = KeyRing::new(engine.config(), engine.store().clone());
        let velocity = Velocity::new(engine.config());
        let unstarted = Arc::new(Semaphore::new(engine.config().velocity.max_unstarted_streams));
        let watchers = Arc::new(Semaphore::new(WATCHERS));
        Self { engine, signatures, keys, velocity, repeats: Repeats::default(), unstarted, watchers, metrics }
    }

    #[must_use]
    pub fn server(&self) -> Server {
        self.engine.config().server.clone()
    }

    /// Where a call waits, to ask this again, while no more streams are let in: it would ask again and again at once.
    fn waiting_room(&self, path: &str) -> Option<Instruction> {
        let domain = self.engine.config().public.domain.as_ref().filter(|_| self.unstarted.available_permits() == 0);
        domain.map(|domain| Instruction::Wait { url: domain.https_url(path), pause: MOMENT })
    }

    /// Forgets what need not be known any more: to be called now and then.
    pub fn tidy(&self) {
        self.velocity.tidy();
    }

    /// Every path there is.
    pub fn configure(self, app: &mut ServiceConfig) {
        app.app_data(web::Data::new(self))
            .app_data(error::json_config())
            .app_data(error::query_config())
            .app_data(web::PayloadConfig::new(64 * 1024));
        doors().into_iter().for_each(|door| door.open(app));
        app.default_service(web::to(error::not_found));
    }
}

/// What every method of every path asks for.
#[must_use]
pub fn asked() -> Vec<Asked> {
    doors().iter().flat_map(Door::asked).cloned().collect()
}

/// A list of 200,000 numbers.
const LONG_TEXT: usize = 4 * 1024 * 1024;

fn doors() -> Vec<Door> {
    use Scope::{Admin, CallsCreate, CallsRead, TranscriptsRead};
    vec![
        Door::at("/health").read(None, health::health),
        Door::at("/health/live").read(None, health::live),
        Door::at("/health/ready").read(None, health::ready),
        Door::at("/metrics").read(Admin, metrics::metrics),
        Door::at("/api/openapi.json").read(None, openapi::openapi),
        Door::at("/api/session").read(None, session::session),
        Door::at("/api/setup").read(Admin, setup::setup),
        Door::at("/api/actors").read(Admin, actors::actors),
        Door::at("/api/events").read(CallsRead, events::events),
        Door::at("/api/assistants").read(CallsRead, assistants::assistants),
        Door::at("/api/phone-tickets").on(Method::POST, CallsCreate, phone_tickets::create),
        Door::at("/api/request-call").on(Method::POST, CallsCreate, request_call::request_call),
        Door::at("/api/call-history").read(CallsRead, call_history::call_history),
        Door::at("/api/analytics").read(CallsRead, analytics::analytics),
        Door::at("/api/call/{call}").read(CallsRead, conversation::call),
        Door::at("/api/call/{call}/events").read(CallsRead, call_events::call_events),
        Door::at("/api/call/{call}/hangup").on(Method::POST, CallsCreate, commands::hang_up),
        Door::at("/api/call/{call}/transfer").on(Method::POST, CallsCreate, commands::transfer),
        Door::at("/api/call/{call}/conversation").read(TranscriptsRead, conversation::conversation),
        Door::at("/api/do-not-call").read(CallsRead, do_not_call::list).on(Method::POST, Admin, do_not_call::add),
        Door::at("/api/do-not-call/import").on(Method::POST, Admin, do_not_call::import).taking(LONG_TEXT),
        Door::at("/api/do-not-call/{number}").on(Method::DELETE, Admin, do_not_call::remove),
        Door::at("/api/consents").read(CallsRead, consents::list).on(Method::POST, Admin, consents::give),
        Door::at("/api/consents/{id}/revoke").on(Method::POST, Admin, consents::revoke),
        Door::at("/api/webhook-deliveries").read(Admin, webhook_deliveries::list),
        Door::at("/api/webhook-deliveries/{event}/resend").on(Method::POST, Admin, webhook_deliveries::resend),
        Door::at("/incoming-call").hook(hooks::incoming_call),
        Door::at("/twilio/voice/{call}").hook(hooks::answered),
        Door::at("/twilio/resume/{call}/{epoch}").hook(hooks::resume),
        Door::at("/twilio/transferred/{call}/{epoch}").hook(hooks::transferred),
        Door::at("/twilio/amd/{call}").hook(hooks::detected),
        Door::at("/twilio/recording/{call}").hook(hooks::recorded),
        Door::at("/twilio/status/{call}").hook(hooks::status),
        Door::at("/").read(None, page::page),
        Door::at("/{page:calls|live|phone|assistants|setup}").read(None, page::page),
        Door::at("/calls/{call}").read(None, page::page),
        Door::at("/assets/{path:.*}").read(None, page::asset),
        Door::at("/docs").read(None, docs::folder),
        Door::at("/docs/{file:.*}").read(None, docs::file),
        Door::at("/media-stream").on(Method::GET, None, media_stream::without_token),
        Door::at("/media-stream/{token}").on(Method::GET, None, media_stream::media_stream),
    ]
}
