//! The public host.

use std::fmt;

use url::Url;

/// Host, and port if it is not the usual one, by which the world reaches us.
#[derive(Clone, PartialEq, Eq)]
pub struct Domain(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a host name such as voice.example.com")]
pub struct InvalidDomain;

impl Domain {
    /// The domain, and whether a scheme or a slash had to be taken off.
    pub fn parse(text: &str) -> Result<(Self, bool), InvalidDomain> {
        let text = text.trim();
        let bare =
            ["https://", "http://", "wss://", "ws://"].iter().find_map(|s| text.strip_prefix(s)).unwrap_or(text).trim_end_matches('/');
        let url = Url::parse(&format!("https://{bare}/")).map_err(|_| InvalidDomain)?;
        let host = url.host_str().filter(|_| is_bare(&url)).ok_or(InvalidDomain)?;
        let name = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        Ok((Self(name), bare.len() != text.len()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `path` with its leading slash.
    #[must_use]
    pub fn https_url(&self, path: &str) -> String {
        format!("https://{}{path}", self.0)
    }

    /// `path` with its leading slash.
    #[must_use]
    pub fn wss_url(&self, path: &str) -> String {
        format!("wss://{}{path}", self.0)
    }
}

fn is_bare(url: &Url) -> bool {
    url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none()
}

impl fmt::Debug for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<(String, bool)> {
        Domain::parse(text).ok().map(|(domain, mended)| (domain.as_str().to_owned(), mended))
    }

    #[test]
    fn scheme_and_slash_are_taken_off() {
        let name = "voice.example.com".to_owned();

        assert_eq!(parsed("voice.example.com"), Some((name.clone(), false)));
        for text in ["https://voice.example.com", "http://voice.example.com/", "wss://voice.example.com/", "voice.example.com/"] {
            assert_eq!(parsed(text), Some((name.clone(), true)), "{text}");
        }
    }

    #[test]
    fn a_port_stays() {
        assert_eq!(parsed("localhost:8081"), Some(("localhost:8081".to_owned(), false)));
    }

    #[test]
    fn what_is_more_than_a_host_is_refused() {
        for text in
            ["", "/", "https://", "a b", "example.com/path", "example.com?x=1", "me@example.com", "example.com#x", "ftp://example.com"]
        {
            assert_eq!(Domain::parse(text), Err(InvalidDomain), "{text}");
        }
    }

    #[test]
    fn urls_are_built_on_it() {
        let (domain, _) = Domain::parse("voice.example.com").expect("a domain");

        assert_eq!(domain.https_url("/incoming-call"), "https://voice.example.com/incoming-call");
        assert_eq!(domain.wss_url("/media-stream"), "wss://voice.example.com/media-stream");
    }
}
