//! Reads the files beside the layers: those of assistants, and that of the prices.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::assistant::{self, Assistant};
use super::assistants::Assistants;
use super::environment::Chosen;
use super::layer::{Layer, Settings};
use super::load::{optional_file, unreadable};
use super::prices::{self, Prices};
use super::problem::{Notes, Origin, Problem};
use super::reader::{Reader, quoted, quoted_list};
use super::reference::References;
use super::{AssistantFile, Sources};
use crate::types::PhoneNumber;

const FOLDER: &str = "config/assistants";
const NAME: &str = "assistant.name";
const NUMBERS: &str = "assistant.numbers";
const PRICES: &str = "config/prices.toml";

/// What every file is read with.
pub(super) struct Desk<'a> {
    /// Those of the default assistant are below every other.
    pub(super) settings: &'a Settings,
    pub(super) chosen: Chosen,
    pub(super) references: &'a References,
}

impl Desk<'_> {
    /// Adds the assistant of each file; tells `reader` of all mistakes.
    pub(super) fn assistants(&self, root: &Path, reader: &mut Reader<'_>, assistants: &mut Assistants) -> Vec<AssistantFile> {
        let (paths, mut problems) = files_of(&root.join(FOLDER));
        let inherited = reader.problems().to_vec();
        let mut files = Vec::new();
        for path in paths {
            let (assistant, sources) = self.assistant(&path, &inherited, &mut problems);
            problems.extend(shared(assistants, &assistant, &path));
            files.push(AssistantFile { name: assistant.name.clone(), sources });
            assistants.add(assistant);
        }
        reader.adopt(problems);
        files
    }

    fn assistant(&self, path: &Path, inherited: &[Problem], problems: &mut Vec<Problem>) -> (Assistant, Sources) {
        let origin = Origin::File(path.to_owned());
        let mut wrong = Vec::new();
        let mut layer = Layer::section(assistant::SECTION.trim_end_matches('.'), &read(path, problems), &origin, &mut wrong);
        let known: BTreeSet<String> =
            self.settings.keys().filter(|key| key.starts_with(assistant::SECTION)).chain([NUMBERS]).map(str::to_owned).collect();
        layer.refuse_unknown(&known, &mut wrong);
        let stem = Layer::of(NAME, &stem(path), Origin::File(path.to_owned()));
        let settings = self.settings.clone().under(&stem).under(&layer);
        let mut reader = Reader::new(&settings, self.chosen, self.references, Notes { problems: wrong, warnings: Vec::new() });
        let assistant = Assistant::read(&mut reader);
        let assistant = Assistant { numbers: numbers(&mut reader), ..assistant };
        check_name(&mut reader, &assistant.name);
        let (shown, wrong) = reader.into_parts();
        // What is wrong in the default assistant was told there.
        problems.extend(wrong.into_iter().filter(|problem| !told(inherited, problem)).map(|problem| of_file(problem, &origin)));
        (assistant, Sources(shown))
    }

    /// The embedded table, and what a file says over it.
    pub(super) fn prices(&self, root: &Path, reader: &mut Reader<'_>) -> Prices {
        let (path, mut problems) = (root.join(PRICES), Vec::new());
        let mut layers = [Prices::embedded(&mut problems), optional_file(&path, &mut problems)];
        let [embedded, file] = &mut layers;
        file.refuse_unknown(&embedded.keys(), &mut problems);
        if path.exists() && !file.keys().contains(prices::AS_OF) {
            problems.push(problem(prices::AS_OF, &Origin::File(path.clone()), "is not set".to_owned(), prices::AS_OF_FIX));
        }
        let settings = Settings::merge(&layers);
        let mut own = Reader::new(&settings, self.chosen, self.references, Notes { problems, warnings: Vec::new() });
        let prices = Prices::read(&mut own);
        let origin = Origin::File(path);
        reader.adopt(own.into_parts().1.into_iter().map(|problem| of_file(problem, &origin)));
        prices
    }
}

/// In the order of their names; that there is no folder is no mistake.
fn files_of(folder: &Path) -> (Vec<PathBuf>, Vec<Problem>) {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return (Vec::new(), Vec::new()),
        Err(error) => return (Vec::new(), vec![unreadable(folder, &error)]),
    };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut paths: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|ending| ending == "toml")).collect();
    paths.sort_unstable();
    (paths, Vec::new())
}

fn read(path: &Path, problems: &mut Vec<Problem>) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| {
        problems.push(unreadable(path, &error));
        String::new()
    })
}

fn stem(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

fn check_name(reader: &mut Reader<'_>, name: &str) {
    let good = name.len() <= 64 && name.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_');
    if !good {
        reader.note(
            NAME,
            &format!("{} cannot be a name", quoted(name)),
            "call the file by at most 64 letters, digits, hyphens and underscores",
        );
    }
}

/// Each bad entry is a problem of its own, told by its place: numbers are not printed.
fn numbers(reader: &mut Reader<'_>) -> Vec<PhoneNumber> {
    let mut numbers = Vec::new();
    if reader.is_there(NUMBERS) {
        for (n, entry) in reader.list(NUMBERS).iter().enumerate() {
            match entry.parse::<PhoneNumber>() {
                Ok(number) => numbers.push(number),
                Err(error) => reader.note(NUMBERS, &format!("entry {} is {error}", n + 1), "write it with + and country code, in quotes"),
            }
        }
    }
    reader.show(NUMBERS, quoted_list(&numbers.iter().map(PhoneNumber::masked).collect::<Vec<_>>()));
    numbers
}

/// A name or a number that another assistant has.
fn shared(assistants: &Assistants, new: &Assistant, path: &Path) -> Vec<Problem> {
    let origin = Origin::File(path.to_owned());
    let mut problems = Vec::new();
    if assistants.named(&new.name).is_some() {
        problems.push(problem("name", &origin, format!("{} is the name of another assistant", quoted(&new.name)), "give it another one"));
    }
    for number in &new.numbers {
        if let Some(other) = assistants.iter().find(|other| other.numbers.contains(number)) {
            let message = format!("{} is answered by {} as well", number.masked(), quoted(&other.name));
            problems.push(problem("numbers", &origin, message, "give each number to one assistant"));
        }
    }
    problems
}

fn problem(key: &str, origin: &Origin, message: String, fix: &str) -> Problem {
    Problem { key: key.to_owned(), variable: String::new(), origin: origin.clone(), message, fix: fix.to_owned() }
}

fn told(before: &[Problem], problem: &Problem) -> bool {
    before.iter().any(|earlier| (&earlier.key, &earlier.message) == (&problem.key, &problem.message))
}

/// In the words of the file, where the section has no name and no variable sets a key.
fn of_file(problem: Problem, origin: &Origin) -> Problem {
    let key = problem.key.strip_prefix(assistant::SECTION).unwrap_or(&problem.key).to_owned();
    let fix = problem.fix.replace(&format!("did you mean {}", assistant::SECTION), "did you mean ");
    Problem { key, variable: String::new(), origin: origin.clone(), message: problem.message, fix }
}
