//! The limits in the description of the API are those of the code.

use serde_json::{Map, Value, json};

use crate::doors::http::{get, post_json};
use crate::house::House;

/// Every text of a body that has a limit in the description: one character more is too many, so many are not.
#[actix_rt::test]
async fn the_limits_of_texts_are_those_that_are_described() {
    let house = House::open().await;
    let document = get("/api/openapi.json").to(house.addr()).await.json();
    let doors = [
        ("/api/request-call", "CallRequest"),
        ("/api/phone-tickets", "PhoneTicketRequest"),
        ("/api/do-not-call", "DoNotCallRequest"),
        ("/api/consents", "ConsentRequest"),
    ];
    let mut looked_at = 0;

    for (path, schema) in doors {
        let schema = &document["components"]["schemas"][schema];
        let properties = schema["properties"].as_object().expect("properties");
        let needed = schema["required"].as_array().into_iter().flatten().filter_map(|name| Some(name.as_str()?.to_owned()));
        // No number, or nobody who answers: the request is never carried out.
        let hopeless = needed.chain(properties.contains_key("assistant").then(|| "assistant".to_owned()));
        let hopeless: Map<_, _> = hopeless.map(|name| (name, json!("nobody"))).collect();
        for (name, limit) in properties.iter().filter_map(|(name, schema)| Some((name, schema["maxLength"].as_u64()?))) {
            let limit = usize::try_from(limit).expect("small");
            for (length, is_wrong) in [(limit, false), (limit + 1, true)] {
                let mut body = hopeless.clone();
                body.insert(name.clone(), json!("x".repeat(length)));
                let problem = post_json(path, Value::Object(body)).to(house.addr()).await.problem(422, "invalid-field");
                let told = problem["errors"].as_array().expect("errors").iter().any(|error| error["pointer"] == format!("/{name}"));
                assert_eq!(told, is_wrong, "{path} {name} of {length}: {problem}");
            }
            looked_at += 1;
        }
    }
    assert_eq!(looked_at, 9);
    house.finish().await;
}

/// What a parameter may be, and what it may not, by the ends of its range.
fn ends(schema: &Value) -> Vec<(String, u16)> {
    let number = |name: &str| schema[name].as_u64();
    let text = |length: u64| "x".repeat(usize::try_from(length).expect("small"));
    let ends = [
        (number("maximum").map(|most| most.to_string()), 200),
        (number("maximum").map(|most| (most + 1).to_string()), 422),
        (number("minimum").map(|least| least.to_string()), 200),
        (number("minimum").and_then(|least| least.checked_sub(1)).map(|less| less.to_string()), 422),
        (number("maxLength").map(text), 200),
        (number("maxLength").map(|most| text(most + 1)), 422),
        (number("minLength").map(text), 200),
        (number("minLength").map(|least| text(least - 1)), 422),
    ];
    ends.into_iter().filter_map(|(value, status)| Some((value?, status))).collect()
}

#[actix_rt::test]
async fn the_limits_of_queries_are_those_that_are_described() {
    let house = House::open().await;
    let document = get("/api/openapi.json").to(house.addr()).await.json();
    let mut looked_at = 0;

    for (path, item) in document["paths"].as_object().expect("paths").iter().filter(|(path, _)| !path.contains('{')) {
        for parameter in item["get"]["parameters"].as_array().into_iter().flatten().filter(|parameter| parameter["in"] == "query") {
            let name = parameter["name"].as_str().expect("a name");
            for (value, status) in ends(&parameter["schema"]) {
                let answer = get(&format!("{path}?{name}={value}")).to(house.addr()).await;
                assert_eq!(answer.status, status, "{path}?{name}={value}: {answer:?}");
                looked_at += 1;
            }
        }
    }
    assert_eq!(looked_at, 25);
    house.finish().await;
}
