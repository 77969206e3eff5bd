//! Where commands write. A reader who has gone is no error.

use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};

/// A line for the reader.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// A line for whoever still reads; false once nobody does.
pub fn tell(text: &str) -> bool {
    writeln!(std::io::stdout(), "{text}").is_ok()
}

/// A line about trouble.
pub fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Text in colour, where colours are wanted. <https://no-color.org>
#[derive(Clone, Copy, Debug)]
pub struct Paint {
    on: bool,
}

impl Paint {
    #[must_use]
    pub fn detect() -> Self {
        Self { on: std::io::stdout().is_terminal() && !is_refused() }
    }

    /// For standard error.
    #[must_use]
    pub fn of_errors() -> Self {
        Self { on: std::io::stderr().is_terminal() && !is_refused() }
    }

    #[must_use]
    pub const fn none() -> Self {
        Self { on: false }
    }

    pub fn bold(self, text: &str) -> String {
        self.code("1", text)
    }

    pub fn dim(self, text: &str) -> String {
        self.code("2", text)
    }

    pub fn green(self, text: &str) -> String {
        self.code("32", text)
    }

    pub fn red(self, text: &str) -> String {
        self.code("31", text)
    }

    pub fn cyan(self, text: &str) -> String {
        self.code("36", text)
    }

    fn code(self, code: &str, text: &str) -> String {
        if self.on { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

fn is_refused() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// Milliseconds: two places below one of them, one place below ten, none above.
#[must_use]
pub fn ms(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1_000.0;
    let places = if ms < 0.995 { 2 } else { usize::from(ms < 9.95) };
    format!("{ms:.places$}")
}

/// A table with a line below its header, indented by two; columns from `numbers` on are set to the right.
#[must_use]
pub fn grid(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>, numbers: usize, paint: Paint) -> String {
    let mut table = Table::new();
    table.load_style(TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─')));
    table.set_header(header).add_rows(rows);
    table.column_iter_mut().skip(numbers).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    let line = |(number, line): (usize, &str)| {
        let line = format!(" {}", line.trim_end());
        if number < 2 { paint.dim(&line) } else { line }
    };
    table.to_string().lines().enumerate().map(line).collect::<Vec<_>>().join("\n")
}

/// Breaks `text` into lines of at most `width` characters, at blanks.
#[must_use]
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_its_numbers_to_the_right() {
        let rows = [("one", "1"), ("two", "22222")].map(|(name, number)| vec![name.to_owned(), number.to_owned()]);

        let text = grid(&["name", "n"], rows, 1, Paint::none());

        assert_eq!(text.lines().collect::<Vec<_>>(), ["  name       n", " ──────────────", "  one        1", "  two    22222"]);
    }

    #[test]
    fn short_times_are_told_finely_and_long_ones_are_not() {
        let shown = [0, 40, 994, 996, 9_940, 9_960, 173_400, 1_234_500].map(|micros| ms(Duration::from_micros(micros)));

        assert_eq!(shown, ["0.00", "0.04", "0.99", "1.0", "9.9", "10", "173", "1234"]);
    }

    #[test]
    fn lines_break_at_blanks_and_a_long_word_has_its_own() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("one extraordinarily", 7), ["one", "extraordinarily"]);
        assert_eq!(wrap("", 7), [""; 0]);
    }
}
