//! Configuration: layers of settings, read once into types, every mistake told at once.
//!
//! Later wins: embedded `config/default.toml`, `config/{APP_ENV}.toml`, `--config FILE`, `.env`,
//! variables by their flat names, `APP__SECTION__KEY`, flags. The environment is an argument.

mod assistant;
mod assistants;
mod database_url;
mod desk;
mod domain;
mod entry;
mod environment;
mod layer;
mod load;
pub mod names;
mod prices;
mod problem;
mod reader;
mod reference;
mod sections;
pub mod show;
pub mod template;
#[cfg(test)]
mod tests;
mod tool;
mod variables;
mod word;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

pub use assistant::{
    Assistant, AssistantLimits, Detection, Disclose, EagernessWord, Hours, KeySetting, Lifeboat, NAME, Noise, OpeningSettings, Phrases,
    Reasoning, Recording, Turns,
};
pub use assistants::Assistants;
pub use database_url::{DatabaseUrl, InvalidDatabaseUrl};
pub use domain::{Domain, InvalidDomain};
pub use environment::Environment;
pub use prices::{ModelPrice, Prices, Rate, TranscriptionPrice};
pub use problem::{Invalid, Origin, Problem};
pub use reader::Setting;
pub use sections::{
    CallSettings, CallersWord, Compliance, Database, DialectWord, Limits, Log, LogFormat, OpenAi, Public, Security, Server, SignatureMode,
    SpoolPlace, Twilio, Velocity, Webhooks,
};

pub use tool::{HttpTool, McpSettings, ToolSettings};

use names::Name;

/// Everything that can be set. Safe to log with `Debug`.
#[derive(Clone, Debug)]
pub struct Config {
    pub environment: Environment,
    /// What the platform calls this process, if it calls it anything.
    pub instance: Option<String>,
    pub server: Server,
    pub public: Public,
    pub openai: OpenAi,
    pub twilio: Twilio,
    pub database: Database,
    pub spool: SpoolPlace,
    pub limits: Limits,
    pub velocity: Velocity,
    pub compliance: Compliance,
    pub call: CallSettings,
    pub assistants: Assistants,
    pub prices: Arc<Prices>,
    pub security: Security,
    /// None where nobody is told.
    pub webhooks: Option<Webhooks>,
    pub log: Log,
}

/// Where to look beside the environment.
#[derive(Clone, Debug, Default)]
pub struct LoadOptions {
    /// `--config FILE`: must exist.
    pub config_file: Option<PathBuf>,
    /// The folder of `.env` and `config/`.
    pub root: PathBuf,
    /// Dotted keys and values.
    pub flags: Vec<(String, String)>,
    pub scope: Scope,
}

/// Whose mistakes count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    #[default]
    Everything,
    /// Of the database, for work on it where no call can ring; what is wrong elsewhere has its default.
    Database,
    /// Of where the API is, for those who ask it.
    Api,
}

impl Scope {
    fn covers(self, key: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Api => [names::ENVIRONMENT, "server.host", "server.port"].contains(&key),
            Self::Database => key == names::ENVIRONMENT || ["database.", "log."].iter().any(|section| key.starts_with(section)),
        }
    }
}

/// A valid configuration, and how it came about.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub config: Config,
    pub sources: Sources,
    /// In the order of their names.
    pub assistants: Vec<AssistantFile>,
    pub warnings: Vec<String>,
}

/// Every setting as it took effect, section by section.
#[derive(Clone, Debug)]
pub struct Sources(Vec<Setting>);

/// An assistant that stands in a file, as it took effect.
#[derive(Clone, Debug)]
pub struct AssistantFile {
    pub name: String,
    pub sources: Sources,
}

/// Something that real calls need and that is not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    pub variable: &'static str,
    pub key: &'static str,
    pub meaning: &'static str,
}

/// Reads `env`, and the files that `options` name.
///
/// # Errors
/// All mistakes at once; the process should end with `EX_CONFIG`, 78.
pub fn load(env: &BTreeMap<String, String>, options: &LoadOptions) -> Result<Loaded, Invalid> {
    load::load(env, options)
}

impl Config {
    fn read(reader: &mut reader::Reader<'_>) -> Self {
        let (server, public, openai, twilio) = (Server::read(reader), Public::read(reader), OpenAi::read(reader), Twilio::read(reader));
        let has_auth_token = twilio.auth_token.is_some();
        let compliance = Compliance::read(reader);
        Self {
            environment: reader.environment,
            instance: None,
            server,
            public,
            openai,
            twilio,
            database: Database::read(reader),
            spool: SpoolPlace::read(reader),
            limits: Limits::read(reader, compliance.require_consent),
            velocity: Velocity::read(reader),
            compliance,
            call: CallSettings::read(reader),
            assistants: Assistants::new(Assistant::read(reader)),
            prices: Arc::default(),
            security: Security::read(reader, has_auth_token),
            webhooks: Webhooks::read(reader),
            log: Log::read(reader),
        }
    }

    /// The assistant's own model, or that of all.
    #[must_use]
    pub fn model_of<'a>(&'a self, assistant: &'a Assistant) -> &'a str {
        or(&assistant.model, &self.openai.model)
    }

    /// The assistant's own voice, or that of all.
    #[must_use]
    pub fn voice_of<'a>(&'a self, assistant: &'a Assistant) -> &'a str {
        or(&assistant.voice, &self.openai.voice)
    }

    /// What writes down the words of its callers.
    #[must_use]
    pub fn transcription_model_of<'a>(&'a self, assistant: &'a Assistant) -> &'a str {
        or(&assistant.transcription_model, &self.openai.transcription_model)
    }

    /// What has to be set before a real phone can ring.
    #[must_use]
    pub fn missing(&self) -> Vec<Missing> {
        let needed = [
            ("openai.api_key", self.openai.api_key.is_some()),
            ("twilio.account_sid", self.twilio.account_sid.is_some()),
            ("twilio.auth_token", self.twilio.auth_token.is_some()),
            ("twilio.phone_number_from", self.twilio.phone_number_from.is_some()),
            ("public.domain", self.public.domain.is_some()),
        ];
        needed.iter().filter(|(_, is_set)| !is_set).filter_map(|(key, _)| names::of_key(key)).map(Missing::from).collect()
    }
}

const fn or<'a>(own: &'a str, all: &'a str) -> &'a str {
    if own.is_empty() { all } else { own }
}

impl Sources {
    /// The layer that decided a key.
    #[must_use]
    pub fn origin(&self, key: &str) -> Option<&Origin> {
        self.0.iter().find(|setting| setting.key == key).map(|setting| &setting.origin)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Setting> {
        self.0.iter()
    }
}

impl From<&Name> for Missing {
    fn from(name: &Name) -> Self {
        Self { variable: name.variable, key: name.key, meaning: name.meaning }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.variable, self.meaning)
    }
}
