//! What no input may do: panic, or break a promise. Each target is one function over bytes, and knows the public API alone.

mod configuration;
mod media;
mod realtime;
mod signature;
mod twiml;
mod types;
mod webhook;

/// What is fuzzed under one name, with the corpus and the dictionary of that name.
#[derive(Clone, Copy)]
pub struct Target {
    pub name: &'static str,
    pub check: Check,
    pub dictionary: &'static str,
}

/// Panics if a promise is broken; else says in a few words what became of the input.
pub type Check = fn(&[u8]) -> String;

/// Longer inputs prove nothing new: no peer may send more in one message.
pub const MAX_INPUT: usize = 64 * 1024;

macro_rules! target {
    ($module:ident) => {
        Target {
            name: stringify!($module),
            check: $module::check,
            dictionary: include_str!(concat!("../dictionaries/", stringify!($module), ".dict")),
        }
    };
}

pub const TARGETS: &[Target] =
    &[target!(media), target!(realtime), target!(webhook), target!(signature), target!(configuration), target!(types), target!(twiml)];

/// The target of this name is given `input`, whoever asks.
pub fn check(name: &str, input: &[u8]) -> String {
    let Some(target) = TARGETS.iter().find(|target| target.name == name) else { panic!("there is no target {name}") };
    if input.len() > MAX_INPUT { "too long".to_owned() } else { (target.check)(input) }
}

/// Choices that depend on the input alone, so that what was found is found again.
fn choices(input: &[u8]) -> fastrand::Rng {
    let hash = input.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    fastrand::Rng::with_seed(hash)
}

/// The name of a variant, or of a message: what stands ahead of its content.
fn word(debug: &str) -> String {
    debug.split(['(', '{', ' ']).next().unwrap_or_default().to_owned()
}
