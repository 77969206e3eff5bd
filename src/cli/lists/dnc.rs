//! The list of those who want no calls.

use std::io::Read as _;

use chrono::Utc;
use serde::Serialize;

use super::args::{Add, DncVerb, Import, List, Remove};
use super::{check, stamp, who};
use crate::cli::db::Desk;
use crate::cli::db::failure::{Failure, Outcome};
use crate::cli::db::output::{self, Record};
use crate::cli::screen::say;
use crate::store::{ListedNumber, OptOut, OptOutSource, Removal, Slice};
use crate::types::{PhoneNumber, Redacted, numbers};

/// Numbers in one transaction.
const BATCH: usize = 5_000;
/// Bad lines that are told one by one.
const TOLD: usize = 50;

pub async fn done(desk: &Desk, verb: &DncVerb, user: Option<&str>) -> Outcome {
    match verb {
        DncVerb::Add(wish) => add(desk, wish, user).await,
        DncVerb::Remove(wish) => remove(desk, wish, user).await,
        DncVerb::Import(wish) => import(desk, wish, user).await,
        DncVerb::List(wish) => list(desk, wish).await,
        DncVerb::Check(wish) => check::check(desk, wish).await,
    }
}

/// What is said of numbers that are put on the list together.
struct Words {
    source: OptOutSource,
    note: Option<String>,
    by: Option<String>,
}

impl Words {
    fn of(&self, number: &PhoneNumber) -> OptOut {
        let note = self.note.clone().map(Redacted);
        OptOut { number: number.clone(), call: None, source: self.source, at: Utc::now(), note, by: self.by.clone() }
    }
}

async fn add(desk: &Desk, wish: &Add, user: Option<&str>) -> Outcome {
    let words = Words { source: OptOutSource::Operator, note: wish.note.clone(), by: who(&wish.by, user) };
    for number in &wish.numbers {
        let is_new = desk.store.opt_out(words.of(number)).await?;
        say(&format!("{} {}", number.as_str(), if is_new { "is on the list now" } else { "was on the list already" }));
    }
    Ok(0)
}

async fn remove(desk: &Desk, wish: &Remove, user: Option<&str>) -> Outcome {
    let removal =
        Removal { number: wish.number.clone(), at: Utc::now(), by: who(&wish.by, user), reason: wish.reason.clone().map(Redacted) };
    if !desk.store.take_off_list(removal).await? {
        return Err(Failure::other(format!("{} is not on the list", wish.number.as_str())));
    }
    say(&format!("{} is off the list; that it stood there stays on record", wish.number.as_str()));
    Ok(0)
}

async fn import(desk: &Desk, wish: &Import, user: Option<&str>) -> Outcome {
    let numbers::Read { numbers, wrong, .. } = numbers::read(&text_of(wish)?);
    let words = Words { source: OptOutSource::Import, note: wish.note.clone(), by: who(&wish.by, user) };
    let progress = desk.progress("numbers", Some(numbers.len() as u64));
    let mut added = 0;
    for batch in numbers.chunks(BATCH) {
        added += desk.store.opt_out_all(batch.iter().map(|number| words.of(number)).collect()).await?;
        progress.advance(batch.len() as u64);
    }
    progress.finish();
    wrong.iter().take(TOLD).for_each(|line| desk.note(&format!("line {line}: {}", numbers::WRONG)));
    let known = numbers.len() as u64 - added;
    say(&format!("{added} numbers added, {known} on the list already, {} lines without a number", wrong.len()));
    Ok(i32::from(!wrong.is_empty()))
}

fn text_of(wish: &Import) -> Result<String, Failure> {
    let named = |error| Failure::other(format!("{}: {error}", wish.file.display()));
    if wish.file.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map_err(named)?;
        return Ok(text);
    }
    std::fs::read_to_string(&wish.file).map_err(named)
}

async fn list(desk: &Desk, wish: &List) -> Outcome {
    let slice = Slice { limit: wish.limit, offset: wish.offset, number: wish.number.clone() };
    let (listed, total) = desk.store.do_not_call(slice).await?;
    let shown = listed.len() as u64;
    output::print(wish.output.format, &listed.into_iter().map(Line::from).collect::<Vec<_>>())?;
    if shown < total {
        desk.note(&format!("{shown} of {total}; --limit and --offset show others"));
    }
    Ok(0)
}

#[derive(Serialize)]
struct Line {
    phone_number: String,
    since: String,
    source: String,
    by: Option<String>,
    note: Option<String>,
    call: Option<String>,
}

impl Record for Line {
    const COLUMNS: &'static [&'static str] = &["phone_number", "since", "source", "by", "note", "call"];
}

impl From<ListedNumber> for Line {
    fn from(listed: ListedNumber) -> Self {
        Self {
            phone_number: listed.number.0,
            since: stamp(listed.at),
            source: listed.source,
            by: listed.by,
            note: listed.note.map(|note| note.0),
            call: listed.call,
        }
    }
}
