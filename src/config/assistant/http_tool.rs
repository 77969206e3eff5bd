//! A tool that asks a web server.

use std::time::Duration;

use url::Url;

use super::schema::Schema;
use super::tools::{is_name, secret};
use crate::config::entry::Entry;
use crate::config::reader::quoted;
use crate::config::sections::is_loopback;
use crate::config::template;
use crate::config::tool::HttpTool;

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
const TIMEOUT_MS: u64 = 8_000;
/// Headers that are nothing but secrets.
const SECRET: [&str; 5] = ["authorization", "proxy-authorization", "cookie", "x-api-key", "api-key"];

/// `patience`: how long the model waits for a tool.
pub(super) fn read(entry: &mut Entry<'_, '_>, patience: Duration) -> Option<HttpTool> {
    let name = entry.required("name", "give it a name, such as free_slots").filter(|name| is_name(entry, "name", name));
    let description = entry.required("description", "tell the model when to use it, and what it gets");
    let method = method(entry);
    let schema = Schema::read(entry, "parameters");
    let url = url(entry, &schema);
    let (headers, timeout, result) = (headers(entry), timeout(entry, patience), result(entry));
    Some(HttpTool {
        name: name?,
        description: description?,
        parameters: schema.text(),
        method: method?,
        url: url?,
        headers,
        timeout,
        result,
    })
}

fn method(entry: &mut Entry<'_, '_>) -> Option<String> {
    let fix = format!("write one of {}", METHODS.join(", "));
    let method = entry.required("method", &fix)?.to_ascii_uppercase();
    if METHODS.contains(&method.as_str()) {
        return Some(method);
    }
    entry.note("method", &format!("{} is not a method that can be used", quoted(&method)), &fix);
    None
}

/// Every variable of the address is an argument, and none of them chooses the host.
fn url(entry: &mut Entry<'_, '_>, schema: &Schema) -> Option<String> {
    const FIX: &str = "write https://HOST/PATH, with {{argument}} in its path or query";
    let text = entry.required("url", FIX)?;
    let known: Vec<&str> = schema.properties().collect();
    for fault in template::faults(&text, &known) {
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        entry.note("url", &format!("{fault} among the properties of its parameters"), &format!("name one of them: {known}"));
    }
    let may_be_plain = !entry.reader.environment.is_production();
    match checked_url(&text, may_be_plain) {
        Ok(()) => Some(text),
        Err(message) => {
            entry.note("url", &message, FIX);
            None
        }
    }
}

/// Of a template, what stands ahead of its first variable is enough: whatever follows, the host is the same.
pub(super) fn checked_url(text: &str, may_be_plain: bool) -> Result<(), String> {
    let fixed = text.split("{{").next().unwrap_or_default();
    let followed_by =
        |value: &str| Url::parse(&format!("{fixed}{value}")).ok().and_then(|url| Some((url.host_str()?.to_owned(), url.port())));
    if fixed.len() < text.len() && (followed_by("1").is_none() || followed_by("1") != followed_by("2")) {
        return Err("lets an argument choose the host".to_owned());
    }
    let url = Url::parse(fixed).map_err(|_| "is not a url".to_owned())?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("holds a user or a password".to_owned());
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if may_be_plain && is_loopback(&url) => Ok(()),
        _ => Err("is not https://".to_owned()),
    }
}

fn headers(entry: &mut Entry<'_, '_>) -> Vec<(String, secrecy::SecretString)> {
    let mut headers = Vec::new();
    for (name, text) in entry.texts("headers") {
        let key = format!("headers.{name}");
        let is_token = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b));
        if !is_token {
            entry.note(&key, "is not the name of a header", "write letters, digits and hyphens");
        } else if let Some(value) = secret(entry, &key, &text, SECRET.contains(&name.to_ascii_lowercase().as_str())) {
            headers.push((name, value));
        }
    }
    headers
}

fn timeout(entry: &mut Entry<'_, '_>, patience: Duration) -> Duration {
    let timeout = Duration::from_millis(entry.number("timeout_ms", 100..=60_000_u64).unwrap_or(TIMEOUT_MS));
    if timeout > patience {
        let message = format!("is {} ms, and the model waits for no tool longer than {} ms", timeout.as_millis(), patience.as_millis());
        entry.note("timeout_ms", &message, "set it lower, or limits.tool_timeout_ms higher");
    }
    timeout
}

fn result(entry: &mut Entry<'_, '_>) -> Option<String> {
    let pointer = entry.text("result")?;
    if pointer.starts_with('/') {
        return Some(pointer);
    }
    entry.note("result", &format!("{} is not a JSON pointer", quoted(&pointer)), "write /PATH/TO/PART, as in RFC 6901");
    None
}
