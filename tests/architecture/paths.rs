//! The paths of a file, groups written out: `a::{b, c::d}` is `a::b` and `a::c::d`.

use super::lexer::Token;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path<'a> {
    pub segments: Vec<&'a str>,
    /// Its first token.
    pub at: usize,
    pub line: usize,
}

/// Every path of two segments or more, and what `use` and `extern crate` name.
pub fn paths<'a>(tokens: &[Token<'a>]) -> Vec<Path<'a>> {
    let mut reader = Reader { tokens, at: 0, found: Vec::new() };
    while reader.at < tokens.len() {
        reader.next();
    }
    reader.found
}

struct Reader<'t, 'a> {
    tokens: &'t [Token<'a>],
    at: usize,
    found: Vec<Path<'a>>,
}

impl<'a> Reader<'_, 'a> {
    fn next(&mut self) {
        let (at, named) = (self.at, matches!(self.text(self.at.wrapping_sub(1)), "use" | "crate"));
        if !self.is_head() {
            self.at += 1;
            return;
        }
        let before = self.found.len();
        self.tree(&mut Vec::new());
        for path in self.found.iter_mut().skip(before) {
            path.at = at;
        }
        if !named && self.found.get(before).is_some_and(|path| path.segments.len() == 1) {
            self.found.truncate(before);
        }
    }

    /// A word that goes on no path before it, and is no keyword, field or method.
    fn is_head(&self) -> bool {
        let before = |steps: usize| self.at.checked_sub(steps).map_or("", |at| self.text(at));
        let on_word = self.at.checked_sub(2).is_some_and(|at| self.is_word(at)) && !is_keyword(before(2));
        let goes_on = before(1) == "::" && (on_word || before(2) == ">");
        self.is_word(self.at) && !is_keyword(self.text(self.at)) && before(1) != "." && !goes_on
    }

    fn tree(&mut self, prefix: &mut Vec<&'a str>) {
        let depth = prefix.len();
        while self.is_word(self.at) || self.text(self.at) == "*" {
            let Some(token) = self.tokens.get(self.at) else { break };
            prefix.push(token.text);
            self.at += 1;
            let goes_on = self.text(self.at) == "::" && (self.is_word(self.at + 1) || matches!(self.text(self.at + 1), "{" | "*"));
            if !goes_on {
                self.found.push(Path { segments: prefix.clone(), at: 0, line: token.line });
                break;
            }
            self.at += 1;
        }
        if self.text(self.at) == "{" && self.text(self.at.wrapping_sub(1)) == "::" {
            self.group(prefix);
        }
        prefix.truncate(depth);
    }

    fn group(&mut self, prefix: &mut Vec<&'a str>) {
        self.at += 1;
        while !matches!(self.text(self.at), "}" | "" | ";") {
            if self.is_word(self.at) && self.text(self.at) != "as" || self.text(self.at) == "*" {
                self.tree(prefix);
            } else {
                self.at += if self.text(self.at) == "as" { 2 } else { 1 };
            }
        }
        self.at += 1;
    }

    fn text(&self, at: usize) -> &'a str {
        self.tokens.get(at).map_or("", |token| token.text)
    }

    fn is_word(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(Token::is_word)
    }
}

/// Words that may stand before a path, and are no part of one.
fn is_keyword(word: &str) -> bool {
    const KEYWORDS: [&str; 20] = [
        "as", "break", "const", "dyn", "else", "for", "if", "impl", "in", "let", "match", "move", "mut", "pub", "ref", "return", "type",
        "use", "where", "while",
    ];
    KEYWORDS.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::super::lexer::tokens;
    use super::*;

    fn written_out(text: &str) -> Vec<String> {
        paths(&tokens(text)).into_iter().map(|path| path.segments.join("::")).collect()
    }

    #[test]
    fn groups_are_written_out() {
        let text = "use crate::{a, b::{self, C as D}, e::*}; use f; pub(crate) use g::h;";

        assert_eq!(written_out(text), ["crate::a", "crate::b::self", "crate::b::C", "crate::e::*", "f", "g::h"]);
    }

    #[test]
    fn paths_in_the_midst_of_code_count_too() {
        let text = "let x: Vec<a::B> = c::d::<e::F>(g.h::<i>()); #[j::k] fn l() { return ::m::n!() } Vec::<o>::new()";

        assert_eq!(written_out(text), ["a::B", "c::d", "e::F", "j::k", "m::n"]);
    }

    #[test]
    fn every_path_knows_its_line() {
        let lines: Vec<usize> = paths(&tokens("use a::{\n    b,\n    c,\n};")).iter().map(|path| path.line).collect();

        assert_eq!(lines, [2, 3]);
    }
}
