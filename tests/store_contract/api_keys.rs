//! Keys of the API.

use alpha_call::store::CallStore;
use alpha_call::types::{ApiKey, BearerKey, KeyState, Scope};

use crate::words::{at, migrated};

fn key(number: u8) -> BearerKey {
    BearerKey::new([number; 8], [number; 32])
}

fn record(number: u8) -> ApiKey {
    ApiKey {
        id: key(number).id().clone(),
        digest: key(number).digest(),
        name: "the crm".to_owned(),
        scopes: [Scope::CallsRead, Scope::CallsCreate].into_iter().collect(),
        created_at: at(i64::from(number)),
        expires_at: Some(at(1_000)),
        revoked_at: None,
        last_used_at: None,
        max_day_nanos: Some(5_000_000_000 + u64::from(number)),
    }
}

async fn keys(store: &CallStore) -> Vec<ApiKey> {
    store.api_keys().await.expect("read")
}

pub async fn a_key_is_kept_as_it_was_made_and_its_id_is_taken_once(url: &str) {
    let store = migrated(url).await;
    assert_eq!(keys(&store).await, []);
    assert!(store.create_key(record(1)).await.expect("made"));
    assert!(store.create_key(ApiKey { name: "nul\0".to_owned(), ..record(2) }).await.expect("made"));

    assert!(!store.create_key(ApiKey { digest: key(9).digest(), ..record(1) }).await.expect("asked"));

    let newest = ApiKey { name: "nul".to_owned(), ..record(2) };
    assert_eq!(keys(&store).await, [newest, record(1)]);
    assert!(keys(&store).await.iter().any(|stored| stored.is(&key(1))), "another digest took its place");
}

pub async fn a_key_is_revoked_once_and_for_good(url: &str) {
    let store = migrated(url).await;
    for number in [1, 2] {
        assert!(store.create_key(record(number)).await.expect("made"));
    }

    let revoked = store.revoke_key(key(1).id(), at(10)).await.expect("asked").expect("a key");
    let again = store.revoke_key(key(1).id(), at(20)).await.expect("asked").expect("a key");

    assert_eq!((revoked.revoked_at, &again), (Some(at(10)), &revoked));
    assert!(store.revoke_key(key(3).id(), at(20)).await.expect("asked").is_none());
    let states: Vec<KeyState> = keys(&store).await.iter().map(|key| key.state(at(30))).collect();
    assert_eq!(states, [KeyState::Active, KeyState::Revoked]);
}

pub async fn the_last_use_of_a_key_is_noted_once_a_minute(url: &str) {
    let store = migrated(url).await;
    for number in [1, 2] {
        assert!(store.create_key(record(number)).await.expect("made"));
    }
    let id = key(1).id().clone();

    for (seconds, noted) in [(100, true), (100, false), (159, false), (161, true), (120, false), (222, true)] {
        assert_eq!(store.key_used(&id, at(seconds)).await.expect("asked"), noted, "after {seconds} s");
    }

    assert!(!store.key_used(key(3).id(), at(0)).await.expect("asked"));
    assert_eq!(keys(&store).await.iter().map(|key| key.last_used_at).collect::<Vec<_>>(), [None, Some(at(222))]);
}
