//! Both peers, and the configuration that puts an engine between them.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;

use super::openai::{FakeOpenAi, FakeOpenAiSettings};
use super::scenario::{CallerScript, Utterance};
use super::speech;
use super::twilio::{Answer, FakeTwilio, FakeTwilioSettings};
use super::verdict::Verdict;

const ACCOUNT: &str = "AC00000000000000000000000000000001";
const AUTH_TOKEN: &str = "simulated-auth-token";
const DOMAIN: &str = "demo.alpha-call.test";

/// Our number, and one that may be called. Numbers from 555-0100 to 555-0199 belong to nobody.
pub const OUR_NUMBER: &str = "+14155550100";
pub const CALLEE: &str = "+14155550142";
pub const CALLER: &str = "+14155550123";

pub struct Stage {
    pub twilio: FakeTwilio,
    pub openai: FakeOpenAi,
}

impl Stage {
    /// The engine's address is told later, by `twilio.set_engine`, once it has one.
    pub fn start(seed: u64) -> io::Result<Self> {
        let openai = FakeOpenAi::start(FakeOpenAiSettings { api_key: Some("simulated".to_owned()), ..FakeOpenAiSettings::default() })?;
        let twilio = FakeTwilio::start(FakeTwilioSettings {
            account_sid: ACCOUNT.to_owned(),
            auth_token: AUTH_TOKEN.to_owned(),
            number: OUR_NUMBER.to_owned(),
            domain: DOMAIN.to_owned(),
            engine: SocketAddr::from(([127, 0, 0, 1], 9)),
            seed,
        })?;
        twilio.answer(Answer::PickUp(clinic()));
        Ok(Self { twilio, openai })
    }

    /// The variables of an engine that takes these two for the real ones.
    #[must_use]
    pub fn environment(&self) -> BTreeMap<String, String> {
        let variables = [
            ("APP_ENV", "simulation".to_owned()),
            ("OPENAI_API_KEY", "simulated".to_owned()),
            ("OPENAI_REALTIME_URL", self.openai.url()),
            ("TWILIO_ACCOUNT_SID", ACCOUNT.to_owned()),
            ("TWILIO_AUTH_TOKEN", AUTH_TOKEN.to_owned()),
            ("TWILIO_API_BASE_URL", self.twilio.api_base_url()),
            ("PHONE_NUMBER_FROM", OUR_NUMBER.to_owned()),
            ("DOMAIN", DOMAIN.to_owned()),
            ("VERIFIED_PHONE_NUMBERS", CALLEE.to_owned()),
        ];
        variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// What either of them objected to.
    pub fn judge(&self, verdict: &mut Verdict) {
        self.twilio.judge(verdict);
        for violation in self.openai.control().violations() {
            verdict.violate(format!("openai at {} ms: {}", violation.at.as_millis(), violation.what));
        }
    }
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
