//! The schema, step by step. Each step is applied whole or not at all, and by one instance at a time.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use migration::{MigrationTrait, Migrator, MigratorTrait, SchemaManager};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, SqliteTransactionMode, Statement, TransactionOptions,
    TransactionTrait,
};
use tokio::time::sleep;

use super::CallStore;
use super::error::StoreError;
use super::sql::{execute, rows};

/// With one step.
const PATIENCE: Duration = Duration::from_secs(600);
/// With another instance that makes the same new file.
const BUSY: Duration = Duration::from_secs(5);
const BUSY_PAUSE: Duration = Duration::from_millis(20);
/// Any number will do as long as no other program on this database takes it: `alphacal` in ASCII.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7020109512776573292)";

const JOURNAL: &str = "seaql_migrations";
const APPLIED: &str = "SELECT version, applied_at FROM seaql_migrations ORDER BY version";
const NOTE: &str = "INSERT INTO seaql_migrations (version, applied_at) VALUES ($1, $2)";
const FORGET: &str = "DELETE FROM seaql_migrations WHERE version = $1";

/// A step of the schema, and what the database knows of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub name: String,
    pub state: StepState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepState {
    Applied(DateTime<Utc>),
    Pending,
    /// Applied, but not one of ours: a newer version of the program has it.
    Unknown(DateTime<Utc>),
}

impl CallStore {
    /// Brings the schema up to date. Any number of instances may do so at once.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        while self.apply_next_step().await?.is_some() {}
        Ok(())
    }

    /// Applies the first step that is missing, and names it; none if nothing is. Whoever comes second waits.
    pub async fn apply_next_step(&self) -> Result<Option<String>, StoreError> {
        self.run_within(PATIENCE, |db| async move { apply_next_patiently(&db).await }).await
    }

    /// Undoes the last step, and names it; none if there is none. A conflict if a newer version applied it.
    pub async fn undo_last_step(&self) -> Result<Option<String>, StoreError> {
        self.run_within(PATIENCE, |db| async move { undo_last(&db).await }).await
    }

    /// Every step in its order. Changes nothing, also where there is nothing yet.
    pub async fn steps(&self) -> Result<Vec<Step>, StoreError> {
        self.run(|db| async move { Ok(steps_of(applied(&db).await?)) }).await
    }

    /// Drops whatever is in the database and applies every step: all of it, or nothing. Returns how many tables were dropped.
    pub async fn start_afresh(&self) -> Result<usize, StoreError> {
        self.run_within(PATIENCE, |db| async move { start_afresh(&db).await }).await
    }
}

async fn apply_next_patiently(db: &DatabaseConnection) -> Result<Option<String>, StoreError> {
    let patience = Instant::now() + BUSY;
    loop {
        match apply_next(db).await {
            Err(error) if error.is_outage() && wal_may_be_in_the_making(db) && Instant::now() < patience => sleep(BUSY_PAUSE).await,
            outcome => return outcome,
        }
    }
}

/// The change of a new file to WAL fails at once, whatever the busy timeout, if two connections make it (sqlite.org/c3ref/busy_handler.html).
fn wal_may_be_in_the_making(db: &DatabaseConnection) -> bool {
    db.get_database_backend() == DbBackend::Sqlite
}

async fn apply_next(db: &DatabaseConnection) -> Result<Option<String>, StoreError> {
    let transaction = begin_alone(db).await?;
    if !has_journal(&transaction).await? {
        Migrator::install(&transaction).await?;
    }
    let applied = applied(&transaction).await?;
    let next = Migrator::migrations().into_iter().find(|step| applied.iter().all(|done| done.name != step.name()));
    if let Some(step) = &next {
        apply(&transaction, step.as_ref()).await?;
    }
    transaction.commit().await?;
    Ok(next.map(|step| step.name().to_owned()))
}

async fn apply(transaction: &DatabaseTransaction, step: &dyn MigrationTrait) -> Result<(), StoreError> {
    step.up(&SchemaManager::new(transaction)).await.map_err(|error| StoreError::from(error).in_step(step.name()))?;
    execute(transaction, NOTE, [step.name().into(), Utc::now().timestamp().into()]).await?;
    Ok(())
}

async fn undo_last(db: &DatabaseConnection) -> Result<Option<String>, StoreError> {
    let transaction = begin_alone(db).await?;
    let Some(last) = applied(&transaction).await?.pop() else { return Ok(None) };
    let Some(step) = Migrator::migrations().into_iter().find(|step| step.name() == last.name) else {
        return Err(StoreError::conflict(format!("the step {} is a newer version's", last.name)));
    };
    step.down(&SchemaManager::new(&transaction)).await.map_err(|error| StoreError::from(error).in_step(&last.name))?;
    execute(&transaction, FORGET, [last.name.as_str().into()]).await?;
    transaction.commit().await?;
    Ok(Some(last.name))
}

async fn start_afresh(db: &DatabaseConnection) -> Result<usize, StoreError> {
    let transaction = begin_alone(db).await?;
    let drops = drops(&transaction).await?;
    for drop in &drops {
        transaction.execute_unprepared(drop).await?;
    }
    Migrator::install(&transaction).await?;
    for step in Migrator::migrations() {
        apply(&transaction, step.as_ref()).await?;
    }
    transaction.commit().await?;
    Ok(drops.iter().filter(|drop| drop.starts_with("DROP TABLE")).count())
}

/// `Migrator` takes no lock by itself. This one ends with the transaction, however that ends.
async fn begin_alone(db: &DatabaseConnection) -> Result<DatabaseTransaction, StoreError> {
    let immediate = TransactionOptions { sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate), ..Default::default() };
    let transaction = db.begin_with_options(immediate).await?;
    if transaction.get_database_backend() == DbBackend::Postgres {
        transaction.execute_unprepared("SET LOCAL statement_timeout = 0; SET LOCAL client_min_messages = warning").await?;
        transaction.execute_unprepared(LOCK).await?;
    }
    Ok(transaction)
}

/// What is noted as applied, in order.
pub(super) struct Done {
    pub(super) name: String,
    at: DateTime<Utc>,
}

pub(super) async fn applied<C: ConnectionTrait>(db: &C) -> Result<Vec<Done>, StoreError> {
    if !has_journal(db).await? {
        return Ok(Vec::new());
    }
    let mut applied = Vec::new();
    for row in rows(db, APPLIED, []).await? {
        let at = DateTime::from_timestamp(row.try_get("", "applied_at")?, 0).unwrap_or_default();
        applied.push(Done { name: row.try_get("", "version")?, at });
    }
    Ok(applied)
}

async fn has_journal<C: ConnectionTrait>(db: &C) -> Result<bool, StoreError> {
    let sql = match db.get_database_backend() {
        DbBackend::Postgres => "SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = $1",
        _ => "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = $1",
    };
    Ok(!rows(db, sql, [JOURNAL.into()]).await?.is_empty())
}

fn steps_of(applied: Vec<Done>) -> Vec<Step> {
    let ours: Vec<String> = Migrator::migrations().iter().map(|step| step.name().to_owned()).collect();
    let pending = ours.iter().filter(|name| applied.iter().all(|done| done.name != **name));
    let pending: Vec<Step> = pending.map(|name| Step { name: name.clone(), state: StepState::Pending }).collect();
    let done = applied.into_iter().map(|Done { name, at }| {
        let state = if ours.contains(&name) { StepState::Applied(at) } else { StepState::Unknown(at) };
        Step { name, state }
    });
    let mut steps: Vec<Step> = done.chain(pending).collect();
    steps.sort_by(|one, other| one.name.cmp(&other.name));
    steps
}

/// The statements that leave nothing; what belongs to an extension of Postgres stays, as it came with the server.
async fn drops<C: ConnectionTrait>(db: &C) -> Result<Vec<String>, StoreError> {
    let backend = db.get_database_backend();
    let sql = match backend {
        DbBackend::Postgres => POSTGRES_DROPS,
        _ => SQLITE_DROPS,
    };
    let found = db.query_all_raw(Statement::from_string(backend, sql)).await?;
    found.iter().map(|row| Ok(row.try_get("", "statement")?)).collect()
}

const POSTGRES_DROPS: &str = "\
    SELECT format('DROP %s IF EXISTS %I CASCADE', kind, name) AS statement FROM ( \
      SELECT oid, relname AS name, 1 AS rank, CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END AS kind \
        FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v', 'm') \
      UNION ALL \
      SELECT oid, typname, 2, 'TYPE' FROM pg_type WHERE typnamespace = current_schema()::regnamespace AND typtype = 'e' \
    ) found WHERE NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = found.oid AND deptype = 'e') ORDER BY rank, name";
/// Virtual tables first: theirs are the tables that have no right to go by themselves.
const SQLITE_DROPS: &str = "\
    SELECT 'DROP ' || upper(type) || ' IF EXISTS \"' || replace(name, '\"', '\"\"') || '\"' AS statement FROM sqlite_master \
    WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
    ORDER BY type DESC, sql LIKE 'CREATE VIRTUAL%' DESC, name";

#[cfg(test)]
mod tests {
    use super::*;

    fn done(name: &str) -> Done {
        Done { name: name.to_owned(), at: DateTime::UNIX_EPOCH }
    }

    #[test]
    fn a_step_that_is_not_ours_stands_in_its_place_as_unknown() {
        let ours: Vec<String> = Migrator::migrations().iter().map(|step| step.name().to_owned()).collect();

        let steps = steps_of(vec![done(&ours[0]), done("m29990101_000001_future")]);

        let states: Vec<StepState> = steps.iter().map(|step| step.state).collect();
        assert_eq!(states.first(), Some(&StepState::Applied(DateTime::UNIX_EPOCH)));
        assert_eq!(states.last(), Some(&StepState::Unknown(DateTime::UNIX_EPOCH)));
        assert!(states[1..states.len() - 1].iter().all(|state| *state == StepState::Pending));
        assert_eq!(steps.len(), ours.len() + 1);
    }

    #[test]
    fn steps_are_named_so_that_their_order_is_that_of_their_names() {
        let names: Vec<String> = Migrator::migrations().iter().map(|step| step.name().to_owned()).collect();

        assert!(names.is_sorted(), "{names:?}");
    }
}
