//! What happens, told on a terminal: calls by their heads, turns once they are over.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::args::Shape;
use super::frames::Frame;
use super::get::coloured;
use super::told::{CallLine, Event, Subject, clock, dollars, plain};
use super::turns::TurnLine;
use crate::cli::screen::{Paint, complain, tell};

const TURN: &str = "call.turn";

/// A turn of a call.
type Place = (String, (u32, u32));

pub struct Teller {
    format: Shape,
    words: bool,
    paint: Paint,
    /// The call that was told of last.
    current: Option<String>,
    known: HashMap<String, CallLine>,
    told: HashSet<Place>,
    /// Turns that go on.
    open: BTreeMap<Place, TurnLine>,
    said_mute: bool,
    is_silent: bool,
    is_deaf: bool,
}

impl Teller {
    #[must_use]
    pub fn new(format: Shape, words: bool) -> Self {
        let paint = Paint::detect();
        let (known, told, open) = (HashMap::new(), HashSet::new(), BTreeMap::new());
        Self { format, words, paint, current: None, known, told, open, said_mute: false, is_silent: false, is_deaf: false }
    }

    /// Hears, and says nothing.
    #[must_use]
    pub fn silent(self, is_silent: bool) -> Self {
        Self { is_silent, ..self }
    }

    /// Nobody reads any more.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.is_deaf
    }

    /// Whether turns are to be read.
    #[must_use]
    pub fn wants_words(&self) -> bool {
        self.words && self.format == Shape::Table
    }

    /// The call of an event that tells of its end.
    pub fn event(&mut self, frame: &Frame) -> Option<CallLine> {
        let event: Option<Event> = serde_json::from_str(&frame.text).ok();
        let ended = event.as_ref().and_then(|event| match &event.subject {
            Subject::Call(call) if call.is_over() => Some((**call).clone()),
            Subject::Call(_) | Subject::Turn(_) => None,
        });
        match self.format {
            Shape::Json if frame.kind == TURN && !self.words => {}
            Shape::Json => self.put(&frame.text.replace('\n', " ")),
            Shape::Table => event.into_iter().for_each(|event| self.show(event)),
        }
        ended
    }

    fn show(&mut self, Event { timestamp, call_id, subject }: Event) {
        match subject {
            Subject::Call(call) => self.call(&call, timestamp),
            Subject::Turn(turn) if self.words => self.turn(&call_id, *turn),
            Subject::Turn(_) => {}
        }
    }

    /// How it stands with a call, as of then.
    pub fn call(&mut self, call: &CallLine, at: DateTime<Utc>) {
        let is_news = self.known.get(&call.id).is_none_or(|known| stage(known) < stage(call));
        if self.format == Shape::Json || !is_news {
            return;
        }
        self.known.insert(call.id.clone(), call.clone());
        if call.is_over() {
            self.close(&call.id);
        }
        self.head(&call.id);
        self.put(&format!("{}  {}", self.paint.dim(&at.format("%H:%M:%S").to_string()), self.news(call)));
        if call.is_over() {
            self.forget(&call.id);
        }
    }

    fn news(&self, call: &CallLine) -> String {
        match call.status.as_str() {
            "initiated" if call.direction == "inbound" => "the call comes in".to_owned(),
            "initiated" => "the call is asked for".to_owned(),
            "connected" => "connected".to_owned(),
            _ => format!("{}{}", coloured(call, self.paint), self.paint.dim(&figures(call))),
        }
    }

    /// A turn as it stands now; shown if it is over, and was not.
    pub fn turn(&mut self, call: &str, turn: TurnLine) {
        let place = (call.to_owned(), turn.place());
        if self.told.contains(&place) {
            return;
        }
        if turn.is_settled() {
            self.open.remove(&place);
            self.speak(call, &turn);
            self.told.insert(place);
        } else {
            self.open.insert(place, turn);
        }
    }

    /// Said once.
    pub fn lacks_words(&mut self) {
        if !std::mem::replace(&mut self.said_mute, true) {
            complain("what is said is not told to this key: it lacks the scope transcripts:read");
        }
    }

    /// Of turns whose end was never told, what there is.
    fn close(&mut self, call: &str) {
        let left: Vec<Place> = self.open.keys().filter(|(of, _)| of == call).cloned().collect();
        for place in left {
            if let Some(turn) = self.open.remove(&place) {
                self.speak(call, &turn);
                self.told.insert(place);
            }
        }
    }

    /// Turns that come later are told all the same.
    fn forget(&mut self, call: &str) {
        self.known.remove(call);
        if self.told.len() > 10_000 {
            self.told.retain(|(of, _)| self.known.contains_key(of) || of == call);
        }
    }

    fn speak(&mut self, call: &str, turn: &TurnLine) {
        if turn.is_mute() {
            self.lacks_words();
        }
        let lines = turn.lines(self.paint);
        if !lines.is_empty() {
            self.head(call);
        }
        lines.iter().for_each(|line| self.put(line));
    }

    /// Says which call the next lines are of.
    fn head(&mut self, call: &str) {
        if self.current.as_deref() == Some(call) {
            return;
        }
        if self.current.replace(call.to_owned()).is_some() {
            self.put("");
        }
        let who = self.known.get(call).map(|call| {
            let name = call.name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
            plain(&format!("{} {}{name}  ", call.direction, call.other_side()))
        });
        self.put(&format!("{}{}", self.paint.bold(&who.unwrap_or_default()), self.paint.dim(&plain(call))));
    }

    fn put(&mut self, line: &str) {
        self.is_deaf |= !self.is_silent && !tell(line);
    }
}

/// A call goes through these in turn.
fn stage(call: &CallLine) -> u8 {
    match call.status.as_str() {
        "initiated" => 0,
        "connected" => 1,
        _ => 2,
    }
}

fn figures(call: &CallLine) -> String {
    let figures = [
        call.duration_seconds.map(clock),
        call.latency_p50_ms.map(|ms| format!("latency {ms} ms")),
        call.interruptions.filter(|count| *count > 0).map(|count| format!("{count} interruption{}", if count == 1 { "" } else { "s" })),
        call.cost_usd.map(dollars),
    ];
    figures.into_iter().flatten().map(|figure| format!(", {figure}")).collect()
}
