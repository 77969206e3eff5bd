use std::time::Duration;

use alpha_call::store::CooldownClaim;
use chrono::TimeDelta;
use futures_util::future::join_all;

use crate::words::{at, migrated, number};

const COOLDOWN: Duration = Duration::from_secs(300);
const FIRST: CooldownClaim = CooldownClaim::Claimed { previous: None };

const fn wait(seconds: u64) -> CooldownClaim {
    CooldownClaim::CoolingDown { retry_after: Duration::from_secs(seconds) }
}

pub async fn one_of_a_hundred_claims_wins(url: &str) {
    let store = migrated(url).await;
    let called = number("+14155550101");

    let claims = join_all((0..100).map(|_| store.claim_cooldown(&called, COOLDOWN, at(0)))).await;

    let claims: Vec<_> = claims.into_iter().map(|claim| claim.expect("asked")).collect();
    assert_eq!(claims.iter().filter(|claim| **claim == FIRST).count(), 1);
    assert_eq!(claims.iter().filter(|claim| **claim == wait(300)).count(), 99);
    assert_eq!(store.claim_cooldown(&number("+14155550102"), COOLDOWN, at(0)).await.expect("another number"), FIRST);
}

pub async fn a_cooldown_is_over_when_its_time_has_passed(url: &str) {
    let store = migrated(url).await;
    let called = number("+14155550101");

    assert_eq!(store.claim_cooldown(&called, COOLDOWN, at(0)).await.expect("asked"), FIRST);
    assert_eq!(store.claim_cooldown(&called, COOLDOWN, at(299)).await.expect("asked"), wait(1));

    let again = store.claim_cooldown(&called, COOLDOWN, at(300)).await.expect("asked");
    assert_eq!(again, CooldownClaim::Claimed { previous: Some(at(0)) });
    assert_eq!(store.claim_cooldown(&called, COOLDOWN, at(301)).await.expect("asked"), wait(299));
}

pub async fn a_claim_is_given_back_unless_somebody_claimed_since(url: &str) {
    let store = migrated(url).await;
    let called = number("+14155550101");
    let nanoseconds = at(0) + TimeDelta::nanoseconds(789);

    assert_eq!(store.claim_cooldown(&called, COOLDOWN, nanoseconds).await.expect("asked"), FIRST);
    assert!(store.release_cooldown(&called, nanoseconds, None).await.expect("asked"));
    assert_eq!(store.claim_cooldown(&called, COOLDOWN, at(1)).await.expect("free again"), FIRST);

    let second = store.claim_cooldown(&called, COOLDOWN, at(400)).await.expect("asked");
    assert_eq!(second, CooldownClaim::Claimed { previous: Some(at(1)) });
    assert!(store.release_cooldown(&called, at(400), Some(at(1))).await.expect("asked"));
    assert_eq!(store.claim_cooldown(&called, COOLDOWN, at(300)).await.expect("as before"), wait(1));

    assert_eq!(store.claim_cooldown(&called, COOLDOWN, at(500)).await.expect("asked"), second);
    assert!(!store.release_cooldown(&called, at(400), Some(at(1))).await.expect("asked"));
    assert!(!store.release_cooldown(&called, at(400), None).await.expect("asked"));
    assert_eq!(store.claim_cooldown(&called, COOLDOWN, at(501)).await.expect("still held"), wait(299));
}
