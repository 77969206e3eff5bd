//! Which crate and which call belongs where.

use super::paths::Path;
use super::source::Source;
use super::{Offence, offence};

const PURE: [&str; 4] = ["src/types", "src/audio", "src/session", "src/governor"];
const AUDIO_PATH: [&str; 4] = ["src/twilio/media", "src/realtime", "src/session", "src/actors"];

const SHELLS: [&str; 6] = ["src/actors", "src/http", "src/sim", "src/app", "src/main", "src/cli"];
/// Clients of a peer: a socket and an HTTP client, no actor and no server.
const CLIENTS: [&str; 3] = ["src/realtime/socket", "src/twilio/rest", "src/web"];
const CLIENT_CRATES: [&str; 5] = ["awc", "actix_http", "actix_rt", "actix_service", "actix_tls"];
const STREAM_SHELLS: [&str; 2] = ["src/actors/twilio_stream", "src/http/media_stream"];

pub fn actix_stays_in_the_shells(source: &Source<'_>) -> Vec<Offence> {
    let is_actix = |name: &str| name == "actix" || name.starts_with("actix_") || name == "awc";
    let client = is_of_any(source, &CLIENTS);
    let allowed = |name: &str| is_of_any(source, &SHELLS) || client && CLIENT_CRATES.contains(&name);
    crates(source, |name| is_actix(name) && !allowed(name), "belongs to the shells")
}

pub fn the_deprecated_actix_web_actors_stays_in_two_files(source: &Source<'_>) -> Vec<Offence> {
    let elsewhere = !is_of_any(source, &STREAM_SHELLS);
    crates(source, |name| elsewhere && name == "actix_web_actors", "belongs to the phone stream alone")
}

pub fn sql_stays_in_the_store(source: &Source<'_>) -> Vec<Offence> {
    let elsewhere = !source.is_of("src/store");
    crates(source, |name| elsewhere && matches!(name, "sea_orm" | "sea_orm_migration" | "sea_query" | "sqlx"), "belongs to the store")
}

pub fn the_core_has_no_runtime_and_no_database(source: &Source<'_>) -> Vec<Offence> {
    let pure = is_of_any(source, &PURE);
    let runtime = |name: &str| matches!(name, "tokio" | "awc" | "sea_orm" | "sqlx") || name.starts_with("actix");
    crates(source, |name| pure && runtime(name), "has no place in the core")
}

pub fn the_core_reads_no_clock(source: &Source<'_>) -> Vec<Offence> {
    let clock = |path: &Path<'_>| {
        let last = path.segments.last().copied().unwrap_or_default();
        let owner = path.segments.iter().rev().nth(1).copied().unwrap_or_default();
        last.starts_with("now_v") || last == "now" && matches!(owner, "Instant" | "SystemTime" | "Utc" | "Local")
    };
    let mut offences = in_the_core(source, clock, "time is an argument");
    // `Instant::elapsed` asks the clock; a field of that name does not.
    let called =
        |at: usize| [".", "elapsed", "("].iter().enumerate().all(|(n, word)| source.tokens.get(at + n).is_some_and(|t| t.text == *word));
    let elapsed = (0..source.tokens.len()).filter(|at| is_of_any(source, &PURE) && called(*at) && !source.is_test(*at));
    offences.extend(elapsed.filter_map(|at| source.tokens.get(at)).map(|t| offence(source, t.line, "`.elapsed()`: time is an argument")));
    offences
}

pub fn the_core_asks_nothing_of_the_system(source: &Source<'_>) -> Vec<Offence> {
    let system = |path: &Path<'_>| {
        let second = path.segments.get(1).copied().unwrap_or_default();
        path.segments.first() == Some(&"std") && matches!(second, "env" | "fs" | "net" | "process" | "thread")
    };
    in_the_core(source, system, "the core is told what it has to know")
}

pub fn audio_is_never_picked_out_of_loose_json(source: &Source<'_>) -> Vec<Offence> {
    let loose = |path: &&Path<'_>| {
        let any = |names: &[&str]| path.segments.iter().any(|segment| names.contains(segment));
        path.segments.first() == Some(&"serde_json") && any(&["Value", "Map", "json", "to_value", "from_value", "*"])
    };
    let strict = is_of_any(source, &AUDIO_PATH);
    let found = source.outer_paths().filter(|path| strict && loose(path) && !source.is_test(path.at));
    found.map(|path| offence(source, path.line, format!("`{}`: name the fields in a struct", path.segments.join("::")))).collect()
}

pub fn only_the_port_sends_without_waiting(source: &Source<'_>) -> Vec<Offence> {
    let elsewhere = source.is_below("src") && !source.is_of("src/actors/port");
    let sends = source.tokens.iter().filter(|token| elsewhere && matches!(token.text, "do_send" | "try_send"));
    sends.map(|token| offence(source, token.line, format!("`{}`: use actors::port, which knows the two lanes", token.text))).collect()
}

fn is_of_any(source: &Source<'_>, modules: &[&str]) -> bool {
    modules.iter().any(|module| source.is_of(module))
}

/// Crates that must not be named here, in tests as little as elsewhere.
fn crates(source: &Source<'_>, forbidden: impl Fn(&str) -> bool, why: &str) -> Vec<Offence> {
    let named = source.outer_paths().filter(|path| path.segments.first().is_some_and(|name| source.is_below("src") && forbidden(name)));
    named.map(|path| offence(source, path.line, format!("`{}` {why}", path.segments.join("::")))).collect()
}

fn in_the_core(source: &Source<'_>, forbidden: impl Fn(&Path<'_>) -> bool, why: &str) -> Vec<Offence> {
    let pure = is_of_any(source, &PURE);
    let found = source.outer_paths().filter(|path| pure && forbidden(path) && !source.is_test(path.at));
    found.map(|path| offence(source, path.line, format!("`{}`: {why}", path.segments.join("::")))).collect()
}
