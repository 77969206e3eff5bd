//! Who is told of calls, on the page *Setup*.

use super::*;
use crate::doors::courier::receiver::Receiver;
use crate::house::House;

#[actix_rt::test]
async fn what_was_told_is_shown_and_told_again_from_the_page() {
    let receiver = Receiver::start([]).await;
    let house = House::telling(&receiver, &[("APP__WEBHOOKS__EVENTS", "call.completed")]).await;
    house.call_out().await;
    let first = receiver.after(1).await.remove(0);
    let Some(browser) = Browser::open(house.addr(), Look::DESK, None).await else { return house.finish().await };

    browser.go("/setup").await;
    browser.reads(&["Webhooks", &receiver.address.to_string(), "call.completed", first.id(), "Delivered"]).await;
    browser.press("Resend").await;

    browser.reads(&["It is told again in a moment."]).await;
    assert_eq!(receiver.after(2).await[1].id(), first.id());
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    browser.close().await;
    house.finish().await;
}
