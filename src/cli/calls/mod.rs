//! `alpha-call calls …`: the calls of a running instance, by its API.

pub mod access;
pub mod api;
pub mod args;
mod dial;
mod frames;
mod get;
mod list;
mod orders;
mod tail;
mod teller;
pub mod told;
pub mod trouble;
mod turns;
mod watch;

use std::collections::BTreeMap;

use crate::config::{Invalid, Loaded};
use access::Access;
use api::Api;
use args::{CallsCommand, CallsVerb};
use trouble::Trouble;

/// Does what the verb says, and returns the exit code.
pub async fn calls(command: &CallsCommand, env: &BTreeMap<String, String>, configured: impl FnOnce() -> Result<Loaded, Invalid>) -> i32 {
    match Access::find(command.url.as_deref(), env, configured) {
        Ok(access) => done(&Api::new(access), &command.verb).await.unwrap_or_else(Trouble::tell),
        Err(trouble) => trouble.tell(),
    }
}

async fn done(api: &Api, verb: &CallsVerb) -> Result<i32, Trouble> {
    match verb {
        CallsVerb::List(wish) => list::list(api, wish).await,
        CallsVerb::Get(wish) => get::get(api, wish).await,
        CallsVerb::Tail(wish) => tail::tail(api, wish).await,
        CallsVerb::Hangup(wish) => orders::hang_up(api, wish).await,
        CallsVerb::Transfer(wish) => orders::transfer(api, wish).await,
        CallsVerb::Dial(wish) => dial::dial(api, wish).await,
    }
}
