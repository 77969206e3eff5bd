//! Speech that has to last to count.

use super::*;

fn doubting() -> Rig {
    let mut rig = Rig::with(SessionPolicy { min_speech: ms(300), ..policy() });
    rig.become_ready();
    rig.answer("greeting", "g", "Hello.", 400);
    rig.marks_return();
    rig.answer("r", "a", "one two three four five six seven eight nine ten", 5_000);
    rig.leg(LegEvent::MarkReached("0:1:0".into()));
    rig.pass(500);
    rig.out.clear();
    rig
}

impl Rig {
    /// The caller is loud for so long.
    fn voice(&mut self, time: u64) {
        for _ in 0..time / 20 {
            self.leg(LegEvent::Audio(EncodedAudio::encode(&[0x90; 160])));
            self.pass(20);
        }
    }
}

#[test]
fn a_cough_holds_the_answer_up_and_does_not_end_it() {
    let mut rig = doubting();
    rig.caller_begins("u");
    rig.voice(200);
    assert_eq!(rig.played_ms(), 0, "nothing more is sent while it is in doubt");

    rig.pass_with_media(500);
    assert!(rig.played_ms() > 0, "the answer goes on before the server has heard the end of it");
    rig.caller_ends("u");

    assert!(rig.played_ms() > 0 && !rig.out.contains(&Output::Leg(LegCommand::Clear)));
    assert_eq!((rig.notes(), rig.instructions().len()), (vec![Note::FalseBargeIn], 0));
}

#[test]
fn speech_that_goes_on_interrupts_and_the_session_cancels_and_asks() {
    let mut rig = doubting();
    rig.created("r2");
    rig.caller_begins("u");
    rig.voice(300);

    assert!(rig.out.contains(&Output::Leg(LegCommand::Clear)));
    assert!(rig.orders().into_iter().any(|order| matches!(order, ModelCommand::Cancel { .. })), "the server does not by itself");
    rig.response_done("r2", ResponseStatus::Cancelled);
    rig.caller_ends("u");
    assert_eq!(rig.instructions(), [""]);
}

#[test]
fn who_speaks_while_nothing_is_heard_need_not_be_confirmed() {
    let mut rig = Rig::with(SessionPolicy { min_speech: ms(300), ..policy() });
    rig.become_ready();
    rig.answer("greeting", "g", "Hello.", 400);
    rig.marks_return();
    rig.out.clear();

    rig.caller_begins("u");
    rig.caller_ends("u");

    assert_eq!(rig.instructions(), [""]);
}
