//! Where a page ended, as a text that a client hands back unread.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::total::Total;
use super::{HistoryFilter, Sort};

/// Behind which call the next page begins, in the order of which filter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    #[serde(rename = "s")]
    sort: Sort,
    #[serde(rename = "f")]
    filter: String,
    #[serde(rename = "p")]
    pub(super) position: Position,
    /// As the first page counted: counting again for every page would cost more than the page.
    #[serde(rename = "t")]
    pub(super) total: Total,
}

/// The last call of a page, by what it was sorted by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Position {
    #[serde(rename = "i")]
    Began(DateTime<Utc>, String),
    #[serde(rename = "d")]
    Lasted(Option<i64>, String),
}

/// The text is no cursor, or one of another query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor of this version")]
pub struct BadCursor;

impl Cursor {
    pub(super) fn new(filter: &HistoryFilter, position: Position, total: Total) -> Self {
        Self { sort: filter.sort, filter: fingerprint(filter), position, total }
    }

    /// True if it came from a page of this filter, in this order. How long the pages are does not matter.
    #[must_use]
    pub fn belongs_to(&self, filter: &HistoryFilter) -> bool {
        let by_moment = matches!(self.sort, Sort::Newest | Sort::Oldest);
        let fits = by_moment == matches!(self.position, Position::Began(..));
        fits && self.sort == filter.sort && self.filter == fingerprint(filter)
    }
}

/// Tells filters apart, without telling what they ask for: a cursor stands in logs of proxies.
fn fingerprint(filter: &HistoryFilter) -> String {
    let number = filter.phone_number.as_ref().map(crate::types::PhoneNumber::as_str);
    let (whose, words) = (filter.api_key_id.as_deref(), filter.q.as_ref().map(super::Search::text));
    let asked = (filter.status, filter.direction, number, &filter.assistant, filter.from, filter.to, words, whose);
    let digest = Sha256::digest(serde_json::to_vec(&asked).unwrap_or_default());
    URL_SAFE_NO_PAD.encode(digest.get(..6).unwrap_or_default())
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let json = serde_json::to_vec(self).map_err(|_| fmt::Error)?;
        f.write_str(&URL_SAFE_NO_PAD.encode(json))
    }
}

impl FromStr for Cursor {
    type Err = BadCursor;

    fn from_str(text: &str) -> Result<Self, BadCursor> {
        let json = URL_SAFE_NO_PAD.decode(text).map_err(|_| BadCursor)?;
        serde_json::from_slice(&json).map_err(|_| BadCursor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(filter: &HistoryFilter) -> Cursor {
        let position = Position::Began(DateTime::UNIX_EPOCH, "00000000-0000-7000-8000-000000000000".to_owned());
        Cursor::new(filter, position, Total { calls: 7, is_estimate: false })
    }

    #[test]
    fn it_comes_back_from_its_text() {
        let there = cursor(&HistoryFilter::default());

        let text = there.to_string();

        assert_eq!(text.parse(), Ok(there));
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{text}");
        for wrong in ["", "x", "e30", "!", &text[1..], &format!("{text}=")] {
            assert_eq!(wrong.parse::<Cursor>(), Err(BadCursor), "{wrong}");
        }
    }

    #[test]
    fn it_belongs_to_its_filter_whatever_the_page_is() {
        let filter = HistoryFilter { assistant: Some("a".to_owned()), ..HistoryFilter::default() };
        let there = cursor(&filter);

        assert!(there.belongs_to(&HistoryFilter { limit: 3, offset: 9, ..filter.clone() }));
        assert!(!there.belongs_to(&HistoryFilter { assistant: None, ..filter.clone() }));
        assert!(!there.belongs_to(&HistoryFilter { api_key_id: Some("k".to_owned()), ..filter.clone() }));
        assert!(!there.belongs_to(&HistoryFilter { sort: Sort::Oldest, ..filter.clone() }));
        assert!(
            !cursor(&HistoryFilter { sort: Sort::Longest, ..filter.clone() }).belongs_to(&HistoryFilter { sort: Sort::Longest, ..filter })
        );
    }
}
