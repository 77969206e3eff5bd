//! From JSON to a request, with a pointer to what does not fit.

use garde::Validate;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use super::Problem;
use super::error::FieldError;

/// The request that a body is; a field that is missing or of the wrong type is pointed at.
pub(super) fn shaped<T: DeserializeOwned>(body: Value) -> Result<T, Problem> {
    // serde would take the values of a list for the fields in their order.
    if body.is_array() {
        return Err(Problem::field("", "must be an object"));
    }
    serde_path_to_error::deserialize(body).map_err(|error| {
        let detail = error.inner().to_string();
        let missing = missing_field(&detail).map(|name| Segment::Map { key: name.to_owned() });
        Problem::field(pointer(error.path(), missing.as_ref()), detail)
    })
}

/// Every field that is not as it has to be.
pub(super) fn misshapen<T: Validate<Context = ()>>(request: &T) -> Vec<FieldError> {
    let Err(report) = request.validate() else { return Vec::new() };
    let field = |path: String, detail: String| FieldError { pointer: format!("/{}", path.replace('.', "/")), detail };
    report.iter().map(|(path, error)| field(path.to_string(), error.to_string())).collect()
}

/// A text that is blank is not there.
pub(super) fn filled(text: String) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
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

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Wish {
        #[serde(default)]
        name: Option<String>,
    }

    #[test]
    fn a_list_is_no_request() {
        assert_eq!(shaped::<Wish>(json!({"name": "Ann"})).ok().and_then(|wish| wish.name), Some("Ann".to_owned()));
        for list in [json!([]), json!(["Ann"])] {
            assert!(shaped::<Wish>(list.clone()).is_err(), "{list}");
        }
    }
}
