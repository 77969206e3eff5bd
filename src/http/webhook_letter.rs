//! What the receiver of webhooks is told: the same as those who watch `GET /api/events`.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::events::EventView;
use crate::actors::events::{Event, EventSubject};
use crate::store::ListedCall;
use crate::types::{CallId, CallStatus, CallerId, Direction, EventKind, Redacted};

/// Who can be told of an event at all may know what was said.
#[must_use]
pub fn webhook_body(event: Event) -> String {
    json(&EventView::of(event, true))
}

/// The end of a call that never was, under a name that no event of a call has.
#[must_use]
pub fn webhook_example(at: DateTime<Utc>) -> String {
    let call = invented(at);
    let event = Event { position: 0, kind: EventKind::Completed, at, call: call.id, subject: EventSubject::Call(Box::new(call)) };
    json(&EventView::of(event, true).called("webhook.test"))
}

fn json(view: &EventView) -> String {
    serde_json::to_string(view).unwrap_or_default()
}

fn invented(at: DateTime<Utc>) -> ListedCall {
    let before = |seconds| at - TimeDelta::seconds(seconds);
    ListedCall {
        id: CallId::new(Uuid::nil()),
        call_sid: None,
        direction: Direction::Inbound,
        from: CallerId::parse("+14155550123"),
        to: CallerId::parse("+14155550100"),
        caller_name: Some(Redacted("Example".to_owned())),
        assistant: "example".to_owned(),
        model: "example".to_owned(),
        status: CallStatus::Completed,
        twilio_status: Some("completed".to_owned()),
        ended_reason: Some("assistant_ended".to_owned()),
        refusal: None,
        error_code: None,
        initiated_at: before(65),
        connected_at: Some(before(62)),
        ended_at: Some(at),
        duration: Some(Duration::from_secs(62)),
        first_audio_ms: Some(180),
        latency_p50_ms: Some(650),
        ai_responses: 5,
        user_inputs: 4,
        interruptions: 1,
        cost_nanos: 84_000_000,
    }
}
