//! Logs, one line an event, to standard error; and traces.

mod otlp;
pub mod trace;

use std::io::{self, IsTerminal as _};

use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::fmt;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::{Log, LogFormat};

/// Libraries that tell every start of theirs; naming them in the filter brings them back.
const QUIET: &str = "actix_server=warn,sea_orm_migration=warn";

#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error("not a log filter: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
}

fn filter(log: &Log) -> Result<EnvFilter, tracing_subscriber::filter::ParseError> {
    EnvFilter::try_new(format!("{QUIET},{}", log.filter))
}

/// Starts logging. Later calls in the same process change nothing.
///
/// # Errors
/// A filter that `EnvFilter` does not take.
pub fn init(log: &Log) -> Result<(), TelemetryError> {
    // The only error is that a subscriber is there already.
    let _ = subscriber(log, io::stderr, has_colour())?.try_init();
    Ok(())
}

fn subscriber<W>(log: &Log, writer: W, ansi: bool) -> Result<Box<dyn Subscriber + Send + Sync>, TelemetryError>
where
    W: for<'w> tracing_subscriber::fmt::MakeWriter<'w> + Send + Sync + 'static,
{
    let lines = fmt().with_env_filter(filter(log)?).with_writer(writer).with_ansi(ansi);
    Ok(match log.format {
        LogFormat::Text => Box::new(lines.finish()),
        LogFormat::Json => Box::new(lines.json().flatten_event(true).with_current_span(true).with_span_list(false).finish()),
    })
}

/// <https://no-color.org>: set and not empty means no colour.
fn has_colour() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) && io::stderr().is_terminal()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no panic").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn log(filter: &str, format: LogFormat) -> Log {
        Log { filter: filter.to_owned(), format }
    }

    fn lines_of(log: &Log) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = subscriber(log, move || writer.clone(), false).expect("a filter");
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(call.sid = "CA1", "call started");
            tracing::debug!("detail");
        });
        let bytes = lines.0.lock().expect("no panic").clone();
        String::from_utf8(bytes).expect("utf-8")
    }

    #[test]
    fn json_is_one_object_a_line() {
        let text = lines_of(&log("info", LogFormat::Json));

        let line: serde_json::Value = serde_json::from_str(text.trim()).expect("one object");
        assert_eq!(line["message"], "call started");
        assert_eq!(line["call.sid"], "CA1");
        assert_eq!(line["level"], "INFO");
    }

    #[test]
    fn text_has_no_colour_unless_asked_for() {
        let text = lines_of(&log("debug", LogFormat::Text));

        assert_eq!(text.lines().count(), 2);
        assert!(text.contains("call.sid=\"CA1\"") && !text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn starting_twice_changes_nothing() {
        assert!(init(&log("off", LogFormat::Text)).is_ok());
        assert!(init(&log("off", LogFormat::Json)).is_ok());
    }

    #[test]
    fn a_filter_that_is_none_is_an_error() {
        assert!(init(&log("a=b=c", LogFormat::Text)).is_err());
    }
}
