//! Calls by a part of a number, a sid or a name.

use std::fmt;
use std::str::FromStr;

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, DbBackend};

use crate::store::entity::call;

/// Shorter than three, and an index of trigrams is of no use.
const LENGTH: std::ops::RangeInclusive<usize> = 3..=100;
/// As in the index `call_logs_search`: the planner compares the two.
const TEXT: &str =
    "lower(from_number || chr(10) || to_number || chr(10) || coalesce(call_sid, '') || chr(10) || coalesce(caller_name, ''))";
const SQLITE_TEXT: &str =
    "lower(from_number || char(10) || to_number || char(10) || coalesce(call_sid, '') || char(10) || coalesce(caller_name, ''))";
const NIL: &str = "00000000-0000-0000-0000-000000000000";
/// Of our id that many characters are asked for, lest every third number is the beginning of one.
const ID_PREFIX: usize = 6;

/// What to look for, in small letters.
#[derive(Clone, PartialEq, Eq)]
pub struct Search(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must have {} to {} characters", LENGTH.start(), LENGTH.end())]
pub struct InvalidSearch;

impl FromStr for Search {
    type Err = InvalidSearch;

    fn from_str(text: &str) -> Result<Self, InvalidSearch> {
        let text = text.trim().to_lowercase();
        let fits = LENGTH.contains(&text.chars().count()) && !text.contains(char::is_control);
        if fits { Ok(Self(text)) } else { Err(InvalidSearch) }
    }
}

impl Search {
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    pub(super) fn condition(&self, backend: DbBackend) -> Condition {
        let pattern = format!("%{}%", escaped(&self.0));
        let within = match backend {
            // A backslash escapes by itself; written out, it would hide the pattern from the planner.
            DbBackend::Postgres => Expr::cust_with_values(format!("{TEXT} LIKE $1"), [pattern]),
            _ => Expr::cust_with_values(format!("{SQLITE_TEXT} LIKE ? ESCAPE '\\'"), [pattern]),
        };
        Condition::any().add(within).add_option(self.ids().map(|(first, last)| call::Column::Id.between(first, last)))
    }

    /// The first and the last id that begin so, if ids may.
    fn ids(&self) -> Option<(String, String)> {
        let rest = NIL.get(self.0.len()..).filter(|_| self.0.len() >= ID_PREFIX)?;
        let begins =
            self.0.bytes().zip(NIL.bytes()).all(|(found, form)| if form == b'-' { found == b'-' } else { found.is_ascii_hexdigit() });
        begins.then(|| (format!("{}{rest}", self.0), format!("{}{}", self.0, rest.replace('0', "f"))))
    }
}

impl fmt::Debug for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(text: &str) -> Search {
        text.parse().expect("long enough")
    }

    #[test]
    fn what_is_too_short_or_too_long_is_refused() {
        for wrong in ["", "ab", "  ab  ", "a\nb", &"x".repeat(101)] {
            assert_eq!(wrong.parse::<Search>(), Err(InvalidSearch), "{wrong}");
        }
        assert_eq!(search(" ÄnN ").text(), "änn");
    }

    #[test]
    fn wildcards_are_letters_like_any_other() {
        assert_eq!(escaped(r"50%_\"), r"50\%\_\\");
    }

    #[test]
    fn a_long_beginning_of_an_id_finds_those_that_begin_so() {
        let between = |text| search(text).ids();

        let (first, last) = ("0192f3a4-b000-0000-0000-000000000000", "0192f3a4-bfff-ffff-ffff-ffffffffffff");
        assert_eq!(between("0192F3A4-b"), Some((first.to_owned(), last.to_owned())));
        assert_eq!(between(NIL), Some((NIL.to_owned(), NIL.to_owned())));
        for other in ["0192f", "0192f3a4b", "0192f3a4-bx", "carlos", &format!("{NIL}0")] {
            assert_eq!(between(other), None, "{other}");
        }
    }
}
