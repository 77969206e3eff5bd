//! Numbers that Twilio sends now as JSON numbers, now as strings.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

#[derive(Deserialize)]
#[serde(untagged)]
enum Loose {
    Number(u64),
    Text(String),
    Other(IgnoredAny),
}

/// A number or decimal text; anything else counts as absent.
pub(super) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(match Loose::deserialize(deserializer)? {
        Loose::Number(number) => Some(number),
        Loose::Text(text) => text.parse().ok(),
        Loose::Other(IgnoredAny) => None,
    })
}

/// Text; anything else counts as absent.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Loose::deserialize(deserializer)? {
        Loose::Text(text) => Some(text),
        Loose::Number(_) | Loose::Other(IgnoredAny) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Both {
        #[serde(default, deserialize_with = "number")]
        count: Option<u64>,
        #[serde(default, deserialize_with = "text")]
        word: Option<String>,
    }

    fn read(json: &str) -> Both {
        serde_json::from_str(json).expect("tolerated")
    }

    #[test]
    fn a_number_may_stand_in_quotes() {
        assert_eq!(read(r#"{"count":8000}"#).count, Some(8000));
        assert_eq!(read(r#"{"count":"8000"}"#).count, Some(8000));
    }

    #[test]
    fn what_is_of_another_kind_counts_as_absent() {
        for json in [r"{}", r#"{"count":null,"word":null}"#, r#"{"count":-1,"word":[]}"#, r#"{"count":{"a":1},"word":7}"#] {
            assert_eq!(read(json), Both { count: None, word: None }, "{json}");
        }
    }
}
