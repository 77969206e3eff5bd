//! An assistant: who answers the phone, how it talks, what it may do.
//!
//! The section `[assistant]` is the default one. A file `config/assistants/NAME.toml` is another, which builds upon it:
//! a key that the file does not name has the value of the default assistant.

mod hours;
mod http_tool;
mod keys;
mod limits;
mod opening;
mod phrases;
mod schema;
mod tools;
mod turns;

use std::collections::BTreeMap;

pub use hours::Hours;
pub(super) use hours::{clock, span};
pub use keys::KeySetting;
pub use limits::AssistantLimits;
pub use opening::{Disclose, OpeningSettings};
pub use phrases::{Lifeboat, Phrases, Recording};
pub use turns::{Detection, EagernessWord, Turns};

use super::reader::{Reader, quoted};
use super::tool::ToolSettings;
use super::word::words;
use crate::types::PhoneNumber;

/// One assistant as it is configured. Its texts are templates.
#[derive(Clone, Debug)]
pub struct Assistant {
    pub name: String,
    /// Dialled numbers that it answers; none for the default assistant, which answers the others.
    pub numbers: Vec<PhoneNumber>,
    /// Spoken first; empty for an assistant that waits for the caller.
    pub greeting: String,
    /// Tells the caller what is speaking, ahead of a greeting that does not.
    pub disclosure: String,
    pub disclose: Disclose,
    pub instructions: String,
    /// Variables that the texts may use beside `name`, with the values that hold where a call gives none.
    pub variables: BTreeMap<String, String>,
    /// Empty for that of `[openai]`.
    pub model: String,
    /// Empty for that of `[openai]`.
    pub voice: String,
    /// 0.25 to 1.5.
    pub speed: f32,
    /// ISO 639-1; empty lets the model guess.
    pub language: String,
    /// Empty for that of `[openai]`.
    pub transcription_model: String,
    /// None for the model's own; of reasoning models alone.
    pub reasoning: Option<Reasoning>,
    pub noise_reduction: Noise,
    pub max_output_tokens: u32,
    pub turns: Turns,
    pub opening: OpeningSettings,
    pub phrases: Phrases,
    pub hours: Hours,
    pub limits: AssistantLimits,
    pub lifeboat: Lifeboat,
    pub recording: Recording,
    pub tools: Vec<ToolSettings>,
    /// What a key of the caller does.
    pub keys: BTreeMap<char, KeySetting>,
}

words! {
    /// How much a reasoning model thinks before it speaks.
    Reasoning {
        Minimal = "minimal",
        #[default]
        Low = "low",
        Medium = "medium",
        High = "high",
        ExtraHigh = "xhigh",
    }
}

words! {
    /// Which noise is taken out before the model listens.
    Noise {
        #[default]
        NearField = "near_field",
        FarField = "far_field",
        Off = "off",
    }
}

/// The variable that every text may use: whom the call is for.
pub const NAME: &str = "name";
pub(super) const SECTION: &str = "assistant.";

impl Assistant {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let name = reader.text("assistant.name");
        let variables = variables(reader);
        let known: Vec<&str> = std::iter::once(NAME).chain(variables.keys().map(String::as_str)).collect();
        let instructions = reader.text("assistant.instructions");
        reader.check_template("assistant.instructions", &instructions, &known);
        let limits = AssistantLimits::read(reader);
        let tools = tools::read(reader, limits.tool_timeout);
        let keys = keys::read(reader, &tools);
        Self {
            name,
            numbers: Vec::new(),
            greeting: reader.template("assistant.greeting", &known),
            disclosure: reader.template("assistant.disclosure", &known),
            disclose: reader.word("assistant.disclose"),
            instructions,
            model: reader.optional("assistant.model").unwrap_or_default(),
            voice: reader.optional("assistant.voice").unwrap_or_default(),
            speed: reader.number("assistant.speed", 0.25..=1.5),
            language: language(reader),
            transcription_model: reader.optional("assistant.transcription_model").unwrap_or_default(),
            reasoning: reader.optional_word("assistant.reasoning"),
            noise_reduction: reader.word("assistant.noise_reduction"),
            max_output_tokens: reader.number("assistant.max_output_tokens", 1..=4096),
            turns: Turns::read(reader),
            opening: OpeningSettings::read(reader, &known),
            phrases: Phrases::read(reader, &known),
            hours: Hours::read(reader, &known),
            lifeboat: Lifeboat::read(reader, &known),
            recording: Recording::read(reader, &known),
            variables,
            limits,
            tools,
            keys,
        }
    }

    /// Whether its texts may use this variable, and a call may set it.
    #[must_use]
    pub fn declares(&self, variable: &str) -> bool {
        self.variables.contains_key(variable)
    }

    /// Every variable that its texts may use.
    #[must_use]
    pub fn known_variables(&self) -> Vec<&str> {
        std::iter::once(NAME).chain(self.variables.keys().map(String::as_str)).collect()
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

const VARIABLES: &str = "assistant.variables";

fn variables(reader: &mut Reader<'_>) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    for (name, value) in reader.table(VARIABLES) {
        let key = format!("{VARIABLES}.{name}");
        if !is_variable(&name) {
            reader.note(&key, "is not a name for a variable", "write small letters, digits and underscores, a letter first");
        } else if name == NAME {
            reader.note(&key, "is always known: whom the call is for", "take it out, and write {{name|fallback}} where it is missing");
        } else if let Ok(value) = value.into_string() {
            variables.insert(name, value);
        } else {
            reader.note(&key, "is not a text", "put it in quotes");
        }
    }
    let shown: Vec<String> = variables.iter().map(|(name, value)| format!("{name} = {}", quoted(&value.replace('\n', " ")))).collect();
    reader.show(VARIABLES, inline(&shown));
    variables
}

fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// An inline table of TOML.
fn inline(entries: &[String]) -> String {
    if entries.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", entries.join(", ")) }
}
