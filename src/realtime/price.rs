//! What the model costs, in billionths of a US dollar, by the table of prices that is configured.

use std::time::Duration;

use crate::config::{Prices, Rate, TranscriptionPrice};
use crate::session::event::Usage;

/// Behind the version where a model has no price: then what it cost counts as nothing.
const UNKNOWN_MODEL: &str = "/unknown-model";
/// Tokens of a minute of speech, as the vendor counts them, and of what is written of it, at 150 words.
const SPEECH_TOKENS: u64 = 600;
const TEXT_TOKENS: u64 = 200;

/// Tokens at the price of their kind. Cached tokens are a part of the input. A model without a price costs nothing.
#[must_use]
pub fn cost(prices: &Prices, model: &str, usage: &Usage) -> u64 {
    let of = |rate: Rate, all: u64, cached: u64, out: u64| {
        let cached = cached.min(all);
        let parts = [(all - cached, rate.fresh), (cached, rate.cached), (out, rate.out)];
        parts.iter().fold(0_u64, |sum, (tokens, price)| sum.saturating_add(tokens.saturating_mul(*price)))
    };
    let Some(price) = prices.model(model) else { return 0 };
    let Usage { text_in, audio_in, text_out, audio_out, cached_text_in, cached_audio_in } = *usage;
    of(price.text, text_in, cached_text_in, text_out).saturating_add(of(price.audio, audio_in, cached_audio_in, audio_out))
}

/// Speech that was written down, by its duration; of a model that is paid by the token, what that comes to.
#[must_use]
pub fn transcription_cost(prices: &Prices, model: &str, speech: Duration) -> u64 {
    let minute = match prices.transcription(model) {
        Some(TranscriptionPrice::Minute(nanos)) => nanos,
        Some(TranscriptionPrice::Tokens { speech, text }) => {
            speech.saturating_mul(SPEECH_TOKENS).saturating_add(text.saturating_mul(TEXT_TOKENS))
        }
        None => 0,
    };
    let nanos = speech.as_millis().saturating_mul(minute.into()) / 60_000;
    u64::try_from(nanos).unwrap_or(u64::MAX)
}

/// Under which prices a call with these models is reckoned, and whether one of them has none.
#[must_use]
pub fn version(prices: &Prices, model: &str, transcription: Option<&str>) -> String {
    let known = prices.model(model).is_some() && transcription.is_none_or(|model| prices.transcription(model).is_some());
    format!("{}{}", prices.as_of, if known { "" } else { UNKNOWN_MODEL })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::*;
    use crate::config::{LoadOptions, load};

    /// <https://platform.openai.com/docs/guides/realtime-costs>: a response of 253 tokens.
    const RESPONSE: Usage = Usage { text_in: 119, audio_in: 13, text_out: 30, audio_out: 91, cached_text_in: 64, cached_audio_in: 0 };

    /// The table that is embedded, and this file over it.
    fn prices(file: &str) -> Arc<Prices> {
        let root = tempfile::TempDir::new().expect("a folder");
        if !file.is_empty() {
            std::fs::create_dir(root.path().join("config")).expect("a folder");
            std::fs::write(root.path().join("config/prices.toml"), file).expect("a file");
        }
        let options = LoadOptions { root: root.path().to_owned(), ..LoadOptions::default() };
        load(&BTreeMap::new(), &options).expect("valid prices").config.prices
    }

    #[test]
    fn a_response_costs_what_was_computed_by_hand() {
        let prices = prices("");
        let cost = |model| cost(&prices, model, &RESPONSE);

        // 55 * 4.00 + 64 * 0.40 + 13 * 32.00 + 30 * 24.00 + 91 * 64.00 = 7205.60 millionths of a dollar
        assert_eq!(cost("gpt-realtime-2.1"), 7_205_600, "$0.0072056");
        assert_eq!(cost("gpt-realtime-2"), 7_205_600);
        assert_eq!(cost("gpt-realtime"), 7_205_600 - 30 * 8_000);
        assert_eq!(cost("gpt-realtime-2.1-mini"), 55 * 600 + 64 * 60 + 13 * 10_000 + 30 * 2_400 + 91 * 20_000);
    }

    #[test]
    fn a_file_changes_the_prices_that_it_names_and_their_date() {
        let changed = "as_of = \"2027-01-15\"\n[models.\"gpt-realtime-2.1\"]\ntext = { in = 1, cached = 0.5, out = 2 }\n\
                       audio = { in = 3, cached = 0, out = 4 }\n[transcription.local]\nminute = 0\n[twilio]\noutbound = 0.02";
        let prices = prices(changed);

        assert_eq!(cost(&prices, "gpt-realtime-2.1", &RESPONSE), 55 * 1_000 + 64 * 500 + 13 * 3_000 + 30 * 2_000 + 91 * 4_000);
        assert_eq!(cost(&prices, "gpt-realtime-2", &RESPONSE), 7_205_600);
        assert_eq!(version(&prices, "gpt-realtime-2.1", Some("local")), "2027-01-15");
        assert_eq!(prices.minute(crate::types::Direction::Outbound), 24_000_000);
    }

    #[test]
    fn cached_tokens_are_a_part_of_the_input_and_never_more() {
        let prices = prices("");
        let cached = Usage { audio_in: 100, cached_audio_in: 90, ..Usage::default() };
        assert_eq!(cost(&prices, "gpt-realtime-2.1", &cached), 10 * 32_000 + 90 * 400);

        let nonsense = Usage { text_in: 10, cached_text_in: 99, ..Usage::default() };
        assert_eq!(cost(&prices, "gpt-realtime-2.1", &nonsense), 10 * 400);
    }

    #[test]
    fn a_dated_model_costs_what_its_name_does_and_another_ending_is_another_model() {
        let prices = prices("");
        assert_eq!(cost(&prices, "gpt-realtime-mini-2025-10-06", &RESPONSE), cost(&prices, "gpt-realtime-mini", &RESPONSE));
        assert_eq!(cost(&prices, "gpt-realtime-2025-08-28", &RESPONSE), cost(&prices, "gpt-realtime", &RESPONSE));
        for model in ["gpt-realtime-3", "gpt-realtime-2.10", "gpt-realtime-whisper", "gpt-4o", ""] {
            assert_eq!(
                (cost(&prices, model, &RESPONSE), version(&prices, model, None)),
                (0, "2026-11/unknown-model".to_owned()),
                "{model}"
            );
        }
    }

    #[test]
    fn transcription_is_paid_by_the_duration_of_speech() {
        let prices = prices("");
        let cost = |model, ms| transcription_cost(&prices, model, Duration::from_millis(ms));

        assert_eq!((cost("gpt-transcribe", 60_000), cost("gpt-transcribe", 1_000)), (4_500_000, 75_000));
        assert_eq!(cost("gpt-4o-transcribe", 60_000), 600 * 2_500 + 200 * 10_000);
        assert_eq!(cost("no-such-model", 60_000), 0);
    }

    #[test]
    fn one_model_without_a_price_is_told_by_the_version() {
        let prices = prices("");
        let version = |model, transcription| version(&prices, model, transcription);
        let (known, unknown) = ("2026-11", "2026-11/unknown-model");

        assert_eq!(version("gpt-realtime-2.1", None), known);
        assert_eq!(version("gpt-realtime-2.1", Some("gpt-transcribe")), known);
        assert_eq!(version("gpt-realtime-2.1", Some("whisper-1")), unknown);
        assert_eq!(version("gpt-realtime-9", Some("gpt-transcribe")), unknown);
        assert!(unknown > known, "of several versions the greatest is kept");
    }

    #[test]
    fn no_usage_is_too_much_to_be_reckoned() {
        let most = Usage { text_in: u64::MAX, audio_in: u64::MAX, text_out: u64::MAX, audio_out: u64::MAX, ..Usage::default() };
        assert_eq!(cost(&prices(""), "gpt-realtime-2.1", &most), u64::MAX);
    }
}
