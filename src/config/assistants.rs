//! All assistants, and which of them a call gets.

use std::sync::Arc;

use super::assistant::Assistant;

/// The default assistant and those of files, by name.
#[derive(Clone, Debug)]
pub struct Assistants {
    default: Arc<Assistant>,
    others: Vec<Arc<Assistant>>,
}

impl Assistants {
    pub(super) fn new(default: Assistant) -> Self {
        Self { default: Arc::new(default), others: Vec::new() }
    }

    pub(super) fn add(&mut self, assistant: Assistant) {
        self.others.push(Arc::new(assistant));
    }

    /// The one that answers where no other does.
    #[must_use]
    pub const fn default_one(&self) -> &Arc<Assistant> {
        &self.default
    }

    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Arc<Assistant>> {
        self.iter().find(|assistant| assistant.name == name)
    }

    /// The one of that name or, should its file be gone, the default one.
    #[must_use]
    pub fn named_or_default(&self, name: &str) -> &Arc<Assistant> {
        self.named(name).unwrap_or(&self.default)
    }

    /// Who answers the number that a caller dialled.
    #[must_use]
    pub fn answering(&self, dialled: &str) -> &Arc<Assistant> {
        let answers = |assistant: &&Arc<Assistant>| assistant.numbers.iter().any(|number| number.as_str() == dialled);
        self.others.iter().find(answers).unwrap_or(&self.default)
    }

    /// The default one first, then by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Assistant>> {
        std::iter::once(&self.default).chain(&self.others)
    }

    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.iter().map(|assistant| assistant.name.as_str()).collect()
    }
}
