//! Which part of a list is asked for.

use serde::Deserialize;
use utoipa::IntoParams;

use super::Problem;
use crate::store::Slice;
use crate::types::PhoneNumber;

const PAGE: u64 = 50;
const MAX_PAGE: u64 = 200;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Window {
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u64>,
    #[param(default = 0)]
    offset: Option<u64>,
    /// In E.164; the `+` may be left out.
    #[param(example = "+14155550142")]
    phone_number: Option<String>,
}

impl Window {
    pub(super) fn slice(self) -> Result<Slice, Problem> {
        let limit = self.limit.unwrap_or(PAGE);
        if !(1..=MAX_PAGE).contains(&limit) {
            return Err(Problem::field("limit", format!("must be from 1 to {MAX_PAGE}")));
        }
        let offset = self.offset.unwrap_or_default();
        if i64::try_from(offset).is_err() {
            return Err(Problem::field("offset", "is beyond every list"));
        }
        Ok(Slice { limit, offset, number: self.phone_number.map(|text| number("phone_number", &text)).transpose()? })
    }
}

/// In a query a `+` is a blank, and in a path it is often left out: a number may come without it.
pub(super) fn number(pointer: &str, text: &str) -> Result<PhoneNumber, Problem> {
    let number = format!("+{}", text.trim().trim_start_matches('+'));
    number.parse().map_err(|error: crate::types::InvalidPhoneNumber| Problem::field(pointer, error.to_string()))
}
