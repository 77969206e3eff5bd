//! Why an actor ended.

use std::any::Any;
use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It stopped by itself.
    Normal,
    /// It panicked, and is not started again.
    Panicked(String),
    /// It panicked once too often.
    BudgetSpent(String),
}

impl Exit {
    /// The word it is counted under.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Panicked(_) => "panicked",
            Self::BudgetSpent(_) => "budget_spent",
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Normal => f.write_str(self.as_str()),
            Self::Panicked(text) | Self::BudgetSpent(text) => write!(f, "{}: {text}", self.as_str()),
        }
    }
}

/// What a panic said.
pub(super) fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "panic without a text".to_owned())
}
