//! Telephone numbers. Shape (E.164) decides what is a number at all; a library only classifies.

use std::fmt;
use std::str::FromStr;

use phonenumber::metadata::DATABASE;
use serde::{Deserialize, Serialize};

/// A number in E.164: `+`, a country code, 8 to 15 digits in all. ITU-T E.164 section 6.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhoneNumber(String);

/// What a numbering plan says of a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberClass {
    /// ISO 3166 region, e.g. `US`; none for a number that belongs to no plan.
    pub region: Option<String>,
    pub valid: bool,
    /// The line of a subscriber, fixed or mobile: no service number, whoever pays for that.
    pub ordinary: bool,
}

/// The text is not an E.164 number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a phone number in E.164, such as +14155550100")]
pub struct InvalidPhoneNumber;

impl PhoneNumber {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number as logs may show it: its last four digits.
    #[must_use]
    pub fn masked(&self) -> String {
        let tail = self.0.get(self.0.len().saturating_sub(4)..).unwrap_or_default();
        format!("+•••••{tail}")
    }

    #[must_use]
    pub fn class(&self) -> NumberClass {
        let Ok(number) = phonenumber::parse(None, &self.0) else {
            return NumberClass { region: None, valid: false, ordinary: false };
        };
        NumberClass {
            region: number.country().id().map(|id| id.as_ref().to_owned()),
            valid: phonenumber::is_valid(&number),
            ordinary: is_ordinary(number.number_type(&DATABASE)),
        }
    }
}

const fn is_ordinary(kind: phonenumber::Type) -> bool {
    use phonenumber::Type;
    matches!(kind, Type::FixedLine | Type::Mobile | Type::FixedLineOrMobile)
}

impl FromStr for PhoneNumber {
    type Err = InvalidPhoneNumber;

    fn from_str(text: &str) -> Result<Self, InvalidPhoneNumber> {
        let plain: String = text.trim().chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')')).collect();
        let digits = plain.strip_prefix('+').ok_or(InvalidPhoneNumber)?;
        let shaped = (8..=15).contains(&digits.len()) && !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit());
        if shaped { Ok(Self(plain)) } else { Err(InvalidPhoneNumber) }
    }
}

impl TryFrom<String> for PhoneNumber {
    type Error = InvalidPhoneNumber;

    fn try_from(text: String) -> Result<Self, InvalidPhoneNumber> {
        text.parse()
    }
}

impl From<PhoneNumber> for String {
    fn from(number: PhoneNumber) -> Self {
        number.0
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

/// Who is on the other end, as Twilio's `From` tells it: not always a number, and never proof.
#[derive(Clone, PartialEq, Eq)]
pub enum CallerId {
    Number(PhoneNumber),
    /// `anonymous`, `client:…`, `sip:…`, and whatever else carriers send.
    Other(String),
}

impl CallerId {
    #[must_use]
    pub fn parse(text: &str) -> Self {
        text.parse().map_or_else(|_| Self::Other(text.trim().to_owned()), Self::Number)
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Number(number) => number.as_str(),
            Self::Other(text) => text,
        }
    }
}

impl fmt::Debug for CallerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Other(_) => f.write_str("[other caller]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(text: &str) -> NumberClass {
        text.parse::<PhoneNumber>().expect("E.164").class()
    }

    #[test]
    fn spelling_is_normalised() {
        let number: PhoneNumber = " +1 (415) 555-2671".parse().expect("a number");

        assert_eq!(number.as_str(), "+14155552671");
    }

    #[test]
    fn what_is_not_e164_is_refused() {
        for wrong in ["", "14155552671", "+", "+0123456789", "+1234567", "+1234567890123456", "+1415555a671", "anonymous"] {
            assert_eq!(wrong.parse::<PhoneNumber>(), Err(InvalidPhoneNumber), "{wrong}");
        }
    }

    #[test]
    fn a_well_formed_number_need_not_be_valid() {
        assert!(!class("+1234567890").valid);
        assert!(!class("+15551234567").valid);
        assert!(class("+14155550100").valid);
        assert!(class("+14155552671").valid);
    }

    #[test]
    fn plus_one_is_more_than_the_united_states_and_canada() {
        assert_eq!(class("+14155550100").region.as_deref(), Some("US"));
        assert_eq!(class("+16045550100").region.as_deref(), Some("CA"));
        assert_eq!(class("+18765550100").region.as_deref(), Some("JM"));
        assert_eq!(class("+18095550100").region.as_deref(), Some("DO"));
        assert_eq!(class("+12425550100").region.as_deref(), Some("BS"));
        assert!(!class("+19005550100").ordinary && !class("+18005550100").ordinary && !class("+15005550100").ordinary);
        assert!(class("+14155550100").ordinary);
    }

    #[test]
    fn a_number_prints_masked() {
        let number: PhoneNumber = "+14155552671".parse().expect("a number");

        assert_eq!(format!("{number:?}"), "+•••••2671");
        assert_eq!(format!("{:?}", CallerId::parse("sip:ann@host")), "[other caller]");
    }
}
