//! `config show` and `check`: what is set, where it came from, what is wrong.

use std::fmt::Write as _;

use crate::config::{Invalid, Loaded, show as rendering};

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
    text
}

fn refused(invalid: &Invalid) -> String {
    let count = match invalid.problems.len() {
        1 => "1 problem".to_owned(),
        n => format!("{n} problems"),
    };
    format!("{count} in the configuration\n\n{invalid}\n")
}
