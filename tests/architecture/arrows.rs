//! Which part may know which: `docs/architecture.md` has the picture.

use super::source::Source;
use super::{Offence, offence};

/// Parts by height. An arrow points down; only the wiring on top may look sideways.
const TIERS: [(&str, u8); 14] = [
    ("types", 0),
    ("audio", 0),
    ("session", 1),
    ("governor", 1),
    ("twilio", 2),
    ("realtime", 2),
    ("store", 2),
    ("web", 2),
    ("actors", 3),
    ("http", 4),
    ("sim", 4),
    ("cli", WIRING),
    ("app", WIRING),
    ("main", WIRING),
];
const WIRING: u8 = 5;

/// Parts that stand beside the tiers; from this height on everybody may use them.
const BESIDE: [&str; 3] = ["config", "telemetry", "metrics"];
const BESIDE_FROM: u8 = 2;

/// Of the engine, HTTP knows the way in, what it yields, and the stream it upgrades to; of the store, what reads.
const HTTP_KNOWS: [&str; 37] = [
    "actors::engine",
    "actors::events",
    "actors::inbound",
    "actors::journals",
    "actors::kin",
    "actors::twilio_stream",
    "store::Analytics",
    "store::AnalyticsQuery",
    "store::Call",
    "store::CallKey",
    "store::CallStore",
    "store::Costs",
    "store::Cursor",
    "store::DeliveryFilter",
    "store::HistoryFilter",
    "store::Interval",
    "store::ListedCall",
    "store::ListedNumber",
    "store::Page",
    "store::Recording",
    "store::RemovedNumber",
    "store::Slice",
    "store::Sort",
    "store::StoreError",
    "store::StoredConsent",
    "store::StoredDelivery",
    "store::StoredTurn",
    "store::TokenCounts",
    "twilio::signature",
    "twilio::twiml",
    "twilio::webhook",
    "governor::Refusal",
    "governor::velocity",
    "types",
    "config",
    "metrics",
    "telemetry::trace",
];
const SIM_KNOWS: [&str; 3] = ["types", "audio", "config"];
const TELEMETRY_KNOWS: [&str; 2] = ["types", "config"];
const BESIDE_KNOWS: [&str; 1] = ["types"];

pub fn imports_point_down(source: &Source<'_>) -> Vec<Offence> {
    let module = source.module();
    let Some(from) = module.first().copied().filter(|_| source.is_below("src")) else { return Vec::new() };
    if from == "lib" {
        return Vec::new();
    }
    if !BESIDE.contains(&from) && tier(from).is_none() {
        return vec![offence(source, 1, format!("`{from}` has no tier: give it one in tests/architecture/arrows.rs"))];
    }
    let arrows = source.inner_paths();
    let bad = arrows.iter().filter(|path| path.segments.first() != Some(&from) && !may(from, &path.segments));
    bad.map(|path| offence(source, path.line, format!("`{from}` must not know `{}`", path.segments.join("::")))).collect()
}

fn tier(module: &str) -> Option<u8> {
    TIERS.iter().find(|(name, _)| *name == module).map(|(_, tier)| *tier)
}

fn may(from: &str, to: &[&str]) -> bool {
    match from {
        "http" => knows(&HTTP_KNOWS, to),
        "sim" => knows(&SIM_KNOWS, to),
        "telemetry" => knows(&TELEMETRY_KNOWS, to),
        "config" | "metrics" => knows(&BESIDE_KNOWS, to),
        _ => points_down(tier(from), to.first().copied().unwrap_or_default()),
    }
}

fn knows(list: &[&str], to: &[&str]) -> bool {
    list.iter().any(|known| known.split("::").enumerate().all(|(n, part)| to.get(n) == Some(&part)))
}

fn points_down(from: Option<u8>, to: &str) -> bool {
    let Some(from) = from else { return false };
    match tier(to) {
        Some(to) => to < from || from == WIRING,
        None => BESIDE.contains(&to) && from >= BESIDE_FROM,
    }
}
