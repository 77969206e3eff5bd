//! Which assistant speaks in a call, and what the call asks of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::config::{Assistant, Assistants, Config, NAME, template};
use crate::types::{Asker, Direction, PhoneNumber, Redacted};

/// A call that somebody wants placed. Without an assistant, the default one speaks.
#[derive(Clone)]
pub struct CallWish {
    pub to: PhoneNumber,
    /// Whom the call is for.
    pub name: Option<String>,
    pub assistant: Option<Arc<Assistant>>,
    /// In place of the assistant's; a template, as those are.
    pub instructions: Option<String>,
    /// Values of variables that the assistant declares.
    pub variables: BTreeMap<String, String>,
    /// In place of the assistant's.
    pub voice: Option<String>,
    /// Where the callee is; else wherever their number may be.
    pub time_zone: Option<Tz>,
    /// Not before; at once if it is not told.
    pub scheduled_at: Option<DateTime<Utc>>,
    /// JSON: whatever the client wants to find on the call.
    pub metadata: Option<Redacted<String>>,
    /// Who wants it; none where nobody had to show a key.
    pub asker: Option<Asker>,
}

/// A wish as it is stored, so that any instance can fulfil it.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredWish {
    to: PhoneNumber,
    name: Option<String>,
    assistant: Option<String>,
    instructions: Option<String>,
    voice: Option<String>,
    #[serde(default)]
    variables: BTreeMap<String, String>,
    /// By its name in the IANA database.
    time_zone: Option<String>,
    asker: Option<Asker>,
}

/// An assistant in a call.
#[derive(Clone)]
pub struct Casting {
    pub direction: Direction,
    pub assistant: Arc<Assistant>,
    pub name: Option<String>,
    pub instructions: Option<String>,
    pub voice: Option<String>,
    pub variables: BTreeMap<String, String>,
}

impl CallWish {
    /// A call by the default assistant.
    #[must_use]
    pub const fn to(to: PhoneNumber) -> Self {
        Self {
            to,
            name: None,
            assistant: None,
            instructions: None,
            variables: BTreeMap::new(),
            voice: None,
            time_zone: None,
            scheduled_at: None,
            metadata: None,
            asker: None,
        }
    }

    pub(super) fn on_record(&self) -> Option<Redacted<String>> {
        let stored = StoredWish {
            to: self.to.clone(),
            name: self.name.clone(),
            assistant: self.assistant.as_ref().map(|assistant| assistant.name.clone()),
            instructions: self.instructions.clone(),
            voice: self.voice.clone(),
            variables: self.variables.clone(),
            time_zone: self.time_zone.map(|zone| zone.name().to_owned()),
            asker: self.asker.clone(),
        };
        serde_json::to_string(&stored).ok().map(Redacted)
    }

    pub(super) fn casting(&self, default: &Arc<Assistant>) -> Casting {
        Casting {
            direction: Direction::Outbound,
            assistant: Arc::clone(self.assistant.as_ref().unwrap_or(default)),
            name: self.name.clone(),
            instructions: self.instructions.clone(),
            voice: self.voice.clone(),
            variables: self.variables.clone(),
        }
    }
}

impl StoredWish {
    pub(super) fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// None if the assistant that was named is gone.
    pub(super) fn wish(self, assistants: &Assistants) -> Option<CallWish> {
        let Self { to, name, assistant, instructions, voice, variables, time_zone, asker } = self;
        let assistant = match assistant {
            Some(assistant) => Some(Arc::clone(assistants.named(&assistant)?)),
            None => None,
        };
        let time_zone = time_zone.and_then(|zone| zone.parse().ok());
        Some(CallWish { name, assistant, instructions, voice, variables, time_zone, asker, ..CallWish::to(to) })
    }
}

impl Casting {
    /// For a caller who dialled a number of this assistant.
    #[must_use]
    pub fn inbound(assistant: &Arc<Assistant>) -> Self {
        let (name, instructions, voice) = (None, None, None);
        Self { direction: Direction::Inbound, assistant: Arc::clone(assistant), name, instructions, voice, variables: BTreeMap::new() }
    }

    /// With whose voice it speaks.
    #[must_use]
    pub fn voice<'a>(&'a self, config: &'a Config) -> &'a str {
        self.voice.as_deref().unwrap_or_else(|| config.voice_of(&self.assistant))
    }

    /// A text of the assistant with the values of this call.
    #[must_use]
    pub fn fill(&self, text: &str) -> String {
        let mut values = self.assistant.variables.clone();
        values.extend(self.variables.clone());
        values.extend(self.name.clone().map(|name| (NAME.to_owned(), name)));
        template::fill(text, &values)
    }

    /// What the model is told of its task.
    #[must_use]
    pub fn instructions(&self) -> String {
        self.fill(self.instructions.as_deref().unwrap_or(&self.assistant.instructions))
    }
}
