//! `alpha-call simulate`: the simulators as a load, and what their callers heard of the engine.

pub mod chaos;
mod figures;
mod load;
mod render;
pub mod scenarios;
mod shares;
mod target;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::args::Simulate;
use super::rehearsal::{Plan, Rehearsal, fresh_seed};
use super::screen::{Paint, complain, say};
use crate::sim::stage::{Ports, Stage, StageError, environment};
use chaos::Spoiled;
use figures::{Figures, Observed};
use load::{Load, Progress};
use target::{SETTLE, Target};

/// Of the instance in this process, for fewer calls too.
const LEAST_CALLS: u32 = 10;

type Failure = Box<dyn std::error::Error>;

pub async fn simulate(wish: &Simulate, env: &BTreeMap<String, String>) -> i32 {
    if wish.print_env {
        say(&variables(wish));
        return 0;
    }
    if !wish.scenario.is_empty() {
        return scenarios::play_all(&wish.scenario).await;
    }
    match run(wish, env).await {
        Ok(figures) => {
            say(&if wish.json { figures.json() } else { render::summary(&figures, Paint::detect()) });
            i32::from(!figures.passed)
        }
        Err(error) => {
            complain(&format!("the simulation cannot be run: {error}"));
            1
        }
    }
}

/// `NAME=value` lines for a target that is to take these calls.
fn variables(wish: &Simulate) -> String {
    let limits = limits(wish.calls).map(|(name, value)| (name.to_owned(), value));
    let lines = environment(ports(wish)).into_iter().chain(limits).map(|(name, value)| format!("{name}={value}"));
    lines.collect::<Vec<_>>().join("\n")
}

const fn ports(wish: &Simulate) -> Ports {
    Ports { twilio: wish.twilio_port, openai: wish.openai_port }
}

/// Every call has one model session, and for a moment two when it changes over.
fn limits(calls: u32) -> [(&'static str, String); 2] {
    let calls = calls.max(LEAST_CALLS);
    [("MAX_CONCURRENT_CALLS", calls.to_string()), ("MAX_OPENAI_CONNECTIONS", (2 * calls).to_string())]
}

async fn run(wish: &Simulate, env: &BTreeMap<String, String>) -> Result<Figures, Failure> {
    match &wish.target {
        None => load_ourselves(wish).await,
        Some(url) => load_target(wish, url, env).await,
    }
}

async fn load_ourselves(wish: &Simulate) -> Result<Figures, Failure> {
    let stage = Stage::start(fresh_seed())?;
    let mut variables = limits(wish.calls).map(|(name, value)| (name.to_owned(), value)).to_vec();
    let model = wish.chaos.map(|chaos| chaos.before(SocketAddr::from((Ipv4Addr::LOCALHOST, stage.openai.port())))).transpose()?;
    variables.extend(model.as_ref().map(|way| ("OPENAI_REALTIME_URL".to_owned(), format!("ws://{}/v1/realtime", way.address()))));
    let rehearsal = Rehearsal::start_on(stage, Plan { variables, ..Plan::default() }).await?;
    let progress = Progress::show();
    progress.say("the model says the greeting once, which is kept for all calls");
    let known = rehearsal.until_phrases_are_known().await;
    progress.end();
    known?;
    let phone = wish.chaos.map(|chaos| chaos.before(rehearsal.addr)).transpose()?;
    let target = Target::own(rehearsal.addr);
    let figures = amid([&model, &phone], &rehearsal.stage, measure(&rehearsal.stage, &target, wish)).await;
    rehearsal.end().await?;
    figures
}

/// With the phone's way through the second of the bad networks, if there are any.
async fn amid(
    ways: [&Option<Spoiled>; 2],
    stage: &Stage,
    measured: impl Future<Output = Result<Figures, Failure>>,
) -> Result<Figures, Failure> {
    if let [_, Some(phone)] = ways {
        stage.twilio.set_engine(phone.address());
    }
    let raging = async {
        join_all(ways.into_iter().flatten().map(Spoiled::rage)).await;
        std::future::pending::<Infallible>().await
    };
    tokio::select! {
        figures = measured => figures,
        never = raging => match never {},
    }
}

async fn load_target(wish: &Simulate, url: &str, env: &BTreeMap<String, String>) -> Result<Figures, Failure> {
    let target = Target::find(url, env.get("API_KEYS").map(String::as_str)).await?;
    let stage = Stage::start_on(ports(wish), fresh_seed()).map_err(taken)?;
    stage.twilio.set_engine(target.addr());
    let phone = wish.chaos.map(|chaos| chaos.before(target.addr())).transpose()?;
    amid([&None, &phone], &stage, measure(&stage, &target, wish)).await
}

fn taken(error: StageError) -> String {
    let flag = match error {
        StageError::Twilio { .. } => "--twilio-port",
        StageError::OpenAi { .. } => "--openai-port",
    };
    format!("{error}: name another with {flag}, and give the target the variables of --print-env again")
}

async fn measure(stage: &Stage, target: &Target, wish: &Simulate) -> Result<Figures, Failure> {
    let before = target.vitals().await?;
    target.accepts(wish.calls, &before).await?;
    let load = Load {
        calls: wish.calls,
        ramp: Duration::from_secs(wish.ramp),
        asking: Duration::from_secs(wish.seconds.unwrap_or(0)),
        barge_ins: wish.barge_ins.unwrap_or(0),
    };
    load.prepare(stage);
    if !wish.json {
        say(&render::title(&load, target, Paint::detect()));
    }
    let (began, progress) = (Instant::now(), Progress::show());
    let complete = load::make(stage, &load, &progress).await?;
    let took = began.elapsed();
    progress.say("reading the records");
    let observed = observed(stage, target).await;
    let left = if complete { target.left_over(&before).await } else { vec!["stopped before all calls were over".to_owned()] };
    progress.end();
    Ok(Figures::of(target.name(), took, stage, &observed, left))
}

async fn observed(stage: &Stage, target: &Target) -> Vec<Observed> {
    let (mut observed, patience) = (Vec::new(), tokio::time::Instant::now() + SETTLE);
    for report in stage.twilio.calls() {
        let heard = target.heard(&report.call_sid, report.cuts.len(), patience).await;
        observed.push(Observed { report, heard });
    }
    observed
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::args::{Args, Command};
    use crate::config::{LoadOptions, load};

    fn wish(flags: &[&str]) -> Simulate {
        let args = Args::parse_from(["alpha-call", "simulate"].iter().chain(flags));
        match args.command {
            Some(Command::Simulate(wish)) => wish,
            other => panic!("not simulate: {other:?}"),
        }
    }

    #[test]
    fn the_variables_that_are_printed_are_a_valid_configuration_with_room_for_the_calls() {
        let text = variables(&wish(&["--print-env", "--calls", "50", "--openai-port", "7001"]));

        let env = text.lines().map(|line| line.split_once('=').expect("NAME=value")).map(|(n, v)| (n.to_owned(), v.to_owned()));
        let root = tempfile::tempdir().expect("a folder");
        let config = load(&env.collect(), &LoadOptions { root: root.path().into(), ..LoadOptions::default() }).expect("valid").config;
        assert_eq!((config.limits.max_concurrent_calls, config.limits.max_openai_connections), (50, 100));
        assert!(text.contains("OPENAI_REALTIME_URL=ws://127.0.0.1:7001/"), "{text}");
    }

    #[test]
    fn a_port_that_is_taken_is_said_with_the_flag_that_names_another() {
        let error = StageError::OpenAi { port: 9102, error: std::io::ErrorKind::AddrInUse.into() };

        assert!(taken(error).contains("--openai-port"));
    }
}
