use super::*;

const POLICY: ResumePolicy = ResumePolicy { most: 3, window: Duration::from_secs(300), apart: Duration::from_secs(2) };

fn epoch(number: u32) -> Epoch {
    Epoch::new(number)
}

/// A call whose stream of epoch 2 said this last.
fn left(cause: HangupCause) -> LastKnown {
    LastKnown { claimed: Some(epoch(2)), left: Some(Left { cause, transfer: None }), ..LastKnown::default() }
}

fn next(known: &LastKnown, asked: u32) -> Onward {
    known.onward(&POLICY, epoch(asked))
}

#[test]
fn a_call_that_no_stream_has_joined_gets_its_first() {
    assert_eq!(next(&LastKnown::default(), 1), Onward::Connect { epoch: epoch(1), planned: true });
    assert_eq!(next(&LastKnown::default(), 2), Onward::Connect { epoch: epoch(2), planned: false });
}

#[test]
fn a_call_that_has_ended_is_hung_up_on() {
    assert_eq!(next(&LastKnown { has_ended: true, ..left(HangupCause::Drained) }, 3), Onward::Hangup);
    for cause in HangupCause::ALL.iter().filter(|cause| cause.continuation() == Continuation::End) {
        assert_eq!(next(&left(*cause), 3), Onward::Hangup, "{cause}");
    }
}

#[test]
fn an_old_question_is_answered_so_that_the_next_one_moves_the_call_on() {
    for asked in [1, 2] {
        assert_eq!(next(&left(HangupCause::StreamLost), asked), Onward::Wait { epoch: epoch(3) });
    }
}

#[test]
fn a_stream_that_ended_without_a_word_is_followed_by_another() {
    let silent = LastKnown { claimed: Some(epoch(2)), ..LastKnown::default() };

    assert_eq!(next(&silent, 3), Onward::Connect { epoch: epoch(3), planned: false });
    assert_eq!(next(&LastKnown { is_away: true, ..silent }, 3), Onward::Hangup, "another phone has the call");
}

#[test]
fn a_resume_that_was_planned_counts_for_nothing() {
    let drained = LastKnown { unplanned: 9, since: Some(Duration::ZERO), ..left(HangupCause::Drained) };

    assert_eq!(next(&drained, 3), Onward::Connect { epoch: epoch(3), planned: true });
    assert_eq!(next(&drained, 4), Onward::Lifeboat(HangupCause::Drained), "the stream that was promised never came");
}

#[test]
fn unplanned_resumes_are_few_and_far_between() {
    let lost = |unplanned, ms| LastKnown { unplanned, since: Some(Duration::from_millis(ms)), ..left(HangupCause::StreamLost) };

    assert_eq!(next(&lost(1, 1_999), 3), Onward::Wait { epoch: epoch(3) });
    assert_eq!(next(&lost(2, 2_000), 3), Onward::Connect { epoch: epoch(3), planned: false });
    assert_eq!(next(&lost(3, 200_000), 3), Onward::Lifeboat(HangupCause::StreamLost));
}

#[test]
fn a_transfer_is_dialled_however_often_it_is_asked_for() {
    let to: PhoneNumber = "+14155550199".parse().expect("a number");
    let transferred = Left { cause: HangupCause::Transferred, transfer: Some(to.clone()) };
    let known = LastKnown { left: Some(transferred), ..left(HangupCause::Transferred) };

    for is_away in [false, true] {
        assert_eq!(next(&LastKnown { is_away, ..known.clone() }, 3), Onward::Dial { epoch: epoch(3), to: to.clone() });
    }
    assert_eq!(next(&LastKnown { is_away: true, ..left(HangupCause::Transferred) }, 3), Onward::Hangup);
    assert_eq!(next(&known, 4), Onward::Connect { epoch: epoch(4), planned: false }, "nobody took it");
}

#[test]
fn without_a_model_the_caller_is_apologised_to() {
    assert_eq!(next(&left(HangupCause::ModelUnavailable), 3), Onward::Lifeboat(HangupCause::ModelUnavailable));
}
