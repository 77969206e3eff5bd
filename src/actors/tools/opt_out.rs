//! The one way to the list of those who want no calls.

use crate::store::{CallStore, OptOut, StoreError};

/// Where it is said that a number wants no more calls.
#[derive(Clone)]
pub struct OptOutPort(CallStore);

impl OptOutPort {
    #[must_use]
    pub const fn new(store: CallStore) -> Self {
        Self(store)
    }

    /// On record when this returns.
    pub async fn note(&self, opt_out: OptOut) -> Result<(), StoreError> {
        self.0.opt_out(opt_out).await.map(drop)
    }
}
