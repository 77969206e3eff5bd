use super::*;

const LEAD: Duration = Duration::from_millis(800);
const ROOM: u64 = 60_000;

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn id(name: &'static str) -> ItemId {
    ItemId::from_static(name)
}

struct Rig {
    playback: Playback,
    now: Instant,
    sent: Vec<LegCommand>,
}

impl Rig {
    fn new() -> Self {
        Self { playback: Playback::new(0), now: Instant::now(), sent: Vec::new() }
    }

    fn push(&mut self, item: &'static str, audio_ms: u64) {
        assert!(self.playback.push(&id("r1"), &id(item), &vec![0x55; bytes_of(audio_ms)], ROOM));
        self.pump();
    }

    fn pump(&mut self) {
        let sent = &mut self.sent;
        self.playback.pump(self.now, LEAD, &mut |command| sent.push(command));
    }

    fn pass(&mut self, time: u64) {
        self.now += ms(time);
    }

    fn reach(&mut self, item: u32, at: u64) -> Reached {
        let mark = Mark { generation: self.playback.generation, item, ms: at };
        self.playback.reached(self.now, mark)
    }

    fn played_bytes(&self) -> usize {
        self.sent.iter().map(|c| if let LegCommand::Play(audio) = c { audio.len() } else { 0 }).sum()
    }
}

#[test]
fn an_item_begins_with_its_anchor_and_every_message_is_followed_by_a_mark() {
    let mut rig = Rig::new();

    rig.push("a", 150);

    let mark = |ms| LegCommand::Mark(Mark { generation: 0, item: 0, ms });
    let play = |ms| LegCommand::Play(vec![0x55; bytes_of(ms)].into());
    assert_eq!(rig.sent, [mark(0), play(100), mark(100), play(40), mark(140)]);
}

#[test]
fn no_more_than_the_lead_is_sent_ahead() {
    let mut rig = Rig::new();

    rig.push("a", 5_000);
    assert_eq!(rig.played_bytes(), bytes_of(800));

    rig.reach(0, 0);
    rig.pass(300);
    rig.pump();
    assert_eq!(rig.played_bytes(), bytes_of(1_100));
}

#[test]
fn the_next_pump_comes_when_a_message_fits() {
    let mut rig = Rig::new();
    rig.push("a", 5_000);
    rig.reach(0, 0);

    assert_eq!(rig.playback.next_pump(rig.now, LEAD), Some(rig.now + ms(100)));
}

#[test]
fn the_tail_waits_for_the_end_of_the_item_and_is_filled_with_silence() {
    let mut rig = Rig::new();
    assert!(rig.playback.push(&id("r1"), &id("a"), &[0x55; FRAME_BYTES + 40], ROOM));
    rig.pump();
    assert_eq!(rig.played_bytes(), FRAME_BYTES);

    rig.playback.complete(&id("a"));
    rig.pump();

    assert_eq!(rig.played_bytes(), 2 * FRAME_BYTES);
    assert_eq!(rig.reach(0, 25), Reached::Progress(vec![whole("a", 25)]));
}

fn whole(item: &'static str, audio_ms: u64) -> Played {
    Played { item: id(item), response: id("r1"), source: Source::Model, heard_ms: audio_ms, audio_ms }
}

#[test]
fn an_item_is_finished_when_its_last_mark_returns() {
    let mut rig = Rig::new();
    rig.push("a", 200);
    rig.playback.complete(&id("a"));

    assert_eq!(rig.reach(0, 100), Reached::Progress(vec![]));
    assert_eq!(rig.reach(0, 200), Reached::Progress(vec![whole("a", 200)]));
    assert!(rig.playback.is_idle());
}

#[test]
fn a_mark_of_a_later_item_says_that_the_earlier_ones_were_played() {
    let mut rig = Rig::new();
    rig.push("a", 200);
    rig.playback.complete(&id("a"));
    rig.push("b", 200);

    assert_eq!(rig.reach(1, 0), Reached::Progress(vec![whole("a", 200)]));
}

#[test]
fn an_interruption_before_the_first_mark_heard_nothing() {
    let mut rig = Rig::new();
    rig.push("a", 5_000);
    rig.pass(400);

    let cut = rig.playback.interrupt(rig.now);

    assert_eq!(cut, [Played { heard_ms: 0, ..whole("a", 5_000) }]);
}

#[test]
fn an_interruption_counts_the_time_since_the_last_mark_but_never_more_than_was_sent() {
    let mut rig = Rig::new();
    rig.push("a", 5_000);
    rig.reach(0, 0);
    rig.pass(250);
    assert_eq!(rig.playback.items[0].heard_ms(rig.now), 250);

    rig.pass(10_000);

    assert_eq!(rig.playback.interrupt(rig.now), [Played { heard_ms: 800, ..whole("a", 5_000) }]);
}

#[test]
fn an_interruption_covers_every_item_that_is_not_fully_played() {
    let mut rig = Rig::new();
    rig.push("a", 300);
    rig.playback.complete(&id("a"));
    rig.push("b", 300);
    rig.reach(0, 100);

    let cut = rig.playback.interrupt(rig.now);

    assert_eq!(cut.iter().map(|p| (p.heard_ms, p.whole())).collect::<Vec<_>>(), [(100, false), (0, false)]);
    assert_eq!(rig.playback.generation, 1);
}

#[test]
fn marks_echoed_by_a_clear_count_for_nothing() {
    let mut rig = Rig::new();
    rig.push("a", 300);
    rig.playback.interrupt(rig.now);

    let echo = Mark { generation: 0, item: 0, ms: 300 };

    assert_eq!(rig.playback.reached(rig.now, echo), Reached::Stale);
}

#[test]
fn marks_nobody_sent_are_unknown_and_repeated_ones_do_no_harm() {
    let mut rig = Rig::new();
    rig.push("a", 100);

    assert_eq!(rig.reach(0, 101), Reached::Unknown);
    assert_eq!(rig.reach(7, 0), Reached::Unknown);
    assert_eq!(rig.reach(0, 100), Reached::Progress(vec![]));
    assert_eq!(rig.reach(0, 0), Reached::Progress(vec![]));
    assert_eq!(rig.playback.items[0].played_ms, 100);
}

#[test]
fn after_an_underrun_what_is_heard_starts_with_the_next_message() {
    let mut rig = Rig::new();
    rig.push("a", 100);
    rig.reach(0, 100);
    rig.pass(5_000);

    rig.push("a", 400);
    rig.pass(50);

    assert_eq!(rig.playback.items[0].heard_ms(rig.now), 150);
}

#[test]
fn nothing_left_to_hear_is_nothing_to_interrupt() {
    let mut rig = Rig::new();
    rig.push("a", 100);
    rig.playback.complete(&id("a"));
    rig.reach(0, 100);

    assert_eq!(rig.playback.interrupt(rig.now), []);
    assert_eq!(rig.playback.generation, 0);
}

#[test]
fn marks_that_never_return_are_assumed_after_a_grace() {
    let mut rig = Rig::new();
    rig.push("a", 300);
    rig.playback.complete(&id("a"));

    assert_eq!(rig.playback.overdue_at(ms(2_000)), Some(rig.now + ms(2_300)));
    assert_eq!(rig.playback.assume_reached(rig.now), [whole("a", 300)]);
    assert_eq!(rig.playback.overdue_at(ms(2_000)), None);
}

#[test]
fn an_item_that_holds_back_too_much_overflows() {
    let mut rig = Rig::new();

    assert!(rig.playback.push(&id("r1"), &id("a"), &[0; 8_000], 1_000));
    assert!(!rig.playback.push(&id("r1"), &id("a"), &[0; 8], 1_000));
}
