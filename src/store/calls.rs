//! The life of a call's row: created before anybody dials, claimed by a stream, ended exactly once.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue, ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect,
    TransactionTrait,
};
use serde::{Deserialize, Serialize};

use super::analytics::hours;
use super::entity::{Private, call};
use super::error::StoreError;
use super::events::{Noted, note};
use super::sql::{clean, execute, millis, moment, signed};
use super::{CallStore, Recording, tally};
use crate::types::{CallId, CallSid, CallStatus, Direction, Epoch, EventKind, HangupCause, Redacted, StreamSid, billed_minutes};

const ATTACH: &str = "UPDATE call_logs SET call_sid = $2 WHERE id = $1 AND (call_sid IS NULL OR call_sid = $2)";
const CONNECT: &str = "UPDATE call_logs SET status = $4, stream_sid = $3, epoch = $2, connected_at = COALESCE(connected_at, $5), \
     owner = COALESCE($6, owner) \
     WHERE id = $1 AND epoch <= $2 AND ended_at IS NULL";
const RINGING: &str = "UPDATE call_logs SET ringing_at = $2 WHERE id = $1 AND ringing_at IS NULL";
const ANSWERED_BY: &str = "UPDATE call_logs SET answered_by = $2 WHERE id = $1";
const RECORDED: &str = "UPDATE call_logs SET recording_sid = $2, recording_url = $3, recording_ms = $4 WHERE id = $1";
/// Of a call that has not ended: whoever finds its row knows that it is not lost.
const HANDED_OVER: &str = "UPDATE call_logs SET ended_reason = $2 WHERE id = $1 AND ended_at IS NULL";
const TAKEN_BACK: &str = "UPDATE call_logs SET ended_reason = NULL WHERE id = $1 AND ended_at IS NULL AND ended_reason = $2";
const FIRST_AUDIO: &str = "UPDATE call_logs SET first_audio_ms = $2 WHERE id = $1 AND first_audio_ms IS NULL";

/// Twilio's words in the order in which a call passes them; the last rung is the end.
/// twilio.com/docs/voice/api/call-resource#call-status-values
const LADDER: [&[&str]; 5] =
    [&["queued"], &["initiated"], &["ringing"], &["answered", "in-progress"], &["completed", "busy", "failed", "no-answer", "canceled"]];

const RINGS: &str = "ringing";

/// A call before anything has happened in it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewCall {
    pub id: CallId,
    /// Known from the start for a call that came to us.
    pub call_sid: Option<CallSid>,
    pub direction: Direction,
    pub from: String,
    pub to: String,
    pub caller_name: Option<String>,
    pub assistant: String,
    pub model: String,
    pub voice: String,
    /// The instructions that the model is given.
    pub system_message: Option<String>,
    /// The instance that takes the call on.
    pub owner: Option<String>,
    pub initiated_at: DateTime<Utc>,
    /// When it is to be placed, if not at once.
    #[serde(default)]
    pub scheduled_at: Option<DateTime<Utc>>,
    /// JSON: whatever the client wants to find on it.
    #[serde(default)]
    pub metadata: Option<Redacted<String>>,
    /// JSON: whom to call and as whom, so that any instance can.
    #[serde(default)]
    pub wish: Option<Redacted<String>>,
    /// JSON: what was looked at before the number was called.
    pub decision: Option<String>,
    /// With which it was requested: of a key on record, or `static`; none if nobody had to show one.
    pub api_key_id: Option<String>,
    /// How far the network vouches for the number of who calls, in Twilio's word. For the record alone: nothing goes by it.
    pub stir_verstat: Option<String>,
}

impl fmt::Debug for NewCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewCall").field("id", &self.id).field("direction", &self.direction).finish_non_exhaustive()
    }
}

/// Whether a row was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    New,
    /// This call was known already, under this id.
    Existing(CallId),
}

/// A stream that is up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joined {
    pub call: CallId,
    pub epoch: Epoch,
    pub stream: StreamSid,
    pub at: DateTime<Utc>,
    /// The instance that carries it.
    #[serde(default)]
    pub owner: Option<String>,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallEnd {
    pub id: CallId,
    pub cause: HangupCause,
    /// Twilio's word, where Twilio said it.
    pub twilio_status: Option<String>,
    /// The vendor's code, and what we have to say about it.
    pub error_code: Option<String>,
    pub error: Option<String>,
    pub at: DateTime<Utc>,
    /// What a minute of the phone line costs, in billionths of a US dollar; begun minutes count whole.
    pub minute_nanos: u64,
    /// The instance that says so. It counts only from the one that carries the call; what Twilio says needs nobody's name.
    #[serde(default)]
    pub owner: Option<String>,
}

impl CallStore {
    /// Commits the call before we answer for it. The same id, or the same `CallSid`, makes no second row.
    pub async fn create_call(&self, call: NewCall) -> Result<Created, StoreError> {
        self.run_soon(|db| async move { create(&db, call, None).await }).await.inspect(|_| self.ring())
    }

    /// Keeps a call that was not to be: failed and ended as it came, with the refusal's word.
    pub async fn create_refused(&self, call: NewCall, refusal: &str) -> Result<Created, StoreError> {
        let refusal = refusal.to_owned();
        self.run_soon(|db| async move { create(&db, call, Some(refusal)).await }).await.inspect(|_| self.ring())
    }

    /// Names the call at Twilio. A conflict if it bears another name, if another call bears this one, or if there is no such call.
    pub async fn attach_call_sid(&self, id: CallId, sid: &CallSid) -> Result<(), StoreError> {
        let sid = sid.clone();
        self.run_soon(move |db| async move { attach(&db, id, &sid).await }).await
    }

    /// The stream is up. False if the call has ended, or belongs to a newer stream.
    pub async fn connected(&self, joined: Joined) -> Result<bool, StoreError> {
        self.run(move |db| async move {
            let transaction = db.begin().await?;
            let connected = connect(&transaction, &joined).await?;
            if connected {
                note(&transaction, [Noted::of_call(EventKind::Connected, joined.call, joined.at)]).await?;
            }
            hours::forget(&transaction, &[joined.call.to_string()]).await?;
            transaction.commit().await?;
            Ok(connected)
        })
        .await
        .inspect(|_| self.ring())
    }

    /// Takes Twilio's word over, if it leads on from the one we have: callbacks overtake each other.
    pub async fn progress(&self, id: CallId, twilio_status: &str, at: DateTime<Utc>) -> Result<bool, StoreError> {
        let word = twilio_status.to_owned();
        self.run_soon(move |db| async move { progress(&db, id, &word, at).await }).await
    }

    /// Who picked up, in the word of Twilio's detection; its last word stands.
    pub async fn answered_by(&self, id: CallId, word: &str) -> Result<(), StoreError> {
        let values = [id.to_string().into(), clean(word).into()];
        self.run(move |db| async move { execute(&db, ANSWERED_BY, values).await }).await.map(drop)
    }

    /// Where the recording of the call is; its last word stands.
    pub async fn recorded(&self, id: CallId, recording: Recording) -> Result<(), StoreError> {
        self.run_soon(move |db| async move { record(&db, id, &recording).await }).await
    }

    /// Another phone is rung for the call, or (`false`) did not take it.
    pub async fn handed_over(&self, id: CallId, is_away: bool) -> Result<(), StoreError> {
        let (sql, word) = (if is_away { HANDED_OVER } else { TAKEN_BACK }, HangupCause::Transferred.as_str());
        self.run_soon(move |db| async move { execute(&db, sql, [id.to_string().into(), word.into()]).await }).await.map(drop)
    }

    /// Ends the call on record, and counts what it came to. True for whoever ended it; false if it had ended already, or is unknown.
    pub async fn finish(&self, end_of_call: CallEnd) -> Result<bool, StoreError> {
        self.run(|db| async move {
            let transaction = db.begin().await?;
            let call = end_of_call.id.to_string();
            let event = Noted::of_end(&end_of_call);
            let ended = end(&transaction, end_of_call).await?;
            if ended {
                note(&transaction, [event]).await?;
            }
            let began = tally::recount_ended(&transaction, [call.clone()].into()).await?;
            hours::forget_older(&transaction, [call], &began).await?;
            transaction.commit().await?;
            Ok(ended)
        })
        .await
        .inspect(|_| self.ring())
    }
}

async fn create(db: &DatabaseConnection, call: NewCall, refusal: Option<String>) -> Result<Created, StoreError> {
    let transaction = db.begin().await?;
    let created = create_with(&transaction, call, refusal).await?;
    transaction.commit().await?;
    Ok(created)
}

/// Whatever is committed together with it.
pub(super) async fn create_with(transaction: &DatabaseTransaction, call: NewCall, refusal: Option<String>) -> Result<Created, StoreError> {
    let (id, at) = (call.id.to_string(), call.initiated_at);
    let kind = if refusal.is_some() { EventKind::Failed } else { EventKind::Initiated };
    let event = Noted::of_call(kind, call.id, at);
    let created = insert(transaction, call, refusal).await?;
    if created == Created::New {
        note(transaction, [event]).await?;
    }
    if hours::may_be_stored(at) {
        hours::forget(transaction, &[id]).await?;
    }
    Ok(created)
}

pub(super) async fn insert<C: ConnectionTrait>(db: &C, call: NewCall, refusal: Option<String>) -> Result<Created, StoreError> {
    let (id, sid) = (call.id, call.call_sid.clone());
    let untouched = OnConflict::new().do_nothing().to_owned();
    let made = call::Entity::insert(fresh(call, refusal)).on_conflict(untouched).exec_without_returning(db).await?;
    if made == 1 { Ok(Created::New) } else { existing(db, id, sid).await.map(Created::Existing) }
}

pub(super) async fn attach<C: ConnectionTrait>(db: &C, id: CallId, sid: &CallSid) -> Result<(), StoreError> {
    match execute(db, ATTACH, [id.to_string().into(), sid.as_str().into()]).await? {
        0 => Err(StoreError::conflict("the call is unknown, or bears another sid")),
        _ => Ok(()),
    }
}

pub(super) async fn connect<C: ConnectionTrait>(db: &C, joined: &Joined) -> Result<bool, StoreError> {
    let Joined { call, epoch, stream, at, owner } = joined;
    let (status, owner) = (CallStatus::Connected.as_str(), owner.as_deref().map(clean));
    let values = [call.to_string().into(), i64::from(epoch.number()).into(), stream.as_str().into(), status.into()];
    Ok(execute(db, CONNECT, values.into_iter().chain([moment(*at).into(), owner.into()])).await? > 0)
}

pub(super) async fn progress<C: ConnectionTrait>(db: &C, id: CallId, word: &str, at: DateTime<Utc>) -> Result<bool, StoreError> {
    let word = clean(word);
    if word == RINGS {
        execute(db, RINGING, [id.to_string().into(), moment(at).into()]).await?;
    }
    let passed = Condition::any().add(call::Column::TwilioStatus.is_null()).add(call::Column::TwilioStatus.is_in(below(&word)));
    let update = call::Entity::update_many()
        .col_expr(call::Column::TwilioStatus, Expr::val(word))
        .filter(call::Column::Id.eq(id.to_string()))
        .filter(passed);
    Ok(update.exec(db).await?.rows_affected > 0)
}

pub(super) async fn record<C: ConnectionTrait>(db: &C, id: CallId, recording: &Recording) -> Result<(), StoreError> {
    let Recording { sid, url, ms } = recording;
    execute(db, RECORDED, [id.to_string().into(), clean(sid).into(), clean(url).into(), signed(*ms).into()]).await?;
    Ok(())
}

pub(super) async fn first_audio<C: ConnectionTrait>(db: &C, id: CallId, ms: u64) -> Result<(), StoreError> {
    execute(db, FIRST_AUDIO, [id.to_string().into(), signed(ms).into()]).await?;
    Ok(())
}

/// True if this is what ended it.
pub(super) async fn end<C: ConnectionTrait>(db: &C, end: CallEnd) -> Result<bool, StoreError> {
    let open = || call::Entity::find_by_id(end.id.to_string()).filter(may_end(&end));
    let Some(connected_at) = open().select_only().column(call::Column::ConnectedAt).into_tuple::<Option<DateTime<Utc>>>().one(db).await?
    else {
        return Ok(false);
    };
    let duration = connected_at.map(|connected| (end.at - connected).to_std().unwrap_or_default());
    let said = |column: call::Column, word: Option<&str>| word.map(|word| (column, Expr::val(clean(word))));
    let words = [
        said(call::Column::TwilioStatus, end.twilio_status.as_deref()),
        said(call::Column::ErrorCode, end.error_code.as_deref()),
        said(call::Column::Error, end.error.as_deref()),
    ];
    let mut update = call::Entity::update_many()
        .col_expr(call::Column::Status, Expr::val(end.cause.status().as_str()))
        .col_expr(call::Column::EndedReason, Expr::val(end.cause.as_str()))
        .col_expr(call::Column::EndedAt, Expr::val(moment(end.at)))
        .col_expr(call::Column::DurationMs, Expr::val(duration.map(millis)))
        .col_expr(call::Column::CarrierCostNanos, Expr::val(duration.map_or(0, |time| line_cost(time, end.minute_nanos))));
    for (column, word) in words.into_iter().flatten() {
        update = update.col_expr(column, word);
    }
    let open = update.filter(call::Column::Id.eq(end.id.to_string())).filter(may_end(&end));
    Ok(open.exec(db).await?.rows_affected > 0)
}

/// It has not ended yet, and nobody else has taken it on meanwhile.
fn may_end(end: &CallEnd) -> Condition {
    let open = Condition::all().add(call::Column::EndedAt.is_null());
    match &end.owner {
        Some(owner) => open.add(Condition::any().add(call::Column::Owner.is_null()).add(call::Column::Owner.eq(owner.as_str()))),
        None => open,
    }
}

fn line_cost(time: Duration, minute_nanos: u64) -> i64 {
    signed(billed_minutes(time).saturating_mul(minute_nanos))
}

fn fresh(call: NewCall, refusal: Option<String>) -> call::ActiveModel {
    let initiated_at = moment(call.initiated_at);
    let status = if refusal.is_some() { CallStatus::Failed } else { CallStatus::Initiated };
    let private = |text: &str| Private(clean(text));
    call::ActiveModel {
        id: ActiveValue::Set(call.id.to_string()),
        call_sid: ActiveValue::Set(call.call_sid.map(|sid| sid.as_str().to_owned())),
        direction: ActiveValue::Set(call.direction.as_str().to_owned()),
        from_number: ActiveValue::Set(private(&call.from)),
        to_number: ActiveValue::Set(private(&call.to)),
        caller_name: ActiveValue::Set(call.caller_name.as_deref().map(private)),
        assistant: ActiveValue::Set(clean(&call.assistant)),
        model: ActiveValue::Set(clean(&call.model)),
        voice: ActiveValue::Set(clean(&call.voice)),
        system_message: ActiveValue::Set(call.system_message.as_deref().map(private)),
        owner: ActiveValue::Set(call.owner.as_deref().map(clean)),
        status: ActiveValue::Set(status.as_str().to_owned()),
        ended_at: ActiveValue::Set(refusal.is_some().then_some(initiated_at)),
        refusal: ActiveValue::Set(refusal.as_deref().map(clean)),
        initiated_at: ActiveValue::Set(initiated_at),
        scheduled_at: ActiveValue::Set(call.scheduled_at.map(moment)),
        metadata: ActiveValue::Set(call.metadata.and_then(|metadata| serde_json::from_str(&clean(&metadata)).ok())),
        wish: ActiveValue::Set(call.wish.as_ref().map(|wish| private(wish))),
        decision: ActiveValue::Set(call.decision.as_deref().map(clean)),
        api_key_id: ActiveValue::Set(call.api_key_id.as_deref().map(clean)),
        stir_verstat: ActiveValue::Set(call.stir_verstat.as_deref().map(clean)),
        ..Default::default()
    }
}

/// The row that stood in the way of a new one.
async fn existing<C: ConnectionTrait>(db: &C, id: CallId, sid: Option<CallSid>) -> Result<CallId, StoreError> {
    let mut known = Condition::any().add(call::Column::Id.eq(id.to_string()));
    if let Some(sid) = &sid {
        known = known.add(call::Column::CallSid.eq(sid.as_str()));
    }
    let ids: Vec<String> = call::Entity::find().select_only().column(call::Column::Id).filter(known).into_tuple().all(db).await?;
    let ids: Vec<CallId> = ids.iter().filter_map(|id| id.parse().ok()).collect();
    let own = ids.contains(&id).then_some(id);
    own.or_else(|| ids.first().copied()).ok_or_else(|| StoreError::conflict("the call that stood in the way is gone"))
}

/// The words a call must have passed before this one. A word that Twilio never told us of takes the place of none.
fn below(word: &str) -> Vec<&'static str> {
    let rung = LADDER.iter().position(|words| words.contains(&word)).unwrap_or_default();
    LADDER.iter().take(rung).flat_map(|words| words.iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_word_leads_on_from_those_below_it() {
        assert_eq!(below("queued"), Vec::<&str>::new());
        assert_eq!(below("ringing"), ["queued", "initiated"]);
        assert_eq!(below("completed").len(), 5);
        assert_eq!(below("never heard of"), Vec::<&str>::new());
    }

    #[test]
    fn a_new_call_prints_without_numbers_and_names() {
        let call = NewCall {
            id: CallId::new(Uuid::from_u128(1)),
            call_sid: None,
            direction: Direction::Outbound,
            from: "+14155550100".to_owned(),
            to: "+14155550101".to_owned(),
            caller_name: Some("Ann".to_owned()),
            assistant: String::new(),
            model: String::new(),
            voice: String::new(),
            system_message: None,
            owner: None,
            initiated_at: DateTime::UNIX_EPOCH,
            scheduled_at: None,
            metadata: None,
            wish: None,
            decision: None,
            api_key_id: None,
            stir_verstat: None,
        };

        let text = format!("{call:?} {:?}", fresh(call.clone(), None));

        assert!(!text.contains("+1415") && !text.contains("Ann"), "{text}");
    }
}
