//! Fuzzing on the stable compiler: the corpus of each target, changed at random within the time given.
//!
//! Each target runs in a process of its own, which leaves its last input behind however it ends.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a command for developers: it prints, and a broken promise ends it"
)]

#[path = "../harness/mod.rs"]
mod harness;
mod mutate;
mod run;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use clap::Parser;
use harness::{TARGETS, Target};

/// Of one input; its own bytes do not count.
const MAX_ALLOCATED: usize = 64 << 20;

#[global_allocator]
static ALLOCATOR: peak_alloc::PeakAlloc = peak_alloc::PeakAlloc;

/// Fuzzes on the stable compiler, or gives a target inputs again.
#[derive(Debug, Parser)]
struct Order {
    /// All of them, if none is named.
    target: Option<String>,
    /// Inputs to be given once, instead of fuzzing.
    files: Vec<PathBuf>,
    /// For each target.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Repeats a run, input by input.
    #[arg(long)]
    seed: Option<u64>,
    /// Inputs with an outcome that the corpus did not have go into the corpus.
    #[arg(long)]
    keep: bool,
    /// In this process.
    #[arg(long, hide = true)]
    here: bool,
}

fn main() -> ExitCode {
    let order = Order::parse();
    let named = |target: &&Target| order.target.as_ref().is_none_or(|name| name == target.name);
    let targets: Vec<&Target> = TARGETS.iter().filter(named).collect();
    if targets.is_empty() {
        eprintln!("no such target; there are {}", TARGETS.iter().map(|target| target.name).collect::<Vec<_>>().join(", "));
        return ExitCode::from(2);
    }
    let seed = order.seed.unwrap_or_else(|| fastrand::u64(..));
    let sound = targets.into_iter().all(|target| match (order.files.as_slice(), order.here) {
        ([], true) => run::fuzz(target, order.seconds, seed, order.keep),
        ([], false) => watched(target, &order, seed),
        (files, _) => replay(target, files),
    });
    if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether the process of a target ended well; if not, its last input is kept.
fn watched(target: &Target, order: &Order, seed: u64) -> bool {
    let folder = folder("artifacts", target);
    fs::create_dir_all(&folder).expect("a folder");
    let mut child = Command::new(std::env::current_exe().expect("a program"));
    child.args([target.name, "--here", "--seconds", &order.seconds.to_string(), "--seed", &seed.to_string()]);
    let status = child.args(order.keep.then_some("--keep")).status().expect("a process");
    let last = folder.join(run::RUNNING);
    if !status.success() {
        let file = folder.join(format!("crash-{seed:x}"));
        fs::write(&file, run::last_input(&last)).expect("a file");
        let path = file.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap_or(&file).display();
        eprintln!(
            "\nFINDING in {}, {status}, seed {seed}\n  input:  {path}\n  replay: cargo run --example fuzz -- {} {path}",
            target.name, target.name
        );
    }
    let _ = fs::remove_file(last);
    status.success()
}

fn replay(target: &Target, files: &[PathBuf]) -> bool {
    for file in files {
        let input = fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        println!("{}: {}", file.display(), harness::check(target.name, &input));
    }
    true
}

fn folder(kind: &str, target: &Target) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(kind).join(target.name)
}
