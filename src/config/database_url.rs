//! Where the rows go.

use std::fmt;

use url::Url;

/// A connection string that sea-orm takes. Its password does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDatabaseUrl {
    #[error("neither a postgres:// nor a sqlite: url")]
    OtherDatabase,
    #[error("not a url that can be parsed")]
    Unparsable,
    #[error("not PROJECT:REGION:INSTANCE")]
    NoConnectionName,
    #[error("longer than the path of a socket may be, {MAX_CONNECTION_NAME} bytes")]
    ConnectionNameTooLong,
}

/// `sun_path` has 108 bytes (unix(7)): less `/cloudsql/`, `/.s.PGSQL.5432` and the closing zero.
const MAX_CONNECTION_NAME: usize = 83;
const STARS: &str = "***";

/// Parts of a connection over the socket of Cloud SQL.
pub(super) struct CloudSql<'a> {
    pub(super) connection_name: &'a str,
    pub(super) user: &'a str,
    pub(super) password: Option<&'a str>,
    pub(super) name: &'a str,
}

impl DatabaseUrl {
    pub fn parse(text: &str) -> Result<Self, InvalidDatabaseUrl> {
        if text.starts_with("sqlite:") {
            return Ok(Self(text.to_owned()));
        }
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err(InvalidDatabaseUrl::OtherDatabase);
        }
        Url::parse(text).map_err(|_| InvalidDatabaseUrl::Unparsable)?;
        Ok(Self(text.to_owned()))
    }

    /// The embedded database, for machines without another.
    pub(super) fn embedded() -> Self {
        Self("sqlite://data/alpha-call.db?mode=rwc".to_owned())
    }

    /// The socket's directory stands in `host`, as libpq has it; the host of the url is not used.
    pub(super) fn cloud_sql(parts: &CloudSql<'_>) -> Result<Self, InvalidDatabaseUrl> {
        check_connection_name(parts.connection_name)?;
        let mut url = Url::parse("postgres://localhost").map_err(|_| InvalidDatabaseUrl::Unparsable)?;
        url.set_username(&escape_percent(parts.user)).map_err(|()| InvalidDatabaseUrl::Unparsable)?;
        url.set_password(parts.password.map(escape_percent).as_deref()).map_err(|()| InvalidDatabaseUrl::Unparsable)?;
        url.path_segments_mut().map_err(|()| InvalidDatabaseUrl::Unparsable)?.push(parts.name);
        url.query_pairs_mut().append_pair("host", &format!("/cloudsql/{}", parts.connection_name));
        Ok(Self(url.into()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn is_sqlite(&self) -> bool {
        self.0.starts_with("sqlite:")
    }

    /// The url with stars for its password, wherever that stands.
    #[must_use]
    pub fn redacted(&self) -> String {
        if self.is_sqlite() {
            return self.0.clone();
        }
        Url::parse(&self.0).map_or_else(|_| STARS.to_owned(), starred)
    }
}

fn check_connection_name(name: &str) -> Result<(), InvalidDatabaseUrl> {
    let shaped = name.split(':').count() >= 3 && name.split(':').all(|part| !part.is_empty()) && !name.contains(['/', ' ']);
    if !shaped {
        return Err(InvalidDatabaseUrl::NoConnectionName);
    }
    if name.len() > MAX_CONNECTION_NAME { Err(InvalidDatabaseUrl::ConnectionNameTooLong) } else { Ok(()) }
}

/// The url crate encodes everything in a userinfo but the percent sign.
fn escape_percent(text: &str) -> String {
    text.replace('%', "%25")
}

fn starred(mut url: Url) -> String {
    if url.password().is_some() {
        let _ = url.set_password(Some(STARS));
    }
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    if pairs.iter().any(|(name, _)| is_password(name)) {
        let shown = pairs.iter().map(|(name, value)| (name, if is_password(name) { STARS } else { value }));
        url.query_pairs_mut().clear().extend_pairs(shown);
    }
    url.into()
}

fn is_password(name: &str) -> bool {
    name.to_ascii_lowercase().contains("password")
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cloud_sql<'a>(password: &'a str, connection_name: &'a str) -> CloudSql<'a> {
        CloudSql { connection_name, user: "app", password: Some(password), name: "voice" }
    }

    #[test]
    fn parts_make_a_url_of_the_socket() {
        let url = DatabaseUrl::cloud_sql(&cloud_sql("pw", "p:us-central1:i")).expect("a url");

        assert_eq!(url.as_str(), "postgres://app:pw@localhost/voice?host=%2Fcloudsql%2Fp%3Aus-central1%3Ai");
    }

    #[test]
    fn a_connection_name_has_three_parts_and_fits_a_socket() {
        for wrong in ["", "p", "p:r", "p::i", "p:r:i/x"] {
            assert_eq!(DatabaseUrl::cloud_sql(&cloud_sql("pw", wrong)), Err(InvalidDatabaseUrl::NoConnectionName), "{wrong}");
        }
        let long = format!("p:r:{}", "i".repeat(MAX_CONNECTION_NAME));
        assert_eq!(DatabaseUrl::cloud_sql(&cloud_sql("pw", &long)), Err(InvalidDatabaseUrl::ConnectionNameTooLong));
        assert!(DatabaseUrl::cloud_sql(&cloud_sql("pw", "example.com:p:r:i")).is_ok());
    }

    #[test]
    fn other_databases_and_urls_that_do_not_parse_are_refused() {
        assert_eq!(DatabaseUrl::parse("mysql://localhost/db"), Err(InvalidDatabaseUrl::OtherDatabase));
        assert_eq!(DatabaseUrl::parse("postgres://app:pw@/voice"), Err(InvalidDatabaseUrl::Unparsable));
        assert!(DatabaseUrl::parse("postgres:///voice?host=/cloudsql/p:r:i&user=app").is_ok());
        assert!(DatabaseUrl::parse("sqlite::memory:").is_ok());
    }

    #[test]
    fn a_password_is_starred_wherever_it_stands() {
        let url = DatabaseUrl::parse("postgres://app:hunter2@db:5432/voice?password=hunter2&sslmode=require").expect("a url");

        assert_eq!(format!("{url:?}"), "postgres://app:***@db:5432/voice?password=***&sslmode=require");
    }

    fn percent_decoded(text: &str) -> String {
        let mut bytes = text.bytes();
        let mut decoded = Vec::new();
        while let Some(byte) = bytes.next() {
            let hex: String = if byte == b'%' { bytes.by_ref().take(2).map(char::from).collect() } else { format!("{byte:02x}") };
            decoded.push(u8::from_str_radix(&hex, 16).expect("two hex digits"));
        }
        String::from_utf8(decoded).expect("utf-8")
    }

    proptest! {
        #[test]
        fn any_password_survives_its_encoding_and_never_prints(password in "[!-~]{8,24}") {
            let url = DatabaseUrl::cloud_sql(&cloud_sql(&password, "p:r:i")).expect("a url");

            let parsed = Url::parse(url.as_str()).expect("a url");
            let decoded = percent_decoded(parsed.password().expect("a password"));
            prop_assert_eq!(&decoded, &password);
            prop_assert!(!url.redacted().contains(&password));
        }
    }
}
