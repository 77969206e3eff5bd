//! What the model is told of a tool: its name, when to use it, and its arguments.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::config::ToolSettings;
use crate::session::policy::Tool;

/// None for what the model's server uses by itself.
#[must_use]
pub fn definition(tool: &ToolSettings) -> Option<Tool> {
    let (description, parameters) = match tool {
        ToolSettings::EndCall => (END_CALL, no_arguments()),
        ToolSettings::TransferCall { targets } => {
            let names = targets.keys().map(String::as_str).collect();
            (TRANSFER_CALL, arguments(&[("target", Argument { choices: Some(names), ..Argument::text(TARGET) })], &["target"]))
        }
        ToolSettings::SendDtmf => {
            let digits = Argument { pattern: Some("^[0-9*#A-D]{1,32}$"), ..Argument::text("The keys, in order.") };
            (SEND_DTMF, arguments(&[("digits", digits)], &["digits"]))
        }
        ToolSettings::HoldCall => (HOLD_CALL, no_arguments()),
        ToolSettings::ScheduleCallback => {
            let when = Argument { format: Some("date-time"), ..Argument::text(AT) };
            let note = Argument { max_length: Some(500), ..Argument::text("What the call is about.") };
            (SCHEDULE_CALLBACK, arguments(&[("when", when), ("note", note)], &["when"]))
        }
        ToolSettings::OptOut => (OPT_OUT, no_arguments()),
        ToolSettings::Http(tool) => (tool.description.as_str(), tool.parameters.clone()),
        ToolSettings::Mcp(_) => return None,
    };
    Some(Tool { name: tool.name().to_owned(), description: description.to_owned(), parameters })
}

const END_CALL: &str = "Hangs up the phone. Say goodbye first, then call this once the conversation is over.";
const TRANSFER_CALL: &str = "Puts the caller through to a person. Say first that you do, and to whom; the conversation with you ends then.";
const SEND_DTMF: &str = "Plays keys of a phone to the other end, such as those that a menu asks for. Say nothing while they play.";
const HOLD_CALL: &str = "Puts the call on hold, if the caller asks you to wait. You hear nothing until the caller speaks up or presses a key. Say first that you wait.";
const SCHEDULE_CALLBACK: &str = "Has the caller called back at a later time. Say the time back and get a yes before you use it.";
const OPT_OUT: &str =
    "Puts the number on the list of those that are never called again. Use it as soon as that is asked for, and confirm it.";

const TARGET: &str = "Whom the caller is put through to.";
const AT: &str = "When to call, in RFC 3339 with the caller's offset, such as 2026-11-30T15:00:00-05:00.";

/// The schema of an object of texts.
#[derive(Serialize)]
struct Arguments<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    properties: BTreeMap<&'static str, &'a Argument<'a>>,
    required: &'a [&'static str],
    #[serde(rename = "additionalProperties")]
    additional: bool,
}

#[derive(Serialize)]
struct Argument<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    description: &'static str,
    #[serde(rename = "enum", skip_serializing_if = "Option::is_none")]
    choices: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pattern: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<&'static str>,
    #[serde(rename = "maxLength", skip_serializing_if = "Option::is_none")]
    max_length: Option<u32>,
}

impl Argument<'_> {
    const fn text(description: &'static str) -> Self {
        Self { kind: "string", description, choices: None, pattern: None, format: None, max_length: None }
    }
}

fn no_arguments() -> String {
    arguments(&[], &[])
}

fn arguments(properties: &[(&'static str, Argument<'_>)], required: &[&'static str]) -> String {
    let properties = properties.iter().map(|(name, argument)| (*name, argument)).collect();
    let schema = Arguments { kind: "object", properties, required, additional: false };
    // Names are texts: nothing in it can fail to be JSON.
    serde_json::to_string(&schema).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::McpSettings;

    fn parameters(tool: &ToolSettings) -> String {
        definition(tool).expect("a tool of our own").parameters
    }

    fn transfer() -> ToolSettings {
        let number = |text: &str| text.parse().expect("a number");
        let targets = [("sales".to_owned(), number("+14155550100")), ("desk".to_owned(), number("+14155550101"))];
        ToolSettings::TransferCall { targets: BTreeMap::from(targets) }
    }

    #[test]
    fn the_model_chooses_whom_to_put_through_by_name_and_never_sees_a_number() {
        let text = "Whom the caller is put through to.";
        let target = format!(r#"{{"type":"string","description":"{text}","enum":["desk","sales"]}}"#);

        assert_eq!(
            parameters(&transfer()),
            format!(r#"{{"type":"object","properties":{{"target":{target}}},"required":["target"],"additionalProperties":false}}"#)
        );
    }

    #[test]
    fn a_tool_without_arguments_says_so() {
        for tool in [ToolSettings::EndCall, ToolSettings::HoldCall, ToolSettings::OptOut] {
            let told = definition(&tool).expect("a tool of our own");

            assert_eq!(told.name, tool.name());
            assert_eq!(told.parameters, r#"{"type":"object","properties":{},"required":[],"additionalProperties":false}"#);
        }
    }

    #[test]
    fn a_callback_has_a_time_and_keys_are_those_of_a_phone() {
        let (callback, keys) = (parameters(&ToolSettings::ScheduleCallback), parameters(&ToolSettings::SendDtmf));

        assert!(callback.contains(r#""format":"date-time""#) && callback.contains(r#""required":["when"]"#), "{callback}");
        assert!(keys.contains(r#""pattern":"^[0-9*#A-D]{1,32}$""#) && keys.contains(r#""required":["digits"]"#), "{keys}");
    }

    #[test]
    fn a_server_of_tools_is_no_tool() {
        let server = McpSettings { label: "calendar".into(), url: "https://example.com".into(), authorization: None, allowed_tools: None };

        assert_eq!(definition(&ToolSettings::Mcp(server)), None);
    }
}
