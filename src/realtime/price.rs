//! What the model costs, in billionths of a US dollar: list prices, a token or a minute at a time.
//! <https://openai.com/api/pricing>

use std::time::Duration;

use crate::session::event::Usage;

/// The month of these prices. It stands beside every cost that was reckoned with them.
pub const VERSION: &str = "2026-11";
/// In its place where a model has no price here: then what it cost counts as nothing.
pub const UNKNOWN_MODEL: &str = "2026-11/unknown-model";

/// Nano-dollars a token: 4.00 USD for a million of them are 4,000 for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rates {
    text: Rate,
    audio: Rate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rate {
    fresh: u64,
    cached: u64,
    out: u64,
}

const fn rates(text: [u64; 3], audio: [u64; 3]) -> Rates {
    let [fresh, cached, out] = text;
    let text = Rate { fresh, cached, out };
    let [fresh, cached, out] = audio;
    Rates { text, audio: Rate { fresh, cached, out } }
}

const LARGE: Rates = rates([4_000, 400, 24_000], [32_000, 400, 64_000]);
const FORMER: Rates = rates([4_000, 400, 16_000], [32_000, 400, 64_000]);
const MINI: Rates = rates([600, 60, 2_400], [10_000, 300, 20_000]);

const MODELS: [(&str, Rates); 6] = [
    ("gpt-realtime-2.1", LARGE),
    ("gpt-realtime-2.1-mini", MINI),
    ("gpt-realtime-2", LARGE),
    ("gpt-realtime-1.5", FORMER),
    ("gpt-realtime", FORMER),
    ("gpt-realtime-mini", MINI),
];

/// Nano-dollars a minute of audio that was written down.
const TRANSCRIPTION: [(&str, u64); 1] = [("gpt-transcribe", 4_500_000)];

/// Tokens at the price of their kind. Cached tokens are a part of the input. A model without a price costs nothing.
#[must_use]
pub fn cost(model: &str, usage: &Usage) -> u64 {
    let of = |rate: Rate, all: u64, cached: u64, out: u64| {
        let cached = cached.min(all);
        let parts = [(all - cached, rate.fresh), (cached, rate.cached), (out, rate.out)];
        parts.iter().fold(0_u64, |sum, (tokens, price)| sum.saturating_add(tokens.saturating_mul(*price)))
    };
    let Some(Rates { text, audio }) = find(&MODELS, model) else { return 0 };
    let Usage { text_in, audio_in, text_out, audio_out, cached_text_in, cached_audio_in } = *usage;
    of(text, text_in, cached_text_in, text_out).saturating_add(of(audio, audio_in, cached_audio_in, audio_out))
}

/// Speech that was written down, by its duration.
#[must_use]
pub fn transcription_cost(model: &str, speech: Duration) -> u64 {
    let minute = find(&TRANSCRIPTION, model).unwrap_or_default();
    let nanos = speech.as_millis().saturating_mul(minute.into()) / 60_000;
    u64::try_from(nanos).unwrap_or(u64::MAX)
}

/// Under which prices a call with these models is reckoned: `UNKNOWN_MODEL` if one of them has none.
#[must_use]
pub fn version(model: &str, transcription: Option<&str>) -> &'static str {
    let known = find(&MODELS, model).is_some() && transcription.is_none_or(|model| find(&TRANSCRIPTION, model).is_some());
    if known { VERSION } else { UNKNOWN_MODEL }
}

/// The price of the model by its name, or by the longest name that a dated one begins with: `gpt-realtime-2025-08-28`.
fn find<T: Copy>(prices: &[(&str, T)], model: &str) -> Option<T> {
    let named = |name: &str| model.strip_prefix(name).is_some_and(|rest| rest.is_empty() || is_date(rest));
    let found = prices.iter().filter(|(name, _)| named(name)).max_by_key(|(name, _)| name.len());
    found.map(|(_, price)| *price)
}

/// `-2025-08-28`. Another ending is another model, at a price that nobody told us.
fn is_date(ending: &str) -> bool {
    ending.strip_prefix('-').is_some_and(|date| date.len() == 10 && date.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// <https://platform.openai.com/docs/guides/realtime-costs>: a response of 253 tokens.
    const RESPONSE: Usage = Usage { text_in: 119, audio_in: 13, text_out: 30, audio_out: 91, cached_text_in: 64, cached_audio_in: 0 };

    #[test]
    fn a_response_costs_what_was_computed_by_hand() {
        // 55 * 4.00 + 64 * 0.40 + 13 * 32.00 + 30 * 24.00 + 91 * 64.00 = 7205.60 millionths of a dollar
        assert_eq!(cost("gpt-realtime-2.1", &RESPONSE), 7_205_600);
        assert_eq!(cost("gpt-realtime-2", &RESPONSE), 7_205_600);
        assert_eq!(cost("gpt-realtime", &RESPONSE), 7_205_600 - 30 * 8_000);
        assert_eq!(cost("gpt-realtime-2.1-mini", &RESPONSE), 55 * 600 + 64 * 60 + 13 * 10_000 + 30 * 2_400 + 91 * 20_000);
    }

    #[test]
    fn cached_tokens_are_a_part_of_the_input_and_never_more() {
        let cached = Usage { audio_in: 100, cached_audio_in: 90, ..Usage::default() };
        assert_eq!(cost("gpt-realtime-2.1", &cached), 10 * 32_000 + 90 * 400);

        let nonsense = Usage { text_in: 10, cached_text_in: 99, ..Usage::default() };
        assert_eq!(cost("gpt-realtime-2.1", &nonsense), 10 * 400);
    }

    #[test]
    fn a_dated_model_costs_what_its_name_does_and_another_ending_is_another_model() {
        assert_eq!(cost("gpt-realtime-mini-2025-10-06", &RESPONSE), cost("gpt-realtime-mini", &RESPONSE));
        assert_eq!(cost("gpt-realtime-2025-08-28", &RESPONSE), cost("gpt-realtime", &RESPONSE));
        for model in ["gpt-realtime-3", "gpt-realtime-2.10", "gpt-realtime-whisper", "gpt-4o", ""] {
            assert_eq!((cost(model, &RESPONSE), version(model, None)), (0, UNKNOWN_MODEL), "{model}");
        }
    }

    #[test]
    fn every_model_of_the_table_is_found_under_its_own_name() {
        for (name, rates) in MODELS {
            assert_eq!(find(&MODELS, name), Some(rates), "{name}");
        }
    }

    #[test]
    fn transcription_is_paid_by_the_duration_of_speech() {
        assert_eq!(transcription_cost("gpt-transcribe", Duration::from_secs(60)), 4_500_000);
        assert_eq!(transcription_cost("gpt-transcribe", Duration::from_millis(1_000)), 75_000);
        assert_eq!(transcription_cost("no-such-model", Duration::from_secs(60)), 0);
    }

    #[test]
    fn one_model_without_a_price_is_told_by_the_version() {
        assert_eq!(version("gpt-realtime-2.1", None), VERSION);
        assert_eq!(version("gpt-realtime-2.1", Some("gpt-transcribe")), VERSION);
        assert_eq!(version("gpt-realtime-2.1", Some("whisper-1")), UNKNOWN_MODEL);
        assert_eq!(version("gpt-realtime-9", Some("gpt-transcribe")), UNKNOWN_MODEL);
        assert!(UNKNOWN_MODEL.starts_with(VERSION) && UNKNOWN_MODEL > VERSION, "of several versions the greatest is kept");
    }

    #[test]
    fn no_usage_is_too_much_to_be_reckoned() {
        let most = Usage { text_in: u64::MAX, audio_in: u64::MAX, text_out: u64::MAX, audio_out: u64::MAX, ..Usage::default() };
        assert_eq!(cost("gpt-realtime-2.1", &most), u64::MAX);
    }
}
