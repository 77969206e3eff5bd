//! Consents.

use chrono::Utc;
use serde::Serialize;
use uuid::Uuid;

use super::args::{AddConsent, ConsentVerb, List, Revoke};
use super::{stamp, who};
use crate::actors::engine::GivenConsent;
use crate::cli::db::Desk;
use crate::cli::db::failure::{Failure, Outcome};
use crate::cli::db::output::{self, Record};
use crate::cli::screen::say;
use crate::store::{Slice, StoredConsent};
use crate::types::PhoneNumber;

/// Nobody agrees more often.
const ALL: u64 = 10_000;

pub async fn done(desk: &Desk, verb: &ConsentVerb, user: Option<&str>) -> Outcome {
    match verb {
        ConsentVerb::Add(wish) => add(desk, wish).await,
        ConsentVerb::Revoke(wish) => revoke(desk, wish, user).await,
        ConsentVerb::List(wish) => list(desk, wish).await,
    }
}

async fn add(desk: &Desk, wish: &AddConsent) -> Outcome {
    let AddConsent { number, basis, text_version, source, at } = wish;
    let (number, id) = (number.clone(), Uuid::now_v7());
    let [basis, text_version, source] = [basis, text_version, source].map(|text| text.trim().to_owned());
    if [&basis, &text_version, &source].iter().any(|text| text.is_empty()) {
        return Err(Failure::usage("--basis, --text-version and --source must say something"));
    }
    desk.store.give_consent(GivenConsent { number, basis, text_version, source, at: *at }.recorded(id, Utc::now())).await?;
    say(&id.to_string());
    Ok(0)
}

async fn revoke(desk: &Desk, wish: &Revoke, user: Option<&str>) -> Outcome {
    let by = who(&wish.by, user);
    let ids = ids(desk, &wish.which).await?;
    for id in &ids {
        if desk.store.revoke_consent(*id, Utc::now(), by.as_deref()).await?.is_none() {
            return Err(Failure::other(format!("there is no consent {id}")));
        }
    }
    match ids.len() {
        0 => Err(Failure::other("there is no consent of this number that stands")),
        1 => {
            say("revoked");
            Ok(0)
        }
        n => {
            say(&format!("{n} revoked"));
            Ok(0)
        }
    }
}

/// Of a number, those that stand.
async fn ids(desk: &Desk, which: &str) -> Result<Vec<Uuid>, Failure> {
    if let Ok(id) = which.parse::<Uuid>() {
        return Ok(vec![id]);
    }
    let number: PhoneNumber = which.parse().map_err(|_| Failure::usage("name a consent by its id, or a number with + and country code"))?;
    let (found, _) = desk.store.consents(Slice { limit: ALL, offset: 0, number: Some(number) }).await?;
    Ok(found.iter().filter(|stored| stored.consent.revoked_at.is_none()).filter_map(|stored| stored.id.parse().ok()).collect())
}

async fn list(desk: &Desk, wish: &List) -> Outcome {
    let slice = Slice { limit: wish.limit, offset: wish.offset, number: wish.number.clone() };
    let (consents, total) = desk.store.consents(slice).await?;
    let shown = consents.len() as u64;
    output::print(wish.output.format, &consents.into_iter().map(Line::from).collect::<Vec<_>>())?;
    if shown < total {
        desk.note(&format!("{shown} of {total}; --limit and --offset show others"));
    }
    Ok(0)
}

#[derive(Serialize)]
struct Line {
    id: String,
    phone_number: String,
    basis: String,
    text_version: String,
    source: String,
    given_at: String,
    revoked_at: Option<String>,
    revoked_by: Option<String>,
}

impl Record for Line {
    const COLUMNS: &'static [&'static str] =
        &["id", "phone_number", "basis", "text_version", "source", "given_at", "revoked_at", "revoked_by"];
}

impl From<StoredConsent> for Line {
    fn from(stored: StoredConsent) -> Self {
        let StoredConsent { id, number, consent, revoked_by, .. } = stored;
        Self {
            id,
            phone_number: number.0,
            basis: consent.basis,
            text_version: consent.text_version,
            source: consent.source,
            given_at: stamp(consent.given_at),
            revoked_at: consent.revoked_at.map(stamp),
            revoked_by,
        }
    }
}
