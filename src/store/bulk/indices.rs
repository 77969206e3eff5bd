//! Indices and primary keys of Postgres, taken off before a load and put back after it.

use sea_orm::sqlx::{AssertSqlSafe, PgConnection, query, query_as};

use super::super::error::StoreError;
use super::load::failed;

/// How to drop it, and how to make it again.
type Both = (String, String);

/// Constraints first: an index of theirs goes with them.
const KEYS: &str = "SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname), \
        format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) \
    FROM pg_constraint WHERE conrelid = $1::regclass AND contype IN ('p', 'u') ORDER BY contype, conname";
const INDICES: &str = "SELECT format('DROP INDEX %s', indexrelid::regclass), pg_get_indexdef(indexrelid) \
    FROM pg_index WHERE indrelid = $1::regclass AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid) \
    ORDER BY indexrelid";

/// Takes them off the table. Returns what puts them back.
pub(super) async fn take_off(connection: &mut PgConnection, table: &str) -> Result<Vec<String>, StoreError> {
    let mut again = Vec::new();
    for which in [KEYS, INDICES] {
        let found: Vec<Both> = query_as(which).bind(table).fetch_all(&mut *connection).await.map_err(failed)?;
        for (drop, make) in found {
            query(AssertSqlSafe(drop)).execute(&mut *connection).await.map_err(failed)?;
            again.push(make);
        }
    }
    Ok(again)
}
