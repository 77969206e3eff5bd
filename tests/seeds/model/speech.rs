//! Responses: faster than anybody speaks, broken off, repeated, late, or silent.

use alpha_call::audio::{bytes_of, duration_ms};
use alpha_call::session::event::{ErrorClass, ItemId, ItemKind, ModelEvent, ResponseId, ResponseStatus, ToolCall, Usage};
use alpha_call::types::Redacted;
use bytes::Bytes;

use super::{Deed, Model, Step, error, tag_of};
use crate::luck::Luck;

const TOOLS: [&str; 7] = ["look_up", "look_up", "look_up", "hold", "keys", "hand_over", "fly"];

pub(super) struct Response {
    pub(super) number: u32,
    id: ResponseId,
    item: Option<ItemId>,
    /// Pieces of audio that are still to come, and all of their words so far.
    pieces: u64,
    words: u64,
    tool: Option<&'static str>,
    /// All of the item was said.
    said: bool,
}

impl Model {
    /// A response is asked for.
    pub(super) fn asked(&mut self, luck: &mut Luck<'_>, deeds: &mut Vec<Deed>) {
        if self.active.is_some() {
            return deeds.push(error(ErrorClass::LaneTaken));
        }
        match luck.below(100) {
            0 if luck.fails(700) => deeds.push(error(ErrorClass::Transient)),
            1 if luck.fails(300) => deeds.push(error(ErrorClass::Fatal)),
            // Nothing at all comes of it.
            2 if luck.fails(500) => {}
            3 if luck.fails(500) => deeds.push(Deed::Close { retry: true }),
            // The server has begun one of its own in this moment.
            4 => {
                self.respond(luck, deeds);
                deeds.push(error(ErrorClass::LaneTaken));
            }
            _ => self.respond(luck, deeds),
        }
    }

    pub(super) fn respond(&mut self, luck: &mut Luck<'_>, deeds: &mut Vec<Deed>) {
        if self.active.is_some() || self.turns.is_none() {
            return;
        }
        self.responses += 1;
        let number = self.responses;
        let id = ResponseId::from(format!("r{}_{number}", self.number));
        let tool = luck.percent(12).then(|| if luck.percent(8) { "end_call" } else { luck.pick(&TOOLS) });
        let pieces = if tool.is_some() && luck.percent(60) { 0 } else { luck.within(1..6) };
        deeds.push(Deed::Tell(ModelEvent::ResponseCreated { response: id.clone() }));
        if luck.fails(15) {
            deeds.push(error(luck.pick(&[ErrorClass::OurFault, ErrorClass::Benign, ErrorClass::NothingToCancel])));
        }
        self.active = Some(Response { number, id, item: None, pieces, words: 0, tool, said: false });
        let slow = if luck.fails(25) { luck.ms(1_500..12_000) } else { luck.ms(20..400) };
        deeds.push(Deed::Later(slow, Step::GoOn(number)));
    }

    pub(super) fn go_on(&mut self, luck: &mut Luck<'_>, number: u32, fresh: &mut u32, deeds: &mut Vec<Deed>) {
        if self.active.as_ref().is_none_or(|active| active.number != number) {
            return;
        }
        if luck.fails(6) {
            return deeds.push(Deed::Close { retry: luck.percent(80) });
        }
        if luck.fails(6) {
            return;
        }
        if luck.fails(8) {
            return self.end(failed(luck), deeds);
        }
        self.next_piece(luck, fresh, deeds);
        if self.active.is_some() {
            deeds.push(Deed::Later(luck.ms(5..90), Step::GoOn(number)));
        }
    }

    fn next_piece(&mut self, luck: &mut Luck<'_>, fresh: &mut u32, deeds: &mut Vec<Deed>) {
        let Some(active) = &mut self.active else { return };
        match (active.item.clone(), active.pieces, active.tool.take()) {
            (None, 1.., tool) => {
                active.tool = tool;
                *fresh += 1;
                let item = ItemId::from(format!("i{fresh}"));
                active.item = Some(item.clone());
                self.add(&item, ItemKind::Assistant, deeds);
            }
            (Some(item), 1.., tool) => {
                active.tool = tool;
                active.pieces -= 1;
                let last = active.pieces == 0;
                self.speak(luck, &item, deeds);
                if last {
                    self.active.iter_mut().for_each(|active| active.said = true);
                    self.item_done(luck, item, deeds);
                }
            }
            (_, 0, Some(tool)) => self.call_tool(luck, tool, deeds),
            (_, 0, None) => self.end(ResponseStatus::Completed, deeds),
        }
    }

    fn speak(&mut self, luck: &mut Luck<'_>, item: &ItemId, deeds: &mut Vec<Deed>) {
        let ms = if luck.fails(5) { luck.within(8_000..14_000) } else { luck.within(40..900) };
        let Some(active) = &mut self.active else { return };
        active.words += 1 + ms / 350;
        let (response, words, said_all) = (active.id.clone(), active.words, active.said);
        let bytes = bytes_of(ms) - if luck.percent(20) { 3 } else { 0 };
        let audio = Bytes::from(vec![tag_of(item); bytes]);
        if let Some(known) = self.items.get_mut(&**item) {
            known.ms += duration_ms(audio.len());
        }
        let said = ModelEvent::Audio { response, item: item.clone(), audio };
        if luck.fails(12) {
            deeds.push(Deed::Tell(said.clone()));
            if let Some(known) = self.items.get_mut(&**item) {
                known.ms += ms;
            }
        }
        deeds.push(Deed::Tell(said));
        if luck.fails(12) {
            self.speak_late(luck, deeds);
        }
        if luck.percent(70) && (!said_all || luck.fails(300)) {
            deeds.push(Deed::Tell(ModelEvent::Text { item: item.clone(), delta: Redacted(format!("w{words} ")) }));
        }
    }

    /// Audio of the response before.
    fn speak_late(&mut self, luck: &mut Luck<'_>, deeds: &mut Vec<Deed>) {
        let Some((response, item)) = self.last.clone() else { return };
        let audio = Bytes::from(vec![tag_of(&item); bytes_of(luck.within(20..300))]);
        if let Some(known) = self.items.get_mut(&*item) {
            known.ms += duration_ms(audio.len());
        }
        deeds.push(Deed::Tell(ModelEvent::Audio { response, item, audio }));
    }

    fn item_done(&self, luck: &mut Luck<'_>, item: ItemId, deeds: &mut Vec<Deed>) {
        if !luck.fails(10) {
            deeds.push(Deed::Tell(ModelEvent::AudioDone { item: item.clone() }));
        }
        match luck.below(10) {
            0 if luck.fails(500) => {}
            1 => deeds.push(Deed::Later(luck.ms(100..4_000), Step::Write(item, true))),
            _ => self.write_own(item, true, deeds),
        }
    }

    /// The words of an item, all of them: so many that they follow its audio.
    pub(super) fn write_own(&self, item: ItemId, _: bool, deeds: &mut Vec<Deed>) {
        let words = self.items.get(&*item).map_or(3, |known| 1 + known.ms / 350);
        let text = (1..=words).map(|word| format!("w{word}")).collect::<Vec<_>>().join(" ");
        deeds.push(Deed::Tell(ModelEvent::TextDone { item, text: Redacted(text) }));
    }

    fn call_tool(&mut self, luck: &mut Luck<'_>, name: &'static str, deeds: &mut Vec<Deed>) {
        let Some(active) = &self.active else { return };
        let (number, response) = (self.calls.len(), active.id.clone());
        let (item, call_id) = (ItemId::from(format!("f{}_{number}", self.number)), format!("c{}_{number}", self.number));
        self.calls.insert(call_id.clone());
        let call =
            ToolCall { response, item: item.clone(), call_id: call_id.into(), name: name.to_owned(), arguments: Redacted("{}".into()) };
        self.add(&item, ItemKind::Other, deeds);
        if luck.fails(50) {
            deeds.push(Deed::Tell(ModelEvent::ToolCalled(call.clone())));
        }
        deeds.push(Deed::Tell(ModelEvent::ToolCalled(call)));
    }

    pub(super) fn cancelled(&mut self, luck: &mut Luck<'_>, response: &ResponseId, deeds: &mut Vec<Deed>) {
        if self.active.as_ref().is_some_and(|active| active.id == *response) {
            self.cut_short(luck, deeds);
        } else {
            deeds.push(error(ErrorClass::NothingToCancel));
        }
    }

    /// The response under way ends here; a little of it may still be on its way.
    pub(super) fn cut_short(&mut self, luck: &mut Luck<'_>, deeds: &mut Vec<Deed>) {
        let Some(item) = self.active.as_ref().map(|active| active.item.clone()) else { return };
        if let Some(item) = item.filter(|_| luck.percent(30)) {
            self.speak(luck, &item, deeds);
        }
        if luck.fails(4) {
            self.active = None;
            return;
        }
        self.end(ResponseStatus::Cancelled, deeds);
        if luck.percent(10) {
            self.speak_late(luck, deeds);
        }
    }

    fn end(&mut self, status: ResponseStatus, deeds: &mut Vec<Deed>) {
        let Some(Response { id, item, words, .. }) = self.active.take() else { return };
        self.last = item.map(|item| (id.clone(), item)).or_else(|| self.last.take());
        let usage = Usage { text_in: 40, audio_in: 10, audio_out: words, ..Usage::default() };
        deeds.push(Deed::Tell(ModelEvent::ResponseDone { response: id, status, usage }));
    }
}

fn failed(luck: &mut Luck<'_>) -> ResponseStatus {
    match luck.below(3) {
        0 => ResponseStatus::Incomplete,
        _ => ResponseStatus::Failed { retry: luck.percent(85), reason: String::new() },
    }
}
