//! Who answers the phone.

use crate::config::reader::Reader;
use crate::config::template::{self, KNOWN};

#[derive(Clone, Debug)]
pub struct Assistant {
    pub name: String,
    /// A template, spoken first; empty for an assistant that waits for the caller.
    pub greeting: String,
    /// A template.
    pub instructions: String,
    /// ISO 639-1; empty lets the model guess.
    pub language: String,
    /// 0 to 1.
    pub vad_threshold: f64,
    pub vad_prefix_padding_ms: u32,
    pub vad_silence_ms: u32,
    pub max_output_tokens: u32,
}

impl Assistant {
    pub(in crate::config) fn read(reader: &mut Reader<'_>) -> Self {
        let assistant = Self {
            name: reader.text("assistant.name"),
            greeting: reader.optional("assistant.greeting").unwrap_or_default(),
            instructions: reader.text("assistant.instructions"),
            language: language(reader),
            vad_threshold: reader.number("assistant.vad_threshold", 0.0..=1.0),
            vad_prefix_padding_ms: reader.number("assistant.vad_prefix_padding_ms", 0..=5000),
            vad_silence_ms: reader.number("assistant.vad_silence_ms", 100..=10_000),
            max_output_tokens: reader.number("assistant.max_output_tokens", 1..=4096),
        };
        check(reader, "assistant.greeting", &assistant.greeting);
        check(reader, "assistant.instructions", &assistant.instructions);
        assistant
    }
}

fn language(reader: &mut Reader<'_>) -> String {
    let key = "assistant.language";
    let language = reader.optional(key).unwrap_or_default();
    let is_code = language.len() == 2 && language.bytes().all(|b| b.is_ascii_lowercase());
    if !language.is_empty() && !is_code {
        reader.note(key, "is not a code of ISO 639-1", "write two small letters, such as en, or nothing to let the model guess");
    }
    language
}

fn check(reader: &mut Reader<'_>, key: &str, text: &str) {
    for fault in template::faults(text, KNOWN) {
        reader.note(key, &fault.to_string(), "write {{name}} or {{name|fallback}}");
    }
}
