//! Keys of the API. A key is revoked, not deleted: who had one stays on record.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::sea_query::OnConflict;
use sea_orm::{EntityTrait, IntoActiveModel, QueryOrder};

use super::CallStore;
use super::entity::{Private, api_key};
use super::error::StoreError;
use super::sql::{clean, execute, moment, signed, unsigned};
use crate::types::{ApiKey, KeyDigest, KeyId, Scopes};

const REVOKE: &str = "UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
/// Not again if an instance has said so within the last minute.
const USED: &str = "UPDATE api_keys SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $3)";

/// How exactly the last use of a key is known.
const MINUTE: TimeDelta = TimeDelta::minutes(1);

impl CallStore {
    /// Commits a new key. False if its id is taken.
    pub async fn create_key(&self, key: ApiKey) -> Result<bool, StoreError> {
        self.run(|db| async move {
            let taken = OnConflict::column(api_key::Column::Id).do_nothing().to_owned();
            let row = api_key::Model::from(key).into_active_model();
            Ok(api_key::Entity::insert(row).on_conflict(taken).exec_without_returning(&db).await? > 0)
        })
        .await
    }

    /// Every key there ever was, newest first.
    pub async fn api_keys(&self) -> Result<Vec<ApiKey>, StoreError> {
        use api_key::Column as K;
        let newest = api_key::Entity::find().order_by_desc(K::CreatedAt).order_by_asc(K::Id);
        let rows = self.run_soon(|db| async move { Ok(newest.all(&db).await?) }).await?;
        Ok(rows.into_iter().map(ApiKey::from).collect())
    }

    /// Revokes a key for good, the first time being the one that stands. None if there is no such key.
    pub async fn revoke_key(&self, id: &KeyId, at: DateTime<Utc>) -> Result<Option<ApiKey>, StoreError> {
        let id = id.as_str().to_owned();
        self.run(move |db| async move {
            execute(&db, REVOKE, [id.clone().into(), moment(at).into()]).await?;
            Ok(api_key::Entity::find_by_id(id).one(&db).await?.map(ApiKey::from))
        })
        .await
    }

    /// Notes that a key was used, at most once a minute over all instances. False if that was noted just before.
    pub async fn key_used(&self, id: &KeyId, at: DateTime<Utc>) -> Result<bool, StoreError> {
        let values = [id.as_str().into(), moment(at).into(), moment(at - MINUTE).into()];
        self.run(move |db| async move { Ok(execute(&db, USED, values).await? > 0) }).await
    }
}

impl From<ApiKey> for api_key::Model {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id.as_str().to_owned(),
            secret_sha256: Private(key.digest.as_str().to_owned()),
            name: clean(&key.name),
            scopes: key.scopes.to_string(),
            created_at: moment(key.created_at),
            expires_at: key.expires_at.map(moment),
            revoked_at: key.revoked_at.map(moment),
            last_used_at: key.last_used_at.map(moment),
            max_day_nanos: key.max_day_nanos.map(signed),
        }
    }
}

impl From<api_key::Model> for ApiKey {
    fn from(row: api_key::Model) -> Self {
        Self {
            id: KeyId::on_record(row.id),
            digest: KeyDigest::on_record(row.secret_sha256.0),
            name: row.name,
            scopes: Scopes::of_words(&row.scopes),
            created_at: row.created_at,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
            last_used_at: row.last_used_at,
            max_day_nanos: row.max_day_nanos.map(unsigned),
        }
    }
}
