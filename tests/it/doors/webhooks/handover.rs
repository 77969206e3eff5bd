//! What happens to the phone call beside its streams: another phone is rung, a machine picks up, a recording is made.

use alpha_call::actors::supervisor::StreamEnded;
use alpha_call::types::{Epoch, HangupCause};
use serde_json::json;

use super::with;
use crate::doors::http::Answer;
use crate::doors::operator::{Form, Line, Operator, fresh_sid};
use crate::doors::stream::Stream;
use crate::doors::twiml::Twiml;
use crate::house::House;

const HUMAN: &str = "+14155550199";

/// A call whose stream has just asked for a human, and the stream.
async fn handing_over(house: &House, operator: &Operator) -> (Line, Stream) {
    let line = operator.ring().await;
    let mut stream = operator.open(&line).await.expect("101");
    stream.start().await;
    stream.heard().await;
    let transfer = Some(HUMAN.parse().expect("a number"));
    let call = line.call.parse().expect("our id");
    let ended = StreamEnded { call, epoch: Epoch::FIRST, cause: HangupCause::Transferred, transfer };
    house.engine.stream_ports().1.ask(ended).await.expect("told");
    (line, stream)
}

fn dialled(operator: &Operator, line: &Line, outcome: &str, status: &str) -> Form {
    with(with(operator.form(&line.sid), "DialCallStatus", Some(outcome)), "CallStatus", Some(status))
}

fn action(line: &Line) -> String {
    line.resume.replace("/twilio/resume/", "/twilio/transferred/")
}

async fn ask(operator: &Operator, line: &Line) -> Answer {
    operator.post(&line.resume, &operator.form(&line.sid)).await
}

#[actix_rt::test]
async fn a_call_that_another_phone_took_ends_as_transferred() {
    let house = House::open().await;
    let operator = Operator::of(&house);
    let (line, stream) = handing_over(&house, &operator).await;

    let first = ask(&operator, &line).await;
    assert_eq!(Twiml::of(&first).verbs(), ["Dial", "Number"]);
    assert!(first.body.contains(HUMAN) && first.body.contains(&action(&line)), "{}", first.body);
    assert_eq!(ask(&operator, &line).await.body, first.body, "asked again");
    assert_eq!(operator.row(&line.call).await["ended_reason"], "transferred", "marked before it is over");
    drop(stream);
    let answer = operator.post(&action(&line), &dialled(&operator, &line, "completed", "in-progress")).await;

    assert_eq!(Twiml::of(&answer).verbs(), ["Hangup"]);
    let row = operator.ended(&line.call).await;
    assert_eq!((&row["status"], &row["ended_reason"]), (&json!("completed"), &json!("transferred")), "{row}");
    house.finish().await;
}

#[actix_rt::test]
async fn a_call_that_nobody_took_goes_on_and_the_model_is_told() {
    for outcome in ["busy", "no-answer", "failed", "canceled"] {
        let house = House::open().await;
        let operator = Operator::of(&house);
        let (line, stream) = handing_over(&house, &operator).await;
        ask(&operator, &line).await;
        drop(stream);

        let answer = operator.post(&action(&line), &dialled(&operator, &line, outcome, "in-progress")).await;

        let next = operator.line(&line.sid, &answer);
        assert!(next.resume.ends_with("/3"), "{outcome}: {}", next.resume);
        let again = operator.post(&action(&line), &dialled(&operator, &line, outcome, "in-progress")).await;
        assert_eq!(operator.line(&line.sid, &again).resume, next.resume, "told again");
        assert_eq!(operator.row(&line.call).await["ended_reason"], json!(null), "no longer marked");
        let mut stream = operator.open(&next).await.expect("101");
        stream.start().await;
        stream.heard().await;
        let told = house.openai().sessions().iter().any(|session| format!("{session:?}").contains("The transfer failed: nobody answered."));
        assert!(told, "{:?}", house.openai().sessions());
        stream.hang_up().await;
        let row = operator.ended(&line.call).await;
        assert_eq!((row["epoch"].as_u64(), &row["ended_reason"]), (Some(2), &json!("caller_hung_up")), "{row}");
        house.finish().await;
    }
}

#[actix_rt::test]
async fn the_end_of_the_phone_call_is_the_end_of_a_call_that_was_handed_over() {
    let house = House::open().await;
    let operator = Operator::of(&house);
    let (line, stream) = handing_over(&house, &operator).await;
    ask(&operator, &line).await;
    drop(stream);

    operator.hang_up(&line).await;

    let row = operator.ended(&line.call).await;
    assert_eq!((&row["status"], &row["ended_reason"]), (&json!("completed"), &json!("transferred")), "{row}");
    house.finish().await;
}

#[actix_rt::test]
async fn a_caller_who_did_not_wait_for_the_other_phone_hung_up() {
    let house = House::open().await;
    let operator = Operator::of(&house);
    let (line, stream) = handing_over(&house, &operator).await;
    ask(&operator, &line).await;
    drop(stream);

    let answer = operator.post(&action(&line), &dialled(&operator, &line, "canceled", "completed")).await;

    assert_eq!(Twiml::of(&answer).verbs(), ["Hangup"]);
    assert_eq!(operator.ended(&line.call).await["ended_reason"], "caller_hung_up");
    house.finish().await;
}

#[actix_rt::test]
async fn who_picked_up_is_on_record_before_and_after_the_stream_begins() {
    let house = House::open().await;
    let operator = Operator::of(&house);
    let line = operator.ring().await;
    let path = format!("/twilio/amd/{}", line.call);

    let detected = |word: &str| with(operator.form(&line.sid), "AnsweredBy", Some(word));
    assert_eq!(operator.post(&path, &detected("machine_start")).await.status, 204);
    assert_eq!(operator.row(&line.call).await["answered_by"], "machine_start");
    let mut stream = operator.open(&line).await.expect("101");
    stream.start().await;
    stream.heard().await;
    assert_eq!(operator.post(&path, &detected("human")).await.status, 204);
    assert_eq!(operator.row(&line.call).await["answered_by"], "human");
    operator.post(&path, &operator.form(&line.sid)).await.problem(422, "invalid-field");
    let of_another = with(operator.form(&fresh_sid("CA")), "AnsweredBy", Some("fax"));
    assert_eq!(operator.post(&path, &of_another).await.status, 204);
    assert_eq!(operator.row(&line.call).await["answered_by"], "human", "another call's word");
    stream.answers(b"still there?").await;
    stream.media().await;
    stream.hang_up().await;
    house.finish().await;
}

#[actix_rt::test]
async fn a_recording_is_on_record_after_its_call() {
    let house = House::open().await;
    let operator = Operator::of(&house);
    let line = operator.ring().await;
    let path = format!("/twilio/recording/{}", line.call);
    let sid = format!("RE{:032x}", 1);
    let told = |status: &str| {
        let fields = [("RecordingSid", sid.as_str()), ("RecordingUrl", "https://api.example.com/RE1"), ("RecordingDuration", "17")];
        let form = fields.into_iter().fold(operator.form(&line.sid), |form, (name, value)| with(form, name, Some(value)));
        with(form, "RecordingStatus", Some(status))
    };
    assert_eq!(operator.post(&path, &told("in-progress")).await.status, 204);
    assert_eq!(operator.row(&line.call).await["recording"], json!(null));
    operator.hang_up(&line).await;
    operator.ended(&line.call).await;

    assert_eq!(operator.post(&path, &told("completed")).await.status, 204);

    let recording = &operator.row(&line.call).await["recording"];
    assert_eq!(recording, &json!({"sid": sid, "url": "https://api.example.com/RE1", "duration_seconds": 17.0}));
    house.finish().await;
}
