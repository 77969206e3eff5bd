//! What the keys of the caller's phone do.

use std::collections::BTreeMap;

use super::inline;
use crate::config::reader::{Reader, quoted};
use crate::config::tool::ToolSettings;
use crate::types::PhoneNumber;

/// A key beside being told to the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySetting {
    Transfer(PhoneNumber),
    /// The tool of this name is used, without arguments.
    Tool(String),
    HangUp,
}

const KEYS: &str = "assistant.keys";
const KNOWN: &str = "0123456789*#";
const HANG_UP: &str = "hang_up";
const TRANSFER: &str = "transfer:";

pub(super) fn read(reader: &mut Reader<'_>, tools: &[ToolSettings]) -> BTreeMap<char, KeySetting> {
    let (mut keys, mut shown) = (BTreeMap::new(), Vec::new());
    let entries: BTreeMap<_, _> = reader.table(KEYS).into_iter().collect();
    for (name, value) in entries {
        let place = format!("{KEYS}.{name}");
        let Some(key) = key_of(&name) else {
            reader.note(&place, "is not a key of a phone", "write one of 0 to 9, \"*\" or \"#\", in quotes");
            continue;
        };
        let text = value.into_string().unwrap_or_default();
        match action(text.trim(), tools) {
            Ok(action) => {
                shown.push(format!("{} = {}", quoted(&name), quoted(text.trim())));
                keys.insert(key, action);
            }
            Err((message, fix)) => reader.note(&place, &message, &fix),
        }
    }
    reader.show(KEYS, inline(&shown));
    keys
}

fn key_of(name: &str) -> Option<char> {
    let mut characters = name.chars();
    let key = characters.next().filter(|key| KNOWN.contains(*key))?;
    characters.next().is_none().then_some(key)
}

fn action(text: &str, tools: &[ToolSettings]) -> Result<KeySetting, (String, String)> {
    if text == HANG_UP {
        return Ok(KeySetting::HangUp);
    }
    match text.strip_prefix(TRANSFER) {
        Some(target) => transfer(target.trim(), tools),
        None => tool(text, tools),
    }
}

fn transfer(target: &str, tools: &[ToolSettings]) -> Result<KeySetting, (String, String)> {
    let targets = tools.iter().find_map(|tool| if let ToolSettings::TransferCall { targets } = tool { Some(targets) } else { None });
    let Some(targets) = targets else {
        return Err((
            format!("transfers to {}, and there is no tool transfer_call", quoted(target)),
            "add that tool, with its targets".to_owned(),
        ));
    };
    targets.get(target).cloned().map(KeySetting::Transfer).ok_or_else(|| {
        let known: Vec<&str> = targets.keys().map(String::as_str).collect();
        (format!("transfers to {}, which is no target", quoted(target)), format!("write transfer: and one of {}", known.join(", ")))
    })
}

fn tool(name: &str, tools: &[ToolSettings]) -> Result<KeySetting, (String, String)> {
    let by_itself = |tool: &&ToolSettings| tool.works_without_arguments();
    match tools.iter().find(|tool| tool.name() == name) {
        Some(tool) if by_itself(&tool) => Ok(KeySetting::Tool(name.to_owned())),
        Some(_) => {
            Err((format!("uses {}, which needs arguments that a key does not have", quoted(name)), "name a tool without any".to_owned()))
        }
        None => {
            let known: Vec<&str> = tools.iter().filter(by_itself).map(ToolSettings::name).collect();
            let known = if known.is_empty() { String::new() } else { format!(", or a tool: {}", known.join(", ")) };
            Err((format!("{} is neither hang_up nor transfer: nor a tool", quoted(name)), format!("write hang_up, transfer:TARGET{known}")))
        }
    }
}
