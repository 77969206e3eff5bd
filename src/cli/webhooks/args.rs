//! The command line of `alpha-call webhooks`.

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand, value_parser};

use crate::cli::calls::args::Plain;
use crate::cli::db::args::Format;
use crate::types::{CallId, DeliveryState, EventId};

#[derive(Debug, Args)]
#[command(after_help = WEBHOOKS)]
pub struct WebhooksCommand {
    #[command(subcommand)]
    pub verb: WebhooksVerb,
    /// The instance to ask [default: ALPHA_CALL_URL, or the one here]
    #[arg(long, global = true, value_name = "URL", display_order = 90)]
    pub url: Option<String>,
}

const WEBHOOKS: &str = "\
The receiver is WEBHOOK_URL, and WEBHOOK_SECRET signs what it is told; docs/webhooks.md says how it
can be sure of that. test sends from here, by the configuration here; list and resend ask a running
instance by its API, as `alpha-call calls` does: with a key of the scope admin in ALPHA_CALL_KEY.

Exit codes: 0 done, 1 failed, 2 wrong usage, 78 wrong configuration.";

#[derive(Debug, Subcommand)]
pub enum WebhooksVerb {
    /// Send the receiver an example, and say what it answers
    #[command(after_help = TEST)]
    Test,
    /// Show what the receiver was told, and is to be told yet, newest first
    List(List),
    /// Tell the receiver of an event again
    Resend(Resend),
}

const TEST: &str = "\
The example is signed as every event is. Its type is webhook.test, which no event of a call has.

Example:
  alpha-call webhooks test";

#[derive(Debug, Args)]
#[command(after_help = LIST)]
pub struct List {
    /// Such events
    #[arg(long, value_name = "STATE", value_parser = states())]
    pub state: Option<String>,
    /// Events of this call, by our id
    #[arg(long, value_name = "CALL")]
    pub call: Option<CallId>,
    /// So many events at most
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = value_parser!(u64).range(1..=200))]
    pub limit: u64,
    /// How to print
    #[arg(short = 'o', long = "output", value_enum, value_name = "FORMAT", default_value_t)]
    pub format: Format,
}

const LIST: &str = "\
Moments are UTC. json and csv are what GET /api/webhook-deliveries answers.

Examples:
  alpha-call webhooks list --state given_up
  alpha-call webhooks list --limit 200 -o csv";

#[derive(Debug, Args)]
#[command(after_help = RESEND)]
pub struct Resend {
    /// As `alpha-call webhooks list` shows it
    #[arg(value_name = "EVENT")]
    pub event: EventId,
    #[command(flatten)]
    pub output: Plain,
}

const RESEND: &str = "\
The id stays: a receiver that has the event already may pass it over.

Example:
  alpha-call webhooks resend evt_17";

fn states() -> PossibleValuesParser {
    PossibleValuesParser::new(DeliveryState::ALL.iter().map(|state| state.as_str()))
}
