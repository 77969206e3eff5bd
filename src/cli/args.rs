//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, value_parser};

use super::calls::args::CallsCommand;
use super::db::args::DbCommand;
use super::keys::args::KeysCommand;
use super::lists::args::{ConsentCommand, DncCommand};
use super::simulate::chaos::Chaos;
use super::webhooks::args::WebhooksCommand;

/// An AI phone engine: joins Twilio Media Streams to OpenAI Realtime.
#[derive(Debug, Parser)]
#[command(version, about, after_help = "New here? `alpha-call demo` plays two calls without any account.")]
pub struct Args {
    #[command(subcommand)]
    pub command: Option<Command>,
    /// A TOML file, laid over config/default.toml and config/$APP_ENV.toml
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Answer and place calls (the default command)
    Serve(Serve),
    /// Play two simulated calls through the real engine: no account, no network
    Demo(Demo),
    /// Load an engine with simulated calls, and measure what the callers hear
    Simulate(Simulate),
    /// Look at the calls of a running instance, follow them, end them, place them
    Calls(CallsCommand),
    /// Look after the database: schema, figures, backups, transcripts
    Db(DbCommand),
    /// Look after the list of those who want no calls
    Dnc(DncCommand),
    /// Look after consents to be called
    Consent(ConsentCommand),
    /// Look after the keys of the API
    Keys(KeysCommand),
    /// Try out who is told of calls, and look at what was told
    Webhooks(WebhooksCommand),
    /// Print the description of the API, as OpenAPI 3.1 has it
    Openapi,
    /// Ask the instance on this machine whether it lives: 0 if it does, 1 if not
    Healthcheck,
    /// Validate the configuration, and say all that is wrong with it
    Check,
    /// Look at the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
}

#[derive(Debug, Default, clap::Args)]
pub struct Serve {
    /// Address to listen on [default: 127.0.0.1]; any other than loopback means production
    #[arg(long)]
    pub host: Option<String>,
    /// Port to listen on [default: 8080]
    #[arg(long)]
    pub port: Option<u16>,
}

#[derive(Debug, clap::Args)]
pub struct Demo {
    /// Exit when the two calls are over: 0 if they went as scripted, 1 if not
    #[arg(long)]
    pub once: bool,
    /// Keep the calls in this SQLite file instead of a temporary one
    #[arg(long, value_name = "FILE")]
    pub keep: Option<PathBuf>,
    /// Port to listen on; another one is taken if it is busy
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// Show no page: the address is printed
    #[arg(long)]
    pub no_open: bool,
}

#[derive(Debug, clap::Args)]
#[command(after_help = LOADING_A_TARGET)]
pub struct Simulate {
    /// Calls to make, at five open files each (ulimit -n)
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = value_parser!(u32).range(1..=1000))]
    pub calls: u32,
    /// Seconds over which they begin
    #[arg(long, value_name = "R", default_value_t = 2, value_parser = value_parser!(u64).range(0..=3600))]
    pub ramp: u64,
    /// Go on asking until a call is S seconds old [default: one round, 28 s]
    #[arg(long, value_name = "S", value_parser = value_parser!(u64).range(1..=3000))]
    pub seconds: Option<u64>,
    /// Have the callers break in N times in all, at random moments, over a network with jitter and late marks
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=10_000), conflicts_with = "seconds")]
    pub barge_ins: Option<u32>,
    /// Spoil the network between the engine and its peers: latency=MS, jitter=MS, bandwidth=BYTES/S, slice=BYTES, close=MS,
    /// hole=S (nothing gets through for a second, every S), reset=S (every connection breaks off, every S), seed=N; of a
    /// target, the phones' way alone
    #[arg(long, value_name = "WORDS")]
    pub chaos: Option<Chaos>,
    /// Play this scenario instead, a TOML file, and say whether it came out as it expects; may be repeated
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["target", "print_env"])]
    pub scenario: Vec<PathBuf>,
    /// Load this instance instead of one in this process: http://HOST:PORT
    #[arg(long, value_name = "URL")]
    pub target: Option<String>,
    /// Print one JSON object, durations in ms, instead of the table
    #[arg(long)]
    pub json: bool,
    /// Where a target finds the simulated Twilio
    #[arg(long, value_name = "PORT", default_value_t = 9101)]
    pub twilio_port: u16,
    /// Where a target finds the simulated OpenAI
    #[arg(long, value_name = "PORT", default_value_t = 9102)]
    pub openai_port: u16,
    /// Print the variables that a target needs, as NAME=value, and exit
    #[arg(long)]
    pub print_env: bool,
}

const LOADING_A_TARGET: &str = "\
To load a running instance, start it on this machine with the simulators for its peers:
  env $(alpha-call simulate --print-env --calls 50) alpha-call serve
  alpha-call simulate --calls 50 --target http://127.0.0.1:8080
Give both the same --calls, --twilio-port and --openai-port. The calls go into its database.
If it has API_KEYS, set the same here: its records are read to see what it believes was heard.

Exit codes: 0 every call went as scripted and no protocol was violated, 1 not so.";

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print the configuration in force; secrets are not shown
    Show {
        /// Say where each value came from
        #[arg(long)]
        sources: bool,
    },
}

impl Command {
    /// Its configuration matters as a whole.
    #[must_use]
    pub const fn wants_secrets(&self) -> bool {
        match self {
            Self::Demo(_) | Self::Simulate(_) | Self::Calls(_) | Self::Openapi | Self::Healthcheck => false,
            Self::Serve(_) | Self::Db(_) | Self::Dnc(_) | Self::Consent(_) | Self::Keys(_) => true,
            Self::Webhooks(_) | Self::Check | Self::Config(_) => true,
        }
    }
}

impl Args {
    /// Flags that set a key of the configuration.
    #[must_use]
    pub fn settings(&self) -> Vec<(String, String)> {
        let Some(Command::Serve(serve)) = &self.command else { return Vec::new() };
        let host = serve.host.clone().map(|host| ("server.host".to_owned(), host));
        let port = serve.port.map(|port| ("server.port".to_owned(), port.to_string()));
        host.into_iter().chain(port).collect()
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn flags_of_serve_are_settings() {
        let args = Args::parse_from(["alpha-call", "serve", "--port", "9000"]);

        assert_eq!(args.settings(), [("server.port".to_owned(), "9000".to_owned())]);
    }
}
