//! Both peers, and the configuration that puts an engine between them.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;

use super::openai::{Dialect, FakeOpenAi, FakeOpenAiSettings};
use super::scenario::{CallerScript, Utterance};
use super::speech;
use super::twilio::{Answer, FakeTwilio, FakeTwilioSettings};
use super::verdict::Verdict;
use super::voice;

const ACCOUNT: &str = "AC00000000000000000000000000000001";
const AUTH_TOKEN: &str = "simulated-auth-token";
const DOMAIN: &str = "demo.alpha-call.test";
const API_KEY: &str = "simulated";

/// Our number, and one that may be called. Numbers from 555-0100 to 555-0199 belong to nobody.
pub const OUR_NUMBER: &str = "+14155550100";
pub const CALLEE: &str = "+14155550142";
pub const CALLER: &str = "+14155550123";

/// Stand-ins for Twilio and for the model, and one more model to fall back on if there is to be one.
pub struct Stage {
    pub twilio: FakeTwilio,
    pub openai: FakeOpenAi,
    pub fallback: Option<FakeOpenAi>,
    dialects: (Dialect, Dialect),
    ports: Ports,
}

/// Where the peers listen on loopback; 0 for any free port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ports {
    pub twilio: u16,
    pub openai: u16,
}

/// Which of the peers could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    #[error("fake twilio on port {port}: {error}")]
    Twilio { port: u16, error: io::Error },
    #[error("fake openai on port {port}: {error}")]
    OpenAi { port: u16, error: io::Error },
}

impl Stage {
    /// With models that behave like this.
    pub fn start_with(seed: u64, model: FakeOpenAiSettings, fallback: Option<FakeOpenAiSettings>) -> Result<Self, StageError> {
        let failed = |error| StageError::OpenAi { port: 0, error };
        let keyed = |model| FakeOpenAiSettings { api_key: Some(API_KEY.to_owned()), ..model };
        let dialects = (model.dialect, fallback.as_ref().map(|model| model.dialect).unwrap_or_default());
        let fallback = fallback.map(|model| FakeOpenAi::start(keyed(model))).transpose().map_err(failed)?;
        Ok(Self { fallback, dialects, ..Self::build(Ports::default(), seed, keyed(model))? })
    }

    /// The engine's address is told later, by `twilio.set_engine`, once it has one.
    pub fn start(seed: u64) -> Result<Self, StageError> {
        Self::start_on(Ports::default(), seed)
    }

    pub fn start_on(ports: Ports, seed: u64) -> Result<Self, StageError> {
        Self::build(ports, seed, model())
    }

    fn build(ports: Ports, seed: u64, model: FakeOpenAiSettings) -> Result<Self, StageError> {
        let openai = FakeOpenAi::start_on(ports.openai, model).map_err(|error| StageError::OpenAi { port: ports.openai, error })?;
        let twilio =
            FakeTwilio::start_on(ports.twilio, phone_company(seed)).map_err(|error| StageError::Twilio { port: ports.twilio, error })?;
        twilio.answer(Answer::PickUp(clinic()));
        let control = openai.control();
        twilio.hooks().on_fault(move |fault| control.fail(fault));
        let ports = Ports { twilio: twilio.port(), openai: openai.port() };
        Ok(Self { twilio, openai, fallback: None, dialects: Default::default(), ports })
    }

    /// The variables of an engine that takes these two for the real ones.
    #[must_use]
    pub fn environment(&self) -> BTreeMap<String, String> {
        let (dialect, of_fallback) = self.dialects;
        let mut variables = environment(self.ports);
        variables.insert("OPENAI_REALTIME_URL".to_owned(), self.openai.url());
        variables.insert("APP__OPENAI__DIALECT".to_owned(), dialect.as_str().to_owned());
        if let Some(fallback) = &self.fallback {
            let named = [
                ("APP__OPENAI__FALLBACK_URL", fallback.url()),
                ("APP__OPENAI__FALLBACK_API_KEY", API_KEY.to_owned()),
                ("APP__OPENAI__FALLBACK_MODEL", "gpt-realtime-2.1".to_owned()),
                ("APP__OPENAI__FALLBACK_DIALECT", of_fallback.as_str().to_owned()),
            ];
            variables.extend(named.map(|(name, value)| (name.to_owned(), value)));
        }
        variables
    }

    /// What either of them objected to.
    pub fn judge(&self, verdict: &mut Verdict) {
        self.twilio.judge(verdict);
        for model in [Some(&self.openai), self.fallback.as_ref()].into_iter().flatten() {
            for violation in model.control().violations() {
                verdict.violate(format!("openai at {} ms: {}", violation.at.as_millis(), violation.what));
            }
        }
    }
}

fn model() -> FakeOpenAiSettings {
    FakeOpenAiSettings { api_key: Some(API_KEY.to_owned()), ..FakeOpenAiSettings::default() }
}

fn phone_company(seed: u64) -> FakeTwilioSettings {
    FakeTwilioSettings {
        account_sid: ACCOUNT.to_owned(),
        auth_token: AUTH_TOKEN.to_owned(),
        number: OUR_NUMBER.to_owned(),
        domain: DOMAIN.to_owned(),
        engine: SocketAddr::from(([127, 0, 0, 1], 9)),
        seed,
    }
}

/// The variables of an engine that takes the peers on these ports for the real ones.
#[must_use]
pub fn environment(ports: Ports) -> BTreeMap<String, String> {
    let variables = [
        ("APP_ENV", "simulation".to_owned()),
        ("OPENAI_API_KEY", API_KEY.to_owned()),
        ("OPENAI_REALTIME_URL", format!("ws://127.0.0.1:{}/v1/realtime", ports.openai)),
        ("TWILIO_ACCOUNT_SID", ACCOUNT.to_owned()),
        ("TWILIO_AUTH_TOKEN", AUTH_TOKEN.to_owned()),
        ("TWILIO_API_BASE_URL", format!("http://127.0.0.1:{}", ports.twilio)),
        ("PHONE_NUMBER_FROM", OUR_NUMBER.to_owned()),
        ("DOMAIN", DOMAIN.to_owned()),
        ("VERIFIED_PHONE_NUMBERS", CALLEE.to_owned()),
    ];
    variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The caller of the demo: asks, interrupts, asks again, says goodbye.
#[must_use]
pub fn clinic() -> CallerScript {
    CallerScript::clinic(&utterance)
}

/// A committed clip, as something to say.
#[must_use]
pub fn utterance(name: &str) -> Utterance {
    let clip = speech::clip(name);
    Utterance { name: clip.name.to_owned(), text: clip.text.to_owned(), audio: clip.audio.into() }
}

/// The clip of this name, or these words in the made-up voice.
#[must_use]
pub fn saying(text: &str) -> Utterance {
    let spoken = || Utterance { name: text.to_owned(), text: text.to_owned(), audio: voice::speak(text).into() };
    if speech::is_clip(text) { utterance(text) } else { spoken() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variables_name_the_peers_where_they_listen() {
        let stage = Stage::start(1).expect("two free ports");

        let variables = stage.environment();

        assert_eq!(variables["TWILIO_API_BASE_URL"], stage.twilio.api_base_url());
        assert_eq!(variables["OPENAI_REALTIME_URL"], stage.openai.url());
    }

    #[test]
    fn a_port_that_is_taken_is_named_with_the_peer_that_wanted_it() {
        let first = Stage::start(1).expect("two free ports");
        let port = first.twilio.port();

        let refused = Stage::start_on(Ports { twilio: port, openai: 0 }, 1).err().expect("the port is taken");

        assert!(refused.to_string().starts_with(&format!("fake twilio on port {port}: ")), "{refused}");
    }

    #[test]
    fn no_value_needs_quotes_in_a_shell() {
        for (name, value) in environment(Ports::default()) {
            assert!(value.chars().all(|c| c.is_ascii_alphanumeric() || ":/.+-_".contains(c)), "{name}={value}");
        }
    }
}
