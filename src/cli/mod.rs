//! What the commands do and say. `main` only calls `run`.

pub mod args;
mod calls;
pub mod config;
mod db;
mod demo;
mod healthcheck;
mod kept_secrets;
pub mod keys;
pub mod lists;
mod rehearsal;
mod screen;
mod serve;
pub mod simulate;
mod transcript;
pub mod webhooks;

use std::collections::BTreeMap;

use clap::Parser as _;

use crate::config::{Invalid, LoadOptions, Loaded, Scope, load};
use crate::http::document;
use args::{Args, Command, ConfigCommand};
use screen::say;

/// Exit codes: 0 ok, 1 failed, 2 wrong usage (clap's), 78 wrong configuration, 130 interrupted.
pub async fn run(env: BTreeMap<String, String>) -> i32 {
    let args = Args::parse();
    let env = match with_secrets(&args, env).await {
        Ok(env) => env,
        Err(invalid) => return refuse(invalid),
    };
    match &args.command {
        None | Some(Command::Serve(_)) => match configured(&args, &env) {
            Ok(loaded) => serve::serve(loaded).await,
            Err(invalid) => refuse(invalid),
        },
        Some(Command::Demo(demo)) => demo::demo(demo).await,
        Some(Command::Simulate(wish)) => simulate::simulate(wish, &env).await,
        Some(Command::Db(command)) => db::run(command, || load_within(Scope::Database, &args, &env)).await,
        Some(Command::Dnc(command)) => lists::dnc(command, user(&env), |scope| load_within(scope, &args, &env)).await,
        Some(Command::Consent(command)) => lists::consent(command, user(&env), |scope| load_within(scope, &args, &env)).await,
        Some(Command::Calls(command)) => calls::calls(command, &env, || load_within(Scope::Api, &args, &env)).await,
        Some(Command::Webhooks(command)) => webhooks::webhooks(command, &env, |scope| load_within(scope, &args, &env)).await,
        Some(Command::Keys(command)) => keys::keys(command, |scope| load_within(scope, &args, &env)).await,
        Some(Command::Openapi) => openapi(),
        Some(Command::Healthcheck) => healthcheck::healthcheck(load_within(Scope::Api, &args, &env)).await,
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

fn openapi() -> i32 {
    match document().to_pretty_json() {
        Ok(text) => {
            say(&text);
            0
        }
        Err(error) => {
            screen::complain(&error.to_string());
            1
        }
    }
}

async fn with_secrets(args: &Args, env: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Invalid> {
    let wanted = args.command.as_ref().is_none_or(Command::wants_secrets);
    if wanted { kept_secrets::fetched(env).await } else { Ok(env) }
}

fn configured(args: &Args, env: &BTreeMap<String, String>) -> Result<Loaded, Invalid> {
    load_within(Scope::Everything, args, env)
}

fn load_within(scope: Scope, args: &Args, env: &BTreeMap<String, String>) -> Result<Loaded, Invalid> {
    load(env, &LoadOptions { config_file: args.config.clone(), root: ".".into(), flags: args.settings(), scope })
}

/// The name of the account that runs us.
fn user(env: &BTreeMap<String, String>) -> Option<&str> {
    ["USER", "LOGNAME"].into_iter().find_map(|name| env.get(name)).map(String::as_str)
}

/// Nothing was bound yet.
fn refuse(invalid: Invalid) -> i32 {
    let (text, code) = config::check(&Err(invalid));
    screen::complain(text.trim_end());
    code
}
