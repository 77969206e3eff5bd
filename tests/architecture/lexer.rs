//! Rust as far as the rules need it: words and signs, without comments and without what stands in literals.

/// A word, a sign, `::`, or `"` in place of a literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    pub text: &'a str,
    pub line: usize,
}

impl Token<'_> {
    pub fn is_word(&self) -> bool {
        self.text.starts_with(is_word_char)
    }
}

pub fn tokens(text: &str) -> Vec<Token<'_>> {
    let (mut tokens, mut rest, mut line) = (Vec::new(), text, 1);
    while let Some(first) = rest.chars().next() {
        let (kind, length) = measure(first, rest);
        let (taken, left) = rest.split_at(length);
        match kind {
            Kind::Blank => {}
            Kind::Literal => tokens.push(Token { text: "\"", line }),
            Kind::Plain => tokens.push(Token { text: taken, line }),
        }
        line += taken.matches('\n').count();
        rest = left;
    }
    tokens
}

enum Kind {
    Blank,
    Literal,
    Plain,
}

/// What the text begins with, and its length in bytes.
fn measure(first: char, rest: &str) -> (Kind, usize) {
    match first {
        _ if first.is_whitespace() => (Kind::Blank, first.len_utf8()),
        '/' if rest.starts_with("//") => (Kind::Blank, rest.find('\n').unwrap_or(rest.len())),
        '/' if rest.starts_with("/*") => (Kind::Blank, block_comment(rest)),
        '"' => (Kind::Literal, quoted(rest, 1, '"')),
        '\'' => quote(rest),
        ':' if rest.starts_with("::") => (Kind::Plain, 2),
        _ if is_word_char(first) => word(rest),
        _ => (Kind::Plain, first.len_utf8()),
    }
}

fn is_word_char(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

/// Block comments nest. doc.rust-lang.org/reference/comments.html
fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match rest.get(at..at + 2) {
            Some("/*") => (depth, at) = (depth + 1, at + 2),
            Some("*/") if depth == 1 => return at + 2,
            Some("*/") => (depth, at) = (depth - 1, at + 2),
            Some(_) | None => at += 1,
        }
    }
    rest.len()
}

/// Up to and with the closing quote; `from` is where the content begins.
fn quoted(rest: &str, from: usize, close: char) -> usize {
    let mut escaped = false;
    for (at, char) in rest.char_indices().skip_while(|(at, _)| *at < from) {
        match char {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if char == close => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// A character, or the sign of a lifetime.
fn quote(rest: &str) -> (Kind, usize) {
    let mut chars = rest.chars().skip(1);
    match (chars.next(), chars.next()) {
        (Some('\\'), _) | (Some(_), Some('\'')) => (Kind::Literal, quoted(rest, 1, '\'')),
        _ => (Kind::Plain, 1),
    }
}

/// A word; or a literal that begins with letters, such as `b"…"` and `r#"…"#`.
fn word(rest: &str) -> (Kind, usize) {
    let length = rest.find(|char| !is_word_char(char)).unwrap_or(rest.len());
    let (prefix, after) = rest.split_at(length);
    match prefix {
        "r" | "br" | "cr" => raw(rest, after, length).unwrap_or((Kind::Plain, length)),
        "b" | "c" if after.starts_with('"') => (Kind::Literal, quoted(rest, length + 1, '"')),
        "b" if after.starts_with('\'') => (Kind::Literal, quoted(rest, length + 1, '\'')),
        _ => (Kind::Plain, length),
    }
}

fn raw(rest: &str, after: &str, length: usize) -> Option<(Kind, usize)> {
    let hashes = after.chars().take_while(|char| *char == '#').count();
    let from = length + hashes + 1;
    let content = rest.get(from..).filter(|_| after.get(hashes..).is_some_and(|sign| sign.starts_with('"')))?;
    let close = format!("\"{}", "#".repeat(hashes));
    Some((Kind::Literal, content.find(&close).map_or(rest.len(), |at| from + at + close.len())))
}

#[test]
fn comments_and_literals_say_nothing() {
    let text = r###"a /* x /* y */ z */ "b\" c" 'd' '\'' r#"e " f"# b"g" 'h // i
        j"###;

    let words: Vec<&str> = tokens(text).iter().map(|token| token.text).collect();

    assert_eq!(words, ["a", "\"", "\"", "\"", "\"", "\"", "'", "h", "j"]);
}

#[test]
fn every_token_knows_its_line() {
    let text = "a\n/*\n*/ b \"\n\" c::d";

    let found: Vec<_> = tokens(text).iter().map(|token| (token.text, token.line)).collect();

    assert_eq!(found, [("a", 1), ("b", 3), ("\"", 3), ("c", 4), ("::", 4), ("d", 4)]);
}
