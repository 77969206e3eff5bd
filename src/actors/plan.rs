//! What an assistant wants of the telephone, beside the conversation.

use super::casting::Casting;
use super::tools::{CallMatter, Toolbox};
use crate::config::Environment;
use crate::types::PhoneNumber;
use crate::web::Reach;

/// For one call.
#[derive(Clone, Debug, Default)]
pub struct CallPlan {
    /// Twilio listens who or what picks up, where we call.
    pub machine_detection: bool,
    pub record: bool,
    pub lifeboat: Lifeboat,
    pub tools: Toolbox,
}

/// For a caller when no model can be had.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lifeboat {
    /// Said by Twilio's voice; none for a text of ours.
    pub say: Option<String>,
    /// Rung after it.
    pub dial: Option<PhoneNumber>,
}

impl Lifeboat {
    #[must_use]
    pub fn of(casting: &Casting) -> Self {
        let lifeboat = &casting.assistant.lifeboat;
        Self { say: Some(casting.fill(&lifeboat.say)).filter(|text| !text.is_empty()), dial: lifeboat.dial.clone() }
    }
}

impl CallPlan {
    /// What this assistant wants for this call.
    #[must_use]
    pub fn of(casting: &Casting, matter: CallMatter, environment: Environment) -> Self {
        let assistant = &casting.assistant;
        Self {
            machine_detection: assistant.opening.machine_detection,
            record: assistant.recording.enabled,
            lifeboat: Lifeboat::of(casting),
            tools: Toolbox::new(assistant.tools.clone(), matter, Reach::within(environment.is_production())),
        }
    }
}
