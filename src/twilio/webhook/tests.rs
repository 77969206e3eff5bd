use proptest::prelude::*;

use super::*;

const INCOMING: &str = "CallSid=CA00000000000000000000000000000001&AccountSid=AC00000000000000000000000000000001\
    &From=%2B14155550101&To=%2B14155550102&CallStatus=ringing&Direction=inbound&CallerName=Ann+Lee\
    &StirVerstat=TN-Validation-Passed-A&FromCity=&New=thing";

const ENDED: &str = "CallSid=CA00000000000000000000000000000001&CallStatus=no-answer&SequenceNumber=3\
    &Timestamp=Sun%2C+22+Nov+2026+14%3A00%3A00+%2B0000&CallDuration=0&Duration=1&SipResponseCode=487&ErrorCode=";

fn voice(form: &str) -> Result<VoiceRequest, InvalidForm> {
    VoiceRequest::parse(&Params::parse(form.as_bytes()))
}

fn callback(form: &str) -> Result<StatusCallback, InvalidForm> {
    StatusCallback::parse(&Params::parse(form.as_bytes()))
}

#[test]
fn every_field_is_kept_in_its_order() {
    let params = Params::parse("b=1&a=%2B2+%C3%BC&b=1&empty=&=nameless".as_bytes());

    assert_eq!(params.iter().collect::<Vec<_>>(), [("b", "1"), ("a", "+2 ü"), ("b", "1"), ("empty", ""), ("", "nameless")]);
}

#[test]
fn an_incoming_call_is_read() {
    let request = voice(INCOMING).expect("valid");

    assert_eq!(request.call.as_str(), "CA00000000000000000000000000000001");
    assert_eq!(request.account.expect("account").as_str(), "AC00000000000000000000000000000001");
    assert_eq!((request.from.as_str(), request.to.as_str()), ("+14155550101", "+14155550102"));
    assert_eq!(request.caller_name, Some(Redacted("Ann Lee".to_owned())));
    assert_eq!((request.direction, request.call_status), (Direction::Inbound, CarrierStatus::Ringing));
    assert_eq!((request.stir_verstat.as_deref(), request.answered_by), (Some("TN-Validation-Passed-A"), None));
}

#[test]
fn an_answered_call_of_ours_is_outbound() {
    let form = INCOMING.replace("=inbound", "=outbound-api").replace("ringing", "in-progress") + "&AnsweredBy=human";

    let request = voice(&form).expect("valid");

    assert_eq!((request.direction, request.call_status), (Direction::Outbound, CarrierStatus::InProgress));
    assert_eq!(request.answered_by.as_deref(), Some("human"));
}

#[test]
fn a_caller_need_not_have_a_number() {
    for name in ["anonymous", "client:ann", "sip:ann@host"] {
        let request = voice(&INCOMING.replace("%2B14155550101", name)).expect("valid");

        assert_eq!(request.from, CallerId::Other(name.to_owned()));
    }
}

#[test]
fn a_bad_voice_request_names_its_field() {
    let cases = [
        ("CallSid=CA0", "CallSid=CB0", InvalidForm::Wrong("CallSid")),
        ("CallSid=", "Other=", InvalidForm::Missing("CallSid")),
        ("AccountSid=AC", "AccountSid=XX", InvalidForm::Wrong("AccountSid")),
        ("From=%2B14155550101", "From=", InvalidForm::Missing("From")),
        ("To=", "Other=", InvalidForm::Missing("To")),
        ("ringing", "sleeping", InvalidForm::Wrong("CallStatus")),
        ("CallStatus", "Other", InvalidForm::Missing("CallStatus")),
    ];

    for (from, to, expected) in cases {
        assert_eq!(voice(&INCOMING.replacen(from, to, 1)), Err(expected), "{from} -> {to}");
    }
}

#[test]
fn a_status_callback_is_read() {
    let expected = StatusCallback {
        call: "CA00000000000000000000000000000001".parse().expect("call sid"),
        status: CarrierStatus::NoAnswer,
        sequence: Some(3),
        timestamp: Some("Sun, 22 Nov 2026 14:00:00 +0000".to_owned()),
        duration_s: Some(0),
        sip_response_code: Some(487),
        answered_by: None,
        error_code: None,
    };

    assert_eq!(callback(ENDED), Ok(expected));
}

#[test]
fn a_status_callback_may_be_bare() {
    let bare = callback("CallSid=CA00000000000000000000000000000001&CallStatus=completed").expect("valid");

    assert_eq!((bare.sequence, bare.timestamp, bare.duration_s, bare.sip_response_code), (None, None, None, None));
}

#[test]
fn a_bad_status_callback_names_its_field() {
    for field in ["SequenceNumber", "CallDuration", "SipResponseCode", "ErrorCode"] {
        let form = format!("{field}=-1&{ENDED}");

        assert_eq!(callback(&form), Err(InvalidForm::Wrong(field)));
    }
    assert_eq!(callback(&ENDED.replace("CallSid", "Other")), Err(InvalidForm::Missing("CallSid")));
}

#[test]
fn neither_numbers_nor_names_are_printed() {
    let params = Params::parse(INCOMING.as_bytes());

    let printed = format!("{params:?} {:?}", VoiceRequest::parse(&params));

    assert!(printed.contains("CallerName"), "{printed}");
    for secret in ["415555", "Ann", "Lee"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

proptest! {
    #[test]
    fn any_fields_survive_the_form(fields in prop::collection::vec((".*", ".*"), 0..8)) {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();

        prop_assert_eq!(Params::parse(body.as_bytes()), fields.into_iter().collect());
    }

    #[test]
    fn no_bytes_make_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        let params = Params::parse(&bytes);

        let _ = (VoiceRequest::parse(&params), StatusCallback::parse(&params));
    }
}

fn told(fields: &[(&str, &str)]) -> Params {
    let sid = ("CallSid", "CA00000000000000000000000000000001");
    [sid].iter().chain(fields).map(|(name, value)| (*name, *value)).collect()
}

#[test]
fn each_word_for_who_answered_is_understood() {
    for (word, who) in [
        ("human", AnsweredBy::Human),
        ("machine_start", AnsweredBy::MachineStarted),
        ("machine_end_beep", AnsweredBy::MachineListens),
        ("machine_end_silence", AnsweredBy::MachineListens),
        ("machine_end_other", AnsweredBy::MachineListens),
        ("fax", AnsweredBy::Fax),
        ("unknown", AnsweredBy::Unknown),
        ("a_word_of_tomorrow", AnsweredBy::Unknown),
    ] {
        let callback = DetectionCallback::parse(&told(&[("AnsweredBy", word)])).expect("read");
        assert_eq!((callback.answered_by, callback.word.as_str()), (who, word));
    }
    assert_eq!(DetectionCallback::parse(&told(&[])), Err(InvalidForm::Missing("AnsweredBy")));
}

#[test]
fn another_phone_was_answered_or_not() {
    for (word, answered) in
        [("completed", true), ("answered", true), ("busy", false), ("no-answer", false), ("failed", false), ("canceled", false)]
    {
        let callback = DialCallback::parse(&told(&[("CallStatus", "in-progress"), ("DialCallStatus", word)])).expect("read");
        assert_eq!((callback.is_answered, callback.status), (answered, CarrierStatus::InProgress), "{word}");
    }
    let wrong = DialCallback::parse(&told(&[("CallStatus", "in-progress"), ("DialCallStatus", "asleep")]));
    assert_eq!(wrong, Err(InvalidForm::Wrong("DialCallStatus")));
}

#[test]
fn a_recording_is_told_with_its_place() {
    let sid = ("RecordingSid", "RE00000000000000000000000000000001");
    let rest = [("RecordingUrl", "https://api.example.test/RE1"), ("RecordingStatus", "completed"), ("RecordingDuration", "17")];

    let callback = RecordingCallback::parse(&told(&[sid, rest[0], rest[1], rest[2]])).expect("read");

    assert_eq!((callback.is_complete, callback.duration_s), (true, Some(17)));
    assert_eq!(callback.url.as_deref().map(String::as_str), Some("https://api.example.test/RE1"));
    let wrong = RecordingCallback::parse(&told(&[sid, ("RecordingUrl", "nowhere")]));
    assert_eq!(wrong, Err(InvalidForm::Wrong("RecordingUrl")));
    assert!(!RecordingCallback::parse(&told(&[sid])).expect("read").is_complete);
}
