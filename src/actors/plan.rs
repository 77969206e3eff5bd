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
    /// Said by Twilio's voice when no model can be had; none for a text of ours.
    pub lifeboat_say: Option<String>,
    /// Rung after it.
    pub lifeboat_dial: Option<PhoneNumber>,
    pub tools: Toolbox,
}

impl CallPlan {
    /// What this assistant wants for this call.
    #[must_use]
    pub fn of(casting: &Casting, matter: CallMatter, environment: Environment) -> Self {
        let assistant = &casting.assistant;
        Self {
            machine_detection: assistant.opening.machine_detection,
            record: assistant.recording.enabled,
            lifeboat_say: Some(casting.fill(&assistant.lifeboat.say)).filter(|text| !text.is_empty()),
            lifeboat_dial: assistant.lifeboat.dial.clone(),
            tools: Toolbox::new(assistant.tools.clone(), matter, Reach { loopback: !environment.is_production(), ..Reach::default() }),
        }
    }
}
