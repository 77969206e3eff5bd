//! Measures how hard this process works; what follows from it is decided in `governor::Scales`.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use super::clock;
use crate::governor::{Overload, Scales, Strain};
use crate::metrics;

/// Between two looks at the clock of a thread that carries calls.
const TICK: Duration = Duration::from_millis(50);
/// Between two measurements.
const MEASURE: Duration = Duration::from_millis(500);
const PAGE: u64 = 4_096;
/// Of the container: <https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files>, and its elder.
const LIMITS: [&str; 2] = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
/// What means that there is none.
const NO_LIMIT: u64 = 1 << 50;

/// What is known of it; clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Load(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// The worst since it was last read, in microseconds.
    lag: AtomicU64,
    /// The place of an `Overload` among all, and one.
    overload: AtomicU8,
}

impl Load {
    /// What there is too little of.
    #[must_use]
    pub fn overload(&self) -> Option<Overload> {
        let place = usize::from(self.0.overload.load(Ordering::Relaxed));
        Overload::ALL.get(place.checked_sub(1)?).copied()
    }

    /// From now on this thread, which carries calls, tells how late its timers are.
    pub fn watch(&self) {
        let load = self.clone();
        actix_rt::spawn(async move {
            loop {
                let due = clock::now() + TICK;
                tokio::time::sleep_until(due.into()).await;
                load.note_lag(clock::now().saturating_duration_since(due));
            }
        });
    }

    fn note_lag(&self, lag: Duration) {
        let micros = u64::try_from(lag.as_micros()).unwrap_or(u64::MAX);
        self.0.lag.fetch_max(micros, Ordering::Relaxed);
    }

    fn take_lag(&self) -> Duration {
        Duration::from_micros(self.0.lag.swap(0, Ordering::Relaxed))
    }

    fn tell(&self, overload: Option<Overload>) {
        let place = overload.and_then(|overload| Overload::ALL.iter().position(|known| *known == overload));
        let number = place.map_or(0, |place| u8::try_from(place + 1).unwrap_or_default());
        self.0.overload.store(number, Ordering::Relaxed);
    }

    /// Measures for as long as the thread lives. `max_memory` in bytes; none for the container's.
    pub async fn measure(self, max_memory: Option<u64>) {
        let (max_memory, mut scales) = (max_memory.or_else(memory_limit), Scales::default());
        let mut was = None;
        loop {
            tokio::time::sleep(MEASURE).await;
            let strain = Strain { lag: self.take_lag(), memory: memory(max_memory), descriptors: descriptors() };
            let overload = scales.weigh(clock::now(), strain);
            metrics::strain(strain.lag, strain.memory, strain.descriptors);
            if overload != was {
                report(overload);
            }
            was = overload;
            self.tell(overload);
        }
    }
}

fn report(overload: Option<Overload>) {
    match overload {
        Some(overload) => tracing::error!(%overload, "overloaded: nobody is let in"),
        None => tracing::info!("no longer overloaded"),
    }
}

fn memory_limit() -> Option<u64> {
    let told = LIMITS.iter().find_map(|path| fs::read_to_string(path).ok()?.trim().parse().ok());
    told.filter(|limit| *limit < NO_LIMIT)
}

fn memory(limit: Option<u64>) -> Option<u8> {
    Some(percent(resident()?, limit?))
}

/// Bytes. <https://man7.org/linux/man-pages/man5/proc_pid_statm.5.html>
fn resident() -> Option<u64> {
    let told = fs::read_to_string("/proc/self/statm").ok()?;
    told.split(' ').nth(1)?.parse::<u64>().ok().map(|pages| pages * PAGE)
}

fn descriptors() -> Option<u8> {
    let open = fs::read_dir("/proc/self/fd").ok()?.count();
    Some(percent(u64::try_from(open).ok()?, descriptor_limit()?))
}

/// The soft limit. <https://man7.org/linux/man-pages/man5/proc_pid_limits.5.html>
fn descriptor_limit() -> Option<u64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn percent(part: u64, whole: u64) -> u8 {
    u8::try_from(part.saturating_mul(100) / whole.max(1)).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_lag_counts_until_it_was_read() {
        let load = Load::default();
        for ms in [3, 200, 7] {
            load.note_lag(Duration::from_millis(ms));
        }

        assert_eq!([load.take_lag(), load.take_lag()], [Duration::from_millis(200), Duration::ZERO]);
    }

    #[test]
    fn what_is_told_is_what_is_known() {
        let load = Load::default();
        for told in [None, Some(Overload::Memory), Some(Overload::Descriptors), Some(Overload::Processor), None] {
            load.tell(told);
            assert_eq!(load.overload(), told);
        }
    }

    #[test]
    fn this_process_has_some_memory_and_some_files() {
        assert!(resident().is_some_and(|bytes| bytes > 1_000_000));
        assert!(descriptors().is_some_and(|percent| percent < 100));
        assert_eq!(memory(Some(1)), Some(u8::MAX));
        assert_eq!(memory(None), None);
    }
}
