//! The tools of an assistant, each a table `[[tools]]` with a `type`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ::config::{Map, Value};
use secrecy::{ExposeSecret as _, SecretString};

use super::http_tool;
use crate::config::entry::Entry;
use crate::config::reader::{Reader, quoted, quoted_list};
use crate::config::tool::{McpSettings, ToolSettings};
use crate::types::PhoneNumber;

const TOOLS: &str = "assistant.tools";
const TYPES: &str = "end_call, transfer_call, send_dtmf, hold_call, schedule_callback, opt_out, http, mcp";
/// <https://developers.openai.com/api/docs/guides/function-calling>
const MAX_NAME: usize = 64;

/// `patience`: how long the model waits for a tool.
pub(super) fn read(reader: &mut Reader<'_>, patience: Duration) -> Vec<ToolSettings> {
    let (mut tools, mut names) = (Vec::new(), BTreeSet::new());
    for (number, values) in reader.tables(TOOLS).into_iter().enumerate() {
        let place = format!("{TOOLS}[{}]", number + 1);
        let Some(tool) = tool(reader, &place, values, patience) else { continue };
        if names.insert(tool.name().to_owned()) {
            tools.push(tool);
        } else {
            reader.note(
                &place,
                &format!("is another tool called {}", quoted(tool.name())),
                "give it another name, or take one of them out",
            );
        }
    }
    reader.show(TOOLS, quoted_list(&tools.iter().map(|tool| tool.name().to_owned()).collect::<Vec<_>>()));
    tools
}

fn tool(reader: &mut Reader<'_>, place: &str, values: Map<String, Value>, patience: Duration) -> Option<ToolSettings> {
    let mut entry = Entry::new(reader, place.to_owned(), values);
    let kind = entry.required("type", &format!("write one of {TYPES}"))?;
    let tool = match kind.as_str() {
        "end_call" => Some(ToolSettings::EndCall),
        "transfer_call" => targets(&mut entry).map(|targets| ToolSettings::TransferCall { targets }),
        "send_dtmf" => Some(ToolSettings::SendDtmf),
        "hold_call" => Some(ToolSettings::HoldCall),
        "schedule_callback" => Some(ToolSettings::ScheduleCallback),
        "opt_out" => Some(ToolSettings::OptOut),
        "http" => http_tool::read(&mut entry, patience).map(ToolSettings::Http),
        "mcp" => mcp(&mut entry).map(ToolSettings::Mcp),
        _ => {
            entry.note("type", &format!("{} is not a type of tool", quoted(&kind)), &format!("write one of {TYPES}"));
            return None;
        }
    };
    entry.finish();
    tool
}

/// Each bad number is told by the name of its target: numbers are not printed.
fn targets(entry: &mut Entry<'_, '_>) -> Option<BTreeMap<String, PhoneNumber>> {
    let (stood, texts) = (entry.has("targets"), entry.texts("targets"));
    if texts.is_empty() && !stood {
        entry.note("targets", "is not set", "write whom a call may be handed to: { sales = \"+14155550100\" }");
    }
    let mut targets = BTreeMap::new();
    for (name, text) in &texts {
        match text.parse::<PhoneNumber>() {
            Ok(number) => drop(targets.insert(name.clone(), number)),
            Err(error) => entry.note(&format!("targets.{name}"), &format!("is {error}"), "write it with + and country code"),
        }
    }
    (!targets.is_empty()).then_some(targets)
}

fn mcp(entry: &mut Entry<'_, '_>) -> Option<McpSettings> {
    let label = entry.required("label", "give the server a name, such as calendar").filter(|label| is_name(entry, "label", label));
    let url = entry.required("url", "write https://HOST/PATH");
    let url = url.filter(|url| match http_tool::checked_url(url, false) {
        Ok(()) => true,
        Err(message) => {
            entry.note("url", &message, "write https://HOST/PATH");
            false
        }
    });
    let authorization = entry.text("authorization").and_then(|text| secret(entry, "authorization", &text, true));
    let allowed_tools = entry.list("allowed_tools");
    Some(McpSettings { label: label?, url: url?, authorization, allowed_tools })
}

/// Follows the references of a value; one that has to be secret must not stand in the file.
pub(super) fn secret(entry: &mut Entry<'_, '_>, key: &str, text: &str, must_refer: bool) -> Option<SecretString> {
    const FIX: &str = "write env:NAME for a variable, or file:PATH for a file that holds it";
    match entry.reader.references.resolve(text) {
        Ok(resolved) if must_refer && !resolved.refers => entry.note(key, "is a secret that stands in the file", FIX),
        Ok(resolved) if resolved.text.expose_secret().contains(char::is_control) => entry.note(key, "holds a line break", FIX),
        Ok(resolved) => return Some(resolved.text),
        Err(message) => entry.note(key, &message, FIX),
    }
    None
}

/// What the model may call a function by.
pub(super) fn is_name(entry: &mut Entry<'_, '_>, key: &str, name: &str) -> bool {
    let good = (1..=MAX_NAME).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if !good {
        entry.note(key, &format!("{} cannot be a name", quoted(name)), "write at most 64 letters, digits, underscores and hyphens");
    }
    good
}
