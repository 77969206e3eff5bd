//! No answer but in our own words, whatever is asked.

use crate::doors::http::{ask, get};
use crate::house::House;

const DOORS: [(&str, &str); 14] = [
    ("/health", "GET"),
    ("/health/live", "GET"),
    ("/health/ready", "GET"),
    ("/metrics", "GET"),
    ("/api/request-call", "POST"),
    ("/api/call-history", "GET"),
    ("/api/analytics", "GET"),
    ("/api/call/00000000-0000-7000-8000-000000000000", "GET"),
    ("/api/call/00000000-0000-7000-8000-000000000000/conversation", "GET"),
    ("/api/do-not-call", "GET, HEAD, POST"),
    ("/api/do-not-call/import", "POST"),
    ("/api/do-not-call/+14155550142", "DELETE"),
    ("/api/consents", "GET, HEAD, POST"),
    ("/api/consents/00000000-0000-7000-8000-000000000000/revoke", "POST"),
];

#[actix_rt::test]
async fn a_wrong_method_is_told_the_right_one() {
    let house = House::open().await;

    for (path, method) in DOORS {
        let allowed = if method == "GET" { "GET, HEAD" } else { method };
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "BREW"].into_iter().filter(|other| !method.contains(other)) {
            let answer = ask(method, path).to(house.addr()).await;

            answer.problem(405, "method-not-allowed");
            assert_eq!(answer.header("allow"), Some(allowed), "{method} {path}");
        }
    }
    house.finish().await;
}

#[actix_rt::test]
async fn a_head_is_answered_as_a_get_without_its_body() {
    let house = House::open().await;

    for path in ["/health", "/api/call-history"] {
        let (whole, head) = (get(path).to(house.addr()).await, ask("HEAD", path).to(house.addr()).await);

        assert_eq!((head.status, head.body.as_str()), (200, ""), "{path}");
        assert_eq!(head.header("content-length"), whole.header("content-length"), "{path}");
    }
    house.finish().await;
}

#[actix_rt::test]
async fn there_is_nothing_where_there_is_nothing() {
    let house = House::open().await;

    let nowhere = ["/api", "/api/", "/api/calls", "/health/", "/api/request-call/", "/..", "//", "/%00", "/%ff", "/api/call/"];
    let beside_the_page =
        ["/assets/", "/assets/../Cargo.toml", "/assets/..%2fCargo.toml", "/assets//etc/passwd", "/assets/%2fetc%2fpasswd"];
    for path in nowhere.into_iter().chain(beside_the_page) {
        get(path).to(house.addr()).await.problem(404, "not-found");
    }
    house.finish().await;
}

#[actix_rt::test]
async fn a_call_that_nobody_made_is_not_found() {
    let house = House::open().await;

    for name in ["00000000-0000-7000-8000-000000000000", "CA00000000000000000000000000000000", "garbage", "%ff%fe", "%2e%2e", "1"] {
        get(&format!("/api/call/{name}")).to(house.addr()).await.problem(404, "not-found");
        get(&format!("/api/call/{name}/conversation")).to(house.addr()).await.problem(404, "not-found");
    }
    house.finish().await;
}

#[actix_rt::test]
async fn a_query_that_makes_no_sense_is_a_problem() {
    let house = House::open().await;
    let wrong = [
        "limit=0",
        "limit=201",
        "limit=-1",
        "limit=ten",
        "limit=1.5",
        "limit=99999999999999999999",
        "offset=-1",
        "offset=x",
        "status=asleep",
        "direction=up",
        "phone_number=555",
        "phone_number=ann",
        "limit=1&limit=2",
        "offset=10001",
        "cursor=x",
        "cursor=",
        "sort=name",
        "from=yesterday",
        "to=2026-13-01",
        "q=ab",
    ];

    for query in wrong {
        get(&format!("/api/call-history?{query}")).to(house.addr()).await.problem(422, "invalid-field");
    }
    for query in [
        "from=yesterday",
        "from=2026-13-01T00:00:00Z",
        "to=5",
        "interval=week",
        "interval=day",
        "from=2026-02-01&to=2026-01-01",
        "from=2026-01-01&to=2026-12-01&interval=hour",
    ] {
        get(&format!("/api/analytics?{query}")).to(house.addr()).await.problem(422, "invalid-field");
    }
    house.finish().await;
}

#[actix_rt::test]
async fn every_answer_has_a_request_id_and_no_two_the_same() {
    let house = House::open().await;
    let mut ids = Vec::new();

    for (path, method) in DOORS.into_iter().chain([("/nowhere", "GET"), ("/incoming-call", "POST"), ("/media-stream/x", "GET")]) {
        let method = method.split(',').next().unwrap_or(method);
        ids.push(ask(method, path).to(house.addr()).await.request_id());
    }

    let told = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), told);
    house.finish().await;
}
