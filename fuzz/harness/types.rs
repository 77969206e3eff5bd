//! Words of the domain out of any text: what is taken is written and taken again as the same.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use alpha_call::config::template::{faults, fill};
use alpha_call::config::{DatabaseUrl, Domain};
use alpha_call::session::event::Mark;
use alpha_call::types::{
    AccountSid, BearerKey, CallId, CallSid, CallerId, Direction, Epoch, KeyId, PhoneNumber, RecordingSid, Scopes, StreamSid, StreamToken,
    Subject, TokenKey, numbers,
};
use secrecy::ExposeSecret as _;
use url::Url;

use super::choices;

/// Signs the tokens of the corpus.
const KEY: &[u8] = b"fuzz";

pub fn check(input: &[u8]) -> String {
    let text = String::from_utf8_lossy(input);
    let outcomes = [
        ("token", token(&text)),
        ("own token", own_token(input)),
        ("phone", phone(&text)),
        ("numbers", list(&text)),
        ("key", key(&text)),
        ("id", ids(&text)),
        ("template", template(&text)),
        ("domain", domain(&text)),
        ("database", database(&text)),
    ];
    outcomes.iter().filter(|(_, taken)| *taken).map(|(name, _)| *name).collect::<Vec<_>>().join(" ")
}

/// Nothing is taken but what we signed, letter by letter, and none of it after its time or under another key.
fn token(text: &str) -> bool {
    let key = TokenKey::new(KEY);
    let read = StreamToken::decode(text, &key, i64::MIN);
    if let Ok(token) = &read {
        assert_eq!(token.encode(&key), text, "signed otherwise");
    }
    assert!(StreamToken::decode(text, &TokenKey::derived_from(KEY), i64::MIN).is_err(), "another key");
    read.is_ok()
}

/// A token with a byte changed is a token no longer.
fn own_token(input: &[u8]) -> bool {
    let mut rng = choices(input);
    let key = TokenKey::new(input);
    let expires = rng.i64(..);
    let sid = format!("CA{:032x}", rng.u128(..)).parse().expect("a sid");
    let direction = *rng.choice(Direction::ALL).expect("a direction");
    let subject = Subject { sid, direction, assistant: String::from_utf8_lossy(input).into_owned() };
    let call = CallId::new(uuid::Uuid::from_u128(rng.u128(..)));
    let token = StreamToken { call, epoch: Epoch::new(rng.u32(..)), expires, subject };
    let text = token.encode(&key);
    assert_eq!(StreamToken::decode(&text, &key, expires), Ok(token));
    assert!(expires == i64::MAX || StreamToken::decode(&text, &key, expires + 1).is_err(), "too late");
    let mut forged = text.clone().into_bytes();
    let at = rng.usize(..forged.len());
    forged[at] = *rng.choice(b"0123456789abcdefABCDEF-_.+ ").expect("a byte");
    let forged = String::from_utf8(forged).expect("ascii");
    assert_eq!(StreamToken::decode(&forged, &key, i64::MIN).is_ok(), forged == text, "{at}");
    text.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c))
}

fn phone(text: &str) -> bool {
    let Ok(number) = text.parse::<PhoneNumber>() else {
        assert!(matches!(CallerId::parse(text), CallerId::Other(_)));
        return false;
    };
    same(&number, number.as_str());
    assert_eq!(CallerId::parse(text), CallerId::Number(number.clone()));
    assert!((9..=16).contains(&number.as_str().len()) && !format!("{number:?}").contains(number.as_str()));
    let _ = number.class();
    let json = serde_json::to_string(&number).expect("json");
    assert_eq!(serde_json::from_str::<PhoneNumber>(&json).expect("a number"), number);
    true
}

fn list(text: &str) -> bool {
    let read = numbers::read(text);
    assert_eq!(read.numbers.len() + read.wrong.len(), read.lines);
    assert!(read.wrong.is_sorted() && read.wrong.iter().all(|line| (1..=text.lines().count()).contains(line)));
    read.numbers.iter().for_each(|number| same(number, number.as_str()));
    let written: Vec<&str> = read.numbers.iter().map(PhoneNumber::as_str).collect();
    assert!(numbers::read(&written.join("\n")).numbers == read.numbers);
    !read.numbers.is_empty()
}

fn key(text: &str) -> bool {
    let scopes = Scopes::of_words(text);
    assert_eq!(Scopes::of_words(&scopes.to_string()), scopes);
    let Ok(key) = text.parse::<BearerKey>() else { return false };
    assert_eq!(key.text().expose_secret(), text);
    assert_eq!(key.id().as_str().parse::<KeyId>().as_ref(), Ok(key.id()));
    assert!(!format!("{key:?}").contains(&text[12..]), "a secret prints");
    true
}

fn ids(text: &str) -> bool {
    let sids =
        [again::<AccountSid>(text, text), again::<CallSid>(text, text), again::<StreamSid>(text, text), again::<RecordingSid>(text, text)];
    let own = text.parse::<CallId>().map(|id| same(&id, &id.to_string())).is_ok();
    let epoch = text.parse::<Epoch>().map(|epoch| same(&epoch, &epoch.to_string())).is_ok();
    let mark = text.parse::<Mark>().map(|mark| same(&mark, &mark.to_string())).is_ok();
    sids.contains(&true) || own || epoch || mark
}

/// What is taken is written exactly so.
fn again<T: FromStr + Display>(text: &str, expected: &str) -> bool {
    text.parse::<T>().is_ok_and(|value| {
        assert_eq!(value.to_string(), expected);
        true
    })
}

fn same<T: FromStr + PartialEq + Debug>(value: &T, written: &str) {
    assert!(written.parse::<T>().is_ok_and(|again| again == *value), "{value:?} is not read again");
}

fn template(text: &str) -> bool {
    let filled = fill(text, &[("name".to_owned(), "Ann".to_owned())].into());
    let known = text.matches("{{").count();
    assert!(filled.len() <= text.len() + 3 * known, "{} of {}", filled.len(), text.len());
    assert!(known > 0 || filled == text);
    assert!(faults(text, &["name"]).len() <= known);
    known > 0 && faults(text, &["name"]).is_empty()
}

fn domain(text: &str) -> bool {
    let Ok((domain, _)) = Domain::parse(text) else { return false };
    assert_eq!(Domain::parse(domain.as_str()), Ok((domain.clone(), false)));
    let url = Url::parse(&domain.https_url("/x")).expect("a url");
    assert_eq!((url.path(), url.username(), url.query()), ("/x", "", None));
    true
}

fn database(text: &str) -> bool {
    let Ok(url) = DatabaseUrl::parse(text) else { return false };
    assert_eq!(url.as_str(), text);
    let parsed = Url::parse(text).ok().filter(|_| !url.is_sqlite());
    let password = parsed.as_ref().and_then(|url| Some((url, url.password()?)));
    // Elsewhere in the address the same words are no password, also where they are written otherwise.
    let is_once = |url: &Url, password: &str| url.query().is_none() && url.as_str().matches(password).count() == 1;
    let password = password.filter(|(url, password)| password.len() >= 8 && is_once(url, password));
    assert!(password.is_none_or(|(_, password)| !format!("{url:?}").contains(password)), "a password prints");
    true
}
