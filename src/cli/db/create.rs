//! `db create-migration`: the file of a new step, registered.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{NaiveDate, Utc};

use super::args::CreateMigration;
use super::failure::{Failure, Outcome};
use crate::cli::screen::say;

const SOURCES: &str = "migration/src";
const REGISTER: &str = "lib.rs";
const LIST: &str = "vec![";
/// Of a line, in `rustfmt.toml`.
const MAX_WIDTH: usize = 140;
const MAX_SLUG: usize = 60;

pub fn create(wish: &CreateMigration) -> Outcome {
    let slug = slug(&wish.message)?;
    let here = std::env::current_dir()?;
    let sources = sources_above(&here).ok_or_else(|| Failure::other(not_in_the_tree(&here)))?;
    let name = format!("{}_{slug}", next_number(&names_in(&sources)?, Utc::now().date_naive()));
    let register = sources.join(REGISTER);
    let registered = registered(&fs::read_to_string(&register)?, &name).ok_or_else(|| Failure::other(strange(&register)))?;
    let file = sources.join(format!("{name}.rs"));
    fs::write(&file, skeleton(&wish.message))?;
    fs::write(&register, registered)?;
    say(&next_steps(&file, &register));
    Ok(0)
}

fn not_in_the_tree(here: &Path) -> String {
    format!("no {SOURCES}/{REGISTER} in {} or above: run this in the source tree of alpha-call", here.display())
}

fn strange(register: &Path) -> String {
    format!("{} has no list of steps that can be added to (`{LIST}Box::new(…::Migration)]`): nothing was written", register.display())
}

fn next_steps(file: &Path, register: &Path) -> String {
    let (file, register) = (file.display(), register.display());
    format!(
        "wrote       {file}\nregistered  {register}\n\nNext: name the columns in it (migration/README.md says how a step is written), then\n  \
         cargo check -p migration\n  cargo run -- db migrate"
    )
}

fn sources_above(here: &Path) -> Option<PathBuf> {
    here.ancestors().map(|folder| folder.join(SOURCES)).find(|sources| sources.join(REGISTER).is_file())
}

/// Lower case, words joined by `_`.
fn slug(message: &str) -> Result<String, Failure> {
    let lower = message.to_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let slug = words.collect::<Vec<_>>().join("_");
    if slug.is_empty() {
        return Err(Failure::usage(
            "--message needs letters of a to z or digits, such as \"Add new feature\": it becomes the name of a file",
        ));
    }
    if slug.len() > MAX_SLUG {
        return Err(Failure::usage(format!("--message makes a name of {} characters: say it in at most {MAX_SLUG}", slug.len())));
    }
    Ok(slug)
}

fn names_in(sources: &Path) -> Result<Vec<String>, Failure> {
    let mut names = Vec::new();
    for entry in fs::read_dir(sources)? {
        names.extend(entry?.file_name().to_str().and_then(|name| name.strip_suffix(".rs")).map(str::to_owned));
    }
    Ok(names)
}

/// The next number of the day; never before a step that is there already, since their names are their order.
fn next_number(names: &[String], today: NaiveDate) -> String {
    let numbers = names.iter().filter_map(|name| {
        let (day, rest) = name.strip_prefix('m')?.split_at_checked(8)?;
        let number = rest.strip_prefix('_')?.get(..6)?;
        Some((day.parse::<u32>().ok()?, number.parse::<u32>().ok()?))
    });
    let today = today.format("%Y%m%d").to_string().parse().unwrap_or_default();
    let (day, number) = numbers.max().filter(|(day, _)| *day >= today).unwrap_or((today, 0));
    format!("m{day}_{:06}", number + 1)
}

/// The register with one more module, and one more step at the end of its list, as rustfmt has it.
fn registered(text: &str, name: &str) -> Option<String> {
    let text = with_module(text, name)?;
    let start = text.find(LIST)? + LIST.len();
    let end = start + text.get(start..)?.find(']')?;
    let (before, list, after) = (text.get(..start)?, text.get(start..end)?, text.get(end..)?);
    let steps = list.split(',').map(str::trim).filter(|step| !step.is_empty()).map(str::to_owned);
    let steps: Vec<String> = steps.chain([format!("Box::new({name}::Migration)")]).collect();
    let indent = before.lines().last().map_or(0, |line| line.len() - line.trim_start().len());
    let line = steps.join(", ");
    let width = before.lines().last().map_or(0, str::len) + line.len() + after.lines().next().map_or(0, str::len);
    let list = if width <= MAX_WIDTH {
        line
    } else {
        let (inner, outer) = (" ".repeat(indent + 4), " ".repeat(indent));
        format!("\n{}{outer}", steps.iter().map(|step| format!("{inner}{step},\n")).collect::<String>())
    };
    Some(format!("{before}{list}{after}"))
}

fn with_module(text: &str, name: &str) -> Option<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let last = lines.iter().rposition(|line| line.starts_with("mod m"))?;
    lines.insert(last + 1, format!("mod {name};"));
    Some(lines.join("\n") + "\n")
}

fn skeleton(message: &str) -> String {
    let title = message.split_whitespace().collect::<Vec<_>>().join(" ");
    SKELETON.replace("{title}", title.trim_end_matches('.'))
}

const SKELETON: &str = "\
//! {title}.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in columns() {
            manager.alter_table(Table::alter().table(CallLog::Table).add_column(column).to_owned()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in columns().into_iter().rev() {
            manager.alter_table(Table::alter().table(CallLog::Table).drop_column(column.get_column_name()).to_owned()).await?;
        }
        Ok(())
    }
}

/// Nullable or with a default, so that the version before does not notice; what is to go, goes one release later.
fn columns() -> Vec<ColumnDef> {
    vec![]
}

#[derive(DeriveIden)]
enum CallLog {
    #[sea_orm(iden = \"call_logs\")]
    Table,
}
";

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn a_message_becomes_a_name() {
        assert_eq!(slug("Add new feature").expect("a name"), "add_new_feature");
        assert_eq!(slug("  Calls: add `tags`, (v2)! ").expect("a name"), "calls_add_tags_v2");
        for nothing in ["", "  ", "…", "добавить", "新しい"] {
            assert_eq!(slug(nothing).expect_err(nothing).code(), 2);
        }
        assert!(slug(&"word ".repeat(20)).is_err());
    }

    #[test]
    fn numbers_count_up_within_a_day_and_never_fall_behind() {
        let names = ["lib", "main", "m20261122_000001_calls", "m20261122_000002_record"].map(str::to_owned);

        assert_eq!(next_number(&names, day("2026-11-22")), "m20261122_000003");
        assert_eq!(next_number(&names, day("2026-11-23")), "m20261123_000001");
        assert_eq!(next_number(&names, day("2026-11-01")), "m20261122_000003", "a clock that is behind");
        assert_eq!(next_number(&[], day("2026-11-22")), "m20261122_000001");
    }

    #[test]
    fn a_list_stays_on_its_line_as_long_as_it_fits() {
        let text = "mod m1_a;\n\nfn x() {\n        vec![Box::new(m1_a::Migration)]\n}\n";

        let short = registered(text, "m2_b").expect("registered");
        assert_eq!(short, "mod m1_a;\nmod m2_b;\n\nfn x() {\n        vec![Box::new(m1_a::Migration), Box::new(m2_b::Migration)]\n}\n");

        let name = format!("m2_{}", "b".repeat(100));
        let long = registered(text, &name).expect("registered");
        let list = format!("        vec![\n            Box::new(m1_a::Migration),\n            Box::new({name}::Migration),\n        ]\n");
        assert!(long.contains(&list), "{long}");
        let longer = registered(&long, "m3_c").expect("registered");
        assert!(longer.contains("::Migration),\n            Box::new(m3_c::Migration),\n        ]\n"), "{longer}");
    }

    #[test]
    fn a_register_without_a_list_is_left_alone() {
        assert_eq!(registered("mod m1_a;\n", "m2_b"), None);
        assert_eq!(registered("vec![]", "m2_b"), None);
    }
}
