//! A webhook that comes again with its idempotency token is the same question.

use futures_util::future::join_all;

use crate::doors::http::Answer;
use crate::doors::operator::{Form, Operator, fresh_sid, unsigned};
use crate::doors::twiml::Twiml;
use crate::house::{House, LONG};
use alpha_call::sim::scenario::{CallerScript, Step};

async fn post(operator: &Operator, path: &str, form: &Form, token: &str) -> Answer {
    let signature = operator.sign("https", path, form);
    let request = unsigned(path, form).with("X-Twilio-Signature", &signature).with("I-Twilio-Idempotency-Token", token);
    request.to(operator.engine).await
}

#[actix_rt::test]
async fn the_answer_is_the_same_to_the_letter_whatever_has_happened_meanwhile() {
    let house = House::open().await;
    let operator = Operator::of(&house);
    let sid = fresh_sid("CA");
    let form = operator.form(&sid);

    let first = post(&operator, "/incoming-call", &form, "one").await;
    let line = operator.line(&sid, &first);
    let mut stream = operator.open(&line).await.expect("101");
    stream.start().await;
    stream.heard().await;
    let again = post(&operator, "/incoming-call", &form, "one").await;
    let other = post(&operator, "/incoming-call", &form, "two").await;

    assert_eq!((again.status, &again.body, again.header("content-type")), (200, &first.body, first.header("content-type")));
    assert_ne!(again.request_id(), first.request_id());
    assert_eq!(Twiml::of(&other).verbs(), ["Pause", "Redirect"], "another question is answered as the call stands");
    let elsewhere = post(&operator, &format!("/twilio/voice/{}", line.call), &form, "one").await;
    assert_eq!(Twiml::of(&elsewhere).verbs(), ["Pause", "Redirect"], "a token counts for one path");
    assert_eq!(operator.open(&line).await.err(), Some(403), "the token of the stream is used up all the same");
    stream.hang_up().await;

    let resumed = post(&operator, &line.resume, &form, "three").await;
    assert_eq!(Twiml::of(&resumed).verbs(), ["Hangup"]);
    assert_eq!(post(&operator, &line.resume, &form, "three").await.body, resumed.body);
    assert_eq!(post(&operator, "/incoming-call", &form, "one").await.body, first.body);
    assert_eq!(operator.traces().await, (1, 0), "rows and slots");
    house.finish().await;
}

#[actix_rt::test]
async fn those_who_ask_at_once_get_one_answer() {
    let house = House::open().await;
    let operator = Operator::of(&house);
    let sid = fresh_sid("CA");
    let form = operator.form(&sid);

    let answers = join_all((0..10).map(|_| post(&operator, "/incoming-call", &form, "one"))).await;

    assert!(answers.iter().all(|answer| answer.body == answers[0].body), "{answers:?}");
    assert_eq!(operator.traces().await, (1, 1), "rows and slots");
    operator.hang_up(&operator.line(&sid, &answers[0])).await;
    house.finish().await;
}

#[actix_rt::test]
async fn a_token_is_worth_nothing_without_a_signature() {
    let house = House::open().await;
    let operator = Operator::of(&house);
    let sid = fresh_sid("CA");
    let form = operator.form(&sid);
    let first = post(&operator, "/incoming-call", &form, "one").await;

    for signature in ["", "nonsense"] {
        let forged = unsigned("/incoming-call", &form).with("X-Twilio-Signature", signature).with("I-Twilio-Idempotency-Token", "one");
        forged.to(operator.engine).await.problem(403, "invalid-signature");
    }
    let forged = unsigned("/incoming-call", &form).with("I-Twilio-Idempotency-Token", "two");
    forged.to(operator.engine).await.problem(403, "invalid-signature");
    assert_eq!(post(&operator, "/incoming-call", &form, "two").await.status, 200, "what was refused is not remembered");
    operator.hang_up(&operator.line(&sid, &first)).await;
    house.finish().await;
}

#[actix_rt::test]
async fn callbacks_come_again_too() {
    let house = House::open().await;
    let operator = Operator::of(&house);
    let line = operator.ring().await;
    let path = format!("/twilio/status/{}", line.call);
    let mut over = operator.form(&line.sid);
    over.iter_mut().filter(|(name, _)| name == "CallStatus").for_each(|(_, value)| *value = "completed".to_owned());

    let answers = [post(&operator, &path, &over, "one").await, post(&operator, &path, &over, "one").await];

    assert!(answers.iter().all(|answer| (answer.status, answer.body.as_str()) == (204, "")), "{answers:?}");
    house.ended(&line.call).await;
    house.finish().await;
}

#[actix_rt::test]
async fn a_call_whose_webhooks_all_come_twice_is_like_any_other() {
    let house = House::open().await;
    house.stage.twilio.hooks().repeat_webhooks(true);
    let steps = vec![Step::WaitForSpeech { within: LONG }, Step::HangUp];

    let report = house.call_in(CallerScript::new(steps)).ended(LONG).await.expect("an end");

    assert!(report.completed(), "{report:?}");
    let row = house.ended(&report.call_sid).await;
    assert_eq!((row["epoch"].as_u64(), row["ended_reason"].as_str()), (Some(1), Some("caller_hung_up")), "{row}");
    house.finish().await;
}
