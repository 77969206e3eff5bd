//! `config show` and `check`: what is set, where it came from, what is wrong.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::config::{Assistant, Config, Invalid, Loaded, ToolSettings, show as rendering};
use crate::types::PhoneNumber;

/// `EX_CONFIG` of sysexits(3).
pub const EX_CONFIG: i32 = 78;

/// The effective configuration as TOML; with `sources`, each value is followed by its origin.
#[must_use]
pub fn show(loaded: &Loaded, sources: bool) -> String {
    rendering::toml(loaded, sources)
}

/// What to print, and the exit code.
#[must_use]
pub fn check(result: &Result<Loaded, Invalid>) -> (String, i32) {
    match result {
        Ok(loaded) => (accepted(loaded), 0),
        Err(invalid) => (refused(invalid), EX_CONFIG),
    }
}

fn accepted(loaded: &Loaded) -> String {
    let mut text = format!("the configuration is valid ({})\n", loaded.config.environment);
    for warning in &loaded.warnings {
        let _ = writeln!(text, "warning: {warning}");
    }
    let missing = loaded.config.missing();
    if !missing.is_empty() {
        text.push_str("for real calls, also set:\n");
    }
    for one in missing {
        let _ = writeln!(text, "  {one}");
    }
    text.push_str("assistants:\n");
    for one in loaded.config.assistants.iter() {
        let _ = writeln!(text, "  {}", assistant(&loaded.config, one));
    }
    text
}

/// Name, numbers, model, voice, tools.
fn assistant(config: &Config, assistant: &Arc<Assistant>) -> String {
    let numbers = match assistant.numbers.as_slice() {
        [] if Arc::ptr_eq(assistant, config.assistants.default_one()) => "every other number".to_owned(),
        [] => "no number, by request alone".to_owned(),
        numbers => numbers.iter().map(PhoneNumber::masked).collect::<Vec<_>>().join(" "),
    };
    let tools: Vec<&str> = assistant.tools.iter().map(ToolSettings::name).collect();
    let tools = if tools.is_empty() { "no tools".to_owned() } else { format!("tools {}", tools.join(" ")) };
    let (model, voice) = (config.model_of(assistant), config.voice_of(assistant));
    format!("{}: {numbers}; model {model}, voice {voice}; {tools}", assistant.name)
}

fn refused(invalid: &Invalid) -> String {
    let count = match invalid.problems.len() {
        1 => "1 problem".to_owned(),
        n => format!("{n} problems"),
    };
    format!("{count} in the configuration\n\n{invalid}\n")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::{LoadOptions, load};

    fn checked(variables: &[(&str, &str)]) -> (String, i32) {
        let folder = tempfile::TempDir::new().expect("a folder");
        let env = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        check(&load(&env, &LoadOptions { root: folder.path().to_owned(), ..LoadOptions::default() }))
    }

    #[test]
    fn a_valid_configuration_is_reported_with_what_is_missing() {
        let (text, code) = checked(&[("DOMAIN", "https://x.example")]);

        assert_eq!(code, 0);
        assert!(text.starts_with("the configuration is valid (development)\nwarning: DOMAIN:"), "{text}");
        assert!(text.contains("  OPENAI_API_KEY (key of the model)\n"), "{text}");
    }

    #[test]
    fn every_assistant_is_told_with_what_it_answers_and_may_do() {
        let folder = tempfile::TempDir::new().expect("a folder");
        std::fs::create_dir_all(folder.path().join("config/assistants")).expect("a folder");
        let text = "numbers = [\"+14155550111\"]\nvoice = \"cedar\"\ntools = [{ type = \"hold_call\" }, { type = \"opt_out\" }]";
        std::fs::write(folder.path().join("config/assistants/sales.toml"), text).expect("a file");
        let loaded = load(&BTreeMap::new(), &LoadOptions { root: folder.path().to_owned(), ..LoadOptions::default() });

        let (text, code) = check(&loaded);

        let told = "assistants:\n  assistant: every other number; model gpt-realtime-2.1, voice marin; tools end_call\n  \
                    sales: +•••••0111; model gpt-realtime-2.1, voice cedar; tools hold_call opt_out\n";
        assert!(code == 0 && text.ends_with(told), "{text}");
    }

    #[test]
    fn an_invalid_configuration_ends_with_ex_config() {
        let (text, code) = checked(&[("PORT", "x"), ("HOST", "x")]);

        assert_eq!(code, 78);
        assert!(text.starts_with("2 problems in the configuration\n\nHOST (server.host)"), "{text}");
    }
}
