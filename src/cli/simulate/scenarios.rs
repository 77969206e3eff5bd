//! Scenarios, one after the other, each with an engine of its own.

use std::path::{Path, PathBuf};

use crate::cli::rehearsal::{Plan, Rehearsal, fresh_seed};
use crate::cli::screen::{complain, say};
use crate::sim::client::ApiClient;
use crate::sim::scenario::file::Scenario;
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
    let variables = scenario.engine.env.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    let assistants = scenario.engine.assistant.iter().map(|text| ("scenario".to_owned(), text.clone())).collect();
    let plan = Plan { variables, assistants, ..Plan::default() };
    let rehearsal = Rehearsal::start_on(scenario.stage(fresh_seed())?, plan).await?;
    let verdict = scenario.play(&rehearsal.stage, &ApiClient::new(rehearsal.addr)).await;
    rehearsal.end().await?;
    Ok((scenario.title, verdict))
}
