//! Lets threads and tasks wait until something they look at has changed.

use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::lock;

/// A counter of changes that both worlds can wait on.
pub struct Changes {
    count: Mutex<u64>,
    changed: Condvar,
    watch: watch::Sender<u64>,
}

impl Default for Changes {
    fn default() -> Self {
        Self { count: Mutex::new(0), changed: Condvar::new(), watch: watch::Sender::new(0) }
    }
}

impl Changes {
    pub fn bump(&self) {
        let mut count = lock(&self.count);
        *count += 1;
        self.watch.send_replace(*count);
        self.changed.notify_all();
    }

    /// Waits on this thread until `look` finds something; none after `deadline`.
    pub fn wait_blocking<T>(&self, deadline: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
        let end = Instant::now() + deadline;
        loop {
            let seen = *lock(&self.count);
            if let Some(found) = look() {
                return Some(found);
            }
            let left = end.checked_duration_since(Instant::now())?;
            let waited = self.changed.wait_timeout_while(lock(&self.count), left, |count| *count == seen);
            drop(waited);
        }
    }

    /// Like [`Self::wait_blocking`], for a task.
    pub async fn wait<T>(&self, deadline: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
        let mut watch = self.watch.subscribe();
        let found = async {
            loop {
                watch.mark_unchanged();
                if let Some(found) = look() {
                    return Some(found);
                }
                watch.changed().await.ok()?;
            }
        };
        tokio::time::timeout(deadline, found).await.ok().flatten()
    }
}
