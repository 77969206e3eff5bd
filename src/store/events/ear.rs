//! Hears at once what other instances say. Who does not hear of events has to look for them now and then.

use std::time::Duration;

use sea_orm::sqlx::postgres::PgListener;
use secrecy::ExposeSecret as _;
use tokio::sync::mpsc::UnboundedSender;

use crate::store::sql::rows;
use crate::store::{CallStore, StoreError};

const EVENTS: &str = "alpha_call_events";
const LEVELS: &str = "alpha_call_levels";
const TELL_LEVELS: &str = "SELECT pg_notify('alpha_call_levels', $1)";
const AGAIN: Duration = Duration::from_secs(1);

/// What is heard of other instances, and of this one.
#[derive(Debug)]
pub enum Heard {
    /// There may be events.
    Events,
    /// How loud calls are, or a wish to know: the text that was told.
    Levels(String),
}

impl CallStore {
    /// Tells `ear` until nobody listens to it. Only where others share the database.
    pub fn hear(&self, ear: UnboundedSender<Heard>) {
        if !self.is_shared() {
            return;
        }
        let url = self.0.settings.url.clone();
        self.0.runtime.spawn(async move {
            while !ear.is_closed() {
                if let Err(error) = listen(url.expose_secret(), &ear).await {
                    tracing::debug!(%error, "other instances are not heard");
                }
                tokio::time::sleep(AGAIN).await;
            }
        });
    }

    /// At most 8,000 bytes.
    pub async fn tell_levels(&self, text: String) -> Result<(), StoreError> {
        self.run(|db| async move { rows(&db, TELL_LEVELS, [text.into()]).await.map(drop) }).await
    }
}

/// Until the connection is lost. What was told while there was none is looked for when it is back.
async fn listen(url: &str, ear: &UnboundedSender<Heard>) -> Result<(), sea_orm::sqlx::Error> {
    let mut listener = PgListener::connect(url).await?;
    listener.listen_all([EVENTS, LEVELS]).await?;
    let mut heard = Heard::Events;
    while ear.send(heard).is_ok() {
        let Some(word) = listener.try_recv().await? else { break };
        heard = if word.channel() == LEVELS { Heard::Levels(word.payload().to_owned()) } else { Heard::Events };
    }
    Ok(())
}
