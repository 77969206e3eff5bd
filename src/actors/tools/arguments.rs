//! What the model hands to the tools that are built in.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::types::PhoneNumber;

/// <https://www.twilio.com/docs/voice/twiml/number#attributes-sendDigits>
const DIGITS: &str = "0123456789*#ABCDw";
const MAX_DIGITS: usize = 32;
const MAX_NOTE: usize = 1_000;
const MAX_DAYS: i64 = 90;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Transfer {
    target: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Dtmf {
    digits: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Callback {
    when: String,
    note: Option<String>,
}

/// The arguments, or what is wrong with them. A tool without any may be called without a word.
pub(super) fn read<T: DeserializeOwned>(arguments: &str) -> Result<T, String> {
    let text = if arguments.trim().is_empty() { "{}" } else { arguments };
    // A struct could be read from an array too.
    if !text.trim_start().starts_with('{') {
        return Err("the arguments must be a JSON object".to_owned());
    }
    serde_json::from_str(text).map_err(|error| match error.classify() {
        Category::Data => error.to_string(),
        Category::Syntax | Category::Eof | Category::Io => format!("the arguments are not JSON: {error}"),
    })
}

pub(super) fn target(arguments: &str, targets: &BTreeMap<String, PhoneNumber>) -> Result<PhoneNumber, String> {
    let Transfer { target } = read(arguments)?;
    let known = || targets.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    targets.get(&target).cloned().ok_or_else(|| format!("there is no such target, use one of: {}", known()))
}

pub(super) fn digits(arguments: &str) -> Result<String, String> {
    let Dtmf { digits } = read(arguments)?;
    let fits = (1..=MAX_DIGITS).contains(&digits.len()) && digits.chars().all(|digit| DIGITS.contains(digit));
    if fits { Ok(digits) } else { Err(format!("`digits` must be 1 to {MAX_DIGITS} of {DIGITS}, where w waits half a second")) }
}

/// When to call, and why.
pub(super) fn callback(arguments: &str, now: DateTime<Utc>) -> Result<(DateTime<Utc>, Option<String>), String> {
    let Callback { when, note } = read(arguments)?;
    let at = DateTime::parse_from_rfc3339(&when)
        .map_err(|_| format!("`when` must be a time with its offset, such as 2030-01-31T15:00:00+01:00; now it is {}", now.to_rfc3339()))?
        .to_utc();
    if at <= now || at > now + TimeDelta::days(MAX_DAYS) {
        return Err(format!("`when` must be within the next {MAX_DAYS} days; now it is {}", now.to_rfc3339()));
    }
    match note {
        Some(note) if note.chars().count() > MAX_NOTE => Err(format!("`note` must have at most {MAX_NOTE} characters")),
        note => Ok((at, note.filter(|note| !note.trim().is_empty()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).expect("a moment")
    }

    #[test]
    fn a_tool_without_arguments_takes_none() {
        assert!(read::<Nothing>("").is_ok() && read::<Nothing>(" {} ").is_ok());

        for (wrong, part) in [("{", "not JSON"), ("[]", "JSON object"), ("null", "JSON object"), (r#"{"x":1}"#, "unknown field `x`")] {
            let error = read::<Nothing>(wrong).err().unwrap_or_default();
            assert!(error.contains(part), "{wrong}: {error}");
        }
    }

    #[test]
    fn a_target_is_one_of_those_configured() {
        let sales: PhoneNumber = "+14155550199".parse().expect("a number");
        let targets = BTreeMap::from([("sales".to_owned(), sales.clone()), ("service".to_owned(), sales.clone())]);

        assert_eq!(target(r#"{"target":"sales"}"#, &targets), Ok(sales));
        for (wrong, part) in [
            (r#"{"target":"+14155550199"}"#, "use one of: sales, service"),
            (r#"{"target":7}"#, "expected a string"),
            ("{}", "missing field `target`"),
            (r#"{"target":"sales","to":"me"}"#, "unknown field `to`, expected `target`"),
        ] {
            let error = target(wrong, &targets).expect_err(wrong);
            assert!(error.contains(part), "{wrong}: {error}");
        }
    }

    #[test]
    fn digits_are_those_of_a_keypad() {
        assert_eq!(digits(r#"{"digits":"12w*#A"}"#), Ok("12w*#A".to_owned()));
        let long = format!(r#"{{"digits":"{}"}}"#, "1".repeat(33));
        for wrong in [r#"{"digits":""}"#, r#"{"digits":"1a"}"#, r#"{"digits":"1,2"}"#, r#"{"digits":"١"}"#, r#"{"digits":1}"#, &long] {
            assert!(digits(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_callback_is_soon_and_in_the_future() {
        let at = |seconds| now() + TimeDelta::seconds(seconds);
        let wish = |when: &str| callback(&format!(r#"{{"when":"{when}","note":" "}}"#), now());

        assert_eq!(wish(&at(60).to_rfc3339()), Ok((at(60), None)));
        let paris = at(3600).with_timezone(&chrono::FixedOffset::east_opt(3600).expect("an offset"));
        assert_eq!(wish(&paris.to_rfc3339()), Ok((at(3600), None)));
        for wrong in [&at(0).to_rfc3339(), &at(-1).to_rfc3339(), &at(91 * 86_400).to_rfc3339(), "tomorrow", "2027-01-20T10:00:00", ""] {
            assert!(wish(wrong).is_err(), "{wrong}");
        }
        let long = format!(r#"{{"when":"{}","note":"{}"}}"#, at(60).to_rfc3339(), "x".repeat(1_001));
        assert!(callback(&long, now()).is_err());
    }
}
