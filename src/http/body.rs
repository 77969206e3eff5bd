//! From JSON to a request, with a pointer to what does not fit.

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use super::Problem;

/// The request that a body is; a field that is missing or of the wrong type is pointed at.
pub(super) fn shaped<T: DeserializeOwned>(body: Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(body).map_err(|error| {
        let detail = error.inner().to_string();
        let missing = missing_field(&detail).map(|name| Segment::Map { key: name.to_owned() });
        Problem::field(pointer(error.path(), missing.as_ref()), detail)
    })
}

/// serde names a missing field in its text alone.
fn missing_field(detail: &str) -> Option<&str> {
    detail.strip_prefix("missing field `")?.split('`').next()
}

/// RFC 6901, section 3.
fn pointer(path: &Path, last: Option<&Segment>) -> String {
    path.iter().chain(last).filter_map(token).map(|token| format!("/{token}")).collect()
}

fn token(segment: &Segment) -> Option<String> {
    match segment {
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Map { key } | Segment::Enum { variant: key } => Some(escaped(key)),
        Segment::Unknown => None,
    }
}

pub(super) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
