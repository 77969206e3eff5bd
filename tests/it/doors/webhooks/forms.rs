//! What a form must have in it, and what it may.

use alpha_call::sim::scenario::{CallerScript, Step};

use super::with;
use crate::doors::eventually;
use crate::doors::http::Answer;
use crate::doors::operator::{Form, Operator, fresh_sid};
use crate::doors::twiml::Twiml;
use crate::house::{House, LONG};

const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

fn pointers(answer: &Answer) -> Vec<String> {
    let problem = answer.problem(422, "invalid-field");
    let errors = problem["errors"].as_array().expect("errors").clone();
    errors.iter().map(|error| error["pointer"].as_str().expect("a pointer").to_owned()).collect()
}

#[actix_rt::test]
async fn a_field_that_is_missing_or_wrong_is_pointed_at() {
    let house = House::open().await;
    let operator = Operator::of(&house);
    let form = || operator.form(&fresh_sid("CA"));
    let voice = format!("/twilio/voice/{NOBODY}");
    let status = format!("/twilio/status/{NOBODY}");
    let cases: [(&str, &str, Option<&str>); 11] = [
        ("/incoming-call", "CallSid", None),
        ("/incoming-call", "CallSid", Some("")),
        ("/incoming-call", "CallSid", Some("CA123")),
        ("/incoming-call", "From", None),
        ("/incoming-call", "To", None),
        ("/incoming-call", "CallStatus", None),
        ("/incoming-call", "CallStatus", Some("asleep")),
        (&voice, "CallSid", None),
        (&status, "CallSid", None),
        (&status, "CallStatus", None),
        (&status, "SequenceNumber", Some("minus one")),
    ];

    for (path, field, value) in cases {
        let answer = operator.post(path, &with(form(), field, value)).await;

        assert_eq!(pointers(&answer), [format!("/{field}")], "{path} with {field} {value:?}");
    }
    assert_eq!(operator.traces().await, (0, 0), "a row or a slot");
    house.finish().await;
}

#[actix_rt::test]
async fn callers_without_a_number_are_callers() {
    let house = House::open().await;
    let operator = Operator::of(&house);

    for caller in ["anonymous", "client:ann", "sip:ann@example.com", "+266696687", "Restricted"] {
        let sid = fresh_sid("CA");

        let answer = operator.post("/incoming-call", &with(operator.form(&sid), "From", Some(caller))).await;

        let line = operator.line(&sid, &answer);
        assert_eq!(operator.row(&line.call).await["from_number"], caller);
        operator.hang_up(&line).await;
    }
    house.finish().await;
}

#[actix_rt::test]
async fn how_far_the_network_vouches_for_a_caller_is_on_record_and_changes_nothing() {
    let house = House::with(&[("MAX_CONCURRENT_CALLS", "1")]).await;
    let operator = Operator::of(&house);
    let mut answers = Vec::new();

    for word in [None, Some("TN-Validation-Passed-A"), Some("TN-Validation-Failed"), Some("No-TN-Validation"), Some("")] {
        let sid = fresh_sid("CA");
        let answer = operator.post("/incoming-call", &with(operator.form(&sid), "StirVerstat", word)).await;
        let line = operator.line(&sid, &answer);
        let kept = word.filter(|word| !word.is_empty());
        assert_eq!(operator.row(&line.call).await["stir_verstat"].as_str(), kept, "{word:?}");
        let busy = operator.post("/incoming-call", &with(operator.form(&fresh_sid("CA")), "StirVerstat", word)).await;
        answers.push([answer, busy].map(|answer| Twiml::of(&answer).verbs().join(" ")));
        operator.hang_up(&line).await;
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");

    for word in ["TN-Validation-Passed-A", "TN-Validation-Failed-C"] {
        house.stage.twilio.vouch(Some(word));
        let call = house.call_in(CallerScript::new(vec![Step::HangUp]));
        let report = call.ended(LONG).await.expect("an end");
        assert_eq!(house.ended(&report.call_sid).await["stir_verstat"], word);
    }
    house.finish().await;
}

#[actix_rt::test]
async fn a_call_that_nobody_knows_is_hung_up_on() {
    let house = House::open().await;
    let operator = Operator::of(&house);
    let form = operator.form(&fresh_sid("CA"));

    for path in [format!("/twilio/voice/{NOBODY}"), format!("/twilio/resume/{NOBODY}/1"), format!("/twilio/resume/{NOBODY}/7")] {
        assert_eq!(Twiml::of(&operator.post(&path, &form).await).verbs(), ["Hangup"], "{path}");
    }
    assert_eq!(operator.post(&format!("/twilio/status/{NOBODY}"), &form).await.status, 204);
    for path in ["/twilio/voice/garbage", "/twilio/resume/garbage/2", "/twilio/status/garbage"] {
        operator.post(path, &form).await.problem(404, "not-found");
    }
    operator.post(&format!("/twilio/resume/{NOBODY}/soon"), &form).await.problem(404, "not-found");
    assert_eq!(operator.traces().await, (0, 0), "a row or a slot");
    house.finish().await;
}

#[actix_rt::test]
async fn another_calls_sid_does_not_get_into_a_call() {
    let house = House::open().await;
    let operator = Operator::of(&house);
    let line = operator.ring().await;
    let stranger = operator.form(&fresh_sid("CA"));

    let voice = operator.post(&format!("/twilio/voice/{}", line.call), &stranger).await;
    let over = with(stranger.clone(), "CallStatus", Some("completed"));
    let status = operator.post(&format!("/twilio/status/{}", line.call), &over).await;

    assert_eq!(Twiml::of(&voice).verbs(), ["Hangup"]);
    assert_eq!(status.status, 204);
    assert_eq!(operator.row(&line.call).await["twilio_status"], serde_json::Value::Null);
    let mut stream = operator.open(&line).await.expect("the call is still expected");
    stream.start().await;
    stream.heard().await;
    stream.hang_up().await;
    house.finish().await;
}

#[actix_rt::test]
async fn a_form_of_more_than_64_kilobytes_is_a_problem() {
    let house = House::open().await;
    let operator = Operator::of(&house);
    let long: Form = with(operator.form(&fresh_sid("CA")), "Long", Some(&"x".repeat(64 * 1024)));

    for path in ["/incoming-call".to_owned(), format!("/twilio/status/{NOBODY}"), format!("/twilio/resume/{NOBODY}/2")] {
        operator.post(&path, &long).await.problem(413, "payload-too-large");
    }

    eventually("nothing is left of them", async || (operator.traces().await == (0, 0)).then_some(())).await;
    house.finish().await;
}

#[actix_rt::test]
async fn fields_that_nobody_asked_for_do_no_harm() {
    let house = House::open().await;
    let operator = Operator::of(&house);
    let sid = fresh_sid("CA");
    let mut form = operator.form(&sid);
    form.extend(
        [("Weird[]", "ü 世界 &=%+"), ("CallSid", "CA-a-second-one"), ("", "")].map(|(name, value)| (name.to_owned(), value.to_owned())),
    );

    let line = operator.line(&sid, &operator.post("/incoming-call", &form).await);

    assert_eq!(operator.row(&line.call).await["call_sid"], sid);
    operator.hang_up(&line).await;
    house.finish().await;
}

#[actix_rt::test]
async fn who_answered_and_what_twilio_calls_the_error_are_on_record() {
    let house = House::open().await;
    let operator = Operator::of(&house);
    let line = operator.ring().await;
    let status = format!("/twilio/status/{}", line.call);

    let answered = with(operator.form(&line.sid), "AnsweredBy", Some("machine_start"));
    assert_eq!(operator.post(&status, &answered).await.status, 204);
    let failed = with(with(operator.form(&line.sid), "CallStatus", Some("failed")), "ErrorCode", Some("11200"));
    assert_eq!(operator.post(&status, &failed).await.status, 204);
    house.ended(&line.call).await;

    let row = house.columns("SELECT answered_by, error_code, error FROM call_logs WHERE id = $1", &line.call).await;
    assert_eq!(
        (&row["answered_by"], &row["error_code"], &row["error"]),
        (&"machine_start".into(), &"11200".into(), &"twilio error 11200".into())
    );
    house.finish().await;
}
