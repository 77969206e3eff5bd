//! How long a file may be, and how things may be called.

use super::source::Source;
use super::{Offence, offence};

const MAX_LINES: usize = 500;

/// Words that say nothing about what a thing is.
const EMPTY_WORDS: [&str; 8] = ["manager", "helper", "util", "common", "misc", "data", "info", "service"];

pub fn files_are_short(source: &Source<'_>) -> Vec<Offence> {
    let lines = source.text.lines().count();
    (lines > MAX_LINES).then(|| offence(source, lines, format!("{lines} lines, more than {MAX_LINES}"))).into_iter().collect()
}

pub fn names_say_what_a_thing_is(source: &Source<'_>) -> Vec<Offence> {
    let file = source.path.strip_suffix(".rs").unwrap_or(source.path).split('/').map(|part| (1, part));
    let declared = source.tokens.windows(2).filter_map(|pair| match pair {
        [keyword, name] if matches!(keyword.text, "struct" | "enum" | "union" | "trait" | "type" | "mod") => Some((name.line, name.text)),
        _ => None,
    });
    let empty = file.chain(declared).filter_map(|(line, name)| empty_word(name).map(|word| (line, name, word)));
    empty.map(|(line, name, word)| offence(source, line, format!("`{name}`: the word `{word}` says nothing"))).collect()
}

fn empty_word(name: &str) -> Option<&'static str> {
    words(name).iter().find_map(|word| EMPTY_WORDS.iter().copied().find(|empty| word == empty || word.strip_suffix('s') == Some(empty)))
}

/// The words of a name in snake case or camel case, in lower case.
fn words(name: &str) -> Vec<String> {
    let chars: Vec<char> = name.chars().collect();
    let mut words = vec![String::new()];
    for (at, char) in chars.iter().enumerate() {
        let after_small = at.checked_sub(1).and_then(|before| chars.get(before)).is_some_and(|before| !before.is_uppercase());
        let before_small = chars.get(at + 1).is_some_and(|next| next.is_lowercase());
        if *char == '_' || char.is_uppercase() && (after_small || before_small) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| *char != '_') {
            word.extend(char.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn a_name_falls_into_its_words() {
    let cases = [("call_data", "call data"), ("CallData", "call data"), ("HTTPService", "http service"), ("DatabaseUrl", "database url")];

    for (name, expected) in cases {
        assert_eq!(words(name).join(" "), expected, "{name}");
    }
}
