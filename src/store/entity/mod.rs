//! Tables as sea-orm sees them. Rows print without what they say about people.

pub(super) mod call;
pub(super) mod turn;

use std::fmt;

use sea_orm::DeriveValueType;

/// A text column about a person.
#[derive(Clone, PartialEq, Eq, DeriveValueType)]
pub struct Private(pub String);

impl fmt::Debug for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}
