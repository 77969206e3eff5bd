use super::*;

const OUTGOING: &str = "https://voice.example.test/outgoing";

async fn place(twilio: &FakeTwilio, extra: &[(&str, &str)]) -> CallHandle {
    let form = [&[("To", CALLER), ("From", NUMBER), ("Url", OUTGOING)], extra].concat();
    let (status, body) = rest(&twilio.api_base_url(), "POST", "/Calls.json", &form, TOKEN).await;
    assert_eq!(status, 201, "{body}");
    twilio.calls_begun(1, LONG).await.expect("a call").remove(0)
}

fn hook<'a>(hooks: &'a [Hook], path: &str) -> &'a Hook {
    hooks.iter().find(|hook| hook.path == path).expect("this webhook")
}

fn twiml(hook: &Hook) -> String {
    match hook.path.as_str() {
        "/outgoing" => format!(
            "<Response><Dial callerId=\"{NUMBER}\" timeout=\"20\" answerOnBridge=\"true\" action=\"/dialled\"><Number>+15550100009</Number></Dial></Response>"
        ),
        "/dialled" => "<Response><Pause length=\"1\"/></Response>".into(),
        _ => String::new(),
    }
}

#[tokio::test]
async fn a_dial_that_nobody_answers_says_so_to_its_action() {
    let engine = TestEngine::start(twiml, |_| async {}).await;
    let twilio = twilio(&engine);
    twilio.dial_next(DialOutcome::NoAnswer);
    twilio.answer(Answer::PickUp(CallerScript::silent()));

    let report = place(&twilio, &[]).await.ended(LONG).await.expect("an end");

    let action = engine.hooks_at("/dialled");
    assert_eq!((action[0].field("DialCallStatus"), action[0].field("DialBridged")), ("no-answer", "false"));
    let (dial, outcome) = &report.dials[0];
    assert_eq!((dial.timeout, dial.answer_on_bridge, *outcome), (Some(20), true, DialOutcome::NoAnswer));
    assert_eq!(twilio.violations(), []);
}

#[tokio::test]
async fn detection_is_told_beside_the_call_and_recordings_at_their_end() {
    let engine = TestEngine::start(twiml, |_| async {}).await;
    let twilio = twilio(&engine);
    twilio.answer(Answer::PickUp(CallerScript::silent()));
    twilio.detect(Detected { word: "machine_end_beep".into(), after: ms(300) });
    let wishes = [
        ("MachineDetection", "DetectMessageEnd"),
        ("AsyncAmd", "true"),
        ("AsyncAmdStatusCallback", "https://voice.example.test/amd"),
        ("Record", "true"),
        ("RecordingChannels", "dual"),
        ("RecordingStatusCallback", "https://voice.example.test/recorded"),
    ];

    let report = place(&twilio, &wishes).await.ended(LONG).await.expect("an end");

    let hooks = engine.hooks();
    let (amd, recorded) = (hook(&hooks, "/amd"), hook(&hooks, "/recorded"));
    assert_eq!((amd.field("AnsweredBy"), amd.field("MachineDetectionDuration")), ("machine_end_beep", "300"));
    assert_eq!((recorded.field("RecordingStatus"), recorded.field("RecordingChannels")), ("completed", "2"));
    assert_eq!(recorded.field("RecordingSid"), report.recordings[0]);
    assert!(hooks.iter().all(|hook| hook.signed));
    assert_eq!(twilio.violations(), []);
}

#[tokio::test]
async fn a_live_call_can_be_recorded_and_goes_on() {
    let engine = TestEngine::start(twiml, |_| async {}).await;
    let twilio = twilio(&engine);
    twilio.answer(Answer::PickUp(CallerScript::silent()));
    let call = place(&twilio, &[]).await;
    call.until(LONG, |report| report.status == Status::InProgress).await.expect("answered");

    let path = format!("/Calls/{}/Recordings.json", call.call_sid());
    let (status, body) = rest(&twilio.api_base_url(), "POST", &path, &[("RecordingChannels", "dual")], TOKEN).await;

    let report = call.ended(LONG).await.expect("an end");
    assert_eq!((status, body["sid"].as_str()), (201, report.recordings.first().map(String::as_str)));
    assert!(report.completed(), "{:?}", report.outcome);
}

#[tokio::test]
async fn a_machine_keeps_what_it_hears_after_its_beep() {
    let connect = |hook: &Hook| super::connect(&Hook { path: "/again".into(), ..hook.clone() });
    let (beep, beeped) = tokio::sync::watch::channel(false);
    let engine = TestEngine::start(connect, move |mut phone| {
        let mut beeped = beeped.clone();
        async move {
            phone.wait_for_start().await;
            phone.media(&crate::sim::voice::speak("Too soon.")).await;
            beeped.wait_for(|beeped| *beeped).await.expect("a beep");
            phone.say_to_the_end("Please call us back.").await;
            phone.close().await;
        }
    })
    .await;
    let twilio = twilio(&engine);
    let greeting = crate::sim::stage::saying("Leave a message.");

    let handle = twilio.call_in(CallIn { from: CALLER.into(), script: CallerScript::machine(greeting) }).expect("a domain");
    handle.until(LONG, |report| report.beeped().is_some()).await.expect("a beep");
    beep.send(true).expect("an engine");
    let report = handle.until(LONG, |report| report.streams.first().is_some_and(|stream| stream.ended.is_some())).await.expect("an end");

    let left: Vec<String> = report.left_message().into_iter().map(|words| words.text).collect();
    assert_eq!(left, ["Please call us back."]);
    assert_eq!(report.understood().words.len(), 2);
}

#[tokio::test]
async fn a_bad_network_delays_what_is_played_and_keeps_it_whole() {
    let engine = TestEngine::start(connect, |mut phone| async move {
        phone.wait_for_start().await;
        let audio = crate::sim::voice::speak("A sentence that is long enough to be disturbed on its way to the ear.");
        for piece in audio.chunks(800) {
            phone.media(piece).await;
            tokio::time::sleep(ms(100)).await;
        }
        phone.heard_out().await;
        phone.close().await;
    })
    .await;
    let twilio = twilio(&engine);
    twilio.hooks().network(Network { spike_percent: 20, spike: ms(200), seed: 5, ..Network::default() });

    let report = call(&engine, &twilio, vec![Step::FallSilent]).await;

    let understood = report.understood();
    assert!(understood.longest_gap() >= ms(60), "sent without a lead it must run dry: {:?}", understood.gaps);
    assert_eq!(understood.words.len(), 1);
    assert!(understood.words[0].complete(), "{:?}", understood.words);
}
