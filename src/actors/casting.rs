//! Which assistant speaks in a call, and what the call asks of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono_tz::Tz;

use crate::config::{Assistant, NAME, template};
use crate::types::{Asker, Direction, PhoneNumber};

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
    /// Where the callee is; else wherever their number may be.
    pub time_zone: Option<Tz>,
    /// Who wants it; none where nobody had to show a key.
    pub asker: Option<Asker>,
}

/// An assistant in a call.
#[derive(Clone)]
pub struct Casting {
    pub direction: Direction,
    pub assistant: Arc<Assistant>,
    pub name: Option<String>,
    pub instructions: Option<String>,
    pub variables: BTreeMap<String, String>,
}

impl CallWish {
    /// A call by the default assistant.
    #[must_use]
    pub const fn to(to: PhoneNumber) -> Self {
        Self { to, name: None, assistant: None, instructions: None, variables: BTreeMap::new(), time_zone: None, asker: None }
    }

    pub(super) fn casting(&self, default: &Arc<Assistant>) -> Casting {
        Casting {
            direction: Direction::Outbound,
            assistant: Arc::clone(self.assistant.as_ref().unwrap_or(default)),
            name: self.name.clone(),
            instructions: self.instructions.clone(),
            variables: self.variables.clone(),
        }
    }
}

impl Casting {
    /// For a caller who dialled a number of this assistant.
    #[must_use]
    pub fn inbound(assistant: &Arc<Assistant>) -> Self {
        let (name, instructions) = (None, None);
        Self { direction: Direction::Inbound, assistant: Arc::clone(assistant), name, instructions, variables: BTreeMap::new() }
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
