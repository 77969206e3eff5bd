//! `alpha-call db import`: the black box of an instance that is gone.

use std::fs::File;
use std::io::{BufRead, BufReader};

use super::Desk;
use super::args::Import;
use super::failure::{Failure, Outcome};
use crate::cli::screen::say;
use crate::store::black_box::{LogLine, read};
use crate::store::{Row, Stored};

/// Rows stored at a time.
const BATCH: usize = 500;

/// What came of a file.
#[derive(Default)]
struct Count {
    rows: usize,
    buried: usize,
    damaged: usize,
}

pub async fn import(desk: &Desk, wish: &Import) -> Outcome {
    desk.store.migrate().await?;
    let mut count = Count::default();
    let mut batch = Vec::new();
    let progress = desk.progress("rows", None);
    for (number, line) in open(wish)?.lines().enumerate() {
        match read(&line?) {
            LogLine::Row(row) => batch.push(*row),
            LogLine::Other => {}
            LogLine::Damaged(why) => {
                count.damaged += 1;
                desk.note(&format!("line {}: {why}", number + 1));
            }
        }
        if batch.len() == BATCH {
            progress.advance(BATCH as u64);
            store(desk, std::mem::take(&mut batch), &mut count).await?;
        }
    }
    progress.advance(batch.len() as u64);
    store(desk, batch, &mut count).await?;
    progress.finish();
    say(&told(&count));
    Ok(i32::from(count.damaged > 0))
}

async fn store(desk: &Desk, rows: Vec<Row>, count: &mut Count) -> Result<(), Failure> {
    let all = rows.len();
    let Stored { buried } = desk.store.import(rows, chrono::Utc::now()).await?;
    count.buried += buried;
    count.rows += all - buried;
    Ok(())
}

fn open(wish: &Import) -> Result<Box<dyn BufRead>, Failure> {
    if wish.file.as_os_str() == "-" {
        return Ok(Box::new(BufReader::new(std::io::stdin())));
    }
    let file = File::open(&wish.file).map_err(|error| Failure::other(format!("{}: {error}", wish.file.display())))?;
    Ok(Box::new(BufReader::new(file)))
}

fn told(count: &Count) -> String {
    let Count { rows, buried, damaged } = count;
    if rows + buried + damaged == 0 {
        return "no row found: rows stand in lines of {\"alpha_call_row\":1,…}".to_owned();
    }
    let mut text = format!("{rows} rows stored");
    if *buried > 0 {
        text.push_str(&format!(", {buried} not taken by the database: see the table dead_letters"));
    }
    if *damaged > 0 {
        text.push_str(&format!(", {damaged} lines not readable"));
    }
    text
}
