//! Secrets that stand elsewhere: `env:NAME` in a variable, `file:PATH` in a file.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

/// Where references lead: the environment, which wins over `.env`, and the folder of files.
#[derive(Clone, Default)]
pub(super) struct References {
    variables: BTreeMap<String, String>,
    root: PathBuf,
}

/// A text whose references were followed.
pub(super) struct Resolved {
    pub(super) text: SecretString,
    /// It holds a reference, and thus no secret of its own.
    pub(super) refers: bool,
}

impl References {
    pub(super) fn new(variables: BTreeMap<String, String>, root: &Path) -> Self {
        Self { variables, root: root.to_owned() }
    }

    /// A value such as `env:TOKEN` or `Bearer file:/run/secrets/token`; the error tells no secret.
    pub(super) fn resolve(&self, text: &str) -> Result<Resolved, String> {
        let words: Vec<(String, bool)> = text.split_whitespace().map(|word| self.word(word)).collect::<Result<_, _>>()?;
        let refers = words.iter().any(|(_, refers)| *refers);
        let whole: Vec<&str> = words.iter().map(|(word, _)| word.as_str()).collect();
        let text = if refers { whole.join(" ") } else { text.to_owned() };
        Ok(Resolved { text: SecretString::from(text), refers })
    }

    fn word(&self, word: &str) -> Result<(String, bool), String> {
        if let Some(name) = word.strip_prefix("env:") {
            let value = self.variables.get(name).filter(|value| !value.trim().is_empty());
            return value
                .map(|value| (value.trim().to_owned(), true))
                .ok_or_else(|| format!("refers to variable {name}, which is not set"));
        }
        let Some(path) = word.strip_prefix("file:") else { return Ok((word.to_owned(), false)) };
        let text = fs::read_to_string(self.root.join(path))
            .map_err(|error| format!("refers to {path}, which cannot be read: {}", error.kind()))?;
        if text.trim().is_empty() { Err(format!("refers to {path}, which is empty")) } else { Ok((text.trim().to_owned(), true)) }
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn references_are_followed_wherever_they_stand_in_a_value() {
        let folder = tempfile::TempDir::new().expect("a folder");
        fs::write(folder.path().join("key"), "from file\n").expect("a file");
        let variables = BTreeMap::from([("TOKEN".to_owned(), "from variable".to_owned()), ("EMPTY".to_owned(), " ".to_owned())]);
        let references = References::new(variables, folder.path());
        let resolved = |text: &str| references.resolve(text).map(|found| (found.text.expose_secret().to_owned(), found.refers));

        assert_eq!(resolved("Bearer env:TOKEN"), Ok(("Bearer from variable".to_owned(), true)));
        assert_eq!(resolved("file:key"), Ok(("from file".to_owned(), true)));
        assert_eq!(resolved("text/plain;  q=1"), Ok(("text/plain;  q=1".to_owned(), false)));
        assert_eq!(resolved("env:EMPTY"), Err("refers to variable EMPTY, which is not set".to_owned()));
        assert_eq!(resolved("file:none"), Err("refers to none, which cannot be read: entity not found".to_owned()));
    }
}
