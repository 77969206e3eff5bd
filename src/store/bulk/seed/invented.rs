//! A call, from the request to its end, with all that it leaves behind.

use chrono::{DateTime, TimeDelta, Utc};
use fastrand::Rng;
use uuid::Builder;

use super::super::super::entity::{Private, call, stream, turn};
use super::super::super::sql::signed;
use super::super::super::tally::Tally;
use super::SeedPlan;
use super::chance::{self, Calendar, happens, log_normal, pick, weighted};
use super::phrases::{self, PERSONAS, Persona};
use super::talk::Talk;
use crate::types::{CallStatus, Code, Direction, HangupCause};

const OURS: &str = "+14155550100";
/// Area codes; the numbers themselves are those kept for fiction, 555-0100 to 555-0199.
const AREAS: [u32; 24] =
    [201, 206, 212, 214, 303, 305, 312, 313, 404, 406, 412, 415, 416, 503, 512, 514, 602, 604, 615, 617, 702, 713, 808, 919];
const OWNERS: [&str; 3] = ["voice-a", "voice-b", "voice-c"];
const MODEL: &str = "gpt-realtime";
/// Billionths of a dollar for a minute of the phone line.
const INBOUND_MINUTE: i64 = 8_500_000;
const OUTBOUND_MINUTE: i64 = 14_000_000;
/// How much lengths of calls differ.
const SIGMA: f64 = 0.55;
const LONGEST: f64 = 8.0;

#[derive(Clone, Copy)]
enum Fate {
    Refused(Code),
    Missed(HangupCause),
    Talked(HangupCause),
}

use Fate::{Missed, Refused, Talked};

const LEAST: Fate = Talked(HangupCause::CallerHungUp);
const INBOUND: [(u32, Fate); 9] = [
    (20, Refused(Code::AtCapacity)),
    (10, Missed(HangupCause::NeverConnected)),
    (560, LEAST),
    (330, Talked(HangupCause::AssistantEnded)),
    (45, Talked(HangupCause::CallerIdle)),
    (6, Talked(HangupCause::MaxDuration)),
    (4, Talked(HangupCause::Requested)),
    (15, Talked(HangupCause::ModelUnavailable)),
    (10, Talked(HangupCause::StreamLost)),
];
const OUTBOUND: [(u32, Fate); 9] = [
    (30, Refused(Code::CoolingDown)),
    (10, Refused(Code::NotAuthorized)),
    (170, Missed(HangupCause::NoAnswer)),
    (60, Missed(HangupCause::Busy)),
    (10, Missed(HangupCause::Canceled)),
    (20, Missed(HangupCause::CarrierFailed)),
    (300, LEAST),
    (380, Talked(HangupCause::AssistantEnded)),
    (20, Talked(HangupCause::CallerIdle)),
];
/// Of a hundred calls, those that come to us, and roughly those in which something is said.
const INBOUND_SHARE: f64 = 62.0;
const TALKED_SHARE: f64 = 0.868;

pub(super) struct Inventor {
    plan: SeedPlan,
    calendar: Calendar,
}

pub(super) struct Invented {
    pub(super) call: call::Model,
    pub(super) turns: Vec<turn::Model>,
    pub(super) streams: Vec<stream::Model>,
}

impl Inventor {
    pub(super) const fn new(plan: SeedPlan, calendar: Calendar) -> Self {
        Self { plan, calendar }
    }

    /// The same one for the same number, whatever came before.
    pub(super) fn call(&self, number: u64) -> Invented {
        let mut rng = chance::of_call(self.plan.random_seed, number);
        let part = (number as f64 + rng.f64()) / self.plan.calls as f64;
        let initiated_at = self.calendar.moment(part);
        let direction = if happens(&mut rng, INBOUND_SHARE) { Direction::Inbound } else { Direction::Outbound };
        let persona = persona(&mut rng, direction);
        let call = begun(&mut rng, direction, persona, initiated_at);
        let fates = if direction == Direction::Inbound { &INBOUND } else { &OUTBOUND };
        match weighted(&mut rng, fates, LEAST) {
            Refused(code) => alone(refused(call, code)),
            Missed(cause) => alone(missed(&mut rng, call, cause)),
            Talked(cause) => self.talked(&mut rng, persona, call, cause),
        }
    }

    fn talked(&self, rng: &mut Rng, persona: &'static Persona, call: call::Model, cause: HangupCause) -> Invented {
        let call = connected(rng, call);
        let (begun, mean) = (call.connected_at.unwrap_or(call.initiated_at), f64::from(self.plan.turns) / TALKED_SHARE);
        let turns = log_normal(rng, mean, SIGMA).min(mean * LONGEST).round().max(1.0) as usize;
        let mut talk = Talk::new(rng, persona, call.id.clone(), begun);
        talk.through(turns, cause.as_str());
        let (length, turns, mut streams) = (talk.length_ms(), talk.turns, talk.streams);
        for stream in &mut streams {
            stream.owner = call.owner.clone().unwrap_or_default();
        }
        let call = counted(ended(call, cause, length), &turns, &streams);
        Invented { call, turns, streams }
    }
}

const fn alone(call: call::Model) -> Invented {
    Invented { call, turns: Vec::new(), streams: Vec::new() }
}

fn persona(rng: &mut Rng, direction: Direction) -> &'static Persona {
    let [reception, support, reminders] = &PERSONAS;
    match direction {
        Direction::Outbound => reminders,
        Direction::Inbound if happens(rng, 55.0) => reception,
        Direction::Inbound => support,
    }
}

/// A few thousand people, some of whom call often.
fn somebody(rng: &mut Rng) -> String {
    let area = pick(rng, &AREAS);
    let line = (rng.f64() * rng.f64() * 100.0) as u32;
    format!("+1{area}55501{line:02}")
}

fn begun(rng: &mut Rng, direction: Direction, persona: &Persona, initiated_at: DateTime<Utc>) -> call::Model {
    let mut random = [0; 10];
    rng.fill(&mut random);
    let millis = u64::try_from(initiated_at.timestamp_millis()).unwrap_or_default();
    let id = Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
    let them = somebody(rng);
    let (from, to) = if direction == Direction::Inbound { (them, OURS.to_owned()) } else { (OURS.to_owned(), them) };
    call::Model {
        id: id.to_string(),
        call_sid: Some(format!("CA{}", id.simple())),
        stream_sid: None,
        direction: direction.as_str().to_owned(),
        from_number: Private(from),
        to_number: Private(to),
        caller_name: happens(rng, 70.0).then(|| Private(phrases::name(rng).to_owned())),
        assistant: persona.name.to_owned(),
        model: MODEL.to_owned(),
        voice: persona.voice.to_owned(),
        system_message: Some(Private(persona.instructions.to_owned())),
        status: CallStatus::Initiated.as_str().to_owned(),
        twilio_status: None,
        answered_by: None,
        ended_reason: None,
        refusal: None,
        error_code: None,
        error: None,
        epoch: 0,
        owner: Some(pick(rng, &OWNERS).to_owned()),
        initiated_at,
        claimed_at: None,
        ringing_at: None,
        connected_at: None,
        ended_at: None,
        duration_ms: None,
        first_audio_ms: None,
        latency_p50_ms: None,
        latency_p95_ms: None,
        ai_responses: 0,
        user_inputs: 0,
        interruptions: 0,
        ai_interruptions: 0,
        tool_calls: 0,
        resumes: 0,
        reconnects: 0,
        frames_dropped: 0,
        audio_in_ms: 0,
        audio_out_ms: 0,
        text_in_tokens: 0,
        audio_in_tokens: 0,
        text_out_tokens: 0,
        audio_out_tokens: 0,
        cached_text_tokens: 0,
        cached_audio_tokens: 0,
        model_cost_nanos: 0,
        transcription_cost_nanos: 0,
        carrier_cost_nanos: 0,
        price_version: None,
        recording_sid: None,
        recording_url: None,
        recording_ms: None,
        metadata: happens(rng, 10.0).then(|| serde_json::json!({ "campaign": pick(rng, &["spring", "autumn", "renewal"]) })),
        decision: None,
        wish: None,
        scheduled_at: None,
        looked_at: None,
        api_key_id: None,
        stir_verstat: None,
    }
}

fn refused(call: call::Model, code: Code) -> call::Model {
    call::Model {
        call_sid: None,
        owner: None,
        status: CallStatus::Failed.as_str().to_owned(),
        refusal: Some(code.as_str().to_owned()),
        ended_at: Some(call.initiated_at),
        ..call
    }
}

fn missed(rng: &mut Rng, call: call::Model, cause: HangupCause) -> call::Model {
    let (word, seconds) = match cause {
        HangupCause::NoAnswer => ("no-answer", 20..35),
        HangupCause::Busy => ("busy", 2..6),
        HangupCause::Canceled => ("canceled", 3..20),
        HangupCause::CarrierFailed => ("failed", 1..4),
        _ => ("completed", 1..8),
    };
    let failed = cause == HangupCause::CarrierFailed;
    let rings = matches!(cause, HangupCause::NoAnswer | HangupCause::Canceled);
    call::Model {
        status: cause.status().as_str().to_owned(),
        twilio_status: Some(word.to_owned()),
        ended_reason: Some(cause.as_str().to_owned()),
        error_code: failed.then(|| "13224".to_owned()),
        error: failed.then(|| "the number cannot be reached".to_owned()),
        ringing_at: rings.then(|| call.initiated_at + TimeDelta::milliseconds(rng.i64(600..2_000))),
        ended_at: Some(call.initiated_at + TimeDelta::milliseconds(rng.i64(seconds) * 1_000 + rng.i64(0..1_000))),
        ..call
    }
}

fn connected(rng: &mut Rng, call: call::Model) -> call::Model {
    let outbound = call.direction == Direction::Outbound.as_str();
    let wait = if outbound { rng.i64(3_000..18_000) } else { rng.i64(250..1_200) };
    let after = |ms: i64| Some(call.initiated_at + TimeDelta::milliseconds(ms));
    call::Model {
        stream_sid: Some(format!("MZ{:032x}", rng.u128(..))),
        answered_by: outbound.then(|| if happens(rng, 85.0) { "human" } else { "machine_start" }.to_owned()),
        ringing_at: if outbound { after(rng.i64(600..2_500)) } else { None },
        claimed_at: after(wait - rng.i64(20..200)),
        connected_at: after(wait),
        first_audio_ms: Some(log_normal(rng, 420.0, 0.4).clamp(90.0, 3_000.0) as i64),
        ..call
    }
}

fn ended(call: call::Model, cause: HangupCause, length_ms: u64) -> call::Model {
    let minute = if call.direction == Direction::Inbound.as_str() { INBOUND_MINUTE } else { OUTBOUND_MINUTE };
    call::Model {
        status: cause.status().as_str().to_owned(),
        twilio_status: Some("completed".to_owned()),
        ended_reason: Some(cause.as_str().to_owned()),
        ended_at: call.connected_at.map(|at| at + TimeDelta::milliseconds(signed(length_ms))),
        duration_ms: Some(signed(length_ms)),
        carrier_cost_nanos: signed(length_ms.div_ceil(60_000)).saturating_mul(minute),
        ..call
    }
}

/// By the arithmetic that counts every call.
fn counted(call: call::Model, turns: &[turn::Model], streams: &[stream::Model]) -> call::Model {
    let mut tally = Tally::default();
    for turn in turns {
        tally.said(&turn.speaker, &turn.kind, turn.interrupted, turn.latency_ms);
    }
    tally.streams.extend_from_slice(streams);
    let epoch = streams.iter().map(|stream| stream.epoch).max().unwrap_or_default();
    tally.into_row(call::Model { epoch, ..call })
}
