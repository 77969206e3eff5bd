//! Whom we believe.

use crate::doors::http::{Answer, ask, get};
use crate::doors::operator::{Form, Operator, fresh_sid, unsigned};
use crate::doors::twiml::Twiml;
use crate::house::House;

const WEBHOOKS: [&str; 7] = [
    "/incoming-call",
    "/twilio/voice/00000000-0000-7000-8000-000000000000",
    "/twilio/resume/00000000-0000-7000-8000-000000000000/2",
    "/twilio/status/00000000-0000-7000-8000-000000000000",
    "/twilio/transferred/00000000-0000-7000-8000-000000000000/2",
    "/twilio/amd/00000000-0000-7000-8000-000000000000",
    "/twilio/recording/00000000-0000-7000-8000-000000000000",
];

async fn post_signed(operator: &Operator, path: &str, form: &Form, signature: &str) -> Answer {
    unsigned(path, form).with("X-Twilio-Signature", signature).to(operator.engine).await
}

#[actix_rt::test]
async fn a_webhook_without_twilios_signature_changes_nothing() {
    let house = House::open().await;
    let operator = Operator::of(&house);
    let form = operator.form(&fresh_sid("CA"));
    let changed = operator.form(&fresh_sid("CA"));

    for path in WEBHOOKS {
        let of_another_path = operator.sign("https", "/elsewhere", &form);
        let of_another_form = operator.sign("https", path, &changed);
        let of_plain_http = operator.sign("http", path, &form);
        for signature in ["", "nonsense", "AAAAAAAAAAAAAAAAAAAAAAAAAAA=", &of_another_path, &of_another_form, &of_plain_http] {
            post_signed(&operator, path, &form, signature).await.problem(403, "invalid-signature");
        }
        unsigned(path, &form).to(operator.engine).await.problem(403, "invalid-signature");
        get(path).to(operator.engine).await.problem(403, "invalid-signature");
        let new_scheme = unsigned(path, &form)
            .with("X-Twilio-Signature", &operator.sign("https", path, &form))
            .with("X-Twilio-Webhooks-Signature-Settings", "v2");
        new_scheme.to(operator.engine).await.problem(403, "invalid-signature");
    }

    assert_eq!(operator.traces().await, (0, 0), "a row or a slot");
    house.finish().await;
}

#[actix_rt::test]
async fn headers_of_a_proxy_do_not_move_the_address_that_is_signed() {
    let house = House::open().await;
    let operator = Operator::of(&house);
    let form = operator.form(&fresh_sid("CA"));
    let signature = operator.sign("https", "/incoming-call", &form);

    let answer = unsigned("/incoming-call", &form)
        .with("X-Twilio-Signature", &signature)
        .with("X-Forwarded-Proto", "http")
        .with("X-Forwarded-Host", "evil.example.com")
        .with("Forwarded", "host=evil.example.com;proto=http")
        .to(operator.engine)
        .await;

    let line = operator.line(&form[2].1, &answer);
    operator.hang_up(&line).await;
    house.finish().await;
}

#[actix_rt::test]
async fn post_and_get_are_both_answered() {
    let house = House::open().await;
    let operator = Operator::of(&house);

    for call in ["POST", "GET"] {
        let sid = fresh_sid("CA");
        let form = operator.form(&sid);
        let ask = async |path: &str| match call {
            "POST" => operator.post(path, &form).await,
            _ => operator.get(path, &form).await,
        };
        let line = operator.line(&sid, &ask("/incoming-call").await);
        assert_eq!(Twiml::of(&ask(&format!("/twilio/voice/{}", line.call)).await).verbs(), ["Connect", "Stream"], "{call}");
        assert_eq!(ask(&format!("/twilio/status/{}", line.call)).await.status, 204, "{call}");
        assert_eq!(Twiml::of(&ask(&line.resume).await).verbs(), ["Connect", "Stream"], "{call}");
        operator.hang_up(&line).await;
    }
    house.finish().await;
}

#[actix_rt::test]
async fn other_methods_are_not_allowed() {
    let house = House::open().await;

    for path in WEBHOOKS {
        for method in ["PUT", "DELETE", "PATCH"] {
            let answer = ask(method, path).to(house.addr()).await;

            answer.problem(405, "method-not-allowed");
            assert_eq!(answer.header("allow"), Some("GET, POST"), "{method} {path}");
        }
    }
    house.finish().await;
}

#[actix_rt::test]
async fn on_a_developers_machine_a_wrong_signature_may_be_let_in() {
    for mode in ["warn", "off"] {
        let house = House::with(&[("APP__TWILIO__SIGNATURE", mode)]).await;
        let operator = Operator::of(&house);
        let sid = fresh_sid("CA");

        let answer = post_signed(&operator, "/incoming-call", &operator.form(&sid), "nonsense").await;

        let line = operator.line(&sid, &answer);
        let mut stream = operator.upgrade(&line, &line.stream, "").await.expect("101");
        stream.start().await;
        stream.heard().await;
        stream.hang_up().await;
        house.finish().await;
    }
}

#[actix_rt::test]
async fn while_tokens_are_changed_the_previous_one_signs_too() {
    let previous = "11111111111111111111111111111111";
    let house = House::with(&[("APP__TWILIO__PREVIOUS_AUTH_TOKEN", previous)]).await;

    for operator in [Operator::of(&house), Operator::of(&house).with_token(previous)] {
        let form = operator.form(&fresh_sid("CA"));
        let answer = operator.post("/incoming-call", &form).await;
        let line = operator.line(&form[2].1, &answer);
        operator.hang_up(&line).await;
    }

    let stranger = Operator::of(&house).with_token("22222222222222222222222222222222");
    let form = stranger.form(&fresh_sid("CA"));
    stranger.post("/incoming-call", &form).await.problem(403, "invalid-signature");
    house.finish().await;
}
