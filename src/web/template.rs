//! Where a tool asks: the operator's URL, with arguments of the model in its path and query.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use url::Url;

use super::client::WebError;

/// All but the unreserved characters. RFC 3986 section 2.3
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The URL with its places filled; the arguments that went into it are taken out.
pub(super) fn fill(template: &str, arguments: &mut Map<String, Value>) -> Result<Url, WebError> {
    let mut rest = template;
    let (mut filled, mut used) = (String::new(), Vec::new());
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, behind) = after.split_once("}}").ok_or(WebError::Misconfigured("its URL has a {{ without }}"))?;
        filled.push_str(before);
        if !has_path(&filled) {
            return Err(WebError::Misconfigured("the server in its URL has a variable"));
        }
        let name = name.trim();
        filled.push_str(&utf8_percent_encode(&plain(name, arguments.get(name))?, RESERVED).to_string());
        used.push(name);
        rest = behind;
    }
    filled.push_str(rest);
    used.iter().for_each(|name| drop(arguments.remove(*name)));
    refuse_dots(&filled)?;
    Url::parse(&filled).map_err(|_| WebError::Misconfigured("its URL is none"))
}

/// The server's name is complete: what follows cannot change it.
fn has_path(start: &str) -> bool {
    start.split_once("://").is_some_and(|(_, rest)| rest.contains(['/', '?', '#']))
}

/// An empty one would make another path of it.
fn plain(name: &str, value: Option<&Value>) -> Result<String, WebError> {
    match value {
        Some(Value::String(text)) if !text.is_empty() => Ok(text.clone()),
        Some(Value::Number(number)) => Ok(number.to_string()),
        Some(Value::Bool(flag)) => Ok(flag.to_string()),
        None | Some(Value::Null) => Err(WebError::Arguments(format!("`{name}` is missing"))),
        Some(Value::String(_)) => Err(WebError::Arguments(format!("`{name}` must not be empty"))),
        Some(Value::Array(_) | Value::Object(_)) => Err(WebError::Arguments(format!("`{name}` must be a text or a number"))),
    }
}

/// `..` climbs up in a path, also in its escaped form: <https://url.spec.whatwg.org/#double-dot-path-segment>
fn refuse_dots(url: &str) -> Result<(), WebError> {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let climbs = path.split('/').map(|part| part.to_ascii_lowercase().replace("%2e", ".")).any(|part| part == "." || part == "..");
    if climbs { Err(WebError::Arguments("`.` and `..` are no values here".to_owned())) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn filled(template: &str, arguments: Value) -> Result<(String, Value), WebError> {
        let Value::Object(mut arguments) = arguments else { panic!("not an object") };
        fill(template, &mut arguments).map(|url| (url.into(), Value::Object(arguments)))
    }

    #[test]
    fn arguments_stay_within_their_place() {
        let (url, left) =
            filled("https://a.example/{{day}}/x?q={{ word }}", json!({"day": "a/../b?c#d%", "word": "ü &=+", "n": 1})).expect("a url");

        assert_eq!(url, "https://a.example/a%2F..%2Fb%3Fc%23d%25/x?q=%C3%BC%20%26%3D%2B");
        assert_eq!(left, json!({"n": 1}));
    }

    #[test]
    fn numbers_and_flags_are_filled_in_and_a_name_may_be_used_twice() {
        let (url, _) = filled("https://a.example/{{n}}/{{n}}/{{b}}", json!({"n": 7, "b": true})).expect("a url");

        assert_eq!(url, "https://a.example/7/7/true");
    }

    #[test]
    fn no_argument_climbs_up_or_drops_out_of_the_path() {
        for value in [json!(".."), json!("."), json!(""), json!(null), json!([1]), json!({})] {
            let outcome = filled("https://a.example/customers/{{id}}", json!({"id": value}));
            assert!(matches!(outcome, Err(WebError::Arguments(_))), "{value}: {outcome:?}");
        }
        assert!(matches!(filled("https://a.example/{{id}}", json!({})), Err(WebError::Arguments(_))));
    }

    #[test]
    fn the_server_is_the_operators() {
        for template in [
            "https://{{host}}/",
            "https://a.{{host}}/x",
            "{{url}}",
            "https://a.example:{{port}}/",
            "https://{{u}}@a.example/",
            "https://a{{x",
        ] {
            let outcome = filled(template, json!({"host": "b.example", "url": "https://b.example", "port": 1, "u": "a"}));
            assert!(matches!(outcome, Err(WebError::Misconfigured(_))), "{template}: {outcome:?}");
        }
    }
}
