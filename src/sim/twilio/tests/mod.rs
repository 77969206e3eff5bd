//! The whole fake, against an engine that is nothing but sockets.

mod engine;
mod outbound;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::SinkExt as _;
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

use self::engine::{ACCOUNT, DOMAIN, Hook, Phone, TOKEN, TestEngine, rest};
use super::*;
use crate::audio::{SILENCE, mulaw};
use crate::sim::scenario::{Step, Utterance};

const NUMBER: &str = "+15550100001";
const CALLER: &str = "+15550100002";
const LONG: Duration = Duration::from_secs(20);

fn twilio(engine: &TestEngine) -> FakeTwilio {
    let settings = FakeTwilioSettings {
        account_sid: ACCOUNT.into(),
        auth_token: TOKEN.into(),
        number: NUMBER.into(),
        domain: DOMAIN.into(),
        engine: engine.address,
        seed: 1,
    };
    FakeTwilio::start(settings).expect("started")
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A square wave of so many milliseconds, loud enough for speech.
fn tone(ms: usize) -> Vec<u8> {
    (0..ms * 8).map(|sample| mulaw::encode(if sample / 10 % 2 == 0 { 8_000 } else { -8_000 })).collect()
}

fn says(name: &str, length: usize) -> Utterance {
    Utterance { name: name.into(), text: name.into(), audio: tone(length).into() }
}

fn connect(hook: &Hook) -> String {
    match hook.path.as_str() {
        "/after" => "<Response><Hangup/></Response>".into(),
        "/again" | "/incoming-call" | "/outgoing" => format!(
            "<Response><Connect action=\"https://{DOMAIN}/{}\"><Stream url=\"wss://{DOMAIN}/media/tok\">\
             <Parameter name=\"epoch\" value=\"1\"/></Stream></Connect></Response>",
            if hook.path == "/outgoing" { "again" } else { "after" }
        ),
        _ => String::new(),
    }
}

async fn call(engine: &TestEngine, twilio: &FakeTwilio, steps: Vec<Step>) -> CallReport {
    assert_eq!(twilio.live_calls(), 0);
    let handle = twilio.call_in(CallIn { from: CALLER.into(), script: CallerScript::new(steps) }).expect("a domain");
    let report = handle.ended(LONG).await.expect("an end");
    assert!(engine.hooks().iter().all(|hook| hook.signed), "every webhook is signed");
    assert_eq!(twilio.live_calls(), 0);
    report
}

fn names(report: &CallReport) -> Vec<String> {
    report.timeline.iter().map(|event| format!("{:?}", event.what).split([' ', '{']).next().unwrap_or_default().to_owned()).collect()
}

#[derive(Default)]
struct Seen {
    start: Value,
    signed: bool,
    sent: Option<Instant>,
    media: Vec<(Instant, Value)>,
    marks: Vec<(Instant, String)>,
    cleared: Option<Instant>,
}

#[tokio::test]
async fn a_stream_keeps_time_and_echoes_marks_when_they_are_heard() {
    let seen: Arc<Mutex<Seen>> = Arc::default();
    let record = Arc::clone(&seen);
    let engine = TestEngine::start(connect, move |mut phone| {
        let record = Arc::clone(&record);
        async move {
            let mut seen = Seen { start: phone.wait_for_start().await, signed: phone.signed, ..Seen::default() };
            seen.sent = Some(Instant::now());
            phone.media(&tone(500)).await;
            phone.mark("a").await;
            phone.media(&tone(2_000)).await;
            phone.mark("b").await;
            while seen.marks.len() < 2 {
                let (at, message) = phone.next().await.expect("a message");
                match message["event"].as_str() {
                    Some("media") => seen.media.push((at, message)),
                    Some("mark") => seen.marks.push((at, message["mark"]["name"].as_str().expect("a name").to_owned())),
                    _ => panic!("unexpected {message}"),
                }
                if seen.cleared.is_none() && at.duration_since(seen.sent.expect("sent")) > ms(1_000) {
                    seen.cleared = Some(Instant::now());
                    phone.clear().await;
                }
            }
            *record.lock().expect("whole") = seen;
            phone.close().await;
        }
    })
    .await;
    let twilio = twilio(&engine);

    let report = call(&engine, &twilio, vec![Step::FallSilent]).await;

    let seen = seen.lock().expect("whole");
    assert!(seen.signed);
    assert_eq!(seen.start["sequenceNumber"], "1");
    assert_eq!(seen.start["start"]["customParameters"]["epoch"], "1");
    paced(&seen.media);
    let after = |mark: usize| seen.marks[mark].0.duration_since(seen.sent.expect("sent"));
    assert!((ms(500)..ms(650)).contains(&after(0)), "mark a after {:?}", after(0));
    assert!(seen.marks[1].0.duration_since(seen.cleared.expect("cleared")) < ms(150), "mark b at once on clear");
    let [media, mark] = [Happening::FirstAgentMedia, Happening::MarkEchoed { name: "a".into() }]
        .map(|wanted| report.first(|what| *what == wanted).expect("on the timeline"));
    assert_eq!(mark - media, ms(500), "by the clock, not by ticks");
    assert_eq!((report.outcome.as_ref(), report.hung_up_by), (Some(&Outcome::Completed), Some(HungUpBy::Twiml)));
    let Some(Happening::Cleared { played_ms, dropped_ms }) =
        report.timeline.iter().map(|event| event.what.clone()).find(|what| matches!(what, Happening::Cleared { .. }))
    else {
        panic!("no clear in {:?}", report.timeline)
    };
    assert!((1_000..1_300).contains(&played_ms), "{played_ms} ms played");
    assert!((2_499..=2_500).contains(&(played_ms + dropped_ms)));
    assert!(report.first_audio().expect("heard") < ms(250));
    assert!(report.cuts.is_empty());
    assert_eq!(report.streams[0].close_code, None);
    assert_eq!(engine.hooks_at("/after")[0].field("CallStatus"), "in-progress");
    assert_eq!(engine.hooks_at("/incoming-call")[0].field("CallStatus"), "ringing");
    assert_eq!(twilio.violations(), []);
}

/// Media come every 20 ms by the clock, and say so; a busy machine may hold up one in ten.
fn paced(media: &[(Instant, Value)]) {
    let first = media[0].0;
    assert!(media.len() >= 50);
    let mut off: Vec<Duration> = (0_u32..).zip(media).map(|(index, (at, _))| at.duration_since(first).abs_diff(ms(20) * index)).collect();
    off.sort_unstable();
    assert!(off[off.len() * 9 / 10] < ms(20), "off by {off:?}");
    for (index, (_, message)) in (0_u32..).zip(media) {
        assert_eq!(message["media"]["timestamp"], ((index + 1) * 20).to_string());
        assert_eq!(message["media"]["chunk"], (index + 1).to_string());
        assert_eq!(message["media"]["track"], "inbound");
        assert_eq!(message["media"]["payload"].as_str().map(str::len), Some(216));
    }
}

/// Greets, answers whoever falls silent, and lets itself be interrupted.
async fn agent(mut phone: Phone) {
    phone.wait_for_start().await;
    phone.media(&tone(400)).await;
    let (mut talking, mut quiet) = (false, 0);
    let mut playing = Instant::now() + ms(400);
    while let Some((at, message)) = phone.next().await {
        if message["event"] != "media" {
            continue;
        }
        let payload = message["media"]["payload"].as_str().expect("a payload");
        let loud = mulaw::loudness(&STANDARD.decode(payload).expect("base64")) > 100;
        if loud && !talking && at < playing {
            phone.clear().await;
            playing = at;
        }
        quiet = if loud { 0 } else { quiet + 1 };
        if talking && quiet == 10 {
            phone.media(&tone(1_500)).await;
            playing = at + ms(1_500);
        }
        talking = loud || (talking && quiet < 10);
    }
}

#[tokio::test]
async fn a_conversation_is_measured_as_the_caller_heard_it() {
    let engine = TestEngine::start(connect, agent).await;
    let twilio = twilio(&engine);
    twilio.set_number_status_callback(Some(format!("https://{DOMAIN}/status")));

    let heard = || [Step::WaitForSpeech { within: ms(3_000) }, Step::WaitForSilence { quiet: ms(500), within: ms(5_000) }];
    let mut steps = heard().to_vec();
    steps.push(Step::Say(says("question", 300)));
    steps.push(Step::BargeIn { after: ms(700), say: says("interruption", 400) });
    steps.extend(heard());
    steps.extend([Step::Digits("4#".into()), Step::HangUp]);
    let report = call(&engine, &twilio, steps).await;

    assert_eq!((report.outcome.as_ref(), report.hung_up_by), (Some(&Outcome::Completed), Some(HungUpBy::Caller)));
    assert_eq!(report.turn_latencies.len(), 2);
    let slack = report.worst_lag + ms(100);
    for latency in &report.turn_latencies {
        assert!(latency.abs_diff(ms(200)) < slack, "{latency:?}, lag {:?}", report.worst_lag);
    }
    let [cut] = report.cuts.as_slice() else { panic!("{:?}", report.cuts) };
    assert!((700..1_000).contains(&cut.played_ms), "{cut:?}");
    assert!((1_499..=1_500).contains(&(cut.played_ms + cut.dropped_ms)), "{cut:?}");
    assert!(cut.reaction < ms(60) + slack, "{cut:?}");
    let (names, at) = (names(&report), |name: &str| names_at(&report, name));
    assert_eq!(&names[..5], ["WebhookSent", "WebhookAnswered", "Answered", "StreamOpen", "StreamStarted"]);
    assert_eq!(at("AgentBegan").len(), 3);
    assert_eq!(at("KeyPressed").len(), 2);
    assert_eq!(engine.hooks_at("/after").len(), 0, "no twiml after the caller hung up");
    assert_eq!(engine.hooks_at("/status")[0].field("CallStatus"), "completed");
    assert_eq!(twilio.violations(), []);
}

fn names_at(report: &CallReport, name: &str) -> Vec<usize> {
    names(report).iter().enumerate().filter(|(_, other)| *other == name).map(|(index, _)| index).collect()
}

#[tokio::test]
async fn a_call_placed_over_rest_reports_its_progress_in_order() {
    let engine = TestEngine::start(connect, |mut phone: Phone| async move { while phone.next().await.is_some() {} }).await;
    let twilio = twilio(&engine);
    twilio.answer(Answer::PickUp(CallerScript::new(vec![Step::Pause(ms(100)), Step::HangUp])));

    let (url, status) = (format!("https://{DOMAIN}/outgoing"), format!("https://{DOMAIN}/status"));
    let mut form = vec![("To", CALLER), ("From", NUMBER), ("Url", &url), ("StatusCallback", &status)];
    form.extend(["initiated", "ringing", "answered", "completed"].map(|event| ("StatusCallbackEvent", event)));
    let (created, resource) = rest(&twilio.api_base_url(), "POST", "/Calls.json", &form, TOKEN).await;
    let sid = resource["sid"].as_str().expect("a sid").to_owned();
    let report = twilio.call(&sid).expect("the call").ended(LONG).await.expect("an end");

    assert_eq!((created, resource["status"].as_str(), resource["to_formatted"].as_str()), (201, Some("queued"), Some("(555) 010-0002")));
    let hooks = engine.hooks_at("/status");
    let told: Vec<(&str, &str)> = hooks.iter().map(|hook| (hook.field("CallStatus"), hook.field("SequenceNumber"))).collect();
    assert_eq!(told, [("initiated", "0"), ("ringing", "1"), ("in-progress", "2"), ("completed", "3")]);
    assert!(hooks.iter().all(|hook| hook.signed && hook.field("CallbackSource") == "call-progress-events"));
    assert_eq!(hooks[3].field("CallDuration"), "0");
    let outgoing = &engine.hooks_at("/outgoing")[0];
    assert_eq!((outgoing.field("CallStatus"), outgoing.field("Direction"), outgoing.signed), ("in-progress", "outbound-api", true));
    assert_eq!(report.hung_up_by, Some(HungUpBy::Caller));
    assert!(twilio.status_callbacks().iter().all(|answer| answer.status == Some(200)));
    let path = format!("/Calls/{sid}.json");
    let (_, resource) = rest(&twilio.api_base_url(), "GET", &path, &[], TOKEN).await;
    assert_eq!((resource["status"].as_str(), resource["duration"].as_str()), (Some("completed"), Some("0")));
    let (code, error) = rest(&twilio.api_base_url(), "POST", &path, &[("Status", "completed")], TOKEN).await;
    assert_eq!((code, error["code"].as_u64()), (400, Some(21220)));
    assert_eq!(twilio.violations(), []);
}

#[tokio::test]
async fn rest_ends_or_redirects_a_live_call_with_stop_and_close() {
    let engine = TestEngine::start(connect, |mut phone: Phone| async move {
        phone.wait_for("stop").await.expect("stop before the close");
        assert!(phone.next().await.is_none(), "nothing after stop");
    })
    .await;
    let twilio = twilio(&engine);
    let handle = twilio.call_in(CallIn { from: "anonymous".into(), script: CallerScript::silent() }).expect("a domain");
    let path = format!("/Calls/{}.json", handle.call_sid());
    let streams = |count: usize| move |report: &CallReport| report.streams.len() == count;

    handle.until(LONG, streams(1)).await.expect("a stream");
    let again = format!("https://{DOMAIN}/again");
    let (redirected, _) = rest(&twilio.api_base_url(), "POST", &path, &[("Url", &again)], TOKEN).await;
    handle.until(LONG, streams(2)).await.expect("another stream");
    let (completed, _) = rest(&twilio.api_base_url(), "POST", &path, &[("Status", "completed")], TOKEN).await;
    let report = handle.ended(LONG).await.expect("an end");

    assert_eq!((redirected, completed), (200, 200));
    assert_eq!((report.outcome.as_ref(), report.hung_up_by), (Some(&Outcome::Completed), Some(HungUpBy::Rest)));
    assert_eq!(names_at(&report, "StreamStopped").len(), 2);
    assert_eq!(engine.hooks_at("/after").len(), 0);
    assert_eq!(twilio.violations(), []);
}

#[tokio::test]
async fn a_dropped_socket_leads_to_the_action_and_the_script_goes_on() {
    let engine = TestEngine::start(
        |hook| if hook.path == "/incoming-call" { connect(hook).replace("/after", "/again") } else { connect(hook) },
        |mut phone: Phone| async move { while phone.next().await.is_some() {} },
    )
    .await;
    let twilio = twilio(&engine);

    let report = call(&engine, &twilio, vec![Step::Pause(ms(60)), Step::DropSocket, Step::Pause(ms(60)), Step::HangUp]).await;

    assert_eq!((report.streams.len(), report.completed()), (2, true));
    assert_ne!(report.streams[0].stream_sid, report.streams[1].stream_sid);
    assert_eq!(engine.hooks_at("/again").len(), 1);
}

#[tokio::test]
async fn a_mute_phone_sends_nothing_more_and_a_deaf_one_reads_nothing_more() {
    let engine = TestEngine::start(connect, |mut phone: Phone| async move {
        while let Ok(Some(_)) = tokio::time::timeout(ms(300), phone.next()).await {}
    })
    .await;
    let twilio = twilio(&engine);

    let mute = call(&engine, &twilio, vec![Step::Pause(ms(60)), Step::GoMute, Step::FallSilent]).await;
    let deaf = call(&engine, &twilio, vec![Step::GoDeaf, Step::Pause(ms(60)), Step::GoMute, Step::AwaitHangup { within: ms(900) }]).await;

    assert_eq!((mute.frames_sent, mute.completed(), mute.hung_up_by), (3, true, Some(HungUpBy::Twiml)));
    assert!(matches!(deaf.outcome, Some(Outcome::ScriptFailed(ScriptFailure::NotHungUpOn { step: 4, .. }))), "{:?}", deaf.outcome);
    let mut verdict = Verdict::default();
    twilio.judge(&mut verdict);
    assert_eq!((verdict.violations.len(), verdict.failures.len()), (0, 1), "{verdict}");
}

#[tokio::test]
async fn what_breaks_the_protocol_is_recorded_and_the_call_goes_on() {
    let engine = TestEngine::start(connect, |mut phone: Phone| async move {
        phone.wait_for_start().await;
        phone.socket.send(Message::binary(vec![1])).await.expect("sent");
        for text in ["{", r#"{"event":"clear","streamSid":"MZ1"}"#, r#"{"event":"hello"}"#] {
            phone.send(text.into()).await;
        }
        phone.media(&vec![SILENCE; 4_800_000]).await;
        phone.media(&[SILENCE; 800]).await;
        phone.mark("").await;
        phone.close().await;
    })
    .await;
    let twilio = twilio(&engine);

    let report = call(&engine, &twilio, vec![Step::FallSilent]).await;

    assert!(report.completed());
    let violations = twilio.violations();
    let codes: Vec<&str> = violations.iter().map(|violation| &violation.what[..5]).collect();
    assert_eq!(codes, ["31950", "31950", "31951", "31951", "31931", "31951"]);
    assert!(violations.iter().all(|violation| violation.call_sid.as_deref() == Some(&report.call_sid)));
}

#[tokio::test]
async fn calls_that_are_not_to_be_come_out_as_twilio_has_it() {
    let engine = TestEngine::start(|_| "<Response><Reject reason=\"busy\"/></Response>".into(), |_| async {}).await;
    let twilio = twilio(&engine);
    let url = format!("https://{DOMAIN}/outgoing");
    let form = [("To", CALLER), ("From", NUMBER), ("Url", url.as_str())];
    let create = async |password: &str| rest(&twilio.api_base_url(), "POST", "/Calls.json", &form, password).await;

    assert_eq!(create("wrong").await.0, 401);
    twilio.hooks().fail_creates(429, 20429, 1);
    assert_eq!(create(TOKEN).await.1["code"], 20429);
    twilio.answer_next(Answer::Busy);
    twilio.answer_next(Answer::NoAnswer);
    twilio.hooks().hang_creates(1);
    assert_eq!(create(TOKEN).await.0, 0, "no answer");
    assert_eq!(create(TOKEN).await.0, 201);
    let mut outcomes = Vec::new();
    for handle in twilio.calls_begun(2, LONG).await.expect("two calls") {
        outcomes.push(handle.ended(LONG).await.expect("an end").outcome);
    }
    let rejected = call(&engine, &twilio, vec![Step::FallSilent]).await;

    let not_answered = [Status::Busy, Status::NoAnswer].map(|status| Some(Outcome::NotAnswered(status)));
    assert_eq!(outcomes, not_answered);
    assert_eq!(rejected.outcome, Some(Outcome::Rejected("busy".into())));
    let path = "/Calls/CA00000000000000000000000000000001.json";
    assert_eq!(rest(&twilio.api_base_url(), "GET", path, &[], TOKEN).await.1["code"], 20404);
    assert_eq!(twilio.violations().len(), 1, "the wrong password");
}

#[tokio::test]
async fn a_repeated_webhook_carries_the_same_token_and_scrambled_callbacks_come_late() {
    let engine = TestEngine::start(connect, |mut phone: Phone| async move { while phone.next().await.is_some() {} }).await;
    let twilio = twilio(&engine);
    twilio.hooks().repeat_webhooks(true);
    twilio.hooks().scramble_callbacks(true);
    twilio.set_number_status_callback(Some(format!("https://{DOMAIN}/status")));

    let report = call(&engine, &twilio, vec![Step::HangUp]).await;

    let incoming = engine.hooks_at("/incoming-call");
    assert_eq!(incoming.len(), 2);
    assert_eq!(incoming[0].idempotency_token, incoming[1].idempotency_token);
    assert_eq!(engine.hooks_at("/status").len(), 2);
    assert!(report.completed());
}

#[tokio::test]
async fn an_engine_that_is_away_fails_the_call_by_name() {
    let engine = TestEngine::start(connect, |_| async {}).await;
    let twilio = twilio(&engine);
    let nowhere = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port").local_addr().expect("an address");
    twilio.set_engine(nowhere);

    let report = call(&engine, &twilio, vec![Step::FallSilent]).await;

    assert_eq!(report.outcome, Some(Outcome::Failed("11205 connection failure".into())));
    assert_eq!((report.status, report.streams.len()), (Status::Failed, 0));
}

#[tokio::test]
async fn twilios_own_voice_is_heard_and_a_dialled_number_is_on_record() {
    const TWIML: &str = "<Response><Say>We are sorry</Say><Pause length=\"1\"/><Dial><Number>+15550100003</Number></Dial></Response>";
    let engine = TestEngine::start(|_| TWIML.into(), |_| async {}).await;
    let twilio = twilio(&engine);

    let steps = vec![Step::WaitForSpeech { within: ms(500) }, Step::AwaitHangup { within: ms(5_000) }];
    let report = call(&engine, &twilio, steps).await;

    assert_eq!((report.outcome.as_ref(), report.hung_up_by), (Some(&Outcome::Completed), Some(HungUpBy::Twiml)));
    assert_eq!(report.dialled.iter().map(|number| number.as_str()).collect::<Vec<_>>(), ["+15550100003"]);
    let order: Vec<usize> = ["Said", "AgentBegan", "Paused", "Dialled", "HungUp"].iter().flat_map(|name| names_at(&report, name)).collect();
    assert!(order.is_sorted() && order.len() == 5, "{:?}", names(&report));
    assert_eq!(twilio.violations(), []);
}

#[tokio::test]
async fn a_call_can_be_canceled_only_before_it_is_answered() {
    let engine = TestEngine::start(connect, |mut phone: Phone| async move { while phone.next().await.is_some() {} }).await;
    let twilio = twilio(&engine);
    let (url, status) = (format!("https://{DOMAIN}/outgoing"), format!("https://{DOMAIN}/status"));
    let form = [("To", CALLER), ("From", NUMBER), ("Url", &url), ("StatusCallback", &status)];
    let cancel =
        async |sid: &str| rest(&twilio.api_base_url(), "POST", &format!("/Calls/{sid}.json"), &[("Status", "canceled")], TOKEN).await;

    let (_, resource) = rest(&twilio.api_base_url(), "POST", "/Calls.json", &form, TOKEN).await;
    let sid = resource["sid"].as_str().expect("a sid");
    assert_eq!(cancel(sid).await.0, 200);
    let canceled = twilio.call(sid).expect("the call").ended(LONG).await.expect("an end");
    let live = twilio.call_in(CallIn { from: CALLER.into(), script: CallerScript::silent() }).expect("a domain");
    live.until(LONG, |report| report.streams.len() == 1).await.expect("a stream");

    assert_eq!(cancel(live.call_sid()).await.1["code"], 21220);
    assert_eq!(canceled.outcome, Some(Outcome::NotAnswered(Status::Canceled)));
    assert_eq!(engine.hooks_at("/status")[0].field("CallStatus"), "canceled");
    assert_eq!(engine.hooks_at("/status")[0].field("SipResponseCode"), "487");
}
