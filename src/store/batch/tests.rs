use std::collections::{BTreeMap, BTreeSet};

use chrono::DateTime;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::session::event::{Speaker, Turn, TurnKind};
use crate::types::{CallId, Epoch, Redacted};

fn call() -> CallId {
    CallId::new(Uuid::from_u128(1))
}

fn row(seq: u32, revision: u32) -> Row {
    let turn = Turn {
        seq,
        revision,
        position: seq,
        item: None,
        response: None,
        speaker: Speaker::Ai,
        kind: TurnKind::Message,
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
    Row::turn(call(), Epoch::FIRST, turn, DateTime::UNIX_EPOCH)
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[test]
fn a_row_waits_for_company_and_no_longer() {
    let now = Instant::now();
    let mut batcher = Batcher::default();
    batcher.push(row(1, 1), now);
    batcher.push(row(2, 1), now + ms(150));

    assert_eq!(batcher.poll_timeout(), Some(now + ms(200)));
    assert_eq!(batcher.poll(now + ms(199)), None);
    assert_eq!(batcher.poll(now + ms(200)), Some(vec![row(1, 1), row(2, 1)]));
}

#[test]
fn a_full_batch_does_not_wait() {
    let now = Instant::now();
    let mut batcher = Batcher::default();
    for seq in 0..501 {
        batcher.push(row(seq, 1), now);
    }

    assert_eq!(batcher.poll(now).map(|batch| batch.len()), Some(500));
    batcher.done();

    assert_eq!(batcher.poll(now), None);
    assert_eq!(batcher.poll(now + ms(200)), Some(vec![row(500, 1)]));
}

#[test]
fn one_batch_is_out_at_a_time() {
    let now = Instant::now();
    let mut batcher = Batcher::default();
    batcher.push(row(1, 1), now);
    let first = batcher.poll(now + ms(200));
    batcher.push(row(2, 1), now + ms(200));

    assert!(first.is_some());
    assert_eq!(batcher.poll_timeout(), None);
    assert_eq!(batcher.poll(now + ms(9000)), None);
    assert_eq!(batcher.len(), 2);
}

#[test]
fn the_newest_revision_wins_and_keeps_its_place() {
    let now = Instant::now();
    let mut batcher = Batcher::default();
    for (seq, revision) in [(1, 1), (2, 1), (1, 3), (1, 2)] {
        batcher.push(row(seq, revision), now);
    }

    assert_eq!(batcher.poll(now + ms(200)), Some(vec![row(1, 3), row(2, 1)]));
}

#[test]
fn a_revision_that_comes_while_its_row_is_out_goes_with_the_next_batch() {
    let now = Instant::now();
    let mut batcher = Batcher::default();
    batcher.push(row(1, 1), now);
    let first = batcher.poll(now + ms(200));
    batcher.push(row(1, 2), now + ms(200));
    batcher.done();

    assert_eq!(first, Some(vec![row(1, 1)]));
    assert_eq!(batcher.poll(now + ms(400)), Some(vec![row(1, 2)]));
}

#[test]
fn of_what_has_no_revision_the_first_stays() {
    let now = Instant::now();
    let mut batcher = Batcher::default();
    batcher.push(Row::FirstAudio { call: call(), ms: 300 }, now);
    batcher.push(Row::FirstAudio { call: call(), ms: 900 }, now);

    assert_eq!(batcher.poll(now + ms(200)), Some(vec![Row::FirstAudio { call: call(), ms: 300 }]));
}

#[test]
fn a_failed_batch_comes_back_later_each_time_and_a_success_forgets_that() {
    let mut now = Instant::now();
    let mut batcher = Batcher::default();
    batcher.push(row(1, 1), now);
    now += ms(200);

    for wait in [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000] {
        assert_eq!(batcher.poll(now), Some(vec![row(1, 1)]), "{wait}");
        batcher.failed(now);
        assert_eq!(batcher.poll_timeout(), Some(now + ms(wait)));
        assert_eq!(batcher.poll(now + ms(wait - 1)), None);
        now += ms(wait);
    }
    assert!(batcher.poll(now).is_some());
    batcher.done();
    batcher.push(row(2, 1), now);
    assert!(batcher.poll(now + ms(200)).is_some());
    batcher.failed(now);

    assert_eq!(batcher.poll_timeout(), Some(now + ms(100)));
}

#[test]
fn what_is_told_of_no_batch_changes_nothing() {
    let now = Instant::now();
    let mut batcher = Batcher::default();
    batcher.push(row(1, 1), now);

    batcher.done();
    batcher.failed(now);

    assert_eq!(batcher.len(), 1);
    assert_eq!(batcher.poll_timeout(), Some(now + ms(200)));
}

#[derive(Clone, Debug)]
enum Step {
    Push { seq: u32, revision: u32 },
    Poll,
    Done,
    Failed,
    Pass { millis: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..6u32, 0..5u32).prop_map(|(seq, revision)| Step::Push { seq, revision }),
        3 => Just(Step::Poll),
        1 => Just(Step::Done),
        1 => Just(Step::Failed),
        2 => (0..400u64).prop_map(|millis| Step::Pass { millis }),
    ]
}

/// What a table that keeps the highest revision would hold, and what went wrong on the way there.
#[derive(Default)]
struct Table {
    rows: BTreeMap<RowKey, i64>,
    out: Option<Vec<Row>>,
    failed: Option<Vec<Row>>,
}

impl Table {
    fn receive(&mut self, batch: Vec<Row>, max_rows: usize) {
        let keys: BTreeSet<RowKey> = batch.iter().map(Row::key).collect();
        assert!(self.out.is_none(), "two batches are out");
        assert!((1..=max_rows).contains(&batch.len()), "a batch of {}", batch.len());
        assert_eq!(keys.len(), batch.len(), "a key twice in one batch");
        if let Some(failed) = self.failed.take() {
            assert_eq!(failed, batch, "a failed batch comes back as it was");
        }
        self.out = Some(batch);
    }

    fn commit(&mut self) {
        for row in self.out.take().into_iter().flatten() {
            let stored = self.rows.entry(row.key()).or_insert_with(|| row.revision());
            *stored = row.revision().max(*stored);
        }
    }
}

proptest! {
    #[test]
    fn nothing_is_lost_nothing_comes_twice_and_the_newest_stays(steps in prop::collection::vec(step(), 0..200)) {
        let policy = BatchPolicy { max_rows: 3, ..Default::default() };
        let (mut now, mut batcher, mut table) = (Instant::now(), Batcher::new(policy), Table::default());
        let mut pushed: BTreeMap<RowKey, u32> = BTreeMap::new();

        for step in steps {
            match step {
                Step::Push { seq, revision } => {
                    let newest = pushed.entry(row(seq, revision).key()).or_insert(revision);
                    *newest = revision.max(*newest);
                    batcher.push(row(seq, revision), now);
                }
                Step::Poll => if let Some(batch) = batcher.poll(now) { table.receive(batch, 3) },
                Step::Done => { batcher.done(); table.commit(); }
                Step::Failed => {
                    batcher.failed(now);
                    if let Some(batch) = table.out.take() { table.failed = Some(batch) }
                }
                Step::Pass { millis } => now += ms(millis),
            }
        }
        batcher.done();
        table.commit();
        while let Some(due) = batcher.poll_timeout() {
            let batch = batcher.poll(due).expect("what is due comes");
            table.receive(batch, 3);
            batcher.done();
            table.commit();
        }

        prop_assert!(batcher.is_empty());
        prop_assert_eq!(table.rows, pushed);
    }

    #[test]
    fn a_row_that_is_stored_does_not_come_again(seqs in prop::collection::vec(0..1000u32, 0..300)) {
        let (now, mut batcher) = (Instant::now(), Batcher::new(BatchPolicy { max_rows: 7, ..Default::default() }));
        let distinct: BTreeSet<u32> = seqs.iter().copied().collect();
        for seq in seqs {
            batcher.push(row(seq, 1), now);
        }

        let mut stored = Vec::new();
        while let Some(batch) = batcher.poll(now + ms(200)) {
            stored.extend(batch.iter().map(Row::key));
            batcher.done();
        }

        prop_assert_eq!(stored.len(), distinct.len());
        prop_assert_eq!(stored.into_iter().collect::<BTreeSet<_>>().len(), distinct.len());
    }
}
