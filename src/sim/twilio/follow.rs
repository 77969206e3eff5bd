//! How a call follows TwiML: fetch a document, perform its verbs, go where they lead.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::address::Address;
use super::call::{Call, Ending, Interrupt};
use super::courier::{Undelivered, Webhook};
use super::http::Reply;
use super::line::{Order, Source};
use super::report::{DialOutcome, Happening, HungUpBy};
use super::stream::{self, StreamEnd};
use super::twiml::{self, Dial, Document, Verb};

/// A call that asks for more documents than this goes round in circles.
const MOST_DOCUMENTS: usize = 1_000;
/// Twilio's own voice, about 15 letters a second.
const PER_LETTER: Duration = Duration::from_millis(65);
/// The one who was dialled talks this long.
const DIALLED: Duration = Duration::from_millis(300);

/// A phone that nobody picks up rings this long: far shorter than in life.
const UNANSWERED: Duration = Duration::from_millis(200);

/// What comes after a verb.
enum Flow {
    Next,
    Go(Source),
    End(Ending),
}

impl From<Interrupt> for Flow {
    fn from(interrupt: Interrupt) -> Self {
        match interrupt {
            Interrupt::HungUp => Self::End(Ending::CallerHungUp),
            Interrupt::ScriptFailed(failure) => Self::End(Ending::ScriptFailed(failure)),
            Interrupt::Ordered(Order::Complete | Order::Cancel) => Self::End(Ending::HungUpOn(HungUpBy::Rest)),
            Interrupt::Ordered(Order::Redirect(source)) => Self::Go(source),
            Interrupt::Ordered(Order::Record { .. }) => Self::Next,
            Interrupt::TimeIsUp => Self::End(Ending::HungUpOn(HungUpBy::TimeLimit)),
        }
    }
}

impl Call {
    /// Follows TwiML from `source` to the end of the call.
    pub async fn follow(&mut self, mut source: Source) -> Ending {
        for _ in 0..MOST_DOCUMENTS {
            match self.follow_one(source).await {
                Flow::Go(next) => source = next,
                Flow::Next => return Ending::HungUpOn(HungUpBy::Twiml),
                Flow::End(ending) => return ending,
            }
        }
        Ending::Failed("12200 too many documents".into())
    }

    async fn follow_one(&mut self, source: Source) -> Flow {
        let (text, base) = match source {
            Source::Inline(text) => (text, None),
            Source::Fetch { address, method, extra } => match self.fetch(&address, method, extra).await {
                Ok(text) => (text, Some(address)),
                Err(flow) => return flow,
            },
        };
        match twiml::parse(&text) {
            Ok(document) => self.perform(document, base.as_ref()).await,
            Err(error) => {
                self.violate(format!("12100 {error}"));
                Flow::End(Ending::Failed("12100 document parse failure".into()))
            }
        }
    }

    async fn perform(&mut self, document: Document, base: Option<&Address>) -> Flow {
        for complaint in document.complaints {
            self.violate(complaint);
        }
        for verb in document.verbs {
            match self.verb(verb, base).await {
                Flow::Next => {}
                other => return other,
            }
        }
        Flow::Next
    }

    async fn verb(&mut self, verb: Verb, base: Option<&Address>) -> Flow {
        if let Verb::Reject { reason } = verb {
            return Flow::End(Ending::Rejected(reason));
        }
        self.answered();
        match verb {
            Verb::Connect { action, method, stream } => {
                if let StreamEnd::Interrupted(interrupt) = stream::run(self, &stream, base).await {
                    return self.interrupted(interrupt);
                }
                self.after(action, method, base, Vec::new())
            }
            Verb::Say(text) => {
                let length = PER_LETTER * u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
                self.line.note_now(Happening::Said { text });
                self.pass(length, true).await
            }
            Verb::Pause { seconds } => {
                self.line.note_now(Happening::Paused { seconds });
                self.pass(Duration::from_secs(seconds), false).await
            }
            Verb::Dial(dial) => self.dial(dial, base).await,
            Verb::Redirect { url, method } => self.go(&url, method, base, Vec::new()),
            Verb::Hangup | Verb::Reject { .. } => Flow::End(Ending::HungUpOn(HungUpBy::Twiml)),
        }
    }

    async fn dial(&mut self, dial: Dial, base: Option<&Address>) -> Flow {
        self.line.note_now(Happening::Dialled);
        let outcome = self.exchange.take_dial_outcome();
        self.line.count(|report| {
            report.dialled.push(dial.number.clone());
            report.dials.push((dial.clone(), outcome));
        });
        let foreign = dial.caller_id.as_ref().is_some_and(|id| ![&self.line.from, &self.exchange.number].contains(&&id.0));
        if foreign {
            self.violate("13214 invalid callerId of <Dial>");
        }
        match self.pass(if outcome == DialOutcome::Completed { DIALLED } else { UNANSWERED }, false).await {
            Flow::Next => {
                let bridged = if outcome == DialOutcome::Completed {
                    [("DialCallDuration", "1"), ("DialBridged", "true")]
                } else {
                    [("DialCallDuration", "0"), ("DialBridged", "false")]
                };
                let sid = self.exchange.sid("CA");
                let mut extra = vec![("DialCallStatus".to_owned(), outcome.as_str().to_owned()), ("DialCallSid".to_owned(), sid)];
                extra.extend(bridged.map(|(name, value)| (name.to_owned(), value.to_owned())));
                self.after(dial.action, dial.method, base, extra)
            }
            other => other,
        }
    }

    async fn pass(&mut self, time: Duration, spoken_to: bool) -> Flow {
        match self.idle(Some(Instant::now() + time), spoken_to).await {
            Some(interrupt) => self.interrupted(interrupt),
            None => Flow::Next,
        }
    }

    fn interrupted(&self, interrupt: Interrupt) -> Flow {
        if matches!(interrupt, Interrupt::Ordered(Order::Redirect(_))) {
            self.line.note_now(Happening::Redirected);
        }
        interrupt.into()
    }

    /// With an `action`, what it returns takes the place of the verbs that follow.
    fn after(&self, action: Option<String>, method: String, base: Option<&Address>, extra: Vec<(String, String)>) -> Flow {
        action.map_or(Flow::Next, |action| self.go(&action, method, base, extra))
    }

    fn go(&self, url: &str, method: String, base: Option<&Address>, extra: Vec<(String, String)>) -> Flow {
        let resolved = base.map_or_else(|| Address::parse(url), |base| base.join(url));
        match resolved.and_then(Address::into_webhook) {
            Ok(address) => Flow::Go(Source::Fetch { address, method, extra }),
            Err(_) => {
                self.violate("11100 invalid url in a document");
                Flow::End(Ending::Failed("11100 invalid url".into()))
            }
        }
    }

    /// Asks a webhook for TwiML, while the caller lives on.
    async fn fetch(&mut self, address: &Address, method: String, extra: Vec<(String, String)>) -> Result<String, Flow> {
        let mut params = self.exchange.params(&self.line, self.line.status().as_str());
        params.extend(extra);
        let webhook = Webhook { address: address.clone(), method, params, idempotency_token: self.exchange.sid("") };
        let path = address.path().to_owned();
        self.line.note_now(Happening::WebhookSent { path: path.clone() });
        let exchange = Arc::clone(&self.exchange);
        let deliver = async move {
            if exchange.hooks.repeats_webhooks() {
                let first = exchange.courier.deliver(&webhook).await;
                drop(first);
            }
            exchange.courier.deliver(&webhook).await
        };
        let reply = tokio::select! {
            biased;
            reply = deliver => reply,
            Some(interrupt) = self.idle(None, false) => return Err(self.interrupted(interrupt)),
        };
        self.usable(path, reply).map_err(|why| Flow::End(Ending::Failed(why)))
    }

    fn usable(&self, path: String, reply: Result<Reply, Undelivered>) -> Result<String, String> {
        let reply = reply.map_err(|error| {
            self.line.note_now(Happening::WebhookFailed { path: path.clone(), why: error.to_string() });
            error.to_string()
        })?;
        self.line.note_now(Happening::WebhookAnswered { path, status: reply.status });
        if !(200..300).contains(&reply.status) {
            return Err(format!("11200 http status {}", reply.status));
        }
        let kind = reply.content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if !matches!(kind.as_str(), "text/xml" | "application/xml" | "text/html") {
            self.violate(format!("12300 content type {kind}"));
            return Err("12300 invalid content type".into());
        }
        String::from_utf8(reply.body).map_err(|_| "12100 document is not utf-8".into())
    }

    pub fn violate(&self, what: impl Into<String>) {
        self.exchange.violate(Some(&self.line.sid), what);
    }
}
