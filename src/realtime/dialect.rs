//! What those who answer in OpenAI's protocol do otherwise than OpenAI.
//!
//! On input every name is understood, of whichever dialect; what goes out is in the endpoint's own.
//! <https://learn.microsoft.com/azure/ai-foundry/openai/how-to/realtime-audio-websockets>,
//! <https://docs.x.ai/docs/guides/voice/agent>

use url::Url;

use crate::config::DialectWord;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    #[default]
    OpenAi,
    /// The model of an endpoint is the name of a deployment.
    Azure,
    Xai,
}

/// How a client says who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthStyle {
    /// `Authorization: Bearer KEY`
    Bearer,
    /// `api-key: KEY`
    ApiKey,
}

const OPENAI_VOICES: &[&str] = &["alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar"];
const XAI_VOICES: &[&str] = &["eve", "ara", "rex", "sal", "leo"];

impl Dialect {
    /// The one that is configured, or that of the host.
    #[must_use]
    pub fn of(word: DialectWord, url: &str) -> Self {
        match word {
            DialectWord::Auto => Self::of_host(url),
            DialectWord::OpenAi => Self::OpenAi,
            DialectWord::Azure => Self::Azure,
            DialectWord::Xai => Self::Xai,
        }
    }

    fn of_host(url: &str) -> Self {
        let url = Url::parse(url).ok();
        match url.as_ref().and_then(Url::host_str).unwrap_or_default() {
            "api.x.ai" => Self::Xai,
            host if host.ends_with(".openai.azure.com") => Self::Azure,
            _ => Self::OpenAi,
        }
    }

    #[must_use]
    pub const fn auth_style(self) -> AuthStyle {
        match self {
            Self::OpenAi | Self::Xai => AuthStyle::Bearer,
            Self::Azure => AuthStyle::ApiKey,
        }
    }

    /// Whether voice and turn detection are told below `session.audio`, or at the top of the session.
    #[must_use]
    pub const fn nested_audio_config(self) -> bool {
        match self {
            Self::OpenAi | Self::Azure => true,
            Self::Xai => false,
        }
    }

    /// Whether `conversation.item.truncate` is known.
    #[must_use]
    pub const fn supports_truncate(self) -> bool {
        match self {
            Self::OpenAi | Self::Azure => true,
            Self::Xai => false,
        }
    }

    /// Whether a remote tool is used only once the client approves, unless it says that it never will.
    #[must_use]
    pub const fn asks_for_approval(self) -> bool {
        match self {
            Self::OpenAi | Self::Azure => true,
            Self::Xai => false,
        }
    }

    /// The voice to ask for; none where it is a voice of the other vendor's, which an endpoint to fall back on may be
    /// asked for: then it takes its own.
    #[must_use]
    pub fn voice(self, voice: &str) -> Option<&str> {
        let strange = match self {
            Self::OpenAi | Self::Azure => XAI_VOICES,
            Self::Xai => OPENAI_VOICES,
        };
        Some(voice).filter(|voice| !strange.contains(&voice.to_ascii_lowercase().as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_tells_the_dialect_unless_it_is_configured() {
        let auto = |url| Dialect::of(DialectWord::Auto, url);

        assert_eq!(auto("wss://clinic.openai.azure.com/openai/v1/realtime"), Dialect::Azure);
        assert_eq!(auto("wss://api.x.ai/v1/realtime?model=grok-voice-latest"), Dialect::Xai);
        for other in ["wss://api.openai.com/v1/realtime", "wss://openai.azure.com.example.com/v1", "wss://not-api.x.ai/v1", "x.ai", ""] {
            assert_eq!(auto(other), Dialect::OpenAi, "{other}");
        }
        assert_eq!(Dialect::of(DialectWord::Azure, "wss://proxy.example.com/v1"), Dialect::Azure);
        assert_eq!(Dialect::of(DialectWord::Xai, "ws://127.0.0.1:9/v1"), Dialect::Xai);
        assert_eq!(Dialect::of(DialectWord::OpenAi, "wss://api.x.ai/v1/realtime"), Dialect::OpenAi);
    }

    #[test]
    fn a_voice_of_another_vendor_is_not_asked_for() {
        assert_eq!(Dialect::OpenAi.voice("marin"), Some("marin"));
        assert_eq!(Dialect::Azure.voice("Eve"), None);
        assert_eq!(Dialect::Xai.voice("marin"), None);
        assert_eq!(Dialect::Xai.voice("eve"), Some("eve"));
        assert_eq!(Dialect::Xai.voice("a-voice-of-ours"), Some("a-voice-of-ours"));
    }
}
