//! Words of the domain: identifiers, numbers, statuses, codes. Parsed once, at the border.

mod actor;
mod call;
mod code;
mod delivery;
mod event;
mod ids;
mod key;
pub mod numbers;
mod phone;
mod redacted;
mod token;
mod word;

pub use actor::ActorKind;
pub use call::{CallStatus, Continuation, Direction, HangupCause, billed_minutes};
pub use code::Code;
pub use delivery::DeliveryState;
pub use event::{EventId, EventKind};
pub use ids::{AccountSid, CallId, CallSid, Epoch, InvalidId, RecordingSid, StreamSid};
pub use key::{ApiKey, Asker, BearerKey, InvalidKey, InvalidScope, KeyDigest, KeyId, KeyState, Scope, Scopes};
pub use phone::{CallerId, InvalidPhoneNumber, NumberClass, PhoneNumber};
pub use redacted::Redacted;
pub use token::{InvalidToken, StreamToken, Subject, TokenKey};
