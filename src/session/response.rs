//! The response lane: one default response at a time.
//!
//! `free -> requested -> active -> cancelling -> free`. The server may take the lane by itself when
//! its turn detection says so; then our own request waits, and is one at most.

use super::event::{ModelCommand, ResponseId};

#[derive(Debug, Default)]
pub(super) struct ResponseLane {
    state: State,
    /// What to ask for as soon as the lane is free.
    pending: Option<Request>,
    /// What was asked for and is not answered yet.
    asked: Option<Request>,
    next_event: u64,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Free,
    Requested,
    Active(ResponseId),
    /// Cut short, by us or by the server: `response.done` is still to come.
    Cancelling,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Request {
    instructions: Option<String>,
}

impl ResponseLane {
    pub(super) fn is_free(&self) -> bool {
        self.state == State::Free && self.pending.is_none()
    }

    /// The model owes something: an answer, or the end of one.
    pub(super) fn is_busy(&self) -> bool {
        self.state != State::Free
    }

    /// Only the response that holds the lane may be heard: what comes of another one is late.
    pub(super) fn is_active(&self, response: &ResponseId) -> bool {
        matches!(&self.state, State::Active(active) if active == response)
    }

    /// Asks for a response, now or when the lane is free.
    pub(super) fn request(&mut self, instructions: Option<String>) -> Option<ModelCommand> {
        self.pending = Some(Request { instructions });
        self.flush()
    }

    /// Nothing that waits shall be said any more.
    pub(super) fn drop_pending(&mut self) {
        self.pending = None;
    }

    pub(super) fn created(&mut self, response: ResponseId) {
        self.state = State::Active(response);
    }

    /// A response ended, whichever it was.
    pub(super) fn done(&mut self, response: &ResponseId) -> Option<ModelCommand> {
        let other = matches!(&self.state, State::Active(active) if active != response);
        if other {
            return None;
        }
        self.state = State::Free;
        self.asked = None;
        self.flush()
    }

    /// The server cut the active response short; its late audio is not to be heard.
    pub(super) fn interrupted(&mut self) {
        if matches!(self.state, State::Active(_)) {
            self.state = State::Cancelling;
        }
    }

    /// Cuts the active response short ourselves.
    pub(super) fn cancel(&mut self) -> Option<ModelCommand> {
        let State::Active(response) = &self.state else { return None };
        let response = response.clone();
        self.interrupted();
        Some(ModelCommand::Cancel { event_id: self.event_id("cancel"), response })
    }

    /// What does not come is asked for once more, and what is under way without a sound is given up.
    pub(super) fn ask_again(&mut self) -> Vec<ModelCommand> {
        match self.state {
            State::Active(_) => {
                let again = self.asked.take().or_else(|| self.pending.take()).unwrap_or_default();
                self.pending = Some(again);
                self.cancel().into_iter().collect()
            }
            State::Free => self.request(None).into_iter().collect(),
            State::Requested | State::Cancelling => Vec::new(),
        }
    }

    /// The server had a response of its own running when ours was asked for.
    pub(super) fn taken(&mut self) {
        if let Some(asked) = self.asked.take() {
            self.pending.get_or_insert(asked);
        }
        if self.state == State::Requested {
            self.state = State::Cancelling;
        }
    }

    /// There was nothing to cancel: `response.done` came, or will never come.
    pub(super) fn nothing_to_cancel(&mut self) -> Option<ModelCommand> {
        if self.state == State::Cancelling {
            self.state = State::Free;
        }
        self.flush()
    }

    /// Our request failed; true if there was one.
    pub(super) fn request_failed(&mut self) -> bool {
        let failed = self.state == State::Requested;
        if failed {
            self.state = State::Free;
            self.asked = None;
        }
        failed
    }

    /// Begins anew with another model session.
    pub(super) fn reset(&mut self) {
        *self = Self { next_event: self.next_event, ..Self::default() };
    }

    pub(super) fn event_id(&mut self, order: &str) -> String {
        self.next_event += 1;
        format!("{order}_{}", self.next_event)
    }

    fn flush(&mut self) -> Option<ModelCommand> {
        if self.state != State::Free {
            return None;
        }
        let request = self.pending.take()?;
        self.state = State::Requested;
        self.asked = Some(request.clone());
        Some(ModelCommand::CreateResponse { event_id: self.event_id("create"), instructions: request.instructions })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &'static str) -> ResponseId {
        ResponseId::from_static(name)
    }

    fn creates(command: Option<ModelCommand>) -> Option<Option<String>> {
        command.map(|command| {
            let ModelCommand::CreateResponse { instructions, .. } = command else { panic!("not a create: {command:?}") };
            instructions
        })
    }

    #[test]
    fn a_free_lane_asks_at_once_and_a_busy_one_keeps_one_request() {
        let mut lane = ResponseLane::default();

        assert_eq!(creates(lane.request(None)), Some(None));
        assert_eq!(creates(lane.request(Some("a".into()))), None);
        assert_eq!(creates(lane.request(Some("b".into()))), None);
        lane.created(id("r1"));

        assert_eq!(creates(lane.done(&id("r1"))), Some(Some("b".into())));
    }

    #[test]
    fn a_response_of_the_server_holds_the_lane() {
        let mut lane = ResponseLane::default();
        lane.created(id("vad"));

        assert_eq!(creates(lane.request(None)), None);
        assert_eq!(creates(lane.done(&id("vad"))), Some(None));
    }

    #[test]
    fn a_request_that_lost_the_race_is_made_again() {
        let mut lane = ResponseLane::default();
        lane.request(Some("greet".into()));
        lane.created(id("vad"));
        lane.taken();

        assert_eq!(creates(lane.done(&id("vad"))), Some(Some("greet".into())));
    }

    #[test]
    fn a_lane_taken_by_a_response_we_never_saw_waits_for_its_end() {
        let mut lane = ResponseLane::default();
        lane.request(None);
        lane.taken();

        assert!(lane.is_busy());
        assert_eq!(creates(lane.done(&id("unseen"))), Some(None));
    }

    #[test]
    fn an_interrupted_response_is_heard_no_more_and_blocks_the_lane_until_it_is_done() {
        let mut lane = ResponseLane::default();
        lane.created(id("r1"));
        lane.interrupted();

        assert!(!lane.is_active(&id("r1")));
        assert_eq!(creates(lane.request(None)), None);
        assert_eq!(creates(lane.done(&id("r1"))), Some(None));
    }

    #[test]
    fn the_end_of_an_old_response_does_not_free_the_lane_of_a_new_one() {
        let mut lane = ResponseLane::default();
        lane.created(id("r1"));
        lane.created(id("r2"));

        assert_eq!(lane.done(&id("r1")), None);
        assert!(lane.is_busy());
    }

    #[test]
    fn a_cancel_that_found_nothing_frees_the_lane() {
        let mut lane = ResponseLane::default();
        lane.created(id("r1"));
        assert!(matches!(lane.cancel(), Some(ModelCommand::Cancel { .. })));

        assert_eq!(lane.nothing_to_cancel(), None);
        assert!(lane.is_free());
    }
}
