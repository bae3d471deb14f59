//! Text for a terminal: styles, columns and line breaks. Colours are taken out where nobody can see them
//! (a pipe, a file, `NO_COLOR`).

use std::fmt::Display;
use std::io::Write;

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

use crate::error::CliError;

/// Headings.
pub(crate) const HEADING: Style = Style::new().bold();
/// What stands beside the matter.
pub(crate) const DIM: Style = Style::new().dimmed();
/// What went well.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// What is remarkable.
pub(crate) const WARN: Style = AnsiColor::Yellow.on_default();
/// What must not be.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// What can be typed.
pub(crate) const COMMAND: Style = AnsiColor::Cyan.on_default();

/// How many columns a line of prose has.
pub(crate) const WIDTH: usize = 100;

/// A text in this style.
pub(crate) fn paint(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

/// A text filled up with blanks to this many columns.
pub(crate) fn pad(text: &str, columns: usize) -> String {
    let blanks = columns.saturating_sub(text.width());
    format!("{text}{:blanks$}", "")
}

/// Blanks before a text, up to this many columns.
pub(crate) fn pad_left(text: &str, columns: usize) -> String {
    let blanks = columns.saturating_sub(text.width());
    format!("{:blanks$}{text}", "")
}

/// Breaks a text at blanks, so that no line is wider than this unless a single word is.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.width() + 1 + word.width() > columns {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// Lines to be printed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Page {
    text: String,
}

impl Page {
    /// One line.
    pub(crate) fn line(&mut self, line: impl AsRef<str>) {
        self.text.push_str(line.as_ref().trim_end());
        self.text.push('\n');
    }

    /// An empty line.
    pub(crate) fn gap(&mut self) {
        self.text.push('\n');
    }

    /// A heading.
    pub(crate) fn heading(&mut self, text: &str) {
        self.line(paint(HEADING, text));
    }

    /// A text of any length behind a first column of `indent` columns, which `label` fills on the first line.
    pub(crate) fn prose(&mut self, label: &str, indent: usize, style: Style, text: &str) {
        for (at, line) in wrap(text, WIDTH - indent).iter().enumerate() {
            let label = if at == 0 { label } else { "" };
            self.line(format!("{}{}", pad(label, indent), paint(style, line)));
        }
    }

    /// Prints all of it.
    pub(crate) fn print(&self) -> Result<(), CliError> {
        print(&self.text)
    }
}

/// Prints a text as it is, styles apart.
pub(crate) fn print(text: &str) -> Result<(), CliError> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// Prints a value as JSON on lines of its own.
pub(crate) fn print_json(value: &impl serde::Serialize) -> Result<(), CliError> {
    let mut text = serde_json::to_string_pretty(value).map_err(std::io::Error::other)?;
    text.push('\n');
    print(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn korean_letters_take_two_columns() {
        assert_eq!(pad("중복", 6), "중복  ");
        assert_eq!(pad_left("중복", 6), "  중복");
        assert_eq!(wrap("하나 둘 셋", 7), ["하나 둘", "셋"]);
    }

    #[test]
    fn a_long_word_has_a_line_of_its_own() {
        assert_eq!(wrap("a delivery.timeout.ms b", 10), ["a", "delivery.timeout.ms", "b"]);
        assert!(wrap("  ", 10).is_empty());
    }
}
