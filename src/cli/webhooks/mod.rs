//! `alpha-call webhooks …`: who is told of calls, tried out and looked after.

pub mod args;
mod list;
mod trial;

use std::collections::BTreeMap;

use super::calls::access::Access;
use super::calls::api::Api;
use super::calls::trouble::Trouble;
use crate::config::{Invalid, Loaded, Scope};
use args::{WebhooksCommand, WebhooksVerb};

/// Does what the verb says, and returns the exit code.
pub async fn webhooks(
    command: &WebhooksCommand,
    env: &BTreeMap<String, String>,
    configured: impl Fn(Scope) -> Result<Loaded, Invalid>,
) -> i32 {
    let api = || Access::find(command.url.as_deref(), env, || configured(Scope::Api)).map(Api::new);
    let done = match &command.verb {
        WebhooksVerb::Test => trial::trial(configured(Scope::Everything)).await,
        WebhooksVerb::List(wish) => list::list(api(), wish).await,
        WebhooksVerb::Resend(wish) => list::resend(api(), wish).await,
    };
    done.unwrap_or_else(Trouble::tell)
}
