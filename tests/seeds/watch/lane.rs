//! What goes to a model: one request, one response, one answer to each of its tool calls.

use std::collections::{BTreeMap, BTreeSet};

use alpha_call::session::event::{ErrorClass, Input, ModelCommand, ModelEvent, Output, ResponseId};

use crate::rule::{Held, Rule, broken, holds};

#[derive(Default)]
pub struct LaneWatch {
    asked: bool,
    active: Option<ResponseId>,
    configured: bool,
    /// Tool calls of this model session; true if answered.
    calls: BTreeMap<String, bool>,
    /// Tools that were used, of this session of ours.
    used: BTreeSet<String>,
}

impl LaneWatch {
    pub fn told(&mut self, input: &Input) {
        let Input::Model(event) = input else { return };
        match event {
            ModelEvent::ResponseCreated { response } => (self.active, self.asked) = (Some(response.clone()), false),
            ModelEvent::ResponseDone { response, .. } if self.active.as_ref().is_none_or(|active| active == response) => {
                (self.active, self.asked) = (None, false);
            }
            ModelEvent::Error(error) => match error.class {
                ErrorClass::LaneTaken | ErrorClass::Transient => self.asked = false,
                ErrorClass::NothingToCancel => self.active = None,
                ErrorClass::Benign | ErrorClass::OurFault | ErrorClass::Fatal => {}
            },
            ModelEvent::ToolCalled(call) => {
                self.calls.entry(call.call_id.to_string()).or_insert(false);
            }
            _ => {}
        }
    }

    pub fn ordered(&mut self, output: &Output) -> Held {
        match output {
            Output::Model(command) => self.commanded(command),
            Output::Promote => {
                self.forget_model();
                self.configured = true;
                Ok(())
            }
            Output::Tool(call) => {
                let fresh = self.used.insert(call.call_id.to_string());
                holds(Rule::Tools, fresh, || format!("tool call {} was used twice", call.call_id))
            }
            Output::Leg(_) | Output::Standby(_) | Output::Transfer(_) | Output::Record(_) | Output::Hangup(_) => Ok(()),
        }
    }

    fn commanded(&mut self, command: &ModelCommand) -> Held {
        match command {
            ModelCommand::Open { .. } => self.forget_model(),
            ModelCommand::Configure { .. } => {
                holds(Rule::OneResponse, !self.configured, || "a model was configured twice".to_owned())?;
                self.configured = true;
            }
            ModelCommand::CreateResponse { .. } => {
                holds(Rule::OneResponse, !self.asked, || "two responses were asked for".to_owned())?;
                holds(Rule::OneResponse, self.active.is_none(), || format!("asked for a response while {:?} is active", self.active))?;
                self.asked = true;
            }
            ModelCommand::ToolResult { call_id, .. } => match self.calls.get_mut(&**call_id) {
                Some(answered) => {
                    let again = std::mem::replace(answered, true);
                    holds(Rule::Tools, !again, || format!("tool call {call_id} was answered twice"))?;
                }
                None => broken(Rule::Tools, format!("tool call {call_id} is not of this model"))?,
            },
            _ => {}
        }
        Ok(())
    }

    pub fn restarted(&mut self) {
        self.used.clear();
        self.forget_model();
    }

    fn forget_model(&mut self) {
        (self.asked, self.active, self.configured) = (false, None, false);
        self.calls.clear();
    }
}
