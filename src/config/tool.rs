//! What an assistant may do, as it is configured.

use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::SecretString;

use crate::types::PhoneNumber;

/// One tool of an assistant.
#[derive(Clone, Debug)]
pub enum ToolSettings {
    /// `end_call`
    EndCall,
    /// `transfer_call`: to one of these, by the name that the model uses.
    TransferCall {
        targets: BTreeMap<String, PhoneNumber>,
    },
    /// `send_dtmf`
    SendDtmf,
    /// `hold_call`
    HoldCall,
    /// `schedule_callback`
    ScheduleCallback,
    /// `opt_out`
    OptOut,
    Http(HttpTool),
    /// Used by the model's server by itself.
    Mcp(McpSettings),
}

impl ToolSettings {
    /// What the model calls it by; of an MCP server its label.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::EndCall => "end_call",
            Self::TransferCall { .. } => "transfer_call",
            Self::SendDtmf => "send_dtmf",
            Self::HoldCall => "hold_call",
            Self::ScheduleCallback => "schedule_callback",
            Self::OptOut => "opt_out",
            Self::Http(tool) => &tool.name,
            Self::Mcp(server) => &server.label,
        }
    }

    /// Whether a key of the phone can use it.
    pub(super) fn works_without_arguments(&self) -> bool {
        match self {
            Self::EndCall | Self::HoldCall | Self::OptOut => true,
            Self::TransferCall { .. } | Self::SendDtmf | Self::ScheduleCallback | Self::Mcp(_) => false,
            Self::Http(tool) => !tool.needs_arguments(),
        }
    }
}

impl HttpTool {
    fn needs_arguments(&self) -> bool {
        let schema: serde_json::Value = serde_json::from_str(&self.parameters).unwrap_or_default();
        schema.get("required").and_then(serde_json::Value::as_array).is_some_and(|required| !required.is_empty())
    }
}

/// A tool that asks a web server of the business.
#[derive(Clone, Debug)]
pub struct HttpTool {
    pub name: String,
    pub description: String,
    /// The arguments' JSON schema, JSON text.
    pub parameters: String,
    /// `GET`, `POST`, `PUT`, `PATCH`, `DELETE`. What the URL does not use goes into the query of a GET or DELETE, else
    /// into a JSON body.
    pub method: String,
    /// A template: `https://example.com/slots/{{day}}`; what is filled in is percent-encoded.
    pub url: String,
    /// Names and values; a value may come from a variable or a file.
    pub headers: Vec<(String, SecretString)>,
    pub timeout: Duration,
    /// A JSON pointer (RFC 6901) to the part of the answer that the model is told.
    pub result: Option<String>,
}

#[derive(Clone, Debug)]
pub struct McpSettings {
    pub label: String,
    pub url: String,
    pub authorization: Option<SecretString>,
    /// None for all of them.
    pub allowed_tools: Option<Vec<String>>,
}
