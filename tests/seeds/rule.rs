//! What must hold, whatever happens.

/// Each of them is kept by a check of its own, and has a test that breaks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// One response at a time, and one request for one.
    OneResponse,
    /// What was cleared is not played.
    DeadAudio,
    /// What was sent does not run further ahead of the ear than the policy lets it.
    Lead,
    /// What waits is bounded.
    Room,
    /// Marks and epochs grow; an epoch has one owner.
    Epoch,
    /// Nothing comes after the hangup.
    AfterHangup,
    /// Nobody asks to be woken again and again in one instant.
    BusyLoop,
    /// A call ends, and once.
    Terminal,
    /// What was acknowledged is in the database or among the dead letters, once.
    Acknowledged,
    /// The limit of calls holds, and every slot comes home.
    Slots,
    /// What was heard is the beginning of what was said.
    Heard,
    /// What the model knows of its items is what the record says.
    Items,
    /// Every tool call has one answer.
    Tools,
    /// A revision replaces an earlier one, and nothing stays open.
    Record,
    /// A number is called once for one request.
    OneDial,
    /// Everything comes to rest.
    Rest,
}

impl Rule {
    pub const ALL: [Self; 16] = [
        Self::OneResponse,
        Self::DeadAudio,
        Self::Lead,
        Self::Room,
        Self::Epoch,
        Self::AfterHangup,
        Self::BusyLoop,
        Self::Terminal,
        Self::Acknowledged,
        Self::Slots,
        Self::Heard,
        Self::Items,
        Self::Tools,
        Self::Record,
        Self::OneDial,
        Self::Rest,
    ];
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    pub rule: Rule,
    pub how: String,
}

pub type Held = Result<(), Broken>;

pub fn broken(rule: Rule, how: impl Into<String>) -> Held {
    Err(Broken { rule, how: how.into() })
}

pub fn holds(rule: Rule, so: bool, how: impl FnOnce() -> String) -> Held {
    if so { Ok(()) } else { broken(rule, how()) }
}
