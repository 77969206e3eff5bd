//! How phrases sound, for every instance that says them.

use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::CallStore;
use super::error::StoreError;
use super::sql::{execute, moment, rows};

const READ: &str = "SELECT audio FROM phrases WHERE key = $1";
const KEEP: &str = "INSERT INTO phrases (key, model, voice, text, audio, created_at) VALUES ($1, $2, $3, $4, $5, $6) \
     ON CONFLICT (key) DO NOTHING";

/// A phrase that was rendered.
#[derive(Clone, Debug)]
pub struct RenderedPhrase {
    pub key: String,
    pub model: String,
    pub voice: String,
    pub text: String,
    /// Mu-law.
    pub audio: Bytes,
}

impl CallStore {
    /// The audio that is kept under `key`.
    pub async fn phrase(&self, key: &str) -> Result<Option<Bytes>, StoreError> {
        let key = key.to_owned();
        self.run(move |db| async move {
            let found = rows(&db, READ, [key.into()]).await?;
            let audio = found.first().map(|row| row.try_get::<Vec<u8>>("", "audio")).transpose()?;
            Ok(audio.map(Bytes::from))
        })
        .await
    }

    /// The first one to be kept stays: whoever rendered it too keeps what is there.
    pub async fn keep_phrase(&self, phrase: RenderedPhrase, at: DateTime<Utc>) -> Result<(), StoreError> {
        self.run(move |db| async move {
            let RenderedPhrase { key, model, voice, text, audio } = phrase;
            let values = [key.into(), model.into(), voice.into(), text.into(), audio.to_vec().into(), moment(at).into()];
            execute(&db, KEEP, values).await.map(drop)
        })
        .await
    }
}
