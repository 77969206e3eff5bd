//! One phone stream: the socket that can never be made again.

use std::time::Duration;

use actix::{Actor, ActorContext as _, ActorFutureExt as _, AsyncContext as _, Handler, Message, StreamHandler, WrapFuture as _};
use actix_web::error::PayloadError;
use actix_web_actors::ws::{self, CloseCode, CloseReason, Frame, ProtocolError, WebsocketContext};
use bytestring::ByteString;
use tokio::sync::OwnedSemaphorePermit;

use super::clock;
use super::port::{Kin as _, Port};
use super::supervisor::{Begin, StreamEnded};
use crate::governor::Strikes;
use crate::metrics::{self, Flow, Leg};
use crate::realtime::socket::{Assembler, BadFrame, Incoming};
use crate::session::event::{LegCommand, LegEvent};
use crate::twilio::media::{Inbound, Start, decode, encode};
use crate::types::{CallId, CallSid, Epoch, HangupCause, StreamSid};

/// Real messages have less than 1 kB.
pub const MAX_MESSAGE_BYTES: usize = 64 * 1024;
/// What the call hears of before it is there: a second of media.
const EARLY: usize = 50;
/// After our close frame, for the peer's.
const FAREWELL: Duration = Duration::from_secs(2);

/// The right to one stream of one call: a token that was valid and is now used up.
#[derive(Clone, Debug)]
pub struct StreamClaim {
    pub call: CallId,
    pub epoch: Epoch,
    pub sid: CallSid,
    /// `start` must come within this time.
    pub start_deadline: Duration,
}

pub struct TwilioStreamActor {
    claim: StreamClaim,
    begin: Port<Begin>,
    ended: Port<StreamEnded>,
    state: State,
    stream: Option<StreamSid>,
    assembler: Assembler,
    strikes: Strikes,
    /// Frames given up since the call last took one.
    dropped: u32,
    /// Held until `start`, or until the socket is gone without one.
    unstarted: Option<OwnedSemaphorePermit>,
}

enum State {
    /// Nothing may come before `start`.
    Waiting,
    /// The call is being started; what comes meanwhile is kept for it.
    Starting(Vec<LegEvent>),
    Live(Port<LegHeard>),
    Over,
}

/// What the phone said, to its call.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct LegHeard(pub LegEvent);

impl TwilioStreamActor {
    #[must_use]
    pub fn new(claim: StreamClaim, begin: Port<Begin>, ended: Port<StreamEnded>) -> Self {
        let (assembler, strikes) = (Assembler::of_at_most(MAX_MESSAGE_BYTES), Strikes::default());
        Self { claim, begin, ended, state: State::Waiting, stream: None, assembler, strikes, dropped: 0, unstarted: None }
    }

    /// Its place among those that have not begun.
    #[must_use]
    pub fn holding(mut self, unstarted: OwnedSemaphorePermit) -> Self {
        self.unstarted = Some(unstarted);
        self
    }

    fn text(&mut self, text: &ByteString, ctx: &mut WebsocketContext<Self>) {
        if matches!(self.state, State::Over) {
            return;
        }
        match decode(text) {
            Ok(Inbound::Connected) => {}
            Ok(Inbound::Start(start)) => self.start(start, ctx),
            Ok(Inbound::Leg(event)) => self.heard(event, ctx),
            Ok(Inbound::Unknown(_)) => metrics::malformed(Leg::Phone, "unknown_event"),
            Err(error) => {
                tracing::warn!(call.id = %self.claim.call, %error, "stream message not understood");
                self.nonsense("message", ctx);
            }
        }
    }

    fn start(&mut self, start: Start, ctx: &mut WebsocketContext<Self>) {
        if !matches!(self.state, State::Waiting) {
            tracing::warn!(call.id = %self.claim.call, "second start on one stream ignored");
            return metrics::malformed(Leg::Phone, "second_start");
        }
        if start.call != self.claim.sid {
            tracing::warn!(call.id = %self.claim.call, "start names another call than the token");
            metrics::malformed(Leg::Phone, "foreign_call");
            return self.refuse(CloseCode::Policy, "not your call", ctx);
        }
        self.state = State::Starting(Vec::new());
        self.unstarted = None;
        self.stream = Some(start.stream.clone());
        let begin = Begin {
            call: self.claim.call,
            epoch: self.claim.epoch,
            stream: start.stream,
            orders: ctx.address().into(),
            close: ctx.address().into(),
            arbiter: actix::Arbiter::try_current(),
        };
        let begun = self.begin.ask(begin).into_actor(self);
        ctx.spawn(begun.map(|begun, leg, ctx| match begun {
            Ok(Some(call)) => leg.attach(call),
            Ok(None) | Err(_) => leg.refuse(CloseCode::Policy, "call is over", ctx),
        }));
    }

    fn attach(&mut self, call: Port<LegHeard>) {
        if let State::Starting(early) = std::mem::replace(&mut self.state, State::Live(call.clone())) {
            early.into_iter().for_each(|event| call.tell(LegHeard(event)));
            tell_of_dropped(&call, &mut self.dropped);
        }
    }

    fn heard(&mut self, event: LegEvent, ctx: &mut WebsocketContext<Self>) {
        match &mut self.state {
            State::Waiting => {
                metrics::malformed(Leg::Phone, "before_start");
                self.refuse(CloseCode::Policy, "nothing may come before start", ctx);
            }
            State::Starting(early) if early.len() < EARLY || !matches!(event, LegEvent::Audio(_)) => early.push(event),
            State::Starting(_) => {
                metrics::frame_dropped(Leg::Phone, "call_not_ready");
                self.dropped += 1;
            }
            State::Live(call) => pass_on(call, event, &mut self.dropped),
            State::Over => {}
        }
    }

    fn nonsense(&mut self, kind: &'static str, ctx: &mut WebsocketContext<Self>) {
        metrics::malformed(Leg::Phone, kind);
        if self.strikes.strike(clock::now()) {
            self.heard(LegEvent::Misbehaved, ctx);
            self.refuse(CloseCode::Unsupported, "too much nonsense", ctx);
        }
    }

    fn refuse(&mut self, code: CloseCode, why: &str, ctx: &mut WebsocketContext<Self>) {
        if matches!(self.state, State::Over) {
            return;
        }
        self.over();
        ctx.close(Some(CloseReason { code, description: Some(why.to_owned()) }));
        ctx.run_later(FAREWELL, |_, ctx| ctx.stop());
    }

    /// Nothing sound can follow: what was not understood stays where it is, and would be read again and again.
    fn broken(&mut self, error: &ProtocolError, ctx: &mut WebsocketContext<Self>) {
        ctx.cancel_future(ctx.handle());
        if is_too_long(error) {
            return self.too_long(ctx);
        }
        tracing::warn!(call.id = %self.claim.call, %error, "stream broken");
        metrics::malformed(Leg::Phone, "protocol");
        self.refuse(CloseCode::Protocol, "protocol error", ctx);
    }

    fn too_long(&mut self, ctx: &mut WebsocketContext<Self>) {
        metrics::malformed(Leg::Phone, "too_long");
        self.refuse(CloseCode::Size, "message too long", ctx);
    }

    /// Tells, once, that nothing more will come.
    fn over(&mut self) {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Live(call) => pass_on(&call, LegEvent::Lost, &mut self.dropped),
            State::Waiting | State::Starting(_) => {
                let StreamClaim { call, epoch, .. } = self.claim;
                self.ended.tell(StreamEnded { call, epoch, cause: HangupCause::StreamLost, transfer: None });
            }
            State::Over => {}
        }
    }
}

/// Also of one that panicked, and is told nothing.
impl Drop for TwilioStreamActor {
    fn drop(&mut self) {
        self.over();
    }
}

/// The parser says so, or the door before it, of whose error only the text is handed on.
fn is_too_long(error: &ProtocolError) -> bool {
    match error {
        ProtocolError::Overflow => true,
        ProtocolError::Io(error) => error.to_string() == PayloadError::Overflow.to_string(),
        _ => false,
    }
}

/// Caller audio may be refused by a call that is behind; everything else may not. What was refused is told with what
/// comes through next.
fn pass_on(call: &Port<LegHeard>, event: LegEvent, dropped: &mut u32) {
    if !matches!(event, LegEvent::Audio(_)) {
        tell_of_dropped(call, dropped);
        return call.tell(LegHeard(event));
    }
    metrics::frames(Leg::Phone, Flow::In, 1);
    if call.offer(LegHeard(event)).is_ok() {
        return tell_of_dropped(call, dropped);
    }
    metrics::frame_dropped(Leg::Phone, "call_behind");
    *dropped += 1;
}

fn tell_of_dropped(call: &Port<LegHeard>, dropped: &mut u32) {
    if *dropped > 0 {
        call.tell(LegHeard(LegEvent::FramesDropped(std::mem::take(dropped))));
    }
}

impl Actor for TwilioStreamActor {
    type Context = WebsocketContext<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        metrics::actor_started(Self::KIND);
        ctx.set_mailbox_capacity(256);
        ctx.run_later(self.claim.start_deadline, |leg, ctx| {
            if matches!(leg.state, State::Waiting) {
                metrics::malformed(Leg::Phone, "no_start");
                leg.refuse(CloseCode::Policy, "no start", ctx);
            }
        });
    }

    /// The only word that always comes, however the socket ended.
    fn stopped(&mut self, _: &mut Self::Context) {
        self.over();
        metrics::actor_stopped(Self::KIND, "normal");
    }
}

impl StreamHandler<Result<ws::Message, ProtocolError>> for TwilioStreamActor {
    fn handle(&mut self, message: Result<ws::Message, ProtocolError>, ctx: &mut Self::Context) {
        let _handling = metrics::handling(Self::KIND);
        match message {
            Ok(ws::Message::Text(text)) => self.text(&text, ctx),
            Ok(ws::Message::Continuation(part)) => match self.assembler.accept(Frame::Continuation(part)) {
                Ok(Incoming::Text(text)) => self.text(&text, ctx),
                Ok(Incoming::Part | Incoming::Ping(_) | Incoming::Pong | Incoming::Closed(_)) => {}
                Err(BadFrame::TooLong) => self.too_long(ctx),
                Err(BadFrame::Binary | BadFrame::NotUtf8 | BadFrame::TooManyFragments | BadFrame::Stray) => self.nonsense("fragment", ctx),
            },
            Ok(ws::Message::Binary(_)) => self.nonsense("binary", ctx),
            // Not answered for us. RFC 6455 section 5.5.2
            Ok(ws::Message::Ping(content)) => ctx.pong(&content),
            Ok(ws::Message::Pong(_) | ws::Message::Nop) => {}
            Ok(ws::Message::Close(_)) => {
                // One close frame from each side. RFC 6455 section 5.5.1
                if !matches!(self.state, State::Over) {
                    ctx.close(None);
                }
                self.over();
                ctx.stop();
            }
            Err(error) => self.broken(&error, ctx),
        }
    }
}

/// An order of the call's session.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct LegOrder(pub LegCommand);

impl Handler<LegOrder> for TwilioStreamActor {
    type Result = ();

    fn handle(&mut self, LegOrder(command): LegOrder, ctx: &mut Self::Context) {
        let Some(stream) = &self.stream else { return };
        // No data after a close frame. RFC 6455 section 5.5.1
        if matches!(self.state, State::Over) {
            return;
        }
        if matches!(command, LegCommand::Play(_)) {
            metrics::frames(Leg::Phone, Flow::Out, 1);
        }
        ctx.text(encode(&command, stream));
    }
}

/// The call needs this stream no longer; Twilio goes on with `action`.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct CloseLeg(pub CloseCode);

impl Handler<CloseLeg> for TwilioStreamActor {
    type Result = ();

    fn handle(&mut self, CloseLeg(code): CloseLeg, ctx: &mut Self::Context) {
        if matches!(std::mem::replace(&mut self.state, State::Over), State::Over) {
            return;
        }
        ctx.close(Some(CloseReason::from(code)));
        ctx.run_later(FAREWELL, |_, ctx| ctx.stop());
    }
}

#[cfg(test)]
#[path = "tests/twilio_stream.rs"]
mod tests;
