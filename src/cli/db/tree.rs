//! Anything that serializes, as names and values in the order of its fields.

use std::fmt;

use serde::Serialize;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    Nothing,
    Word(String),
    Whole(i128),
    Decimal(f64),
    List(Vec<Self>),
    /// In the order of the fields.
    Fields(Vec<(String, Self)>),
}

impl Node {
    pub fn of(value: &impl Serialize) -> serde_json::Result<Self> {
        serde_json::from_str(&serde_json::to_string(value)?)
    }

    /// What a cell shows of it; none if it has parts.
    fn cell(&self) -> Option<String> {
        match self {
            Self::Nothing => Some(String::new()),
            Self::Word(word) => Some(word.clone()),
            Self::Whole(number) => Some(number.to_string()),
            Self::Decimal(number) => Some(rounded(*number)),
            Self::List(_) | Self::Fields(_) => None,
        }
    }
}

/// Each value with the names that lead to it, joined by dots; a part of a list is named by its first word.
pub fn scalars(node: &Node) -> Vec<(String, String)> {
    let mut found = Vec::new();
    walk(node, "", &mut found);
    found
}

fn walk(node: &Node, path: &str, found: &mut Vec<(String, String)>) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match node {
        Node::Fields(fields) => fields.iter().for_each(|(name, node)| walk(node, &below(name), found)),
        Node::List(parts) => parts.iter().enumerate().for_each(|(number, part)| match named(part) {
            Some((name, rest)) => walk(&rest, &below(&name), found),
            None => walk(part, &below(&number.to_string()), found),
        }),
        other => found.extend(other.cell().map(|cell| (path.to_owned(), cell))),
    }
}

/// The first field, if it is a word, and the others.
fn named(part: &Node) -> Option<(String, Node)> {
    let Node::Fields(fields) = part else { return None };
    match fields.split_first() {
        Some(((_, Node::Word(name)), rest)) => Some((name.clone(), Node::Fields(rest.to_vec()))),
        _ => None,
    }
}

/// Three places, and no more zeros than needed.
fn rounded(number: f64) -> String {
    let text = format!("{number:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text.is_empty() || text == "-0" { "0".to_owned() } else { text.to_owned() }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reading)
    }
}

struct Reading;

impl<'de> Visitor<'de> for Reading {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Nothing)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Node, E> {
        Ok(Node::Word(truth.to_string()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node, E> {
        Ok(Node::Whole(number.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Whole(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Node, E> {
        Ok(Node::Decimal(number))
    }

    fn visit_str<E>(self, word: &str) -> Result<Node, E> {
        Ok(Node::Word(word.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(part) = parts.next_element()? {
            list.push(part);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = entries.next_entry()? {
            fields.push(field);
        }
        Ok(Node::Fields(fields))
    }
}
