//! A tool of the assistant: what the model asks for becomes a request, and the answer what it is told.

use awc::http::Method;
use awc::http::header::{HeaderName, HeaderValue};
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value};
use tokio::time::timeout;
use url::Url;

use super::address::Reach;
use super::client::{Request, WebError};
use super::{answer, schema, template};
use crate::config::HttpTool;
use crate::telemetry::trace::Trace;

/// These say how the request is made, and are ours.
const OURS: [&str; 6] = ["host", "connection", "content-length", "transfer-encoding", "upgrade", "expect"];

/// Asks the tool's server, and says what the model is to be told: JSON text.
pub async fn ask(tool: &HttpTool, arguments: &str, reach: &Reach, trace: &Trace) -> Result<String, WebError> {
    let mut arguments = checked(&tool.parameters, arguments)?;
    let mut url = template::fill(&tool.url, &mut arguments)?;
    let method = method(&tool.method)?;
    let body = if matches!(method, Method::GET | Method::DELETE) {
        into_query(&mut url, arguments)
    } else {
        Some(Value::Object(arguments).to_string())
    };
    let headers = tool.headers.iter().map(|(name, value)| header(name, value.expose_secret())).collect::<Result<_, _>>()?;
    let request = Request { method, url: &url, headers, body, trace };
    let asked = async {
        let answer = request.send(reach).await?;
        Ok::<_, WebError>((answer.status(), answer.body().await?))
    };
    let (status, body) = timeout(tool.timeout, asked).await.map_err(|_| WebError::TimedOut(tool.timeout))??;
    if !(200..300).contains(&status) {
        return Err(WebError::Status { status, answer: answer::refusal(&body) });
    }
    answer::told(body, tool.result.as_deref())
}

fn checked(parameters: &str, arguments: &str) -> Result<Map<String, Value>, WebError> {
    let text = if arguments.trim().is_empty() { "{}" } else { arguments };
    let value = serde_json::from_str(text).map_err(|error| WebError::Arguments(format!("the arguments are not JSON: {error}")))?;
    let parameters = serde_json::from_str(parameters).map_err(|_| WebError::Misconfigured("its parameters are no JSON schema"))?;
    schema::check(&parameters, &value).map_err(WebError::Arguments)?;
    match value {
        Value::Object(fields) => Ok(fields),
        _ => Err(WebError::Arguments("the arguments must be of type object".to_owned())),
    }
}

fn method(word: &str) -> Result<Method, WebError> {
    let known = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    known.into_iter().find(|method| method.as_str() == word).ok_or(WebError::Misconfigured("its method is none"))
}

fn into_query(url: &mut Url, arguments: Map<String, Value>) -> Option<String> {
    for (name, value) in arguments {
        let text = if let Value::String(text) = value { text } else { value.to_string() };
        url.query_pairs_mut().append_pair(&name, &text);
    }
    None
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), WebError> {
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| WebError::Misconfigured("a header's name is none"))?;
    if OURS.contains(&name.as_str()) {
        return Err(WebError::Misconfigured("a header is not its to set"));
    }
    let mut value = HeaderValue::from_str(value).map_err(|_| WebError::Misconfigured("a header's value is none"))?;
    value.set_sensitive(true);
    Ok((name, value))
}

#[cfg(test)]
mod tests;
