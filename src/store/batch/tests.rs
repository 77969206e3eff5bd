use std::collections::BTreeMap;

use chrono::DateTime;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::session::event::{Speaker, Turn, TurnKind};
use crate::types::{CallId, Epoch, Redacted};

fn row_of(seq: u32, kind: TurnKind) -> Row {
    let turn = Turn {
        seq,
        revision: 1,
        position: seq,
        item: None,
        response: None,
        speaker: Speaker::Ai,
        kind,
        generated: Redacted(String::new()),
        heard: Redacted(String::new()),
        interrupted: false,
        audio_ms: 0,
        heard_ms: 0,
        started: Duration::ZERO,
        ended: None,
        latency: None,
        tokens: None,
        transcription: None,
        tool: None,
    };
    Row::turn(CallId::new(Uuid::from_u128(1)), Epoch::FIRST, turn, DateTime::UNIX_EPOCH)
}

fn row(seq: u32) -> Row {
    row_of(seq, TurnKind::Message)
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn empty(now: Instant) -> Batcher {
    Batcher::new(BatchPolicy::default(), 0, 0, now)
}

/// With so many rows in the spool.
fn spooled(rows: u64, now: Instant) -> Batcher {
    Batcher::new(BatchPolicy::default(), 0, rows, now)
}

#[test]
fn a_row_waits_for_company_and_no_longer() {
    let now = Instant::now();
    let mut batcher = empty(now);
    batcher.push(row(1), now).expect("room");
    batcher.push(row(2), now + ms(15)).expect("room");

    assert_eq!(batcher.poll_timeout(), Some(now + ms(20)));
    assert_eq!(batcher.poll(now + ms(19)), None);
    assert_eq!(batcher.poll(now + ms(20)), Some(Order::Commit(vec![row(1), row(2)])));
    assert_eq!(batcher.poll(now + ms(20)), None);
}

#[test]
fn a_full_group_does_not_wait_and_one_is_out_at_a_time() {
    let now = Instant::now();
    let mut batcher = empty(now);
    for seq in 0..300 {
        batcher.push(row(seq), now).expect("room");
    }

    let Some(Order::Commit(first)) = batcher.poll(now) else { panic!("a group is due") };
    assert_eq!(first.len(), 256);
    assert_eq!(batcher.poll(now + ms(9000)), None);
    batcher.committed(256, false, now);

    let Some(Order::Commit(rest)) = batcher.poll(now + ms(20)) else { panic!("the rest is due") };
    assert_eq!(rest.len(), 44);
}

#[test]
fn what_is_in_the_spool_is_shipped_when_it_is_old_or_much() {
    let now = Instant::now();
    let mut batcher = empty(now);
    batcher.push(row(1), now).expect("room");
    batcher.poll(now + ms(20));
    batcher.committed(1, false, now + ms(25));

    assert_eq!(batcher.poll_timeout(), Some(now + ms(125)));
    assert_eq!(batcher.poll(now + ms(125)), Some(Order::Ship(500)));
    assert_eq!(batcher.poll(now + ms(9000)), None, "one shipment at a time");
    batcher.shipped(1, 1, now + ms(130));
    assert_eq!((batcher.poll_timeout(), batcher.backlog()), (None, 0));

    let mut much = spooled(500, now);
    assert_eq!(much.poll(now), Some(Order::Ship(500)), "left by an earlier process");
}

#[test]
fn an_outage_is_waited_out_longer_each_time() {
    let now = Instant::now();
    let mut batcher = spooled(3, now);
    for wait in [100, 200, 400, 800, 1600, 3200, 5000, 5000] {
        let at = batcher.poll_timeout().expect("a try");
        assert!(matches!(batcher.poll(at), Some(Order::Ship(_))));
        batcher.not_shipped(at);

        assert_eq!(batcher.poll_timeout(), Some(at + ms(wait)));
    }
    let at = batcher.poll_timeout().expect("a try");
    batcher.poll(at);
    batcher.shipped(3, 3, at);

    assert_eq!(batcher.backlog(), 0);
}

#[test]
fn a_commit_that_failed_is_tried_again_with_its_rows_first() {
    let now = Instant::now();
    let mut batcher = empty(now);
    batcher.push(row(1), now).expect("room");
    batcher.poll(now + ms(20));
    batcher.push(row(2), now + ms(21)).expect("room");
    batcher.not_committed(now + ms(22));

    assert_eq!(batcher.poll(now + ms(121)), None);
    assert_eq!(batcher.poll(now + ms(122)), Some(Order::Commit(vec![row(1), row(2)])));
}

#[test]
fn what_is_brought_is_kept_and_what_can_be_done_without_goes_first() {
    let now = Instant::now();
    let policy = BatchPolicy { room: 4, ..BatchPolicy::default() };
    let mut batcher = Batcher::new(policy, 0, 0, now);
    let event = || row_of(9, TurnKind::Event);
    assert!(batcher.push(event(), now).is_some());
    batcher.push(row(1), now);

    assert!(batcher.is_crowded() && batcher.has_room());
    assert_eq!(batcher.push(event(), now), None);
    batcher.push(row(2), now);
    batcher.push(row(3), now);
    assert!(!batcher.has_room());
    assert_eq!(batcher.push(row(4), now), Some(5), "it was on its way when the room was used up");
}

#[test]
fn a_spool_that_is_nearly_full_takes_only_what_must_be_kept() {
    let now = Instant::now();
    let mut batcher = empty(now);
    batcher.push(row(1), now).expect("room");
    batcher.poll(now + ms(20));
    batcher.committed(1, true, now + ms(20));

    assert_eq!(batcher.push(row_of(2, TurnKind::Event), now), None);
    assert!(batcher.push(row(3), now).is_some());
}

#[test]
fn who_waits_is_served_at_once() {
    let now = Instant::now();
    let mut batcher = empty(now);
    batcher.push(row(1), now).expect("room");
    let ticket = batcher.last_ticket();
    batcher.make_haste(now);

    assert_eq!(batcher.poll(now), Some(Order::Commit(vec![row(1)])));
    assert!(!batcher.is_committed(ticket));
    batcher.committed(1, false, now);
    assert!(batcher.is_committed(ticket));
    assert_eq!(batcher.poll(now), Some(Order::Ship(500)));
    assert!(!batcher.is_shipped(batcher.newest()));
    batcher.shipped(1, 1, now);
    assert!(batcher.is_shipped(batcher.newest()));
}

/// A spool and a database that refuses some rows.
struct World {
    batcher: Batcher,
    now: Instant,
    /// By place; the sequence numbers of their rows.
    spool: BTreeMap<u64, u32>,
    places: u64,
    stored: Vec<u32>,
    buried: Vec<u32>,
    poison: Vec<u32>,
}

impl World {
    fn new(poison: Vec<u32>) -> Self {
        let now = Instant::now();
        let (spool, stored, buried) = Default::default();
        Self { batcher: empty(now), now, spool, places: 0, stored, buried, poison }
    }

    fn push(&mut self, seq: u32) {
        self.batcher.push(row(seq), self.now).expect("room");
    }

    /// Carries one order out; `luck` says how. False if there is none.
    fn step(&mut self, luck: u8) -> bool {
        self.now += ms(10);
        let Some(order) = self.batcher.poll(self.now) else { return false };
        match (order, luck) {
            (_, 0) => self.batcher.forget_orders(self.now),
            (Order::Commit(_), 1) => self.batcher.not_committed(self.now),
            (Order::Ship(_) | Order::Bury, 1) => self.batcher.not_shipped(self.now),
            (Order::Commit(rows), luck) => {
                self.spool_up(&rows);
                // The answer may be lost though the work was done.
                if luck == 2 { self.batcher.forget_orders(self.now) } else { self.batcher.committed(self.places, false, self.now) }
            }
            (Order::Ship(limit), _) => self.ship(limit),
            (Order::Bury, _) => self.bury(),
        }
        true
    }

    fn spool_up(&mut self, rows: &[Row]) {
        for row in rows {
            let Row::Turn(turn) = row else { panic!("a turn") };
            self.places += 1;
            self.spool.insert(self.places, u32::try_from(turn.seq).expect("small"));
        }
    }

    fn ship(&mut self, limit: usize) {
        let head: Vec<(u64, u32)> = self.spool.iter().take(limit).map(|(place, seq)| (*place, *seq)).collect();
        if head.iter().any(|(_, seq)| self.poison.contains(seq)) {
            return self.batcher.refused(head.len(), self.now);
        }
        self.stored.extend(head.iter().map(|(_, seq)| seq));
        let gone = head.last().map_or(self.places, |(place, _)| *place);
        self.spool.retain(|place, _| *place > gone);
        self.batcher.shipped(head.len(), gone, self.now);
    }

    fn bury(&mut self) {
        let Some((place, seq)) = self.spool.pop_first() else { return self.batcher.shipped(1, self.places, self.now) };
        self.buried.push(seq);
        self.batcher.shipped(1, place, self.now);
    }

    fn run_dry(&mut self) {
        for _ in 0..100_000 {
            if !self.step(9) {
                let Some(due) = self.batcher.poll_timeout() else { return };
                self.now = self.now.max(due);
            }
        }
        panic!("there is always something more to do");
    }
}

#[test]
fn one_poison_row_is_buried_and_its_499_neighbours_are_stored() {
    let mut world = World::new(vec![321]);
    (0..500).for_each(|seq| world.push(seq));

    world.run_dry();

    assert_eq!(world.buried, [321]);
    assert_eq!(world.stored, (0..500).filter(|seq| *seq != 321).collect::<Vec<_>>());
}

proptest! {
    /// Whatever fails, in whatever order: what was taken ends in the table or among the dead letters, and nothing else does.
    #[test]
    fn every_row_arrives_and_only_poison_is_buried(
        steps in prop::collection::vec((any::<bool>(), 0..6_u8), 1..400),
        poison in prop::collection::vec(0..200_u32, 0..6),
    ) {
        let mut world = World::new(poison.clone());
        let mut pushed = 0;
        for (push, luck) in steps {
            if push {
                world.push(pushed);
                pushed += 1;
            }
            world.step(luck);
        }
        world.run_dry();

        let arrived = |rows: &[u32]| rows.iter().copied().collect::<std::collections::BTreeSet<u32>>();
        let (bad, good): (Vec<u32>, Vec<u32>) = (0..pushed).partition(|seq| poison.contains(seq));
        prop_assert_eq!(arrived(&world.stored), arrived(&good));
        prop_assert_eq!(arrived(&world.buried), arrived(&bad));
        prop_assert!(world.spool.is_empty() && world.batcher.backlog() == 0 && world.batcher.waiting() == 0);
        prop_assert!(world.batcher.is_committed(world.batcher.last_ticket()));
    }
}
