//! One model session: the socket, and nothing else. Never restarted, but replaced.

use std::rc::Rc;
use std::time::{Duration, Instant};

use actix::{
    Actor, ActorContext as _, ActorFutureExt as _, Addr, AsyncContext as _, Context, Handler, Message, StreamHandler, WrapFuture as _,
};
use actix_http::ws::ProtocolError;
use awc::ws::{CloseReason, Frame, Message as WsMessage};
use bytestring::ByteString;
use chrono::{DateTime, Utc};
use tokio::time::sleep;

use super::exit::Exit;
use super::governor::{ConcurrencyGovernor, ModelTried, NoModel, Slot, TakeModelSlot};
use super::model_line::key;
use super::outbox::{Outbox, write};
use super::port::{Kin as _, Port, Post as _};
use super::supervise::start_watched;
use super::{clock, warm};
use crate::governor::{Attempt, ModelKey, Strikes};
use crate::metrics::{self, Flow, Leg};
use crate::realtime::codec::{Decoded, decode, encode};
use crate::realtime::socket::{Assembler, ConnectError, Connection, Endpoint, Incoming, close_is_retryable, connect};
use crate::session::event::{ErrorClass, ModelCommand, ModelError, ModelEvent};

/// A session that waits for a call is renewed after so long, or so long before it ends.
const LONGEST_WARM: Duration = Duration::from_secs(3_300);
const LEAST_LEFT: Duration = Duration::from_secs(300);

/// How the link is made and watched.
#[derive(Clone, Copy, Debug)]
pub struct LinkTiming {
    pub connect: Duration,
    pub ping: Duration,
    /// A link on which nothing came for this long is dead.
    pub silence: Duration,
}

/// Which session to open, and for whom.
pub struct ModelBrief {
    pub endpoint: Endpoint,
    /// To be had instead, should this one be away.
    pub other: Option<ModelKey>,
    pub timing: LinkTiming,
    pub delay: Duration,
    pub governor: Addr<ConcurrencyGovernor>,
    /// None for a session that waits for one.
    pub call: Option<Port<ModelSaid>>,
    /// Beside the connection that its call has.
    pub spare: bool,
    /// Which of the call's model sessions this is.
    pub number: u32,
}

pub struct OpenAiSessionActor {
    brief: ModelBrief,
    outbox: Rc<Outbox>,
    assembler: Assembler,
    strikes: Strikes,
    heard: Instant,
    slot: Option<Slot>,
    opened: Option<Opened>,
    over: bool,
}

/// `session.created` has come.
#[derive(Clone, Copy, Debug)]
struct Opened {
    expires: Option<DateTime<Utc>>,
}

/// What the model said, to its call.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct ModelSaid {
    pub session: u32,
    pub event: ModelEvent,
}

impl OpenAiSessionActor {
    #[must_use]
    pub fn new(brief: ModelBrief) -> Self {
        let (assembler, strikes) = (Assembler::default(), Strikes::default());
        Self { brief, outbox: Rc::default(), assembler, strikes, heard: clock::now(), slot: None, opened: None, over: false }
    }

    /// Starts it on this thread; `on_exit` is told when it has ended.
    pub fn start(brief: ModelBrief, on_exit: impl FnOnce(Exit) + 'static) -> Addr<Self> {
        start_watched(|_| Self::new(brief), on_exit)
    }

    fn connected(&mut self, connection: Connection, slot: Slot, ctx: &mut Context<Self>) {
        self.slot = Some(slot);
        self.heard = clock::now();
        ctx.add_stream(connection.stream);
        let (outbox, me) = (self.outbox.clone(), ctx.address());
        actix_rt::spawn(async move {
            if write(connection.sink, &outbox).await.is_err() {
                me.tell(WriteFailed);
            }
        });
        ctx.run_interval(self.brief.timing.ping, Self::keep_alive);
    }

    fn not_connected(&mut self, unopened: &Unopened, ctx: &mut Context<Self>) {
        let retry = match unopened {
            Unopened::Slot(_) => true,
            Unopened::Connect(error) => {
                self.tried(Attempt::Failed { retry: error.retry });
                error.retry
            }
        };
        self.lost(retry, unopened.to_string(), ctx);
    }

    fn keep_alive(&mut self, ctx: &mut Context<Self>) {
        if clock::now().saturating_duration_since(self.heard) > self.brief.timing.silence {
            return self.lost(true, "silent", ctx);
        }
        self.outbox.control(WsMessage::Ping(bytes::Bytes::new()));
    }

    fn said(&mut self, text: &ByteString, ctx: &mut Context<Self>) {
        match decode(text) {
            Ok(Decoded::Event(event)) => {
                if matches!(event, ModelEvent::Audio { .. }) {
                    metrics::frames(Leg::Model, Flow::In, 1);
                }
                if matches!(event, ModelEvent::Error(ModelError { class: ErrorClass::Fatal, .. })) {
                    self.tried(Attempt::Failed { retry: false });
                }
                self.report(event);
            }
            Ok(Decoded::Opened { expires_at }) => self.opened(expires_at, ctx),
            Ok(Decoded::Ignored(_)) => {}
            Ok(Decoded::Unknown(kind)) => {
                tracing::debug!(%kind, "unknown model event");
                metrics::malformed(Leg::Model, "unknown_event");
            }
            Err(error) => {
                tracing::warn!(%error, "model message not understood");
                metrics::malformed(Leg::Model, "message");
                if self.strikes.strike(clock::now()) {
                    self.lost(true, "too much nonsense", ctx);
                }
            }
        }
    }

    fn opened(&mut self, expires_at: Option<i64>, ctx: &mut Context<Self>) {
        let opened = Opened { expires: expires_at.and_then(|at| DateTime::from_timestamp(at, 0)) };
        self.opened = Some(opened);
        self.tried(Attempt::Opened);
        if self.brief.call.is_some() {
            return self.report_opened(opened);
        }
        warm::ready(&ctx.address());
        // Nobody shall get one that is about to end.
        let stale = opened.left().map_or(LONGEST_WARM, |left| left.saturating_sub(LEAST_LEFT).min(LONGEST_WARM));
        ctx.run_later(stale, |session, ctx| {
            if session.brief.call.is_none() {
                session.leave(ctx);
            }
        });
    }

    fn report_opened(&self, opened: Opened) {
        self.report(ModelEvent::Opened);
        if let Some(within) = opened.left() {
            self.report(ModelEvent::Expires { within });
        }
    }

    fn report(&self, event: ModelEvent) {
        if let Some(call) = &self.brief.call {
            call.tell(ModelSaid { session: self.brief.number, event });
        }
    }

    /// For the breaker of this model.
    fn tried(&self, attempt: Attempt) {
        self.brief.governor.tell(ModelTried { model: key(&self.brief.endpoint), attempt });
    }

    /// Told once, whatever else breaks afterwards.
    fn lost(&mut self, retry: bool, reason: impl Into<String>, ctx: &mut Context<Self>) {
        if !std::mem::replace(&mut self.over, true) {
            let reason = reason.into();
            let warm = self.brief.call.is_none();
            tracing::warn!(model.session = self.brief.number, warm, %reason, retry, "model session lost");
            if self.slot.is_some() && self.opened.is_none() {
                self.tried(Attempt::Failed { retry });
            }
            self.report(ModelEvent::Lost { retry, reason });
        }
        self.leave(ctx);
    }

    fn leave(&mut self, ctx: &mut Context<Self>) {
        self.over = true;
        self.outbox.close();
        ctx.stop();
    }
}

impl Actor for OpenAiSessionActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        let ModelBrief { endpoint, timing, delay, governor, .. } = &self.brief;
        let wanted = TakeModelSlot { spare: self.brief.spare, model: key(endpoint), other: self.brief.other.clone() };
        let opening = open(endpoint.clone(), timing.connect, *delay, governor.clone(), wanted);
        ctx.spawn(opening.into_actor(self).map(|opened, session, ctx| match opened {
            Ok((connection, slot)) => session.connected(connection, slot, ctx),
            Err(unopened) => session.not_connected(&unopened, ctx),
        }));
    }

    fn stopped(&mut self, _: &mut Context<Self>) {
        self.outbox.close();
        if !std::mem::replace(&mut self.over, true) {
            self.report(ModelEvent::Lost { retry: true, reason: "actor ended".to_owned() });
        }
    }
}

impl Opened {
    fn left(self) -> Option<Duration> {
        self.expires.map(|at| (at - clock::utc()).to_std().unwrap_or_default())
    }
}

/// A call takes on a session that waited for one.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Adopt {
    pub call: Port<ModelSaid>,
    pub number: u32,
    /// Beside the connection that the call has.
    pub spare: bool,
}

impl Handler<Adopt> for OpenAiSessionActor {
    type Result = ();

    fn handle(&mut self, Adopt { call, number, spare }: Adopt, _: &mut Context<Self>) {
        (self.brief.call, self.brief.number) = (Some(call), number);
        if !spare {
            self.takes_part();
        }
        match self.opened.filter(|_| !self.over) {
            Some(opened) => self.report_opened(opened),
            // It was lost in the moment that it was handed out.
            None => self.report(ModelEvent::Lost { retry: true, reason: "warm session lost".to_owned() }),
        }
    }
}

/// There is no connection.
#[derive(Debug, thiserror::Error)]
enum Unopened {
    #[error(transparent)]
    Slot(NoModel),
    #[error(transparent)]
    Connect(#[from] ConnectError),
}

/// The session in use from now on.
#[derive(Message)]
#[rtype(result = "()")]
pub struct TakePart;

impl Handler<TakePart> for OpenAiSessionActor {
    type Result = ();

    fn handle(&mut self, _: TakePart, _: &mut Context<Self>) {
        self.takes_part();
    }
}

impl OpenAiSessionActor {
    fn takes_part(&mut self) {
        if let Some(slot) = &mut self.slot {
            slot.is_of_a_call();
        }
    }
}

async fn open(
    endpoint: Endpoint,
    deadline: Duration,
    delay: Duration,
    governor: Addr<ConcurrencyGovernor>,
    wanted: TakeModelSlot,
) -> Result<(Connection, Slot), Unopened> {
    sleep(delay).await;
    let slot = governor.ask(wanted).await.unwrap_or(Err(NoModel::Full)).map_err(Unopened::Slot)?;
    let connection = connect(&endpoint, deadline).await?;
    Ok((connection, slot))
}

impl StreamHandler<Result<Frame, ProtocolError>> for OpenAiSessionActor {
    fn handle(&mut self, frame: Result<Frame, ProtocolError>, ctx: &mut Context<Self>) {
        let _handling = metrics::handling(Self::KIND);
        self.heard = clock::now();
        let incoming = match frame {
            Ok(frame) => self.assembler.accept(frame).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match incoming {
            Ok(Incoming::Text(text)) => self.said(&text, ctx),
            Ok(Incoming::Part | Incoming::Pong) => {}
            Ok(Incoming::Ping(content)) => self.outbox.control(WsMessage::Pong(content)),
            Ok(Incoming::Closed(reason)) => self.closed(reason, ctx),
            Err(error) => self.lost(true, error, ctx),
        }
    }

    /// Replaces the default, which would stop without a word.
    fn finished(&mut self, ctx: &mut Context<Self>) {
        self.lost(true, "connection ended", ctx);
    }
}

impl OpenAiSessionActor {
    fn closed(&mut self, reason: Option<CloseReason>, ctx: &mut Context<Self>) {
        let code = reason.as_ref().map(|reason| u16::from(reason.code));
        let text = reason.and_then(|reason| reason.description);
        let retry = close_is_retryable(code, text.as_deref());
        self.lost(retry, format!("closed {} {}", code.unwrap_or(1005), text.unwrap_or_default()), ctx);
    }
}

#[derive(Message)]
#[rtype(result = "()")]
struct WriteFailed;

impl Handler<WriteFailed> for OpenAiSessionActor {
    type Result = ();

    fn handle(&mut self, _: WriteFailed, ctx: &mut Context<Self>) {
        self.lost(true, "write failed", ctx);
    }
}

/// An order of the call's session.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct ModelOrder(pub ModelCommand);

impl Handler<ModelOrder> for OpenAiSessionActor {
    type Result = ();

    fn handle(&mut self, ModelOrder(command): ModelOrder, _: &mut Context<Self>) {
        for message in encode(&command, self.brief.endpoint.dialect).map(|text| WsMessage::Text(text.into())) {
            if !matches!(command, ModelCommand::Append(_)) {
                self.outbox.control(message);
                continue;
            }
            metrics::frames(Leg::Model, Flow::Out, 1);
            if self.outbox.media(message) {
                metrics::frame_dropped(Leg::Model, "socket_slow");
            }
        }
    }
}

/// The call needs this session no longer.
#[derive(Message)]
#[rtype(result = "()")]
pub struct CloseModel;

impl Handler<CloseModel> for OpenAiSessionActor {
    type Result = ();

    fn handle(&mut self, _: CloseModel, ctx: &mut Context<Self>) {
        self.leave(ctx);
    }
}
