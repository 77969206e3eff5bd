//! How much of a wait was the model's, and how much ours: phone and model looked at together.

use std::time::{Duration, Instant};

use crate::sim::openai::{ModelTurn, SessionReport};
use crate::sim::twilio::{CallReport, Happening};

/// A clear this long after speech was noticed has another reason.
const CUT_WITHIN: Duration = Duration::from_secs(2);

/// From each `speech_started` that the model sent to the `clear` at the phone.
#[must_use]
pub fn clears(report: &CallReport, sessions: &[SessionReport]) -> Vec<Duration> {
    let started: Vec<Instant> = of(report, sessions).flat_map(|session| session.speech_started.iter().copied()).collect();
    let clear = |at: Duration| {
        let cleared = report.moment(at);
        let before = started.iter().filter(|started| **started <= cleared).max()?;
        Some(cleared - *before).filter(|took| *took < CUT_WITHIN)
    };
    report.cuts.iter().filter_map(|cut| clear(cut.at)).collect()
}

/// From the caller's last sound to the answer's first, without the model's own share.
#[must_use]
pub fn replies(report: &CallReport, sessions: &[SessionReport]) -> Vec<Duration> {
    let turns = of(report, sessions).flat_map(|session| session.turns.iter());
    turns.filter_map(|turn| beside_model(report, turn)).collect()
}

fn of<'a>(report: &'a CallReport, sessions: &'a [SessionReport]) -> impl Iterator<Item = &'a SessionReport> {
    sessions.iter().filter(|session| session.call_sid.as_deref() == Some(&report.call_sid))
}

fn beside_model(report: &CallReport, turn: &ModelTurn) -> Option<Duration> {
    let (share, answered) = (turn.share()?, turn.answered?);
    let (mut ended, mut heard) = (None, None);
    for event in &report.timeline {
        let at = report.moment(event.at);
        match event.what {
            Happening::CallerEnded { .. } if at <= turn.stopped => ended = Some(at),
            Happening::AgentBegan if at >= answered && heard.is_none() => heard = Some(at),
            _ => {}
        }
    }
    Some(heard?.saturating_duration_since(ended?).saturating_sub(share))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::twilio::{Cut, Status};
    use crate::types::Direction;

    #[test]
    fn the_models_share_is_taken_from_the_wait_and_a_clear_counts_from_the_notice() {
        let (t0, ms) = (Instant::now(), Duration::from_millis);
        let mut report = CallReport::new("CA1".into(), Direction::Inbound, "a", "b", Status::Completed, t0);
        report.note(t0 + ms(1_000), Happening::CallerEnded { utterance: "u".into() });
        report.note(t0 + ms(1_700), Happening::AgentBegan);
        report.cuts.push(Cut { at: ms(3_000), played_ms: 1, dropped_ms: 1, reaction: ms(90) });
        let turn = ModelTurn { stopped: t0 + ms(1_520), silence: ms(500), answered: Some(t0 + ms(1_670)) };
        let started = vec![t0 + ms(900), t0 + ms(2_998), t0 + ms(3_500)];
        let ours = SessionReport { call_sid: Some("CA1".into()), turns: vec![turn], speech_started: started, ..SessionReport::default() };
        let foreign = SessionReport { call_sid: Some("CA2".into()), ..ours.clone() };

        assert_eq!(replies(&report, &[ours.clone(), foreign.clone()]), [ms(50)]);
        assert_eq!(clears(&report, &[foreign, ours]), [ms(2)]);
    }
}
