//! Secrets stay where they belong.

use proptest::prelude::*;

use super::*;

/// Every secret, each with a value of its own that is valid in its place.
fn secrets(text: &[String; 7]) -> Vec<(&'static str, String)> {
    let [openai, token, key, secret, password, api, stream] = text;
    vec![
        ("OPENAI_API_KEY", openai.clone()),
        ("TWILIO_AUTH_TOKEN", token.clone()),
        ("TWILIO_API_KEY", key.clone()),
        ("TWILIO_API_SECRET", secret.clone()),
        ("DB_PASSWORD", password.clone()),
        ("API_KEYS", api.clone()),
        ("STREAM_TOKEN_KEY", stream.clone()),
    ]
}

fn case(secrets: &[(&'static str, String)]) -> Case {
    let mut case = Case::new(&[("GOOGLE_CLOUD_SQL_CONNECTION_NAME", "p:r:i")]);
    case.env.extend(secrets.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    case
}

fn texts() -> impl Strategy<Value = [String; 7]> {
    let text = prop_oneof!["[!-+\\--~]{12,32}", "[0-9A-Za-z]{12,32}"];
    prop::array::uniform7(text)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_secret_is_printed(texts in texts()) {
        let secrets = secrets(&texts);
        let loaded = case(&secrets).loaded();

        let printed = format!("{loaded:?}\n{loaded:#?}\n{}\n{:?}", show::toml(&loaded, true), loaded.config.missing());

        for (name, value) in &secrets {
            prop_assert!(!printed.contains(value.as_str()), "{name}");
        }
    }

    #[test]
    fn no_secret_is_told_in_a_problem(texts in texts()) {
        let secrets = secrets(&texts);
        let mut case = case(&secrets);
        let [sid, url, number, ..] = &texts;
        for (name, value) in [("TWILIO_ACCOUNT_SID", sid), ("DATABASE_URL", url), ("PHONE_NUMBER_FROM", number), ("VERIFIED_PHONE_NUMBERS", number)] {
            case.env.insert(name.to_owned(), value.clone());
        }

        let printed = case.load().expect_err("four mistakes").to_string();

        for text in &texts {
            prop_assert!(!printed.contains(text.as_str()), "{printed}");
        }
    }
}

#[test]
fn a_broken_file_does_not_tell_what_stands_in_it() {
    for broken in [
        "api_key = hunter2",
        "api_key = 'hunter2",
        "api_key = \"hunter2\\q\"",
        "api_key = 'x' hunter2",
        "api_key 'hunter2'",
        "[hunter2",
        "api_key = [hunter2]",
    ] {
        let file = Case::new(&[]).config_file("my.toml", &format!("[openai]\n{broken}\n")).load().expect_err(broken).to_string();
        let dotenv = Case::new(&[]).file(".env", "OPENAI_API_KEY=one hunter2\n").load().expect_err("a broken line").to_string();

        assert!(!file.contains("hunter2") && !dotenv.contains("hunter2"), "{file}");
    }
}

#[test]
fn accounts_and_numbers_do_not_print_either() {
    let sid = "AC00000000000000000000000000000001";
    let case = Case::new(&[("TWILIO_ACCOUNT_SID", sid), ("PHONE_NUMBER_FROM", "+14155552671"), ("VERIFIED_PHONE_NUMBERS", "+14155550100")]);

    let printed = format!("{:?}", case.config());

    for text in [sid, "4155552671", "4155550100"] {
        assert!(!printed.contains(text), "{printed}");
    }
}

#[test]
fn the_password_of_the_database_is_starred() {
    let loaded = Case::new(&[("DATABASE_URL", "postgres://app:hunter2@db/voice")]).loaded();

    assert!(show::toml(&loaded, false).contains("url = \"postgres://app:***@db/voice\""));
}
