//! The description of the API, as people read it and try it.

use alpha_call::types::Scope;
use secrecy::ExposeSecret as _;

use super::*;
use crate::house::House;

#[actix_rt::test]
async fn the_api_is_shown_and_tried_with_a_key() {
    let house = House::open().await;
    let key = house.with_key(1, &Scope::ALL, None).await;
    let Some(browser) = Browser::open(house.addr(), Look::DESK, None).await else { return house.finish().await };

    browser.go("/docs").await;
    browser.reads(&["alpha-call", "OAS 3.1", "/api/request-call", "Places a call, now or later", "/health/ready"]).await;
    browser.press("Authorize").await;
    browser.see(".auth-container input").await.send_keys(key.text().expose_secret()).await.expect("typed");
    browser.click(".auth-btn-wrapper button[type=submit]").await;
    browser.click(".auth-btn-wrapper .btn-done").await;
    browser.click("#operations-calls-listCalls .opblock-summary-control").await;
    browser.click("#operations-calls-listCalls .try-out__btn").await;
    browser.click("#operations-calls-listCalls .execute").await;
    browser.see("#operations-calls-listCalls .live-responses-table").await;
    browser.reads(&["\"total_is_estimate\": false"]).await;

    let asked = browser.run("return performance.getEntriesByType('resource').map((entry) => entry.name)").await;
    let here = format!("http://{}/", house.addr());
    let elsewhere: Vec<_> =
        asked.as_array().expect("addresses").iter().filter_map(|name| name.as_str()).filter(|name| !name.starts_with(&here)).collect();
    assert_eq!(elsewhere, [""; 0]);
    browser.close().await;
    house.finish().await;
}

#[actix_rt::test]
async fn styles_of_its_own_are_let_in_there_and_nowhere_else() {
    let house = House::open().await;
    let policy = async |path: &str| {
        let answer = awc::Client::default().get(format!("http://{}{path}", house.addr())).send().await.expect("an answer");
        let told = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        (answer.status().as_u16(), told("content-security-policy"), told("content-type"))
    };

    let (status, shown, kind) = policy("/docs/").await;
    assert_eq!((status, kind.as_str()), (200, "text/html"));
    assert!(shown.starts_with("default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline';"), "{shown}");
    let page = policy("/").await.1;
    assert!(page.contains("style-src 'self';") && !page.contains("unsafe"), "{page}");
    assert_eq!(policy("/docs/nothing.js").await.0, 404);
    house.finish().await;
}
