//! What calls may cost in a day: all of them, and those that were requested with one API key.

use std::time::Duration;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};

use super::{Refusal, Request};

/// Of a UTC day, in billionths of a US dollar; none where nothing is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DayBudgets {
    pub all: Option<u64>,
    /// Of each key that has none of its own.
    pub key: Option<u64>,
}

/// What the calls of the day came to so far, those that still run included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    pub all: u64,
    /// Of the key with which a call is requested; none if nobody had to show one.
    pub key: Option<SpentByKey>,
    /// The database said so a moment ago. Else it is what was known last.
    pub is_current: bool,
    /// Until the next day.
    pub left: Duration,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpentByKey {
    pub nanos: u64,
    /// The budget of this key alone.
    pub limit: Option<u64>,
}

impl DayBudgets {
    /// Whether what was spent matters to a call that is requested with a key of such a budget, or with none.
    #[must_use]
    pub const fn matter(&self, own: Option<u64>) -> bool {
        self.all.is_some() || self.key.is_some() || own.is_some()
    }

    pub(super) fn check(&self, spent: &Spent, request: &Request<'_>) -> Result<(), Refusal> {
        let of_key = spent.key.and_then(|key| Some((key.limit.or(self.key)?, key.nanos)));
        let of_all = self.all.map(|limit| (limit, spent.all));
        let budgets = [of_all, of_key];
        let is_ours = matches!(request, Request::Outbound { .. });
        if is_ours && !spent.is_current && budgets.iter().flatten().next().is_some() {
            return Err(Refusal::Unavailable);
        }
        if budgets.iter().flatten().any(|(limit, spent)| spent >= limit) {
            return Err(Refusal::OverBudget { retry_after: spent.left });
        }
        Ok(())
    }
}

/// The UTC day of a moment: its first instant, and that of the next one.
#[must_use]
pub fn day_of(at: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
    let begins = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
    let today = at.date_naive();
    (begins(today), begins(today.checked_add_days(Days::new(1)).unwrap_or(today)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::governor::{Callee, Standing};

    const LEFT: Duration = Duration::from_secs(3_600);

    fn spent(all: u64, key: Option<SpentByKey>) -> Spent {
        Spent { all, key, is_current: true, left: LEFT }
    }

    fn of_key(nanos: u64, limit: Option<u64>) -> Option<SpentByKey> {
        Some(SpentByKey { nanos, limit })
    }

    fn inbound(budgets: DayBudgets, spent: Spent) -> Result<(), Refusal> {
        budgets.check(&spent, &Request::Inbound { from: None })
    }

    fn outbound(budgets: DayBudgets, spent: Spent) -> Result<(), Refusal> {
        let number = "+14155550142".parse().expect("E.164");
        let to = Callee { number, time_zone: None, standing: Some(Standing::default()), at: DateTime::UNIX_EPOCH };
        budgets.check(&spent, &Request::Outbound { to: &to })
    }

    const OVER: Result<(), Refusal> = Err(Refusal::OverBudget { retry_after: LEFT });

    #[test]
    fn when_the_days_money_is_spent_nobody_calls_until_the_next() {
        let budgets = DayBudgets { all: Some(100), key: None };

        assert_eq!((inbound(budgets, spent(99, None)), outbound(budgets, spent(99, None))), (Ok(()), Ok(())));
        assert_eq!((inbound(budgets, spent(100, None)), outbound(budgets, spent(100, None))), (OVER, OVER));
    }

    #[test]
    fn a_key_has_its_own_budget_or_that_of_every_key() {
        let budgets = DayBudgets { all: None, key: Some(50) };

        assert_eq!(outbound(budgets, spent(900, of_key(49, None))), Ok(()));
        assert_eq!(outbound(budgets, spent(900, of_key(50, None))), OVER);
        assert_eq!(outbound(budgets, spent(900, of_key(50, Some(60)))), Ok(()), "its own is larger");
        assert_eq!(outbound(budgets, spent(900, of_key(20, Some(20)))), OVER, "its own is smaller");
        assert_eq!(outbound(DayBudgets::default(), spent(900, of_key(20, Some(20)))), OVER);
        assert_eq!(outbound(budgets, spent(900, None)), Ok(()), "nobody had to show a key");
    }

    #[test]
    fn a_key_with_money_left_does_not_open_a_day_without() {
        assert_eq!(outbound(DayBudgets { all: Some(100), key: None }, spent(100, of_key(0, Some(1_000)))), OVER);
    }

    #[test]
    fn without_a_database_callers_go_by_what_was_known_last_and_nobody_is_called() {
        let budgets = DayBudgets { all: Some(100), key: None };
        let last = |all| Spent { is_current: false, ..spent(all, None) };

        assert_eq!((inbound(budgets, last(99)), inbound(budgets, last(100))), (Ok(()), OVER));
        assert_eq!(outbound(budgets, last(0)), Err(Refusal::Unavailable));
        assert_eq!(outbound(DayBudgets::default(), last(0)), Ok(()), "nothing has to be known");
    }

    #[test]
    fn a_day_is_one_of_utc() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().expect("a moment");
        let day = (at("2026-11-23T00:00:00Z"), at("2026-11-24T00:00:00Z"));

        assert_eq!(day_of(at("2026-11-23T00:00:00Z")), day);
        assert_eq!(day_of(at("2026-11-23T23:59:59.999999Z")), day);
        assert_eq!(day_of(at("2026-12-31T12:00:00Z")).1, at("2027-01-01T00:00:00Z"));
    }
}
