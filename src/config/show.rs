//! The effective configuration as TOML. Secrets are counted, numbers masked.

use std::fmt::Write as _;

use super::reader::quoted;
use super::{AssistantFile, Loaded, Setting};

/// Origins stand in this column, so that lines end within 100.
const ORIGIN_COLUMN: usize = 56;

/// As TOML; with `sources`, each value is followed by where it came from.
#[must_use]
pub fn toml(loaded: &Loaded, sources: bool) -> String {
    let mut text = format!("# environment: {}\n", loaded.config.environment);
    let mut section = "";
    for setting in loaded.sources.iter() {
        let (head, name) = setting.key.split_once('.').unwrap_or(("", setting.key));
        if head != section {
            let _ = write!(text, "\n[{head}]\n");
            section = head;
        }
        let _ = writeln!(text, "{}", line(name, setting, sources));
    }
    loaded.assistants.iter().for_each(|file| assistant(&mut text, file, sources));
    text
}

/// One of a file, all of its keys under its name.
fn assistant(text: &mut String, file: &AssistantFile, sources: bool) {
    let _ = write!(text, "\n[assistants.{}]\n", quoted(&file.name));
    for setting in file.sources.iter() {
        let name = setting.key.split_once('.').map_or(setting.key, |(_, name)| name);
        let _ = writeln!(text, "{}", line(name, setting, sources));
    }
}

fn line(name: &str, setting: &Setting, sources: bool) -> String {
    let assignment = format!("{name} = {}", setting.literal);
    if !sources {
        return assignment;
    }
    let last = assignment.rsplit('\n').next().map_or(0, |line| line.chars().count());
    let gap = ORIGIN_COLUMN.saturating_sub(last).max(2);
    format!("{assignment}{:gap$}# {}", "", setting.origin)
}
