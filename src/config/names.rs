//! The one table of flat variables: what loads, what `env.example` and the README say.

use std::fmt::Write as _;

/// Before every nested name: `APP__SERVER__PORT` sets `server.port`.
pub const PREFIX: &str = "APP__";
/// The key of `APP_ENV`, which chooses a file and stands in none.
pub const ENVIRONMENT: &str = "environment";

/// A variable and the key that it sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name {
    pub variable: &'static str,
    pub key: &'static str,
    /// May be read from a file by `NAME_FILE`, and is never shown.
    pub secret: bool,
    pub need: Need,
    pub meaning: &'static str,
    /// As text; empty for none.
    pub default: &'static str,
}

/// When a variable has to be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// For calls to and from real phones.
    Calls,
    /// In production, else it does not start.
    Production,
    Optional,
}

impl Need {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Calls => "for real calls",
            Self::Production => "in production",
            Self::Optional => "optional",
        }
    }
}

const fn secret(variable: &'static str, key: &'static str, need: Need, meaning: &'static str) -> Name {
    Name { variable, key, secret: true, need, meaning, default: "" }
}

const fn plain(variable: &'static str, key: &'static str, need: Need, meaning: &'static str, default: &'static str) -> Name {
    Name { variable, key, secret: false, need, meaning, default }
}

pub const NAMES: &[Name] = &[
    secret("OPENAI_API_KEY", "openai.api_key", Need::Calls, "key of the model"),
    plain("OPENAI_REALTIME_URL", "openai.realtime_url", Need::Optional, "where the model answers", "wss://api.openai.com/v1/realtime"),
    plain("OPENAI_MODEL", "openai.model", Need::Optional, "model that speaks", "gpt-realtime-2.1"),
    plain("OPENAI_VOICE", "openai.voice", Need::Optional, "its voice", "marin"),
    secret("TWILIO_ACCOUNT_SID", "twilio.account_sid", Need::Calls, "account that the calls run on"),
    secret("TWILIO_AUTH_TOKEN", "twilio.auth_token", Need::Calls, "its token, which also verifies webhooks"),
    secret("TWILIO_API_KEY", "twilio.api_key", Need::Optional, "places calls instead of the token"),
    secret("TWILIO_API_SECRET", "twilio.api_secret", Need::Optional, "secret of that key"),
    plain("TWILIO_API_BASE_URL", "twilio.api_base_url", Need::Optional, "where Twilio answers", "https://api.twilio.com"),
    plain("PHONE_NUMBER_FROM", "twilio.phone_number_from", Need::Calls, "caller id, in E.164", ""),
    plain("DOMAIN", "public.domain", Need::Calls, "public host without scheme", ""),
    secret("DATABASE_URL", "database.url", Need::Production, "`postgres://…` or `sqlite://FILE?mode=rwc`; wins over the parts"),
    plain(
        "GOOGLE_CLOUD_SQL_CONNECTION_NAME",
        "database.cloud_sql_connection_name",
        Need::Optional,
        "`PROJECT:REGION:INSTANCE`, instead of `DATABASE_URL`",
        "",
    ),
    plain("DB_USER", "database.user", Need::Optional, "user on Cloud SQL", "postgres"),
    secret("DB_PASSWORD", "database.password", Need::Optional, "password on Cloud SQL"),
    plain("DB_NAME", "database.name", Need::Optional, "database on Cloud SQL", "voice_assistant"),
    plain("DB_ECHO", "database.echo", Need::Optional, "log every statement", "false"),
    plain("SPOOL_FOLDER", "spool.folder", Need::Optional, "where rows wait for the database, on disk", "data/spool"),
    plain("VERIFIED_PHONE_NUMBERS", "limits.verified_phone_numbers", Need::Optional, "numbers that may be called, by commas", ""),
    plain(
        "ALLOW_ALL_US_CANADA",
        "limits.allow_all_us_canada",
        Need::Optional,
        "call any number of the US and Canada; in production, with consent",
        "false",
    ),
    plain(
        "MAX_CONCURRENT_CALLS",
        "limits.max_concurrent_calls",
        Need::Optional,
        "calls at a time, over all instances of a PostgreSQL",
        "10",
    ),
    plain(
        "MAX_OPENAI_CONNECTIONS",
        "limits.max_openai_connections",
        Need::Optional,
        "model sessions, over all instances of a PostgreSQL",
        "20",
    ),
    plain("CALL_COOLDOWN_SECONDS", "limits.call_cooldown_seconds", Need::Optional, "between two calls to one number", "300"),
    plain("MAX_CALL_SECONDS", "limits.max_call_seconds", Need::Optional, "longest call", "3600"),
    plain("MAX_CALL_USD", "limits.max_call_usd", Need::Optional, "budget of a call, in US dollars; 0: none", "0"),
    plain("MAX_DAY_USD", "limits.max_day_usd", Need::Optional, "budget of a UTC day, over all instances; 0: none", "0"),
    plain(
        "APP_ENV",
        ENVIRONMENT,
        Need::Optional,
        "`development`, `production` or `simulation`; always `production` on Cloud Run, App Engine, or a `HOST` that others can reach, \
         unless `simulation`",
        "development",
    ),
    plain("HOST", "server.host", Need::Optional, "address to listen on", "127.0.0.1"),
    plain("PORT", "server.port", Need::Optional, "port to listen on; 0 takes any", "8080"),
    plain("CORS_ORIGINS", "server.cors_origins", Need::Optional, "pages of other hosts that may use the API, by commas", ""),
    plain("TRUSTED_HOPS", "server.trusted_hops", Need::Optional, "proxies ahead of us that write `X-Forwarded-For`", "0"),
    plain("DRAIN_SECONDS", "server.drain_seconds", Need::Optional, "time to hand calls over after SIGTERM", "8"),
    secret("API_KEYS", "security.api_keys", Need::Production, "bearer keys of the API, by commas"),
    secret("STREAM_TOKEN_KEY", "security.stream_token_key", Need::Optional, "signs stream tokens; else derived from the auth token"),
    plain("WEBHOOK_URL", "webhooks.url", Need::Optional, "who is told of calls: `https://…`; docs/webhooks.md", ""),
    secret("WEBHOOK_SECRET", "webhooks.secret", Need::Optional, "signs what it is told; `whsec_…`, several by commas"),
    plain("RUST_LOG", "log.filter", Need::Optional, "level, or `target=level`, by commas", "info"),
    plain("LOG_FORMAT", "log.format", Need::Optional, "`text` or `json`; `json` in production", "text"),
];

#[must_use]
pub fn of_key(key: &str) -> Option<&'static Name> {
    NAMES.iter().find(|name| name.key == key)
}

/// The variable that sets a key: its flat name, or the nested one.
#[must_use]
pub fn variable(key: &str) -> String {
    of_key(key).map_or_else(|| nested(key), |name| name.variable.to_owned())
}

#[must_use]
pub fn nested(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "__").to_ascii_uppercase())
}

/// The table of the README.
#[must_use]
pub fn markdown() -> String {
    let mut table = "| variable | meaning | default | needed |\n|---|---|---|---|\n".to_owned();
    for name in NAMES {
        let secret = if name.secret { " (secret)" } else { "" };
        let default = if name.default.is_empty() { String::new() } else { format!("`{}`", name.default) };
        let _ = writeln!(table, "| `{}` | {}{secret} | {default} | {} |", name.variable, name.meaning, name.need.as_str());
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_the_readme_is_this_one() {
        let readme = include_str!("../../README.md");

        assert!(readme.contains(&markdown()), "put this into README.md:\n{}", markdown());
    }
}
