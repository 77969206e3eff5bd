//! What an assistant wants of the telephone, beside the conversation.

use super::tools::Toolbox;
use crate::types::PhoneNumber;

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
