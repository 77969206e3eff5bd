//! Lists of numbers as people keep them: one a line, or the first column of a table.

use super::PhoneNumber;

/// What is wrong with a line that is.
pub const WRONG: &str = "not a phone number in E.164, such as +14155550100";

/// What a text holds.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Read {
    pub numbers: Vec<PhoneNumber>,
    /// Lines that hold something else, counted from 1.
    pub wrong: Vec<usize>,
    /// That are not empty.
    pub lines: usize,
}

/// Reads every line. Empty ones, those that begin with `#`, and a header without a digit do no harm.
#[must_use]
pub fn read(text: &str) -> Read {
    let (mut read, mut is_first) = (Read::default(), true);
    for (n, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let cell = line.split([',', ';', '\t']).next().unwrap_or_default().trim().trim_matches('"');
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let is_header = std::mem::take(&mut is_first) && !cell.chars().any(|char| char.is_ascii_digit());
        if is_header {
            continue;
        }
        read.lines += 1;
        match cell.parse() {
            Ok(number) => read.numbers.push(number),
            Err(_) => read.wrong.push(n + 1),
        }
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_the_first_cell_of_its_line() {
        let text = "\u{feff}number,name\r\n+14155550101,Ann\r\n\r\n# a note\n \"+1 (415) 555-0102\";x\n+14155550103\n555\nAnn\n";

        let read = read(text);

        let numbers: Vec<&str> = read.numbers.iter().map(PhoneNumber::as_str).collect();
        assert_eq!(numbers, ["+14155550101", "+14155550102", "+14155550103"]);
        assert_eq!((read.wrong, read.lines), (vec![7, 8], 5));
    }

    #[test]
    fn nothing_holds_nothing() {
        assert!(read("") == Read::default());
    }
}
