//! URLs as Twilio was given them: kept letter by letter, since signatures are made over the text.

use url::Url;

/// An absolute URL, with its fragment set apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    text: String,
    fragment: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an absolute url")]
pub struct InvalidAddress;

impl Address {
    pub fn parse(text: &str) -> Result<Self, InvalidAddress> {
        let url = Url::parse(text).map_err(|_| InvalidAddress)?;
        let plain = text.bytes().all(|b| b.is_ascii_graphic()) && url.has_host() && text.contains("://");
        let (text, fragment) = text.split_once('#').unwrap_or((text, ""));
        if plain { Ok(Self { text: text.to_owned(), fragment: fragment.to_owned() }) } else { Err(InvalidAddress) }
    }

    /// Like [`Self::parse`], for the schemes of a webhook.
    pub fn webhook(text: &str) -> Result<Self, InvalidAddress> {
        Self::parse(text)?.into_webhook()
    }

    pub fn into_webhook(self) -> Result<Self, InvalidAddress> {
        if matches!(self.scheme(), "http" | "https") { Ok(self) } else { Err(InvalidAddress) }
    }

    /// What `text` means in a document that came from here.
    pub fn join(&self, text: &str) -> Result<Self, InvalidAddress> {
        if Url::parse(text).is_ok() {
            return Self::parse(text);
        }
        let base = Url::parse(&self.text).map_err(|_| InvalidAddress)?;
        Self::parse(base.join(text).map_err(|_| InvalidAddress)?.as_str())
    }

    /// The same address with `query` appended to what it has.
    #[must_use]
    pub fn with_query(&self, query: &str) -> Self {
        let joint = if self.text.contains('?') { '&' } else { '?' };
        Self { text: format!("{}{joint}{query}", self.text), fragment: self.fragment.clone() }
    }

    /// Twilio drops the query string of a stream's URL.
    #[must_use]
    pub fn without_query(&self) -> Self {
        let text = self.text.split('?').next().unwrap_or_default().to_owned();
        Self { text, fragment: String::new() }
    }

    /// Without the fragment.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    #[must_use]
    pub fn fragment(&self) -> &str {
        &self.fragment
    }

    #[must_use]
    pub fn scheme(&self) -> &str {
        self.text.split("://").next().unwrap_or_default()
    }

    /// Host and port, as the `Host` header carries them.
    #[must_use]
    pub fn host(&self) -> &str {
        self.after_scheme().split(['/', '?']).next().unwrap_or_default()
    }

    /// Path and query, as the request line carries them.
    #[must_use]
    pub fn target(&self) -> &str {
        match self.after_scheme().strip_prefix(self.host()) {
            None | Some("") => "/",
            Some(target) => target,
        }
    }

    /// The path alone, as reports name it.
    #[must_use]
    pub fn path(&self) -> &str {
        self.target().split('?').next().unwrap_or_default()
    }

    fn after_scheme(&self) -> &str {
        self.text.split_once("://").map_or("", |(_, rest)| rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        Address::parse(text).expect("an address")
    }

    #[test]
    fn the_text_stays_as_it_was_given() {
        let address = address("https://voice.example.test:443/a%2Fb/?x=%2B1#rc=3");

        assert_eq!(address.as_str(), "https://voice.example.test:443/a%2Fb/?x=%2B1");
        assert_eq!(address.host(), "voice.example.test:443");
        assert_eq!(address.target(), "/a%2Fb/?x=%2B1");
        assert_eq!(address.path(), "/a%2Fb/");
        assert_eq!(address.fragment(), "rc=3");
    }

    #[test]
    fn a_relative_url_is_resolved_against_where_it_was_found() {
        let base = address("https://voice.example.test/twilio/voice?x=1");

        assert_eq!(base.join("/after").expect("joined").as_str(), "https://voice.example.test/after");
        assert_eq!(base.join("after").expect("joined").as_str(), "https://voice.example.test/twilio/after");
        assert_eq!(base.join("https://other.test/").expect("joined").host(), "other.test");
    }

    #[test]
    fn only_http_is_a_webhook() {
        assert!(Address::webhook("https://voice.example.test/x").is_ok());
        for wrong in ["", "/x", "voice.example.test/x", "wss://voice.example.test/x", "https://voice.example.test/a b", "mailto:a@b"] {
            assert_eq!(Address::webhook(wrong), Err(InvalidAddress), "{wrong}");
        }
    }
}
