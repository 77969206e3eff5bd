//! What is refused, and how it is told.

use super::*;

fn only(case: &Case) -> Problem {
    let mut problems = case.problems();
    assert_eq!(problems.len(), 1, "{problems:#?}");
    problems.remove(0)
}

#[test]
fn six_mistakes_are_told_at_once() {
    let case = Case::new(&[("PORT", "80a"), ("VERIFIED_PHONE_NUMBERS", "+14155550100,4155550101"), ("LOG_FORMAT", "xml")])
        .file(".env", "MAX_CONCURRENT_CALLS=0\n")
        .config_file("my.toml", "[openai]\nmodle = \"x\"\n[assistant.turns]\nthreshold = 2.5\n");

    let problems = case.problems();

    let told: Vec<String> = problems.iter().map(|p| format!("{} {}", p.key, p.variable)).collect();
    assert_eq!(
        told,
        [
            "openai.modle ",
            "server.port PORT",
            "limits.max_concurrent_calls MAX_CONCURRENT_CALLS",
            "limits.verified_phone_numbers VERIFIED_PHONE_NUMBERS",
            "assistant.turns.threshold APP__ASSISTANT__TURNS__THRESHOLD",
            "log.format LOG_FORMAT",
        ]
    );
    assert!(problems.iter().all(|p| !p.fix.is_empty() && !p.message.is_empty() && p.origin != Origin::Default), "{problems:#?}");
}

#[test]
fn a_problem_names_variable_origin_reason_and_remedy() {
    let text = Case::new(&[("PORT", "80a")]).load().expect_err("a wrong port").to_string();

    assert_eq!(
        text,
        "PORT (server.port), from variable PORT\n  wrong: \"80a\" is not a number from 0 to 65535\n  mend:  set it to a number from 0 to 65535"
    );
}

#[test]
fn problems_are_blocks_with_a_gap() {
    let text = Case::new(&[("PORT", "x"), ("HOST", "x")]).load().expect_err("two mistakes").to_string();

    assert_eq!(text.split("\n\n").count(), 2);
}

#[test]
fn each_bad_number_is_a_problem_told_by_its_place() {
    let problems = Case::new(&[("VERIFIED_PHONE_NUMBERS", "123,+14155550100,0049301234567")]).problems();

    let messages: Vec<&str> = problems.iter().map(|p| p.message.as_str()).collect();
    assert_eq!(
        messages,
        ["entry 1 is not a phone number in E.164, such as +14155550100", "entry 3 is not a phone number in E.164, such as +14155550100"]
    );
}

#[test]
fn unknown_keys_are_told_with_the_nearest_known_one() {
    let file = only(&Case::new(&[]).config_file("my.toml", "[server]\nprot = 1"));
    let top = only(&Case::new(&[]).config_file("my.toml", "port = 1"));
    let variable = only(&Case::new(&[("APP__SERVER__PROT", "1")]));
    let strange = only(&Case::new(&[("APP__ZZZZ", "1")]));
    let flag = only(&Case::new(&[]).flag("server.prot", "1"));

    assert_eq!((file.key.as_str(), file.fix.as_str()), ("server.prot", "did you mean server.port?"));
    assert_eq!(top.fix, "did you mean server.port?");
    assert_eq!((variable.variable.as_str(), variable.fix.as_str()), ("APP__SERVER__PROT", "did you mean APP__SERVER__PORT?"));
    assert_eq!(strange.fix, "take it out, or see config/default.toml for every key");
    assert_eq!(flag.fix, "did you mean server.port?");
}

#[test]
fn a_value_in_place_of_a_section_and_the_reverse_are_told() {
    let value = only(&Case::new(&[]).config_file("my.toml", "server = 1"));
    let section = only(&Case::new(&[]).config_file("my.toml", "[server.port]\nnumber = 1"));

    assert_eq!((value.key.as_str(), section.key.as_str()), ("server", "server.port.number"));
}

#[test]
fn a_config_file_must_be_there_and_be_toml() {
    let mut absent = Case::new(&[]);
    absent.options.config_file = Some("/no/such/file.toml".into());
    let broken = Case::new(&[]).config_file("my.toml", "[openai]\napi_key = 'hunter2\n");

    let (absent, broken) = (only(&absent), only(&broken));

    assert_eq!((absent.origin, absent.message.as_str()), (Origin::File("/no/such/file.toml".into()), "cannot be read: entity not found"));
    assert!(broken.message.contains("line 2"), "{}", broken.message);
    assert!(!broken.message.contains("hunter2"), "{}", broken.message);
}

#[test]
fn a_line_of_dotenv_that_is_none_is_told_by_its_number() {
    let problem = only(&Case::new(&[]).file(".env", "# keys\nOPENAI_API_KEY=two words hunter2\nPORT=9000\n"));

    assert_eq!((problem.origin, problem.message.as_str()), (Origin::DotEnv, "line 2 is not NAME=value"));
}

#[test]
fn numbers_without_quotes_in_toml_are_told() {
    let number = only(&Case::new(&[]).config_file("my.toml", "[twilio]\nphone_number_from = +14155552671"));
    let list = only(&Case::new(&[]).config_file("my.toml", "[limits]\nverified_phone_numbers = [+14155552671]"));

    assert_eq!((number.message.as_str(), number.fix.as_str()), ("is not a text", "put it in quotes"));
    assert_eq!(list.message, "is not a list of texts");
}

#[test]
fn a_secret_file_must_be_there_alone_and_not_be_empty() {
    let absent = only(&Case::new(&[("OPENAI_API_KEY_FILE", "/no/such/key")]));
    let empty = only(&Case::new(&[("OPENAI_API_KEY_FILE", "key")]).file("key", "\n"));
    let both = only(&Case::new(&[("OPENAI_API_KEY_FILE", "key"), ("OPENAI_API_KEY", "k")]).file("key", "k"));

    assert_eq!((absent.variable.as_str(), absent.message.as_str()), ("OPENAI_API_KEY_FILE", "cannot read /no/such/key: entity not found"));
    assert!(empty.message.ends_with("is empty"), "{}", empty.message);
    assert_eq!((both.message.as_str(), both.fix.as_str()), ("OPENAI_API_KEY is set as well", "set one of the two"));
}

#[test]
fn production_demands_keys_a_database_and_signatures() {
    let bare = Case::new(&[
        ("APP_ENV", "production"),
        ("ALLOW_ALL_US_CANADA", "true"),
        ("APP__COMPLIANCE__REQUIRE_CONSENT", "false"),
        ("APP__TWILIO__SIGNATURE", "warn"),
    ]);

    assert_eq!(bare.wrong(), ["APP__TWILIO__SIGNATURE", "DATABASE_URL", "ALLOW_ALL_US_CANADA", "API_KEYS", "STREAM_TOKEN_KEY"]);
    assert!(bare.problems().iter().all(|p| p.message.ends_with(", in production (APP_ENV)")), "{:#?}", bare.problems());
    assert_eq!(Case::production(&[]).wrong(), [""; 0]);
    assert_eq!(Case::production(&[("STREAM_TOKEN_KEY", "0123456789abcdef")]).without("TWILIO_AUTH_TOKEN").wrong(), [""; 0]);
}

#[test]
fn what_made_it_production_is_told() {
    let message =
        |name: &str, value: &str| Case::production(&[(name, value)]).without("APP_ENV").without("API_KEYS").problems().remove(0).message;

    assert_eq!(message("HOST", "0.0.0.0"), "is not set: anybody could place calls, in production (a HOST that others can reach)");
    assert_eq!(message("K_SERVICE", "voice"), "is not set: anybody could place calls, in production (K_SERVICE)");
}

#[test]
fn in_production_everybody_may_be_called_who_has_agreed_to_it() {
    assert!(Case::new(&[("ALLOW_ALL_US_CANADA", "True")]).config().limits.allow_all_us_canada);
    let unasked = [("ALLOW_ALL_US_CANADA", "1"), ("APP__COMPLIANCE__REQUIRE_CONSENT", "false")];
    assert_eq!(Case::production(&unasked).wrong(), ["ALLOW_ALL_US_CANADA"]);
    assert!(Case::production(&[("ALLOW_ALL_US_CANADA", "1")]).config().limits.allow_all_us_canada, "whoever is called has agreed to it");
}

#[test]
fn numbers_have_bounds() {
    for (name, low, high) in [
        ("PORT", "-1", "65536"),
        ("MAX_CALL_SECONDS", "9", "86401"),
        ("APP__ASSISTANT__MAX_OUTPUT_TOKENS", "0", "4097"),
        ("APP__ASSISTANT__TURNS__THRESHOLD", "-0.1", "1.1"),
    ] {
        for value in [low, high, "x", "1 2"] {
            assert_eq!(Case::new(&[(name, value)]).wrong(), [name], "{name}={value}");
        }
    }
    assert_eq!(Case::new(&[("PORT", "0")]).config().server.port, 0);
}

#[test]
fn words_urls_and_ids_are_checked() {
    for (name, value) in [
        ("APP_ENV", "prod"),
        ("HOST", "localhost"),
        ("DOMAIN", "voice.example.com/path"),
        ("OPENAI_REALTIME_URL", "https://api.openai.com/v1/realtime"),
        ("OPENAI_REALTIME_URL", "wss://me:pw@api.openai.com"),
        ("APP__OPENAI__DIALECT", "grok"),
        ("APP__OPENAI__FALLBACK_DIALECT", "OpenAI"),
        ("TWILIO_API_BASE_URL", "api.twilio.com"),
        ("TWILIO_ACCOUNT_SID", "SK00000000000000000000000000000001"),
        ("PHONE_NUMBER_FROM", "14155550100"),
        ("DATABASE_URL", "mysql://localhost/db"),
        ("DATABASE_URL", "postgres://app:pw@/voice?host=/cloudsql/p:r:i"),
        ("GOOGLE_CLOUD_SQL_CONNECTION_NAME", "instance"),
        ("CORS_ORIGINS", "https://a.example/"),
        ("DB_ECHO", "maybe"),
        ("RUST_LOG", "a=b=c"),
        ("LOG_FORMAT", "xml"),
        ("APP__TWILIO__SIGNATURE", "maybe"),
        ("APP__ASSISTANT__LANGUAGE", "english"),
        ("APP__ASSISTANT__GREETING", "Hello {{nmae}}"),
        ("APP__ASSISTANT__INSTRUCTIONS", "Hello {{name"),
    ] {
        assert_eq!(Case::new(&[(name, value)]).wrong(), [name], "{name}={value}");
    }
}

#[test]
fn an_api_key_and_its_secret_come_together() {
    assert_eq!(Case::new(&[("TWILIO_API_KEY", "SK1")]).wrong(), ["TWILIO_API_SECRET"]);
    assert_eq!(Case::new(&[("TWILIO_API_SECRET", "s")]).wrong(), ["TWILIO_API_KEY"]);
}

#[test]
fn production_sends_keys_to_no_other_machine_in_the_clear() {
    assert_eq!(Case::production(&[("OPENAI_REALTIME_URL", "ws://model.example")]).wrong(), ["OPENAI_REALTIME_URL"]);
    assert_eq!(Case::production(&[("TWILIO_API_BASE_URL", "http://10.0.0.1")]).wrong(), ["TWILIO_API_BASE_URL"]);
    assert_eq!(Case::production(&[("OPENAI_REALTIME_URL", "ws://127.0.0.1:9000/x")]).wrong(), [""; 0]);
    assert_eq!(Case::new(&[("OPENAI_REALTIME_URL", "ws://model.example")]).wrong(), [""; 0]);
}

#[test]
fn a_socket_must_outlive_the_wait_for_its_pong() {
    assert_eq!(Case::new(&[("APP__OPENAI__SILENCE_TIMEOUT_MS", "10000")]).wrong(), ["APP__OPENAI__SILENCE_TIMEOUT_MS"]);
}

#[test]
fn calling_hours_are_one_span_of_a_day_and_consent_is_required_in_production() {
    for wrong in ["8", "21:00-08:00", "08:00-08:00", "08:00-12:00,13:00-21:00", "08:00-25:00"] {
        assert_eq!(Case::new(&[("APP__COMPLIANCE__CALLING_HOURS", wrong)]).wrong(), ["APP__COMPLIANCE__CALLING_HOURS"], "{wrong}");
    }
    assert_eq!(Case::new(&[]).config().compliance, Compliance { calling_hours: (480, 1260), require_consent: false });
    assert!(Case::production(&[]).config().compliance.require_consent);
    let off = Case::production(&[("APP__COMPLIANCE__REQUIRE_CONSENT", "off")]).loaded();
    assert!(!off.config.compliance.require_consent && off.warnings.iter().any(|warning| warning.contains("without a consent")), "{off:?}");
}
