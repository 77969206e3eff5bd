//! `/metrics`, read as Prometheus reads it.
//! <https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details>

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::http::{Request, get};

/// Every sample: name, labels, value; and the type of every family.
#[derive(Clone, Debug, Default)]
pub struct Counters {
    samples: BTreeMap<(String, BTreeMap<String, String>), f64>,
    pub types: BTreeMap<String, String>,
}

impl Counters {
    pub async fn of(server: SocketAddr) -> Self {
        Self::told(get("/metrics"), server).await
    }

    pub async fn with_key(server: SocketAddr, key: &str) -> Self {
        Self::told(get("/metrics").with("Authorization", &format!("Bearer {key}")), server).await
    }

    async fn told(question: Request, server: SocketAddr) -> Self {
        let answer = question.to(server).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/plain; version=0.0.4")), "{answer:?}");
        Self::parse(&answer.body)
    }

    pub fn parse(text: &str) -> Self {
        assert!(text.ends_with('\n'), "the last line must end");
        let mut counters = Self::default();
        for line in text.lines().filter(|line| !line.is_empty()) {
            match line.strip_prefix("# ") {
                Some(comment) => counters.comment(comment),
                None => counters.sample(line),
            }
        }
        counters
    }

    fn comment(&mut self, comment: &str) {
        if let Some(family) = comment.strip_prefix("TYPE ") {
            let (name, kind) = family.split_once(' ').unwrap_or_else(|| panic!("a type without a word: {comment}"));
            assert!(["counter", "gauge", "histogram", "summary"].contains(&kind), "{comment}");
            assert_eq!(self.types.insert(name.to_owned(), kind.to_owned()), None, "two types of one family: {comment}");
        }
    }

    fn sample(&mut self, line: &str) {
        let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no value: {line}"));
        let value = value.parse().unwrap_or_else(|_| panic!("not a number: {line}"));
        let (name, labels) = match series.split_once('{') {
            None => (series, BTreeMap::new()),
            Some((name, labels)) => (name, labels_of(labels.strip_suffix('}').unwrap_or_else(|| panic!("labels do not end: {line}")))),
        };
        assert!(is_name(name) && self.is_of_a_family(name), "no metric: {line}");
        assert_eq!(self.samples.insert((name.to_owned(), labels), value), None, "told twice: {line}");
    }

    fn is_of_a_family(&self, name: &str) -> bool {
        let parts = ["", "_bucket", "_sum", "_count"];
        parts.iter().filter_map(|part| name.strip_suffix(part)).any(|family| self.types.contains_key(family))
    }

    /// The sum of the samples of that name which have all these labels.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let fits = |had: &BTreeMap<String, String>| labels.iter().all(|(name, value)| had.get(*name).is_some_and(|had| had == value));
        self.samples.iter().filter(|((known, had), _)| known == name && fits(had)).map(|(_, value)| value).sum()
    }

    pub fn names(&self) -> Vec<&str> {
        self.samples.keys().map(|(name, _)| name.as_str()).collect()
    }

    /// Malformed messages of the phone, by kind.
    pub fn malformed(&self, kind: &str) -> f64 {
        self.sum("alpha_call_malformed_messages_total", &[("leg", "phone"), ("kind", kind)])
    }

    /// Each of these kinds has been counted as often as it stands here, since `before`.
    pub fn assert_malformed(&self, before: &Self, kinds: &[&str]) {
        for kind in kinds {
            let times = kinds.iter().filter(|other| *other == kind).count();
            assert!(self.malformed(kind) >= before.malformed(kind) + times as f64, "{kind} is not counted {times} times");
        }
    }

    /// Answers of the door for streams.
    pub fn upgrades(&self, status: &str) -> f64 {
        self.sum("alpha_call_http_requests_total", &[("route", "/media-stream/{token}"), ("method", "GET"), ("status", status)])
    }
}

fn labels_of(text: &str) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").unwrap_or_else(|| panic!("no label: {text}"));
        let end = after.find('"').unwrap_or_else(|| panic!("a value that does not end: {text}"));
        assert!(is_name(name), "no label name: {text}");
        labels.insert(name.to_owned(), after[..end].to_owned());
        rest = &after[end + 1..];
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
    labels
}

fn is_name(name: &str) -> bool {
    let sound = |character: char| character.is_ascii_alphanumeric() || character == '_';
    name.chars().all(sound) && name.chars().next().is_some_and(|first| !first.is_ascii_digit())
}
