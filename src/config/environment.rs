//! Where we run, which decides what is demanded of the rest.

use std::fmt;

/// Chosen by `APP_ENV`, the platform, and the address we listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environment {
    Development,
    Production,
    Simulation,
}

/// An environment, and what chose it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) environment: Environment,
    pub(super) because: &'static str,
    pub(super) on_platform: bool,
}

impl Environment {
    pub const ALL: &'static [Self] = &[Self::Development, Self::Production, Self::Simulation];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Production => "production",
            Self::Simulation => "simulation",
        }
    }

    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|e| e.as_str() == word)
    }

    #[must_use]
    pub const fn is_production(self) -> bool {
        matches!(self, Self::Production)
    }

    /// Development is for machines that nobody else can reach, also where `APP_ENV` asks for it.
    /// `platform` names the one that we run on, `host` tells by what else others can reach us.
    pub(super) fn choose(asked: Option<Self>, platform: Option<&'static str>, host: Option<&'static str>) -> Chosen {
        let reachable = platform.or(host);
        let (environment, because) = match (asked, reachable) {
            (Some(Self::Production), _) => (Self::Production, "APP_ENV"),
            (Some(Self::Simulation), _) => (Self::Simulation, "APP_ENV"),
            (Some(Self::Development) | None, Some(means)) => (Self::Production, means),
            (Some(Self::Development) | None, None) => (Self::Development, "nobody else can reach us"),
        };
        Chosen { environment, because, on_platform: platform.is_some() }
    }

    /// The embedded copy of `config/{APP_ENV}.toml`.
    pub(super) const fn embedded(self) -> &'static str {
        match self {
            Self::Development => include_str!("../../config/development.toml"),
            Self::Production => include_str!("../../config/production.toml"),
            Self::Simulation => include_str!("../../config/simulation.toml"),
        }
    }

    pub(super) const fn file(self) -> &'static str {
        match self {
            Self::Development => "config/development.toml",
            Self::Production => "config/production.toml",
            Self::Simulation => "config/simulation.toml",
        }
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
