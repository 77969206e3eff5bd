//! What the model is told of a tool: its name, when to use it, and its arguments.

use serde_json::{Value, json};

use crate::config::ToolSettings;
use crate::session::policy::Tool;

/// None for what the model's server uses by itself.
#[must_use]
pub fn definition(tool: &ToolSettings) -> Option<Tool> {
    let (description, parameters) = match tool {
        ToolSettings::EndCall => (END_CALL, object(&json!({}), &[])),
        ToolSettings::TransferCall { targets } => {
            let names: Vec<&str> = targets.keys().map(String::as_str).collect();
            let target = json!({ "type": "string", "enum": names, "description": "Whom the caller is put through to." });
            (TRANSFER_CALL, object(&json!({ "target": target }), &["target"]))
        }
        ToolSettings::SendDtmf => {
            let digits = json!({ "type": "string", "pattern": "^[0-9*#A-D]{1,32}$", "description": "The keys, in order." });
            (SEND_DTMF, object(&json!({ "digits": digits }), &["digits"]))
        }
        ToolSettings::HoldCall => (HOLD_CALL, object(&json!({}), &[])),
        ToolSettings::ScheduleCallback => {
            let at = json!({ "type": "string", "format": "date-time", "description": "When to call, in RFC 3339 with the caller's offset, such as 2026-11-30T15:00:00-05:00." });
            let note = json!({ "type": "string", "maxLength": 500, "description": "What the call is about." });
            (SCHEDULE_CALLBACK, object(&json!({ "at": at, "note": note }), &["at"]))
        }
        ToolSettings::OptOut => (OPT_OUT, object(&json!({}), &[])),
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

fn object(properties: &Value, required: &[&str]) -> String {
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false }).to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::McpSettings;

    fn targets() -> ToolSettings {
        let number = |text: &str| text.parse().expect("a number");
        ToolSettings::TransferCall {
            targets: BTreeMap::from([("sales".to_owned(), number("+14155550100")), ("desk".to_owned(), number("+14155550101"))]),
        }
    }

    #[test]
    fn every_tool_of_our_own_has_a_schema_of_an_object_with_its_required_properties() {
        for tool in [
            ToolSettings::EndCall,
            targets(),
            ToolSettings::SendDtmf,
            ToolSettings::HoldCall,
            ToolSettings::ScheduleCallback,
            ToolSettings::OptOut,
        ] {
            let told = definition(&tool).expect("a tool of our own");
            let schema: Value = serde_json::from_str(&told.parameters).expect("JSON");

            assert_eq!((told.name.as_str(), &schema["type"]), (tool.name(), &json!("object")));
            for name in schema["required"].as_array().expect("a list") {
                assert!(schema["properties"].get(name.as_str().expect("a name")).is_some(), "{name}");
            }
        }
    }

    #[test]
    fn the_model_chooses_whom_to_put_through_by_name_and_never_sees_a_number() {
        let told = definition(&targets()).expect("a tool of our own");

        assert!(told.parameters.contains(r#""enum":["desk","sales"]"#), "{}", told.parameters);
        assert!(!told.parameters.contains("+1415"), "{}", told.parameters);
    }

    #[test]
    fn a_server_of_tools_is_no_tool() {
        let server = McpSettings { label: "calendar".into(), url: "https://example.com".into(), authorization: None, allowed_tools: None };

        assert_eq!(definition(&ToolSettings::Mcp(server)), None);
    }
}
