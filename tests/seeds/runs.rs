//! Runs of many seeds, and of one.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::coverage::Coverage;
use super::rule::{Broken, Held, Rule};
use super::world::{self, Outcome, Tamper};

const SEEDS: u64 = 10_000;
const THREADS: u64 = 2;

/// What came about in a run of all seeds, at least so often in a thousand worlds.
const EXPECTED: [(&str, u64); 1] = [("worlds", 1_000)];

/// A world; a panic of the product breaks it like anything else.
fn one(origin: Instant, seed: u64, written: bool, tamper: Option<Tamper>) -> Outcome {
    let lived = catch_unwind(AssertUnwindSafe(|| world::run(origin, seed, written, tamper)));
    lived.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
        let how = format!("panicked: {}", text.unwrap_or_default());
        Outcome { held: Err(Broken { rule: Rule::Rest, how }), digest: 0, coverage: Coverage::default(), trace: String::new() }
    })
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

fn commit() -> String {
    let said = Command::new("git").args(["rev-parse", "HEAD"]).output();
    said.ok().and_then(|said| String::from_utf8(said.stdout).ok()).map_or_else(|| "unknown".to_owned(), |text| text.trim().to_owned())
}

/// Does it once more, and tells all there is to know.
fn report(origin: Instant, seed: u64, broken: &Broken) -> String {
    let again = one(origin, seed, true, None);
    format!(
        "{}\n\n{:?}: {}\nseed {seed}, commit {}\nagain: SEED={seed} cargo nextest run --test seeds worlds --no-capture\n",
        again.trace,
        broken.rule,
        broken.how,
        commit()
    )
}

struct Run {
    next: AtomicU64,
    failed: AtomicBool,
    coverage: Mutex<Coverage>,
    broken: Mutex<Vec<(u64, Broken)>>,
}

fn run(origin: Instant, seeds: u64) -> Run {
    let run = Run { next: AtomicU64::new(0), failed: AtomicBool::new(false), coverage: Mutex::default(), broken: Mutex::default() };
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| work(origin, seeds, &run));
        }
    });
    run
}

fn work(origin: Instant, seeds: u64, run: &Run) {
    let mut coverage = Coverage::default();
    while !run.failed.load(Ordering::Relaxed) {
        let seed = run.next.fetch_add(1, Ordering::Relaxed);
        if seed >= seeds {
            break;
        }
        let outcome = one(origin, seed, false, None);
        coverage.add(&outcome.coverage);
        if let Err(broken) = outcome.held {
            run.failed.store(true, Ordering::Relaxed);
            run.broken.lock().unwrap_or_else(PoisonError::into_inner).push((seed, broken));
        }
    }
    run.coverage.lock().unwrap_or_else(PoisonError::into_inner).add(&coverage);
}

#[test]
fn the_rules_hold_in_all_worlds() {
    let origin = Instant::now();
    if let Some(seed) = number("SEED") {
        let outcome = one(origin, seed, true, None);
        println!("{}\n\nseed {seed}, digest {:016x}, {}", outcome.trace, outcome.digest, outcome.coverage.text());
        assert_eq!(outcome.held, Held::Ok(()), "seed {seed}, commit {}", commit());
        return;
    }
    let run = run(origin, number("SEEDS").unwrap_or(SEEDS));
    let coverage = run.coverage.into_inner().unwrap_or_else(PoisonError::into_inner);
    println!("{}\n{:?}", coverage.text(), origin.elapsed());
    let broken = run.broken.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some((seed, broken)) = broken.first() {
        panic!("{}", report(origin, *seed, broken));
    }
}
