//! One phrase, said by the model: a session of its own, for one answer.

use std::sync::Arc;
use std::time::Duration;

use awc::ws::Message;
use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt as _, StreamExt as _};

use crate::realtime::codec::{Decoded, decode, encode};
use crate::realtime::dialect::Dialect;
use crate::realtime::socket::{Assembler, Connection, Endpoint, Incoming, connect};
use crate::session::event::{ModelCommand, ModelEvent, ResponseStatus, TurnTaking};
use crate::session::policy::{Phrase, Profile};

/// From the connection to the last sound.
const LIMIT: Duration = Duration::from_secs(60);

#[derive(Debug, thiserror::Error)]
pub(super) enum RenderError {
    #[error("every model connection is needed for calls")]
    Busy,
    #[error(transparent)]
    Connect(#[from] crate::realtime::socket::ConnectError),
    #[error("the model did not finish in time")]
    Timeout(#[from] tokio::time::error::Elapsed),
    #[error("the model's connection ended")]
    Ended,
    #[error("the model could not: {0}")]
    Failed(String),
    /// A disclosure must not drift.
    #[error("the model said something else")]
    OtherWords,
}

pub(super) async fn render(endpoint: &Endpoint, deadline: Duration, profile: &Profile, text: &str) -> Result<Bytes, RenderError> {
    let connection = connect(endpoint, deadline).await?;
    let take = Take { connection, dialect: endpoint.dialect, assembler: Assembler::default(), audio: BytesMut::new(), said: String::new() };
    tokio::time::timeout(LIMIT, take.record(profile, text)).await?
}

struct Take {
    connection: Connection,
    dialect: Dialect,
    assembler: Assembler,
    audio: BytesMut,
    said: String,
}

impl Take {
    async fn record(mut self, profile: &Profile, text: &str) -> Result<Bytes, RenderError> {
        let reader = Profile { tools: Vec::new(), remote_tools: Vec::new(), transcription_model: None, ..profile.clone() };
        let configure = ModelCommand::Configure { profile: Arc::new(reader), turns: TurnTaking::BySession };
        let create = ModelCommand::CreateResponse { event_id: "render".to_owned(), instructions: Some(Phrase::instruction(text)) };
        loop {
            match self.next().await? {
                Decoded::Opened { .. } => self.send(&configure).await?,
                Decoded::Event(ModelEvent::Ready) => self.send(&create).await?,
                Decoded::Event(event) => {
                    if self.hears(event)? {
                        return self.finish(text).await;
                    }
                }
                Decoded::Ignored(_) | Decoded::Unknown(_) => {}
            }
        }
    }

    /// True once all of it was said.
    fn hears(&mut self, event: ModelEvent) -> Result<bool, RenderError> {
        match event {
            ModelEvent::Audio { audio, .. } => self.audio.extend_from_slice(&audio),
            ModelEvent::TextDone { text, .. } => self.said.push_str(&text),
            ModelEvent::ResponseDone { status: ResponseStatus::Completed, .. } => return Ok(true),
            ModelEvent::ResponseDone { status, .. } => return Err(RenderError::Failed(format!("{status:?}"))),
            ModelEvent::Refused(reason) => return Err(RenderError::Failed(reason)),
            ModelEvent::Error(error) => return Err(RenderError::Failed(error.code)),
            ModelEvent::Opened
            | ModelEvent::Expires { .. }
            | ModelEvent::Ready
            | ModelEvent::Lost { .. }
            | ModelEvent::SpeechStarted { .. }
            | ModelEvent::SpeechStopped { .. }
            | ModelEvent::ItemAdded { .. }
            | ModelEvent::UserText { .. }
            | ModelEvent::UserTextFailed { .. }
            | ModelEvent::ResponseCreated { .. }
            | ModelEvent::AudioDone { .. }
            | ModelEvent::Text { .. }
            | ModelEvent::ToolCalled(_)
            | ModelEvent::RemoteToolUsed { .. }
            | ModelEvent::RateLimits { .. } => {}
        }
        Ok(false)
    }

    async fn finish(mut self, text: &str) -> Result<Bytes, RenderError> {
        // The audio is here; whether the peer hears our goodbye does not matter.
        let _ = self.connection.sink.send(Message::Close(None)).await;
        if words(&self.said) == words(text) { Ok(self.audio.freeze()) } else { Err(RenderError::OtherWords) }
    }

    async fn next(&mut self) -> Result<Decoded, RenderError> {
        loop {
            let frame = self.connection.stream.next().await.ok_or(RenderError::Ended)?;
            let incoming =
                frame.map_err(|_| RenderError::Ended).and_then(|frame| self.assembler.accept(frame).map_err(|_| RenderError::Ended))?;
            match incoming {
                Incoming::Text(text) => return decode(&text).map_err(|error| RenderError::Failed(error.to_string())),
                Incoming::Ping(content) => self.write(Message::Pong(content)).await?,
                Incoming::Part | Incoming::Pong => {}
                Incoming::Closed(_) => return Err(RenderError::Ended),
            }
        }
    }

    async fn send(&mut self, command: &ModelCommand) -> Result<(), RenderError> {
        for text in encode(command, self.dialect) {
            self.write(Message::Text(text.into())).await?;
        }
        Ok(())
    }

    async fn write(&mut self, message: Message) -> Result<(), RenderError> {
        self.connection.sink.send(message).await.map_err(|_| RenderError::Ended)
    }
}

/// What is the same to the ear: letters and digits, in small letters.
fn words(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_are_the_same_however_they_are_written() {
        assert_eq!(words("Hello — this is Lakeside, an AI."), words("hello this is lakeside an ai"));
        assert_ne!(words("I am an AI."), words("I am Ann."));
    }
}
