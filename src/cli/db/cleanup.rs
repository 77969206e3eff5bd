//! `db cleanup`: what is old goes.

use chrono::{TimeDelta, Utc};
use serde::Serialize;

use super::args::Cleanup;
use super::failure::{Failure, Outcome};
use super::output::{self, Record};
use super::{Desk, confirm};
use crate::store::{CleanupPlan, Leavings};

pub async fn cleanup(desk: &Desk, wish: &Cleanup) -> Outcome {
    let calls_days = wish.calls_days.unwrap_or(wish.days);
    if calls_days < wish.days {
        return Err(Failure::usage(format!("calls cannot go before their transcripts: --calls-days takes {} or more", wish.days)));
    }
    let before = |days: u32| Utc::now() - TimeDelta::days(days.into());
    let plan = CleanupPlan { transcripts_before: before(wish.days), calls_before: before(calls_days), batch: wish.batch };
    let expected = desk.store.leavings(plan).await?;
    if wish.dry_run || expected.total() == 0 {
        desk.note("would be deleted:");
        output::print(wish.output.format, &lines(&expected))?;
        return Ok(0);
    }
    if !wish.yes {
        let question = format!("{}\n{} rows are deleted for good, {} of them calls.", desk.place, expected.total(), expected.calls);
        confirm::ask(&question, &desk.place.name()).await?;
    }
    let progress = desk.progress("rows", Some(expected.total()));
    let step = progress.clone();
    let gone = desk.store.cleanup(plan, move |more| step.advance(more)).await?;
    progress.finish();
    desk.note("deleted:");
    output::print(wish.output.format, &lines(&gone))?;
    Ok(0)
}

#[derive(Serialize)]
struct Line {
    what: &'static str,
    rows: u64,
}

impl Record for Line {
    const COLUMNS: &'static [&'static str] = &["what", "rows"];
}

fn lines(leavings: &Leavings) -> [Line; 6] {
    let line = |what, rows| Line { what, rows };
    [
        line("turns", leavings.turns),
        line("streams", leavings.streams),
        line("calls", leavings.calls),
        line("cooldowns", leavings.cooldowns),
        line("dead letters", leavings.dead_letters),
        line("callbacks", leavings.callbacks),
    ]
}
