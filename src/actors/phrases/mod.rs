//! Phrases that we say ourselves: rendered once by the model, kept in the database, held in memory for the first frame.

mod render;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix::Addr;
use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::casting::Casting;
use super::clock;
use super::governor::{ConcurrencyGovernor, TakeModelSlot};
use super::model_line::{Endpoints, key as model_key};
use super::port::Post as _;
use super::profile::session_policy;
use crate::config::Config;
use crate::metrics;
use crate::session::policy::{Phrase, Profile, SessionPolicy};
use crate::store::{CallStore, RenderedPhrase};
use crate::types::Direction;

/// A phrase that could not be rendered is tried again after this, and so many times.
const AGAIN: Duration = Duration::from_secs(20);
const TRIES: u32 = 5;

/// What is known of how phrases sound. Clones are the same book.
#[derive(Clone, Default)]
pub struct PhraseBook(Arc<Mutex<HashMap<String, Bytes>>>);

/// What it takes to make a phrase.
pub struct Studio {
    pub book: PhraseBook,
    pub config: Config,
    pub store: CallStore,
    pub endpoints: Endpoints,
    pub governor: Addr<ConcurrencyGovernor>,
}

impl PhraseBook {
    /// Gives every phrase of the call its sound, if that is known.
    pub fn fill(&self, policy: &mut SessionPolicy) {
        let profile = Arc::clone(&policy.profile);
        for phrase in phrases_of(policy).into_iter().flatten() {
            phrase.audio = self.get(&key(&profile, &phrase.text));
        }
    }

    fn get(&self, key: &str) -> Option<Bytes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    fn put(&self, key: String, audio: Bytes) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, audio);
    }
}

fn phrases_of(policy: &mut SessionPolicy) -> [Option<&mut Phrase>; 4] {
    let SessionPolicy { opening, patience, .. } = policy;
    [opening.greeting.as_mut(), opening.voicemail.as_mut(), patience.filler.as_mut(), patience.apology.as_mut()]
}

/// Model, voice, speed and text decide how it sounds.
fn key(profile: &Profile, text: &str) -> String {
    let speed = profile.speed.unwrap_or(1.0).to_string();
    let digest = Sha256::digest([profile.model.as_str(), &profile.voice, &speed, text].join("\n"));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Studio {
    /// Makes every phrase that needs nothing of a call to be known; from memory, the database, or the model.
    pub async fn prepare(self) {
        let wanted = self.wanted();
        metrics::phrases_missing(wanted.len());
        for (place, (profile, text)) in wanted.iter().enumerate() {
            for attempt in 1..=TRIES {
                match self.provide(profile, text).await {
                    Ok(()) => break,
                    Err(error) => tracing::warn!(%error, attempt, "phrase not rendered"),
                }
                tokio::time::sleep(AGAIN).await;
            }
            metrics::phrases_missing(wanted.len() - place - 1);
        }
    }

    /// The phrases of every assistant, as a caller without a name hears them.
    fn wanted(&self) -> Vec<(Arc<Profile>, String)> {
        let mut wanted: Vec<(Arc<Profile>, String)> = Vec::new();
        for assistant in self.config.assistants.iter() {
            for direction in [Direction::Inbound, Direction::Outbound] {
                let casting = Casting { direction, ..Casting::inbound(assistant) };
                let mut policy = session_policy(&self.config, &casting, clock::utc());
                let profile = Arc::clone(&policy.profile);
                let texts = phrases_of(&mut policy).into_iter().flatten().map(|phrase| phrase.text.0.clone());
                wanted.extend(texts.map(|text| (Arc::clone(&profile), text)));
            }
        }
        wanted.sort_by_key(|(profile, text)| key(profile, text));
        wanted.dedup_by_key(|(profile, text)| key(profile, text));
        wanted
    }

    async fn provide(&self, profile: &Arc<Profile>, text: &str) -> Result<(), render::RenderError> {
        let key = key(profile, text);
        // That the database is away is no reason not to know how a phrase sounds.
        let kept = self.store.phrase(&key).await.unwrap_or_default();
        let audio = match kept {
            Some(audio) => audio,
            None => self.render(key.clone(), profile, text).await?,
        };
        self.book.put(key, audio);
        Ok(())
    }

    async fn render(&self, key: String, profile: &Arc<Profile>, text: &str) -> Result<Bytes, render::RenderError> {
        let endpoint = self.endpoints.of_model(&profile.model);
        let wanted = TakeModelSlot { spare: true, model: model_key(&endpoint), other: None };
        let _slot = self.governor.ask(wanted).await.ok().and_then(Result::ok).ok_or(render::RenderError::Busy)?;
        let audio = render::render(&endpoint, self.config.openai.connect_timeout, profile, text).await?;
        let (model, voice) = (profile.model.clone(), profile.voice.clone());
        let phrase = RenderedPhrase { key, model, voice, text: text.to_owned(), audio: audio.clone() };
        if let Err(error) = self.store.keep_phrase(phrase, clock::utc()).await {
            tracing::warn!(%error, "phrase is known to this instance alone");
        }
        Ok(audio)
    }
}
