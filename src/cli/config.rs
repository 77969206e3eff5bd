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

#[cfg(test)]
mod tests {
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
    fn an_invalid_configuration_ends_with_ex_config() {
        let (text, code) = checked(&[("PORT", "x"), ("HOST", "x")]);

        assert_eq!(code, 78);
        assert!(text.starts_with("2 problems in the configuration\n\nHOST (server.host)"), "{text}");
    }
}
