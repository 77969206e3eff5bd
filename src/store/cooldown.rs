//! A number is not called again so soon, whichever instance is asked.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{DatabaseConnection, Value};

use super::CallStore;
use super::error::StoreError;
use super::sql::{execute, moment, rows};
use crate::types::PhoneNumber;

/// What stood there before is kept beside the claim: `RETURNING` gives new values only.
const CLAIM: &str = "INSERT INTO call_cooldowns (phone_number, last_call_at) VALUES ($1, $2) \
     ON CONFLICT (phone_number) DO UPDATE SET previous_call_at = call_cooldowns.last_call_at, last_call_at = excluded.last_call_at \
     WHERE call_cooldowns.last_call_at <= $3 RETURNING previous_call_at";
const LAST: &str = "SELECT last_call_at FROM call_cooldowns WHERE phone_number = $1";
const RESTORE: &str = "UPDATE call_cooldowns SET last_call_at = $3, previous_call_at = NULL WHERE phone_number = $1 AND last_call_at = $2";
const FORGET: &str = "DELETE FROM call_cooldowns WHERE phone_number = $1 AND last_call_at = $2";

/// Whether a number may be called now. Who is told `Claimed` is the only one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CooldownClaim {
    /// With the call before this one, which `release_cooldown` wants back.
    Claimed {
        previous: Option<DateTime<Utc>>,
    },
    CoolingDown {
        retry_after: Duration,
    },
}

impl CallStore {
    /// Claims the number for a call at `now`, unless it was called less than `cooldown` ago.
    pub async fn claim_cooldown(&self, number: &PhoneNumber, cooldown: Duration, now: DateTime<Utc>) -> Result<CooldownClaim, StoreError> {
        let number = number.as_str().to_owned();
        let cooldown = TimeDelta::from_std(cooldown).unwrap_or(TimeDelta::MAX);
        self.run_soon(move |db| async move { claim(&db, number, cooldown, moment(now)).await }).await
    }

    /// Takes a claim back, for a call that came to nothing. False if somebody has claimed the number since.
    pub async fn release_cooldown(
        &self,
        number: &PhoneNumber,
        claimed_at: DateTime<Utc>,
        previous: Option<DateTime<Utc>>,
    ) -> Result<bool, StoreError> {
        let key: [Value; 2] = [number.as_str().into(), moment(claimed_at).into()];
        self.run(move |db| async move {
            let changed = match previous {
                Some(previous) => execute(&db, RESTORE, key.into_iter().chain([moment(previous).into()])).await?,
                None => execute(&db, FORGET, key).await?,
            };
            Ok(changed > 0)
        })
        .await
    }
}

async fn claim(db: &DatabaseConnection, number: String, cooldown: TimeDelta, now: DateTime<Utc>) -> Result<CooldownClaim, StoreError> {
    let until = now.checked_sub_signed(cooldown).unwrap_or(DateTime::UNIX_EPOCH);
    let claimed = rows(db, CLAIM, [number.clone().into(), now.into(), until.into()]).await?;
    if let Some(row) = claimed.first() {
        return Ok(CooldownClaim::Claimed { previous: row.try_get("", "previous_call_at")? });
    }
    let held = rows(db, LAST, [number.into()]).await?;
    let last = held.first().map(|row| row.try_get::<DateTime<Utc>>("", "last_call_at")).transpose()?;
    Ok(CooldownClaim::CoolingDown { retry_after: last.map_or(Duration::ZERO, |last| remaining(last, cooldown, now)) })
}

/// Never more than the whole cooldown, should clocks disagree.
fn remaining(last: DateTime<Utc>, cooldown: TimeDelta, now: DateTime<Utc>) -> Duration {
    let elapsed = (now - last).max(TimeDelta::zero());
    cooldown.checked_sub(&elapsed).and_then(|left| left.to_std().ok()).unwrap_or_default()
}
