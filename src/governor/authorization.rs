//! Which numbers may be called.

use std::collections::BTreeSet;

use super::Refusal;
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

    pub fn check(&self, number: &PhoneNumber) -> Result<(), Refusal> {
        if self.verified.contains(number) {
            return Ok(());
        }
        if !self.us_and_canada {
            return Err(Refusal::NotAuthorized);
        }
        let class = number.class();
        let at_home = matches!(class.region.as_deref(), Some("US" | "CA"));
        if class.valid && at_home && !class.premium { Ok(()) } else { Err(Refusal::PremiumOrForeign) }
    }
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
    fn a_verified_number_need_not_be_of_any_plan() {
        let verified = Authorization::new(["+1234567890".parse().expect("E.164")], false);

        assert_eq!(check(&verified, "+1234567890"), Ok(()));
        assert_eq!(check(&verified, "+14155552671"), Err(Refusal::NotAuthorized));
    }
}
