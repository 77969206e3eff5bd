//! Twilio asks again when an answer was slow, and its callbacks overtake each other.
//! <https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides>

use futures_util::future::join_all;

use crate::doors::operator::{Operator, fresh_sid};
use crate::doors::twiml::Twiml;
use crate::house::House;

#[actix_rt::test]
async fn a_call_that_is_told_twice_is_one_call() {
    let house = House::open().await;
    let operator = Operator::of(&house);
    let sid = fresh_sid("CA");
    let form = operator.form(&sid);

    let first = operator.line(&sid, &operator.post("/incoming-call", &form).await);
    let second = operator.line(&sid, &operator.post("/incoming-call", &form).await);

    assert_eq!((&first.call, &first.resume), (&second.call, &second.resume));
    assert_eq!(operator.traces().await, (1, 1), "rows and slots");
    let mut stream = operator.open(&second).await.expect("101");
    assert_eq!(operator.open(&first).await.err(), Some(403), "one stream for both answers");
    stream.start().await;
    stream.heard().await;
    stream.hang_up().await;
    house.finish().await;
}

#[actix_rt::test]
async fn a_call_that_is_told_ten_times_at_once_is_one_call() {
    let house = House::open().await;
    let operator = Operator::of(&house);
    let sid = fresh_sid("CA");
    let form = operator.form(&sid);

    let answers = join_all((0..10).map(|_| operator.post("/incoming-call", &form))).await;

    let lines: Vec<_> = answers.iter().map(|answer| operator.line(&sid, answer)).collect();
    assert!(lines.iter().all(|line| line.resume == lines[0].resume), "{lines:?}");
    assert_eq!(operator.traces().await, (1, 1), "rows and slots");
    operator.hang_up(&lines[0]).await;
    house.finish().await;
}

#[actix_rt::test]
async fn what_comes_next_has_one_answer_however_often_it_is_asked() {
    let house = House::open().await;
    let operator = Operator::of(&house);
    let line = operator.ring().await;
    let stream = operator.open(&line).await.expect("101");
    drop(stream);

    let first = operator.ask_next(&line).await;
    let second = operator.ask_next(&line).await;
    let third = operator.ask_next(&first).await;

    assert!(first.resume.ends_with("/3"), "{}", first.resume);
    assert_eq!((&first.resume, &first.resume), (&second.resume, &third.resume), "one epoch");
    assert_eq!(operator.open(&line).await.err(), Some(403), "the first stream's token is of the past");
    let mut stream = operator.open(&second).await.expect("101");
    stream.start().await;
    stream.heard().await;
    stream.hang_up().await;
    house.finish().await;
}

#[actix_rt::test]
async fn after_the_end_there_is_no_next() {
    let house = House::open().await;
    let operator = Operator::of(&house);
    let line = operator.ring().await;
    let mut stream = operator.open(&line).await.expect("101");
    stream.start().await;
    stream.heard().await;
    stream.hang_up().await;

    let answer = operator.post(&line.resume, &operator.form(&line.sid)).await;

    assert_eq!(Twiml::of(&answer).verbs(), ["Hangup"]);
    let again = operator.post("/incoming-call", &operator.form(&line.sid)).await;
    assert_eq!(Twiml::of(&again).verbs(), ["Hangup"], "a call that was told after its end");
    assert_eq!(operator.traces().await, (1, 0), "rows and slots");
    house.finish().await;
}

#[actix_rt::test]
async fn callbacks_in_any_order_leave_the_last_word_standing() {
    let house = House::open().await;
    let operator = Operator::of(&house);
    let line = operator.ring().await;

    for (sequence, word, stands) in [
        (1, "ringing", "ringing"),
        (0, "initiated", "ringing"),
        (2, "in-progress", "in-progress"),
        (1, "ringing", "in-progress"),
        (2, "in-progress", "in-progress"),
        (0, "queued", "in-progress"),
    ] {
        assert_eq!(operator.status(&line, word, sequence).await.status, 204);
        assert_eq!(operator.row(&line.call).await["twilio_status"], stands, "after {word}");
    }
    operator.hang_up(&line).await;
    let row = operator.ended(&line.call).await;
    assert_eq!((row["twilio_status"].as_str(), row["status"].as_str()), (Some("completed"), Some("completed")), "{row}");

    for (sequence, word) in [(2, "in-progress"), (3, "completed"), (1, "ringing"), (3, "failed")] {
        assert_eq!(operator.status(&line, word, sequence).await.status, 204);
    }

    assert_eq!(operator.row(&line.call).await, row, "the end stands");
    house.finish().await;
}

#[actix_rt::test]
async fn a_call_that_is_told_again_while_its_stream_lives_keeps_its_stream() {
    let house = House::open().await;
    let operator = Operator::of(&house);
    let line = operator.ring().await;
    let mut stream = operator.open(&line).await.expect("101");
    stream.start().await;
    stream.heard().await;

    for path in ["/incoming-call".to_owned(), format!("/twilio/voice/{}", line.call), format!("/twilio/resume/{}/1", line.call)] {
        let again = operator.post(&path, &operator.form(&line.sid)).await;
        assert_eq!(Twiml::of(&again).verbs(), ["Pause", "Redirect"], "{path}");
    }

    stream.answers(b"still there?").await;
    stream.media().await;
    stream.hang_up().await;
    let row = operator.ended(&line.call).await;
    assert_eq!((row["epoch"].as_u64(), row["ended_reason"].as_str()), (Some(1), Some("caller_hung_up")), "{row}");
    house.finish().await;
}
