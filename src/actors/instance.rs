//! Who carries a call.

use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

/// Hex digits that tell two processes of one host or revision apart.
const SUFFIX: usize = 8;

/// This process by a name that no other has: what the platform calls it, and something random.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceName(Arc<str>);

impl InstanceName {
    /// `platform` is what the platform calls us; `local` without one.
    #[must_use]
    pub fn new(platform: Option<&str>) -> Self {
        let random = Uuid::now_v7().simple().to_string();
        // The end of a version 7 UUID is random. RFC 9562 section 5.7
        let suffix = random.get(random.len().saturating_sub(SUFFIX)..).unwrap_or_default();
        Self(format!("{}-{suffix}", platform.unwrap_or("local")).into())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InstanceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_processes_of_one_revision_have_two_names() {
        let (one, other) = (InstanceName::new(Some("web-7")), InstanceName::new(Some("web-7")));

        assert!(one.as_str().starts_with("web-7-") && one != other, "{one} {other}");
        assert!(InstanceName::new(None).as_str().starts_with("local-"));
    }
}
