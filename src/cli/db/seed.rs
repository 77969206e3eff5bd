//! `db seed`: invented calls.

use chrono::Utc;

use super::args::Seed;
use super::failure::{Failure, Outcome};
use super::{Desk, confirm};
use crate::cli::screen::say;
use crate::store::{BulkError, SeedPlan, StoreError};

/// Counted between two looks at what is left.
const HOURS: usize = 240;

pub async fn seed(desk: &Desk, wish: &Seed) -> Outcome {
    if desk.config.environment.is_production() && !wish.force {
        return Err(Failure::other("invented calls are not for production: add --force if you mean it"));
    }
    if !wish.yes {
        let question = format!("{}\n{} invented calls are added.", desk.place, wish.calls);
        confirm::ask(&question, &desk.place.name()).await?;
    }
    let plan = SeedPlan { calls: wish.calls, days: wish.days, turns: wish.turns, random_seed: wish.random_seed, until: Utc::now() };
    let progress = desk.progress("calls", Some(wish.calls));
    let (step, quiet, calls) = (progress.clone(), desk.quiet, wish.calls);
    let seeded = desk.store.seed(plan, move |more| {
        step.advance(more);
        if step.count() == calls && !quiet {
            crate::cli::screen::complain("all calls are loaded; the load is being finished");
        }
    });
    let seeded = seeded.await.map_err(|error| match error {
        BulkError::Store(StoreError::Conflict(_)) => Failure::other("the same calls are there already: name another --random-seed"),
        other => other.into(),
    })?;
    progress.finish();
    desk.note("counting the hours that are over");
    while desk.store.summarise(HOURS).await? > 0 {}
    say(&format!("{} calls, {} turns and {} streams added to {}", seeded.calls, seeded.turns, seeded.streams, desk.place));
    Ok(0)
}
