//! `consents`: what somebody consented to, and since when no more.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use super::Private;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "consents")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub phone_number: Private,
    /// A word for why we may call: `express-written`.
    pub basis: String,
    /// Which wording was shown or read out.
    pub text_version: String,
    /// Where it was given: a form, a call, a contract.
    pub source: String,
    pub given_at: DateTimeUtc,
    pub recorded_at: DateTimeUtc,
    pub revoked_at: Option<DateTimeUtc>,
    pub revoked_by: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
