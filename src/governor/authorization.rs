//! Which numbers may be called, and which may call.

use std::collections::BTreeSet;

use super::{Refusal, places};
use crate::types::PhoneNumber;

/// Default deny: a number is verified, or belongs to a region that is allowed as a whole.
#[derive(Clone, Debug)]
pub struct Authorization {
    verified: BTreeSet<PhoneNumber>,
    us_and_canada: bool,
}

impl Authorization {
    pub fn new(verified: impl IntoIterator<Item = PhoneNumber>, us_and_canada: bool) -> Self {
        Self { verified: verified.into_iter().collect(), us_and_canada }
    }

    #[must_use]
    pub fn is_verified(&self, number: &PhoneNumber) -> bool {
        self.verified.contains(number)
    }

    /// Where a whole region may be called, that is its ordinary lines: who has one of them answers, and nobody is billed for it but us.
    pub fn check(&self, number: &PhoneNumber) -> Result<(), Refusal> {
        if self.is_verified(number) {
            return Ok(());
        }
        if !self.us_and_canada {
            return Err(Refusal::NotAuthorized);
        }
        let class = number.class();
        let at_home = class.region.as_deref().is_some_and(places::is_home);
        if class.valid && at_home && class.ordinary && !is_pay_per_call(number) { Ok(()) } else { Err(Refusal::PremiumOrForeign) }
    }
}

/// Whose calls are taken. A caller's number is what the caller's telephone company says, and anybody may lie to it: it opens no door
/// but this one.
#[derive(Clone, Debug, Default)]
pub enum Callers {
    #[default]
    All,
    Only(BTreeSet<PhoneNumber>),
    AllBut(BTreeSet<PhoneNumber>),
}

impl Callers {
    /// `from` is none for a caller who does not show a number.
    #[must_use]
    pub fn include(&self, from: Option<&PhoneNumber>) -> bool {
        match self {
            Self::All => true,
            Self::Only(known) => from.is_some_and(|from| known.contains(from)),
            Self::AllBut(unwanted) => from.is_none_or(|from| !unwanted.contains(from)),
        }
    }
}

/// In many area codes the exchange 976 bills the caller, which the numbering plan's classes do not tell.
fn is_pay_per_call(number: &PhoneNumber) -> bool {
    number.as_str().get(5..8) == Some("976")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(authorization: &Authorization, number: &str) -> Result<(), Refusal> {
        authorization.check(&number.parse().expect("E.164"))
    }

    #[test]
    fn us_and_canada_is_not_plus_one() {
        let home = Authorization::new([], true);

        assert_eq!(check(&home, "+14155552671"), Ok(()));
        assert_eq!(check(&home, "+16045550100"), Ok(()));
        for elsewhere in ["+18765550100", "+18095550100", "+12425550100", "+19005550100", "+442079460000", "+1234567890"] {
            assert_eq!(check(&home, elsewhere), Err(Refusal::PremiumOrForeign), "{elsewhere}");
        }
    }

    #[test]
    fn callers_are_all_some_or_all_but_some() {
        let [known, other]: [PhoneNumber; 2] = ["+14155550100", "+14155550101"].map(|number| number.parse().expect("E.164"));
        let who = |callers: Callers| [Some(&known), Some(&other), None].map(|from| callers.include(from));

        assert_eq!(who(Callers::All), [true, true, true]);
        assert_eq!(who(Callers::Only([known.clone()].into())), [true, false, false]);
        assert_eq!(who(Callers::AllBut([known.clone()].into())), [false, true, true]);
    }

    #[test]
    fn a_verified_number_need_not_be_of_any_plan() {
        let verified = Authorization::new(["+1234567890".parse().expect("E.164")], false);

        assert_eq!(check(&verified, "+1234567890"), Ok(()));
        assert_eq!(check(&verified, "+14155552671"), Err(Refusal::NotAuthorized));
    }
}
