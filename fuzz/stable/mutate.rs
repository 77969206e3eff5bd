//! New inputs out of known ones.

use fastrand::Rng;

use crate::harness::MAX_INPUT;

/// Most inputs stay this short: short ones are tried faster, and read more easily.
const SHORT: usize = 2048;
const NUMBERS: [&str; 12] = [
    "0",
    "-1",
    "1",
    "255",
    "65536",
    "2147483648",
    "4294967296",
    "9223372036854775808",
    "18446744073709551616",
    "-9223372036854775809",
    "1e999",
    "0.1",
];
const NESTS: [(&str, &str); 4] = [("[", "]"), ("{\"a\":", "}"), ("[[", "]]"), ("(", ")")];

pub struct Mutator {
    rng: Rng,
    dictionary: Vec<Vec<u8>>,
}

impl Mutator {
    pub fn new(seed: u64, dictionary: Vec<Vec<u8>>) -> Self {
        Self { rng: Rng::with_seed(seed), dictionary }
    }

    /// One of the pool, changed a few times.
    pub fn next(&mut self, pool: &[Vec<u8>]) -> Vec<u8> {
        let mut input = self.one_of(pool);
        for _ in 0..=self.rng.usize(..5) {
            self.change(&mut input, pool);
        }
        input.truncate(if self.rng.u8(..) == 0 { MAX_INPUT } else { SHORT });
        input
    }

    fn change(&mut self, input: &mut Vec<u8>, pool: &[Vec<u8>]) {
        let (from, to) = self.range(input);
        match self.rng.u8(..14) {
            0 => self.at(input, |byte, rng| *byte ^= 1 << rng.u8(..8)),
            1 => self.at(input, |byte, rng| *byte = rng.u8(..)),
            2 => self.at(input, |byte, _| *byte = byte.to_ascii_uppercase()),
            3 => drop(input.drain(from..to)),
            4 => input.truncate(from),
            5 => {
                let again = input[from..to].repeat(self.rng.usize(1..4));
                drop(input.splice(to..to, again));
            }
            6 | 7 => drop(input.splice(from..from, self.token())),
            8 => drop(input.splice(from..to, self.token())),
            9 => self.number(input),
            10 => self.nest(input, from, to),
            11 => self.character(input, from),
            12 => input[from..to].reverse(),
            _ => {
                let other = self.one_of(pool);
                let (begin, end) = self.range(&other);
                drop(input.splice(from..to, other[begin..end].iter().copied()));
            }
        }
    }

    fn one_of(&mut self, pool: &[Vec<u8>]) -> Vec<u8> {
        self.rng.choice(pool).cloned().unwrap_or_default()
    }

    /// A short part of the input, more often than a long one.
    fn range(&mut self, input: &[u8]) -> (usize, usize) {
        let from = self.rng.usize(..=input.len());
        let most = if self.rng.bool() { 16 } else { usize::MAX };
        (from, from + self.rng.usize(..=(input.len() - from).min(most)))
    }

    fn at(&mut self, input: &mut [u8], change: fn(&mut u8, &mut Rng)) {
        if !input.is_empty() {
            let place = self.rng.usize(..input.len());
            change(&mut input[place], &mut self.rng);
        }
    }

    fn token(&mut self) -> Vec<u8> {
        self.rng.choice(&self.dictionary).cloned().unwrap_or_default()
    }

    /// A number of the input becomes one that is on the edge of something.
    fn number(&mut self, input: &mut Vec<u8>) {
        let digit = |at: &usize| input[*at].is_ascii_digit();
        let Some(from) = self.rng.choice((0..input.len()).filter(digit).collect::<Vec<_>>()) else { return };
        let to = (from..input.len()).find(|at| !digit(at)).unwrap_or(input.len());
        let number = NUMBERS[self.rng.usize(..NUMBERS.len())];
        drop(input.splice(from..to, number.bytes()));
    }

    /// A part of the input, deep within brackets, which are not always closed.
    fn nest(&mut self, input: &mut Vec<u8>, from: usize, to: usize) {
        let ((open, close), deep) = (NESTS[self.rng.usize(..NESTS.len())], 1 << self.rng.u32(..13));
        let closed = if self.rng.u8(..4) == 0 { 0 } else { deep };
        drop(input.splice(to..to, close.repeat(closed).into_bytes()));
        drop(input.splice(from..from, open.repeat(deep).into_bytes()));
    }

    fn character(&mut self, input: &mut Vec<u8>, at: usize) {
        let character = self.rng.char(..);
        drop(input.splice(at..at, character.to_string().into_bytes()));
    }
}

/// The tokens of a dictionary as libFuzzer has it: a quoted text a line, with `\\`, `\"` and `\xNN`.
pub fn dictionary(text: &str) -> Vec<Vec<u8>> {
    let quoted = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('"')?.1.strip_suffix('"'));
    quoted.map(unescaped).collect()
}

fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = text.bytes();
    let mut token = Vec::new();
    while let Some(byte) = bytes.next() {
        let escape = if byte == b'\\' { bytes.next() } else { None };
        token.push(match escape {
            Some(b'x') => {
                let hex: String = bytes.by_ref().take(2).map(char::from).collect();
                u8::from_str_radix(&hex, 16).expect("two hex digits")
            }
            Some(escaped) => escaped,
            None => byte,
        });
    }
    token
}
