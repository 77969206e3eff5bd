//! OpenAI Realtime (GA, WebSocket) and its dialects: messages, their meaning for a session, the socket they travel on.
//!
//! The session's words go in and come out of `codec`; `wire` is the JSON, `socket` the connection.
//! <https://developers.openai.com/api/docs/guides/realtime-websocket>

pub mod codec;
pub mod dialect;
pub mod price;
pub mod socket;
pub mod wire;
