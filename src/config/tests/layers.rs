//! Where a value comes from, and which one wins.

use std::net::IpAddr;
use std::time::Duration;

use secrecy::ExposeSecret as _;

use super::*;

fn model(case: &Case) -> (String, Origin) {
    let loaded = case.loaded();
    (loaded.config.openai.model.clone(), loaded.sources.origin("openai.model").expect("an origin").clone())
}

/// Every way to set `openai.model`, the weakest first.
const LAYERS: [&str; 8] = ["default", "environment", "config", "dotenv", "dotenv-nested", "flat", "nested", "flag"];

fn with_layer(mut case: Case, layer: &str) -> Case {
    match layer {
        "environment" => case.file("config/development.toml", "[openai]\nmodel = \"environment\""),
        "config" => case.config_file("my.toml", "[openai]\nmodel = \"config\""),
        "dotenv" => append_dotenv(case, "OPENAI_MODEL=dotenv\n"),
        "dotenv-nested" => append_dotenv(case, "APP__OPENAI__MODEL=dotenv-nested\n"),
        "flat" | "nested" => {
            let name = if layer == "flat" { "OPENAI_MODEL" } else { "APP__OPENAI__MODEL" };
            case.env.insert(name.to_owned(), layer.to_owned());
            case
        }
        "flag" => case.flag("openai.model", "flag"),
        _ => case,
    }
}

fn append_dotenv(case: Case, line: &str) -> Case {
    let before = fs::read_to_string(case.folder.path().join(".env")).unwrap_or_default();
    case.file(".env", &format!("{before}{line}"))
}

#[test]
fn a_later_layer_wins_over_every_earlier_one() {
    for (n, later) in LAYERS.iter().enumerate().skip(1) {
        for earlier in LAYERS.iter().take(n) {
            let case = with_layer(with_layer(Case::new(&[]), earlier), later);

            assert_eq!(model(&case).0, *later, "{later} over {earlier}");
        }
    }
}

#[test]
fn every_value_knows_its_layer() {
    let origin = |layer: &str| {
        let case = with_layer(Case::new(&[]), layer);
        let origin = model(&case).1;
        match origin {
            Origin::File(path) => format!("file {}", path.file_name().expect("a name").display()),
            other => other.to_string(),
        }
    };

    assert_eq!(origin("default"), "default");
    assert_eq!(origin("environment"), "file development.toml");
    assert_eq!(origin("config"), "file my.toml");
    assert_eq!(origin("dotenv"), ".env");
    assert_eq!(origin("dotenv-nested"), ".env");
    assert_eq!(origin("flat"), "variable OPENAI_MODEL");
    assert_eq!(origin("nested"), "variable APP__OPENAI__MODEL");
    assert_eq!(origin("flag"), "flag openai.model");
}

#[test]
fn the_embedded_files_load_without_a_problem() {
    for environment in Environment::ALL {
        let case = Case::production(&[("APP_ENV", environment.as_str())]);

        assert_eq!(case.config().environment, *environment);
    }
}

#[test]
fn the_defaults_are_as_documented() {
    let config = Case::new(&[]).config();

    assert_eq!((config.server.host, config.server.port), (IpAddr::from([127, 0, 0, 1]), 8080));
    assert_eq!(config.openai.realtime_url, "wss://api.openai.com/v1/realtime");
    assert_eq!(config.openai.connect_timeout, Duration::from_secs(3));
    assert_eq!(config.twilio.api_base_url, "https://api.twilio.com");
    assert_eq!(config.database.url.as_str(), "sqlite://data/alpha-call.db?mode=rwc");
    assert_eq!((config.limits.max_concurrent_calls, config.limits.max_openai_connections), (10, 20));
    assert_eq!((config.limits.call_cooldown, config.limits.max_call), (Duration::from_secs(300), Duration::from_secs(3600)));
    assert_eq!((config.call.lead, config.call.resume_deadline), (Duration::from_millis(800), Duration::from_secs(15)));
    assert_eq!(config.server.drain, Duration::from_secs(8));
    assert!(config.assistants.default_one().greeting.contains("AI"), "the greeting discloses what speaks");
}

#[test]
fn the_dialect_of_each_endpoint_is_a_word_or_left_to_its_host() {
    let fallback = ("APP__OPENAI__FALLBACK_URL", "wss://proxy.example.com/v1/realtime");
    let dialects = |settings: &[(&'static str, &'static str)]| {
        let openai = Case::new(settings).config().openai;
        (openai.dialect, openai.fallback.map(|fallback| fallback.dialect))
    };

    assert_eq!(dialects(&[]), (DialectWord::Auto, None));
    assert_eq!(dialects(&[fallback]), (DialectWord::Auto, Some(DialectWord::Auto)));
    let both = [("APP__OPENAI__DIALECT", "azure"), ("APP__OPENAI__FALLBACK_DIALECT", "xai"), fallback];
    assert_eq!(dialects(&both), (DialectWord::Azure, Some(DialectWord::Xai)));
}

#[test]
fn each_environment_has_its_own_defaults() {
    let development = Case::new(&[]).config();
    let production = Case::production(&[]).config();
    let simulation = Case::new(&[("APP_ENV", "simulation")]).config();

    assert_eq!((development.twilio.signature, development.log.format), (SignatureMode::Warn, LogFormat::Text));
    assert_eq!((production.twilio.signature, production.log.format), (SignatureMode::Require, LogFormat::Json));
    assert_eq!(simulation.assistants.default_one().greeting, "Hello, this is the AI assistant of the Lakeside Clinic. How can I help you?");
}

#[test]
fn a_file_on_disk_changes_only_what_it_names() {
    let case = Case::production(&[]).file("config/production.toml", "[server]\nport = 9000");

    let config = case.config();

    assert_eq!(config.server.port, 9000);
    assert_eq!(config.log.format, LogFormat::Json);
}

#[test]
fn others_who_can_reach_us_make_it_production() {
    let environment = |env: &[(&str, &str)]| Case::production(env).without("APP_ENV").config().environment;

    assert_eq!(environment(&[]), Environment::Development);
    assert_eq!(environment(&[("HOST", "127.0.0.2")]), Environment::Development);
    assert_eq!(environment(&[("HOST", "::1")]), Environment::Development);
    for (name, value) in
        [("HOST", "0.0.0.0"), ("HOST", "::"), ("APP__SERVER__HOST", "10.0.0.1"), ("K_SERVICE", "voice"), ("GAE_ENV", "flex")]
    {
        assert_eq!(environment(&[(name, value)]), Environment::Production, "{name}={value}");
    }
}

#[test]
fn a_host_counts_wherever_it_was_set() {
    let bare = || Case::production(&[]).without("APP_ENV");

    assert!(bare().flag("server.host", "0.0.0.0").config().environment.is_production());
    assert!(bare().file(".env", "HOST=0.0.0.0").config().environment.is_production());
    assert!(bare().config_file("my.toml", "server.host = \"0.0.0.0\"").config().environment.is_production());
    assert!(bare().file("config/development.toml", "server.host = \"0.0.0.0\"").config().environment.is_production());
}

#[test]
fn asking_for_development_does_not_open_a_reachable_host_but_simulation_stays() {
    let loaded = Case::production(&[("APP_ENV", "development"), ("HOST", "0.0.0.0")]).loaded();
    let simulated = Case::new(&[("APP_ENV", "simulation"), ("HOST", "0.0.0.0"), ("K_SERVICE", "x")]).config();

    assert!(loaded.config.environment.is_production());
    assert!(loaded.warnings.iter().any(|w| w.contains("APP_ENV=development")), "{:?}", loaded.warnings);
    assert_eq!(simulated.environment, Environment::Simulation);
}

#[test]
fn the_environment_may_be_named_in_dotenv() {
    assert_eq!(Case::new(&[]).file(".env", "APP_ENV=simulation").config().environment, Environment::Simulation);
    assert_eq!(Case::new(&[("APP_ENV", "development")]).file(".env", "APP_ENV=simulation").config().environment, Environment::Development);
}

#[test]
fn an_empty_variable_is_not_set() {
    let case =
        Case::new(&[("PORT", ""), ("OPENAI_API_KEY", ""), ("APP__OPENAI__VOICE", " "), ("DOMAIN", "")]).file(".env", "OPENAI_MODEL=''\n");

    let config = case.config();

    assert_eq!(config.server.port, 8080);
    assert!(config.openai.api_key.is_none() && config.public.domain.is_none());
    assert_eq!((config.openai.voice.as_str(), config.openai.model.as_str()), ("marin", "gpt-realtime-2.1"));
}

#[test]
fn an_empty_variable_leaves_what_dotenv_says() {
    let case = Case::new(&[("OPENAI_MODEL", "")]).file(".env", "OPENAI_MODEL=mine");

    assert_eq!(model(&case).0, "mine");
}

#[test]
fn plus_signs_and_hex_survive() {
    let token = "00112233445566778899001122334e12";
    let case = Case::new(&[("PHONE_NUMBER_FROM", "+14155552671"), ("TWILIO_AUTH_TOKEN", token)])
        .file(".env", "VERIFIED_PHONE_NUMBERS='+14155550100, +1 (415) 555-2671'\nSTREAM_TOKEN_KEY=1e10\n");

    let config = case.config();

    assert_eq!(config.twilio.phone_number_from.expect("a number").as_str(), "+14155552671");
    assert_eq!(config.twilio.auth_token.expect("a token").expose_secret(), token);
    assert_eq!(config.security.stream_token_key.expect("a key").expose_secret(), "1e10");
    let numbers: Vec<&str> = config.limits.verified_numbers.iter().map(|n| n.as_str()).collect();
    assert_eq!(numbers, ["+14155550100", "+14155552671"]);
}

#[test]
fn dollars_and_hashes_survive_in_single_quotes() {
    let case = Case::new(&[]).file(".env", "OPENAI_API_KEY='va$lue #1 \"x\"'\n");

    assert_eq!(case.config().openai.api_key.expect("a key").expose_secret(), "va$lue #1 \"x\"");
}

#[test]
fn a_secret_is_read_from_a_file() {
    let case = Case::new(&[("OPENAI_API_KEY_FILE", "key")]).file("key", "from file \n");

    let loaded = case.loaded();

    assert_eq!(loaded.config.openai.api_key.expect("a key").expose_secret(), "from file ");
    assert_eq!(loaded.sources.origin("openai.api_key"), Some(&Origin::Variable("OPENAI_API_KEY_FILE".to_owned())));
}

#[test]
fn a_variable_wins_over_a_secret_file_that_dotenv_names() {
    let case = Case::new(&[("OPENAI_API_KEY", "direct")]).file(".env", "OPENAI_API_KEY_FILE=key").file("key", "from file");

    assert_eq!(case.config().openai.api_key.expect("a key").expose_secret(), "direct");
}

#[test]
fn lists_come_from_commas_or_from_toml() {
    let toml = "[limits]\nverified_phone_numbers = [\"+14155550100\"]\n[server]\ncors_origins = [\"https://a.example\", \"http://localhost:3000\"]";

    let config = Case::new(&[("API_KEYS", "one, two,,")]).config_file("my.toml", toml).config();

    assert_eq!(config.limits.verified_numbers.len(), 1);
    assert_eq!(config.server.cors_origins, ["https://a.example", "http://localhost:3000"]);
    let keys: Vec<&str> = config.security.api_keys.iter().map(|key| key.expose_secret()).collect();
    assert_eq!(keys, ["one", "two"]);
}

#[test]
fn a_domain_is_bared_with_a_warning() {
    let loaded = Case::new(&[("DOMAIN", "https://voice.example.com/")]).loaded();

    assert_eq!(loaded.config.public.domain.expect("a domain").as_str(), "voice.example.com");
    assert_eq!(loaded.warnings, ["DOMAIN: scheme and slash are taken off, voice.example.com is used"]);
}

#[test]
fn the_database_is_the_url_or_its_parts() {
    let parts = [("GOOGLE_CLOUD_SQL_CONNECTION_NAME", "p:r:i"), ("DB_PASSWORD", "p@ss/w%rd"), ("DB_USER", "app")];
    let by_parts = Case::new(&parts).config().database.url;
    let both = Case::new(&parts).file(".env", "DATABASE_URL=sqlite::memory:").loaded();

    assert_eq!(by_parts.as_str(), "postgres://app:p%40ss%2Fw%25rd@localhost/voice_assistant?host=%2Fcloudsql%2Fp%3Ar%3Ai");
    assert_eq!(both.config.database.url.as_str(), "sqlite::memory:");
    assert_eq!(both.warnings, ["DATABASE_URL wins over GOOGLE_CLOUD_SQL_CONNECTION_NAME"]);
}

#[test]
fn parts_that_are_not_used_are_told() {
    let loaded = Case::new(&[("DB_PASSWORD", "pw")]).loaded();

    assert!(loaded.warnings.iter().any(|w| w.starts_with("DB_PASSWORD is not used")), "{:?}", loaded.warnings);
}

#[test]
fn what_real_calls_need_is_missing_until_it_is_set() {
    let sid = "AC00000000000000000000000000000001";
    let all = [
        ("OPENAI_API_KEY", "k"),
        ("TWILIO_ACCOUNT_SID", sid),
        ("TWILIO_AUTH_TOKEN", "t"),
        ("PHONE_NUMBER_FROM", "+14155550100"),
        ("DOMAIN", "voice.example.com"),
    ];
    let missing = |env: &[(&str, &str)]| Case::new(env).config().missing().iter().map(|m| m.variable).collect::<Vec<_>>();

    assert_eq!(missing(&[]), all.map(|(name, _)| name));
    assert_eq!(missing(&all), [""; 0]);
}

#[test]
fn production_warns_of_what_real_calls_need() {
    let loaded = Case::production(&[]).loaded();

    assert_eq!(loaded.warnings, ["no real calls: OPENAI_API_KEY, TWILIO_ACCOUNT_SID, PHONE_NUMBER_FROM, DOMAIN not set"]);
}

#[test]
fn a_misspelt_name_in_dotenv_is_told() {
    let loaded = Case::new(&[]).file(".env", "TWILIO_AUTH_TOKN=x\nPOSTGRES_PASSWORD=x\n").loaded();

    assert_eq!(loaded.warnings, [".env: nothing reads TWILIO_AUTH_TOKN; did you mean TWILIO_AUTH_TOKEN?"]);
}
