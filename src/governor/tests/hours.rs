use super::*;

fn hours(from: u16, to: u16) -> CallingHours {
    CallingHours::new(from * 60, to * 60).expect("hours")
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a moment")
}

fn next(hours: CallingHours, zones: &[Tz], from: &str) -> Option<String> {
    hours.next(zones, at(from)).map(|at| at.format("%Y-%m-%dT%H:%M:%S").to_string())
}

#[test]
fn the_first_minute_counts_and_the_last_does_not() {
    let (day, zone) = (hours(8, 21), [Tz::America__New_York]);

    for (time, held) in [("12:59:59", false), ("13:00:00", true), ("23:00:00", true)] {
        assert_eq!(day.hold(&zone, at(&format!("2026-11-23T{time}Z"))), held, "{time}");
    }
    assert!(day.hold(&zone, at("2026-11-24T01:59:59.999Z")) && !day.hold(&zone, at("2026-11-24T02:00:00Z")));
}

#[test]
fn it_must_be_time_in_every_zone() {
    let coasts = [Tz::America__New_York, Tz::America__Los_Angeles];

    assert!(!hours(8, 21).hold(&coasts, at("2026-11-23T14:00:00Z")), "six in the west");
    assert!(!hours(8, 21).hold(&coasts, at("2026-11-24T02:30:00Z")), "half past nine in the east");
    assert_eq!(next(hours(8, 21), &coasts, "2026-11-23T14:00:00Z").as_deref(), Some("2026-11-23T16:00:00"));
    assert_eq!(next(hours(8, 21), &coasts, "2026-11-24T02:30:00Z").as_deref(), Some("2026-11-24T16:00:00"));
    assert_eq!(next(hours(8, 21), &coasts, "2026-11-23T18:00:00Z").as_deref(), Some("2026-11-23T18:00:00"), "now");
}

#[test]
fn half_hours_and_places_that_keep_their_clock_count_as_they_are() {
    assert_eq!(next(hours(8, 21), &[Tz::America__St_Johns], "2026-11-23T10:00:00Z").as_deref(), Some("2026-11-23T11:30:00"), "UTC-3:30");
    assert_eq!(
        next(hours(8, 21), &[Tz::America__Phoenix], "2026-07-06T10:00:00Z").as_deref(),
        Some("2026-07-06T15:00:00"),
        "UTC-7 in July"
    );
    assert_eq!(next(hours(8, 21), &[Tz::America__Denver], "2026-07-06T10:00:00Z").as_deref(), Some("2026-07-06T14:00:00"), "UTC-6 in July");
    assert_eq!(next(hours(8, 21), &[Tz::America__Regina], "2026-07-06T10:00:00Z").as_deref(), Some("2026-07-06T14:00:00"), "UTC-6 always");
}

/// In New York clocks go from 02:00 to 03:00 on 2026-03-08 at 07:00 UTC, and back on 2026-11-01 at 06:00 UTC.
#[test]
fn hours_that_begin_in_the_gap_of_spring_begin_at_its_end() {
    let zone = [Tz::America__New_York];

    assert_eq!(next(CallingHours::new(150, 600).expect("hours"), &zone, "2026-03-08T06:00:00Z").as_deref(), Some("2026-03-08T07:00:00"));
    assert_eq!(next(CallingHours::new(125, 175).expect("hours"), &zone, "2026-03-08T06:00:00Z").as_deref(), Some("2026-03-09T06:05:00"));
    assert_eq!(
        next(hours(8, 21), &zone, "2026-03-08T03:00:00Z").as_deref(),
        Some("2026-03-08T12:00:00"),
        "an hour sooner than the day before"
    );
}

#[test]
fn an_hour_that_comes_twice_in_autumn_counts_twice() {
    let (zone, one) = ([Tz::America__New_York], CallingHours::new(60, 90).expect("hours"));

    assert!(one.hold(&zone, at("2026-11-01T05:10:00Z")) && !one.hold(&zone, at("2026-11-01T05:40:00Z")), "in summer time");
    assert_eq!(next(one, &zone, "2026-11-01T05:40:00Z").as_deref(), Some("2026-11-01T06:00:00"), "and again");
    assert_eq!(next(hours(8, 21), &zone, "2026-11-01T04:00:00Z").as_deref(), Some("2026-11-01T13:00:00"));
}

#[test]
fn places_that_have_no_hour_in_common_have_none() {
    let far = [Tz::Pacific__Auckland, Tz::Europe__London];

    assert_eq!(hours(8, 12).next(&far, at("2026-11-23T00:00:00Z")), None);
    assert_eq!(CallingHours::NONE.next(&far, at("2026-11-23T00:00:00Z")), None);
    assert!(!CallingHours::NONE.hold(&far, at("2026-11-23T00:00:00Z")));
    assert_eq!(hours(0, 24).next(&[], at("2026-11-23T00:00:00Z")), None, "nowhere is no place to call");
    assert!(!hours(0, 24).hold(&[], at("2026-11-23T00:00:00Z")));
}

#[test]
fn hours_are_within_a_day_and_in_order() {
    assert!(CallingHours::new(480, 480).is_none() && CallingHours::new(600, 480).is_none() && CallingHours::new(0, 1441).is_none());
    assert_eq!(CallingHours::new(0, 1440).map(|all| all.to_string()).as_deref(), Some("00:00-24:00"));
    assert_eq!(hours(8, 21).to_string(), "08:00-21:00");
}
