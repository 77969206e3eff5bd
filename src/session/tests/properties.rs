//! Random event orders against a model of the two peers. The seed is printed; `SESSION_SEED`
//! replays one.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::*;

const CASES: u32 = 10_000;

/// One thing that happens.
#[derive(Clone, Copy, Debug)]
enum Step {
    CallerFrame,
    Pass(u16),
    LinkUp,
    LinkLost,
    ServerResponds,
    NewItem,
    Delta(u16),
    LateDelta(u16),
    ItemDone,
    ResponseDone(bool),
    SpeechStarted,
    SpeechStopped,
    UserItem,
    UserText,
    UserTextFailed,
    Text,
    MarkReturns,
    GarbageMark(u8),
    Tool(u8),
    ToolAnswers(u8),
    LaneTaken,
    NothingToCancel,
    TransientError,
    Digit(char),
    AnsweredBy,
    BudgetSpent,
    StandbyUp,
    Expires,
    Stopped,
    Lost,
    /// The session dies of a bug, and another one takes its place.
    Panic,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => Just(Step::CallerFrame),
        8 => (1..3_000u16).prop_map(Step::Pass),
        4 => Just(Step::LinkUp),
        1 => Just(Step::LinkLost),
        8 => Just(Step::ServerResponds),
        4 => Just(Step::NewItem),
        10 => (1..6_000u16).prop_map(Step::Delta),
        2 => (1..900u16).prop_map(Step::LateDelta),
        3 => Just(Step::ItemDone),
        5 => any::<bool>().prop_map(Step::ResponseDone),
        4 => Just(Step::SpeechStarted),
        4 => Just(Step::SpeechStopped),
        3 => Just(Step::UserItem),
        3 => Just(Step::UserText),
        1 => Just(Step::UserTextFailed),
        3 => Just(Step::Text),
        12 => Just(Step::MarkReturns),
        1 => any::<u8>().prop_map(Step::GarbageMark),
        2 => (0..4u8).prop_map(Step::Tool),
        2 => (0..5u8).prop_map(Step::ToolAnswers),
        1 => Just(Step::AnsweredBy),
        1 => Just(Step::BudgetSpent),
        1 => Just(Step::StandbyUp),
        1 => Just(Step::Expires),
        1 => Just(Step::LaneTaken),
        1 => Just(Step::NothingToCancel),
        1 => Just(Step::TransientError),
        1 => prop_oneof![Just('5'), Just('7'), Just('7'), Just('0')].prop_map(Step::Digit),
        1 => Just(Step::Stopped),
        1 => Just(Step::Lost),
        1 => Just(Step::Panic),
    ]
}

/// The peers as the session may know them, and what they saw of it.
struct World {
    session: CallSession,
    policy: SessionPolicy,
    now: Instant,
    /// The model's response under way, and one it was asked for.
    active: Option<String>,
    asked: bool,
    responses: u32,
    items: u8,
    /// Responses that were ever interrupted or lost.
    dead_items: Vec<u8>,
    last_response: Option<String>,
    speech: Option<u32>,
    speeches: u32,
    sent: BTreeMap<u8, usize>,
    marks: VecDeque<Mark>,
    generation: u32,
    hangups: u32,
    chronicle: Chronicle,
    tools: VecDeque<ToolCall>,
    /// Model sessions so far: no two of them use the same ids.
    sessions: u32,
    began: Instant,
    /// The newest revision of every turn.
    record: BTreeMap<u32, Turn>,
}

impl World {
    /// Each bit of `manner` is another way to behave.
    fn new(manner: u8) -> Self {
        let now = Instant::now();
        let policy = mannered(manner);
        let mut world = Self {
            session: CallSession::new(now, policy.clone(), History::default()),
            policy,
            now,
            active: None,
            asked: false,
            responses: 0,
            items: 0,
            dead_items: Vec::new(),
            last_response: None,
            speech: None,
            speeches: 0,
            sent: BTreeMap::new(),
            marks: VecDeque::new(),
            generation: 0,
            hangups: 0,
            chronicle: Chronicle::after(&History::default()),
            tools: VecDeque::new(),
            sessions: 0,
            began: now,
            record: BTreeMap::new(),
        };
        world.observe();
        world
    }

    fn input(&mut self, input: Input) {
        self.session.handle_input(self.now, input);
        self.observe();
    }

    fn model(&mut self, event: ModelEvent) {
        self.input(Input::Model(event));
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::CallerFrame => self.input(Input::Leg(LegEvent::Audio(frame()))),
            Step::Pass(time) => self.pass(u64::from(time)),
            Step::LinkUp => {
                self.model(ModelEvent::Opened);
                self.model(ModelEvent::Ready);
            }
            Step::LinkLost => {
                // Nothing of a model session arrives after its loss.
                (self.active, self.last_response) = (None, None);
                (self.asked, self.speech) = (false, None);
                self.model(ModelEvent::Lost { retry: true, reason: String::new() });
            }
            Step::ServerResponds => self.server_responds(),
            Step::NewItem => self.items = self.items.saturating_add(1).min(250),
            Step::Delta(size) => {
                if let Some(response) = self.active.clone() {
                    self.delta(response, size);
                }
            }
            Step::LateDelta(size) => {
                if let Some(response) = self.last_response.clone() {
                    self.delta(response, size);
                }
            }
            Step::ItemDone => self.model(ModelEvent::AudioDone { item: item(self.items) }),
            Step::ResponseDone(ok) => self.response_done(ok),
            Step::SpeechStarted => self.speech_started(),
            Step::SpeechStopped => {
                if let Some(n) = self.speech.take() {
                    self.model(ModelEvent::SpeechStopped { item: format!("u{n}").into() });
                }
            }
            Step::UserItem => {
                let (item, previous) = (format!("u{}", self.speeches).into(), Some(item(self.items)));
                self.model(ModelEvent::ItemAdded { item, previous, kind: ItemKind::User });
            }
            Step::UserTextFailed => self.model(ModelEvent::UserTextFailed { item: format!("u{}", self.speeches).into() }),
            Step::Text => self.model(ModelEvent::Text { item: item(self.items), delta: words("well ") }),
            Step::UserText => {
                self.model(ModelEvent::UserText { item: format!("u{}", self.speeches).into(), text: words("well") });
            }
            Step::MarkReturns => {
                if let Some(mark) = self.marks.pop_front() {
                    self.input(Input::Leg(LegEvent::MarkReached(mark.to_string().into())));
                }
            }
            Step::GarbageMark(n) => {
                self.input(Input::Leg(LegEvent::MarkReached(format!("{}:{n}:{n}0", self.generation).into())));
            }
            Step::Tool(number) => self.tool_called(number),
            Step::ToolAnswers(effect) => self.tool_answers(effect),
            Step::AnsweredBy => self.input(Input::AnsweredBy(AnsweredBy::Human)),
            Step::BudgetSpent => self.input(Input::BudgetSpent),
            Step::Expires => self.model(ModelEvent::Expires { within: ms(1_000) }),
            Step::StandbyUp => {
                self.input(Input::Standby(ModelEvent::Opened));
                self.input(Input::Standby(ModelEvent::Ready));
            }
            Step::LaneTaken => {
                if self.active.is_some() && self.asked {
                    self.asked = false;
                    self.error(ErrorClass::LaneTaken);
                }
            }
            Step::NothingToCancel => {
                if self.active.is_none() && !self.asked {
                    self.error(ErrorClass::NothingToCancel);
                }
            }
            Step::TransientError => {
                if self.active.is_none() {
                    self.asked = false;
                    self.error(ErrorClass::Transient);
                }
            }
            Step::Digit(key) => self.input(Input::Leg(LegEvent::Digit(key))),
            Step::Stopped => self.input(Input::Leg(LegEvent::Stopped)),
            Step::Lost => self.input(Input::Leg(LegEvent::Lost)),
            Step::Panic => self.panic(),
        }
    }

    /// Twice under one number, the call comes again after its item has moved.
    fn tool_called(&mut self, number: u8) {
        let response: ResponseId = self.active.clone().unwrap_or_default().into();
        let (called, call_id) = (ItemId::from(format!("f{number}_{}", self.sessions)), format!("c{number}_{}", self.sessions).into());
        let name = ["end_call", "look_up", "fly", "fly"][usize::from(number)];
        let call = ToolCall { response, item: called.clone(), call_id, name: name.into(), arguments: words("{}") };
        self.model(ModelEvent::ToolCalled(call));
        self.model(ModelEvent::ItemAdded { item: called, previous: Some(item(self.items)), kind: ItemKind::Other });
    }

    fn tool_answers(&mut self, effect: u8) {
        let Some(call) = self.tools.pop_front() else { return };
        let effect = match effect {
            0 => Some(ToolEffect::EndCall),
            1 => Some(ToolEffect::Transfer("+14155550142".parse().expect("a number"))),
            2 => Some(ToolEffect::SendDigits("12#".into())),
            3 => Some(ToolEffect::Hold),
            _ => None,
        };
        self.input(Input::ToolUsed(ToolOutcome { call_id: call.call_id, output: words("{}"), effect }));
    }

    /// What the actor of a call does when its session panics.
    fn panic(&mut self) {
        if self.hangups > 0 {
            return;
        }
        let elapsed = self.now - self.began;
        for turn in self.chronicle.close(elapsed) {
            self.observe_turn(&turn);
        }
        let open: Vec<_> = self.record.values().filter(|turn| is_open(turn)).collect();
        assert!(open.is_empty(), "a panic left open: {open:#?}");
        let history = self.chronicle.history(elapsed);
        self.chronicle = Chronicle::after(&history);
        (self.active, self.last_response) = (None, None);
        (self.asked, self.speech) = (false, None);
        self.session = CallSession::new(self.now, self.policy.clone(), history);
        self.observe();
    }

    fn pass(&mut self, time: u64) {
        let until = self.now + ms(time);
        while let Some(due) = self.session.poll_timeout().filter(|due| *due <= until) {
            assert!(due >= self.now || self.session.poll_timeout().is_some());
            self.now = self.now.max(due);
            self.input(Input::Timeout);
        }
        self.now = until;
    }

    fn error(&mut self, class: ErrorClass) {
        self.model(ModelEvent::Error(ModelError { class, code: String::new(), message: String::new(), caused_by: None }));
    }

    fn server_responds(&mut self) {
        if self.active.is_none() {
            self.asked = false;
            self.responses += 1;
            self.items = self.items.saturating_add(1).min(250);
            let id = format!("r{}", self.responses);
            (self.active, self.last_response) = (Some(id.clone()), Some(id.clone()));
            self.model(ModelEvent::ResponseCreated { response: id.into() });
        }
    }

    fn response_done(&mut self, ok: bool) {
        if let Some(id) = self.active.take() {
            let failed = ResponseStatus::Failed { retry: true, reason: String::new() };
            let status = if ok { ResponseStatus::Completed } else { failed };
            self.model(ModelEvent::ResponseDone { response: id.into(), status, usage: Usage::default() });
        }
    }

    fn speech_started(&mut self) {
        if self.speech.is_none() {
            self.speeches += 1;
            self.speech = Some(self.speeches);
            self.model(ModelEvent::SpeechStarted { item: format!("u{}", self.speeches).into() });
            // The server cancels what it was saying, a little later.
            if let Some(id) = self.active.take() {
                self.delta(id.clone(), 333);
                let response = id.into();
                self.model(ModelEvent::ResponseDone { response, status: ResponseStatus::Cancelled, usage: Usage::default() });
            }
        }
    }

    /// Every sample of an item bears the item's number.
    fn delta(&mut self, response: String, size: u16) {
        let audio = vec![self.items; usize::from(size)].into();
        self.model(ModelEvent::Audio { response: response.into(), item: item(self.items), audio });
    }

    fn observe(&mut self) {
        while let Some(output) = self.session.poll_output() {
            assert_eq!(self.hangups, 0, "{output:?} after the hangup");
            self.chronicle.observe(&output);
            match output {
                Output::Leg(command) => self.observe_leg(command),
                Output::Model(command) => self.observe_model(command),
                Output::Record(record) => self.observe_record(&record),
                Output::Tool(call) => self.tools.push_back(call),
                Output::Promote => {
                    self.sessions += 1;
                    (self.active, self.last_response, self.asked, self.speech) = (None, None, false, None);
                }
                Output::Standby(_) | Output::Transfer(_) => {}
                Output::Hangup(_) => self.hangups += 1,
            }
        }
        if self.hangups > 0 {
            assert_eq!(self.session.poll_timeout(), None);
        }
    }

    fn observe_leg(&mut self, command: LegCommand) {
        match command {
            LegCommand::Play(audio) => {
                assert!(audio.len().is_multiple_of(160) && audio.len() <= 800, "{} bytes", audio.len());
                for tag in audio.iter().filter(|tag| **tag != 0xFF) {
                    assert!(!self.dead_items.contains(tag), "audio of a dead response after a clear");
                    *self.sent.entry(*tag).or_default() += 1;
                }
            }
            LegCommand::Mark(mark) => {
                assert!(mark.generation >= self.generation);
                self.generation = mark.generation;
                self.marks.push_back(mark);
            }
            LegCommand::Clear => self.dead_items = (0..=self.items).collect(),
        }
    }

    fn observe_model(&mut self, command: ModelCommand) {
        match command {
            ModelCommand::CreateResponse { .. } => {
                assert!(self.active.is_none(), "a response was asked for while {:?} is active", self.active);
                assert!(!self.asked, "two responses were asked for");
                self.asked = true;
            }
            ModelCommand::Truncate { item, audio_end_ms, .. } => {
                let tag: u8 = item.trim_start_matches('i').parse().expect("an item of ours");
                let sent = self.sent.get(&tag).copied().unwrap_or_default() / 8;
                assert!(audio_end_ms > 0 && audio_end_ms <= sent as u64, "truncated at {audio_end_ms} of {sent} ms");
            }
            ModelCommand::Open { .. } => {
                self.sessions += 1;
                (self.active, self.last_response) = (None, None);
                (self.asked, self.speech) = (false, None);
            }
            ModelCommand::Seed(seed) => {
                let Some((speaker, text)) = seed.content.said() else { return };
                assert!(!text.is_empty(), "a turn without words was told");
                assert!(speaker != Speaker::System || text.starts_with("The caller "), "{text}");
            }
            ModelCommand::Configure { .. }
            | ModelCommand::TakeTurns { .. }
            | ModelCommand::Commit { .. }
            | ModelCommand::Append(_)
            | ModelCommand::Cancel { .. }
            | ModelCommand::Delete { .. }
            | ModelCommand::ToolResult { .. } => {}
        }
    }

    fn observe_record(&mut self, record: &Record) {
        if let Record::Turn(turn) = record {
            self.observe_turn(turn);
        }
    }

    fn observe_turn(&mut self, turn: &Turn) {
        assert!(turn.heard_ms <= turn.audio_ms);
        assert!(turn.kind == TurnKind::Message || turn.heard.is_empty(), "only what was said is heard");
        if let Some(known) = self.record.insert(turn.seq, turn.clone()) {
            assert!(turn.revision > known.revision, "a revision that is not newer: {known:#?} {turn:#?}");
            assert_eq!((&turn.item, turn.kind), (&known.item, known.kind), "one key for two turns");
        }
        if let Some(tag) = turn.item.as_ref().and_then(|id| id.strip_prefix('i')).and_then(|n| n.parse::<u8>().ok()) {
            let sent = self.sent.get(&tag).copied().unwrap_or_default() / 8;
            assert!(turn.heard_ms <= sent as u64, "heard {} of {sent} ms sent", turn.heard_ms);
        }
    }
}

/// Something of it is still to come.
fn is_open(turn: &Turn) -> bool {
    turn.transcription == Some(Transcription::Pending) || turn.ended.is_none()
}

/// What holds of the record of every call that is over.
fn is_whole(record: &BTreeMap<u32, Turn>) {
    let open: Vec<_> = record.values().filter(|turn| is_open(turn)).collect();
    assert!(open.is_empty(), "left open: {open:#?}");
    let positions: BTreeSet<u32> = record.values().map(|turn| turn.position).collect();
    assert_eq!(positions.len(), record.len(), "two turns in one place");
    for call in record.values().filter(|turn| turn.kind == TurnKind::ToolCall) {
        let is_result = |turn: &&Turn| turn.kind == TurnKind::ToolResult && turn.tool == call.tool && turn.position > call.position;
        assert!(record.values().any(|turn| is_result(&turn)), "no result behind {call:#?}");
    }
}

fn mannered(manner: u8) -> SessionPolicy {
    let is = |bit: u8| manner & bit != 0;
    let phrase = |text: &str| Phrase { text: words(text), audio: is(1).then(|| Bytes::from(vec![0x55; bytes_of(900)])) };
    let opening =
        Opening { greeting: Some(phrase("Hello.")), protected: is(2), human_wait: is(4).then(|| ms(4_000)), ..Opening::default() };
    let patience = Patience { filler: Some(phrase("One moment.")), apology: Some(phrase("Sorry.")), ..policy().patience };
    let min_speech = if is(8) { ms(300) } else { Duration::ZERO };
    let keys =
        BTreeMap::from([('0', KeyAction::Transfer("+14155550142".parse().expect("a number"))), ('5', KeyAction::Use("look_up".into()))]);
    SessionPolicy { opening, patience, min_speech, keys, has_fallback: is(2), ..policy() }
}

fn item(n: u8) -> ItemId {
    format!("i{n}").into()
}

fn seed() -> u64 {
    let given = std::env::var("SESSION_SEED").ok().and_then(|text| text.parse().ok());
    given.unwrap_or_else(|| std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), "seed"))
}

#[test]
fn the_invariants_hold_in_any_order_of_events() {
    let seed = seed();
    println!("SESSION_SEED={seed}");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };

    let result = TestRunner::new_with_rng(config, rng).run(&(0..16_u8, proptest::collection::vec(step(), 1..90)), |(manner, steps)| {
        let mut world = World::new(manner);
        for step in steps {
            world.step(step);
        }
        world.step(Step::Stopped);
        world.pass(2_000);
        prop_assert_eq!(world.hangups, 1, "every call ends in exactly one hangup");
        is_whole(&world.record);
        Ok(())
    });

    assert!(result.is_ok(), "SESSION_SEED={seed}: {}", result.expect_err("a failure"));
}
