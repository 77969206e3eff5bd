use super::*;

#[actix_rt::test]
async fn the_queue_outlives_a_panic_of_the_logger() {
    let folder = tempfile::tempdir().expect("a folder");
    let desk = Desk::open(&sqlite(folder.path()), folder.path()).await;
    for seq in 0..400 {
        desk.log.log(turn(call(1), seq, "x")).expect("room");
        if seq % 100 == 50 {
            desk.log.sabotage();
        }
    }

    assert!(desk.log.flush(HOME).await, "written");

    assert_eq!(seqs(&desk.store, call(1)).await, (0..400).collect::<Vec<_>>());
    desk.close().await;
}
