//! Texts with variables: `{{name}}`, or `{{name|there}}` with a fallback.

use std::collections::BTreeMap;

/// The template with its variables filled in. What is filled in is not looked at again;
/// a variable that is missing or empty gives its fallback, or nothing.
#[must_use]
pub fn fill(template: &str, vars: &BTreeMap<String, String>) -> String {
    pieces(template)
        .map(|piece| match piece {
            Piece::Text(text) | Piece::Unclosed(text) => text,
            Piece::Variable { name, fallback } => vars.get(name).map(|v| v.trim()).filter(|v| !v.is_empty()).unwrap_or(fallback),
        })
        .collect()
}

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("there is no variable {{{{{0}}}}}")]
    Unknown(String),
    #[error("a {{{{ has no }}}}")]
    Unclosed,
}

#[must_use]
pub fn faults(template: &str, known: &[&str]) -> Vec<Fault> {
    pieces(template)
        .filter_map(|piece| match piece {
            Piece::Text(_) => None,
            Piece::Variable { name, .. } => (!known.contains(&name)).then(|| Fault::Unknown(name.to_owned())),
            Piece::Unclosed(_) => Some(Fault::Unclosed),
        })
        .collect()
}

enum Piece<'a> {
    Text(&'a str),
    Variable { name: &'a str, fallback: &'a str },
    Unclosed(&'a str),
}

fn pieces(template: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = template;
    std::iter::from_fn(move || {
        let (piece, after) = first(rest)?;
        rest = after;
        Some(piece)
    })
}

fn first(text: &str) -> Option<(Piece<'_>, &str)> {
    if text.is_empty() {
        return None;
    }
    let Some(inner) = text.strip_prefix("{{") else {
        let (plain, rest) = text.split_at(text.find("{{").unwrap_or(text.len()));
        return Some((Piece::Text(plain), rest));
    };
    let Some((inside, rest)) = inner.split_once("}}") else {
        return Some((Piece::Unclosed(text), ""));
    };
    let (name, fallback) = inside.split_once('|').unwrap_or((inside, ""));
    Some((Piece::Variable { name: name.trim(), fallback: fallback.trim() }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[&str] = &["name"];

    fn named(name: &str) -> BTreeMap<String, String> {
        BTreeMap::from([("name".to_owned(), name.to_owned())])
    }

    #[test]
    fn a_variable_is_filled_in() {
        assert_eq!(fill("Hello {{name|there}}, {{ name }}!", &named("Ann")), "Hello Ann, Ann!");
    }

    #[test]
    fn a_missing_or_empty_variable_gives_its_fallback() {
        assert_eq!(fill("Hello {{name|there}}!", &BTreeMap::new()), "Hello there!");
        assert_eq!(fill("Hello {{name|there}}!", &named(" ")), "Hello there!");
        assert_eq!(fill("Hello {{name}}!", &BTreeMap::new()), "Hello !");
    }

    #[test]
    fn what_was_filled_in_is_not_looked_at_again() {
        assert_eq!(fill("Hello {{name}}!", &named("{{name}}")), "Hello {{name}}!");
    }

    #[test]
    fn unknown_variables_and_open_braces_are_faults() {
        assert_eq!(faults("{{name}} {{nmae|x}} {{", KNOWN), [Fault::Unknown("nmae".to_owned()), Fault::Unclosed]);
        assert_eq!(faults("{{name|there}} } { }}", KNOWN), []);
        assert_eq!(Fault::Unknown("nmae".to_owned()).to_string(), "there is no variable {{nmae}}");
        assert_eq!(Fault::Unclosed.to_string(), "a {{ has no }}");
    }

    #[test]
    fn a_text_without_variables_stays_as_it_is() {
        for text in ["", "plain", "a } b { c", "open {{ end", "ä{{"] {
            assert_eq!(fill(text, &named("Ann")), text);
        }
    }
}
