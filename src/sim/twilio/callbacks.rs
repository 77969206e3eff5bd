//! Status callbacks of one call, posted one after the other beside the call itself.
//! <https://www.twilio.com/docs/voice/api/call-resource#statuscallback>

use std::sync::Arc;

use chrono::Utc;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use super::address::Address;
use super::courier::Webhook;
use super::create::Recording;
use super::exchange::{Detected, Exchange};
use super::line::Line;
use super::report::{Happening, Status};
use super::signing::Params;

/// What the engine answered a status callback; no status if it did not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackAnswer {
    pub call_sid: String,
    pub event: String,
    pub status: Option<u16>,
}

/// Which events go where.
#[derive(Clone, Debug)]
pub struct Subscription {
    pub address: Address,
    pub method: String,
    pub events: Vec<String>,
}

/// A recording under way.
struct Recorded {
    sid: String,
    source: String,
    recording: Recording,
}

struct Callback {
    event: String,
    webhook: Webhook,
}

/// The callbacks of one call: the queue, and the task that empties it.
pub struct Callbacks {
    exchange: Arc<Exchange>,
    line: Arc<Line>,
    subscription: Option<Subscription>,
    sequence: u64,
    recorded: Vec<Recorded>,
    queue: UnboundedSender<Callback>,
    postman: JoinHandle<()>,
}

impl Callbacks {
    #[must_use]
    pub fn new(exchange: Arc<Exchange>, line: Arc<Line>, subscription: Option<Subscription>) -> Self {
        let (queue, waiting) = unbounded_channel();
        let postman = tokio::spawn(post_all(Arc::clone(&exchange), Arc::clone(&line), waiting));
        Self { exchange, line, subscription, sequence: 0, recorded: Vec::new(), queue, postman }
    }

    /// `event` has happened, and the call is now what `word` says.
    pub fn progress(&mut self, event: &str, word: &str) {
        let Some(subscription) = &self.subscription else { return };
        if !subscription.events.iter().any(|wanted| wanted == event) {
            return;
        }
        let mut params = self.exchange.params(&self.line, word);
        params.push(("Timestamp".into(), Utc::now().to_rfc2822()));
        params.push(("SequenceNumber".into(), self.sequence.to_string()));
        params.push(("CallbackSource".into(), "call-progress-events".into()));
        if event == "completed" {
            params.extend(self.terminal());
        }
        self.sequence += 1;
        self.post(event, subscription.address.clone(), &subscription.method, params);
    }

    fn terminal(&self) -> Params {
        let seconds = self.line.duration();
        let sip = match self.line.status() {
            Status::Busy => "486",
            Status::NoAnswer | Status::Canceled => "487",
            Status::Failed => "404",
            Status::Queued | Status::Ringing | Status::InProgress | Status::Completed => "200",
        };
        let minutes = (seconds + 59) / 60;
        [("CallDuration", seconds.to_string()), ("Duration", minutes.to_string()), ("SipResponseCode", sip.to_owned())]
            .map(|(name, value)| (name.to_owned(), value))
            .to_vec()
    }

    /// `stream-started`, `stream-stopped`, `stream-error`.
    pub fn stream(&self, to: &Address, event: &str, stream_sid: &str, name: Option<&str>, error: Option<&str>) {
        let mut params: Params = vec![
            ("AccountSid".into(), self.exchange.account_sid.clone()),
            ("CallSid".into(), self.line.sid.clone()),
            ("StreamSid".into(), stream_sid.into()),
            ("StreamName".into(), name.unwrap_or(stream_sid).into()),
            ("StreamEvent".into(), event.into()),
            ("Timestamp".into(), Utc::now().to_rfc3339()),
        ];
        params.extend(error.map(|error| ("StreamError".to_owned(), error.to_owned())));
        self.post(event, to.clone(), "POST", params);
    }

    /// Begins to record; who asked for it is told now, and at the end of the call.
    pub fn record(&mut self, source: &str, sid: String, recording: Recording) {
        self.line.count(|report| report.recordings.push(sid.clone()));
        let begun = Recorded { sid, source: source.to_owned(), recording };
        self.tell_recording(&begun, "in-progress");
        self.recorded.push(begun);
    }

    fn tell_recording(&self, recorded: &Recorded, status: &str) {
        let Recorded { sid, source, recording } = recorded;
        let Some((address, method)) = recording.callback.clone().filter(|_| recording.events.iter().any(|event| event == status)) else {
            return;
        };
        let account = &self.exchange.account_sid;
        let url = format!("https://api.twilio.com/2010-04-01/Accounts/{account}/Recordings/{sid}");
        let params = [
            ("AccountSid", account.clone()),
            ("CallSid", self.line.sid.clone()),
            ("RecordingSid", sid.clone()),
            ("RecordingUrl", url),
            ("RecordingStatus", status.to_owned()),
            ("RecordingDuration", self.line.duration().max(1).to_string()),
            ("RecordingChannels", recording.channels.clone()),
            ("RecordingStartTime", Utc::now().to_rfc2822()),
            ("RecordingSource", source.clone()),
            ("RecordingTrack", "both".to_owned()),
        ];
        let params = params.map(|(name, value)| (name.to_owned(), value)).to_vec();
        self.post(&format!("recording-{status}"), address, &method, params);
    }

    /// Tells what answering-machine detection found, when it has found it; not once the call is over.
    pub fn detected(&self, address: Address, method: String, detected: Detected) {
        let params = [
            ("AccountSid", self.exchange.account_sid.clone()),
            ("CallSid", self.line.sid.clone()),
            ("AnsweredBy", detected.word),
            ("MachineDetectionDuration", detected.after.as_millis().to_string()),
        ];
        let params = params.map(|(name, value)| (name.to_owned(), value)).to_vec();
        let (exchange, line) = (Arc::clone(&self.exchange), Arc::clone(&self.line));
        tokio::spawn(async move {
            tokio::time::sleep(detected.after).await;
            if line.status() == Status::InProgress {
                let webhook = Webhook { address, method, params, idempotency_token: exchange.sid("") };
                post(&exchange, &line, &Callback { event: "amd".to_owned(), webhook }).await;
            }
        });
    }

    fn post(&self, event: &str, address: Address, method: &str, params: Params) {
        let webhook = Webhook { address, method: method.into(), params, idempotency_token: self.exchange.sid("") };
        let sent = self.queue.send(Callback { event: event.into(), webhook });
        debug_assert!(sent.is_ok(), "the postman lives as long as the queue");
    }

    /// Waits until everything is posted.
    pub async fn finish(self) {
        for recorded in &self.recorded {
            self.tell_recording(recorded, "completed");
        }
        drop(self.queue);
        let done = self.postman.await;
        debug_assert!(done.is_ok(), "the postman does not panic");
    }
}

async fn post_all(exchange: Arc<Exchange>, line: Arc<Line>, mut waiting: UnboundedReceiver<Callback>) {
    let mut held = Vec::new();
    while let Some(callback) = waiting.recv().await {
        if exchange.hooks.loses_callbacks() {
            continue;
        }
        if exchange.hooks.scrambles_callbacks() {
            held.push(callback);
        } else {
            post(&exchange, &line, &callback).await;
        }
    }
    for callback in held.iter().rev().flat_map(|callback| [callback, callback]) {
        post(&exchange, &line, callback).await;
    }
}

async fn post(exchange: &Exchange, line: &Line, callback: &Callback) {
    let event = callback.event.clone();
    line.note_now(Happening::CallbackSent { event: event.clone() });
    let reply = exchange.courier.deliver(&callback.webhook).await;
    let status = reply.as_ref().ok().map(|reply| reply.status);
    exchange.callback_answered(CallbackAnswer { call_sid: line.sid.clone(), event: event.clone(), status });
    line.note_now(match reply {
        Ok(reply) => Happening::CallbackAnswered { event, status: reply.status },
        Err(error) => Happening::CallbackFailed { event, why: error.to_string() },
    });
}
