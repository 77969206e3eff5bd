//! A session as xAI has it: voice and turn detection at its top, formats alone below `audio`, and no key but these.

use crate::realtime::dialect::Dialect;
use crate::realtime::wire::client::{FlatAudio, FlatSession, FlatTurns, Format, Formatted, ServerVad, Tool};
use crate::session::event::TurnTaking;
use crate::session::policy::{Profile, TurnDetection};

pub(super) fn session<'a>(profile: &'a Profile, turns: TurnTaking, tools: Vec<Tool<'a>>) -> FlatSession<'a> {
    let mu_law = || Formatted { format: Format::MuLaw };
    FlatSession {
        instructions: &profile.instructions,
        voice: Dialect::Xai.voice(&profile.voice),
        turn_detection: turn_detection(profile.turn_detection, turns),
        audio: FlatAudio { input: mu_law(), output: mu_law() },
        tools,
    }
}

pub(super) fn turns(profile: &Profile, turns: TurnTaking) -> FlatTurns {
    FlatTurns { turn_detection: turn_detection(profile.turn_detection, turns) }
}

/// There is no detection by meaning: that by loudness stands for it, as its server likes it.
fn turn_detection(detection: TurnDetection, turns: TurnTaking) -> ServerVad {
    let by_server = turns == TurnTaking::ByServer;
    let of_server = ServerVad { create_response: by_server, interrupt_response: by_server, ..ServerVad::default() };
    match detection {
        TurnDetection::Server { threshold, prefix_padding_ms, silence_duration_ms } => ServerVad {
            threshold: Some(threshold),
            prefix_padding_ms: Some(prefix_padding_ms),
            silence_duration_ms: Some(silence_duration_ms),
            ..of_server
        },
        TurnDetection::Semantic(_) => of_server,
    }
}
