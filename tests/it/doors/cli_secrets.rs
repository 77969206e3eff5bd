//! Secrets that are kept at Google, and fetched at the start.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use super::process::{Shell, Told};

const TOKEN: &str = "ya29.hush-token";
const KEY_VERSION: &str = "projects/p/secrets/openai/versions/3";
const NO_VERSION: &str = "projects/p/secrets/nobody/versions/1";

/// The metadata server and Secret Manager, which note what they are asked for.
struct Google {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Google {
    fn open() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let (address, asked) = (listener.local_addr().expect("an address"), Arc::default());
        let noted = Arc::clone(&asked);
        std::thread::spawn(move || listener.incoming().for_each(|stream| answer(stream.expect("a connection"), &noted)));
        Self { address, asked }
    }

    fn shell(&self) -> Shell {
        let address = self.address.to_string();
        Shell::new()
            .with("GCE_METADATA_HOST", &address)
            .with("CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER", &format!("http://{address}/"))
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("what was asked").clone()
    }
}

fn answer(stream: TcpStream, asked: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).expect("a line") == 0 || line.trim().is_empty() {
            break;
        }
        head.push(line.trim().to_owned());
    }
    let path = head.first().and_then(|line| line.split(' ').nth(1)).unwrap_or_default().to_owned();
    let has = |header: &str| head.iter().any(|line| line.eq_ignore_ascii_case(header));
    let (status, body) = match path.as_str() {
        "/computeMetadata/v1/instance/service-accounts/default/token" if has("metadata-flavor: Google") => {
            (200, format!(r#"{{"access_token":"{TOKEN}","expires_in":3599,"token_type":"Bearer"}}"#))
        }
        // sk-hush-openai, and the end of a line.
        path if path == format!("/v1/{KEY_VERSION}:access") && has(&format!("authorization: Bearer {TOKEN}")) => {
            (200, r#"{"name":"x","payload":{"data":"c2staHVzaC1vcGVuYWkK","dataCrc32c":"1"}}"#.to_owned())
        }
        _ => (403, r#"{"error":{"code":403}}"#.to_owned()),
    };
    asked.lock().expect("what was asked").push(path);
    let mut stream = stream;
    let length = body.len();
    // Who has gone does not mind.
    let _ = write!(
        stream,
        "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
}

fn assert_silent(told: &Told) {
    let said = told.to_string();
    assert!(!said.contains("hush") && !said.contains("panicked"), "{said}");
}

#[test]
fn a_secret_that_google_keeps_is_read_as_if_its_variable_held_it() {
    let google = Google::open();

    let told = google.shell().with("OPENAI_API_KEY_SECRET", KEY_VERSION).run(&["config", "show"]);

    assert_eq!(told.code, Some(0), "{told}");
    let key = told.out.lines().find(|line| line.starts_with("api_key")).unwrap_or_default();
    assert!(key.contains("14"), "its length, without the line's end: {key}");
    assert_silent(&told);
}

#[test]
fn every_secret_that_cannot_be_had_is_told_at_once_without_a_word_of_it() {
    let google = Google::open();
    let shell = google.shell().with("OPENAI_API_KEY_SECRET", NO_VERSION).with("API_KEYS_SECRET", "api-keys");

    let told = shell.with("DB_PASSWORD_SECRET", KEY_VERSION).with("DB_PASSWORD", "hush-too").run(&["check"]);

    assert_eq!(told.code, Some(78), "{told}");
    for part in [
        "3 problems",
        "OPENAI_API_KEY_SECRET (openai.api_key), from variable OPENAI_API_KEY_SECRET\n  wrong: 127.0.0.1 answered 403",
        "wrong: is not the name of a version",
        "wrong: DB_PASSWORD is set as well",
    ] {
        assert!(told.err.contains(part), "{part}: {told}");
    }
    assert_silent(&told);
}

#[test]
fn a_metadata_server_that_is_not_there_is_named() {
    let nobody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port").local_addr().expect("an address");
    let shell = Shell::new().with("GCE_METADATA_HOST", &nobody.to_string());

    let told = shell.with("OPENAI_API_KEY_SECRET", KEY_VERSION).run(&["check"]);

    assert_eq!(told.code, Some(78), "{told}");
    assert!(told.err.contains("no token of our account: 127.0.0.1 does not answer"), "{told}");
}

#[test]
fn whoever_only_asks_for_health_fetches_nothing() {
    let google = Google::open();

    google.shell().with("OPENAI_API_KEY_SECRET", KEY_VERSION).with("PORT", "1").run(&["healthcheck"]);

    assert_eq!(google.asked(), [""; 0]);
}
