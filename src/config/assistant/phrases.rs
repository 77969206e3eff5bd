//! What is said whatever the model would say.

use crate::config::reader::Reader;
use crate::types::PhoneNumber;

/// Said when an answer takes long; empty for nothing.
#[derive(Clone, Debug)]
pub struct Phrases {
    pub filler: String,
    pub apology: String,
}

/// Where no model can be had.
#[derive(Clone, Debug)]
pub struct Lifeboat {
    /// Said by Twilio's own voice.
    pub say: String,
    /// The call is handed to this number then.
    pub dial: Option<PhoneNumber>,
}

/// By Twilio.
#[derive(Clone, Debug)]
pub struct Recording {
    pub enabled: bool,
    /// Spoken with the greeting.
    pub announcement: String,
}

impl Phrases {
    pub(super) fn read(reader: &mut Reader<'_>, known: &[&str]) -> Self {
        Self { filler: reader.template("assistant.phrases.filler", known), apology: reader.template("assistant.phrases.apology", known) }
    }
}

impl Lifeboat {
    pub(super) fn read(reader: &mut Reader<'_>, known: &[&str]) -> Self {
        Self { say: reader.template("assistant.lifeboat.say", known), dial: reader.phone_number("assistant.lifeboat.dial") }
    }
}

impl Recording {
    pub(super) fn read(reader: &mut Reader<'_>, known: &[&str]) -> Self {
        Self {
            enabled: reader.boolean("assistant.recording.enabled"),
            announcement: reader.template("assistant.recording.announcement", known),
        }
    }
}
