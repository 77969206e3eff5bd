use std::rc::Rc;

use uuid::Uuid;

use super::*;

const CALL: CallId = CallId::new(Uuid::from_u128(1));
const SECOND: Epoch = Epoch::FIRST.next();

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn sid(n: u8) -> CallSid {
    format!("CA{n:032x}").parse().expect("a sid")
}

struct Rig {
    roster: Roster<Rc<()>>,
    slot: Rc<()>,
    now: Instant,
}

impl Rig {
    fn expecting() -> Self {
        let policy = RosterPolicy {
            claim: secs(60),
            place: secs(600),
            answer: secs(90),
            resume: secs(15),
            asked: secs(3),
            transfer: secs(15_000),
            resumes: ResumePolicy { most: 3, window: secs(300), apart: secs(2) },
        };
        let mut rig = Self { roster: Roster::new(policy), slot: Rc::new(()), now: Instant::now() };
        rig.roster.expect(rig.now, CALL, sid(1), rig.slot.clone());
        rig
    }

    fn live() -> Self {
        let mut rig = Self::expecting();
        rig.connect(Epoch::FIRST);
        rig
    }

    fn connect(&mut self, epoch: Epoch) {
        assert!(matches!(self.roster.claim(self.now, CALL, epoch), Claim::Taken { .. }));
        assert_eq!(self.roster.begin(CALL, epoch), Some(sid(1)));
    }

    fn exit(&mut self, epoch: Epoch, cause: HangupCause) -> After<Rc<()>> {
        self.roster.exited(self.now, CALL, epoch, cause, None)
    }

    fn swept(&mut self, after: u64) -> Vec<(CallId, HangupCause)> {
        self.roster.sweep(self.now + secs(after)).into_iter().map(|(call, cause, _)| (call, cause)).collect()
    }

    fn slot_is_free(&self) -> bool {
        Rc::strong_count(&self.slot) == 1
    }
}

#[test]
fn a_token_works_once() {
    let mut rig = Rig::expecting();

    assert_eq!(rig.roster.claim(rig.now, CALL, Epoch::FIRST), Claim::Taken { sid: Some(sid(1)), retire: false });
    assert_eq!(rig.roster.claim(rig.now, CALL, Epoch::FIRST), Claim::Refused);
}

#[test]
fn the_newest_token_wins() {
    let mut rig = Rig::live();

    assert_eq!(rig.roster.claim(rig.now, CALL, SECOND.next()), Claim::Taken { sid: Some(sid(1)), retire: true });

    assert_eq!(rig.roster.claim(rig.now, CALL, SECOND), Claim::Refused);
    assert_eq!(rig.exit(Epoch::FIRST, HangupCause::CallerHungUp), After::Stale);
    assert_eq!(rig.roster.begin(CALL, SECOND.next()), Some(sid(1)));
}

#[test]
fn a_call_that_is_not_here_is_nobodys_to_claim() {
    let mut rig = Rig::expecting();

    assert_eq!(rig.roster.claim(rig.now, CallId::new(Uuid::from_u128(2)), Epoch::FIRST), Claim::Unknown);
}

#[test]
fn a_call_that_was_somebody_elses_is_joined_by_the_stream_that_brings_it() {
    let mut rig = Rig { roster: Rig::expecting().roster, slot: Rc::new(()), now: Instant::now() };
    let other = CallId::new(Uuid::from_u128(2));
    let adopted = Adopted { sid: sid(2), epoch: SECOND, held: rig.slot.clone(), unplanned: 3 };

    rig.roster.adopt(rig.now, other, adopted);

    assert_eq!(rig.roster.begin(other, SECOND), Some(sid(2)));
    rig.roster.exited(rig.now, other, SECOND, HangupCause::StreamLost, None);
    let next = rig.roster.resume(rig.now, other, SECOND.next());
    assert!(matches!(next, NextStep::Lifeboat { .. }), "its resumes count here too: {next:?}");
}

#[test]
fn a_call_that_a_stream_joined_elsewhere_is_let_go() {
    let mut rig = Rig::live();
    assert!(rig.roster.taken_over(CALL, Epoch::FIRST).is_none(), "its stream is here");

    assert!(rig.roster.taken_over(CALL, SECOND).is_some());

    assert!(rig.slot_is_free() && rig.roster.is_empty());
    let mut rig = Rig::expecting();
    assert!(rig.roster.taken_over(CALL, Epoch::FIRST).is_some(), "what was promised here came there");
}

#[test]
fn a_lost_stream_that_nobody_asks_about_is_looked_for_once() {
    let mut rig = Rig::live();
    rig.exit(Epoch::FIRST, HangupCause::StreamLost);
    assert_eq!(rig.roster.strays(rig.now + secs(2)), []);

    assert_eq!(rig.roster.strays(rig.now + secs(3)), [Stray { call: CALL, sid: sid(1), epoch: Epoch::FIRST }]);

    assert_eq!(rig.roster.strays(rig.now + secs(4)), []);
}

#[test]
fn resumes_that_follow_each_other_too_soon_wait() {
    let mut rig = Rig::live();
    rig.exit(Epoch::FIRST, HangupCause::StreamLost);
    rig.roster.resume(rig.now, CALL, SECOND);
    rig.connect(SECOND);
    rig.now += secs(1);
    rig.exit(SECOND, HangupCause::StreamLost);

    assert_eq!(rig.roster.resume(rig.now, CALL, SECOND.next()), NextStep::Wait { epoch: SECOND.next() });

    rig.now += secs(1);
    assert_eq!(rig.roster.resume(rig.now, CALL, SECOND.next()), NextStep::Connect { epoch: SECOND.next(), retire: false });
}

#[test]
fn a_slot_comes_back_when_its_call_ends() {
    let mut rig = Rig::live();
    assert!(!rig.slot_is_free());

    assert!(matches!(rig.exit(Epoch::FIRST, HangupCause::CallerHungUp), After::Ended(_)));

    assert!(rig.slot_is_free());
    assert!(rig.roster.is_empty());
}

#[test]
fn a_call_that_lost_its_stream_keeps_its_slot_and_gets_another_stream() {
    let mut rig = Rig::live();
    assert_eq!(rig.exit(Epoch::FIRST, HangupCause::StreamLost), After::Waits);
    assert!(!rig.slot_is_free());

    assert_eq!(rig.roster.resume(rig.now, CALL, SECOND), NextStep::Connect { epoch: SECOND, retire: false });

    rig.connect(SECOND);
    assert_eq!(rig.roster.live(), 1);
}

#[test]
fn a_retry_of_the_same_question_gets_the_same_answer() {
    let mut rig = Rig::live();
    rig.exit(Epoch::FIRST, HangupCause::StreamLost);

    let first = rig.roster.resume(rig.now, CALL, SECOND);

    assert_eq!(rig.roster.resume(rig.now, CALL, SECOND), first);
}

#[test]
fn twilio_may_know_of_a_lost_stream_before_we_do() {
    let mut rig = Rig::live();

    assert_eq!(rig.roster.resume(rig.now, CALL, SECOND), NextStep::Connect { epoch: SECOND, retire: true });
    assert_eq!(rig.exit(Epoch::FIRST, HangupCause::StreamLost), After::Stale);

    rig.connect(SECOND);
    assert_eq!(rig.exit(Epoch::FIRST, HangupCause::CallerHungUp), After::Stale);
    assert_eq!(rig.roster.live(), 1);
}

#[test]
fn an_old_question_does_not_cost_a_stream_that_lives() {
    let mut rig = Rig::live();

    assert_eq!(rig.roster.resume(rig.now, CALL, Epoch::FIRST), NextStep::Wait { epoch: SECOND });

    assert!(rig.roster.is_live(CALL, Epoch::FIRST));
}

#[test]
fn a_finished_call_hangs_up() {
    let mut rig = Rig::live();
    rig.exit(Epoch::FIRST, HangupCause::AssistantEnded);

    assert_eq!(rig.roster.resume(rig.now, CALL, SECOND), NextStep::Hangup);
}

#[test]
fn without_a_model_the_caller_is_told() {
    let mut rig = Rig::live();
    rig.exit(Epoch::FIRST, HangupCause::ModelUnavailable);

    let next = rig.roster.resume(rig.now, CALL, SECOND);

    assert!(matches!(next, NextStep::Lifeboat { ended: HangupCause::ModelUnavailable, .. }));
    drop(next);
    assert!(rig.slot_is_free());
}

#[test]
fn a_call_that_keeps_losing_its_stream_is_not_resumed_for_ever() {
    let mut rig = Rig::live();
    let mut epoch = Epoch::FIRST;
    for _ in 0..3 {
        rig.now += secs(10);
        rig.exit(epoch, HangupCause::StreamLost);
        epoch = epoch.next();
        assert!(matches!(rig.roster.resume(rig.now, CALL, epoch), NextStep::Connect { .. }));
        rig.connect(epoch);
    }

    rig.exit(epoch, HangupCause::StreamLost);

    let next = rig.roster.resume(rig.now, CALL, epoch.next());

    assert!(matches!(next, NextStep::Lifeboat { ended: HangupCause::StreamLost, .. }));
}

#[test]
fn a_planned_resume_does_not_count() {
    let mut rig = Rig::live();
    let mut epoch = Epoch::FIRST;
    for _ in 0..9 {
        rig.exit(epoch, HangupCause::Drained);
        epoch = epoch.next();
        assert!(matches!(rig.roster.resume(rig.now, CALL, epoch), NextStep::Connect { .. }));
        rig.connect(epoch);
    }
}

#[test]
fn what_is_left_can_be_let_go() {
    let mut rig = Rig::live();

    let left = rig.roster.abandon();

    assert_eq!(left.len(), 1);
    assert!(rig.roster.is_empty());
}

#[test]
fn but_the_window_moves_on() {
    let mut rig = Rig::live();
    let mut epoch = Epoch::FIRST;
    for _ in 0..9 {
        rig.now += secs(120);
        rig.exit(epoch, HangupCause::StreamLost);
        epoch = epoch.next();
        assert!(matches!(rig.roster.resume(rig.now, CALL, epoch), NextStep::Connect { .. }));
        rig.connect(epoch);
    }
}

#[test]
fn a_stream_that_never_comes_gives_its_slot_back() {
    let mut rig = Rig::expecting();
    assert_eq!(rig.swept(59), []);

    assert_eq!(rig.swept(60), [(CALL, HangupCause::NeverConnected)]);

    assert!(rig.slot_is_free());
}

#[test]
fn a_lost_stream_that_nobody_asks_about_ends_the_call() {
    let mut rig = Rig::live();
    rig.exit(Epoch::FIRST, HangupCause::StreamLost);

    assert_eq!(rig.swept(15), [(CALL, HangupCause::StreamLost)]);
}

#[test]
fn a_live_call_is_never_swept_away() {
    let mut rig = Rig::live();

    assert_eq!(rig.swept(86_400), []);
}

#[test]
fn a_status_callback_ends_a_call_that_has_no_stream_and_no_other() {
    let mut rig = Rig::expecting();
    assert!(rig.roster.hung_up(CALL, HangupCause::CallerHungUp).is_some());
    assert!(rig.slot_is_free());

    let mut rig = Rig::live();
    assert!(rig.roster.hung_up(CALL, HangupCause::CallerHungUp).is_none());
}

#[test]
fn a_call_has_one_sid() {
    let mut rig = Rig::expecting();
    rig.roster.dial(rig.now, CALL, rig.slot.clone());

    assert!(rig.roster.identify(rig.now, CALL, &sid(1)));
    assert!(rig.roster.identify(rig.now, CALL, &sid(1)));
    assert!(!rig.roster.identify(rig.now, CALL, &sid(2)));
}

#[test]
fn a_call_waits_for_its_turn_and_once_it_is_placed_for_an_answer() {
    let mut rig = Rig::expecting();
    rig.roster.dial(rig.now, CALL, rig.slot.clone());
    assert_eq!(rig.swept(500), []);

    assert!(rig.roster.identify(rig.now, CALL, &sid(1)));

    assert_eq!(rig.swept(89), []);
    assert_eq!(rig.swept(90), [(CALL, HangupCause::NeverConnected)]);
}

#[test]
fn a_call_is_forgotten_only_before_it_is_placed() {
    let mut rig = Rig::expecting();
    assert!(rig.roster.forget(CALL).is_none());

    rig.roster.dial(rig.now, CALL, rig.slot.clone());

    assert!(rig.roster.forget(CALL).is_some());
    assert!(rig.roster.forget(CALL).is_none());
}

fn human() -> PhoneNumber {
    "+14155550199".parse().expect("a number")
}

impl Rig {
    /// A call whose first stream asked for another phone.
    fn handing_over() -> Self {
        let mut rig = Self::live();
        let after = rig.roster.exited(rig.now, CALL, Epoch::FIRST, HangupCause::Transferred, Some(human()));
        assert_eq!(after, After::Waits);
        rig
    }

    fn transferred() -> Self {
        let mut rig = Self::handing_over();
        assert_eq!(rig.roster.resume(rig.now, CALL, SECOND), NextStep::Dial { epoch: SECOND, to: human() });
        rig
    }

    fn dialled(&mut self, outcome: DialOutcome) -> AfterDial<Rc<()>> {
        self.roster.dialled(self.now, CALL, SECOND, outcome)
    }
}

#[test]
fn a_call_that_is_handed_over_rings_another_phone_however_often_it_is_asked() {
    let mut rig = Rig::transferred();

    assert_eq!(rig.roster.resume(rig.now, CALL, SECOND), NextStep::Dial { epoch: SECOND, to: human() });
    assert_eq!(rig.exit(Epoch::FIRST, HangupCause::StreamLost), After::Stale);
}

#[test]
fn a_call_that_was_taken_by_another_phone_ends_as_transferred() {
    let mut rig = Rig::transferred();

    assert!(matches!(rig.dialled(DialOutcome::Spoke), AfterDial::Ended(HangupCause::Transferred, _)));

    assert!(rig.slot_is_free());
    assert_eq!(rig.dialled(DialOutcome::Spoke), AfterDial::Known(NextStep::Hangup));
}

#[test]
fn a_caller_who_did_not_wait_for_the_other_phone_hung_up() {
    let mut rig = Rig::transferred();

    assert!(matches!(rig.dialled(DialOutcome::CallerGone), AfterDial::Ended(HangupCause::CallerHungUp, _)));
}

#[test]
fn a_call_that_nobody_took_gets_another_stream_and_may_still_lose_as_many_as_before() {
    let mut rig = Rig::transferred();

    assert_eq!(rig.dialled(DialOutcome::NotReached), AfterDial::Failed { epoch: SECOND });
    assert_eq!(rig.dialled(DialOutcome::NotReached), AfterDial::Known(NextStep::Connect { epoch: SECOND, retire: false }));

    let mut epoch = SECOND;
    rig.connect(epoch);
    assert_eq!(rig.dialled(DialOutcome::NotReached), AfterDial::Known(NextStep::Wait { epoch: SECOND.next() }));
    for _ in 0..3 {
        rig.now += secs(10);
        rig.exit(epoch, HangupCause::StreamLost);
        epoch = epoch.next();
        assert!(matches!(rig.roster.resume(rig.now, CALL, epoch), NextStep::Connect { .. }));
        rig.connect(epoch);
    }
}

#[test]
fn how_a_ringing_went_that_nobody_ordered_changes_nothing() {
    let mut rig = Rig::live();

    assert_eq!(rig.dialled(DialOutcome::Spoke), AfterDial::Known(NextStep::Hangup));

    assert_eq!(rig.roster.live(), 1);
}

#[test]
fn a_call_is_not_swept_away_while_another_phone_has_it() {
    let mut rig = Rig::transferred();

    assert_eq!(rig.swept(14_999), []);
    assert_eq!(rig.swept(15_000), [(CALL, HangupCause::Transferred)]);
}

#[test]
fn a_call_whose_other_phone_was_never_rung_was_lost() {
    let mut rig = Rig::handing_over();

    assert_eq!(rig.swept(15), [(CALL, HangupCause::StreamLost)]);
}

#[test]
fn the_end_of_the_phone_call_ends_a_call_that_was_handed_over_as_transferred() {
    let mut rig = Rig::transferred();
    let ended = rig.roster.hung_up(CALL, HangupCause::CallerHungUp);
    assert_eq!(ended.map(|(cause, _)| cause), Some(HangupCause::Transferred));

    let mut rig = Rig::handing_over();
    let ended = rig.roster.hung_up(CALL, HangupCause::CallerHungUp);
    assert_eq!(ended.map(|(cause, _)| cause), Some(HangupCause::CallerHungUp));
}

#[test]
fn a_call_that_another_phone_has_is_let_go_too() {
    let mut rig = Rig::transferred();

    let left: Vec<_> = rig.roster.abandon().into_iter().map(|(call, _)| call).collect();

    assert_eq!(left, [CALL]);
}

#[test]
fn a_hand_over_without_a_number_is_a_lost_stream() {
    let mut rig = Rig::live();
    rig.exit(Epoch::FIRST, HangupCause::Transferred);

    assert_eq!(rig.roster.resume(rig.now, CALL, SECOND), NextStep::Connect { epoch: SECOND, retire: false });
}
