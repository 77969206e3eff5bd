//! By hand, and over random numbers, zones and instants. The seed is printed; `LAW_SEED` replays one.

use chrono::{TimeDelta, Timelike as _};
use fastrand::Rng;

use super::*;
use crate::governor::Authorization;

const CASES: usize = 100_000;

fn policy() -> CompliancePolicy {
    CompliancePolicy { hours: CallingHours::new(8 * 60, 21 * 60).expect("hours"), require_consent: true }
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a moment")
}

fn consent(revoked: bool) -> Consent {
    let given_at = at("2026-01-02T00:00:00Z");
    Consent {
        basis: "express-written".to_owned(),
        text_version: "3".to_owned(),
        source: "form".to_owned(),
        given_at,
        revoked_at: revoked.then_some(given_at + TimeDelta::days(1)),
    }
}

/// In San Francisco, at noon, with a consent on record.
fn callee() -> Callee {
    let standing = Standing { listed: None, consent: Some(consent(false)) };
    Callee { number: "+14155550142".parse().expect("E.164"), time_zone: None, standing: Some(standing), at: at("2026-11-23T20:00:00Z") }
}

fn with(change: impl FnOnce(&mut Standing)) -> Callee {
    let mut standing = callee().standing.expect("it is known");
    change(&mut standing);
    Callee { standing: Some(standing), ..callee() }
}

fn listed() -> Listed {
    Listed { source: "spoken".to_owned(), at: at("2026-02-03T00:00:00Z") }
}

#[test]
fn who_consented_may_be_called_by_day() {
    assert_eq!(check(&policy(), &callee(), false), Ok(()));
}

#[test]
fn who_wants_no_calls_gets_none_verified_or_not() {
    let callee = with(|standing| standing.listed = Some(listed()));

    for verified in [false, true] {
        assert_eq!(check(&policy(), &callee, verified), Err(Refusal::DoNotCall));
    }
}

#[test]
fn without_a_consent_that_stands_nobody_is_called_but_verified_numbers() {
    for callee in [with(|standing| standing.consent = None), with(|standing| standing.consent = Some(consent(true)))] {
        assert_eq!(check(&policy(), &callee, false), Err(Refusal::NoConsent));
        assert_eq!(check(&policy(), &callee, true), Ok(()));
        assert_eq!(check(&CompliancePolicy { require_consent: false, ..policy() }, &callee, false), Ok(()));
    }
}

#[test]
fn nobody_is_called_at_night_but_verified_numbers() {
    let night = Callee { at: at("2026-11-23T15:00:00Z"), ..callee() };

    let until = Some(at("2026-11-23T16:00:00Z"));
    let refusal = Refusal::QuietHours { until, retry_after: Some(Duration::from_secs(3_600)) };
    assert_eq!(check(&policy(), &night, false), Err(refusal));
    assert_eq!(check(&policy(), &night, true), Ok(()));
    let in_new_york = Callee { time_zone: Some(Tz::America__New_York), ..night };
    assert_eq!(check(&policy(), &in_new_york, false), Ok(()), "the zone that was named counts alone");
}

#[test]
fn what_its_owner_wants_is_told_before_what_passes() {
    let night = Callee { at: at("2026-11-23T15:00:00Z"), ..with(|standing| standing.consent = None) };

    assert_eq!(check(&policy(), &night, false), Err(Refusal::NoConsent));
}

#[test]
fn where_the_lists_cannot_be_read_nobody_is_called() {
    let unknown = Callee { standing: None, ..callee() };

    for verified in [false, true] {
        assert_eq!(check(&policy(), &unknown, verified), Err(Refusal::Unavailable));
    }
}

#[test]
fn a_number_that_may_be_anywhere_is_called_at_no_time_and_that_is_said() {
    let satellite = Callee { number: "+881612345678".parse().expect("E.164"), ..callee() };

    assert_eq!(check(&policy(), &satellite, false), Err(Refusal::QuietHours { until: None, retry_after: None }));
}

#[test]
fn a_judgement_tells_every_rule_whatever_the_first_one_says() {
    let callee = Callee { at: at("2026-11-23T15:00:00Z"), ..with(|standing| standing.listed = Some(listed())) };

    let told = judge(&policy(), &callee, false);

    assert_eq!((told.do_not_call, told.consent, told.quiet_hours), (Finding::Refused, Finding::Passed, Finding::Refused));
    assert_eq!((told.listed, told.on_consent), (Some(listed()), Some(consent(false))));
    let clock = Clock { zone: "America/Los_Angeles", local: "2026-11-23 07:00".to_owned() };
    assert_eq!((told.zones.because, told.zones.clocks), (Because::AreaCode, vec![clock]));
    assert!(told.zones.as_of.starts_with("20") && told.zones.database.starts_with("20"));
}

fn rng() -> Rng {
    let given = std::env::var("LAW_SEED").ok().and_then(|text| text.parse().ok());
    let seed = given.unwrap_or_else(|| fastrand::u64(..));
    println!("LAW_SEED={seed}");
    Rng::with_seed(seed)
}

/// Changes of clocks in North America, and a day without any.
const EDGES: [&str; 6] = [
    "2026-03-08T10:00:00Z",
    "2026-11-01T09:00:00Z",
    "2027-03-14T10:00:00Z",
    "2027-11-07T05:30:00Z",
    "2028-11-05T06:00:00Z",
    "2026-07-06T00:00:00Z",
];

/// Half of them within two days of a change of clocks.
fn instant(rng: &mut Rng) -> DateTime<Utc> {
    let base = at(EDGES[rng.usize(..EDGES.len())]);
    let spread = if rng.bool() { 2 * 86_400 } else { 400 * 86_400 };
    base + TimeDelta::seconds(rng.i64(-spread..spread)) + TimeDelta::milliseconds(rng.i64(0..1_000))
}

const ODD_ZONES: [Tz; 12] = [
    Tz::America__St_Johns,
    Tz::America__Phoenix,
    Tz::America__Regina,
    Tz::Pacific__Honolulu,
    Tz::America__Adak,
    Tz::America__Havana,
    Tz::Asia__Kolkata,
    Tz::Asia__Kathmandu,
    Tz::Australia__Lord_Howe,
    Tz::Europe__London,
    Tz::Pacific__Chatham,
    Tz::America__New_York,
];

fn number(rng: &mut Rng) -> PhoneNumber {
    let text = match rng.u8(..10) {
        0 => format!("+44207{:07}", rng.u32(..10_000_000)),
        1 => format!("+61{:09}", rng.u32(200_000_000..900_000_000)),
        _ => format!("+1{}{:07}", rng.u16(200..1_000), rng.u32(2_000_000..10_000_000)),
    };
    text.parse().expect("E.164")
}

/// By wall clocks alone: hours and minutes as somebody there reads them.
fn is_day(zones: &[Tz], at: DateTime<Utc>) -> bool {
    zones.iter().all(|zone| (8..21).contains(&at.with_timezone(zone).hour()))
}

/// Wherever clocks change, they do it at a quarter of an hour, and they are ahead of UTC by quarters.
fn quarters(from: DateTime<Utc>, to: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> {
    let first = from.timestamp().div_euclid(900) + 1;
    (first..=to.timestamp().div_euclid(900)).filter_map(|quarter| DateTime::from_timestamp(quarter * 900, 0)).filter(move |at| *at < to)
}

fn minutes(from: DateTime<Utc>, to: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> {
    (0..(to - from).num_minutes()).map(move |minute| from + TimeDelta::minutes(minute))
}

#[test]
fn a_call_is_placed_by_day_alone_and_never_later_than_it_might_be() {
    let (mut rng, policy) = (rng(), CompliancePolicy { require_consent: false, ..policy() });
    let (mut by_day, mut by_night, mut never) = (0, 0, 0);
    for case in 0..CASES {
        let time_zone = (rng.u8(..4) == 0).then(|| ODD_ZONES[rng.usize(..ODD_ZONES.len())]);
        let callee = Callee { number: number(&mut rng), time_zone, standing: Some(Standing::default()), at: instant(&mut rng) };
        let zones = time_zone.map_or_else(|| Candidates::of(&callee.number).zones, |zone| vec![zone]);
        let case = format!("case {case}: {} at {} in {zones:?}", callee.number.as_str(), callee.at);

        match check(&policy, &callee, false) {
            Ok(()) => {
                by_day += 1;
                assert!(is_day(&zones, callee.at), "{case}");
            }
            Err(Refusal::QuietHours { until: Some(until), retry_after }) => {
                by_night += 1;
                assert!(!is_day(&zones, callee.at) && until > callee.at, "{case}");
                assert!(is_day(&zones, until), "{case}: not at {until}");
                assert!(!is_day(&zones, until - TimeDelta::seconds(1)), "{case}: a second before {until}");
                let sooner = quarters(callee.at, until).find(|at| is_day(&zones, *at));
                assert_eq!(sooner, None, "{case}: before {until}");
                let sooner = minutes(callee.at, until).filter(|_| by_night % 50 == 0).find(|at| is_day(&zones, *at));
                assert_eq!(sooner, None, "{case}: before {until}");
                assert_eq!(retry_after, (until - callee.at).to_std().ok(), "{case}");
            }
            Err(Refusal::QuietHours { until: None, .. }) => {
                never += 1;
                assert!(never > 3 || quarters(callee.at, callee.at + TimeDelta::days(14)).all(|at| !is_day(&zones, at)), "{case}");
            }
            Err(other) => panic!("{case}: {other:?}"),
        }
    }
    assert!(by_day > CASES / 5 && by_night > CASES / 5, "{by_day} by day, {by_night} by night, {never} never");
}

/// Whatever hours an operator chooses, in whatever places.
#[test]
fn hours_of_any_length_are_found_as_a_clock_on_the_wall_shows_them() {
    let mut rng = rng();
    for case in 0..CASES {
        let (from, to) = (rng.u16(..96) * 15, rng.u16(1..=96) * 15);
        let Some(hours) = CallingHours::new(from.min(to), from.max(to)) else { continue };
        let zones: Vec<Tz> = (0..rng.usize(1..4)).map(|_| ODD_ZONES[rng.usize(..ODD_ZONES.len())]).collect();
        let now = instant(&mut rng);
        let minute = |zone: &Tz, at: DateTime<Utc>| at.with_timezone(zone).hour() * 60 + at.with_timezone(zone).minute();
        let open =
            |at: DateTime<Utc>| zones.iter().all(|zone| (u32::from(from.min(to))..u32::from(from.max(to))).contains(&minute(zone, at)));
        let case = format!("case {case}: {hours} at {now} in {zones:?}");

        assert_eq!(hours.hold(&zones, now), open(now), "{case}");
        match hours.next(&zones, now) {
            Some(next) if next == now => assert!(open(now), "{case}"),
            Some(next) => {
                assert!(open(next) && !open(next - TimeDelta::seconds(1)), "{case}: {next}");
                assert_eq!(quarters(now, next.min(now + TimeDelta::days(3))).find(|at| open(*at)), None, "{case}: before {next}");
            }
            None => assert_eq!(quarters(now, now + TimeDelta::days(2)).find(|at| open(*at)), None, "{case}: never?"),
        }
    }
}

/// What an authorization of the United States and Canada lets through, it lets through by place and kind.
#[test]
fn at_home_means_a_subscriber_in_the_united_states_or_canada() {
    let (mut rng, home) = (rng(), Authorization::new([], true));
    let mut allowed = 0;
    for _ in 0..CASES {
        let (code, exchange) = (rng.u16(200..1_000), rng.u16(..1_000));
        let number: PhoneNumber = format!("+1{code}{exchange:03}{:04}", rng.u16(..10_000)).parse().expect("E.164");
        let country = places::area(&number).map(|(_, country)| country);
        match home.check(&number) {
            Ok(()) => {
                allowed += 1;
                assert!(country.is_some_and(places::is_home), "+1 {code} {exchange}: {country:?}");
                assert!(exchange >= 200 && exchange != 976, "+1 {code} {exchange}");
            }
            Err(refusal) => {
                assert_eq!(refusal, Refusal::PremiumOrForeign);
                let is_ordinary = country.is_some_and(places::is_home) && exchange >= 200 && exchange != 976;
                assert!(!is_ordinary || NEWER.contains(&code), "+1 {code} {exchange}: {country:?}");
            }
        }
    }
    assert!(allowed > CASES / 4, "{allowed}");
}

/// In the table, and not yet in the library, or in part: they are refused until it knows them.
const NEWER: [u16; 14] = [357, 436, 457, 472, 483, 621, 624, 679, 729, 837, 861, 924, 983, 274];

#[test]
fn neighbours_services_and_nonsense_are_refused_by_name() {
    let home = Authorization::new([], true);
    let refused = [
        ("Jamaica", "876 658"),
        ("the Dominican Republic", "809 829 849"),
        ("Puerto Rico", "787 939"),
        ("the Virgin Islands", "340"),
        ("Guam, Saipan and Samoa", "671 670 684"),
        ("the Bahamas, Bermuda and Barbados", "242 441 246"),
        ("premium rate", "900"),
        ("pay per call", "976"),
        ("toll-free", "800 833 844 855 866 877 888"),
        ("personal numbers", "500 533 544 566 577 588"),
        ("services and carriers", "600 700 710 211 911 555"),
    ];

    for (what, codes) in refused {
        for code in codes.split(' ') {
            let number: PhoneNumber = format!("+1{code}2345678").parse().expect("E.164");
            assert_eq!(home.check(&number), Err(Refusal::PremiumOrForeign), "{what}: {code}");
        }
    }
    for shared_cost in ["+448431234567", "+49180512345", "+815701234567"] {
        assert_eq!(home.check(&shared_cost.parse().expect("E.164")), Err(Refusal::PremiumOrForeign), "{shared_cost}");
    }
    assert_eq!(home.check(&"+12129761234".parse().expect("E.164")), Err(Refusal::PremiumOrForeign), "the exchange 976");
}
