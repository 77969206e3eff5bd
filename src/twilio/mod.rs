//! Twilio's wire formats: the media stream, TwiML, webhooks and their signatures, the REST API.
//!
//! Everything here translates between Twilio's words and ours and decides nothing: a codec is a pair
//! of plain functions, a webhook becomes a checked value, and the REST client is the only part that
//! opens a socket. Twilio's texts go no further than this tier.

mod loose;
pub mod media;
pub mod rest;
pub mod signature;
pub mod status;
pub mod twiml;
pub mod webhook;
