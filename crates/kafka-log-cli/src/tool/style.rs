//! Colours on a terminal, plain text elsewhere.

use std::fmt;

use anstyle::{AnsiColor, Effects};
use clap::ValueEnum;
use kafka_log::audit::{Severity, Verdict};

use crate::visible::Visible;

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How text is styled.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    is_on: bool,
}

/// Text and how it is to look. Displays as both, with display controls in the text as escapes.
pub struct Styled<T> {
    text: T,
    style: anstyle::Style,
}

impl Style {
    /// The style for a stream.
    pub fn new(color: Color, is_terminal: bool) -> Self {
        Style { is_on: color.is_on(is_terminal) }
    }

    /// Headings.
    pub fn bold<T>(self, text: T) -> Styled<T> {
        self.styled(text, anstyle::Style::new().effects(Effects::BOLD))
    }

    /// What is less important.
    pub fn dim<T>(self, text: T) -> Styled<T> {
        self.styled(text, anstyle::Style::new().effects(Effects::DIMMED))
    }

    /// Good news.
    pub fn good<T>(self, text: T) -> Styled<T> {
        self.colored(text, AnsiColor::Green)
    }

    /// What is tolerated.
    pub fn warning<T>(self, text: T) -> Styled<T> {
        self.colored(text, AnsiColor::Yellow)
    }

    /// Damage and loss.
    pub fn damage<T>(self, text: T) -> Styled<T> {
        self.colored(text, AnsiColor::Red)
    }

    /// As bad as this.
    pub fn of<T>(self, severity: Severity, text: T) -> Styled<T> {
        match severity {
            Severity::Note => self.dim(text),
            Severity::Warning => self.warning(text),
            Severity::Damage => self.damage(text),
        }
    }

    /// As good or bad as this.
    pub fn verdict<T>(self, verdict: Verdict, text: T) -> Styled<T> {
        match verdict {
            Verdict::Clean => self.good(text),
            Verdict::Tolerated => self.warning(text),
            Verdict::Damaged => self.damage(text),
        }
    }

    fn colored<T>(self, text: T, color: AnsiColor) -> Styled<T> {
        self.styled(text, anstyle::Style::new().fg_color(Some(color.into())).effects(Effects::BOLD))
    }

    fn styled<T>(self, text: T, style: anstyle::Style) -> Styled<T> {
        Styled { text, style: if self.is_on { style } else { anstyle::Style::new() } }
    }
}

impl<T: fmt::Display> fmt::Display for Styled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.style.render())?;
        Visible(&self.text).fmt(f)?;
        write!(f, "{}", self.style.render_reset())
    }
}
