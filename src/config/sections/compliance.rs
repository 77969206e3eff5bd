//! What is asked of calls that we place.

use crate::config::assistant::{clock, span};
use crate::config::reader::{Reader, quoted};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compliance {
    /// First and last minute of the day, the last one not included.
    pub calling_hours: (u16, u16),
    /// Nobody is called without a consent on record, but for verified numbers.
    pub require_consent: bool,
}

const HOURS: &str = "compliance.calling_hours";
const CONSENT: &str = "compliance.require_consent";

impl Compliance {
    pub(in crate::config) fn read(reader: &mut Reader<'_>) -> Self {
        let calling_hours = calling_hours(reader);
        let require_consent = reader.choice(CONSENT).unwrap_or_else(|| reader.environment.is_production());
        if reader.environment.is_production() && !require_consent {
            reader.warn(format!("{}: calls are placed in production without a consent on record", reader.variable(CONSENT)));
        }
        Self { calling_hours, require_consent }
    }
}

fn calling_hours(reader: &mut Reader<'_>) -> (u16, u16) {
    let fix = "write one span within the day, such as 08:00-21:00";
    if !reader.is_set(HOURS) {
        reader.note(HOURS, "is empty", fix);
    }
    let (from, to) = reader.parsed(HOURS, fix, span).unwrap_or_default();
    reader.show(HOURS, quoted(&format!("{}-{}", clock(from), clock(to))));
    (from, to)
}
