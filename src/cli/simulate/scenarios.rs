//! Scenarios, one after the other, each with an engine of its own.

use std::path::{Path, PathBuf};

use crate::cli::rehearsal::{Plan, Rehearsal, fresh_seed};
use crate::cli::screen::{complain, say};
use crate::sim::client::ApiClient;
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
    let assistants = scenario.engine.assistant_file().map(|text| (ASSISTANT.to_owned(), text)).into_iter().collect();
    let plan = Plan { variables, assistants, ..Plan::default() };
    let rehearsal = Rehearsal::start_on(scenario.stage(fresh_seed())?, plan).await?;
    if scenario.engine.phrases {
        rehearsal.until_phrases_are_known().await?;
    }
    let verdict = scenario.play(&rehearsal.stage, &ApiClient::new(rehearsal.addr)).await;
    rehearsal.end().await?;
    Ok((scenario.title, verdict))
}
