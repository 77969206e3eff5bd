//! How the calls of a world behave, and what they are allowed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use alpha_call::audio::bytes_of;
use alpha_call::governor::{
    AdmissionPolicy, Authorization, Callers, CallingHours, Capacity, CompliancePolicy, DayBudgets, ResumePolicy, RosterPolicy,
};
use alpha_call::session::policy::{KeyAction, Opening, Patience, Phrase, Profile, SessionPolicy, Tool, TurnDetection};
use alpha_call::types::{PhoneNumber, Redacted};
use bytes::Bytes;

use super::chance::Chance;

/// Of phrases that we say ourselves; no item of a model has it.
const OURS: u8 = 250;

pub fn number() -> PhoneNumber {
    "+14155550142".parse().expect("a number")
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn phrase(chance: &mut Chance, text: &str) -> Phrase {
    let audio = chance.percent(60).then(|| Bytes::from(vec![OURS; bytes_of(chance.within(150..1_800))]));
    Phrase { text: Redacted(text.to_owned()), audio }
}

/// Of one call.
pub fn session(chance: &mut Chance, outbound: bool) -> SessionPolicy {
    let greeting = chance.percent(85).then(|| phrase(chance, "Hello, you are talking to a machine."));
    let opening = Opening {
        greeting,
        human_wait: outbound.then(|| chance.ms(1_000..5_000)).filter(|_| chance.percent(50)),
        first_words: chance.percent(30),
        protected: chance.percent(25),
        closed: chance.percent(2),
        voicemail: chance.percent(50).then(|| phrase(chance, "Please call back.")),
    };
    let patience = Patience {
        filler_after: ms(1_500),
        filler: chance.percent(60).then(|| phrase(chance, "One moment.")),
        retry_after: ms(5_000),
        apology_after: ms(10_000),
        apology: chance.percent(60).then(|| phrase(chance, "I am sorry.")),
    };
    SessionPolicy {
        profile: profile(),
        opening,
        patience,
        keys: keys(),
        min_speech: if chance.percent(40) { ms(300) } else { Duration::ZERO },
        max_turn: ms(15_000),
        tool_timeout: ms(4_000),
        max_tool_calls: 6,
        max_hold: ms(12_000),
        lead: chance.pick(&[ms(400), ms(800), ms(1_500)]),
        max_queued_ms: 12_000,
        mark_grace: ms(2_000),
        ring_ms: 3_000,
        gap: ms(750),
        media_silence: ms(6_000),
        model_wait: ms(6_000),
        model_silence: ms(8_000),
        idle: ms(9_000),
        max_duration: chance.pick(&[ms(45_000), ms(180_000), ms(180_000)]),
        end_warning: ms(10_000),
        renew_before: ms(12_000),
        max_stream: None,
        has_fallback: chance.percent(40),
        goodbye: ms(8_000),
        max_reconnects: 3,
        reconnect_pause: ms(250),
    }
}

fn keys() -> BTreeMap<char, KeyAction> {
    BTreeMap::from([('0', KeyAction::Transfer(number())), ('5', KeyAction::Use("look_up".to_owned())), ('9', KeyAction::HangUp)])
}

fn profile() -> Arc<Profile> {
    let tool = |name: &str| Tool { name: name.to_owned(), description: String::new(), parameters: "{}".to_owned() };
    Arc::new(Profile {
        model: "m".to_owned(),
        voice: "v".to_owned(),
        speed: None,
        instructions: String::new(),
        language: None,
        transcription_model: None,
        turn_detection: TurnDetection::Server { threshold: 0.5, prefix_padding_ms: 300, silence_duration_ms: 500 },
        noise_reduction: None,
        reasoning: None,
        max_output_tokens: 1_024,
        tools: ["end_call", "look_up", "hold", "keys", "hand_over"].map(tool).to_vec(),
        remote_tools: Vec::new(),
    })
}

pub fn admission(limit: u32, budget: Option<u64>) -> AdmissionPolicy {
    AdmissionPolicy {
        authorization: Authorization::new([number()], false),
        callers: Callers::default(),
        compliance: CompliancePolicy { hours: CallingHours::new(0, 24 * 60).expect("hours"), require_consent: false },
        calls: Capacity::new(limit),
        spare: Capacity::new(limit),
        cooldown: Duration::ZERO,
        budgets: DayBudgets { all: budget, key: None },
        missing: Vec::new(),
    }
}

pub const ROSTER: RosterPolicy = RosterPolicy {
    claim: Duration::from_secs(10),
    place: Duration::from_secs(90),
    answer: Duration::from_secs(30),
    resume: Duration::from_secs(15),
    transfer: Duration::from_secs(60),
    asked: Duration::from_secs(3),
    resumes: ResumePolicy { most: 3, window: Duration::from_secs(300), apart: Duration::from_secs(2) },
};
