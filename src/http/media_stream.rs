//! `WS /media-stream/{token}`: the caller's audio. The only place, beside the actor itself, that
//! knows the crate which serves the socket.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use actix_web_actors::ws::{self, WsResponseBuilder};

use super::frames::BoundedFrames;
use super::{Doors, Problem};
use crate::actors::inbound::StreamRefused;
use crate::actors::twilio_stream::{MAX_MESSAGE_BYTES, TwilioStreamActor};
use crate::types::Code;

/// Some report that Twilio offers it.
const PROTOCOL: &str = "audio.twilio.com";

pub(super) async fn media_stream(
    doors: web::Data<Doors>,
    token: web::Path<String>,
    request: HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse, actix_web::Error> {
    // A token is used up by a claim: first see whether this is an upgrade at all, and Twilio's, and whether there is room.
    ws::handshake(&request).map_err(|error| Problem::new(Code::MalformedRequest, error.to_string()))?;
    if !doors.engine.is_ticket(&token) {
        doors.signatures.upgrade(&request)?;
    }
    let Ok(unstarted) = Arc::clone(&doors.unstarted).try_acquire_owned() else { return Err(too_many(&doors).into()) };
    let refused = |error: StreamRefused| Problem::new(Code::InvalidStreamToken, error.to_string());
    let claim = doors.engine.claim_stream(&token).await.map_err(refused)?;
    let (begin, ended) = doors.engine.stream_ports();
    let actor = TwilioStreamActor::new(claim, begin, ended).holding(unstarted);
    let body = BoundedFrames::new(body, MAX_MESSAGE_BYTES);
    WsResponseBuilder::new(actor, &request, body).protocols(&[PROTOCOL]).frame_size(MAX_MESSAGE_BYTES).start()
}

/// Twilio asks what comes next, and is sent here again.
fn too_many(doors: &Doors) -> Problem {
    tracing::warn!("stream refused: too many others have not begun");
    let retry_after = doors.engine.config().call.start_deadline;
    Problem::new(Code::AtCapacity, "too many streams have not begun yet, see limits.max_unstarted_streams").retry_after(retry_after)
}

pub(super) async fn without_token() -> Result<HttpResponse, Problem> {
    Err(Problem::new(Code::InvalidStreamToken, "the token stands in the path: /media-stream/{token}"))
}
