//! Page after page, and the same as a table.

use serde_json::{Value, json};

use crate::doors::http::{Answer, get};
use crate::doors::operator::Operator;
use crate::house::House;

/// Where the `Link` header leads to.
fn next(page: &Answer) -> Option<String> {
    let (path, rest) = page.header("link")?.strip_prefix('<')?.split_once('>')?;
    assert_eq!(rest, "; rel=\"next\"");
    Some(path.to_owned())
}

async fn house_with_calls(count: usize) -> House {
    let house = House::open().await;
    let operator = Operator::of(&house);
    for _ in 0..count {
        let line = operator.ring().await;
        operator.hang_up(&line).await;
        operator.ended(&line.call).await;
    }
    house
}

#[actix_rt::test]
async fn a_link_leads_from_page_to_page_to_the_last() {
    let house = house_with_calls(3).await;
    let whole = get("/api/call-history").to(house.addr()).await.json();

    let mut path =
        "/api/call-history?offset=0&sort=-initiated_at&phone_number=%2B14155550123&limit=1&from=2020-01-01T00:00:00%2B02:00".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = get(&path).to(house.addr()).await;
        let body = page.json();
        assert_eq!((&body["total"], &body["limit"]), (&json!(3), &json!(1)), "{path}");
        seen.extend(body["calls"].as_array().expect("calls").clone());
        assert_eq!(next(&page).is_some(), body["next_cursor"].is_string(), "{page:?}");
        let Some(link) = next(&page) else { break };
        assert!(link.contains("phone_number=%2B14155550123") && !link.contains("offset"), "{link}");
        path = link;
    }

    assert_eq!(json!(seen), whole["calls"]);
    assert_eq!(next(&get("/api/call-history").to(house.addr()).await), None);
    house.finish().await;
}

#[actix_rt::test]
async fn a_cursor_is_good_for_its_own_query() {
    let house = house_with_calls(2).await;
    let first = get("/api/call-history?limit=1").to(house.addr()).await.json();
    let cursor = first["next_cursor"].as_str().expect("a cursor");

    for query in ["offset=0", "offset=1", "sort=duration", "status=failed", "q=abc", "from=2026-01-01"] {
        let answer = get(&format!("/api/call-history?limit=1&cursor={cursor}&{query}")).to(house.addr()).await;
        answer.problem(422, "invalid-field");
    }
    let other_length = get(&format!("/api/call-history?limit=200&cursor={cursor}")).to(house.addr()).await.json();
    assert_eq!(other_length["calls"].as_array().map(Vec::len), Some(1));
    house.finish().await;
}

#[actix_rt::test]
async fn who_wants_a_table_gets_one() {
    let house = house_with_calls(2).await;

    let history = get("/api/call-history?limit=1").with("Accept", "text/csv").to(house.addr()).await;
    let figures = get("/api/analytics").with("Accept", "text/csv, application/json;q=0.5").to(house.addr()).await;
    let series = get("/api/analytics?from=2026-01-01&to=2026-01-03&interval=day").with("Accept", "text/*").to(house.addr()).await;

    for table in [&history, &figures, &series] {
        assert_eq!((table.status, table.header("content-type")), (200, Some("text/csv; charset=utf-8; header=present")));
        assert!(table.header("vary").is_some_and(|vary| vary.to_lowercase().contains("accept")), "{table:?}");
    }
    let page = get("/api/call-history?limit=1").to(house.addr()).await.json();
    let line = &page["calls"][0];
    let (head, row) = history.body.split_once("\r\n").expect("two lines");
    assert_eq!(head.split(',').count(), line.as_object().map_or(0, serde_json::Map::len), "{head}");
    for (name, cell) in head.split(',').zip(row.trim_end().split(',')) {
        let told = match &line[name] {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        assert_eq!(cell, told, "{name}");
    }
    assert!(row.contains(",+14155550123,"), "a number stays a number: {row}");
    assert!(next(&history).is_some());
    assert!(figures.body.contains("\r\ntotal_calls,2\r\n"), "{}", figures.body);
    assert!(series.body.starts_with("start,calls,") && series.body.contains("\r\n2026-01-01T00:00:00Z,0,"), "{}", series.body);
    house.finish().await;
}

#[actix_rt::test]
async fn what_we_cannot_make_is_not_acceptable() {
    let house = House::open().await;

    for path in ["/api/call-history", "/api/analytics"] {
        for accept in ["text/html", "application/xml, image/*", "application/json;q=0"] {
            get(path).with("Accept", accept).to(house.addr()).await.problem(406, "not-acceptable");
        }
        assert_eq!(get(path).with("Accept", "text/html, */*;q=0.1").to(house.addr()).await.status, 200);
    }
    house.finish().await;
}
