//! How often one may ask, on this instance: per key and per range of numbers where calls are placed, per address everywhere but
//! at the doors of Twilio, which comes from many.

mod client;
mod fields;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, HttpRequest, web};
use rate_limit::clock::MonotonicClock;

use super::key_ring::{Caller, Identity};
use super::{Doors, Problem};
use crate::config::Config;
use crate::governor::velocity::{Allowance, Meter, prefix};
use crate::types::{Code, PhoneNumber};

pub(super) use client::ClientAddress;
pub(super) use fields::tell;

/// Clones count together.
#[derive(Clone)]
pub(super) struct Velocity(Arc<Inner>);

struct Inner {
    trusted_hops: usize,
    calls_per_key: Meter<Identity, MonotonicClock>,
    calls_per_prefix: Meter<String, MonotonicClock>,
    requests: Meter<ClientAddress, MonotonicClock>,
    failures: Meter<ClientAddress, MonotonicClock>,
    /// Whose keys are not looked at, and until when.
    shut_out: Mutex<HashMap<ClientAddress, (Instant, Allowance)>>,
}

/// What was counted of a request, told with its answer.
struct Counted(Vec<Allowance>);

impl Velocity {
    pub(super) fn new(config: &Config) -> Self {
        let limits = &config.velocity;
        Self(Arc::new(Inner {
            trusted_hops: config.server.trusted_hops,
            calls_per_key: Meter::new("per-key", limits.calls_per_key, MonotonicClock),
            calls_per_prefix: Meter::new("per-prefix", limits.calls_per_prefix, MonotonicClock),
            requests: Meter::new("per-address", limits.requests_per_address, MonotonicClock),
            failures: Meter::new("failed-keys", limits.failed_keys_per_address, MonotonicClock),
            shut_out: Mutex::default(),
        }))
    }

    /// A call is to be placed. What is left is told with the answer.
    pub(super) fn count_call(&self, request: &HttpRequest, to: &PhoneNumber) -> Result<(), Problem> {
        let caller = request.extensions().get::<Caller>().cloned().unwrap_or_default();
        let of_key = self.0.calls_per_key.count(caller.identity()).map_err(too_many)?;
        let of_prefix = self.0.calls_per_prefix.count(&prefix(to).to_owned()).map_err(too_many)?;
        request.extensions_mut().insert(Counted(of_key.into_iter().chain(of_prefix).collect()));
        Ok(())
    }

    /// Whose keys were wrong too often waits before the next is looked at.
    pub(super) fn listens_to(&self, request: &HttpRequest) -> Result<(), Problem> {
        let shut_out = self.0.shut_out.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((until, allowance)) = shut_out.get(&self.client(request)) else { return Ok(()) };
        let reset = until.saturating_duration_since(Instant::now());
        if reset.is_zero() { Ok(()) } else { Err(too_many(Allowance { reset, ..*allowance })) }
    }

    /// No such key.
    pub(super) fn count_failure(&self, request: &HttpRequest) {
        let client = self.client(request);
        let Some(spent) = self.0.failures.exhausted(&client) else { return };
        self.0.shut_out.lock().unwrap_or_else(PoisonError::into_inner).insert(client, (Instant::now() + spent.reset, spent));
    }

    fn client(&self, request: &HttpRequest) -> ClientAddress {
        // What a client wrote ahead of a proxy's word need not be text.
        let forwarded = request.headers().get_all("x-forwarded-for").map(|value| String::from_utf8_lossy(value.as_bytes()));
        let forwarded: Vec<_> = forwarded.collect();
        let peer = request.peer_addr().map(|peer| peer.ip());
        ClientAddress::of(peer, forwarded.iter().map(Cow::as_ref), self.0.trusted_hops)
    }

    /// Keeps what must be remembered, and no more: to be called now and then.
    pub(super) fn tidy(&self) {
        let inner = &self.0;
        inner.calls_per_key.tidy();
        inner.calls_per_prefix.tidy();
        inner.requests.tidy();
        inner.failures.tidy();
        let now = Instant::now();
        inner.shut_out.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, (until, _)| *until > now);
    }
}

/// Every request but those of Twilio and of who asks whether we are well.
pub async fn limit(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let velocity = request.app_data::<web::Data<Doors>>().map(|doors| doors.velocity.clone());
    let pattern = request.match_pattern();
    if let Some(velocity) = velocity.filter(|_| pattern.as_deref().is_none_or(is_counted))
        && let Err(allowance) = velocity.0.requests.count(&velocity.client(request.request()))
    {
        return Ok(request.error_response(too_many(allowance)).map_into_right_body());
    }
    let mut answer = next.call(request).await?;
    let counted = answer.request().extensions_mut().remove::<Counted>();
    if let Some(Counted(allowances)) = counted
        && !answer.headers().contains_key(fields::RATE_LIMIT)
    {
        tell(&allowances, answer.headers_mut());
    }
    Ok(answer.map_into_left_body())
}

pub(super) fn is_counted(pattern: &str) -> bool {
    pattern.starts_with("/api/") || pattern == "/metrics"
}

fn too_many(spent: Allowance) -> Problem {
    tracing::debug!(limit = spent.name, "asked too often");
    // None can be had at once, however little is missing.
    let spent = Allowance { reset: spent.reset.max(Duration::from_millis(1)), ..spent };
    Problem::new(Code::RateLimited, format!("{} a minute are allowed ({})", spent.quota, spent.name)).spent(spent)
}
