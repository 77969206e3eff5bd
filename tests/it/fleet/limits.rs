//! Three processes share one database and one limit, and are killed one after the other.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use alpha_call::sim::scenario::{CallerScript, Step};
use alpha_call::sim::stage::{CALLER, Stage};
use alpha_call::sim::twilio::{CallIn, CallReport, Happening};
use futures_util::future::{join, join_all};

use super::*;

const MEMBERS: usize = 3;
/// A lease of a process that was killed is over after this, and somebody has looked at it.
const EXPIRED: Duration = Duration::from_secs(33);

/// How many calls: `FLEET_CALLS=10000` for the long run of docs/operations.md.
fn wanted() -> usize {
    number("FLEET_CALLS", 60)
}

/// How many of them at once: `FLEET_LIMIT=60` makes the long run shorter.
fn limit() -> usize {
    number("FLEET_LIMIT", 6)
}

/// More than the limit, so that slots are fought for.
fn callers() -> usize {
    limit() * 3 / 2
}

fn number(variable: &str, usual: usize) -> usize {
    std::env::var(variable).map_or(usual, |text| text.parse().expect("a number"))
}

#[actix_rt::test]
async fn three_processes_that_are_killed_never_exceed_the_limit_and_lose_no_slot() {
    let Some(cluster) = Cluster::start() else { return };
    let members: Vec<Member> = (0..MEMBERS).map(|n| Member::start(n as u64, &cluster.url())).collect();
    let crowd = Crowd::default();

    let killing = async {
        for turn in 0.. {
            tokio::time::sleep(Duration::from_secs(4)).await;
            if crowd.is_done() {
                return turn;
            }
            members[turn % MEMBERS].be_reborn(&cluster.url());
        }
        0
    };
    let calling = join_all((0..callers()).map(|n| crowd.call(&members[n % MEMBERS])));
    let (kills, _) = join(killing, calling).await;

    let most = crowd.most();
    let reports = crowd.reports.take();
    let served = reports.iter().filter(|report| span(report).is_some()).count();
    let refused = reports.len() - served;
    println!("{served} calls served, {refused} turned away or cut off, {kills} processes killed, at most {most} at once of {}", limit());
    assert!(served >= wanted() && refused > 0 && kills > 0, "a poor sample");
    assert!(most <= limit() && most > limit() / 2, "{most} calls at once");
    eventually_within(EXPIRED, "every slot is free", async || match leased(&cluster.url()).await {
        0 => Ok(()),
        held => Err(held),
    })
    .await;
}

/// A process, and its own telephone and model.
struct Member {
    stage: Stage,
    instance: RefCell<Instance>,
}

impl Member {
    fn start(seed: u64, url: &str) -> Self {
        let stage = Stage::start(seed).expect("a stage");
        let instance = RefCell::new(Self::serve(&stage, url));
        Self { stage, instance }
    }

    fn be_reborn(&self, url: &str) {
        self.instance.borrow().signal("KILL");
        self.instance.replace(Self::serve(&self.stage, url));
    }

    fn serve(stage: &Stage, url: &str) -> Instance {
        let (calls, models) = (limit().to_string(), (limit() + 14).to_string());
        serve(stage, url, &[("MAX_CONCURRENT_CALLS", &calls), ("MAX_OPENAI_CONNECTIONS", &models)])
    }
}

/// Everybody who calls.
#[derive(Default)]
struct Crowd {
    reports: RefCell<Vec<CallReport>>,
    served: Cell<usize>,
}

impl Crowd {
    fn is_done(&self) -> bool {
        self.served.get() >= wanted()
    }

    /// Calls again and again.
    async fn call(&self, member: &Member) {
        while !self.is_done() {
            let script = CallerScript::new(vec![Step::Pause(Duration::from_millis(700)), Step::HangUp]);
            let call = member.stage.twilio.call_in(CallIn { from: CALLER.to_owned(), script }).expect("a domain");
            let report = call.ended(LONG).await.expect("an end");
            if span(&report).is_some() {
                self.served.set(self.served.get() + 1);
            } else {
                // Somebody who hears that the line is busy tries again, in a moment.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            self.reports.borrow_mut().push(report);
        }
    }

    /// The most calls that there were at once.
    fn most(&self) -> usize {
        let mut changes: Vec<(Instant, bool)> = Vec::new();
        for (began, ended) in self.reports.borrow().iter().filter_map(span) {
            changes.extend([(began, true), (ended, false)]);
        }
        // Of two at the same moment, the end comes first.
        changes.sort_unstable();
        let count = |live: &mut usize, &(_, begins): &(Instant, bool)| {
            *live = if begins { *live + 1 } else { *live - 1 };
            Some(*live)
        };
        changes.iter().scan(0, count).max().unwrap_or_default()
    }
}

/// From the start of the stream to its end; none for a call that never had one.
fn span(report: &CallReport) -> Option<(Instant, Instant)> {
    let began = report.first(|what| matches!(what, Happening::StreamStarted { .. }))?;
    let is_end =
        |what: &Happening| matches!(what, Happening::StreamStopped | Happening::StreamClosed { .. } | Happening::StreamBroken { .. });
    let ended = report.first(is_end).expect("an end");
    Some((report.moment(began), report.moment(ended)))
}
