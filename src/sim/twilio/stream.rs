//! A media stream: Twilio's end of the WebSocket, by an absolute clock.
//! <https://www.twilio.com/docs/voice/media-streams/websocket-messages>

use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::address::Address;
use super::call::{Call, Interrupt};
use super::caller::Deed;
use super::line::Order;
use super::network::Lane;
use super::playback::{Playback, Played};
use super::report::{Happening, StreamReport};
use super::upgrade;
use super::wire::{Breach, Incoming, Wire, malformed};
use crate::audio::{FRAME_BYTES, FRAME_MS, SILENCE};
use crate::sim::imprint::imprint_frame;
use crate::sim::twilio::twiml::Stream;

/// An engine that reads nothing for so long is lost, warning 31930.
const WRITE_WITHIN: Duration = Duration::from_secs(5);
const CLOSE_WITHIN: Duration = Duration::from_secs(2);

/// A silent phone names its call in so many frames, every two seconds.
const TAG_FRAMES: u32 = 8;
const TAG_EVERY: u32 = 100;

const FRAME: Duration = Duration::from_millis(FRAME_MS);

/// Why a stream is over.
#[derive(Debug)]
pub enum StreamEnd {
    /// The stream alone: `<Connect>` is done, and the call goes on.
    Over,
    /// The same, without a word from the engine.
    Broken,
    Interrupted(Interrupt),
}

/// Runs `<Stream>`, from the upgrade to the last byte.
pub async fn run(call: &mut Call, noun: &Stream, base: Option<&Address>) -> StreamEnd {
    let stream_sid = call.exchange.sid("MZ");
    let told = noun.status_callback.as_deref().and_then(|url| Address::webhook(url).ok());
    let tell = |call: &Call, event: &str, error: Option<&str>| {
        if let Some(address) = &told {
            call.callbacks.stream(address, event, &stream_sid, noun.name.as_deref(), error);
        }
    };
    let socket = match upgrade::connect(call, &noun.url, base).await {
        Ok(socket) => socket,
        Err(refused) => {
            call.line.note_now(Happening::StreamRefused { why: refused.to_string() });
            tell(call, "stream-error", Some(&refused.to_string()));
            return StreamEnd::Over;
        }
    };
    call.line.note_now(Happening::StreamOpen);
    tell(call, "stream-started", None);
    let wire = Wire::new(call.exchange.account_sid.clone(), call.line.sid.clone(), stream_sid.clone());
    let mut leg = Leg::new(call, socket, wire);
    let end = leg.run(&noun.parameters).await;
    leg.over();
    tell(call, "stream-stopped", None);
    match end {
        StreamEnd::Broken if call.exchange.hooks.forgets_broken_streams() => {
            call.idle(None, false).await.map_or(end, StreamEnd::Interrupted)
        }
        end => end,
    }
}

struct Leg<'a> {
    call: &'a mut Call,
    socket: WebSocketStream<TcpStream>,
    wire: Wire,
    playback: Playback,
    /// Messages of the engine on their way to the phone, and of the phone on their way to the engine.
    down: Lane<Incoming>,
    up: Lane<String>,
    began: Instant,
    frames: u32,
    outbox: Vec<String>,
    agent_heard: bool,
    mute: bool,
    deaf: bool,
}

enum Woken {
    Message(Option<Result<Message, Error>>),
    Order(Order),
    Time,
}

/// The socket is of no more use; the reason is noted.
struct Lost;

impl<'a> Leg<'a> {
    fn new(call: &'a mut Call, socket: WebSocketStream<TcpStream>, wire: Wire) -> Self {
        let (playback, outbox, began) = (Playback::default(), Vec::new(), Instant::now());
        let network = call.exchange.hooks.travel();
        let (down, up) = (Lane::new(network, 1), Lane::new(network, 2));
        Self { call, socket, wire, playback, down, up, began, frames: 0, outbox, agent_heard: false, mute: false, deaf: false }
    }

    async fn run(&mut self, parameters: &[(String, String)]) -> StreamEnd {
        self.outbox.push(Wire::connected());
        self.outbox.push(self.wire.start(parameters));
        if self.call.exchange.hooks.starts_twice() {
            self.outbox.push(self.wire.start(parameters));
        }
        self.started(parameters);
        loop {
            let over = match self.send().await {
                Ok(()) => self.wake().await,
                Err(Lost) => Some(StreamEnd::Broken),
            };
            if let Some(end) = over {
                return end;
            }
        }
    }

    fn started(&mut self, parameters: &[(String, String)]) {
        self.began = Instant::now();
        let (stream_sid, began) = (self.wire.stream_sid.clone(), self.began);
        self.call.line.count(|report| {
            let started = report.offset(began);
            let stream_sid = stream_sid.clone();
            let parameters = parameters.to_vec();
            report.streams.push(StreamReport { stream_sid, parameters, started, first_audio: None, ended: None, close_code: None });
        });
        self.call.line.note(began, Happening::StreamStarted { stream_sid });
    }

    /// Waits for whatever comes first: a message, an order, a frame or a mark that is due.
    async fn wake(&mut self) -> Option<StreamEnd> {
        let dues = [self.playback.next_due(), self.down.next_due(), self.up.next_due()];
        let due = dues.into_iter().flatten().fold(self.frame_due(), Instant::min);
        let woken = tokio::select! {
            biased;
            message = self.socket.next(), if !self.deaf => Woken::Message(message),
            Some(order) = self.call.orders.recv() => Woken::Order(order),
            () = sleep_until(due.into()) => Woken::Time,
        };
        let now = Instant::now();
        let end = match woken {
            Woken::Message(message) => self.receive(now, message).await,
            Woken::Order(order) => match self.call.obey(order) {
                Some(order) => Some(self.hang_up(Interrupt::Ordered(order)).await),
                None => None,
            },
            Woken::Time => None,
        };
        match end {
            Some(end) => Some(end),
            None => self.settle(now).await,
        }
    }

    fn frame_due(&self) -> Instant {
        self.began + FRAME * (self.frames + 1)
    }

    async fn receive(&mut self, now: Instant, message: Option<Result<Message, Error>>) -> Option<StreamEnd> {
        match message {
            Some(Ok(Message::Text(text))) => match self.wire.read(&text) {
                Ok(incoming) => self.down.push(now, incoming),
                Err(breach) => self.breach(&breach),
            },
            Some(Ok(Message::Binary(_))) => self.breach(&malformed("binary frame")),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
            Some(Ok(Message::Close(frame))) => return Some(self.closed(frame).await),
            Some(Err(error)) => return Some(self.broken(&error)),
            None => return Some(self.broken(&Error::ConnectionClosed)),
        }
        None
    }

    fn accept(&mut self, now: Instant, incoming: Incoming) {
        match incoming {
            Incoming::Media(audio) => self.accept_media(now, &audio),
            Incoming::Mark(name) => self.playback.mark(now, name),
            Incoming::Clear => self.clear(now),
        }
    }

    fn accept_media(&mut self, now: Instant, audio: &[u8]) {
        if !self.agent_heard {
            self.agent_heard = true;
            self.call.line.note(now, Happening::FirstAgentMedia);
        }
        self.call.line.count(|report| {
            report.media_received += 1;
            report.bytes_received += audio.len() as u64;
        });
        if let Err(overflow) = self.playback.push(now, audio) {
            self.call.violate(format!("31931 {overflow}"));
        }
    }

    fn clear(&mut self, now: Instant) {
        let cleared = self.playback.clear(now);
        let [played_ms, dropped_ms] = [cleared.played, cleared.dropped].map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        self.listen();
        self.call.line.note(now, Happening::Cleared { played_ms, dropped_ms });
        let cut = self.call.hearing.cut();
        self.call.heard(cut);
        self.call.line.count(|report| report.ear.cut());
    }

    fn breach(&self, breach: &Breach) {
        self.call.violate(format!("{} {}", breach.code, breach.what));
    }

    /// Brings playback and caller up to `now`.
    async fn settle(&mut self, now: Instant) -> Option<StreamEnd> {
        while let Some((at, incoming)) = self.down.arrived(now) {
            self.accept(at, incoming);
        }
        self.playback.advance(now);
        self.listen();
        while self.frame_due() <= now {
            match self.frame(now) {
                Some(Deed::HangUp) => return Some(self.hang_up(Interrupt::HungUp).await),
                Some(Deed::GiveUp(failure)) => return Some(self.hang_up(Interrupt::ScriptFailed(failure)).await),
                Some(Deed::DropSocket) => return Some(self.drop_socket()),
                Some(Deed::GoDeaf) => self.go_deaf(),
                Some(Deed::Fault(fault)) => self.call.exchange.hooks.strike(&fault),
                Some(Deed::GoMute) | None => {}
            }
        }
        if self.call.time_is_up(now) { Some(self.hang_up(Interrupt::TimeIsUp).await) } else { None }
    }

    /// What the engine sends stays with it, and soon: little room is left on the way.
    fn go_deaf(&mut self) {
        self.deaf = true;
        if let Err(error) = socket2::SockRef::from(self.socket.get_ref()).set_recv_buffer_size(1) {
            self.call.line.note_now(Happening::StreamBroken { why: error.to_string() });
        }
    }

    /// What was played reaches the ear; marks that were reached go back.
    fn listen(&mut self) {
        while let Some(played) = self.playback.poll() {
            match played {
                Played::Audio { at, audio } => {
                    let heard = self.call.hearing.hear(at, &audio);
                    self.call.heard(heard);
                    self.call.line.count(|report| report.ear.hear(at, &audio));
                }
                Played::Mark { .. } if self.call.exchange.hooks.keeps_marks() => {}
                Played::Mark { at, name } => {
                    self.up.push_mark(at, self.wire.mark(&name));
                    self.call.line.note(at, Happening::MarkEchoed { name });
                }
            }
        }
    }

    fn frame(&mut self, now: Instant) -> Option<Deed> {
        let due = self.frame_due();
        let lag = now.saturating_duration_since(due);
        self.frames += 1;
        let moment = self.call.live(now, due);
        self.mute |= moment.deed == Some(Deed::GoMute);
        if !self.mute {
            let frame = self.tagged(moment.frame);
            self.up.push(now, self.wire.media(u64::from(self.frames) * FRAME_MS, &frame));
            if let Some(digit) = moment.digit {
                self.up.push(now, self.wire.dtmf(digit));
            }
        }
        self.call.line.count(|report| {
            report.frames_sent += u64::from(!self.mute);
            report.worst_lag = report.worst_lag.max(lag);
        });
        moment.deed
    }

    /// Now and then the silence names its call, so that whoever hears it knows which one it is.
    fn tagged(&self, mut frame: [u8; FRAME_BYTES]) -> [u8; FRAME_BYTES] {
        let place = self.frames % TAG_EVERY;
        if place < TAG_FRAMES && frame == [SILENCE; FRAME_BYTES] {
            imprint_frame(&mut frame, &self.call.line.sid, u16::try_from(place).unwrap_or_default());
        }
        frame
    }

    async fn send(&mut self) -> Result<(), Lost> {
        let now = Instant::now();
        while let Some((_, text)) = self.up.arrived(now) {
            self.outbox.push(text);
        }
        if self.outbox.is_empty() {
            return Ok(());
        }
        let (socket, outbox) = (&mut self.socket, &mut self.outbox);
        let sending = async {
            for text in outbox.drain(..) {
                socket.feed(Message::text(text)).await?;
            }
            socket.flush().await
        };
        match timeout(WRITE_WITHIN, sending).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(Error::ConnectionClosed | Error::AlreadyClosed)) => Ok(()),
            Ok(Err(error)) => {
                self.broken(&error);
                Err(Lost)
            }
            Err(_) => {
                self.call.violate("31930 the engine does not read");
                Err(Lost)
            }
        }
    }

    /// `stop`, a proper close, and then what the interrupt asks for.
    async fn hang_up(&mut self, interrupt: Interrupt) -> StreamEnd {
        self.outbox.extend(self.up.hurry());
        self.outbox.push(self.wire.stop());
        if self.send().await.is_ok() {
            self.call.line.note_now(Happening::StreamStopped);
            let close = CloseFrame { code: CloseCode::Normal, reason: "".into() };
            let closing = async {
                self.socket.close(Some(close)).await?;
                while self.socket.next().await.transpose()?.is_some() {}
                Ok::<(), Error>(())
            };
            drop(timeout(CLOSE_WITHIN, closing).await);
        }
        StreamEnd::Interrupted(interrupt)
    }

    fn drop_socket(&self) -> StreamEnd {
        if let Err(error) = self.socket.get_ref().set_zero_linger() {
            self.call.line.note_now(Happening::StreamBroken { why: error.to_string() });
        }
        self.call.line.note_now(Happening::SocketDropped);
        StreamEnd::Broken
    }

    /// The engine closed: the close is answered, and the call goes on without the stream.
    async fn closed(&mut self, frame: Option<CloseFrame>) -> StreamEnd {
        let code = frame.map(|frame| u16::from(frame.code));
        self.call.line.note_now(Happening::StreamClosed { code });
        self.call.line.count(|report| {
            if let Some(stream) = report.streams.last_mut() {
                stream.close_code = code;
            }
        });
        let answered = async { while let Some(Ok(_)) = self.socket.next().await {} };
        drop(timeout(CLOSE_WITHIN, answered).await);
        StreamEnd::Over
    }

    fn broken(&self, error: &Error) -> StreamEnd {
        use tokio_tungstenite::tungstenite::error::ProtocolError::ResetWithoutClosingHandshake;
        match error {
            Error::Protocol(ResetWithoutClosingHandshake) => {}
            Error::Protocol(_) | Error::Capacity(_) => self.call.violate(format!("31924 {error}")),
            Error::Utf8(_) => self.call.violate("31950 text frame is not utf-8"),
            _ => {}
        }
        self.call.line.note_now(Happening::StreamBroken { why: error.to_string() });
        StreamEnd::Broken
    }

    fn over(&mut self) {
        let now = Instant::now();
        self.playback.advance(now);
        self.playback.clear(now);
        while let Some(played) = self.playback.poll() {
            if let Played::Audio { at, audio } = played {
                self.call.line.count(|report| report.ear.hear(at, &audio));
            }
        }
        self.call.line.count(|report| report.ear.cut());
        let cut = self.call.hearing.cut();
        self.call.heard(cut);
        self.call.line.count(|report| {
            let ended = report.offset(now);
            if let Some(stream) = report.streams.last_mut() {
                stream.ended = Some(ended);
            }
        });
    }
}
