//! `NAME_SECRET`: secrets that Google's Secret Manager keeps, for platforms that put none into variables (App Engine).
//! <https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions/access>

use std::collections::BTreeMap;
use std::time::Duration;

use awc::Client;
use awc::http::{Version, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::config::names::NAMES;
use crate::config::{Invalid, Origin, Problem};
use crate::realtime::socket::install_tls_provider;

const SUFFIX: &str = "_SECRET";
const ANSWER: Duration = Duration::from_secs(10);
/// Names the host of the metadata server, as for Google's own libraries.
const METADATA_HOST: &str = "GCE_METADATA_HOST";
/// Names another address of the API, as for gcloud.
const API: &str = "CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER";

/// A variable that is to be had from Secret Manager.
struct Kept {
    variable: &'static str,
    key: &'static str,
    version: String,
}

/// What the metadata server says of our account. RFC 6749 section 5.1
#[derive(Deserialize)]
struct Token {
    access_token: String,
}

#[derive(Deserialize)]
struct Accessed {
    payload: Payload,
}

#[derive(Deserialize)]
struct Payload {
    data: String,
}

/// The environment, with `NAME` for each `NAME_SECRET`; nobody is asked if there is none.
pub async fn fetched(mut env: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Invalid> {
    let kept = kept(&env);
    if kept.is_empty() {
        return Ok(env);
    }
    install_tls_provider();
    let client = Client::builder().max_http_version(Version::HTTP_11).timeout(ANSWER).disable_redirects().finish();
    let token = token(&client, &env).await;
    let values = join_all(kept.iter().map(|one| value(&client, &env, one, &token))).await;
    let mut problems = Vec::new();
    for (one, value) in kept.iter().zip(values) {
        match value {
            Ok(value) => drop(env.insert(one.variable.to_owned(), value)),
            Err(message) => problems.push(one.problem(message)),
        }
    }
    if problems.is_empty() { Ok(env) } else { Err(Invalid { problems }) }
}

fn kept(env: &BTreeMap<String, String>) -> Vec<Kept> {
    let secrets = NAMES.iter().filter(|name| name.secret);
    let version = |variable| env.get(&format!("{variable}{SUFFIX}")).map(|version| version.trim()).filter(|version| !version.is_empty());
    secrets.filter_map(|name| Some(Kept { variable: name.variable, key: name.key, version: version(name.variable)?.to_owned() })).collect()
}

impl Kept {
    fn problem(&self, message: String) -> Problem {
        let variable = format!("{}{SUFFIX}", self.variable);
        Problem {
            key: self.key.to_owned(),
            origin: Origin::Variable(variable.clone()),
            variable,
            message,
            fix: "name projects/PROJECT/secrets/NAME/versions/NUMBER, which our account may access".to_owned(),
        }
    }
}

async fn token(client: &Client, env: &BTreeMap<String, String>) -> Result<SecretString, String> {
    let host = env.get(METADATA_HOST).map_or("metadata.google.internal", String::as_str);
    let url = format!("http://{host}/computeMetadata/v1/instance/service-accounts/default/token");
    let token: Token = asked(client.get(url).insert_header(("metadata-flavor", "Google")))
        .await
        .map_err(|why| format!("no token of our account: {why}"))?;
    Ok(token.access_token.into())
}

async fn value(
    client: &Client,
    env: &BTreeMap<String, String>,
    kept: &Kept,
    token: &Result<SecretString, String>,
) -> Result<String, String> {
    if env.get(kept.variable).is_some_and(|value| !value.trim().is_empty()) {
        return Err(format!("{} is set as well", kept.variable));
    }
    if !is_version(&kept.version) {
        return Err("is not the name of a version".to_owned());
    }
    let token = token.as_ref().map_err(Clone::clone)?;
    let api = env.get(API).map_or("https://secretmanager.googleapis.com", |url| url.trim_end_matches('/'));
    let request = client.get(format!("{api}/v1/{}:access", kept.version)).insert_header((header::ACCEPT, "application/json"));
    let accessed: Accessed = asked(request.bearer_auth(token.expose_secret())).await?;
    let text = STANDARD.decode(accessed.payload.data).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or("is no text")?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// `projects/P/secrets/S/versions/V`, and nothing that leads elsewhere.
fn is_version(text: &str) -> bool {
    let is_name = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte));
    match text.split('/').collect::<Vec<_>>().as_slice() {
        ["projects", project, "secrets", secret, "versions", version] => [project, secret, version].into_iter().all(|part| is_name(part)),
        _ => false,
    }
}

async fn asked<T: DeserializeOwned>(request: awc::ClientRequest) -> Result<T, String> {
    let host = request.get_uri().host().unwrap_or_default().to_owned();
    let mut answer = request.send().await.map_err(|error| format!("{host} does not answer: {error}"))?;
    if !answer.status().is_success() {
        return Err(format!("{host} answered {}", answer.status().as_u16()));
    }
    // What does not parse is not repeated: it may hold the secret.
    answer.json::<T>().await.map_err(|_| format!("{host} gave an answer that is not understood"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_named_in_full_and_leads_nowhere_else() {
        assert!(is_version("projects/voice-1/secrets/alpha-call-db-password/versions/3"));
        assert!(is_version("projects/example.com:voice/secrets/s/versions/latest"));
        for wrong in [
            "",
            "alpha-call-db-password",
            "projects/p/secrets/s",
            "projects/p/secrets/s/versions/",
            "projects/p/secrets/../versions/1/x",
            "projects/p/secrets/s?x/versions/1",
        ] {
            assert!(!is_version(wrong), "{wrong}");
        }
    }

    #[tokio::test]
    async fn without_such_a_variable_nothing_changes_and_nobody_is_asked() {
        let env = BTreeMap::from([("TWILIO_API_SECRET", "hush"), ("OPENAI_API_KEY_SECRET", " "), (METADATA_HOST, "256.0.0.1")]);
        let env: BTreeMap<String, String> = env.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();

        assert_eq!(fetched(env.clone()).await.expect("as it was"), env);
    }
}
