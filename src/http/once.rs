//! `Idempotency-Key`: a request that is sent twice is done once.
//! <https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/>

use std::time::Duration;

use actix_web::HttpRequest;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::key_ring::Caller;
use super::{Doors, Problem};
use crate::actors::engine::{Begun, RequestKey};
use crate::types::{CallId, Code};

const KEY: &str = "Idempotency-Key";
/// Tells that the answer is one that was given before.
pub(super) const REPLAYED: &str = "Idempotency-Replayed";
const LONGEST: usize = 255;
/// No request takes longer, unless something is amiss.
const SOON: Duration = Duration::from_secs(1);

/// Whether a request is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Once {
    /// Under this name, if it has one.
    Now(Option<RequestKey>),
    Done(CallId),
}

impl Once {
    /// A key is the client's own: another client may use the same.
    pub(super) async fn begin(doors: &Doors, caller: &Caller, request: &HttpRequest, body: &Value) -> Result<Self, Problem> {
        let Some(name) = name(request)? else { return Ok(Self::Now(None)) };
        let owner = caller.asker().map(|asker| asker.key.to_string()).unwrap_or_default();
        let key = RequestKey { owner, name, fingerprint: fingerprint(request.path(), body) };
        match doors.engine.begin_request(key.clone()).await? {
            Begun::Now => Ok(Self::Now(Some(key))),
            Begun::Done(call) => Ok(Self::Done(call)),
            Begun::Running => Err(Problem::new(Code::RequestRunning, "ask again for its answer").retry_after(SOON)),
            Begun::Other => Err(Problem::new(Code::RequestKeyReused, "every request needs a key of its own")),
        }
    }
}

/// Nothing came of the request: the key may be used for it again.
pub(super) async fn give_up(doors: &Doors, key: RequestKey) {
    if let Err(error) = doors.engine.give_up_request(key).await {
        tracing::warn!(%error, "a request that failed holds its key for a minute");
    }
}

fn name(request: &HttpRequest) -> Result<Option<String>, Problem> {
    let Some(value) = request.headers().get(KEY) else { return Ok(None) };
    // A string of RFC 9651, or the same without quotes.
    let text = value.to_str().unwrap_or_default().trim().trim_matches('"');
    if text.is_empty() || text.len() > LONGEST {
        return Err(Problem::new(Code::MalformedRequest, format!("{KEY} is a text of 1 to {LONGEST} ASCII characters")));
    }
    Ok(Some(text.to_owned()))
}

/// Whatever the order and the blanks of the JSON.
fn fingerprint(path: &str, body: &Value) -> String {
    let digest = Sha256::new().chain_update(path).chain_update([0]).chain_update(body.to_string()).finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
