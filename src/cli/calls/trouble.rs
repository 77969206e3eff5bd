//! Why it was not done, and the way out.

use serde::Deserialize;

use crate::cli::config::EX_CONFIG;
use crate::cli::screen::{Paint, complain, wrap};
use crate::config::Invalid;

/// Columns of a line.
const WIDTH: usize = 92;

#[derive(Debug)]
pub enum Trouble {
    Usage(String),
    Configuration(String),
    Invalid(Invalid),
    /// Nothing was sent.
    Unreachable {
        place: String,
        cause: String,
    },
    /// What became of the request is not known.
    Lost {
        place: String,
        cause: String,
    },
    /// By the instance, in the words of its API.
    Refused(Box<Refused>),
    /// By something else at its address.
    Strange {
        place: String,
        status: u16,
    },
}

#[derive(Debug)]
pub struct Refused {
    pub problem: ProblemBody,
    /// Seconds.
    pub retry_after: Option<u64>,
    pub request_id: Option<String>,
    /// The variable that the key came from, if one was sent.
    pub key_from: Option<&'static str>,
}

/// RFC 9457
#[derive(Debug, Deserialize)]
pub struct ProblemBody {
    pub title: String,
    pub status: u16,
    pub code: String,
    #[serde(default)]
    pub detail: String,
    #[serde(default)]
    pub errors: Vec<WrongField>,
}

#[derive(Debug, Deserialize)]
pub struct WrongField {
    pub pointer: String,
    pub detail: String,
}

impl Trouble {
    #[must_use]
    pub const fn code(&self) -> i32 {
        match self {
            Self::Usage(_) => 2,
            Self::Configuration(_) | Self::Invalid(_) => EX_CONFIG,
            Self::Unreachable { .. } | Self::Lost { .. } | Self::Refused(_) | Self::Strange { .. } => 1,
        }
    }

    /// The same may be asked again in a while.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Lost { .. } => true,
            Self::Refused(refused) => is_passing(refused.problem.status),
            Self::Strange { status, .. } => is_passing(*status),
            Self::Usage(_) | Self::Configuration(_) | Self::Invalid(_) => false,
        }
    }

    #[must_use]
    pub fn is(&self, code: &str) -> bool {
        matches!(self, Self::Refused(refused) if refused.problem.code == code)
    }

    /// As long as the instance says.
    #[must_use]
    pub fn retry_after(&self) -> Option<u64> {
        if let Self::Refused(refused) = self { refused.retry_after } else { None }
    }

    /// In one line.
    #[must_use]
    pub fn summary(&self) -> String {
        match self {
            Self::Usage(text) | Self::Configuration(text) => text.clone(),
            Self::Invalid(_) => "the configuration is wrong".to_owned(),
            Self::Unreachable { place, cause } => format!("nothing answers at {place}: {cause}"),
            Self::Lost { place, cause } => format!("{place} did not answer as it should: {cause}"),
            Self::Refused(refused) => {
                let ProblemBody { title, status, code, .. } = &refused.problem;
                format!("{title} ({status} {code})")
            }
            Self::Strange { place, status } => format!("{place} answered {status}, and not as alpha-call does"),
        }
    }

    /// Says it on standard error, and returns the exit code.
    pub fn tell(self) -> i32 {
        if let Self::Invalid(invalid) = self {
            return crate::cli::refuse(invalid);
        }
        let paint = Paint::of_errors();
        for (n, line) in wrap(&self.summary(), WIDTH).into_iter().enumerate() {
            complain(&if n == 0 { format!("{} {line}", paint.red("error:")) } else { format!("  {line}") });
        }
        if let Self::Refused(refused) = &self {
            refused.lines().iter().flat_map(|line| wrap(line, WIDTH)).for_each(|line| complain(&format!("  {line}")));
        }
        let way_out = self.way_out().map(|way_out| wrap(&format!("-> {way_out}"), WIDTH)).unwrap_or_default();
        way_out.iter().for_each(|line| complain(&format!("  {line}")));
        self.code()
    }

    fn way_out(&self) -> Option<String> {
        match self {
            Self::Unreachable { .. } => {
                Some("start it with `alpha-call serve`, or name another one with --url or ALPHA_CALL_URL".to_owned())
            }
            Self::Strange { .. } => Some("name an instance of alpha-call with --url or ALPHA_CALL_URL".to_owned()),
            Self::Refused(refused) => refused.way_out(),
            Self::Usage(_) | Self::Configuration(_) | Self::Invalid(_) | Self::Lost { .. } => None,
        }
    }
}

const fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 429 | 500..)
}

impl Refused {
    /// Where fields are told one by one, the detail says no more than that they are.
    fn lines(&self) -> Vec<String> {
        let ProblemBody { detail, errors, .. } = &self.problem;
        let mut lines: Vec<String> = errors.iter().map(|field| format!("{}: {}", field.pointer, field.detail)).collect();
        if errors.is_empty() && !detail.is_empty() {
            lines.push(detail.clone());
        }
        lines.extend(self.retry_after.map(|seconds| format!("retry after {seconds} s")));
        lines.extend(self.request_id.as_ref().map(|id| format!("request id {id}")));
        lines
    }

    fn way_out(&self) -> Option<String> {
        match (self.problem.code.as_str(), self.key_from) {
            ("unauthenticated", None) => Some(
                "give a key in ALPHA_CALL_KEY, or the file that holds it in ALPHA_CALL_KEY_FILE; `alpha-call keys create` makes one"
                    .to_owned(),
            ),
            ("unauthenticated", Some(from)) => Some(format!(
                "the key of {from} is not known there, or holds no longer: `alpha-call keys list` shows those that do, ALPHA_CALL_KEY \
                 names another"
            )),
            ("insufficient-scope", _) => Some("give a key that has it; `alpha-call keys create --help` shows the scopes".to_owned()),
            ("not-found", _) => {
                Some("`alpha-call calls list` shows the calls that there are, `alpha-call webhooks list` the webhooks".to_owned())
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(body: &str) -> Refused {
        Refused {
            problem: serde_json::from_str(body).expect("json"),
            retry_after: Some(9),
            request_id: Some("r1".to_owned()),
            key_from: None,
        }
    }

    #[test]
    fn a_problem_is_told_with_all_that_it_says() {
        let cooling = r#"{"type":"urn:x","title":"Called","status":429,"detail":"in 9 s","code":"cooling-down"}"#;
        let fields =
            r#"{"title":"A field","status":422,"detail":"see","code":"invalid-field","errors":[{"pointer":"/name","detail":"long"}]}"#;

        assert_eq!(refused(cooling).lines(), ["in 9 s", "retry after 9 s", "request id r1"]);
        assert_eq!(refused(fields).lines(), ["/name: long", "retry after 9 s", "request id r1"]);
        assert_eq!(Trouble::Refused(Box::new(refused(cooling))).summary(), "Called (429 cooling-down)");
    }

    #[test]
    fn only_what_passes_is_asked_again() {
        for (status, passes) in [(400, false), (401, false), (404, false), (408, true), (429, true), (500, true), (503, true)] {
            assert_eq!(Trouble::Strange { place: String::new(), status }.is_passing(), passes, "{status}");
        }
    }
}
