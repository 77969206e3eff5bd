//! What Twilio posts: the form, and each of the values that it can be.

use std::borrow::Cow;

use alpha_call::twilio::webhook::{
    CarrierStatus, DetectionCallback, DialCallback, InvalidForm, Params, RecordingCallback, StatusCallback, VoiceRequest,
};
use alpha_call::types::CallerId;
use percent_encoding::percent_decode;
use url::form_urlencoded;

use super::word;

pub fn check(input: &[u8]) -> String {
    let params = Params::parse(input);
    same_fields(input, &params);
    let outcomes = [
        outcome(&params, VoiceRequest::parse(&params), voice),
        outcome(&params, StatusCallback::parse(&params), status),
        outcome(&params, DetectionCallback::parse(&params), |seen| {
            vec![("CallSid", seen.call.to_string()), ("AnsweredBy", seen.word.clone())]
        }),
        outcome(&params, DialCallback::parse(&params), dial),
        outcome(&params, RecordingCallback::parse(&params), recording),
    ];
    outcomes.join(" ")
}

/// Another decoder has the same fields, and the form that they make is read as the same again.
fn same_fields(input: &[u8], params: &Params) {
    let text = |part: &[u8]| {
        let spaced: Vec<u8> = part.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
        percent_decode(&spaced).decode_utf8_lossy().into_owned()
    };
    let pieces = input.split(|byte| *byte == b'&').filter(|piece| !piece.is_empty());
    let expected: Vec<(String, String)> = pieces
        .map(|piece| {
            let mut halves = piece.splitn(2, |byte| *byte == b'=');
            (text(halves.next().unwrap_or_default()), text(halves.next().unwrap_or_default()))
        })
        .collect();
    assert!(params.iter().map(|(name, value)| (Cow::from(name), Cow::from(value))).eq(expected.iter().map(|(n, v)| (n.into(), v.into()))));
    let written = form_urlencoded::Serializer::new(String::new()).extend_pairs(params.iter()).finish();
    assert!(Params::parse(written.as_bytes()) == *params, "{written}");
}

/// What is read is read again from the fields that it came from; a refusal names a field that is wrong, or is missing.
fn outcome<T: Parsed>(params: &Params, read: Result<T, InvalidForm>, fields: fn(&T) -> Vec<(&'static str, String)>) -> String {
    match read {
        Ok(value) => {
            let again = T::again(&Params::from_iter(fields(&value)));
            assert!(again.is_ok_and(|again| again == value), "{:?}", fields(&value).iter().map(|(name, _)| name).collect::<Vec<_>>());
            "ok".to_owned()
        }
        Err(InvalidForm::Missing(field)) => {
            assert_eq!(params.get(field), None);
            format!("-{field}")
        }
        Err(error @ InvalidForm::Wrong(field)) => {
            assert!(params.get(field).is_some() && error.to_string().contains(field));
            format!("!{field}")
        }
    }
}

trait Parsed: PartialEq + Sized {
    fn again(params: &Params) -> Result<Self, InvalidForm>;
}

macro_rules! parsed {
    ($($name:ident),+) => {
        $(impl Parsed for $name {
            fn again(params: &Params) -> Result<Self, InvalidForm> {
                Self::parse(params)
            }
        })+
    };
}

parsed!(VoiceRequest, StatusCallback, DetectionCallback, DialCallback, RecordingCallback);

fn voice(request: &VoiceRequest) -> Vec<(&'static str, String)> {
    for caller in [&request.from, &request.to] {
        assert_eq!(&CallerId::parse(caller.as_str()), caller);
        assert!(!matches!(caller, CallerId::Number(number) if format!("{caller:?}").contains(number.as_str())), "a number prints");
    }
    let mut fields = vec![
        ("CallSid", request.call.to_string()),
        ("From", told(&request.from)),
        ("To", told(&request.to)),
        ("Direction", request.direction.to_string()),
        ("CallStatus", known(request.call_status)),
    ];
    fields.extend(request.account.as_ref().map(|account| ("AccountSid", account.to_string())));
    fields.extend(request.caller_name.as_ref().map(|name| ("CallerName", name.0.clone())));
    fields.extend(request.stir_verstat.clone().map(|word| ("StirVerstat", word)));
    fields.extend(request.answered_by.clone().map(|word| ("AnsweredBy", word)));
    fields
}

/// Blanks are a caller without a name.
fn told(caller: &CallerId) -> String {
    Some(caller.as_str()).filter(|text| !text.is_empty()).unwrap_or(" ").to_owned()
}

fn known(status: CarrierStatus) -> String {
    assert_eq!(CarrierStatus::from_word(status.as_str()), Some(status));
    assert_eq!(status.is_terminal(), status.rank() == 4);
    assert!(!word(&format!("{status:?}")).is_empty());
    status.to_string()
}

fn status(callback: &StatusCallback) -> Vec<(&'static str, String)> {
    let numbers = [
        ("SequenceNumber", callback.sequence.map(u64::from)),
        ("CallDuration", callback.duration_s),
        ("SipResponseCode", callback.sip_response_code.map(u64::from)),
        ("ErrorCode", callback.error_code.map(u64::from)),
    ];
    let mut fields = vec![("CallSid", callback.call.to_string()), ("CallStatus", known(callback.status))];
    fields.extend(numbers.into_iter().filter_map(|(name, number)| Some((name, number?.to_string()))));
    fields.extend(callback.timestamp.clone().map(|text| ("Timestamp", text)));
    fields.extend(callback.answered_by.clone().map(|text| ("AnsweredBy", text)));
    fields
}

fn dial(callback: &DialCallback) -> Vec<(&'static str, String)> {
    let word = if callback.is_answered { "answered" } else { "busy" };
    vec![("CallSid", callback.call.to_string()), ("CallStatus", known(callback.status)), ("DialCallStatus", word.to_owned())]
}

fn recording(callback: &RecordingCallback) -> Vec<(&'static str, String)> {
    let word = if callback.is_complete { "completed" } else { "in-progress" };
    let mut fields = vec![
        ("CallSid", callback.call.to_string()),
        ("RecordingSid", callback.recording.to_string()),
        ("RecordingStatus", word.to_owned()),
    ];
    fields.extend(callback.url.as_ref().map(|url| ("RecordingUrl", url.0.clone())));
    fields.extend(callback.duration_s.map(|seconds| ("RecordingDuration", seconds.to_string())));
    fields
}
