//! `alpha-call demo`: two calls through the real engine, between two simulated peers.

use std::collections::HashSet;
use std::io::IsTerminal as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;

use serde_json::json;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::args::Demo;
use super::rehearsal::{Plan, Rehearsal};
use super::screen::{self, Paint, complain, grid, say};
use super::serve::StopSignals;
use super::transcript::{LEGEND, lines};
use crate::actors::feed::FeedEvent;
use crate::session::event::{Note, Record, Turn, TurnKind};
use crate::sim::client::ApiClient;
use crate::sim::stage::{CALLEE, CALLER, OUR_NUMBER, Stage, clinic};
use crate::sim::twilio::{CallIn, CallReport};
use crate::sim::verdict::{Percentiles, Verdict};

/// A call of the demo takes about half a minute.
const CALL: Duration = Duration::from_secs(90);

type Failure = Box<dyn std::error::Error>;

pub async fn demo(demo: &Demo) -> i32 {
    match play(demo).await {
        Ok(true) => 0,
        Ok(false) => 1,
        Err(error) => {
            complain(&format!("the demo cannot be played: {error}"));
            1
        }
    }
}

async fn play(demo: &Demo) -> Result<bool, Failure> {
    let paint = Paint::detect();
    let mut stop = StopSignals::listen()?;
    let plan = Plan { port: free_port(demo.port), file: demo.keep.clone(), ..Plan::default() };
    let rehearsal = Rehearsal::start(plan).await?;
    say(&opening(&rehearsal, paint));
    show(&rehearsal, demo);
    let passed = tokio::select! {
        passed = calls(&rehearsal, paint) => passed,
        () = stop.told() => Err("stopped before the calls were over".into()),
    };
    match &passed {
        Ok(_) if demo.once => say(&paint.dim(NEXT)),
        Ok(_) => {
            say(&places(&rehearsal, paint));
            stop.told().await;
        }
        Err(_) => {}
    }
    rehearsal.end().await?;
    passed
}

const NEXT: &str = "\n  Without --once it goes on serving, for a look around. Next: alpha-call simulate --calls 20";

fn opening(rehearsal: &Rehearsal, paint: Paint) -> String {
    let title = paint.bold("alpha-call demo");
    let (page, database, legend) = (page(rehearsal), rehearsal.file.display(), paint.dim(LEGEND));
    format!("{title}  {WHAT}\n\n  watch it   {}\n  database   {database}\n\n{legend}", paint.bold(&page))
}

/// Where the calls can be seen as they happen.
fn page(rehearsal: &Rehearsal) -> String {
    format!("http://{}/live", rehearsal.addr)
}

/// Only for people: not in a pipe, and not where there is no browser.
fn show(rehearsal: &Rehearsal, demo: &Demo) {
    let wanted = !demo.once && !demo.no_open && std::io::stdout().is_terminal();
    // Who has no browser has the address.
    let _ = wanted.then(|| open::that_detached(page(rehearsal)));
}

const WHAT: &str = "two calls in about a minute; Twilio and OpenAI are simulated, the engine is real";

const RENDERING: &str = "  A moment: the model says the greeting once; it is kept, and played at once from then on.";

const PLACES: [(&str, &str); 5] = [
    ("/phone", "talk to the simulated assistant, with your microphone"),
    ("/calls", "the two calls, word by word, with what was heard"),
    ("/", "figures over all calls"),
    ("/setup", "what a real phone number needs"),
    ("/docs", "the same for programs"),
];

const REAL: &str = "  With a key of OpenAI, the phone on the page reaches a real model: OPENAI_API_KEY=... alpha-call serve";

/// Where to look.
fn places(rehearsal: &Rehearsal, paint: Paint) -> String {
    let title = paint.bold("Still serving. Look around, then press Ctrl-C:");
    let lines = PLACES.map(|(path, what)| format!("\n  {:<42}{}", format!("http://{}{path}", rehearsal.addr), paint.dim(what)));
    format!("\n{title}{}\n\n{}", lines.concat(), paint.dim(REAL))
}

/// The port that was asked for, or any if that is busy.
fn free_port(port: u16) -> u16 {
    let is_free = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).is_ok();
    if is_free { port } else { 0 }
}

async fn calls(rehearsal: &Rehearsal, paint: Paint) -> Result<bool, Failure> {
    say(&format!("\n{}", paint.dim(RENDERING)));
    rehearsal.until_phrases_are_known().await?;
    say(&format!("\n{}  {CALLER} calls {OUR_NUMBER}", paint.bold("Call 1 of 2, inbound")));
    let Rehearsal { stage, engine, addr, .. } = rehearsal;
    let mut feed = engine.feed().watch();
    let inbound = stage.twilio.call_in(CallIn { from: CALLER.to_owned(), script: clinic() })?;
    let told = tell(&mut feed, paint);
    let (first, _) = tokio::join!(told, inbound.ended(CALL));

    say(&format!("\n{}  POST /api/request-call rings {CALLEE}", paint.bold("Call 2 of 2, outbound")));
    let asked = ApiClient::new(*addr).post("/api/request-call", &json!({ "phone_number": CALLEE, "name": "Ann" })).await?;
    if asked.status != 202 {
        return Err(format!("request-call answered {}: {}", asked.status, asked.body).into());
    }
    let told = tell(&mut feed, paint);
    let (second, _) = tokio::join!(told, second_call_ended(stage));

    engine.flush(Duration::from_secs(5)).await;
    let mut verdict = Verdict::default();
    stage.judge(&mut verdict);
    for (number, story) in [first, second].iter().enumerate() {
        verdict.expect(story.interruptions == 1, format!("call {}: {} interruptions, not 1", number + 1, story.interruptions));
        verdict.expect(story.ended, format!("call {}: no end was told", number + 1));
    }
    summary(&stage.twilio.calls(), &verdict, paint);
    Ok(verdict.passed())
}

async fn second_call_ended(stage: &Stage) {
    let begun = stage.twilio.calls_begun(2, CALL).await;
    if let Some(call) = begun.as_ref().and_then(|calls| calls.get(1)) {
        // A call that does not end is a failure of the verdict.
        let _ = call.ended(CALL).await;
    }
}

/// What was told of one call.
#[derive(Default)]
struct Story {
    told: HashSet<(u32, u32)>,
    interruptions: u32,
    ended: bool,
}

/// Prints a call's turns as they are over, until the call is.
async fn tell(feed: &mut broadcast::Receiver<FeedEvent>, paint: Paint) -> Story {
    let mut story = Story::default();
    let over = tokio::time::sleep(CALL);
    tokio::pin!(over);
    loop {
        tokio::select! {
            () = &mut over => return story,
            event = feed.recv() => match event {
                Ok(FeedEvent::Recorded { epoch, record: Record::Turn(turn), .. }) => story.turn(epoch.number(), &turn, paint),
                Ok(FeedEvent::Recorded { record: Record::Note(Note::Interrupted), .. }) => story.interruptions += 1,
                Ok(FeedEvent::Ended { cause, .. }) => {
                    story.ended = true;
                    say(&format!("         {}", paint.dim(&format!("call over: {}", cause.as_str().replace('_', " ")))));
                    return story;
                }
                Ok(FeedEvent::Connected { .. } | FeedEvent::Recorded { .. }) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return story,
            },
        }
    }
}

impl Story {
    fn turn(&mut self, epoch: u32, turn: &Turn, paint: Paint) {
        let over = turn.kind == TurnKind::Message && turn.ended.is_some() && !turn.generated.is_empty();
        if over && self.told.insert((epoch, turn.seq)) {
            lines(turn, paint).iter().for_each(|line| say(line));
        }
    }
}

fn summary(calls: &[CallReport], verdict: &Verdict, paint: Paint) {
    say(&format!("\n{}\n", paint.bold("Summary, as the telephone company saw it, in ms")));
    let header = ["call", "outcome", "first audio", "answer p50", "answer max", "interruptions", "silent after"];
    say(&grid(&header, calls.iter().map(row), 2, paint));
    say(&paint.dim("  First audio: from the start of the stream. Answer: from the caller's last sound to the assistant's"));
    say(&paint.dim("  next, with the half second of silence that ends a turn. Silent: from a barge-in's first sound."));
    let (violations, word) = (verdict.violations.len(), if verdict.passed() { paint.green("passed") } else { paint.red("failed") });
    say(&format!("\n  protocol violations {violations}, verdict {word}"));
    for trouble in verdict.violations.iter().chain(&verdict.failures) {
        say(&format!("  {} {trouble}", paint.red("!")));
    }
}

fn row(call: &CallReport) -> Vec<String> {
    let ms = |duration: Option<Duration>| duration.map_or_else(|| "-".to_owned(), screen::ms);
    let answers = Percentiles::of(&call.turn_latencies);
    let answered = |duration| (answers.n > 0).then_some(duration);
    let outcome = call.outcome.as_ref().map_or_else(|| "still live".to_owned(), ToString::to_string);
    let times = [call.first_audio(), answered(answers.p50), answered(answers.max)].map(ms);
    let cuts = [call.cuts.len().to_string(), ms(call.cuts.first().map(|cut| cut.reaction))];
    [call.direction.as_str().to_owned(), outcome].into_iter().chain(times).chain(cuts).collect()
}
