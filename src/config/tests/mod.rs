//! Whole configurations, from variables and files to types.

mod assistants;
mod layers;
mod mistakes;
mod secrets;
mod shown;
mod webhooks;

use std::collections::BTreeMap;
use std::fs;

use tempfile::TempDir;

use super::*;

/// A folder with files, and an environment.
struct Case {
    folder: TempDir,
    env: BTreeMap<String, String>,
    options: LoadOptions,
}

impl Case {
    fn new(env: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().expect("a folder");
        let options = LoadOptions { root: folder.path().to_owned(), ..LoadOptions::default() };
        Self { folder, env: env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(), options }
    }

    /// What production demands.
    fn production(more: &[(&str, &str)]) -> Self {
        let mut case = Self::new(&[
            ("APP_ENV", "production"),
            ("API_KEYS", "0123456789abcdef0123456789abcdef"),
            ("DATABASE_URL", "postgres://app:pw@db/voice"),
            ("TWILIO_AUTH_TOKEN", "00112233445566778899001122334e12"),
        ]);
        case.env.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        case
    }

    fn without(mut self, name: &str) -> Self {
        self.env.remove(name);
        self
    }

    fn file(self, name: &str, text: &str) -> Self {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
        self
    }

    fn config_file(mut self, name: &str, text: &str) -> Self {
        self.options.config_file = Some(self.folder.path().join(name));
        self.file(name, text)
    }

    fn flag(mut self, key: &str, value: &str) -> Self {
        self.options.flags.push((key.to_owned(), value.to_owned()));
        self
    }

    fn load(&self) -> Result<Loaded, Invalid> {
        load(&self.env, &self.options)
    }

    fn loaded(&self) -> Loaded {
        self.load().unwrap_or_else(|invalid| panic!("should be valid:\n{invalid}"))
    }

    fn config(&self) -> Config {
        self.loaded().config
    }

    fn problems(&self) -> Vec<Problem> {
        self.load().err().map(|invalid| invalid.problems).unwrap_or_default()
    }

    /// The variables that are told to be wrong.
    fn wrong(&self) -> Vec<String> {
        self.problems().into_iter().map(|problem| problem.variable).collect()
    }
}
