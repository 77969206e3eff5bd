//! Scenarios, one after the other, each with an engine of its own.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use chrono::Utc;
use flate2::bufread::GzDecoder;
use serde_json::Value;

use crate::cli::rehearsal::{Plan, Rehearsal, fresh_seed};
use crate::cli::screen::{complain, say};
use crate::sim::client::ApiClient;
use crate::sim::scenario::expect::Wishes;
use crate::sim::scenario::file::{ASSISTANT, Scenario};
use crate::sim::verdict::Verdict;

type Failure = Box<dyn std::error::Error>;

/// 0 if every one of them came out as it expects.
pub async fn play_all(files: &[PathBuf]) -> i32 {
    let mut code = 0;
    for file in files {
        match play_file(file).await {
            Ok((title, verdict)) => {
                say(&format!("{}  {title}: {verdict}", file.display()));
                code |= i32::from(!verdict.passed());
            }
            Err(error) => {
                complain(&format!("{error}"));
                code = 1;
            }
        }
    }
    code
}

/// The title of a scenario, and how it came out.
///
/// # Errors
/// The file is no scenario, or the engine could not be started with it.
pub async fn play_file(file: &Path) -> Result<(String, Verdict), Failure> {
    let scenario = Scenario::load(file)?;
    let variables = scenario.engine.variables().into_iter().collect();
    let business = scenario.business()?;
    let assistants = scenario.engine.assistant_file(&business.url()).map(|text| (ASSISTANT.to_owned(), text)).into_iter().collect();
    let plan = Plan { variables, assistants, ..Plan::default() };
    let rehearsal = Rehearsal::start_on(scenario.stage(fresh_seed())?, plan).await?;
    if scenario.engine.phrases {
        rehearsal.until_phrases_are_known().await?;
    }
    if let Some(line) = &scenario.engine.once {
        rehearsal.until_metrics_say(line).await?;
    }
    let mut verdict = scenario.play(&rehearsal.stage, &ApiClient::new(rehearsal.addr), async || wishes(&rehearsal).await).await;
    business.judge(&mut verdict);
    rehearsal.end().await?;
    Ok((scenario.title, verdict))
}

/// Tables that no API shows are read where all tables are: in a backup.
async fn wishes(rehearsal: &Rehearsal) -> Result<Wishes, String> {
    let backup = rehearsal.engine.store().backup(Vec::new(), Utc::now(), |_| {}).await.map_err(|error| error.to_string())?;
    let mut wishes = Wishes::default();
    for line in BufReader::new(GzDecoder::new(backup.out.as_slice())).lines() {
        let line: Value =
            line.map_err(|error| error.to_string()).and_then(|line| serde_json::from_str(&line).map_err(|e| e.to_string()))?;
        wishes.callbacks.extend(line.get("callbacks").cloned());
        wishes.opt_outs.extend(line.get("opt_outs").cloned());
    }
    Ok(wishes)
}
