use super::cluster::Cluster;
use super::*;

/// A name for a call that there is not: it will never be taken.
fn poison() -> Row {
    Row::Placed { call: call(404), sid: format!("CA{:032x}", 404).parse().expect("a sid") }
}

async fn one_among_five_hundred(url: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let desk = Desk::open(url, folder.path()).await;
    for seq in 0..500 {
        let row = if seq == 321 { poison() } else { turn(call(1), seq, "a\u{0}text 👋") };
        desk.log.log(row).expect("room");
    }

    assert!(desk.log.flush(HOME).await, "everything has found its place");

    assert_eq!(seqs(&desk.store, call(1)).await, (0..500).filter(|seq| *seq != 321).collect::<Vec<_>>());
    let letters = select(url, "SELECT kind, row_key, body, error FROM dead_letters").await;
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert_eq!(letters[0]["kind"], "placed");
    assert!(letters[0]["body"].as_str().expect("text").contains("CA0000"), "{letters:?}");
    assert!(letters[0]["error"].as_str().expect("text").contains("unknown"), "{letters:?}");
    desk.close().await;
}

#[actix_rt::test]
async fn a_row_that_sqlite_refuses_ends_among_the_dead_letters_and_its_neighbours_in_the_table() {
    let folder = tempfile::tempdir().expect("a folder");
    one_among_five_hundred(&sqlite(folder.path())).await;
}

#[actix_rt::test]
async fn a_row_that_postgres_refuses_ends_among_the_dead_letters_and_its_neighbours_in_the_table() {
    let Some(cluster) = Cluster::start() else { return };
    one_among_five_hundred(&cluster.url()).await;
}

/// Over-long, full of what databases stumble over: cleaned, and no poison.
#[actix_rt::test]
async fn a_text_of_a_megabyte_is_cut_and_poisons_nobody() {
    let Some(cluster) = Cluster::start() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let desk = Desk::open(&cluster.url(), folder.path()).await;
    desk.log.log(turn(call(1), 0, &"\u{0}é\"\\\n".repeat(200_000))).expect("room");
    desk.log.log(turn(call(1), 1, "a neighbour")).expect("room");

    assert!(desk.log.flush(HOME).await, "written");

    let stored = desk.store.turns(call(1)).await.expect("read");
    let long = &stored[0].turn.generated.0;
    assert_eq!((stored.len(), long.contains('\u{0}')), (2, false));
    assert!((10_000..=64 * 1024).contains(&long.len()), "{}", long.len());
    assert_eq!(select(&cluster.url(), "SELECT id FROM dead_letters").await, [] as [Value; 0]);
    desk.close().await;
}
