//! Named failures that a test can ask for.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::lock;
use super::network::Network;
use crate::sim::scenario::ModelFault;

/// What goes wrong from now on; nothing by default.
#[derive(Default)]
pub struct Hooks(Mutex<Plan>);

#[derive(Default)]
struct Plan {
    fail_creates: Option<Refusals>,
    fail_updates: Option<Refusals>,
    hang_creates: u32,
    fates: VecDeque<CreateFate>,
    lose_callbacks: bool,
    repeat_webhooks: bool,
    scramble_callbacks: bool,
    keep_marks: bool,
    start_twice: bool,
    forget_broken: bool,
    network: Network,
    on_fault: Option<Arc<OnFault>>,
}

/// Told of every fault that a script wants of the model.
type OnFault = dyn Fn(&ModelFault) + Send + Sync;

/// An HTTP status and a Twilio code for so many requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusals {
    pub status: u16,
    pub code: u32,
    times: u32,
}

/// What becomes of a request to place a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CreateFate {
    #[default]
    Answered,
    /// Placed, and answered after so long.
    Late(Duration),
    /// Placed twice, and answered once.
    Twice,
    /// Placed, and never answered.
    Silent,
    /// Placed, and answered with 500.
    FailedPlaced,
    /// Answered with 500, and not placed.
    Failed,
    /// Answered with 429, and not placed.
    Throttled,
    /// Neither placed nor answered.
    Lost,
}

impl CreateFate {
    pub const ALL: [Self; 8] = [
        Self::Answered,
        Self::Late(Duration::from_millis(700)),
        Self::Twice,
        Self::Silent,
        Self::FailedPlaced,
        Self::Failed,
        Self::Throttled,
        Self::Lost,
    ];

    pub(super) const fn placed(self) -> usize {
        match self {
            Self::Answered | Self::Late(_) | Self::Silent | Self::FailedPlaced => 1,
            Self::Twice => 2,
            Self::Failed | Self::Throttled | Self::Lost => 0,
        }
    }
}

impl Hooks {
    /// What becomes of the next requests to place a call, one after the other.
    pub fn fate_creates(&self, fates: impl IntoIterator<Item = CreateFate>) {
        lock(&self.0).fates.extend(fates);
    }

    pub(super) fn create_fate(&self) -> CreateFate {
        lock(&self.0).fates.pop_front().unwrap_or_default()
    }

    /// Status callbacks are sent to nobody.
    pub fn lose_callbacks(&self, on: bool) {
        lock(&self.0).lose_callbacks = on;
    }

    pub(super) fn loses_callbacks(&self) -> bool {
        lock(&self.0).lose_callbacks
    }

    /// The next `times` calls are refused, and not placed.
    pub fn fail_creates(&self, status: u16, code: u32, times: u32) {
        lock(&self.0).fail_creates = Some(Refusals { status, code, times });
    }

    /// The next `times` calls are placed, but the request for them is never answered.
    pub fn hang_creates(&self, times: u32) {
        lock(&self.0).hang_creates = times;
    }

    /// The next `times` changes to a live call are refused.
    pub fn fail_updates(&self, status: u16, code: u32, times: u32) {
        lock(&self.0).fail_updates = Some(Refusals { status, code, times });
    }

    /// Every webhook that asks for TwiML is sent twice, with one idempotency token.
    pub fn repeat_webhooks(&self, on: bool) {
        lock(&self.0).repeat_webhooks = on;
    }

    /// Status callbacks come at the end of the call, in reverse, and each of them twice.
    pub fn scramble_callbacks(&self, on: bool) {
        lock(&self.0).scramble_callbacks = on;
    }

    /// Marks are never echoed.
    pub fn keep_marks(&self, on: bool) {
        lock(&self.0).keep_marks = on;
    }

    /// Every stream says `start` twice.
    pub fn start_twice(&self, on: bool) {
        lock(&self.0).start_twice = on;
    }

    /// After a stream that broke off without a close frame the call is silent, and `action` is not asked for.
    pub fn forget_broken_streams(&self, on: bool) {
        lock(&self.0).forget_broken = on;
    }

    pub(super) fn forgets_broken_streams(&self) -> bool {
        lock(&self.0).forget_broken
    }

    /// How packets of the streams from now on travel.
    pub fn network(&self, network: Network) {
        lock(&self.0).network = network;
    }

    /// Who has the model go wrong when a script says so.
    pub fn on_fault(&self, told: impl Fn(&ModelFault) + Send + Sync + 'static) {
        lock(&self.0).on_fault = Some(Arc::new(told));
    }

    pub(super) fn strike(&self, fault: &ModelFault) {
        let told = lock(&self.0).on_fault.clone();
        if let Some(told) = told {
            told(fault);
        }
    }

    pub(super) fn travel(&self) -> Network {
        lock(&self.0).network
    }

    pub(super) fn refused_create(&self) -> Option<Refusals> {
        Refusals::take(&mut lock(&self.0).fail_creates)
    }

    pub(super) fn refused_update(&self) -> Option<Refusals> {
        Refusals::take(&mut lock(&self.0).fail_updates)
    }

    pub(super) fn hung_create(&self) -> bool {
        let left = &mut lock(&self.0).hang_creates;
        let hangs = *left > 0;
        *left = left.saturating_sub(1);
        hangs
    }

    pub(super) fn repeats_webhooks(&self) -> bool {
        lock(&self.0).repeat_webhooks
    }

    pub(super) fn scrambles_callbacks(&self) -> bool {
        lock(&self.0).scramble_callbacks
    }

    pub(super) fn keeps_marks(&self) -> bool {
        lock(&self.0).keep_marks
    }

    pub(super) fn starts_twice(&self) -> bool {
        lock(&self.0).start_twice
    }
}

impl Refusals {
    fn take(plan: &mut Option<Self>) -> Option<Self> {
        let refusals = plan.as_mut()?;
        let taken = *refusals;
        refusals.times = refusals.times.checked_sub(1)?;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_had_as_often_as_it_was_asked_for() {
        let hooks = Hooks::default();
        hooks.fail_creates(429, 20429, 2);
        hooks.hang_creates(1);

        let codes: Vec<Option<u32>> = (0..3).map(|_| hooks.refused_create().map(|refused| refused.code)).collect();

        assert_eq!(codes, [Some(20429), Some(20429), None]);
        assert_eq!([hooks.hung_create(), hooks.hung_create()], [true, false]);
        assert_eq!(hooks.refused_update(), None);
    }
}
