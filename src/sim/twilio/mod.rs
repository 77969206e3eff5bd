//! A fake Twilio.
mod address;
mod caller;
mod hearing;
mod playback;
mod signing;
mod twiml;
mod wire;
