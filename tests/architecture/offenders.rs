//! Every rule against files that break it, and against files that only look as if they did.

use super::source::Source;
use super::{Offence, Rule, arrows, borders, shape};

fn found(rule: Rule, path: &str, text: &str) -> Vec<String> {
    rule(&Source::new(path, text)).into_iter().map(|Offence(text)| text).collect()
}

/// Each file breaks the rule once.
fn catches(rule: Rule, offenders: &[(&str, &str)]) {
    for (path, text) in offenders {
        assert_eq!(found(rule, path, text).len(), 1, "{path}: {text}: {:?}", found(rule, path, text));
    }
}

fn lets_pass(rule: Rule, innocents: &[(&str, &str)]) {
    for (path, text) in innocents {
        assert_eq!(found(rule, path, text), Vec::<String>::new(), "{path}: {text}");
    }
}

#[test]
fn an_offence_names_file_line_and_deed() {
    let text = "//! A page.\n\nuse crate::{\n    types::CallId,\n    actors::engine::Engine,\n};\n";

    let offences = found(arrows::imports_point_down, "src/store/mod.rs", text);

    assert_eq!(offences, ["src/store/mod.rs:5: `store` must not know `actors::engine::Engine`"]);
}

#[test]
fn an_arrow_that_runs_up_or_sideways_is_caught() {
    let rule = arrows::imports_point_down;
    catches(
        rule,
        &[
            ("src/types/ids.rs", "use crate::session::event::Turn;"),
            ("src/types/ids.rs", "use crate::audio::FRAME_MS;"),
            ("src/session/mod.rs", "fn f() { crate::metrics::note(\"x\") }"),
            ("src/session/tests/mod.rs", "use crate::governor::Roster;"),
            ("src/twilio/rest.rs", "use super::super::realtime::codec;"),
            ("src/twilio/mod.rs", "use super::actors::port;"),
            ("src/audio.rs", "mod tests { use super::super::session::event; }"),
            ("src/actors/call.rs", "use crate::http::error;"),
            ("src/metrics.rs", "use crate::config::Config;"),
            ("src/config/mod.rs", "use crate::telemetry;"),
            ("src/sim/voice.rs", "use crate::twilio::media::decode;"),
            ("src/sim/voice.rs", "use crate::metrics;"),
            ("src/actors/call.rs", "use crate::*;"),
            ("src/plumbing/mod.rs", "use crate::types::Epoch;"),
        ],
    );
    lets_pass(
        rule,
        &[
            ("src/session/mod.rs", "use crate::types::Epoch; use crate::audio::FRAME_MS; use super::session::event;"),
            ("src/realtime/socket.rs", "use super::codec::is_fatal; use crate::config::Config; use crate::metrics;"),
            ("src/metrics.rs", "use ::metrics::counter; use crate::types::Direction; mod tests { use super::*; }"),
            ("src/telemetry.rs", "use crate::config::Log;"),
            ("src/cli/serve.rs", "use crate::app; use crate::sim::openai; use crate::actors::engine::Engine;"),
            ("src/main.rs", "fn main() { alpha_call::cli::run() }"),
            ("src/lib.rs", "pub mod actors;"),
            ("src/types/ids.rs", "// crate::actors\nconst A: &str = \"crate::actors\";"),
            ("tests/it/main.rs", "use alpha_call::actors::engine::Engine;"),
        ],
    );
}

#[test]
fn http_that_reaches_past_the_engine_is_caught() {
    let rule = arrows::imports_point_down;
    catches(
        rule,
        &[
            ("src/http/health.rs", "use crate::actors::supervisor::Census;"),
            ("src/http/health.rs", "use crate::actors;"),
            ("src/http/calls.rs", "use crate::store::NewCall;"),
            ("src/http/calls.rs", "use crate::twilio::rest::TwilioRest;"),
            ("src/http/calls.rs", "use crate::governor::{Refusal, Roster};"),
            ("src/http/calls.rs", "use crate::session::CallSession;"),
            ("src/http/calls.rs", "use crate::sim::openai;"),
        ],
    );
    lets_pass(
        rule,
        &[
            ("src/http/calls.rs", "use super::error::Problem; use crate::actors::engine::{Engine, EngineError};"),
            ("src/http/media_stream.rs", "use crate::actors::twilio_stream::TwilioStreamActor; use crate::governor::Refusal;"),
            ("src/http/history.rs", "use crate::store::{Call, CallKey, HistoryFilter, Page, StoredTurn}; use crate::types::Code;"),
            (
                "src/http/incoming_call.rs",
                "use crate::actors::inbound::Instruction; use crate::twilio::{signature::Verifier, twiml, webhook};",
            ),
        ],
    );
}

#[test]
fn actix_outside_the_shells_is_caught() {
    let rule = borders::actix_stays_in_the_shells;
    catches(
        rule,
        &[
            ("src/store/mod.rs", "use actix::Addr;"),
            ("src/store/mod.rs", "fn f() { actix_rt::spawn(work()) }"),
            ("src/session/mod.rs", "#[cfg(test)]\nmod tests { #[actix_web::test] async fn f() {} }"),
            ("src/twilio/media.rs", "use awc::Client;"),
            ("src/twilio/rest.rs", "use actix::Actor;"),
            ("src/realtime/socket.rs", "use actix_web::web;"),
            ("src/metrics.rs", "use ::actix_http::Request;"),
            ("src/config/mod.rs", "extern crate actix;"),
        ],
    );
    lets_pass(
        rule,
        &[
            ("src/actors/call.rs", "use actix::Actor;"),
            ("src/app.rs", "use actix_web::HttpServer;"),
            ("src/twilio/rest/tests.rs", "#[actix_rt::test] async fn f() { awc::Client::new() }"),
            ("src/realtime/socket.rs", "use actix_tls::connect::Connect;"),
            ("src/store/mod.rs", "//! `actix::Addr`\nfn f() { \"actix::Addr\"; problem::actix_web::x() }"),
        ],
    );
}

#[test]
fn actix_web_actors_in_a_third_file_is_caught() {
    let rule = borders::the_deprecated_actix_web_actors_stays_in_two_files;
    catches(rule, &[("src/actors/call.rs", "use actix_web_actors::ws;"), ("src/http/mod.rs", "fn f() { actix_web_actors::ws::start() }")]);
    lets_pass(
        rule,
        &[("src/actors/twilio_stream.rs", "use actix_web_actors::ws;"), ("src/http/media_stream.rs", "use actix_web_actors::ws;")],
    );
}

#[test]
fn sql_outside_the_store_is_caught() {
    let rule = borders::sql_stays_in_the_store;
    catches(rule, &[("src/actors/logger.rs", "use sea_orm::DbErr;"), ("src/http/history.rs", "fn f() -> sea_orm::Value {}")]);
    lets_pass(rule, &[("src/store/sql.rs", "use sea_orm::Value;"), ("migration/src/lib.rs", "use sea_orm_migration::prelude::*;")]);
}

#[test]
fn a_runtime_or_a_database_in_the_core_is_caught() {
    let rule = borders::the_core_has_no_runtime_and_no_database;
    catches(
        rule,
        &[
            ("src/session/timer.rs", "use tokio::time::Sleep;"),
            ("src/governor/mod.rs", "#[cfg(test)]\nmod tests { #[tokio::test] async fn f() {} }"),
            ("src/types/ids.rs", "impl From<Id> for sea_orm::Value {}"),
            ("src/audio/mulaw.rs", "use actix::Message;"),
        ],
    );
    lets_pass(rule, &[("src/store/runtime.rs", "use tokio::runtime::Runtime;"), ("src/session/mod.rs", "fn tokio() {}")]);
}

#[test]
fn a_clock_in_the_core_is_caught() {
    let rule = borders::the_core_reads_no_clock;
    catches(
        rule,
        &[
            ("src/session/timer.rs", "fn f() { Instant::now(); }"),
            ("src/session/timer.rs", "fn f() { std::time::SystemTime::now(); }"),
            ("src/governor/strikes.rs", "fn f() { at.unwrap_or_else(chrono::Utc::now) }"),
            ("src/governor/strikes.rs", "fn f() { since.elapsed() }"),
            ("src/types/ids.rs", "fn f() { Uuid::now_v7() }"),
            ("src/types/ids.rs", "#[cfg(test)]\nmod tests {}\nfn f() { Uuid::now_v7() }"),
        ],
    );
    lets_pass(
        rule,
        &[
            (
                "src/session/timer.rs",
                "fn f(now: Instant) { history.elapsed; self.now() }\n#[cfg(test)]\nmod tests { fn g() { Instant::now() } }",
            ),
            ("src/session/tests/mod.rs", "fn f() { Instant::now() }"),
            ("src/governor/roster_tests.rs", "fn f() { Instant::now() }"),
            ("src/actors/clock.rs", "fn f() { Instant::now() }"),
        ],
    );
}

#[test]
fn a_core_that_asks_the_system_is_caught() {
    let rule = borders::the_core_asks_nothing_of_the_system;
    catches(
        rule,
        &[
            ("src/session/policy.rs", "fn f() { std::env::var(\"X\") }"),
            ("src/governor/mod.rs", "use std::{fmt, net::IpAddr};"),
            ("src/types/code.rs", "use std::fs;"),
        ],
    );
    lets_pass(
        rule,
        &[
            ("src/session/tests/properties.rs", "fn f() { std::env::var(\"X\") }"),
            ("src/config/load.rs", "use std::fs;"),
            ("src/types/code.rs", "use std::fmt;"),
        ],
    );
}

#[test]
fn loose_json_on_the_audio_path_is_caught() {
    let rule = borders::audio_is_never_picked_out_of_loose_json;
    catches(
        rule,
        &[
            ("src/twilio/media.rs", "use serde_json::Value;"),
            ("src/realtime/codec/decode.rs", "fn f(v: serde_json::Value) {}"),
            ("src/actors/call.rs", "fn f() { serde_json::json!({}) }"),
            ("src/session/tools.rs", "use serde_json::{from_str, json};"),
        ],
    );
    lets_pass(
        rule,
        &[
            ("src/twilio/media.rs", "use serde_json::value::RawValue; fn f() { serde_json::from_str(text) }"),
            ("src/realtime/codec/tests.rs", "use serde_json::{Value, json};"),
            ("src/twilio/rest.rs", "use serde_json::Value;"),
        ],
    );
}

#[test]
fn a_send_beside_the_port_is_caught() {
    let rule = borders::only_the_port_sends_without_waiting;
    catches(rule, &[("src/actors/call.rs", "fn f() { addr.do_send(x) }"), ("src/http/health.rs", "fn f() { Addr::try_send(a, x) }")]);
    lets_pass(rule, &[("src/actors/port.rs", "fn f() { to.do_send(x) }"), ("src/actors/call.rs", "// do_send\nfn f() { addr.send(x) }")]);
}

#[test]
fn a_file_that_is_too_long_is_caught() {
    let long = "//\n".repeat(501);
    let limit = "//\n".repeat(500);

    catches(shape::files_are_short, &[("src/a.rs", &long), ("tests/a.rs", &long), ("migration/src/a.rs", &long)]);
    lets_pass(shape::files_are_short, &[("src/a.rs", &limit)]);
}

#[test]
fn a_name_that_says_nothing_is_caught() {
    let rule = shape::names_say_what_a_thing_is;
    catches(
        rule,
        &[
            ("src/http/utils.rs", ""),
            ("src/call_info.rs", ""),
            ("tests/common/mod.rs", ""),
            ("src/a.rs", "pub struct CallManager;"),
            ("src/a.rs", "enum HTTPService { A }"),
            ("src/a.rs", "trait DialHelper {}"),
            ("src/a.rs", "type CallData = u8;"),
            ("src/a.rs", "mod misc { }"),
        ],
    );
    lets_pass(rule, &[("src/database.rs", "struct DatabaseUrl; struct Information; fn data() {} // struct Info"), ("src/metadata.rs", "")]);
}
