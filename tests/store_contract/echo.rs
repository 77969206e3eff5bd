//! What `DB_ECHO` shows: statements, and none of the values in them.

use std::io;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use alpha_call::store::{CallStore, DatabaseSettings, HistoryFilter, NewCall};
use alpha_call::types::HangupCause;

use crate::words::{create, end, everything, id, migrated, new_call, number, row, stored, turn};

static LOG: LazyLock<Log> = LazyLock::new(|| {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false).with_writer(move || writer.clone()).init();
    log
});

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const NUMBER: &str = "+14155550167";
const NAME: &str = "Annabella";
const WORDS: &str = "a kidney stone, they said";
const INSTRUCTIONS: &str = "be gentle with patients";

pub async fn statements_are_shown_and_no_value(url: &str) {
    let log = LazyLock::force(&LOG);
    migrated(url).await;
    let store = CallStore::open(&DatabaseSettings { echo: true, ..DatabaseSettings::at(url) }).expect("a store");

    let said =
        NewCall { to: NUMBER.to_owned(), caller_name: Some(NAME.to_owned()), system_message: Some(INSTRUCTIONS.to_owned()), ..new_call(1) };
    create(&store, said).await;
    store.write(vec![row(1, 1, turn(1, 1, WORDS))]).await.expect("written");
    assert!(store.finish(end(1, HangupCause::CallerHungUp, 1)).await.expect("ended"));
    let filter = HistoryFilter { phone_number: Some(number(NUMBER)), ..everything() };
    assert_eq!(store.call_history(&filter).await.expect("found").total, 1);
    assert_eq!(store.turns(id(1)).await.expect("read").len(), 1);
    stored(&store, 1).await;
    store.claim_cooldown(&number(NUMBER), std::time::Duration::from_secs(1), crate::words::at(0)).await.expect("claimed");

    let text = log.text();
    for shown in ["INSERT INTO", "call_logs", "conversation_logs", "call_cooldowns"] {
        assert!(text.contains(shown), "no {shown} in {text}");
    }
    for hidden in [NUMBER, NUMBER.trim_start_matches('+'), NAME, WORDS, INSTRUCTIONS] {
        let line = text.lines().find(|line| line.contains(hidden));
        assert_eq!(line, None, "{hidden} was logged");
    }
}
