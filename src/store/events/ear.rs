//! Hears of events that other instances published, at once. Who does not hear has to look now and then.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::sqlx::postgres::PgListener;
use secrecy::ExposeSecret as _;
use tokio::sync::watch;

use crate::store::CallStore;

const CHANNEL: &str = "alpha_call_events";
const AGAIN: Duration = Duration::from_secs(1);

impl CallStore {
    /// Rings `told` whenever there may be something new, until it is `true`. Only where others share the database.
    pub fn hear_events(&self, told: Arc<watch::Sender<bool>>) {
        if !self.is_shared() {
            return;
        }
        let url = self.0.settings.url.clone();
        self.0.runtime.spawn(async move {
            while !*told.borrow() {
                if let Err(error) = listen(url.expose_secret(), &told).await {
                    tracing::debug!(%error, "events of other instances are not heard");
                }
                tokio::time::sleep(AGAIN).await;
            }
        });
    }
}

/// Until the connection is lost. What was told while there was none is looked for when it is back.
async fn listen(url: &str, told: &watch::Sender<bool>) -> Result<(), sea_orm::sqlx::Error> {
    let mut listener = PgListener::connect(url).await?;
    listener.listen(CHANNEL).await?;
    told.send_modify(|_| {});
    while listener.try_recv().await?.is_some() {
        told.send_modify(|_| {});
    }
    Ok(())
}
