//! The list of those who want no calls: kept by the API, and by callers themselves.

use std::time::Duration;

use alpha_call::sim::openai::script::{Cue, Saying, Script, ScriptedReply};
use alpha_call::sim::scenario::{CallerScript, Step};
use alpha_call::sim::stage::{CALLEE, saying};
use alpha_call::sim::twilio::Answer as Phone;
use serde_json::{Value, json};

use crate::doors::http::{Answer, ask, get, keys, post_json};
use crate::doors::operator::Operator;
use crate::house::{House, LONG, eventually};

const PATH: &str = "/api/do-not-call";

async fn call(house: &House) -> Answer {
    post_json("/api/request-call", json!({"phone_number": CALLEE})).to(house.addr()).await
}

async fn list(house: &House, query: &str) -> Value {
    get(&format!("{PATH}{query}")).to(house.addr()).await.json()
}

fn numbers(list: &Value) -> Vec<&str> {
    list["numbers"].as_array().expect("numbers").iter().map(|line| line["phone_number"].as_str().expect("a number")).collect()
}

#[actix_rt::test]
async fn a_number_on_the_list_is_not_called_verified_or_not_until_it_is_taken_off() {
    let house = House::open().await;

    let added = post_json(PATH, json!({"phone_number": CALLEE, "note": "by letter", "added_by": "ann"})).to(house.addr()).await;
    assert_eq!((added.status, added.json()), (201, json!({"phone_number": CALLEE, "added": true})));
    let again = post_json(PATH, json!({"phone_number": "+1 (415) 555-0142"})).to(house.addr()).await;
    assert_eq!((again.status, again.json()["added"].clone()), (200, json!(false)));
    let refused = call(&house).await;
    refused.problem(403, "do-not-call");
    assert_eq!(refused.header("retry-after"), None);
    assert_eq!(house.stage.twilio.calls(), []);

    let history = get("/api/call-history").to(house.addr()).await.json();
    let row = house.get(&format!("/api/call/{}", history["calls"][0]["id"].as_str().expect("an id"))).await;
    let decision = &row["decision"];
    assert_eq!((&row["refusal"], &decision["refusal"]), (&json!("do-not-call"), &json!("do-not-call")));
    assert_eq!((&decision["do_not_call"], &decision["listed"]["source"]), (&json!("refused"), &json!("api")), "{decision}");
    assert!(!decision.to_string().contains("5550142"), "a number is on record once: {decision}");

    let gone = ask("DELETE", &format!("{PATH}/{CALLEE}?reason=asked+again&removed_by=bob")).to(house.addr()).await;
    assert_eq!((gone.status, gone.body.as_str()), (204, ""));
    ask("DELETE", &format!("{PATH}/{CALLEE}")).to(house.addr()).await.problem(404, "not-found");
    let evidence = list(&house, &format!("?phone_number={CALLEE}")).await;
    assert_eq!((numbers(&evidence), &evidence["total"]), (vec![], &json!(0)));
    let was = &evidence["history"][0];
    let told = ["phone_number", "source", "note", "added_by", "removed_by", "reason"].map(|name| was[name].as_str().expect("a text"));
    assert_eq!(told, [CALLEE, "api", "by letter", "ann", "bob", "asked again"]);
    house.stage.twilio.answer_next(super::short());
    assert_eq!(call(&house).await.status, 202);
    house.calls_are_over(1).await;
    house.finish().await;
}

#[actix_rt::test]
async fn a_file_is_imported_and_its_bad_lines_are_told_by_their_place() {
    let house = House::open().await;
    let text = "number,name\r\n+14155550101,Ann\r\n555\r\n\r\n+14155550102\r\n+14155550101\r\nanonymous\r\n";

    let answer = ask("POST", &format!("{PATH}/import")).with("Content-Type", "text/csv; charset=utf-8").body(text).to(house.addr()).await;

    let body = answer.json();
    let detail = "not a phone number in E.164, such as +14155550100";
    let bad = json!([{"line": 3, "detail": detail}, {"line": 7, "detail": detail}]);
    assert_eq!((answer.status, &body), (200, &json!({"lines": 5, "added": 2, "known": 1, "bad": bad, "more_bad": 0})));
    let listed = list(&house, "").await;
    assert_eq!(keys(&listed), ["limit", "numbers", "offset", "total"]);
    assert_eq!(keys(&listed["numbers"][0]), ["added_by", "at", "call_id", "note", "phone_number", "source"]);
    assert_eq!((numbers(&listed), &listed["numbers"][0]["source"]), (vec!["+14155550102", "+14155550101"], &json!("import")));
    assert_eq!(numbers(&list(&house, "?limit=1&offset=1").await), ["+14155550101"]);
    house.finish().await;
}

#[actix_rt::test]
async fn a_long_list_is_taken_and_one_without_end_is_not() {
    let house = House::open().await;
    let send =
        async |text: String| ask("POST", &format!("{PATH}/import")).with("Content-Type", "text/plain").body(text).to(house.addr()).await;

    let many: String = (0..20_000).map(|n| format!("+1415{n:07}\n")).collect();
    assert_eq!(send(many).await.json()["added"], 20_000);
    send("1".repeat(4 * 1024 * 1024 + 1)).await.problem(413, "payload-too-large");
    ask("POST", &format!("{PATH}/import"))
        .with("Content-Type", "application/json")
        .body("[]")
        .to(house.addr())
        .await
        .problem(415, "unsupported-media-type");
    house.finish().await;
}

#[actix_rt::test]
async fn what_is_no_number_or_no_page_is_pointed_at() {
    let house = House::open().await;

    for body in [json!({}), json!({"phone_number": "555"}), json!({"phone_number": CALLEE, "note": "x".repeat(501)}), json!([])] {
        post_json(PATH, body).to(house.addr()).await.problem(422, "invalid-field");
    }
    for query in ["?limit=0", "?limit=201", "?offset=-1", "?phone_number=ann", "?offset=18446744073709551615"] {
        get(&format!("{PATH}{query}")).to(house.addr()).await.problem(422, "invalid-field");
    }
    ask("DELETE", &format!("{PATH}/ann")).to(house.addr()).await.problem(422, "invalid-field");
    house.finish().await;
}

const OPT_OUT: &str = "greeting = \"Lakeside Clinic.\"\ndisclose = \"none\"\n[opening]\nprotected = false\n[keys]\n\"9\" = \"opt_out\"\n\
                       [[tools]]\ntype = \"end_call\"\n[[tools]]\ntype = \"opt_out\"";

/// The call lives on for a while after `wish`, and nothing of it has to be over for the list to hold.
async fn whoever_wishes_it_is_on_the_list_before_the_call_is_over(wish: Step, source: &str) {
    let house = House::with_files(&[("config/assistants/careful.toml", OPT_OUT)]).await;
    let call_tool = vec![Saying::Call { name: "opt_out".to_owned(), arguments: "{}".to_owned() }];
    let replies = vec![ScriptedReply::new(Cue::Heard("Stop calling me.".to_owned()), call_tool)];
    house.openai().follow(Script { replies, ..Script::default() });
    let began = Step::WaitForSpeech { within: Duration::from_secs(10) };
    let steps = vec![began, Step::Pause(Duration::from_secs(1)), wish, Step::Pause(Duration::from_secs(6)), Step::HangUp];
    house.stage.twilio.answer_next(Phone::PickUp(CallerScript::new(steps)));
    let body = json!({"phone_number": CALLEE, "assistant": "careful"});
    assert_eq!(post_json("/api/request-call", body).to(house.addr()).await.status, 202);
    let phone = house.stage.twilio.calls_begun(1, LONG).await.expect("a call").remove(0);

    let listed = eventually("the number is on the list", async || {
        let list = list(&house, "").await;
        if list["total"] == 1 { Ok(list) } else { Err(list) }
    })
    .await;

    assert!(Operator::of(&house).slots().await > 0, "the call lives");
    assert_eq!((numbers(&listed), &listed["numbers"][0]["source"]), (vec![CALLEE], &json!(source)));
    call(&house).await.problem(403, "do-not-call");
    phone.ended(LONG).await.expect("an end");
    call(&house).await.problem(403, "do-not-call");
    house.finish().await;
}

#[actix_rt::test]
async fn whoever_opts_out_by_a_key_is_on_the_list_before_the_call_is_over() {
    whoever_wishes_it_is_on_the_list_before_the_call_is_over(Step::Digits("9".to_owned()), "keyed").await;
}

#[actix_rt::test]
async fn whoever_opts_out_in_words_is_on_the_list_before_the_call_is_over() {
    whoever_wishes_it_is_on_the_list_before_the_call_is_over(Step::Say(saying("Stop calling me.")), "spoken").await;
}
