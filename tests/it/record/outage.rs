use std::time::Instant;

use alpha_call::sim::stage::clinic;
use alpha_call::store::NewCall;
use alpha_call::types::Direction;

use super::cluster::Cluster;
use super::*;
use crate::house::{House, LONG, eventually};

/// From the return of the database until the last row is in it.
const DRAIN: Duration = Duration::from_secs(30);

async fn log_all(desk: &Desk, call: CallId, seqs: std::ops::Range<u32>) {
    for seq in seqs {
        assert!(desk.log.keep(turn(call, seq, "while the database is away")).await, "on disk");
    }
}

#[actix_rt::test]
async fn rows_of_an_outage_wait_on_disk_and_come_home_once_and_in_order() {
    let Some(cluster) = Cluster::start() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let desk = Desk::open(&cluster.url(), folder.path()).await;
    log_all(&desk, call(1), 0..20).await;
    cluster.crash();
    log_all(&desk, call(1), 20..60).await;
    assert!(!desk.log.flush(Duration::from_millis(500)).await, "nobody took them");
    cluster.resume();
    let back = Instant::now();

    assert!(desk.log.flush(DRAIN).await, "the backlog is gone");

    assert!(back.elapsed() < DRAIN, "{:?}", back.elapsed());
    assert_eq!(seqs(&desk.store, call(1)).await, (0..60).collect::<Vec<_>>());
    desk.close().await;
}

#[actix_rt::test]
async fn a_database_that_hangs_is_one_that_is_away() {
    let Some(cluster) = Cluster::start() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let desk = Desk::open(&cluster.url(), folder.path()).await;
    log_all(&desk, call(1), 0..5).await;
    cluster.freeze();
    let asked = Instant::now();
    let new = desk.store.create_call(new_call(2)).await;
    let waited = asked.elapsed();
    log_all(&desk, call(1), 5..30).await;
    cluster.thaw();

    assert!(new.expect_err("no answer").is_outage());
    assert!(waited < Duration::from_secs(4), "{waited:?}: somebody is on the phone");
    assert!(desk.log.flush(DRAIN).await, "the backlog is gone");
    assert_eq!(seqs(&desk.store, call(1)).await, (0..30).collect::<Vec<_>>());
    desk.close().await;
}

#[actix_rt::test]
async fn a_database_without_free_connections_is_waited_for() {
    let Some(cluster) = Cluster::start() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let url = cluster.url();
    select(&url, "SELECT 1 AS one").await;
    let admin = Database::connect(&url).await.expect("connected");
    admin.execute_unprepared("CREATE ROLE app LOGIN; GRANT ALL ON SCHEMA public TO app").await.expect("a role");
    let desk = Desk::open(&url.replace("postgres@", "app@"), folder.path()).await;
    let starve = "ALTER ROLE app CONNECTION LIMIT 0; \
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'";
    admin.execute_unprepared(starve).await.expect("starved");

    log_all(&desk, call(1), 0..30).await;
    assert!(!desk.log.flush(Duration::from_secs(1)).await, "nobody took them");
    admin.execute_unprepared("ALTER ROLE app CONNECTION LIMIT -1").await.expect("fed");

    assert!(desk.log.flush(DRAIN).await, "the backlog is gone");
    assert_eq!(seqs(&desk.store, call(1)).await, (0..30).collect::<Vec<_>>());
    desk.close().await;
}

#[actix_rt::test]
async fn a_database_that_is_away_at_the_start_is_waited_for() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.crash();
    let house = House::with(&[("DATABASE_URL", &cluster.url())]).await;
    let call = house.call_in(clinic());
    call.until(LONG, |report| !report.timeline.is_empty()).await.expect("it rings");
    cluster.resume();

    assert!(call.ended(LONG).await.expect("an end").completed());
    let row = house.ended(call.call_sid()).await;
    assert_eq!((&row["ended_reason"], &row["direction"]), (&"assistant_ended".into(), &"inbound".into()));
    house.finish().await;
}

/// The whole engine: the callers notice nothing, and all that they know of is on record, once and in order.
#[actix_rt::test]
async fn calls_do_not_notice_that_the_database_crashed_and_nothing_is_lost() {
    let Some(cluster) = Cluster::start() else { return };
    let house = House::with(&[("DATABASE_URL", &cluster.url())]).await;
    let early: Vec<_> = (0..3).map(|_| house.call_in(clinic())).collect();
    early[0].until(LONG, |report| report.timeline.len() > 4).await.expect("they talk");
    cluster.crash();
    let late: Vec<_> = (0..2).map(|_| house.call_in(clinic())).collect();
    late[0].until(LONG, |report| report.timeline.len() > 12).await.expect("they talk");
    cluster.resume();
    let back = Instant::now();

    for call in early.iter().chain(&late) {
        let report = call.ended(LONG).await.expect("an end");
        assert!(report.completed(), "{:?}, worst lag {:?}", report.outcome, report.worst_lag);
    }
    for call in early.iter().chain(&late) {
        assert_eq!(house.ended(call.call_sid()).await["ended_reason"], "assistant_ended");
        let conversation = house.conversation(call.call_sid()).await;
        crate::calls::assert_cuts(&conversation, &call.report());
        let heard = ["caller_hours", "caller_interrupt", "caller_move", "caller_goodbye"].map(crate::calls::clip);
        assert_eq!(crate::calls::said(&conversation, "user"), heard);
    }
    eventually("the backlog is gone", async || if house.engine.flush(DRAIN).await { Ok(()) } else { Err("rows are left") }).await;
    assert!(back.elapsed() < LONG, "{:?}", back.elapsed());
    house.finish().await;
}

fn new_call(number: u128) -> NewCall {
    NewCall {
        id: call(number),
        call_sid: None,
        direction: Direction::Outbound,
        from: "+14155550100".to_owned(),
        to: "+14155550101".to_owned(),
        caller_name: None,
        assistant: "default".to_owned(),
        model: "m".to_owned(),
        voice: "v".to_owned(),
        system_message: None,
        owner: None,
        initiated_at: Utc::now(),
        scheduled_at: None,
        metadata: None,
        wish: None,
        decision: None,
        api_key_id: None,
        stir_verstat: None,
    }
}
