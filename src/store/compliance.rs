//! What must be known before a number is called: whether its owner wants no calls, and what was consented to.
//!
//! Evidence stays: a number that is taken off the list leaves a row of what stood there, and a consent is revoked, not deleted.

use std::fmt;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue, ColumnTrait, DatabaseConnection, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QueryResult,
    QuerySelect, QueryTrait, TransactionTrait,
};
use uuid::Uuid;

use super::CallStore;
use super::entity::{Private, consent, opt_out, opt_out_removal};
use super::error::StoreError;
use super::sql::{clean, execute, moment, rows};
use crate::governor::compliance::{Consent, Listed, Standing};
use crate::types::{CallId, PhoneNumber, Redacted};

/// Both in one row, the consent being the newest one.
const STANDING: &str = "SELECT o.source AS listed_by, o.opted_out_at, c.basis, c.text_version, c.source, c.given_at, c.revoked_at \
     FROM (SELECT CAST($1 AS TEXT) AS phone_number) n LEFT JOIN opt_outs o ON o.phone_number = n.phone_number \
     LEFT JOIN (SELECT * FROM consents WHERE phone_number = CAST($1 AS TEXT) ORDER BY given_at DESC, id DESC LIMIT 1) c \
     ON c.phone_number = n.phone_number";
const REMOVAL: &str = "INSERT INTO opt_out_removals (id, phone_number, call_id, source, opted_out_at, note, added_by, removed_at, removed_by, \
     reason) SELECT $1, phone_number, call_id, source, opted_out_at, note, added_by, $3, $4, $5 FROM opt_outs WHERE phone_number = $2";
const OFF: &str = "DELETE FROM opt_outs WHERE phone_number = $1";
const REVOKE: &str = "UPDATE consents SET revoked_at = $2, revoked_by = $3 WHERE id = $1 AND revoked_at IS NULL";

/// Numbers in one statement.
const CHUNK: usize = 500;

/// The way in which it was said that a number wants no calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptOutSource {
    /// To the assistant, in a call.
    Spoken,
    /// By a key of the telephone, in a call.
    Keyed,
    Api,
    /// By hand, on the command line.
    Operator,
    /// With a list from elsewhere.
    Import,
}

impl OptOutSource {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Spoken => "spoken",
            Self::Keyed => "keyed",
            Self::Api => "api",
            Self::Operator => "operator",
            Self::Import => "import",
        }
    }
}

/// A number that wants no more calls.
#[derive(Clone, PartialEq, Eq)]
pub struct OptOut {
    pub number: PhoneNumber,
    /// The call in which it was said.
    pub call: Option<CallId>,
    pub source: OptOutSource,
    pub at: DateTime<Utc>,
    pub note: Option<Redacted<String>>,
    /// Who put it on the list.
    pub by: Option<String>,
}

/// A number is taken off the list.
#[derive(Clone, PartialEq, Eq)]
pub struct Removal {
    pub number: PhoneNumber,
    pub at: DateTime<Utc>,
    pub by: Option<String>,
    pub reason: Option<Redacted<String>>,
}

/// A number as it stands on the list.
#[derive(Clone, PartialEq, Eq)]
pub struct ListedNumber {
    pub number: Redacted<String>,
    pub call: Option<String>,
    /// A word of `OptOutSource`; older versions had others.
    pub source: String,
    pub at: DateTime<Utc>,
    pub note: Option<Redacted<String>>,
    pub by: Option<String>,
}

/// A time that a number stood on the list.
#[derive(Clone, PartialEq, Eq)]
pub struct RemovedNumber {
    pub was: ListedNumber,
    pub at: DateTime<Utc>,
    pub by: Option<String>,
    pub reason: Option<Redacted<String>>,
}

/// Somebody agreed to be called.
#[derive(Clone, PartialEq, Eq)]
pub struct NewConsent {
    pub id: Uuid,
    pub number: PhoneNumber,
    pub basis: String,
    pub text_version: String,
    pub source: String,
    pub given_at: DateTime<Utc>,
    pub recorded_at: DateTime<Utc>,
}

/// A consent on record.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredConsent {
    pub id: String,
    pub number: Redacted<String>,
    pub consent: Consent,
    pub recorded_at: DateTime<Utc>,
    pub revoked_by: Option<String>,
}

/// Which part of a list, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slice {
    pub limit: u64,
    pub offset: u64,
    /// Of this number alone.
    pub number: Option<PhoneNumber>,
}

impl fmt::Debug for OptOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OptOut").field("call", &self.call).field("source", &self.source).finish_non_exhaustive()
    }
}

impl CallStore {
    /// What is on record about a number, by one query.
    pub async fn standing(&self, number: &PhoneNumber) -> Result<Standing, StoreError> {
        let number = number.as_str().to_owned();
        self.run_soon(|db| async move { standing(&db, number).await }).await
    }

    /// Commits that the number wants no more calls: the first time stands. False if that was known.
    pub async fn opt_out(&self, opt_out: OptOut) -> Result<bool, StoreError> {
        self.run_soon(|db| async move { Ok(list(&db, vec![row(opt_out)]).await? > 0) }).await
    }

    /// Commits many at once, and says how many were not known.
    pub async fn opt_out_all(&self, opt_outs: Vec<OptOut>) -> Result<u64, StoreError> {
        self.run(|db| async move { list(&db, opt_outs.into_iter().map(row).collect()).await }).await
    }

    /// Takes the number off the list, and keeps what stood there. False if it was not on it.
    pub async fn take_off_list(&self, removal: Removal) -> Result<bool, StoreError> {
        self.run(|db| async move { take_off(&db, removal).await }).await
    }

    /// A part of the list, and how many numbers there are in all.
    pub async fn do_not_call(&self, slice: Slice) -> Result<(Vec<ListedNumber>, u64), StoreError> {
        self.run(move |db| async move {
            let number = slice.number.map(String::from);
            let found = opt_out::Entity::find().apply_if(number, |found, number| found.filter(opt_out::Column::PhoneNumber.eq(number)));
            let total = found.clone().count(&db).await?;
            let newest = found.order_by_desc(opt_out::Column::OptedOutAt).order_by_desc(opt_out::Column::PhoneNumber);
            let rows = newest.limit(slice.limit).offset(slice.offset).all(&db).await?;
            Ok((rows.into_iter().map(ListedNumber::from).collect(), total))
        })
        .await
    }

    /// When the number stood on the list and was taken off again, newest first.
    pub async fn removals(&self, number: &PhoneNumber) -> Result<Vec<RemovedNumber>, StoreError> {
        use opt_out_removal::Column as R;
        let found = opt_out_removal::Entity::find().filter(R::PhoneNumber.eq(number.as_str())).order_by_desc(R::RemovedAt);
        let rows = self.run(|db| async move { Ok(found.all(&db).await?) }).await?;
        Ok(rows.into_iter().map(RemovedNumber::from).collect())
    }

    /// Commits a consent. The same id makes no second row.
    pub async fn give_consent(&self, given: NewConsent) -> Result<(), StoreError> {
        self.run(|db| async move {
            let known = OnConflict::new().do_nothing().to_owned();
            consent::Entity::insert(consented(given)).on_conflict(known).exec_without_returning(&db).await?;
            Ok(())
        })
        .await
    }

    /// Revokes a consent for good, the first time being the one that stands. None if there is no such consent.
    pub async fn revoke_consent(&self, id: Uuid, at: DateTime<Utc>, by: Option<&str>) -> Result<Option<StoredConsent>, StoreError> {
        let values = [id.to_string().into(), moment(at).into(), by.map(clean).into()];
        self.run(move |db| async move {
            execute(&db, REVOKE, values).await?;
            Ok(consent::Entity::find_by_id(id.to_string()).one(&db).await?.map(StoredConsent::from))
        })
        .await
    }

    /// A part of all consents, and how many there are in all.
    pub async fn consents(&self, slice: Slice) -> Result<(Vec<StoredConsent>, u64), StoreError> {
        self.run(move |db| async move {
            let number = slice.number.map(String::from);
            let found = consent::Entity::find().apply_if(number, |found, number| found.filter(consent::Column::PhoneNumber.eq(number)));
            let total = found.clone().count(&db).await?;
            let newest = found.order_by_desc(consent::Column::GivenAt).order_by_desc(consent::Column::Id);
            let rows = newest.limit(slice.limit).offset(slice.offset).all(&db).await?;
            Ok((rows.into_iter().map(StoredConsent::from).collect(), total))
        })
        .await
    }
}

async fn standing(db: &DatabaseConnection, number: String) -> Result<Standing, StoreError> {
    let found = rows(db, STANDING, [number.into()]).await?;
    let Some(row) = found.first() else { return Ok(Standing::default()) };
    let listed = match (row.try_get::<Option<String>>("", "listed_by")?, row.try_get("", "opted_out_at")?) {
        (Some(source), Some(at)) => Some(Listed { source, at }),
        _ => None,
    };
    let consent = row.try_get::<Option<String>>("", "basis")?.map(|basis| consent_of(row, basis)).transpose()?;
    Ok(Standing { listed, consent })
}

fn consent_of(row: &QueryResult, basis: String) -> Result<Consent, StoreError> {
    Ok(Consent {
        basis,
        text_version: row.try_get("", "text_version")?,
        source: row.try_get("", "source")?,
        given_at: row.try_get("", "given_at")?,
        revoked_at: row.try_get("", "revoked_at")?,
    })
}

/// All of them or none; how many were new.
async fn list(db: &DatabaseConnection, rows: Vec<opt_out::Model>) -> Result<u64, StoreError> {
    let transaction = db.begin().await?;
    let (mut added, mut rows) = (0, rows.into_iter().map(IntoActiveModel::into_active_model).peekable());
    while rows.peek().is_some() {
        let chunk: Vec<opt_out::ActiveModel> = rows.by_ref().take(CHUNK).collect();
        let known = OnConflict::column(opt_out::Column::PhoneNumber).do_nothing().to_owned();
        added += opt_out::Entity::insert_many(chunk).on_conflict(known).exec_without_returning(&transaction).await?;
    }
    transaction.commit().await?;
    Ok(added)
}

async fn take_off(db: &DatabaseConnection, removal: Removal) -> Result<bool, StoreError> {
    let number = removal.number.as_str().to_owned();
    let values = [
        Uuid::now_v7().to_string().into(),
        number.clone().into(),
        moment(removal.at).into(),
        removal.by.as_deref().map(clean).into(),
        removal.reason.as_ref().map(|reason| clean(reason)).into(),
    ];
    let transaction = db.begin().await?;
    execute(&transaction, REMOVAL, values).await?;
    let gone = execute(&transaction, OFF, [number.into()]).await?;
    transaction.commit().await?;
    Ok(gone > 0)
}

fn row(opt_out: OptOut) -> opt_out::Model {
    opt_out::Model {
        phone_number: opt_out.number.into(),
        call_id: opt_out.call.map(|call| call.to_string()),
        source: opt_out.source.as_str().to_owned(),
        opted_out_at: moment(opt_out.at),
        note: opt_out.note.as_ref().map(|note| Private(clean(note))),
        added_by: opt_out.by.as_deref().map(clean),
    }
}

fn consented(given: NewConsent) -> consent::ActiveModel {
    consent::ActiveModel {
        id: ActiveValue::Set(given.id.to_string()),
        phone_number: ActiveValue::Set(Private(given.number.into())),
        basis: ActiveValue::Set(clean(&given.basis)),
        text_version: ActiveValue::Set(clean(&given.text_version)),
        source: ActiveValue::Set(clean(&given.source)),
        given_at: ActiveValue::Set(moment(given.given_at)),
        recorded_at: ActiveValue::Set(moment(given.recorded_at)),
        revoked_at: ActiveValue::Set(None),
        revoked_by: ActiveValue::Set(None),
    }
}

fn shown(text: Option<Private>) -> Option<Redacted<String>> {
    text.map(|Private(text)| Redacted(text))
}

impl From<opt_out::Model> for ListedNumber {
    fn from(row: opt_out::Model) -> Self {
        Self {
            number: Redacted(row.phone_number),
            call: row.call_id,
            source: row.source,
            at: row.opted_out_at,
            note: shown(row.note),
            by: row.added_by,
        }
    }
}

impl From<opt_out_removal::Model> for RemovedNumber {
    fn from(row: opt_out_removal::Model) -> Self {
        let was = ListedNumber {
            number: Redacted(row.phone_number.0),
            call: row.call_id,
            source: row.source,
            at: row.opted_out_at,
            note: shown(row.note),
            by: row.added_by,
        };
        Self { was, at: row.removed_at, by: row.removed_by, reason: shown(row.reason) }
    }
}

impl From<consent::Model> for StoredConsent {
    fn from(row: consent::Model) -> Self {
        let consent = Consent {
            basis: row.basis,
            text_version: row.text_version,
            source: row.source,
            given_at: row.given_at,
            revoked_at: row.revoked_at,
        };
        let number = Redacted(row.phone_number.0);
        Self { id: row.id, number, consent, recorded_at: row.recorded_at, revoked_by: row.revoked_by }
    }
}
