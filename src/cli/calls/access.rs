//! Which instance is asked, and with which key.

use std::collections::BTreeMap;

use secrecy::SecretString;
use url::{Host, Url};

use super::trouble::Trouble;
use crate::config::{Config, Invalid, Loaded};

const URL: &str = "ALPHA_CALL_URL";
const KEY: &str = "ALPHA_CALL_KEY";
const KEY_FILE: &str = "ALPHA_CALL_KEY_FILE";

#[derive(Debug)]
pub struct Access {
    /// Without a slash at its end.
    pub base: Url,
    pub key: Option<Key>,
}

#[derive(Debug)]
pub struct Key {
    pub text: SecretString,
    /// The name of its variable.
    pub from: &'static str,
}

impl Access {
    /// The configuration is read only where it matters: for an address that nobody named, and for an instance on this machine.
    pub fn find(
        url: Option<&str>,
        env: &BTreeMap<String, String>,
        configured: impl FnOnce() -> Result<Loaded, Invalid>,
    ) -> Result<Self, Trouble> {
        let key = key_of(env)?;
        let named = named(url, env)?;
        match named {
            Some(base) if key.is_some() || !is_this_machine(&base) => Ok(Self { base, key }),
            named => {
                let config = configured().map_err(Trouble::Invalid)?.config;
                let base = named.map_or_else(|| configured_address(&config), Ok)?;
                Ok(Self { base, key: key.or_else(|| first_key(&config)) })
            }
        }
    }
}

fn named(url: Option<&str>, env: &BTreeMap<String, String>) -> Result<Option<Url>, Trouble> {
    let by_flag = url.map(|text| address(text).map_err(|why| Trouble::Usage(format!("--url {why}"))));
    let by_variable = || set(env, URL).map(|text| address(text).map_err(|why| Trouble::Configuration(format!("{URL} {why}"))));
    by_flag.or_else(by_variable).transpose()
}

/// An empty variable is one that is not set.
fn set<'a>(env: &'a BTreeMap<String, String>, name: &str) -> Option<&'a str> {
    env.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
}

fn address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let Some(url) = url else { return Err("is not the address of an instance: write https://HOST or http://HOST:PORT".to_owned()) };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(format!("holds a secret, where others can see it: give the key in {KEY}"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("has more than an address: leave out ? and #".to_owned());
    }
    Ok(url)
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn configured_address(config: &Config) -> Result<Url, Trouble> {
    let server = &config.server;
    if server.port == 0 {
        return Err(Trouble::Configuration(format!("PORT is 0, any that is free: name the instance with --url or {URL}")));
    }
    address(&format!("http://{}", server.from_here())).map_err(Trouble::Configuration)
}

fn first_key(config: &Config) -> Option<Key> {
    config.security.api_keys.first().map(|key| Key { text: key.clone(), from: "API_KEYS" })
}

fn key_of(env: &BTreeMap<String, String>) -> Result<Option<Key>, Trouble> {
    let key = |text: &str, from| Key { text: SecretString::from(text.to_owned()), from };
    match (set(env, KEY), set(env, KEY_FILE)) {
        (Some(_), Some(_)) => Err(Trouble::Configuration(format!("{KEY} and {KEY_FILE} are both set: set one of the two"))),
        (Some(text), None) => Ok(Some(key(text, KEY))),
        (None, Some(path)) => match std::fs::read_to_string(path) {
            Ok(text) if !text.trim().is_empty() => Ok(Some(key(text.trim(), KEY_FILE))),
            Ok(_) => Err(Trouble::Configuration(format!("{KEY_FILE}: {path} is empty"))),
            Err(error) => Err(Trouble::Configuration(format!("{KEY_FILE}: {path} cannot be read: {error}"))),
        },
        (None, None) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;
    use crate::config::{LoadOptions, Scope, load};

    fn found(url: Option<&str>, env: &[(&str, &str)]) -> Result<(String, Option<String>), i32> {
        let env: BTreeMap<String, String> = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let root = tempfile::tempdir().expect("a folder");
        let options = LoadOptions { root: root.path().into(), scope: Scope::Api, ..LoadOptions::default() };
        let access = Access::find(url, &env, || load(&env, &options)).map_err(|trouble| trouble.code())?;
        Ok((access.base.to_string(), access.key.map(|key| format!("{}={}", key.from, key.text.expose_secret()))))
    }

    #[test]
    fn the_address_is_named_by_the_flag_the_variable_or_the_configuration() {
        let none = Ok(("http://127.0.0.1:8080/".to_owned(), None));

        assert_eq!(found(None, &[]), none);
        assert_eq!(
            found(None, &[("PORT", "9000"), ("HOST", "0.0.0.0"), ("APP_ENV", "simulation")]).map(|found| found.0).as_deref(),
            Ok("http://127.0.0.1:9000/")
        );
        assert_eq!(found(None, &[(URL, "https://a.example/x")]).map(|found| found.0).as_deref(), Ok("https://a.example/x"));
        assert_eq!(
            found(Some("http://b.example:1"), &[(URL, "https://a.example")]).map(|found| found.0).as_deref(),
            Ok("http://b.example:1/")
        );
    }

    #[test]
    fn a_key_of_the_configuration_stays_on_this_machine() {
        let keys = [("API_KEYS", "first,second")];

        let key = |url| found(url, &keys).map(|found| found.1);
        assert_eq!(key(None), Ok(Some("API_KEYS=first".to_owned())));
        assert_eq!(key(Some("http://localhost:9000")), Ok(Some("API_KEYS=first".to_owned())));
        assert_eq!(key(Some("http://[::1]:9000")), Ok(Some("API_KEYS=first".to_owned())));
        for elsewhere in ["https://voice.example.com", "http://10.0.0.1:8080", "http://localhost.example.com"] {
            assert_eq!(key(Some(elsewhere)), Ok(None), "{elsewhere}");
        }
        assert_eq!(found(None, &[keys[0], (KEY, "mine")]).map(|found| found.1), Ok(Some(format!("{KEY}=mine"))));
    }

    #[test]
    fn what_is_set_wrong_is_told_with_the_right_code() {
        for (url, env, code) in [
            (Some("voice.example.com"), vec![], 2),
            (Some("http://ann:secret@voice.example.com"), vec![], 2),
            (None, vec![(URL, "ftp://voice.example.com")], 78),
            (None, vec![(KEY, "a"), (KEY_FILE, "b")], 78),
            (None, vec![(KEY_FILE, "/nowhere/at/all")], 78),
            (None, vec![("PORT", "many")], 78),
            (None, vec![("PORT", "0")], 78),
        ] {
            assert_eq!(found(url, &env), Err(code), "{url:?} {env:?}");
        }
        assert!(found(None, &[("DATABASE_URL", "mysql://x"), ("APP_ENV", "production")]).is_ok(), "not what we ask for");
    }
}
