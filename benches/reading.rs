//! How long it takes to read the record, through the store and its pool as the server does.
//!
//! ```sh
//! alpha-call db seed --calls 1000000
//! BENCH_DATABASE_URL=postgres://… cargo bench --bench reading            # prints a table
//! BENCH_DATABASE_URL=postgres://… cargo bench --bench reading -- --write # and puts it into docs/performance.md
//! ```

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a benchmark is run by hand, and prints what it saw")]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use alpha_call::store::{AnalyticsQuery, CallStore, DatabaseSettings, HistoryFilter, Interval, Sort};
use alpha_call::types::{CallStatus, Direction, PhoneNumber};
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};

const URL: &str = "BENCH_DATABASE_URL";
const REPORT: &str = "docs/performance.md";
const MARKS: [&str; 2] = ["<!-- reading: begin -->", "<!-- reading: end -->"];
/// Questions of each kind, after some that warm up the pool and its plans.
const ROUNDS: u64 = 200;
const WARM: u64 = 20;
/// Far offsets are slow: few of them, to walk on from.
const STARTS: u64 = 6;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let url = std::env::var(URL).unwrap_or_default();
    if url.is_empty() {
        println!("{URL} is not set: nothing to read");
        return;
    }
    let bench = Bench::open(&url).await;
    let mut report = Report::new(bench.size().await);
    bench.histories(&mut report).await;
    bench.figures(&mut report).await;
    println!("{}", report.text());
    if std::env::args().any(|argument| argument == "--write") {
        write(&report.text());
    }
    bench.store.close().await;
}

struct Bench {
    store: CallStore,
    db: DatabaseConnection,
    first: DateTime<Utc>,
    last: DateTime<Utc>,
}

impl Bench {
    async fn open(url: &str) -> Self {
        let settings = DatabaseSettings { max_connections: 8, acquire_timeout: Duration::from_secs(5), ..DatabaseSettings::at(url) };
        let store = CallStore::open(&settings).expect("a store");
        store.migrate().await.expect("migrated");
        let db = Database::connect(url).await.expect("connected");
        let ends = |sort| HistoryFilter { limit: 1, sort, ..HistoryFilter::default() };
        let first = store.call_history(&ends(Sort::Oldest)).await.expect("read").calls.first().expect("calls").initiated_at;
        let last = store.call_history(&ends(Sort::Newest)).await.expect("read").calls.first().expect("calls").initiated_at;
        let begun = Instant::now();
        let mut hours = 0;
        loop {
            match store.summarise(1000).await.expect("counted") {
                0 => break,
                more => hours += more,
            }
        }
        println!("{hours} hours counted in {:.1} s", begun.elapsed().as_secs_f64());
        Self { store, db, first, last }
    }

    async fn size(&self) -> [i64; 3] {
        let mut sizes = [0; 3];
        for (size, table) in sizes.iter_mut().zip(["call_logs", "conversation_logs", "call_hours"]) {
            let count = Statement::from_string(self.db.get_database_backend(), format!("SELECT COUNT(*) AS rows FROM {table}"));
            let row = self.db.query_one_raw(count).await.expect("counted").expect("a row");
            *size = row.try_get("", "rows").expect("a number");
        }
        sizes
    }

    fn moment(&self, dice: &mut Dice) -> DateTime<Utc> {
        let span = (self.last - self.first).num_seconds().unsigned_abs();
        self.first + TimeDelta::seconds(i64::try_from(dice.below(span)).unwrap_or_default())
    }

    async fn histories(&self, report: &mut Report) {
        let number = self.a_number().await;
        let ours: Option<PhoneNumber> = "+14155550100".parse().ok();
        let plain = HistoryFilter::default;
        let kinds = [
            ("no filter", plain()),
            ("oldest first", HistoryFilter { sort: Sort::Oldest, ..plain() }),
            ("longest first", HistoryFilter { sort: Sort::Longest, ..plain() }),
            ("shortest first", HistoryFilter { sort: Sort::Shortest, ..plain() }),
            ("`status=completed`", HistoryFilter { status: Some(CallStatus::Completed), ..plain() }),
            ("`status=failed`", HistoryFilter { status: Some(CallStatus::Failed), ..plain() }),
            ("`status=failed`, longest first", HistoryFilter { status: Some(CallStatus::Failed), sort: Sort::Longest, ..plain() }),
            ("`direction=inbound`", HistoryFilter { direction: Some(Direction::Inbound), ..plain() }),
            ("`phone_number` of a caller", HistoryFilter { phone_number: number.clone(), ..plain() }),
            ("`phone_number` of ours", HistoryFilter { phone_number: ours, ..plain() }),
            ("`assistant`", HistoryFilter { assistant: Some("sales".to_owned()), ..plain() }),
            (
                "`assistant`, `status`, longest first",
                HistoryFilter { assistant: Some("sales".to_owned()), status: Some(CallStatus::Completed), sort: Sort::Longest, ..plain() },
            ),
            ("`q`: a whole number", HistoryFilter { q: number.as_ref().and_then(|number| number.as_str().parse().ok()), ..plain() }),
            (
                "`q`: end of a number",
                HistoryFilter { q: number.as_ref().and_then(|number| number.as_str().get(6..)?.parse().ok()), ..plain() },
            ),
            ("`q`: a common name", HistoryFilter { q: "ann".parse().ok(), ..plain() }),
            ("`q`: nothing like it", HistoryFilter { q: "zzyzx".parse().ok(), ..plain() }),
        ];
        for (name, filter) in kinds {
            self.first_page(report, name, &filter).await;
            self.pages(report, name, &filter).await;
        }
        self.months(report).await;
    }

    /// The number of some caller.
    async fn a_number(&self) -> Option<PhoneNumber> {
        let filter = HistoryFilter {
            direction: Some(Direction::Inbound),
            to: Some(self.first + (self.last - self.first) / 2),
            ..HistoryFilter::default()
        };
        let page = self.store.call_history(&filter).await.expect("read");
        page.calls.first().and_then(|call| call.from.as_str().parse().ok())
    }

    async fn first_page(&self, report: &mut Report, name: &str, filter: &HistoryFilter) {
        let mut times = Vec::new();
        for round in 0..WARM + ROUNDS / 4 {
            let begun = Instant::now();
            let page = self.store.call_history(filter).await.expect("read");
            if round >= WARM {
                times.push(begun.elapsed());
            }
            assert!(page.calls.len() <= 50);
        }
        report.add(format!("first page and total: {name}"), times);
    }

    /// From anywhere in the middle: a cursor is made of a page that begins at a random place.
    async fn pages(&self, report: &mut Report, name: &str, filter: &HistoryFilter) {
        let mut dice = Dice(7);
        let mut times = Vec::new();
        let mut cursors = Vec::new();
        for _ in 0..STARTS {
            let offset = dice.below(10_000);
            let found = self.store.call_history(&HistoryFilter { offset, limit: 1, ..filter.clone() }).await;
            cursors.extend(found.expect("read").next);
        }
        let first = self.store.call_history(&HistoryFilter { limit: 1, ..filter.clone() }).await.expect("read").next;
        let Some(first) = cursors.is_empty().then_some(first).flatten().or_else(|| cursors.first().cloned()) else { return };
        cursors.push(first);
        for round in 0..WARM + ROUNDS {
            let at = usize::try_from(dice.below(cursors.len() as u64)).unwrap_or_default();
            let mut wanted = HistoryFilter { cursor: cursors.get(at).cloned(), ..filter.clone() };
            let begun = Instant::now();
            let page = self.store.call_history(&wanted).await.expect("read");
            if round >= WARM {
                times.push(begun.elapsed());
            }
            // On from there, so that the next round is somewhere else.
            wanted.cursor = page.next;
            if let (Some(next), Some(cursor)) = (wanted.cursor, cursors.get_mut(at)) {
                *cursor = next;
            }
        }
        report.add(format!("page by cursor: {name}"), times);
    }

    async fn months(&self, report: &mut Report) {
        let mut dice = Dice(11);
        let mut times = Vec::new();
        for round in 0..WARM + ROUNDS {
            let from = self.moment(&mut dice);
            let filter = HistoryFilter { from: Some(from), to: Some(from + TimeDelta::days(30)), ..HistoryFilter::default() };
            let begun = Instant::now();
            self.store.call_history(&filter).await.expect("read");
            if round >= WARM {
                times.push(begun.elapsed());
            }
        }
        report.add("first page and total: `from` and `to`, a month".to_owned(), times);
    }

    async fn figures(&self, report: &mut Report) {
        let month = Some(TimeDelta::days(30));
        for (name, span, interval, assistant) in [
            ("a month", month, None, None),
            ("a month by day", month, Some(Interval::Day), None),
            ("a month by hour", month, Some(Interval::Hour), None),
            ("a month of an assistant", month, None, Some("sales")),
            ("a day by hour", Some(TimeDelta::days(1)), Some(Interval::Hour), None),
            ("everything", None, None, None),
        ] {
            let mut dice = Dice(13);
            let mut times = Vec::new();
            let rounds = if span.is_some() { WARM + ROUNDS / 2 } else { WARM + 10 };
            for round in 0..rounds {
                let from = self.moment(&mut dice);
                let (from, to) = (span.map(|_| from), span.map(|span| from + span));
                let query = AnalyticsQuery { from, to, assistant: assistant.map(str::to_owned), interval, now: Utc::now() };
                let begun = Instant::now();
                self.store.analytics(&query).await.expect("figures");
                if round >= WARM {
                    times.push(begun.elapsed());
                }
            }
            report.add(format!("analytics: {name}"), times);
        }
    }
}

/// Numbers that look random and are the same in every run (a linear congruential generator).
struct Dice(u64);

impl Dice {
    const fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % if limit == 0 { 1 } else { limit }
    }
}

struct Report {
    sizes: [i64; 3],
    lines: Vec<(String, Vec<Duration>)>,
}

impl Report {
    const fn new(sizes: [i64; 3]) -> Self {
        Self { sizes, lines: Vec::new() }
    }

    fn add(&mut self, name: String, mut times: Vec<Duration>) {
        times.sort_unstable();
        println!("{name}: {:.1} ms", millis(&times, 95));
        self.lines.push((name, times));
    }

    fn text(&self) -> String {
        let [calls, turns, hours] = self.sizes;
        let command = "BENCH_DATABASE_URL=postgres://… cargo bench --bench reading -- --write";
        let mut text = format!("Read from {calls} calls, {turns} turns and {hours} kept hours by\n\n    {command}\n\n");
        text.push_str("| question | p50 ms | p95 ms | max ms |\n|---|---:|---:|---:|\n");
        for (name, times) in &self.lines {
            let [p50, p95, max] = [50, 95, 100].map(|percent| millis(times, percent));
            let _ = writeln!(text, "| {name} | {p50:.1} | {p95:.1} | {max:.1} |");
        }
        text
    }
}

fn millis(sorted: &[Duration], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).map_or(f64::NAN, |time| time.as_secs_f64() * 1000.0)
}

/// Between the marks, or at the end of a file that has none.
fn write(report: &str) {
    let [begin, end] = MARKS;
    let known = std::fs::read_to_string(REPORT).unwrap_or_else(|_| "# Performance\n".to_owned());
    let part = format!("{begin}\n{report}{end}");
    let marked = known.split_once(begin).and_then(|(before, rest)| Some((before, rest.split_once(end)?.1)));
    let text = match marked {
        Some((before, after)) => format!("{before}{part}{after}"),
        None => format!("{known}\n## Reading the record\n\n{part}\n"),
    };
    std::fs::write(REPORT, text).expect("written");
}
