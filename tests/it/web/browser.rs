//! A real browser, driven as the standard has it. What it complains of is kept.
//! <https://www.w3.org/TR/webdriver2/>

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use url::{ParseError, Url};

const DRIVER: &str = "/usr/bin/chromedriver";
const CHROMIUM: &str = "/usr/bin/chromium";
/// Nothing on a page takes longer.
const WITHIN: Duration = Duration::from_secs(20);
/// No sandbox, since tests may run as root; and nothing that would ask the internet.
const ARGUMENTS: [&str; 12] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
];

/// How a page is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    pub width: u32,
    pub height: u32,
    pub dark: bool,
}

impl Look {
    pub const DESK: Self = Self { width: 1280, height: 900, dark: false };
    pub const NIGHT: Self = Self { dark: true, ..Self::DESK };
    pub const POCKET: Self = Self { width: 375, height: 812, dark: false };
}

pub struct Browser {
    pub page: Client,
    driver: Child,
    /// Closed, it would stop the driver at its next word.
    _words: BufReader<ChildStdout>,
    server: SocketAddr,
    _profile: TempDir,
}

impl Browser {
    /// None where Chromium is not installed: said aloud, and a failure with `CI=true`. `voice` is what its microphone hears.
    pub async fn open(server: SocketAddr, look: Look, voice: Option<&Path>) -> Option<Self> {
        if !Path::new(DRIVER).exists() || !Path::new(CHROMIUM).exists() {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "CI is set, but there is no Chromium: run scripts/test.sh");
            eprintln!("SKIPPED: {DRIVER} or {CHROMIUM} is not there; scripts/test.sh installs them");
            return None;
        }
        let profile = tempfile::tempdir().expect("a folder");
        let mut driver = Command::new(DRIVER)
            .args(["--port=0", "--log-level=SEVERE"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts");
        let mut words = BufReader::new(driver.stdout.take().expect("its words"));
        let port = port(&mut words);
        let capabilities = capabilities(look, voice, profile.path());
        let page = ClientBuilder::new(HttpConnector::new()).capabilities(capabilities).connect(&format!("http://127.0.0.1:{port}")).await;
        let page = page.expect("a browser");
        let browser = Self { page, driver, _words: words, server, _profile: profile };
        if look.dark {
            let dark = json!({ "features": [{ "name": "prefers-color-scheme", "value": "dark" }] });
            browser.tell("Emulation.setEmulatedMedia", dark).await;
        }
        Some(browser)
    }

    /// A word of the DevTools protocol.
    pub async fn tell(&self, command: &'static str, params: Value) {
        self.page.issue_cmd(DevTools { command, params }).await.expect("done");
    }

    pub async fn go(&self, path: &str) {
        self.page.goto(&format!("http://{}{path}", self.server)).await.expect("a page");
    }

    /// Waits for an element, by its CSS selector.
    pub async fn see(&self, css: &str) -> fantoccini::elements::Element {
        let found = self.page.wait().at_most(WITHIN).for_element(Locator::Css(css)).await;
        match found {
            Ok(element) => element,
            Err(error) => panic!("no {css}: {error}\n{}", self.text().await),
        }
    }

    /// Everything that can be read on the page.
    pub async fn text(&self) -> String {
        self.run("return document.body.innerText").await.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until the page says all of this.
    pub async fn reads(&self, words: &[&str]) {
        let deadline = tokio::time::Instant::now() + WITHIN;
        loop {
            let text = self.text().await;
            let missing: Vec<_> = words.iter().filter(|word| !text.contains(**word)).collect();
            if missing.is_empty() {
                return;
            }
            assert!(tokio::time::Instant::now() < deadline, "the page never said {missing:?}:\n{text}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    pub async fn click(&self, css: &str) {
        self.see(css).await.click().await.unwrap_or_else(|error| panic!("{css} cannot be clicked: {error}"));
    }

    /// Presses the button with these words on it; of several the last, which is that of a dialog.
    pub async fn press(&self, words: &str) {
        let path = format!("(//button[normalize-space(.)='{words}'])[last()]");
        let found = self.page.wait().at_most(WITHIN).for_element(Locator::XPath(&path)).await;
        match found {
            Ok(button) => button.click().await.unwrap_or_else(|error| panic!("{words} cannot be pressed: {error}")),
            Err(error) => panic!("no button {words}: {error}\n{}", self.text().await),
        }
    }

    /// What a function's body returns in the page.
    pub async fn run(&self, body: &str) -> Value {
        self.page.execute(body, Vec::new()).await.expect("a script")
    }

    pub async fn run_later(&self, body: &str) -> Value {
        self.page.execute_async(body, Vec::new()).await.expect("a script")
    }

    /// Errors of the console since it was last asked: of scripts, of missing files, of the content security policy.
    pub async fn complaints(&self) -> Vec<String> {
        let log = self.page.issue_cmd(BrowserLog).await.expect("the browser's log");
        let severe = log.as_array().expect("a list").iter().filter(|entry| entry["level"] == "SEVERE" || entry["level"] == "WARNING");
        severe.map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Ends without a complaint that nobody has asked for.
    pub async fn close(mut self) {
        assert_eq!(self.complaints().await, Vec::<String>::new());
        self.page.clone().close().await.expect("closed");
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

impl Drop for Browser {
    /// Of a test that has failed.
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// <https://developer.chrome.com/docs/chromedriver/capabilities>
fn capabilities(look: Look, voice: Option<&Path>, profile: &Path) -> serde_json::Map<String, Value> {
    let mut arguments: Vec<String> = ARGUMENTS.map(str::to_owned).to_vec();
    arguments.push(format!("--user-data-dir={}", profile.display()));
    if let Some(voice) = voice {
        arguments.push(format!("--use-file-for-fake-audio-capture={}%noloop", voice.display()));
    }
    arguments.push(format!("--window-size={},{}", look.width, look.height));
    let mut options = json!({ "binary": CHROMIUM, "args": arguments });
    if look.width < Look::DESK.width {
        let metrics = json!({ "width": look.width, "height": look.height, "pixelRatio": 2.0 });
        options["mobileEmulation"] = json!({ "deviceMetrics": metrics });
    }
    let wanted = json!({
        "browserName": "chrome",
        "goog:chromeOptions": options,
        "goog:loggingPrefs": { "browser": "ALL" },
    });
    wanted.as_object().expect("an object").clone()
}

/// It tells where it listens.
fn port(words: &mut BufReader<ChildStdout>) -> u16 {
    let mut line = String::new();
    while words.read_line(&mut line).expect("its words") > 0 {
        if let Some((_, port)) = line.trim().trim_end_matches('.').rsplit_once("started successfully on port ") {
            return port.parse().expect("a port");
        }
        line.clear();
    }
    panic!("chromedriver told no port")
}

#[derive(Debug)]
struct BrowserLog;

impl WebDriverCompatibleCommand for BrowserLog {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(json!({ "type": "browser" }).to_string()))
    }
}

/// <https://chromedevtools.github.io/devtools-protocol/>
#[derive(Debug)]
struct DevTools {
    command: &'static str,
    params: Value,
}

impl WebDriverCompatibleCommand for DevTools {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(json!({ "cmd": self.command, "params": self.params }).to_string()))
    }
}
