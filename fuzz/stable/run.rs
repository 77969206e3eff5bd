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
/// An input that takes longer has hung.
const MAX_TIME: Duration = Duration::from_secs(5);

static EXECUTIONS: AtomicU64 = AtomicU64::new(0);

/// The corpus first, then what becomes of it. An input with a new outcome is changed further.
pub fn fuzz(target: &Target, seconds: u64, seed: u64, keep: bool) -> bool {
    let started = Instant::now();
    let diary = File::create(folder("artifacts", target).join(RUNNING)).expect("a file");
    let mut pool = corpus(target);
    assert!(!pool.is_empty(), "the corpus of {} is empty", target.name);
    std::thread::spawn(watch);
    let mut outcomes: BTreeSet<String> = pool.iter().map(|input| tried(target, input, &diary)).collect();
    let mut mutator = Mutator::new(seed, dictionary(target.dictionary));
    let mut found = 0;
    while started.elapsed() < Duration::from_secs(seconds) {
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
    let (executions, took) = (EXECUTIONS.load(Ordering::Relaxed), started.elapsed());
    let rate = executions as f64 / took.as_secs_f64();
    println!(
        "{:<14} {executions:>10} executions in {:.0} s ({rate:.0}/s), {} outcomes, {found} of them new, seed {seed}: no finding",
        target.name,
        took.as_secs_f64(),
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
    let mut last = (u64::MAX, Instant::now());
    loop {
        std::thread::sleep(Duration::from_millis(500));
        let now = EXECUTIONS.load(Ordering::Relaxed);
        if now != last.0 {
            last = (now, Instant::now());
        } else if last.1.elapsed() > MAX_TIME {
            eprintln!("an input takes longer than {MAX_TIME:?}");
            std::process::exit(1);
        }
    }
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
