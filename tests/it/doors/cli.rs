//! The built binary, as a shell sees it.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use alpha_call::sim::scenario::{CallerScript, Step};
use alpha_call::sim::stage::{CALLER, Stage};
use alpha_call::sim::twilio::CallIn;

use super::process::{Shell, Told};
use crate::house::LONG;

const SECRETS: [(&str, &str); 7] = [
    ("OPENAI_API_KEY", "sk-hush-openai"),
    ("TWILIO_AUTH_TOKEN", "hush-auth-token-0001"),
    ("TWILIO_API_KEY", "SK0000000000000000000000000000hush"),
    ("TWILIO_API_SECRET", "hush-api-secret"),
    ("API_KEYS", "hush-bearer-key-1,hush-bearer-key-2"),
    ("STREAM_TOKEN_KEY", "hush-stream-token-key"),
    ("DATABASE_URL", "postgres://ann:hush-password@127.0.0.1:9/calls"),
];

#[test]
fn help_names_every_command_and_shows_a_newcomer_the_way() {
    let told = Shell::new().run(&["--help"]);

    assert_eq!(told.code, Some(0), "{told}");
    for word in ["serve", "demo", "check", "config", "--config", "alpha-call demo"] {
        assert!(told.out.contains(word), "no word of {word}: {told}");
    }
}

#[test]
fn the_version_is_the_packages() {
    let told = Shell::new().run(&["--version"]);

    assert_eq!(told.code, Some(0), "{told}");
    assert_eq!(told.out.trim(), concat!("alpha-call ", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_command_that_there_is_not_is_wrong_usage() {
    let told = Shell::new().run(&["answer"]);

    assert_eq!((told.code, told.out.as_str()), (Some(2), ""), "{told}");
    assert!(told.err.contains("answer"), "{told}");
}

#[test]
fn a_valid_configuration_is_said_to_be_and_what_real_calls_lack_is_named() {
    let told = Shell::new().with("DOMAIN", "voice.example.com").run(&["check"]);

    assert_eq!(told.code, Some(0), "{told}");
    assert!(told.out.contains("the configuration is valid (development)"), "{told}");
    for variable in ["OPENAI_API_KEY", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "PHONE_NUMBER_FROM"] {
        assert!(told.out.contains(variable), "no word of {variable}: {told}");
    }
    assert!(!told.out.contains("DOMAIN"), "it is set: {told}");
}

/// Three mistakes of three kinds.
fn mistaken() -> Shell {
    Shell::new().with("PORT", "seventy").with("MAX_CONCURRENT_CALLS", "0").with("PHONE_NUMBER_FROM", "555")
}

#[test]
fn every_mistake_is_told_at_once() {
    let told = mistaken().run(&["check"]);

    assert_eq!(told.code, Some(78), "{told}");
    assert!(told.out.contains("3 problems in the configuration"), "{told}");
    for variable in ["PORT", "MAX_CONCURRENT_CALLS", "PHONE_NUMBER_FROM"] {
        assert!(told.out.contains(variable), "no word of {variable}: {told}");
    }
}

#[test]
fn a_service_with_mistakes_ends_before_it_touches_anything() {
    let shell = mistaken();

    let told = shell.run(&["serve"]);

    assert_eq!(told.code, Some(78), "{told}");
    assert!(told.err.contains("3 problems in the configuration"), "{told}");
    assert_eq!(shell.files(), [""; 0], "made before it knew what it was told to do");
}

#[test]
fn production_asks_for_keys_and_a_database() {
    let told = Shell::new().with("APP_ENV", "production").run(&["check"]);

    assert_eq!(told.code, Some(78), "{told}");
    assert!(told.out.contains("API_KEYS") && told.out.contains("DATABASE_URL"), "{told}");
}

#[test]
fn the_configuration_is_shown_with_its_sources_and_without_a_secret() {
    let shell = SECRETS.iter().fold(Shell::new(), |shell, (name, value)| shell.with(name, value));

    let told = shell.with("MAX_CONCURRENT_CALLS", "7").run(&["config", "show", "--sources"]);

    assert_eq!(told.code, Some(0), "{told}");
    let limit = told.out.lines().find(|line| line.starts_with("max_concurrent_calls")).unwrap_or_default();
    assert!(limit.contains("= 7") && limit.contains("variable MAX_CONCURRENT_CALLS"), "{limit}");
    let model = told.out.lines().find(|line| line.starts_with("model ")).unwrap_or_default();
    assert!(model.contains("default"), "{model}");
    assert!(!told.to_string().contains("hush"), "{told}");
}

#[test]
fn a_mistake_in_a_secret_does_not_tell_the_secret() {
    let told = Shell::new().with("DATABASE_URL", "mysql://ann:hush-password@host/calls").run(&["check"]);

    assert_eq!(told.code, Some(78), "{told}");
    assert!(!told.to_string().contains("hush-password"), "{told}");
}

#[test]
fn a_busy_port_is_named_and_nothing_else_is_touched() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = taken.local_addr().expect("an address").port();
    let shell = Shell::new();

    let told = shell.run(&["serve", "--port", &port.to_string()]);

    assert_eq!(told.code, Some(1), "{told}");
    let complaint = format!("alpha-call cannot start: cannot listen on 127.0.0.1:{port}: ");
    assert!(told.err.lines().any(|line| line.starts_with(&complaint)), "{told}");
    assert!(!told.err.contains("panicked"), "{told}");
    assert_eq!(shell.files(), [""; 0], "made although the port was taken");
}

#[test]
fn a_service_told_to_stop_ends_well_within_its_drain_time() {
    let mut service = Shell::new().with("DRAIN_SECONDS", "3").serve();
    let open = TcpStream::connect(service.address()).expect("it listens");
    let began = Instant::now();

    service.signal("TERM");
    let Told { code, err, .. } = service.ended(Duration::from_secs(6));

    assert_eq!(code, Some(0), "{err}");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert!(err.contains("draining") && !err.contains("panicked"), "{err}");
    drop(open);
}

#[actix_rt::test]
async fn a_second_signal_stops_it_at_once() {
    let stage = Stage::start(1).expect("a stage");
    let mut service = stage.environment().iter().fold(Shell::new(), |shell, (name, value)| shell.with(name, value)).serve();
    stage.twilio.set_engine(service.address());
    let script = CallerScript::new(vec![Step::WaitForSpeech { within: LONG }, Step::AwaitHangup { within: LONG }]);
    let call = stage.twilio.call_in(CallIn { from: CALLER.to_owned(), script }).expect("a domain");
    call.until(LONG, |report| report.first_audio().is_some()).await.expect("a greeting");
    // It would wait for a question that cannot come.
    stage.twilio.set_engines(Vec::new());

    service.signal("TERM");
    call.until(LONG, |report| report.streams[0].ended.is_some()).await.expect("the end of the stream");
    let began = Instant::now();
    service.signal("TERM");
    let Told { err, .. } = service.ended(Duration::from_secs(6));

    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert!(err.contains("stopped at once") && !err.contains("panicked"), "{err}");
}

fn asked_at(port: u16) -> Told {
    // As the image sets it.
    Shell::new().with("HOST", "0.0.0.0").with("PORT", &port.to_string()).run(&["healthcheck"])
}

#[test]
fn a_check_of_health_says_that_an_instance_lives_until_it_does_not() {
    let mut service = Shell::new().serve();
    let port = service.address().port();

    let told = asked_at(port);
    assert_eq!((told.code, told.out), (Some(0), format!("http://127.0.0.1:{port}/health/live lives\n")), "{}", told.err);

    service.signal("TERM");
    service.ended(Duration::from_secs(12));
    let told = asked_at(port);
    assert_eq!((told.code, told.out.as_str(), told.err.lines().count()), (Some(1), "", 1), "{told}");
    assert!(told.err.starts_with(&format!("http://127.0.0.1:{port}/health/live: ")), "{told}");
}

#[test]
fn a_check_of_health_does_not_wait_for_an_instance_that_is_stuck() {
    let stuck = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let began = Instant::now();

    let told = asked_at(stuck.local_addr().expect("an address").port());

    assert_eq!(told.code, Some(1), "{told}");
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
}

#[test]
fn a_check_of_health_with_a_wrong_port_is_wrong_configuration() {
    let told = Shell::new().with("PORT", "seventy").run(&["healthcheck"]);

    assert_eq!(told.code, Some(78), "{told}");
}

#[test]
fn without_a_command_it_serves_and_a_keyboard_can_stop_it() {
    let mut service = Shell::new().with("PORT", "0").start(&[]);

    let address = service.address();
    service.signal("INT");

    assert_eq!(service.ended(Duration::from_secs(12)).code, Some(0));
    assert!(TcpStream::connect(address).is_err(), "it still listens");
}
