//! What is logged, and how.

use tracing_subscriber::EnvFilter;

use crate::config::reader::{Reader, quoted};

#[derive(Clone, Debug)]
pub struct Log {
    /// As in `RUST_LOG`.
    pub filter: String,
    pub format: LogFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

impl LogFormat {
    pub const ALL: &'static [Self] = &[Self::Text, Self::Json];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }

    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.as_str() == word)
    }
}

impl Log {
    pub(in crate::config) fn read(reader: &mut Reader<'_>) -> Self {
        Self { filter: filter(reader), format: format(reader) }
    }
}

fn filter(reader: &mut Reader<'_>) -> String {
    let key = "log.filter";
    let filter = reader.parsed(key, "write a level (error, warn, info, debug, trace), or target=level, by commas", |text| {
        EnvFilter::try_new(text).map(|_| text.to_owned()).map_err(|_| format!("{} is not a filter", quoted(text)))
    });
    let filter = filter.unwrap_or_else(|| "info".to_owned());
    reader.show(key, quoted(&filter));
    filter
}

fn format(reader: &mut Reader<'_>) -> LogFormat {
    let key = "log.format";
    let format = reader
        .parsed(key, "write text or json", |text| LogFormat::from_word(text).ok_or_else(|| format!("{} is not a format", quoted(text))));
    let format = format.unwrap_or(LogFormat::Text);
    reader.show(key, quoted(format.as_str()));
    format
}
