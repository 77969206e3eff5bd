//! A model session as its server has it: strict about what it is told, and not always well.

mod ear;
mod speech;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use alpha_call::session::event::{ErrorClass, ItemId, ItemKind, ModelCommand, ModelError, ModelEvent, ResponseId, SeedContent, TurnTaking};

use self::ear::Ear;
use self::speech::Response;
use super::agenda::Wire;
use super::luck::Luck;
use super::rule::{Held, Rule, broken, holds};

/// Every sample of an item bears this. 0 is none, and 0xFF is silence.
pub fn tag_of(item: &ItemId) -> u8 {
    let number: u64 = item.strip_prefix('i').and_then(|number| number.parse().ok()).unwrap_or_default();
    u8::try_from(number % 240 + 1).unwrap_or_default()
}

/// What a server does of its own accord, later.
#[derive(Clone, Debug)]
pub enum Step {
    Greet,
    Configured,
    /// The response of this number goes on.
    GoOn(u32),
    /// Nobody knows why it would not.
    Answer,
    Write(ItemId, bool),
    Noise,
    Expire,
}

/// What comes of an order, or of a step.
#[derive(Debug)]
pub enum Deed {
    Tell(ModelEvent),
    Later(Duration, Step),
    /// The connection ends, in the server's word or without one.
    Close {
        retry: bool,
    },
}

pub struct Model {
    /// Whose it is.
    pub call: usize,
    pub stream: usize,
    number: usize,
    /// The ways to the session, and from it.
    pub wire: Wire,
    pub orders: Wire,
    pub is_gone: bool,
    created: bool,
    turns: Option<TurnTaking>,
    ear: Ear,
    responses: u32,
    active: Option<Response>,
    /// The response before, and its item: what is late comes from there.
    last: Option<(ResponseId, ItemId)>,
    /// All items, and what is known of their audio.
    items: BTreeMap<String, Known>,
    tail: Option<ItemId>,
    calls: BTreeSet<String>,
    answered: BTreeSet<String>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Known {
    /// Generated.
    ms: u64,
    cut: bool,
}

impl Model {
    pub fn new(number: usize, call: usize, stream: usize) -> Self {
        Self {
            call,
            stream,
            number,
            wire: Wire::default(),
            orders: Wire::default(),
            is_gone: false,
            created: false,
            turns: None,
            ear: Ear::default(),
            responses: 0,
            active: None,
            last: None,
            items: BTreeMap::new(),
            tail: None,
            calls: BTreeSet::new(),
            answered: BTreeSet::new(),
        }
    }

    /// An order arrives.
    pub fn order(&mut self, luck: &mut Luck<'_>, command: &ModelCommand, deeds: &mut Vec<Deed>) -> Held {
        match command {
            ModelCommand::Open { .. } => {}
            ModelCommand::Configure { turns, .. } => {
                holds(Rule::OneResponse, self.created && self.turns.is_none(), || "configured out of turn".to_owned())?;
                self.turns = Some(*turns);
                if !luck.fails(8) {
                    deeds.push(Deed::Later(luck.ms(20..250), Step::Configured));
                }
            }
            ModelCommand::TakeTurns { turns, .. } => self.turns = Some(*turns),
            ModelCommand::Seed(seed) => self.seeded(&seed.item, &seed.content)?,
            ModelCommand::Append(audio) => {
                holds(Rule::Items, self.turns.is_some(), || "audio before the configuration".to_owned())?;
                self.hear(luck, audio, deeds);
            }
            ModelCommand::Commit { .. } => self.commit(luck, deeds),
            ModelCommand::CreateResponse { .. } => self.asked(luck, deeds),
            ModelCommand::Cancel { response, .. } => self.cancelled(luck, response, deeds),
            ModelCommand::Truncate { item, audio_end_ms, .. } => self.truncated(item, *audio_end_ms)?,
            ModelCommand::Delete { item, .. } => self.deleted(item, deeds),
            ModelCommand::ToolResult { call_id, .. } => {
                holds(Rule::Tools, self.calls.contains(&**call_id), || format!("an answer to {call_id}, which was never called"))?;
                holds(Rule::Tools, self.answered.insert(call_id.to_string()), || format!("a second answer to {call_id}"))?;
            }
        }
        Ok(())
    }

    pub fn step(&mut self, luck: &mut Luck<'_>, step: Step, fresh: &mut u32, deeds: &mut Vec<Deed>) {
        match step {
            Step::Greet => self.greet(luck, deeds),
            Step::Configured if luck.fails(4) => deeds.push(Deed::Tell(ModelEvent::Refused("not so".to_owned()))),
            Step::Configured => deeds.push(Deed::Tell(ModelEvent::Ready)),
            Step::GoOn(number) => self.go_on(luck, number, fresh, deeds),
            Step::Answer => self.respond(luck, deeds),
            Step::Write(item, whole) => self.write(luck, item, whole, deeds),
            Step::Noise => self.noise(luck, deeds),
            Step::Expire => deeds.push(Deed::Close { retry: true }),
        }
    }

    fn greet(&mut self, luck: &mut Luck<'_>, deeds: &mut Vec<Deed>) {
        self.created = true;
        deeds.push(Deed::Tell(ModelEvent::Opened));
        if luck.percent(50) {
            let within = luck.ms(8_000..90_000);
            deeds.push(Deed::Tell(ModelEvent::Expires { within }));
            deeds.push(Deed::Later(within, Step::Expire));
        }
        if luck.fails(150) {
            deeds.push(Deed::Later(luck.ms(100..30_000), Step::Noise));
        }
    }

    fn seeded(&mut self, item: &ItemId, content: &SeedContent) -> Held {
        let fresh = self.items.insert(item.to_string(), Known::default()).is_none();
        self.tail = Some(item.clone());
        holds(Rule::Items, fresh, || format!("item {item} was created twice"))?;
        holds(Rule::Items, item.len() <= 32, || format!("the name {item} is too long"))?;
        let empty = content.said().is_some_and(|(_, text)| text.is_empty());
        holds(Rule::Items, !empty, || format!("item {item} has no words"))
    }

    /// Of what was never generated nothing can be cut off.
    fn truncated(&mut self, item: &ItemId, end: u64) -> Held {
        let Some(known) = self.items.get_mut(&**item) else { return broken(Rule::Items, format!("{item}, which is cut, is not here")) };
        holds(Rule::Items, end > 0 && end <= known.ms, || format!("{item} cut at {end} of {} ms", known.ms))?;
        if std::mem::replace(&mut known.cut, true) {
            return broken(Rule::Items, format!("{item} was cut twice"));
        }
        Ok(())
    }

    fn deleted(&mut self, item: &ItemId, deeds: &mut Vec<Deed>) {
        if self.items.remove(&**item).is_none() {
            deeds.push(error(ErrorClass::Benign));
        } else if self.tail.as_ref() == Some(item) {
            self.tail = None;
        }
    }

    /// An item of this model joins the chain.
    fn add(&mut self, item: &ItemId, kind: ItemKind, deeds: &mut Vec<Deed>) {
        self.items.insert(item.to_string(), Known::default());
        let previous = self.tail.replace(item.clone());
        deeds.push(Deed::Tell(ModelEvent::ItemAdded { item: item.clone(), previous, kind }));
    }
}

fn error(class: ErrorClass) -> Deed {
    Deed::Tell(ModelEvent::Error(ModelError { class, code: String::new(), message: String::new(), caused_by: None }))
}
