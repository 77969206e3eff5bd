//! Tables as sea-orm sees them, and as they travel: in the spool, in a backup. Rows print without what they say about people.

pub mod api_key;
pub mod call;
pub mod callback;
pub mod consent;
pub mod cooldown;
pub mod dead_letter;
pub mod delivery;
pub mod event;
pub mod hour;
pub mod opt_out;
pub mod opt_out_removal;
pub mod stream;
pub mod turn;

use std::fmt;

use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};

/// A text column about a person.
#[derive(Clone, Default, PartialEq, Eq, DeriveValueType, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Private(pub String);

impl fmt::Debug for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}
