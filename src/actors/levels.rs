//! How loud both sides of running calls are: for meters, and only while somebody looks at one, wherever.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

use super::clock;
use crate::audio::mulaw;
use crate::session::event::{Input, LegCommand, LegEvent, Output};
use crate::store::CallStore;
use crate::types::CallId;

/// Four times a second is as fast as anybody looks.
const EVERY: Duration = Duration::from_millis(250);
/// Whoever looks says so again and again, and is believed for a while.
const ASK: Duration = Duration::from_secs(5);
const BELIEVED: Duration = Duration::from_secs(12);
/// Instances tell each other of so many calls at once: a notification has 8,000 bytes at most.
/// <https://www.postgresql.org/docs/current/sql-notify.html>
const TOGETHER: usize = 100;
/// A slow watcher misses some.
const BACKLOG: usize = 8;
/// Mean absolute sample of somebody who speaks up.
const LOUD: f32 = 8_192.0;

/// From 0 to 1, as loud as they were since the last one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = CallLevel)]
pub struct Level {
    pub call_id: CallId,
    pub caller: f32,
    pub assistant: f32,
}

/// What instances say to each other.
#[derive(Debug, Serialize, Deserialize)]
struct Word {
    from: String,
    /// None from somebody who looks.
    levels: Option<Vec<Level>>,
}

/// Clones are the same meters.
#[derive(Clone)]
pub struct Levels(Arc<Shared>);

struct Shared {
    instance: String,
    is_wanted: AtomicBool,
    loudest: Mutex<HashMap<CallId, [u32; 2]>>,
    wanted_elsewhere: Mutex<Option<Instant>>,
    told: broadcast::Sender<Arc<[Level]>>,
}

impl Levels {
    pub fn new(instance: &str) -> Self {
        Self(Arc::new(Shared {
            instance: instance.to_owned(),
            is_wanted: AtomicBool::new(false),
            loudest: Mutex::default(),
            wanted_elsewhere: Mutex::default(),
            told: broadcast::Sender::new(BACKLOG),
        }))
    }

    /// They are measured for as long as somebody has this.
    pub fn watch(&self) -> broadcast::Receiver<Arc<[Level]>> {
        self.0.told.subscribe()
    }

    /// On the path of every frame of the caller.
    pub fn heard(&self, call: CallId, input: &Input) {
        if let Input::Leg(LegEvent::Audio(audio)) = input
            && self.is_wanted()
        {
            self.note(call, 0, audio.loudness());
        }
    }

    /// On the path of every frame to the caller.
    pub fn observe(&self, call: CallId, output: &Output) {
        if let Output::Leg(LegCommand::Play(audio)) = output
            && self.is_wanted()
        {
            self.note(call, 1, mulaw::loudness(audio));
        }
    }

    fn is_wanted(&self) -> bool {
        self.0.is_wanted.load(Ordering::Relaxed)
    }

    fn note(&self, call: CallId, side: usize, loudness: u32) {
        let mut loudest = lock(&self.0.loudest);
        if let Some(known) = loudest.entry(call).or_default().get_mut(side) {
            *known = loudness.max(*known);
        }
    }

    /// Another instance said something.
    pub fn told_elsewhere(&self, text: &str) {
        let Ok(word) = serde_json::from_str::<Word>(text) else { return };
        if word.from == self.0.instance {
            return;
        }
        match word.levels {
            None => *lock(&self.0.wanted_elsewhere) = Some(clock::now() + BELIEVED),
            Some(levels) => self.tell(levels.into()),
        }
    }

    /// An error says that nobody looks.
    fn tell(&self, levels: Arc<[Level]>) {
        let _ = self.0.told.send(levels);
    }

    /// Measures and tells, until the process ends.
    pub async fn keep(self, store: CallStore) {
        let mut asked: Option<Instant> = None;
        loop {
            tokio::time::sleep(EVERY).await;
            let now = clock::now();
            let (here, elsewhere) = (self.0.told.receiver_count() > 0, lock(&self.0.wanted_elsewhere).is_some_and(|until| now < until));
            self.0.is_wanted.store(here || elsewhere, Ordering::Relaxed);
            if here && store.is_shared() && asked.is_none_or(|asked| now >= asked + ASK) {
                asked = Some(now);
                self.say(&store, None).await;
            }
            let levels = self.take();
            if elsewhere {
                for some in levels.chunks(TOGETHER) {
                    self.say(&store, Some(some.to_vec())).await;
                }
            }
            if here && !levels.is_empty() {
                self.tell(levels.into());
            }
        }
    }

    fn take(&self) -> Vec<Level> {
        let loudest = std::mem::take(&mut *lock(&self.0.loudest));
        loudest
            .into_iter()
            .map(|(call_id, [caller, assistant])| Level { call_id, caller: share(caller), assistant: share(assistant) })
            .collect()
    }

    async fn say(&self, store: &CallStore, levels: Option<Vec<Level>>) {
        let word = Word { from: self.0.instance.clone(), levels };
        let text = serde_json::to_string(&word).unwrap_or_default();
        if let Err(error) = store.tell_levels(text).await {
            tracing::debug!(%error, "other instances are not told how loud calls are");
        }
    }
}

/// By its square root, since that is how loud it sounds; two places are enough for a meter.
fn share(loudness: u32) -> f32 {
    ((loudness as f32 / LOUD).min(1.0).sqrt() * 100.0).round() / 100.0
}

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::audio::EncodedAudio;

    fn call() -> CallId {
        CallId::new(Uuid::from_u128(1))
    }

    fn spoken(byte: u8) -> Input {
        Input::Leg(LegEvent::Audio(EncodedAudio::encode(&[byte; 160])))
    }

    #[test]
    fn nothing_is_measured_while_nobody_looks() {
        let levels = Levels::new("here");

        levels.heard(call(), &spoken(0x80));

        assert_eq!(levels.take(), []);
    }

    #[test]
    fn the_loudest_moment_of_each_side_counts_once() {
        let levels = Levels::new("here");
        levels.0.is_wanted.store(true, Ordering::Relaxed);

        levels.heard(call(), &spoken(0x80));
        levels.heard(call(), &spoken(crate::audio::SILENCE));

        assert_eq!(levels.take(), [Level { call_id: call(), caller: 1.0, assistant: 0.0 }]);
        assert_eq!(levels.take(), []);
    }

    #[test]
    fn what_another_instance_measured_is_told_here_and_what_this_one_said_is_not_told_again() {
        let levels = Levels::new("here");
        let mut looking = levels.watch();
        let word = |from: &str, levels| serde_json::to_string(&Word { from: from.to_owned(), levels }).expect("a word");
        let level = Level { call_id: call(), caller: 0.25, assistant: 0.5 };

        levels.told_elsewhere(&word("here", Some(vec![level])));
        levels.told_elsewhere(&word("there", Some(vec![level])));
        levels.told_elsewhere("nonsense");

        assert_eq!(*looking.try_recv().expect("levels"), [level]);
        assert!(looking.try_recv().is_err());
        assert!(lock(&levels.0.wanted_elsewhere).is_none());
        levels.told_elsewhere(&word("there", None));
        assert!(lock(&levels.0.wanted_elsewhere).is_some());
    }
}
