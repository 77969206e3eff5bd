//! What the model is told of an answer.

use serde_json::{Value, json};

use super::client::WebError;

/// More would crowd out the conversation.
const MAX_CHARS: usize = 8_000;
/// Of an answer that says what is wrong.
const MAX_ERROR_CHARS: usize = 1_000;

/// The part of the answer that is asked for, as JSON text; all of it without a pointer.
pub(super) fn told(body: Vec<u8>, pointer: Option<&str>) -> Result<String, WebError> {
    let text = String::from_utf8(body).map_err(|_| WebError::BadAnswer("it is not text"))?;
    let result = match (pointer, serde_json::from_str::<Value>(&text)) {
        (None, Ok(value)) => value,
        (None, Err(_)) if text.trim().is_empty() => Value::Null,
        (None, Err(_)) => Value::String(text),
        (Some(pointer), Ok(value)) => value.pointer(pointer).cloned().ok_or(WebError::BadAnswer("the part that is wanted is not in it"))?,
        (Some(_), Err(_)) => return Err(WebError::BadAnswer("it is not JSON")),
    };
    let length = match &result {
        Value::String(text) => text.chars().count(),
        other => other.to_string().chars().count(),
    };
    if length <= MAX_CHARS {
        return Ok(json!({ "result": result }).to_string());
    }
    let text = if let Value::String(text) = result { text } else { result.to_string() };
    Ok(json!({ "result": first(&text, MAX_CHARS), "cut": true }).to_string())
}

/// What a server says that would not do it.
pub(super) fn refusal(body: &[u8]) -> String {
    first(&String::from_utf8_lossy(body), MAX_ERROR_CHARS)
}

fn first(text: &str, chars: usize) -> String {
    text.chars().take(chars).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(body: &str, pointer: Option<&str>) -> Value {
        serde_json::from_str(&told(body.into(), pointer).expect("told")).expect("json")
    }

    #[test]
    fn the_part_that_is_asked_for_is_told() {
        assert_eq!(value(r#"{"a":{"b":[1,2]},"secret":1}"#, Some("/a/b/1")), json!({"result": 2}));
        assert_eq!(value(r#"{"a":1}"#, None), json!({"result": {"a": 1}}));
        assert_eq!(value("plain words", None), json!({"result": "plain words"}));
        assert_eq!(value(" ", None), json!({"result": null}));
    }

    #[test]
    fn an_answer_without_that_part_is_none() {
        assert!(matches!(told(b"{}".to_vec(), Some("/a")), Err(WebError::BadAnswer(_))));
        assert!(matches!(told(b"<html>".to_vec(), Some("/a")), Err(WebError::BadAnswer(_))));
        assert!(matches!(told(vec![0xFF], None), Err(WebError::BadAnswer(_))));
    }

    #[test]
    fn a_long_answer_is_cut_and_says_so() {
        let long = value(&format!("[\"{}\"]", "ü".repeat(9_000)), None);

        assert_eq!(long["result"].as_str().map(|text| text.chars().count()), Some(8_000));
        assert_eq!(long["cut"], true);
    }
}
