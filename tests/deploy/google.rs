//! The scripts and files against the real gcloud, whose every request goes to `tests/fixtures/gcloud/fake_api.py`.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::desk::{Desk, PROJECT, Told};

const IMAGE: [&str; 2] = ["--image", "us-docker.pkg.dev/p/r/voice@sha256:c0ffeec0ffeec0ffeec0ffeec0ffeec0ffeec0ffeec0ffeec0ffeec0ffeec0ff"];
/// What gcloud would send to Google.
const APIS: [&str; 9] =
    ["APPENGINE", "ARTIFACTREGISTRY", "CLOUDRESOURCEMANAGER", "COMPUTE", "IAM", "RUN", "SECRETMANAGER", "SERVICEUSAGE", "SQL"];
const SETTINGS: [(&str, &str); 7] = [
    ("CLOUDSDK_AUTH_DISABLE_CREDENTIALS", "true"),
    ("CLOUDSDK_APP_USE_RUNTIME_BUILDERS", "false"),
    ("CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK", "true"),
    ("CLOUDSDK_CORE_DISABLE_USAGE_REPORTING", "true"),
    ("CLOUDSDK_SURVEY_DISABLE_PROMPTS", "true"),
    ("CLOUDSDK_PROXY_TYPE", "http"),
    ("CLOUDSDK_PROXY_ADDRESS", "127.0.0.1"),
];

/// A project at a Google of ours.
struct Google {
    desk: Desk,
    api: Child,
    port: String,
}

impl Drop for Google {
    fn drop(&mut self) {
        // It has no end of its own.
        let _ = self.api.kill();
        let _ = self.api.wait();
    }
}

impl Google {
    /// None where there is no gcloud, or no Python for the API.
    fn found() -> Option<Self> {
        let is_there = |tool: &str| {
            Command::new(tool).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
        };
        if let Some(missing) = ["gcloud", "python3"].into_iter().find(|tool| !is_there(tool)) {
            eprintln!("LEFT OUT: there is no {missing} here, so nothing was tried against the real gcloud");
            return None;
        }
        let desk = Desk::with_real_gcloud();
        let api = Command::new("python3").arg("tests/fixtures/gcloud/fake_api.py").arg(desk.path("stub")).spawn().expect("python runs");
        let mut google = Self { desk, api, port: String::new() };
        google.port = google.told_port();
        Some(google)
    }

    fn told_port(&self) -> String {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            if let Ok(port) = fs::read_to_string(self.desk.stub("port")) {
                return port;
            }
            assert!(Instant::now() < deadline, "the API never listened");
            std::thread::yield_now();
        }
    }

    fn command(&self, program: &str) -> Command {
        let mut command = self.desk.command(program);
        command.envs(SETTINGS).env("CLOUDSDK_PROXY_PORT", &self.port).env("CLOUDSDK_CONFIG", self.desk.path("home/gcloud"));
        command.envs(APIS.map(|api| (format!("CLOUDSDK_API_ENDPOINT_OVERRIDES_{api}"), "http://fake.test/")));
        command
    }

    fn script(&self, name: &str, words: &[&str]) -> Told {
        let mut command = self.command("bash");
        let told: Told =
            command.arg(format!("scripts/{name}")).args(words).args(["--project", PROJECT]).output().expect("bash runs").into();
        assert!(!told.err.contains("Traceback") && !told.err.contains("gcloud crashed"), "{told}");
        told
    }

    /// The requests that changed something or tried to, since last asked.
    fn requests(&self) -> Vec<Value> {
        let file = self.desk.stub("requests");
        let text = fs::read_to_string(&file).unwrap_or_default();
        // There is none if nothing was asked.
        let _ = fs::remove_file(file);
        text.lines().map(|line| serde_json::from_str(line).expect("a request")).collect()
    }

    /// What the set-up makes, as far as a service names it.
    fn has_an_account_and_secrets(&self) {
        self.post("serviceAccounts", r#"{"accountId":"alpha-call"}"#);
        for secret in ["db-password", "api-keys", "openai-api-key", "twilio-account-sid", "twilio-auth-token"] {
            self.post(&format!("secrets?secretId=alpha-call-{secret}"), r#"{"replication":{"automatic":{}}}"#);
            self.post(&format!("secrets/alpha-call-{secret}:addVersion"), r#"{"payload":{"data":"aHVzaA=="}}"#);
        }
    }

    fn post(&self, path: &str, body: &str) {
        let mut stream = TcpStream::connect(format!("127.0.0.1:{}", self.port)).expect("the API");
        let head = format!(
            "POST /v1/projects/{PROJECT}/{path} HTTP/1.1\r\nHost: fake.test\r\nConnection: close\r\nContent-Length: {}",
            body.len()
        );
        write!(stream, "{head}\r\n\r\n{body}").expect("asked");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    }

    /// Whether `gcloud run services replace` would take the file.
    fn judge(&self, service: &str) -> Told {
        let mut file = tempfile::NamedTempFile::with_suffix(".yaml").expect("a file");
        file.write_all(service.as_bytes()).expect("written");
        let mut command = self.command("gcloud");
        command
            .args(["run", "services", "replace", "--dry-run", "--region=us-central1", "--quiet"])
            .arg(file.path())
            .args(["--project", PROJECT]);
        command.output().expect("gcloud runs").into()
    }
}

fn bodies<'a>(requests: &'a [Value], path: &str) -> Vec<&'a Value> {
    requests
        .iter()
        .filter(|request| request["path"].as_str().is_some_and(|text| text.ends_with(path)))
        .map(|request| &request["body"])
        .collect()
}

/// Answers well at every address of the platforms.
fn with_stub_of_curl(google: &Google) {
    let curl = std::path::absolute("tests/fixtures/gcloud/curl").expect("a path");
    std::os::unix::fs::symlink(curl, google.desk.path("bin/curl")).expect("a link");
}

/// The one API for which gcloud can be given no other address; all else is the real one's.
fn with_a_network_that_is_peered(google: &Google) {
    let real = Command::new("sh").args(["-c", "command -v gcloud"]).output().expect("a shell").stdout;
    let real = String::from_utf8(real).expect("a path");
    let text = format!("#!/bin/sh\ncase \"$*\" in *vpc-peerings*) exit 0 ;; esac\nexec {} \"$@\"\n", real.trim());
    let file = google.desk.path("bin/gcloud");
    fs::write(&file, text).expect("a file");
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).expect("a program");
}

#[test]
fn google_takes_every_command_of_the_scripts_and_gets_what_was_meant() {
    let Some(google) = Google::found() else { return };
    with_stub_of_curl(&google);
    with_a_network_that_is_peered(&google);

    google.script("setup-database.sh", &["--network", "office"]).succeeded();
    assert_set_up(&google.requests());
    google.script("setup-database.sh", &["--network", "office"]).succeeded();
    let again: Vec<Value> = google.requests().into_iter().filter(makes_something).collect();
    assert_eq!(again, [Value::Null; 0], "a second run makes nothing");

    google.script("deploy.sh", &["cloud-run", "--network", "office", IMAGE[0], IMAGE[1]]).succeeded();
    assert_deployed(&google.requests());
    let told = google.script("deploy.sh", &["cloud-run", IMAGE[0], IMAGE[1], "--domain", "voice.example.com"]).succeeded();
    assert!(told.out.contains("--to-revisions=alpha-call-00002-abc=100"), "the way back: {told}");
    google.requests();

    google.script("deploy.sh", &["app-engine", IMAGE[0], IMAGE[1]]).succeeded();
    assert_deployed_to_app_engine(&google.requests());
}

fn makes_something(request: &Value) -> bool {
    let path = request["path"].as_str().unwrap_or_default();
    !path.ends_with("IamPolicy") && !path.ends_with(":batchEnable")
}

fn assert_set_up(requests: &[Value]) {
    let failed: Vec<&Value> = requests.iter().filter(|request| request["code"] != 200).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    let settings = &bodies(requests, "/instances")[0]["settings"];
    let network = settings["ipConfiguration"]["privateNetwork"].as_str();
    assert!(network.is_some_and(|network| network.ends_with(&format!("/projects/{PROJECT}/global/networks/office"))), "{network:?}");
    assert_eq!((&settings["deletionProtectionEnabled"], &settings["tier"]), (&true.into(), &"db-custom-2-7680".into()));
    assert_eq!(bodies(requests, "/users")[0]["password"].as_str().map(str::len), Some(40));
    let secrets: Vec<&Value> =
        requests.iter().filter(|request| request["path"].as_str().is_some_and(|path| path.ends_with(":addVersion"))).collect();
    assert_eq!(secrets.len(), 5, "{secrets:#?}");
    assert_eq!(secrets[0]["body"]["payload"]["data"], "c2staHVzaC1vcGVuYWk=", "without a line's end");
}

fn assert_deployed(requests: &[Value]) {
    let services = bodies(requests, "/services");
    let second = bodies(requests, "/services/alpha-call");
    let template = &second[0]["spec"]["template"];
    let notes = &template["metadata"]["annotations"];
    assert_eq!(services.len(), 1, "the first time alone");
    assert_eq!((&template["spec"]["timeoutSeconds"], &template["spec"]["containerConcurrency"]), (&3600.into(), &200.into()));
    assert_eq!(notes["run.googleapis.com/cpu-throttling"], "false");
    assert_eq!(notes["run.googleapis.com/cloudsql-instances"], format!("{PROJECT}:us-central1:alpha-call"));
    assert_eq!(notes["run.googleapis.com/network-interfaces"], r#"[{"network":"office","subnetwork":"office"}]"#);
    let variables = template["spec"]["containers"][0]["env"].as_array().expect("variables");
    let variable = |name: &str| variables.iter().find(|variable| variable["name"] == name).cloned().unwrap_or_default();
    assert_eq!(variable("DOMAIN")["value"], "alpha-call-abc123-uc.a.run.app");
    assert_eq!(variable("DB_PASSWORD")["valueFrom"]["secretKeyRef"], serde_json::json!({"name": "alpha-call-db-password", "key": "1"}));
    let job = &bodies(requests, "/jobs")[0]["spec"]["template"]["spec"]["template"]["spec"];
    assert_eq!(job["containers"][0]["args"], serde_json::json!(["db", "migrate"]));
    assert_eq!(bodies(requests, "alpha-call-migrate:run").len(), 1);
}

fn assert_deployed_to_app_engine(requests: &[Value]) {
    let version = bodies(requests, "/versions")[0];
    assert_eq!((&version["env"], &version["deployment"]["container"]["image"]), (&"flex".into(), &IMAGE[1].into()));
    assert_eq!(version["readinessCheck"]["path"], "/health/ready?for=balancer");
    assert_eq!(version["betaSettings"]["cloud_sql_instances"], format!("{PROJECT}:us-central1:alpha-call"));
    let secret = format!("projects/{PROJECT}/secrets/alpha-call-openai-api-key/versions/1");
    assert_eq!(version["envVariables"]["OPENAI_API_KEY_SECRET"], secret);
    assert!(!version.to_string().contains("hush"), "{version}");
}

#[test]
fn what_cloud_run_would_refuse_is_refused_before_it_is_tried() {
    let Some(google) = Google::found() else { return };
    google.has_an_account_and_secrets();
    let mut service = fs::read_to_string("deploy/service.yaml").expect("the file");
    service = service.lines().filter(|line| !line.contains("${NETWORK}")).map(|line| format!("{line}\n")).collect();
    for (name, value) in [("NAME", "alpha-call"), ("ACCOUNT", "alpha-call@voice-project.iam.gserviceaccount.com"), ("IMAGE", IMAGE[1])] {
        service = service.replace(&format!("${{{name}}}"), value);
    }
    for secret in ["DB_PASSWORD", "API_KEYS", "OPENAI_API_KEY", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"] {
        service = service.replace(&format!("${{{secret}_VERSION}}"), "1");
    }
    google.judge(&service).succeeded();

    let mistakes = [
        ("timeoutSeconds: 3600", "timeoutSeconds: 7200"),
        ("timeoutSeconds: 3600", "timeoutSecond: 3600"),
        ("containerConcurrency: 200", "containerConcurrency: many"),
        ("containerConcurrency: 200", "containerConcurrency: 2000"),
        ("memory: 1Gi", "memory: lots"),
        ("maxScale: \"5\"", "maxScale: \"0\""),
        ("cpu: \"2\"", "cpu: \"3\""),
        ("key: \"1\"", "key: \"7\""),
        ("failureThreshold: 60", "failureThreshold: 600"),
        ("serviceAccountName: alpha-call@", "serviceAccountName: nobody@"),
    ];
    std::thread::scope(|scope| {
        for (right, wrong) in mistakes {
            assert!(service.contains(right), "{right}");
            let (google, service) = (&google, service.replacen(right, wrong, 1));
            scope.spawn(move || {
                let told = google.judge(&service);
                assert_ne!(told.code, Some(0), "{wrong}: {told}");
            });
        }
    });
}
