//! What the commands do and say. `main` only calls `run`.

pub mod args;
pub mod config;
mod db;
mod demo;
mod rehearsal;
mod screen;
mod serve;
pub mod simulate;
mod transcript;

use std::collections::BTreeMap;

use clap::Parser as _;

use crate::config::{Invalid, LoadOptions, Loaded, Scope, load};
use args::{Args, Command, ConfigCommand};
use screen::say;

/// Exit codes: 0 ok, 1 failed, 2 wrong usage (clap's), 78 wrong configuration, 130 interrupted.
pub async fn run(env: BTreeMap<String, String>) -> i32 {
    let args = Args::parse();
    match &args.command {
        None | Some(Command::Serve(_)) => match configured(&args, &env) {
            Ok(loaded) => serve::serve(loaded).await,
            Err(invalid) => refuse(invalid),
        },
        Some(Command::Demo(demo)) => demo::demo(demo).await,
        Some(Command::Simulate(wish)) => simulate::simulate(wish, &env).await,
        Some(Command::Db(command)) => db::run(command, || load_within(Scope::Database, &args, &env)).await,
        Some(Command::Check) => {
            let (text, code) = config::check(&configured(&args, &env));
            say(text.trim_end());
            code
        }
        Some(Command::Config(ConfigCommand::Show { sources })) => match configured(&args, &env) {
            Ok(loaded) => {
                say(config::show(&loaded, *sources).trim_end());
                0
            }
            Err(invalid) => refuse(invalid),
        },
    }
}

fn configured(args: &Args, env: &BTreeMap<String, String>) -> Result<Loaded, Invalid> {
    load_within(Scope::Everything, args, env)
}

fn load_within(scope: Scope, args: &Args, env: &BTreeMap<String, String>) -> Result<Loaded, Invalid> {
    load(env, &LoadOptions { config_file: args.config.clone(), root: ".".into(), flags: args.settings(), scope })
}

/// Nothing was bound yet.
fn refuse(invalid: Invalid) -> i32 {
    let (text, code) = config::check(&Err(invalid));
    screen::complain(text.trim_end());
    code
}
