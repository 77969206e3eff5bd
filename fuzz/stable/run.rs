//! One target, until its time is over or a promise is broken.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::harness::{MAX_INPUT, Target, check};
use crate::mutate::{Mutator, dictionary};
use crate::{ALLOCATOR, MAX_ALLOCATED, folder};

/// Where the input stands that is being tried.
pub const RUNNING: &str = "running";
/// An input that takes so many ticks has hung. Ticks are counted, since a process that is stopped has not.
const MAX_TICKS: u32 = 10;
const TICK: Duration = Duration::from_millis(500);

static EXECUTIONS: AtomicU64 = AtomicU64::new(0);

/// The corpus first, then what becomes of it. An input with a new outcome is changed further.
pub fn fuzz(target: &Target, seconds: u64, seed: u64, keep: bool) -> bool {
    let diary = File::create(folder("artifacts", target).join(RUNNING)).expect("a file");
    let mut pool = corpus(target);
    assert!(!pool.is_empty(), "the corpus of {} is empty", target.name);
    std::thread::spawn(watch);
    let mut outcomes: BTreeSet<String> = pool.iter().map(|input| tried(target, input, &diary)).collect();
    let mut mutator = Mutator::new(seed, dictionary(target.dictionary));
    let (mut found, mut spent, mut last) = (0, Duration::ZERO, Instant::now());
    while spent < Duration::from_secs(seconds) {
        // Not the time for which the process is stopped.
        let now = Instant::now();
        spent += (now - last).min(TICK);
        last = now;
        let input = mutator.next(&pool);
        if !outcomes.insert(tried(target, &input, &diary)) {
            continue;
        }
        found += 1;
        if keep {
            fs::write(folder("corpus", target).join(format!("found-{seed:x}-{found}")), &input).expect("a file");
        }
        pool.push(input);
    }
    let executions = EXECUTIONS.load(Ordering::Relaxed);
    let rate = executions as f64 / spent.as_secs_f64();
    println!(
        "{:<14} {executions:>10} executions in {:.0} s ({rate:.0}/s), {} outcomes, {found} of them new, seed {seed}: no finding",
        target.name,
        spent.as_secs_f64(),
        outcomes.len(),
    );
    true
}

fn tried(target: &Target, input: &[u8], diary: &File) -> String {
    let record = [&(input.len() as u64).to_le_bytes(), input].concat();
    diary.write_all_at(&record, 0).expect("written");
    ALLOCATOR.reset_peak_usage();
    let before = ALLOCATOR.current_usage();
    let outcome = check(target.name, input);
    let allocated = ALLOCATOR.peak_usage().saturating_sub(before);
    assert!(allocated <= MAX_ALLOCATED, "{allocated} bytes allocated for an input of {}", input.len());
    EXECUTIONS.fetch_add(1, Ordering::Relaxed);
    outcome
}

/// Ends the process if one input takes too long.
fn watch() {
    let (mut last, mut ticks) = (u64::MAX, 0);
    while ticks < MAX_TICKS {
        std::thread::sleep(TICK);
        let now = EXECUTIONS.load(Ordering::Relaxed);
        ticks = if now == last { ticks + 1 } else { 0 };
        last = now;
    }
    eprintln!("an input takes longer than {:?}", TICK * MAX_TICKS);
    std::process::exit(1);
}

/// In the order of their names, so that a seed means the same everywhere.
fn corpus(target: &Target) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(folder("corpus", target)).expect("a corpus");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a file").path()).collect();
    paths.sort_unstable();
    let read = paths.iter().map(|path| fs::read(path).expect("a file"));
    read.filter(|input| input.len() <= MAX_INPUT).collect()
}

/// The input that a process tried last.
pub fn last_input(diary: &Path) -> Vec<u8> {
    let record = fs::read(diary).unwrap_or_default();
    let (length, input) = record.split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
    let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or_default();
    input[..length.min(input.len())].to_vec()
}
