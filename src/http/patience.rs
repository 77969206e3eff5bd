//! How long we wait for the body of a request: whoever sends it too slowly is cut.

use std::io;
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use actix_web::{Error, HttpMessage as _};
use futures_util::stream::{self, Stream, StreamExt as _};
use tokio::time::{Instant, timeout_at};

/// A slower line than this is given up.
const BYTES_PER_SECOND: u32 = 16 * 1024;

/// The whole body must come within `grace`, and a second more for every 16 KiB of it. Media streams have their own deadlines.
pub async fn hurry(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
    grace: Duration,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let is_stream = request.match_pattern().is_some_and(|pattern| pattern.starts_with("/media-stream"));
    if !is_stream {
        let payload = match request.take_payload() {
            Payload::None => Payload::None,
            payload => Payload::Stream { payload: timed(payload, Instant::now() + grace).boxed_local() },
        };
        request.set_payload(payload);
    }
    next.call(request).await
}

fn timed(payload: Payload, deadline: Instant) -> impl Stream<Item = Result<Bytes, PayloadError>> {
    stream::unfold((payload, deadline), |(mut payload, deadline)| async move {
        let chunk = match timeout_at(deadline, payload.next()).await {
            Ok(chunk) => chunk?,
            Err(_) => Err(PayloadError::Io(io::ErrorKind::TimedOut.into())),
        };
        let bytes = chunk.as_ref().map_or(0, Bytes::len);
        let earned = Duration::from_secs(1).mul_f64(bytes as f64 / f64::from(BYTES_PER_SECOND));
        Some((chunk, (payload, deadline + earned)))
    })
}

pub(super) fn is_too_slow(error: &PayloadError) -> bool {
    matches!(error, PayloadError::Io(error) if error.kind() == io::ErrorKind::TimedOut)
}
