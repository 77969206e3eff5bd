//! Who we talk to, and with which keys, as the configuration has it.

use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use super::model_line::Endpoints;
use super::openai_session::LinkTiming;
use crate::config::Config;
use crate::realtime::dialect::Dialect;
use crate::realtime::socket::Endpoint;
use crate::twilio::rest::TwilioRest;
use crate::types::TokenKey;

pub(super) fn twilio_rest(config: &Config) -> Option<TwilioRest> {
    let twilio = &config.twilio;
    let account = twilio.account_sid.as_ref()?;
    let (user, password) = match (&twilio.api_key, &twilio.api_secret) {
        (Some(key), Some(secret)) => (key.clone(), secret.clone()),
        _ => (account.to_string(), twilio.auth_token.clone()?),
    };
    Some(TwilioRest::new(&twilio.api_base_url, account, user, password))
}

pub(super) fn endpoints(config: &Config) -> Endpoints {
    let openai = &config.openai;
    // Without a key no call is admitted, so that this one is never dialled.
    let api_key = openai.api_key.clone().unwrap_or_else(|| SecretString::from(""));
    let url = openai.realtime_url.clone();
    let dialect = Dialect::of(openai.dialect, &url);
    let primary = Endpoint { url, model: openai.model.clone(), api_key, dialect, safety_identifier: None };
    let fallback = openai.fallback.as_ref().map(|fallback| Endpoint {
        url: fallback.realtime_url.clone(),
        model: fallback.model.clone().unwrap_or_else(|| primary.model.clone()),
        api_key: fallback.api_key.clone().unwrap_or_else(|| primary.api_key.clone()),
        dialect: Dialect::of(fallback.dialect, &fallback.realtime_url),
        safety_identifier: None,
    });
    Endpoints { primary, fallback }
}

pub(super) const fn timing(config: &Config) -> LinkTiming {
    let openai = &config.openai;
    LinkTiming { connect: openai.connect_timeout, ping: openai.ping_interval, silence: openai.silence_timeout }
}

/// Configured, or made from the auth token, or good for this process alone.
pub(super) fn token_key(config: &Config) -> TokenKey {
    match (&config.security.stream_token_key, &config.twilio.auth_token) {
        (Some(key), _) => TokenKey::new(key.expose_secret().as_bytes()),
        (None, Some(token)) => TokenKey::derived_from(token.expose_secret().as_bytes()),
        (None, None) => TokenKey::new(Uuid::now_v7().as_bytes()),
    }
}
