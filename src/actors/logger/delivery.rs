//! From the spool to the database, and out of the spool: one order of the batcher at a time.

use crate::actors::clock;
use crate::metrics;
use crate::store::{CallStore, Row, Spool, Spooled, StoreError};

/// How an order went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    /// Everything up to the place `gone` has left the spool.
    Done {
        rows: usize,
        gone: u64,
    },
    /// The database will not take one of these rows.
    Refused {
        rows: usize,
    },
    Failed,
}

/// Writes the oldest rows, so many at most. `newest` is where the spool ends at least.
pub(super) async fn ship(store: &CallStore, spool: &Spool, limit: usize, newest: u64) -> Delivery {
    let spooled = match oldest(spool, limit).await {
        Ok(spooled) => spooled,
        Err(failed) => return failed,
    };
    let Some(last) = spooled.last() else { return Delivery::Done { rows: 0, gone: newest } };
    let (count, gone) = (spooled.len(), last.place);
    match write(store, &spooled).await {
        Ok(()) => remove(spool, count, gone).await,
        Err(error) if error.is_of_a_row() => Delivery::Refused { rows: count },
        Err(error) => {
            tracing::warn!(%error, rows = count, "rows not in the database, trying again");
            Delivery::Failed
        }
    }
}

async fn write(store: &CallStore, spooled: &[Spooled]) -> Result<(), StoreError> {
    let rows = spooled.iter().map(Spooled::row).collect::<Result<Vec<Row>, _>>()?;
    let (count, began) = (rows.len() as u64, clock::now());
    store.write(rows).await?;
    metrics::rows_written(count, clock::now().saturating_duration_since(began));
    Ok(())
}

/// The oldest row is the one to blame: it is kept among the dead letters.
pub(super) async fn bury(store: &CallStore, spool: &Spool, newest: u64) -> Delivery {
    let spooled = match oldest(spool, 1).await {
        Ok(spooled) => spooled,
        Err(failed) => return failed,
    };
    let Some(row) = spooled.first() else { return Delivery::Done { rows: 1, gone: newest } };
    // Told once more what is wrong with it; should it be taken now, so much the better.
    let Err(cause) = write(store, &spooled).await else { return remove(spool, 1, row.place).await };
    if !cause.is_of_a_row() {
        return Delivery::Failed;
    }
    tracing::error!(error = %cause, kind = row.row().map_or("unknown", |row| row.kind()), "row kept as a dead letter");
    match store.bury(row, &cause, clock::utc()).await {
        Ok(()) => {
            metrics::dead_letter();
            remove(spool, 1, row.place).await
        }
        Err(error) => {
            tracing::error!(%error, "dead letter not stored, trying again");
            Delivery::Failed
        }
    }
}

async fn oldest(spool: &Spool, limit: usize) -> Result<Vec<Spooled>, Delivery> {
    let spooled = spool.head(limit).await.map_err(|error| {
        tracing::error!(%error, "spool cannot be read");
        Delivery::Failed
    })?;
    let age = spooled.first().map(|row| (clock::utc() - row.at).to_std().unwrap_or_default());
    metrics::oldest_row(age.unwrap_or_default());
    Ok(spooled)
}

async fn remove(spool: &Spool, rows: usize, gone: u64) -> Delivery {
    match spool.remove(gone).await {
        Ok(()) => Delivery::Done { rows, gone },
        Err(error) => {
            tracing::error!(%error, "rows that are stored cannot be taken out of the spool");
            Delivery::Failed
        }
    }
}
