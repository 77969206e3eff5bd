//! How often one may ask, in a minute, 0 being no limit; and how long the queue at the door may be. Each instance counts for itself.

use crate::config::reader::Reader;

#[derive(Clone, Debug)]
pub struct Velocity {
    /// Calls that one key may place in a minute.
    pub calls_per_key: u32,
    /// Calls to numbers that begin alike.
    pub calls_per_prefix: u32,
    /// Requests to the API of one address.
    pub requests_per_address: u32,
    /// Wrong keys of one address, before none of its keys is looked at.
    pub failed_keys_per_address: u32,
    /// Streams that may be connected without their `start`, at a time.
    pub max_unstarted_streams: usize,
}

impl Velocity {
    pub(in crate::config) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            calls_per_key: reader.number("limits.calls_per_key_per_minute", 0..=1_000_000),
            calls_per_prefix: reader.number("limits.calls_per_prefix_per_minute", 0..=1_000_000),
            requests_per_address: reader.number("limits.requests_per_address_per_minute", 0..=1_000_000),
            failed_keys_per_address: reader.number("limits.failed_keys_per_address_per_minute", 0..=1_000_000),
            max_unstarted_streams: reader.number("limits.max_unstarted_streams", 1..=100_000),
        }
    }
}
