//! What a minute on the line costs, in billionths of a US dollar: list prices of November 2026, for local numbers of
//! the US. Another country, a toll-free number or a contract has other prices.
//! <https://www.twilio.com/en-us/voice/pricing/us>

use crate::types::Direction;

/// The month of these prices.
pub const VERSION: &str = "2026-11";

const INBOUND: u64 = 8_500_000;
const OUTBOUND: u64 = 14_000_000;
/// Media streams come on top of either.
const STREAM: u64 = 4_000_000;

/// A minute of a call whose audio is streamed to us.
#[must_use]
pub const fn minute_nanos(direction: Direction) -> u64 {
    match direction {
        Direction::Inbound => INBOUND + STREAM,
        Direction::Outbound => OUTBOUND + STREAM,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_costs_the_line_and_the_stream() {
        assert_eq!(minute_nanos(Direction::Inbound), 12_500_000);
        assert_eq!(minute_nanos(Direction::Outbound), 18_000_000);
    }
}
