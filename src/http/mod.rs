//! The doors: one file per endpoint. Handlers translate; they decide nothing.

mod analytics;
mod auth;
mod body;
mod call_history;
mod consents;
mod conversation;
mod csv;
mod do_not_call;
mod error;
mod format;
mod frames;
mod health;
mod hooks;
mod media_stream;
mod metrics;
mod moment;
mod observe;
mod request_call;
mod signed;
mod slice;
mod views;

use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Resource, Route};

use crate::actors::engine::Engine;
use crate::metrics::Handle;

pub use error::Problem;
pub use observe::{RequestSpan, observe};

use auth::bearer;
use signed::SignatureCheck;

/// What the handlers share.
#[derive(Clone)]
pub struct Doors {
    engine: Engine,
    signatures: SignatureCheck,
    metrics: Handle,
}

impl Doors {
    #[must_use]
    pub fn new(engine: Engine, metrics: Handle) -> Self {
        let signatures = SignatureCheck::new(engine.config());
        Self { engine, signatures, metrics }
    }

    /// Whose pages may use the API.
    #[must_use]
    pub fn cors_origins(&self) -> Vec<String> {
        self.engine.config().server.cors_origins.clone()
    }

    /// Every path there is.
    pub fn configure(self, app: &mut ServiceConfig) {
        app.app_data(web::Data::new(self))
            .app_data(error::json_config())
            .app_data(error::query_config())
            .app_data(web::PayloadConfig::new(64 * 1024))
            .service(resource("/health", READ, get(health::health)))
            .service(resource("/health/live", READ, get(health::live)))
            .service(resource("/health/ready", READ, get(health::ready)))
            .service(resource("/metrics", READ, get(metrics::metrics)).wrap(bearer()))
            .service(resource("/api/request-call", "POST", [web::post().to(request_call::request_call)]).wrap(bearer()))
            .service(resource("/api/call-history", READ, get(call_history::call_history)).wrap(bearer()))
            .service(resource("/api/analytics", READ, get(analytics::analytics)).wrap(bearer()))
            .service(resource("/api/call/{call}", READ, get(conversation::call)).wrap(bearer()))
            .service(resource("/api/call/{call}/conversation", READ, get(conversation::conversation)).wrap(bearer()))
            .service(resource("/api/do-not-call", LIST, list(do_not_call::list, do_not_call::add)).wrap(bearer()))
            .service(
                resource("/api/do-not-call/import", "POST", [web::post().to(do_not_call::import)]).app_data(long_text()).wrap(bearer()),
            )
            .service(resource("/api/do-not-call/{number}", "DELETE", [web::delete().to(do_not_call::remove)]).wrap(bearer()))
            .service(resource("/api/consents", LIST, list(consents::list, consents::give)).wrap(bearer()))
            .service(resource("/api/consents/{id}/revoke", "POST", [web::post().to(consents::revoke)]).wrap(bearer()))
            .service(resource("/incoming-call", "GET, POST", both(hooks::incoming_call)))
            .service(resource("/twilio/voice/{call}", "GET, POST", both(hooks::answered)))
            .service(resource("/twilio/resume/{call}/{epoch}", "GET, POST", both(hooks::resume)))
            .service(resource("/twilio/transferred/{call}/{epoch}", "GET, POST", both(hooks::transferred)))
            .service(resource("/twilio/amd/{call}", "GET, POST", both(hooks::detected)))
            .service(resource("/twilio/recording/{call}", "GET, POST", both(hooks::recorded)))
            .service(resource("/twilio/status/{call}", "GET, POST", both(hooks::status)))
            .service(resource("/media-stream", "GET", [web::get().to(media_stream::without_token)]))
            .service(resource("/media-stream/{token}", "GET", [web::get().to(media_stream::media_stream)]))
            .default_service(web::to(error::not_found));
    }
}

/// Who may GET may ask by HEAD for all but the body. RFC 9110 section 9.3.2
const READ: &str = "GET, HEAD";
const LIST: &str = "GET, HEAD, POST";

/// Of a list of 200,000 numbers.
fn long_text() -> web::PayloadConfig {
    web::PayloadConfig::new(4 * 1024 * 1024)
}

fn get<F, Args>(handler: F) -> [Route; 2]
where
    F: actix_web::Handler<Args> + Clone,
    Args: actix_web::FromRequest + 'static,
    F::Output: actix_web::Responder + 'static,
{
    [web::get().to(handler.clone()), web::head().to(handler)]
}

/// A list that is read, and added to.
fn list<F, Args, G, More>(read: F, add: G) -> [Route; 3]
where
    F: actix_web::Handler<Args> + Clone,
    Args: actix_web::FromRequest + 'static,
    F::Output: actix_web::Responder + 'static,
    G: actix_web::Handler<More>,
    More: actix_web::FromRequest + 'static,
    G::Output: actix_web::Responder + 'static,
{
    let [get, head] = get(read);
    [get, head, web::post().to(add)]
}

/// Twilio asks by POST, or by GET if a number is configured so.
fn both<F, Args>(handler: F) -> [Route; 2]
where
    F: actix_web::Handler<Args> + Clone,
    Args: actix_web::FromRequest + 'static,
    F::Output: actix_web::Responder + 'static,
{
    [web::post().to(handler.clone()), web::get().to(handler)]
}

/// A path that answers wrong methods as RFC 9110 section 15.5.6 asks for.
fn resource<const N: usize>(path: &str, allowed: &'static str, routes: [Route; N]) -> Resource {
    let refuse = move |method: Method| async move { refuse_method(&method, allowed) };
    routes.into_iter().fold(web::resource(path), Resource::route).default_service(web::to(refuse))
}

fn refuse_method(method: &Method, allowed: &'static str) -> HttpResponse {
    error::method_not_allowed(method, allowed)
}
