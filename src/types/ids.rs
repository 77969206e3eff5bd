//! Identifiers. Twilio's SIDs are two letters and 32 hex digits.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Our own name for a call, minted before anybody else has heard of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct CallId(Uuid);

impl CallId {
    #[must_use]
    pub const fn new(uuid: Uuid) -> Self {
        Self(uuid)
    }

    #[must_use]
    pub const fn as_uuid(self) -> Uuid {
        self.0
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

impl FromStr for CallId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        Uuid::try_parse(text).map(Self).map_err(|_| InvalidId("call id"))
    }
}

/// Which stream of a call is meant: 1 for the first, one more for each resume. A fencing token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(u32);

impl Epoch {
    pub const FIRST: Self = Self(1);

    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }

    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Epoch {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        text.parse().map(Self).map_err(|_| InvalidId("epoch"))
    }
}

/// The text is not an identifier of the kind named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {0}")]
pub struct InvalidId(pub &'static str);

macro_rules! sid {
    ($(#[$doc:meta])* $name:ident, $prefixes:expr, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                if is_sid(text, $prefixes) { Ok(Self(text.to_owned())) } else { Err(InvalidId($what)) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(sid: $name) -> Self {
                sid.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

sid!(
    /// A Twilio account.
    AccountSid, &["AC"], "account sid"
);
sid!(
    /// A Twilio call; the same for every stream of that call. A browser's call has a sid of the same form.
    CallSid, &["CA", BROWSER], "call sid"
);
sid!(
    /// A Twilio media stream.
    StreamSid, &["MZ"], "stream sid"
);
sid!(
    /// The recording of a Twilio call.
    RecordingSid, &["RE"], "recording sid"
);

/// What begins the sid of a call that a browser makes: no call of Twilio's.
const BROWSER: &str = "BR";

impl CallSid {
    /// The name of a call that a browser makes, by which no telephone company knows it.
    #[must_use]
    pub fn of_browser(call: CallId) -> Self {
        Self(format!("{BROWSER}{}", call.0.as_simple()))
    }

    /// Nobody but the browser carries this call: there is no phone to hang up, to redirect or to ask about.
    #[must_use]
    pub fn is_browser(&self) -> bool {
        self.0.starts_with(BROWSER)
    }
}

fn is_sid(text: &str, prefixes: &[&str]) -> bool {
    prefixes
        .iter()
        .find_map(|prefix| text.strip_prefix(prefix))
        .is_some_and(|hex| hex.len() == 32 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_sid_is_ca_and_32_hex_digits() {
        assert!("CA00000000000000000000000000000001".parse::<CallSid>().is_ok());

        for wrong in ["", "CA", "AC00000000000000000000000000000001", "CA0000000000000000000000000000000g", "CA1"] {
            assert_eq!(wrong.parse::<CallSid>(), Err(InvalidId("call sid")), "{wrong}");
        }
    }

    #[test]
    fn a_browser_s_call_has_a_sid_that_is_no_twilio_s() {
        let sid = CallSid::of_browser(CallId::new(Uuid::from_u128(7)));

        assert_eq!(sid.as_str(), "BR00000000000000000000000000000007");
        assert_eq!(sid.as_str().parse(), Ok(sid.clone()));
        assert!(sid.is_browser());
        assert_eq!("CA00000000000000000000000000000001".parse::<CallSid>().map(|sid| sid.is_browser()), Ok(false));
    }

    #[test]
    fn a_call_id_survives_text() {
        let id = CallId::new(Uuid::from_u128(7));

        assert_eq!(id.to_string().parse(), Ok(id));
    }
}
