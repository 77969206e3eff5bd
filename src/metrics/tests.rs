use std::time::Duration;

use super::*;
use crate::types::{ActorKind, Direction, HangupCause};

fn value_of(text: &str, line: &str) -> f64 {
    let found = text.lines().find_map(|l| l.strip_prefix(line)).unwrap_or("0");
    found.trim().parse().expect("a number")
}

#[test]
fn installing_twice_gives_the_same_recorder() {
    let (first, second) = (install(), install());

    note("installed_twice");

    assert_eq!(value_of(&render(&first), "alpha_call_notes_total{note=\"installed_twice\"}"), 1.0);
    assert_eq!(value_of(&render(&second), "alpha_call_notes_total{note=\"installed_twice\"}"), 1.0);
}

#[test]
fn calls_are_counted_by_direction_and_cause() {
    let handle = install();
    let line = "alpha_call_calls_total{direction=\"inbound\",outcome=\"failed\",cause=\"drained\"}";
    let before = value_of(&render(&handle), line);

    call_ended(Direction::Inbound, HangupCause::Drained);

    assert_eq!(value_of(&render(&handle), line), before + 1.0);
}

#[test]
fn frames_are_counted_by_leg_and_direction() {
    let handle = install();
    let line = "alpha_call_media_frames_total{leg=\"phone\",direction=\"out\"}";
    let before = value_of(&render(&handle), line);

    frames(Leg::Phone, Flow::Out, 5);
    frames(Leg::Model, Flow::Out, 7);

    assert_eq!(value_of(&render(&handle), line), before + 5.0);
}

#[test]
fn latencies_fall_into_buckets() {
    let handle = install();

    turn_latency(Duration::from_millis(450));

    let text = render(&handle);
    assert_eq!(value_of(&text, "alpha_call_turn_latency_seconds_bucket{le=\"0.4\"}"), 0.0);
    assert_eq!(value_of(&text, "alpha_call_turn_latency_seconds_bucket{le=\"0.5\"}"), 1.0);
}

#[test]
fn an_actor_is_counted_while_it_lives_waits_while_it_is_sent_to_and_is_timed_while_it_works() {
    let (handle, kind) = (install(), ActorKind::DialQueue);

    actor_started(kind);
    actor_started(kind);
    actor_stopped(kind, "panicked");
    actor_panicked(kind);
    let waiting = (Waiting::of(kind), Waiting::of(kind));
    drop(waiting.0);
    (0..32).for_each(|_| drop(handling(kind)));

    let text = render(&handle);
    assert_eq!(value_of(&text, "alpha_call_actors{kind=\"dial_queue\"}"), 1.0);
    assert_eq!(value_of(&text, "alpha_call_actors_stopped_total{kind=\"dial_queue\",exit=\"panicked\"}"), 1.0);
    assert_eq!(value_of(&text, "alpha_call_actors_panicked_total{kind=\"dial_queue\"}"), 1.0);
    assert_eq!(value_of(&text, "alpha_call_actor_mailbox_messages{kind=\"dial_queue\"}"), 1.0);
    assert_eq!(value_of(&text, "alpha_call_actor_messages_total{kind=\"dial_queue\"}"), 32.0);
    assert_eq!(value_of(&text, "alpha_call_actor_handling_seconds_count{kind=\"dial_queue\"}"), 2.0);
    let figures = actor_figures(kind);
    assert!(figures.handling_p50 <= figures.handling_p99 && figures.handling_p99 < Some(Duration::from_secs(1)), "{figures:?}");
}

/// Of how many there were, and what they say, a scrape before the first call tells already.
#[test]
fn every_metric_is_there_from_the_start() {
    let text = render(&install());

    for Metric { name, kind, meaning, .. } in ALL {
        assert!(text.contains(&format!("# HELP {name} {meaning}\n")), "{name} is not explained");
        assert!(text.contains(&format!("# TYPE {name} {}\n", kind.as_str())), "{name} is not there");
    }
}

#[test]
fn every_label_is_in_the_catalogue() {
    let text = render(&install());

    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some((series, labels)) = line.split_once('{') else { continue };
        let is_of = |name: &str| ["", "_bucket", "_sum", "_count"].iter().any(|part| series.strip_suffix(part) == Some(name));
        let metric = ALL.iter().find(|metric| is_of(metric.name)).unwrap_or_else(|| panic!("{series} is not in the catalogue"));
        for label in labels.split("\",").filter_map(|label| label.split_once('=')).map(|(label, _)| label).filter(|label| *label != "le") {
            assert!(metric.labels.contains(&label), "{} has no label {label}", metric.name);
        }
    }
}

#[test]
fn tools_are_counted_by_name_and_outcome_and_timed() {
    let handle = install();

    tool_used("slots", "timed_out", Duration::from_millis(450));

    let text = render(&handle);
    assert_eq!(value_of(&text, "alpha_call_tool_calls_total{tool=\"slots\",outcome=\"timed_out\"}"), 1.0);
    assert_eq!(value_of(&text, "alpha_call_tool_seconds_bucket{tool=\"slots\",le=\"0.5\"}"), 1.0);
}

#[test]
fn a_method_that_a_client_made_up_is_no_label() {
    let handle = install();

    http_request("/health", "BREW", 405, Duration::from_millis(1));

    assert!(render(&handle).contains("alpha_call_http_requests_total{route=\"/health\",method=\"other\",status=\"405\"} 1"));
}
