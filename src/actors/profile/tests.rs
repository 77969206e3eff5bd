//! From files to the policy of a call.

use std::fs;

use super::*;
use crate::audio::EncodedAudio;
use crate::config::{LoadOptions, load};
use crate::session::CallSession;
use crate::session::event::{Input, LegEvent, ModelCommand, ModelEvent, Output};
use crate::session::policy::History;

/// The configuration with one assistant, `one`, of this file.
fn config(text: &str) -> Config {
    let root = tempfile::TempDir::new().expect("a folder");
    fs::create_dir_all(root.path().join("config/assistants")).expect("a folder");
    fs::write(root.path().join("config/assistants/one.toml"), text).expect("a file");
    let env = BTreeMap::from([("TOKEN".to_owned(), "hunter2".to_owned())]);
    load(&env, &LoadOptions { root: root.path().to_owned(), ..LoadOptions::default() }).unwrap_or_else(|error| panic!("{error}")).config
}

fn casting(config: &Config, direction: Direction) -> Casting {
    Casting { direction, ..Casting::inbound(config.assistants.named("one").expect("read")) }
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a moment")
}

fn policy(text: &str, direction: Direction) -> SessionPolicy {
    let config = config(text);
    session_policy(&config, &casting(&config, direction), at("2026-11-23T10:00:00Z"))
}

fn greeting(policy: &SessionPolicy) -> &str {
    policy.opening.greeting.as_ref().map_or("", |phrase| phrase.text.as_str())
}

#[test]
fn every_setting_of_a_profile_arrives() {
    let text = "model = \"m\"\nvoice = \"v\"\nspeed = 1.25\nlanguage = \"\"\ntranscription_model = \"t\"\nreasoning = \"xhigh\"\n\
                noise_reduction = \"off\"\nmax_output_tokens = 100\n[turns]\ntype = \"semantic\"\neagerness = \"low\"\n\
                [barge_in]\nmin_speech_ms = 250\n[limits]\nmax_call_seconds = 60\nmax_tool_calls = 3\ntool_timeout_ms = 9000\n\
                max_hold_seconds = 30\n[phrases]\nfiller = \"Wait.\"\napology = \"\"";

    let policy = policy(text, Direction::Inbound);

    let profile = &policy.profile;
    assert_eq!((profile.model.as_str(), profile.voice.as_str(), profile.speed), ("m", "v", Some(1.25)));
    assert_eq!((profile.language.as_deref(), profile.transcription_model.as_deref()), (None, Some("t")));
    assert_eq!((profile.reasoning, profile.noise_reduction), (Some(ReasoningEffort::ExtraHigh), None));
    assert_eq!((profile.turn_detection, profile.max_output_tokens), (TurnDetection::Semantic(Eagerness::Low), 100));
    assert_eq!((policy.min_speech, policy.max_queued_ms), (Duration::from_millis(250), 5_000));
    assert_eq!((policy.max_duration, policy.max_hold), (Duration::from_secs(60), Duration::from_secs(30)));
    assert_eq!((policy.max_tool_calls, policy.tool_timeout), (3, Duration::from_secs(9)));
    assert_eq!((policy.patience.filler.map(|phrase| phrase.text.0), policy.patience.apology), (Some("Wait.".to_owned()), None));
}

#[test]
fn what_an_assistant_does_not_say_is_as_for_all() {
    let policy = policy("", Direction::Inbound);

    let profile = &policy.profile;
    assert_eq!((profile.model.as_str(), profile.voice.as_str(), profile.speed), ("gpt-realtime-2.1", "marin", None));
    assert_eq!((profile.transcription_model.as_deref(), profile.reasoning), (Some("gpt-transcribe"), None));
    assert_eq!(profile.turn_detection, TurnDetection::Server { threshold: 0.5, prefix_padding_ms: 300, silence_duration_ms: 500 });
    assert_eq!((policy.max_duration, policy.min_speech), (Duration::from_secs(3_600), Duration::ZERO));
    assert_eq!(profile.tools.iter().map(|tool| tool.name.as_str()).collect::<Vec<_>>(), ["end_call"]);
}

#[test]
fn no_call_lasts_longer_than_any_may() {
    assert_eq!(policy("[limits]\nmax_call_seconds = 80000", Direction::Inbound).max_duration, Duration::from_secs(3_600));
}

#[test]
fn a_call_fills_in_its_variables_over_those_of_the_file() {
    let config = config("greeting = \"{{name|Hello}}, {{company}} here, in {{city}}.\"\n[variables]\ncompany = \"Acme\"\ncity = \"Rome\"");
    let variables = BTreeMap::from([("city".to_owned(), "{{company}}".to_owned())]);
    let casting = Casting { name: Some("Ann".to_owned()), variables, ..casting(&config, Direction::Inbound) };

    let policy = session_policy(&config, &casting, at("2026-11-23T10:00:00Z"));

    assert_eq!(greeting(&policy), "Ann, Acme here, in {{company}}.", "what is filled in is not looked at again");
}

#[test]
fn instructions_of_a_call_take_the_place_of_the_assistants() {
    let config = config("instructions = \"You sell.\"\n[variables]\ncompany = \"Acme\"");
    let own = casting(&config, Direction::Outbound);
    let given = Casting { instructions: Some("You call for {{company}}.".to_owned()), ..own.clone() };

    assert_eq!((own.instructions(), given.instructions()), ("You sell.".to_owned(), "You call for Acme.".to_owned()));
    assert_eq!(session_policy(&config, &given, at("2026-11-23T10:00:00Z")).profile.instructions, "You call for Acme.");
}

#[test]
fn the_disclosure_goes_ahead_of_a_greeting_that_does_not_have_it() {
    let text = "greeting = \"Hi, Ada of Acme.\"";
    let said = |text: &str, direction| greeting(&policy(text, direction)).to_owned();

    assert_eq!(said(text, Direction::Outbound), "This is an AI assistant. Hi, Ada of Acme.");
    assert_eq!(said(text, Direction::Inbound), "Hi, Ada of Acme.");
    assert_eq!(said(&format!("{text}\ndisclose = \"all\""), Direction::Inbound), "This is an AI assistant. Hi, Ada of Acme.");
    assert_eq!(said(&format!("{text}\ndisclose = \"none\""), Direction::Outbound), "Hi, Ada of Acme.");
    assert_eq!(said("", Direction::Outbound), "Hello there, this is an AI assistant. How can I help you today?", "not twice");
    assert_eq!(said("greeting = \"\"", Direction::Outbound), "This is an AI assistant.", "and without a greeting by itself");
}

#[test]
fn a_recording_is_announced_with_the_greeting_if_there_is_one() {
    let text = "greeting = \"Hi.\"\n[recording]\nenabled = true\nannouncement = \"We record.\"";

    assert_eq!(greeting(&policy(text, Direction::Outbound)), "This is an AI assistant. We record. Hi.");
    assert_eq!(greeting(&policy(&text.replace("true", "false"), Direction::Inbound)), "Hi.");
}

#[test]
fn outside_of_its_hours_a_caller_is_told_and_whoever_we_call_is_not() {
    let config = config("greeting = \"Hi.\"\n[hours]\nmon = \"09:00-17:00\"\nclosed = \"Closed.\"");
    let opening = |direction, moment| session_policy(&config, &casting(&config, direction), at(moment)).opening;
    let text = |opening: &Opening| opening.greeting.as_ref().map(|phrase| phrase.text.0.clone()).unwrap_or_default();

    let open = opening(Direction::Inbound, "2026-11-23T10:00:00Z");
    let closed = opening(Direction::Inbound, "2026-11-23T18:00:00Z");
    let outbound = opening(Direction::Outbound, "2026-11-23T18:00:00Z");

    assert_eq!((text(&open), open.closed), ("Hi.".to_owned(), false));
    assert_eq!((text(&closed), closed.closed), ("Closed.".to_owned(), true));
    assert_eq!((text(&outbound), outbound.closed), ("This is an AI assistant. Hi.".to_owned(), false));
}

#[test]
fn where_we_call_the_greeting_is_protected_and_waits_if_machines_are_detected() {
    let of = |text: &str, direction| {
        let opening = policy(text, direction).opening;
        (opening.protected, opening.human_wait, opening.voicemail.map(|phrase| phrase.text.0))
    };
    let detecting = "[opening]\nmachine_detection = true\nhuman_wait_ms = 3000\nvoicemail = \"Call back.\"";

    assert_eq!(of("", Direction::Inbound), (false, None, None));
    assert_eq!(of("", Direction::Outbound), (true, None, None));
    assert_eq!(of(detecting, Direction::Outbound), (true, Some(Duration::from_secs(3)), Some("Call back.".to_owned())));
}

#[test]
fn tools_servers_and_keys_arrive() {
    let text = "tools = [{ type = \"transfer_call\", targets = { desk = \"+14155550190\" } }, { type = \"opt_out\" }, \
                { type = \"mcp\", label = \"cal\", url = \"https://example.com\", authorization = \"env:TOKEN\", allowed_tools = [\"list\"] }]\n\
                [keys]\n\"0\" = \"transfer:desk\"\n\"9\" = \"opt_out\"\n\"*\" = \"hang_up\"";

    let policy = policy(text, Direction::Inbound);

    let desk = KeyAction::Transfer("+14155550190".parse().expect("a number"));
    assert_eq!(policy.keys, BTreeMap::from([('0', desk), ('9', KeyAction::Use("opt_out".to_owned())), ('*', KeyAction::HangUp)]));
    assert_eq!(policy.profile.tools.iter().map(|tool| tool.name.as_str()).collect::<Vec<_>>(), ["transfer_call", "opt_out"]);
    let server = McpServer {
        label: "cal".to_owned(),
        url: "https://example.com".to_owned(),
        authorization: Some(Redacted("hunter2".to_owned())),
        allowed_tools: Some(vec!["list".to_owned()]),
    };
    assert_eq!(policy.profile.remote_tools, [server]);
}

/// What the model is told to say in a call in which nobody speaks, and how long before its end.
fn told_before_the_end(policy: SessionPolicy) -> (String, Duration) {
    let began = std::time::Instant::now();
    let end = began + policy.max_duration;
    let mut session = CallSession::new(began, SessionPolicy { idle: policy.max_duration * 2, ..policy }, History::default());
    session.handle_input(began, Input::Model(ModelEvent::Opened));
    session.handle_input(began, Input::Model(ModelEvent::Ready));
    let mut now = began;
    while now < end {
        session.handle_input(now, Input::Leg(LegEvent::Audio(EncodedAudio::encode(&[0xFF; 160]))));
        session.handle_input(now, Input::Timeout);
        while let Some(output) = session.poll_output() {
            if let Output::Model(ModelCommand::CreateResponse { instructions: Some(text), .. }) = output {
                return (text, end - now);
            }
        }
        now += Duration::from_millis(20);
    }
    panic!("nothing was said");
}

#[test]
fn the_caller_is_warned_so_long_before_the_end_as_the_warning_says() {
    let policy = policy("greeting = \"\"\n[limits]\nmax_call_seconds = 180", Direction::Inbound);

    assert_eq!(policy.end_warning, Duration::from_secs(30));
    for (seconds, words) in [(30, "half a minute"), (45, "45 seconds"), (60, "in a minute")] {
        let end_warning = Duration::from_secs(seconds);
        let (text, left) = told_before_the_end(SessionPolicy { end_warning, ..policy.clone() });
        assert!(text.contains(words) && left == end_warning, "{text}, {left:?} before the end");
    }
}
