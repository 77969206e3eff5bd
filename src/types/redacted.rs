//! Values about people: kept, used, never printed.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

/// Text that must not reach a log: a name, a transcript.
#[derive(Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Redacted<T>(pub T);

impl<T> fmt::Debug for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl<T> Deref for Redacted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redacted_value_does_not_print() {
        assert_eq!(format!("{:?}", Redacted("Ann")), "[redacted]");
    }
}
