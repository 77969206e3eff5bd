//! What an error of the model means. The vendor lists few codes; the others were seen in live sessions.

use super::encode::CONFIGURATION;
use crate::realtime::wire::server::{Fault, Response, Text};
use crate::session::event::{ErrorClass, ModelError, ModelEvent, ResponseStatus};

/// An `error` event: the refusal of a configuration, or something less.
pub(super) fn error(fault: Fault<'_>) -> ModelEvent {
    let class = class(&fault);
    if refuses_configuration(&fault, class) {
        return ModelEvent::Refused(owned(fault.message));
    }
    ModelEvent::Error(ModelError {
        class,
        code: owned(fault.code),
        message: owned(fault.message),
        caused_by: fault.event_id.map(Text::into_string),
    })
}

/// How a response ended. What ended in an unknown way ended all the same.
pub(super) fn status(response: &Response<'_>) -> ResponseStatus {
    let details = response.details();
    let word = response.status.as_ref().or(details.kind.as_ref()).or(details.reason.as_ref()).map_or("", Text::as_str);
    match word {
        "completed" => ResponseStatus::Completed,
        "cancelled" | "turn_detected" | "client_cancelled" => ResponseStatus::Cancelled,
        "failed" => failed(&details.error.unwrap_or_default()),
        _ => ResponseStatus::Incomplete,
    }
}

/// Whether the vendor's code says that no retry can help.
pub(in crate::realtime) fn is_fatal(code: &str) -> bool {
    class_of(code) == Some(ErrorClass::Fatal)
}

fn failed(fault: &Fault<'_>) -> ResponseStatus {
    let retry = class(fault) == ErrorClass::Transient;
    let reason = [&fault.code, &fault.kind, &fault.message].into_iter().flatten().map(Text::as_str).collect::<Vec<_>>().join(": ");
    ResponseStatus::Failed { retry, reason }
}

fn refuses_configuration(fault: &Fault<'_>, class: ErrorClass) -> bool {
    let starts = |text: &Option<Text<'_>>, with| text.as_ref().is_some_and(|text| text.as_str().starts_with(with));
    starts(&fault.event_id, CONFIGURATION) || (class == ErrorClass::OurFault && starts(&fault.param, "session"))
}

/// By code, else by type: some errors name no code, and new codes come without notice.
fn class(fault: &Fault<'_>) -> ErrorClass {
    if is_truncation_beyond_the_audio(fault) {
        return ErrorClass::Benign;
    }
    let known = [&fault.code, &fault.kind].into_iter().flatten().find_map(|word| class_of(word.as_str()));
    known.unwrap_or(ErrorClass::Transient)
}

/// "Audio content of 3700ms is already shorter than 3760ms": it comes without a code.
fn is_truncation_beyond_the_audio(fault: &Fault<'_>) -> bool {
    fault.message.as_ref().is_some_and(|message| message.as_str().starts_with("Audio content of"))
}

fn class_of(word: &str) -> Option<ErrorClass> {
    match word {
        "conversation_already_has_active_response" => Some(ErrorClass::LaneTaken),
        "response_cancel_not_active" => Some(ErrorClass::NothingToCancel),
        "input_audio_buffer_commit_empty"
        | "item_truncate_invalid_item_id"
        | "item_delete_invalid_item_id"
        | "item_retrieve_invalid_item_id" => Some(ErrorClass::Benign),
        "invalid_api_key" | "missing_model" | "invalid_model" | "model_not_found" | "beta_api_shape_disabled" | "insufficient_quota" => {
            Some(ErrorClass::Fatal)
        }
        "rate_limit_exceeded" | "slow_down" | "server_is_overloaded" | "server_error" | "session_expired" => Some(ErrorClass::Transient),
        "invalid_value"
        | "missing_required_parameter"
        | "unknown_parameter"
        | "invalid_type"
        | "integer_below_min_value"
        | "invalid_json"
        | "invalid_event"
        | "cannot_update_voice"
        | "bad_response_create"
        | "invalid_request_error" => Some(ErrorClass::OurFault),
        _ => None,
    }
}

fn owned(text: Option<Text<'_>>) -> String {
    text.map(Text::into_string).unwrap_or_default()
}
