//! One call as the exchange knows it: who calls whom, where it stands, what was seen.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;

use super::address::Address;
use super::changes::Changes;
use super::create::Recording;
use super::lock;
use super::report::{CallReport, Happening, Status};
use crate::types::Direction;

/// A wish of the engine's, over REST, about a live call.
#[derive(Clone, Debug)]
pub enum Order {
    Complete,
    /// Only of use before the call is answered.
    Cancel,
    /// Recorded from now on.
    Record {
        sid: String,
        recording: Recording,
    },
    Redirect(Source),
}

/// Where the next document comes from.
#[derive(Clone, Debug)]
pub enum Source {
    Fetch { address: Address, method: String, extra: Vec<(String, String)> },
    Inline(String),
}

/// The part of a call that REST, the call's own task and its watchers share.
pub struct Line {
    pub sid: String,
    pub direction: Direction,
    pub from: String,
    pub to: String,
    account_sid: String,
    orders: UnboundedSender<Order>,
    /// What happens on this line alone.
    pub changes: Changes,
    all_changes: Arc<Changes>,
    state: Mutex<State>,
}

struct State {
    report: CallReport,
    created: DateTime<Utc>,
    answered: Option<DateTime<Utc>>,
    ended: Option<DateTime<Utc>>,
    over: bool,
}

/// The call is in no state for that, error 21220.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("call is not in a state for this")]
pub struct NotNow;

/// Who is to be connected with whom.
pub struct Ends {
    pub account_sid: String,
    pub direction: Direction,
    pub from: String,
    pub to: String,
}

impl Line {
    #[must_use]
    pub fn new(sid: String, ends: Ends, orders: UnboundedSender<Order>, all_changes: Arc<Changes>) -> Self {
        let status = match ends.direction {
            Direction::Inbound => Status::Ringing,
            Direction::Outbound => Status::Queued,
        };
        let report = CallReport::new(sid.clone(), ends.direction, &ends.from, &ends.to, status, Instant::now());
        let state = State { report, created: Utc::now(), answered: None, ended: None, over: false };
        let Ends { account_sid, direction, from, to } = ends;
        Self { sid, direction, from, to, account_sid, orders, changes: Changes::default(), all_changes, state: Mutex::new(state) }
    }

    #[must_use]
    pub const fn direction_word(&self) -> &'static str {
        match self.direction {
            Direction::Inbound => "inbound",
            Direction::Outbound => "outbound-api",
        }
    }

    #[must_use]
    pub fn report(&self) -> CallReport {
        lock(&self.state).report.clone()
    }

    #[must_use]
    pub fn looks(&self, seen: impl FnOnce(&CallReport) -> bool) -> bool {
        seen(&lock(&self.state).report)
    }

    #[must_use]
    pub fn status(&self) -> Status {
        lock(&self.state).report.status
    }

    pub fn set_status(&self, status: Status) {
        let mut state = lock(&self.state);
        state.report.status = status;
        if status == Status::InProgress {
            state.answered = Some(Utc::now());
        }
        if status.is_final() {
            state.ended = Some(Utc::now());
        }
        drop(state);
        self.changes.bump();
    }

    /// Seconds between answer and end.
    #[must_use]
    pub fn duration(&self) -> i64 {
        let state = lock(&self.state);
        state.answered.zip(state.ended).map_or(0, |(answered, ended)| (ended - answered).num_seconds())
    }

    pub fn note(&self, at: Instant, what: Happening) {
        lock(&self.state).report.note(at, what);
        self.changes.bump();
    }

    pub fn note_now(&self, what: Happening) {
        self.note(Instant::now(), what);
    }

    /// Counts without waking anybody: for what happens with every frame.
    pub fn count(&self, change: impl FnOnce(&mut CallReport)) {
        change(&mut lock(&self.state).report);
    }

    /// The last webhook of the call is answered.
    pub fn close(&self) {
        lock(&self.state).over = true;
        self.changes.bump();
        self.all_changes.bump();
    }

    #[must_use]
    pub fn is_over(&self) -> bool {
        lock(&self.state).over
    }

    /// Passes an order on to the call, if it is still there to take it.
    pub fn order(&self, order: Order) -> Result<(), NotNow> {
        let status = self.status();
        let possible = match order {
            Order::Complete => !status.is_final(),
            Order::Cancel => matches!(status, Status::Queued | Status::Ringing) && self.direction == Direction::Outbound,
            Order::Redirect(_) | Order::Record { .. } => status == Status::InProgress,
        };
        if possible { self.orders.send(order).map_err(|_| NotNow) } else { Err(NotNow) }
    }

    /// The Call resource, <https://www.twilio.com/docs/voice/api/call-resource>.
    #[must_use]
    pub fn resource(&self) -> Value {
        let duration = self.duration().to_string();
        let state = lock(&self.state);
        let time = |time: Option<DateTime<Utc>>| time.map(|time| time.to_rfc2822());
        let path = format!("/2010-04-01/Accounts/{}/Calls/{}", self.account_sid, self.sid);
        json!({
            "sid": self.sid, "account_sid": self.account_sid, "api_version": "2010-04-01",
            "status": state.report.status.as_str(), "direction": self.direction_word(),
            "to": self.to, "to_formatted": formatted(&self.to), "from": self.from, "from_formatted": formatted(&self.from),
            "phone_number_sid": "PN00000000000000000000000000000001", "parent_call_sid": null, "answered_by": null,
            "caller_name": null, "forwarded_from": null, "group_sid": null, "trunk_sid": null, "queue_time": "0",
            "start_time": time(state.answered), "end_time": time(state.ended), "duration": state.ended.map(|_| duration),
            "price": null, "price_unit": "USD", "date_created": time(Some(state.created)), "date_updated": time(Some(state.created)),
            "uri": format!("{path}.json"),
            "subresource_uris": {
                "recordings": format!("{path}/Recordings.json"), "streams": format!("{path}/Streams.json"),
                "notifications": format!("{path}/Notifications.json"), "events": format!("{path}/Events.json"),
            },
        })
    }
}

/// `+15550100002` as `(555) 010-0002`; anything else as it is.
fn formatted(number: &str) -> String {
    let national = number.strip_prefix("+1").filter(|digits| digits.len() == 10 && digits.is_ascii());
    let parts = national.and_then(|digits| Some((digits.get(..3)?, digits.get(3..6)?, digits.get(6..)?)));
    parts.map_or_else(|| number.to_owned(), |(area, exchange, rest)| format!("({area}) {exchange}-{rest}"))
}
