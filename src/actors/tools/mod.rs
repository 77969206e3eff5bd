//! Tools of the assistant, used where they are asked for. Every call is answered, once.

mod arguments;
mod definition;
pub mod opt_out;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::Message;
use bytestring::ByteString;
use serde::Serialize;
use uuid::Uuid;

use self::arguments::Nothing;
pub use self::definition::definition;
use self::opt_out::OptOutPort;
use super::clock;
use super::port::Port;
use crate::config::ToolSettings;
use crate::metrics;
use crate::session::event::{ToolCall, ToolEffect, ToolOutcome};
use crate::store::{CallStore, Callback, OptOut, OptOutSource, StoreError};
use crate::telemetry::trace::{KeyValue, SpanKind, Start, Trace};
use crate::types::{CallId, PhoneNumber, Redacted};
use crate::web::{self, Reach};

const OK: &str = "ok";
/// A name of the model's own making is no label.
const UNKNOWN: &str = "unknown";

/// A tool was used, for the call that asked.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct ToolUsed(pub ToolOutcome);

/// What one call may use.
#[derive(Clone)]
pub struct Toolbox(Arc<Contents>);

struct Contents {
    tools: BTreeMap<String, ToolSettings>,
    matter: Option<CallMatter>,
    reach: Reach,
}

/// The call that tools are used in.
#[derive(Clone)]
pub struct CallMatter {
    pub call: CallId,
    /// The other end, where it has a number.
    pub number: Option<PhoneNumber>,
    pub store: CallStore,
}

impl Default for Toolbox {
    /// To hang up needs nothing.
    fn default() -> Self {
        Self::of(vec![ToolSettings::EndCall], None, Reach::default())
    }
}

impl fmt::Debug for Toolbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.tools.keys()).finish()
    }
}

/// What came of a use, before it is told.
#[derive(Debug, PartialEq, Eq)]
struct Used {
    output: String,
    effect: Option<ToolEffect>,
    /// The word it is counted under.
    outcome: &'static str,
}

#[derive(Serialize)]
struct Done {
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    scheduled_for: Option<String>,
}

#[derive(Serialize)]
struct Failed<'a> {
    error: &'a str,
}

impl Used {
    fn done(effect: Option<ToolEffect>) -> Self {
        Self { output: json(&Done { ok: true, scheduled_for: None }), effect, outcome: OK }
    }

    fn failed(outcome: &'static str, error: &str) -> Self {
        Self { output: json(&Failed { error }), effect: None, outcome }
    }

    fn wrong(error: String) -> Self {
        Self::failed("invalid_arguments", &error)
    }

    fn not_stored(error: &StoreError) -> Self {
        tracing::error!(%error, "a caller's wish is not on record");
        let text = "it could not be written down: our database is not available. Tell the caller, and do not promise it.";
        Self::failed("unavailable", text)
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

impl Toolbox {
    #[must_use]
    pub fn new(tools: Vec<ToolSettings>, matter: CallMatter, reach: Reach) -> Self {
        Self::of(tools, Some(matter), reach)
    }

    fn of(tools: Vec<ToolSettings>, matter: Option<CallMatter>, reach: Reach) -> Self {
        let tools = tools.into_iter().filter_map(|tool| Some((name(&tool)?.to_owned(), tool))).collect();
        Self(Arc::new(Contents { tools, matter, reach }))
    }

    /// Answers once, soon or late.
    pub fn use_tool(&self, call: ToolCall, trace: &Trace, answer: &Port<ToolUsed>) {
        let owed = Owed { call_id: call.call_id.clone(), answer: answer.clone(), is_told: false };
        let (contents, began) = (self.0.clone(), clock::now());
        let trace = trace.child(|| contents.span(&call.name));
        actix_rt::spawn(async move {
            let used = contents.run(&call, &trace).await;
            contents.note(&call.name, used.outcome, began);
            trace.note(KeyValue::new("tool.outcome", used.outcome));
            if used.outcome != OK {
                trace.failed(used.outcome);
            }
            owed.tell(used);
        });
    }
}

/// None for tools that are not used here.
fn name(tool: &ToolSettings) -> Option<&str> {
    Some(match tool {
        ToolSettings::EndCall => "end_call",
        ToolSettings::TransferCall { .. } => "transfer_call",
        ToolSettings::SendDtmf => "send_dtmf",
        ToolSettings::HoldCall => "hold_call",
        ToolSettings::ScheduleCallback => "schedule_callback",
        ToolSettings::OptOut => "opt_out",
        ToolSettings::Http(tool) => &tool.name,
        ToolSettings::Mcp(_) => return None,
    })
}

impl Contents {
    async fn run(&self, call: &ToolCall, trace: &Trace) -> Used {
        let Some(tool) = self.tools.get(&call.name) else { return Used::failed("unknown_tool", "there is no such tool") };
        let arguments = call.arguments.as_str();
        match tool {
            ToolSettings::EndCall => without_arguments(arguments, ToolEffect::EndCall),
            ToolSettings::HoldCall => without_arguments(arguments, ToolEffect::Hold),
            ToolSettings::TransferCall { targets } => with_effect(arguments::target(arguments, targets), ToolEffect::Transfer),
            ToolSettings::SendDtmf => with_effect(arguments::digits(arguments), ToolEffect::SendDigits),
            ToolSettings::ScheduleCallback => self.schedule_callback(arguments).await,
            ToolSettings::OptOut => self.opt_out(arguments, source(call)).await,
            ToolSettings::Http(tool) => match web::ask(tool, arguments, &self.reach, trace).await {
                Ok(output) => Used { output, effect: None, outcome: OK },
                Err(error) => Used { output: error.output(), effect: None, outcome: error.as_str() },
            },
            ToolSettings::Mcp(_) => Used::failed("unknown_tool", "this tool is not used here"),
        }
    }

    async fn schedule_callback(&self, arguments: &str) -> Used {
        let created = clock::utc();
        let (at, note) = match arguments::callback(arguments, created) {
            Ok(wish) => wish,
            Err(error) => return Used::wrong(error),
        };
        let Some((matter, number)) = self.caller() else { return no_number() };
        let callback = Callback { id: Uuid::now_v7(), call: matter.call, number, at, note: note.map(Redacted), created };
        match matter.store.schedule_callback(callback).await {
            Ok(()) => Used { output: json(&Done { ok: true, scheduled_for: Some(at.to_rfc3339()) }), effect: None, outcome: OK },
            Err(error) => Used::not_stored(&error),
        }
    }

    async fn opt_out(&self, arguments: &str, source: OptOutSource) -> Used {
        if let Err(error) = arguments::read::<Nothing>(arguments) {
            return Used::wrong(error);
        }
        let Some((matter, number)) = self.caller() else { return no_number() };
        let opt_out = OptOut { number, call: Some(matter.call), source, at: clock::utc(), note: None, by: None };
        match OptOutPort::new(matter.store.clone()).note(opt_out).await {
            Ok(()) => Used::done(None),
            Err(error) => Used::not_stored(&error),
        }
    }

    fn caller(&self) -> Option<(&CallMatter, PhoneNumber)> {
        let matter = self.matter.as_ref()?;
        Some((matter, matter.number.clone()?))
    }

    /// <https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/#execute-tool-span>
    fn span(&self, name: &str) -> Start {
        let name = self.known(name);
        let attributes = vec![KeyValue::new("gen_ai.operation.name", "execute_tool"), KeyValue::new("gen_ai.tool.name", name.to_owned())];
        Start { name: format!("execute_tool {name}"), kind: SpanKind::Client, at: clock::utc().into(), attributes }
    }

    /// Never what the model made up.
    fn known<'a>(&self, name: &'a str) -> &'a str {
        if self.tools.contains_key(name) { name } else { UNKNOWN }
    }

    /// What was handed to the tool, and what it answered, stays out.
    fn note(&self, name: &str, outcome: &'static str, began: Instant) {
        let name = self.known(name);
        let took: Duration = clock::now().saturating_duration_since(began);
        let call = self.matter.as_ref().map(|matter| matter.call.to_string());
        tracing::info!(call.id = call, tool = name, ms = took.as_millis() as u64, outcome, "tool used");
        metrics::tool_used(name, outcome, took);
    }
}

/// A key that uses a tool belongs to no response of the model.
fn source(call: &ToolCall) -> OptOutSource {
    if call.response.is_empty() { OptOutSource::Keyed } else { OptOutSource::Spoken }
}

fn without_arguments(arguments: &str, effect: ToolEffect) -> Used {
    with_effect(arguments::read::<Nothing>(arguments), |_| effect)
}

fn with_effect<T>(arguments: Result<T, String>, effect: impl FnOnce(T) -> ToolEffect) -> Used {
    arguments.map_or_else(Used::wrong, |arguments| Used::done(Some(effect(arguments))))
}

fn no_number() -> Used {
    Used::failed("no_number", "the caller's number is not known")
}

/// An answer that a call waits for: whatever becomes of the work, it comes.
struct Owed {
    call_id: ByteString,
    answer: Port<ToolUsed>,
    is_told: bool,
}

impl Owed {
    fn tell(mut self, used: Used) {
        self.send(used);
    }

    fn send(&mut self, Used { output, effect, .. }: Used) {
        self.is_told = true;
        self.answer.tell(ToolUsed(ToolOutcome { call_id: self.call_id.clone(), output: Redacted(output), effect }));
    }
}

impl Drop for Owed {
    fn drop(&mut self) {
        if !self.is_told {
            self.send(Used::failed("broken", "the tool broke down"));
        }
    }
}

#[cfg(test)]
mod tests;
