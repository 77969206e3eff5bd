//! Two processes behind a load balancer, and calls that are under way at both.

use std::cell::RefCell;
use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use alpha_call::sim::client::ApiClient;
use alpha_call::sim::scenario::{CallerScript, Step};
use alpha_call::sim::stage::{CALLER, Stage, utterance};
use alpha_call::sim::twilio::{CallHandle, CallIn, CallReport, HungUpBy};
use futures_util::future::join_all;
use serde_json::Value;

use super::*;

/// A balancer looks so often who is ready.
const LOOK: Duration = Duration::from_millis(200);

const VARIABLES: [(&str, &str); 4] =
    [("MAX_CONCURRENT_CALLS", "200"), ("MAX_OPENAI_CONNECTIONS", "250"), ("APP__CALL__IDLE_MS", "200000"), ("LOG_FORMAT", "text")];

pub struct Crew {
    pub cluster: Cluster,
    pub stage: Stage,
    pub instances: RefCell<Vec<Instance>>,
}

impl Crew {
    pub fn start(count: usize) -> Option<Self> {
        let cluster = Cluster::start()?;
        let stage = Stage::start(1).expect("a stage");
        let crew = Self { cluster, stage, instances: RefCell::default() };
        (0..count).for_each(|_| crew.hire());
        Some(crew)
    }

    /// One more process.
    pub fn hire(&self) {
        let instance = serve(&self.stage, &self.cluster.url(), &VARIABLES);
        self.instances.borrow_mut().push(instance);
        self.stage.twilio.set_engines(self.addresses());
    }

    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.instances.borrow_mut().iter_mut().map(Instance::address).collect()
    }

    /// The first of them, to be done away with.
    pub fn dismiss(&self) -> Instance {
        self.instances.borrow_mut().remove(0)
    }

    /// Sends calls only to those that say they are ready, until it is dropped.
    pub async fn balance(&self, all: &[SocketAddr]) {
        loop {
            let ready = join_all(all.iter().map(|address| is_ready(*address))).await;
            let ready: Vec<_> = all.iter().zip(ready).filter(|(_, ready)| *ready).map(|(address, _)| *address).collect();
            if !ready.is_empty() {
                self.stage.twilio.set_engines(ready);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// So many callers, one soon after the other: they hear a greeting, wait for `quiet`, say something, and hang up when they are answered.
    pub async fn ring(&self, callers: usize, quiet: Duration) -> Vec<CallHandle> {
        let steps = vec![
            Step::WaitForSpeech { within: LONG },
            Step::Pause(quiet),
            Step::Say(utterance("caller_hours")),
            Step::WaitForSpeech { within: LONG },
            Step::HangUp,
        ];
        let mut calls = Vec::new();
        for _ in 0..callers {
            let call = CallIn { from: CALLER.to_owned(), script: CallerScript::new(steps.clone()) };
            calls.push(self.stage.twilio.call_in(call).expect("a domain"));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        for call in &calls {
            call.until(LONG, |report| report.first_audio().is_some()).await.expect("a greeting");
        }
        calls
    }

    /// What is on record of a call, by a process that is left.
    pub async fn row(&self, call: &str) -> Value {
        let address = self.addresses()[0];
        ApiClient::new(address).get(&format!("/api/call/{call}")).await.expect("an answer").body
    }

    /// Every call is on record as ended by its caller, once.
    pub async fn settle(&self, calls: &[CallHandle]) {
        for call in calls {
            eventually_within(LONG, "the call has ended on record", async || {
                let row = self.row(call.call_sid()).await;
                if row["ended_reason"] == "caller_hung_up" && !row["ended_at"].is_null() { Ok(()) } else { Err(row) }
            })
            .await;
        }
        eventually_within(LONG, "every slot is free", async || match leased(&self.cluster.url()).await {
            0 => Ok(()),
            held => Err(held),
        })
        .await;
    }
}

async fn is_ready(address: SocketAddr) -> bool {
    matches!(ApiClient::new(address).get("/health/ready").await, Ok(answer) if answer.status == 200)
}

/// What became of calls whose process went.
#[derive(Debug)]
pub struct Outcome {
    pub calls: usize,
    /// Those that needed another stream.
    pub moved: usize,
    /// Those that ended as their caller wanted.
    pub survived: usize,
    /// Between two streams: from the end of one to the first sound of the next.
    gaps: Vec<Duration>,
    /// Some of those that did not, and what happened to them last.
    lost: Vec<String>,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { calls, moved, survived, lost, .. } = self;
        write!(f, "{calls} calls, {moved} moved, {survived} survived, dead air p50 {:?} p95 {:?}", self.p(50), self.p(95))?;
        lost.iter().try_for_each(|lost| write!(f, "\nlost: {lost}"))
    }
}

impl Outcome {
    pub async fn of(calls: &[CallHandle]) -> Self {
        let ended = join_all(calls.iter().map(|call| call.ended(LONG * 3))).await;
        let reports: Vec<CallReport> = calls.iter().map(CallHandle::report).collect();
        let mut gaps: Vec<Duration> = reports.iter().flat_map(gaps_of).collect();
        gaps.sort();
        let survived = ended.iter().flatten().filter(|report| report.completed() && report.hung_up_by == Some(HungUpBy::Caller));
        let moved = reports.iter().filter(|report| report.streams.len() > 1).count();
        let lost = reports.iter().filter(|report| !report.completed()).take(3);
        let lost = lost.map(|report| format!("{:?} after {:?}", report.outcome, report.timeline.iter().rev().take(12).collect::<Vec<_>>()));
        Self { calls: calls.len(), moved, survived: survived.count(), gaps, lost: lost.collect() }
    }

    pub fn p(&self, percent: usize) -> Duration {
        let place = (self.gaps.len() * percent).div_ceil(100).saturating_sub(1);
        self.gaps.get(place).copied().unwrap_or_default()
    }
}

fn gaps_of(report: &CallReport) -> Vec<Duration> {
    let heard = |stream: &alpha_call::sim::twilio::StreamReport| Some(stream.started + stream.first_audio?);
    let pairs = report.streams.windows(2);
    pairs.filter_map(|pair| Some(heard(&pair[1])?.saturating_sub(pair[0].ended?))).collect()
}

/// How long a process took to end after a signal.
pub fn timed_end(instance: Instance, signal: &str) -> Duration {
    let start = Instant::now();
    instance.signal(signal);
    instance.ended(Duration::from_secs(20));
    start.elapsed()
}
