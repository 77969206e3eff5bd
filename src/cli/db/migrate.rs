//! `db migrate`, `rollback`, `fresh` and `status`: the schema.

use std::time::Instant;

use chrono::SecondsFormat;
use serde::Serialize;

use super::args::{Fresh, Rollback, Status};
use super::failure::{Failure, Outcome};
use super::output::Record;
use super::{Desk, advice, confirm, output};
use crate::cli::screen::{Paint, say};
use crate::store::{Step, StepState};

pub async fn migrate(desk: &Desk) -> Outcome {
    let steps = desk.store.steps().await?;
    let pending = names(&steps, |state| state == StepState::Pending);
    if pending.is_empty() {
        say(&format!("nothing to do: {} applied to {}", are(applied(&steps).len()), desk.place));
        return Ok(0);
    }
    say(&format!("{} to apply to {}", counted(pending.len()), desk.place));
    let width = longest(&pending);
    loop {
        let began = Instant::now();
        let Some(name) = desk.store.apply_next_step().await? else { break };
        done("applied", &name, width, began);
    }
    say("the schema is up to date");
    Ok(0)
}

pub async fn rollback(desk: &Desk, wish: &Rollback) -> Outcome {
    if desk.config.environment.is_production() && !wish.force {
        return Err(Failure::other("this is production, where one goes forward; --force undoes steps all the same"));
    }
    let steps = desk.store.steps().await?;
    let names = to_undo(&steps, wish.steps)?;
    if !wish.yes {
        confirm::ask(&question(desk, &names), "yes").await?;
    }
    let width = longest(&names);
    for _ in &names {
        let began = Instant::now();
        let Some(name) = desk.store.undo_last_step().await? else { break };
        done("undone", &name, width, began);
    }
    Ok(0)
}

/// The last steps, the latest first, if they are ours and there are as many.
fn to_undo(steps: &[Step], wish: u32) -> Result<Vec<String>, Failure> {
    let applied = applied(steps);
    let wish = usize::try_from(wish).unwrap_or(usize::MAX);
    if applied.len() < wish {
        let told = if applied.is_empty() { "no step is applied: there is nothing to undo".to_owned() } else { too_many(applied.len()) };
        return Err(Failure::usage(told));
    }
    let last: Vec<&Step> = applied.into_iter().rev().take(wish).collect();
    match last.iter().find(|step| matches!(step.state, StepState::Unknown(_))) {
        Some(step) => Err(Failure::other(format!("{} is a step of a newer version: undo it with that one", step.name))),
        None => Ok(last.into_iter().map(|step| step.name.clone()).collect()),
    }
}

fn too_many(applied: usize) -> String {
    format!("only {} applied: --steps takes at most {applied}", are(applied))
}

fn question(desk: &Desk, names: &[String]) -> String {
    let list: String = names.iter().map(|name| format!("\n  {name}")).collect();
    format!("{}\nWhat these steps added is dropped, with all that is stored there:{list}", desk.place)
}

pub async fn fresh(desk: &Desk, wish: &Fresh) -> Outcome {
    if desk.config.environment.is_production() {
        return Err(Failure::other("never in production: restore a backup into a new database instead"));
    }
    if !wish.yes {
        confirm::ask(&format!("{}\nEvery table is dropped, whoever made it.", desk.place), &desk.place.name()).await?;
    }
    let began = Instant::now();
    let dropped = desk.store.start_afresh().await?;
    let (tables, steps) = (if dropped == 1 { "table" } else { "tables" }, desk.store.steps().await?.len());
    say(&format!("{dropped} {tables} dropped, {} applied to {} in {} ms", counted(steps), desk.place, began.elapsed().as_millis()));
    Ok(0)
}

pub async fn status(desk: &Desk, wish: &Status) -> Outcome {
    let steps = desk.store.steps().await?;
    let lines: Vec<Line> = steps.iter().map(Line::of).collect();
    output::print(wish.output.format, &lines)?;
    let pending = names(&steps, |state| state == StepState::Pending).len();
    if pending > 0 {
        desk.note(&format!("\n{} pending: {}", are(pending), advice::MIGRATE));
    }
    Ok(i32::from(pending > 0))
}

/// A step as `db status` shows it.
#[derive(Serialize)]
struct Line {
    step: String,
    state: &'static str,
    applied_at: Option<String>,
}

impl Record for Line {
    const COLUMNS: &'static [&'static str] = &["step", "state", "applied_at"];
}

impl Line {
    fn of(step: &Step) -> Self {
        let (state, at) = match step.state {
            StepState::Applied(at) => ("applied", Some(at)),
            StepState::Pending => ("pending", None),
            StepState::Unknown(at) => ("unknown", Some(at)),
        };
        Self { step: step.name.clone(), state, applied_at: at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true)) }
    }
}

fn done(word: &str, name: &str, width: usize, began: Instant) {
    let word = Paint::detect().green(word);
    say(&format!("  {word}  {name:<width$}  {:>6} ms", began.elapsed().as_millis()));
}

fn applied(steps: &[Step]) -> Vec<&Step> {
    steps.iter().filter(|step| step.state != StepState::Pending).collect()
}

fn names(steps: &[Step], which: impl Fn(StepState) -> bool) -> Vec<String> {
    steps.iter().filter(|step| which(step.state)).map(|step| step.name.clone()).collect()
}

fn longest(names: &[String]) -> usize {
    names.iter().map(String::len).max().unwrap_or_default()
}

fn counted(steps: usize) -> String {
    if steps == 1 { "1 step".to_owned() } else { format!("{steps} steps") }
}

fn are(steps: usize) -> String {
    if steps == 1 { "1 step is".to_owned() } else { format!("{steps} steps are") }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn step(name: &str, state: StepState) -> Step {
        Step { name: name.to_owned(), state }
    }

    const THEN: StepState = StepState::Applied(DateTime::UNIX_EPOCH);

    #[test]
    fn the_latest_steps_are_undone_first_and_pending_ones_do_not_count() {
        let steps = [step("one", THEN), step("two", THEN), step("three", StepState::Pending)];

        assert_eq!(to_undo(&steps, 2).expect("two"), ["two", "one"]);
        let told = to_undo(&steps, 3).expect_err("two are there");
        assert_eq!((told.code(), told.to_string().as_str()), (2, "only 2 steps are applied: --steps takes at most 2"));
        assert_eq!(to_undo(&steps[2..], 1).expect_err("none").to_string(), "no step is applied: there is nothing to undo");
    }

    #[test]
    fn a_newer_versions_step_is_left_to_that_version() {
        let steps = [step("one", THEN), step("two", StepState::Unknown(DateTime::UNIX_EPOCH))];

        assert_eq!(to_undo(&steps, 1).expect_err("not ours").to_string(), "two is a step of a newer version: undo it with that one");
    }
}
