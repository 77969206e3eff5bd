//! The one runtime that all database work rides on, so that none of it rides on an audio worker.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::{Builder, EnterGuard, Handle, Runtime};
use tokio::sync::oneshot;
use tokio::task::{JoinError, JoinHandle};

use super::error::StoreError;

const WORKERS: usize = 2;

/// A tokio runtime that may be dropped anywhere, also inside another one.
pub struct DbRuntime {
    handle: Handle,
    owned: Mutex<Owned>,
}

impl DbRuntime {
    /// Starts the threads. Fails where the system has none left.
    pub fn start() -> Result<Self, StoreError> {
        let runtime = Builder::new_multi_thread().worker_threads(WORKERS).thread_name("database").enable_all().build();
        let runtime = runtime.map_err(|cause| StoreError::unavailable(format!("no database runtime: {cause}")))?;
        Ok(Self { handle: runtime.handle().clone(), owned: Mutex::new(Owned(Some(runtime))) })
    }

    pub fn spawn<F>(&self, work: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.handle.spawn(work)
    }

    /// Runs the work to its end, even if the caller stops waiting for it.
    pub async fn run<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        self.spawn(work).await.unwrap_or_else(|end| Err(interrupted(&end)))
    }

    /// For what asks for a runtime while it is being made.
    pub(super) fn enter(&self) -> EnterGuard<'_> {
        self.handle.enter()
    }

    /// Stops the threads, waiting for blocking work up to `timeout`. Work that waits is given up. A second call does nothing.
    pub async fn shutdown(&self, timeout: Duration) {
        let mut owned = std::mem::replace(&mut *self.owned.lock().unwrap_or_else(PoisonError::into_inner), Owned(None));
        let (ended, end) = oneshot::channel();
        let stop = move || {
            owned.stop(timeout);
            let _ = ended.send(());
        };
        // Off this thread: a runtime must not be waited for inside another one.
        if std::thread::Builder::new().name("database-stop".to_owned()).spawn(stop).is_ok() {
            let _ = end.await;
        }
    }
}

/// Why work did not come to its end.
pub(super) fn interrupted(end: &JoinError) -> StoreError {
    if end.is_cancelled() {
        StoreError::unavailable("the database runtime has stopped")
    } else {
        StoreError::query("the database task panicked")
    }
}

/// The right to stop a runtime.
struct Owned(Option<Runtime>);

impl Owned {
    fn stop(&mut self, timeout: Duration) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_timeout(timeout);
        }
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_runs_on_threads_of_its_own() {
        let runtime = DbRuntime::start().expect("a runtime");

        let name = runtime.run(async { Ok(std::thread::current().name().map(str::to_owned)) }).await.expect("a name");

        assert_eq!(name.as_deref(), Some("database"));
    }

    #[tokio::test]
    async fn dropping_it_inside_another_runtime_does_not_panic() {
        let runtime = DbRuntime::start().expect("a runtime");
        let endless = runtime.spawn(std::future::pending::<()>());

        drop(runtime);

        assert!(endless.await.expect_err("given up").is_cancelled());
    }

    #[tokio::test]
    async fn work_after_the_shutdown_is_refused_as_an_outage() {
        let runtime = DbRuntime::start().expect("a runtime");

        runtime.shutdown(Duration::from_secs(1)).await;
        runtime.shutdown(Duration::from_secs(1)).await;

        assert!(runtime.run(async { Ok(()) }).await.expect_err("refused").is_outage());
    }

    #[tokio::test]
    async fn a_panic_in_the_work_is_an_error_and_the_runtime_lives_on() {
        let runtime = DbRuntime::start().expect("a runtime");

        let outcome: Result<(), _> = runtime.run(async { panic!("on purpose") }).await;

        assert!(!outcome.expect_err("an error").is_outage());
        assert_eq!(runtime.run(async { Ok(1) }).await.expect("alive"), 1);
    }
}
