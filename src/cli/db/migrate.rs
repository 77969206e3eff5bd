//! `db migrate`.

use super::Desk;
use super::failure::Outcome;

pub async fn migrate(desk: &Desk) -> Outcome {
    desk.store.migrate().await?;
    Ok(0)
}
