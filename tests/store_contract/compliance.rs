//! Who wants no calls, and who agreed to them.

use alpha_call::governor::compliance::{Listed, Standing};
use alpha_call::store::{CallStore, NewConsent, OptOut, OptOutSource, Removal, Slice};
use alpha_call::types::Redacted;
use uuid::Uuid;

use crate::words::{at, create, id, migrated, new_call, number, stored};

const ANN: &str = "+14155550101";
const BOB: &str = "+14155550102";

fn opt_out(text: &str, seconds: i64) -> OptOut {
    let note = Some(Redacted("a\0 note".to_owned()));
    OptOut { number: number(text), call: Some(id(1)), source: OptOutSource::Api, at: at(seconds), note, by: Some("ann".to_owned()) }
}

fn removal(text: &str) -> Removal {
    Removal { number: number(text), at: at(50), by: Some("bob".to_owned()), reason: Some(Redacted("asked again".to_owned())) }
}

fn consent(id: u128, text: &str, given: i64) -> NewConsent {
    NewConsent {
        id: Uuid::from_u128(id),
        number: number(text),
        basis: format!("basis {id}"),
        text_version: "3".to_owned(),
        source: "form".to_owned(),
        given_at: at(given),
        recorded_at: at(100),
    }
}

async fn standing(store: &CallStore, text: &str) -> Standing {
    store.standing(&number(text)).await.expect("asked")
}

async fn basis(store: &CallStore, text: &str) -> Option<(String, bool)> {
    standing(store, text).await.consent.map(|consent| (consent.basis, consent.revoked_at.is_some()))
}

fn slice(limit: u64, offset: u64) -> Slice {
    Slice { limit, offset, number: None }
}

pub async fn of_a_number_that_nobody_knows_nothing_is_on_record(url: &str) {
    let store = migrated(url).await;
    store.opt_out(opt_out(BOB, 0)).await.expect("on record");
    store.give_consent(consent(1, BOB, 0)).await.expect("on record");

    assert_eq!(standing(&store, ANN).await, Standing::default());
}

pub async fn a_number_on_the_list_stands_there_until_it_is_taken_off_and_on_record_for_ever(url: &str) {
    let store = migrated(url).await;
    assert!(store.opt_out(opt_out(ANN, 0)).await.expect("on record"));
    assert!(!store.opt_out(opt_out(ANN, 9)).await.expect("known"));
    assert_eq!(standing(&store, ANN).await.listed, Some(Listed { source: "api".to_owned(), at: at(0) }));

    assert!(store.take_off_list(removal(ANN)).await.expect("taken off"));
    assert!(!store.take_off_list(removal(ANN)).await.expect("asked"), "once");

    assert_eq!(standing(&store, ANN).await, Standing::default());
    let removals = store.removals(&number(ANN)).await.expect("read");
    assert_eq!(removals.len(), 1);
    let removed = removals.first().expect("one removal");
    assert_eq!((removed.was.number.as_str(), removed.was.source.as_str(), removed.was.at, removed.at), (ANN, "api", at(0), at(50)));
    assert_eq!((removed.was.note.as_deref().map(String::as_str), removed.was.by.as_deref()), (Some("a note"), Some("ann")));
    assert_eq!((removed.by.as_deref(), removed.reason.as_deref().map(String::as_str)), (Some("bob"), Some("asked again")));
    assert!(store.opt_out(opt_out(ANN, 60)).await.expect("on record"), "it may come back");
    assert_eq!(standing(&store, ANN).await.listed.map(|listed| listed.at), Some(at(60)));
}

pub async fn the_newest_consent_counts_also_where_it_was_revoked(url: &str) {
    let store = migrated(url).await;
    store.give_consent(consent(1, ANN, 10)).await.expect("on record");
    store.give_consent(consent(2, ANN, 5)).await.expect("on record");
    store.give_consent(consent(1, ANN, 99)).await.expect("the same again");
    assert_eq!(basis(&store, ANN).await, Some(("basis 1".to_owned(), false)));

    let revoked = store.revoke_consent(Uuid::from_u128(1), at(20), Some("ann")).await.expect("asked").expect("a consent");
    assert_eq!((revoked.consent.revoked_at, revoked.revoked_by.as_deref()), (Some(at(20)), Some("ann")));
    let again = store.revoke_consent(Uuid::from_u128(1), at(30), None).await.expect("asked").expect("a consent");
    assert_eq!(again.consent.revoked_at, Some(at(20)), "the first time stands");
    assert!(store.revoke_consent(Uuid::from_u128(9), at(30), None).await.expect("asked").is_none());
    assert_eq!(basis(&store, ANN).await, Some(("basis 1".to_owned(), true)), "an older one does not stand in for it");

    store.give_consent(consent(3, ANN, 40)).await.expect("on record");
    assert_eq!(basis(&store, ANN).await, Some(("basis 3".to_owned(), false)));
}

pub async fn lists_are_read_in_parts_newest_first(url: &str) {
    let store = migrated(url).await;
    let many: Vec<OptOut> = (0..1_200).map(|n| opt_out(&format!("+1415{n:07}"), n)).collect();
    let twice = [many.clone(), vec![opt_out("+14150000001", 5_000)]].concat();
    assert_eq!(store.opt_out_all(twice).await.expect("on record"), 1_200);
    assert_eq!(store.opt_out_all(many).await.expect("known"), 0);
    for n in 0..3 {
        store.give_consent(consent(n, if n == 1 { BOB } else { ANN }, n as i64)).await.expect("on record");
    }

    let (page, total) = store.do_not_call(slice(2, 1)).await.expect("read");
    let numbers: Vec<&str> = page.iter().map(|listed| listed.number.as_str()).collect();
    assert_eq!((numbers, total), (vec!["+14150001198", "+14150001197"], 1_200));
    let (one, total) = store.do_not_call(Slice { number: Some(number("+14150000007")), ..slice(5, 0) }).await.expect("read");
    assert_eq!((one.len(), total), (1, 1));
    let (page, total) = store.consents(slice(2, 0)).await.expect("read");
    assert_eq!((page.iter().map(|stored| stored.consent.basis.as_str()).collect::<Vec<_>>(), total), (vec!["basis 2", "basis 1"], 3));
    let (page, total) = store.consents(Slice { number: Some(number(ANN)), ..slice(9, 1) }).await.expect("read");
    assert_eq!((page.iter().map(|stored| stored.number.as_str()).collect::<Vec<_>>(), total), (vec![ANN], 2));
}

pub async fn a_decision_is_kept_with_its_call(url: &str) {
    let store = migrated(url).await;
    let mut call = new_call(1);
    call.decision = Some(r#"{"refusal":null,"verified":true}"#.to_owned());
    create(&store, call).await;
    create(&store, new_call(2)).await;

    let decision = stored(&store, 1).await.decision.expect("a decision");
    assert_eq!(decision.get("verified"), Some(&true.into()));
    assert_eq!(stored(&store, 2).await.decision, None);
}
