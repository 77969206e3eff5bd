//! Somebody's copy of the repository, at a machine whose gcloud and curl are ours.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

pub const PROJECT: &str = "voice-project";
/// What the operator has in `.env`.
const DOTENV: &str = "OPENAI_API_KEY='sk-hush-openai'\nTWILIO_ACCOUNT_SID='AC00hush00'\nTWILIO_AUTH_TOKEN='hush-token' # of the console\nPHONE_NUMBER_FROM=+14155550100\n";
const HUSH: [&str; 3] = ["sk-hush-openai", "AC00hush00", "hush-token"];
/// What the scripts read.
const FILES: [&str; 5] = ["app.yaml", "deploy/service.yaml", "scripts/deploy.sh", "scripts/google.sh", "scripts/setup-database.sh"];

pub struct Desk {
    folder: TempDir,
}

/// How a script ended, and what it said.
#[derive(Debug)]
pub struct Told {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl From<Output> for Told {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("utf-8");
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit {:?}\n{}\n{}", self.code, self.out, self.err)
    }
}

impl Desk {
    /// With the stand-ins for gcloud and curl; the project has an App Engine application.
    pub fn new() -> Self {
        let desk = Self::with_real_gcloud();
        let fixtures = std::path::absolute("tests/fixtures/gcloud").expect("a path");
        for tool in ["gcloud", "curl"] {
            std::os::unix::fs::symlink(fixtures.join(tool), desk.path("bin").join(tool)).expect("a link");
        }
        fs::write(desk.stub("state/app"), "").expect("a file");
        desk
    }

    pub fn with_real_gcloud() -> Self {
        let desk = Self { folder: tempfile::tempdir().expect("a folder") };
        for folder in ["bin", "home", "stub/state", "repository/scripts", "repository/deploy"] {
            fs::create_dir_all(desk.path(folder)).expect("a folder");
        }
        for file in FILES {
            fs::copy(file, desk.repository().join(file)).expect("a copy");
        }
        fs::write(desk.repository().join(".env"), DOTENV).expect("a file");
        desk
    }

    /// After a first run of the set-up.
    pub fn set_up() -> Self {
        let desk = Self::new();
        desk.script("setup-database.sh", &[]).succeeded();
        desk.forget();
        desk
    }

    /// The images are named after a commit.
    pub fn commit(&self) {
        let git = "git init --quiet && printf '*\\n' > .gitignore \
            && git -c user.name=a -c user.email=a@example.com commit --quiet --allow-empty --message=first";
        assert!(self.command("bash").args(["-c", git]).status().expect("bash runs").success());
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn repository(&self) -> PathBuf {
        self.path("repository")
    }

    pub fn stub(&self, name: &str) -> PathBuf {
        self.path("stub").join(name)
    }

    pub fn script(&self, name: &str, words: &[&str]) -> Told {
        let mut command = self.command("bash");
        command.arg(format!("scripts/{name}")).args(words).args(["--project", PROJECT]);
        command.output().expect("bash runs").into()
    }

    /// A program that finds our gcloud first, and nothing of this machine's settings.
    pub fn command(&self, program: &str) -> Command {
        let path = format!("{}:{}", self.path("bin").display(), std::env::var("PATH").unwrap_or_default());
        let mut command = Command::new(program);
        command.current_dir(self.repository()).env_clear().stdin(Stdio::null());
        command.envs([("PATH", path.as_str()), ("LANG", "C.UTF-8")]);
        command.envs([("STUB", self.path("stub")), ("HOME", self.path("home")), ("TMPDIR", self.path("home"))]);
        command
    }

    /// What gcloud was asked for, one after the other.
    pub fn commands(&self) -> Vec<String> {
        lines(&self.stub("argv"))
    }

    /// The same, with the addresses that were asked.
    pub fn journal(&self) -> Vec<String> {
        lines(&self.stub("journal"))
    }

    /// The command of this number fails.
    pub fn fail_at(&self, number: usize) {
        fs::write(self.stub("fail_at"), number.to_string()).expect("a file");
    }

    /// Addresses in which this occurs do not answer well.
    pub fn unwell(&self, part: &str) {
        fs::write(self.stub("unwell"), part).expect("a file");
    }

    pub fn forget(&self) {
        for file in ["argv", "journal", "fail_at", "unwell"] {
            // One that is not there is forgotten.
            let _ = fs::remove_file(self.stub(file));
        }
    }

    pub fn state(&self, name: &str) -> String {
        fs::read_to_string(self.stub("state").join(name)).unwrap_or_default()
    }

    /// The files of this kind that gcloud was handed, the oldest first.
    pub fn handed(&self, kind: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.stub("files")) else { return Vec::new() };
        let paths = entries.map(|entry| entry.expect("an entry").path());
        let mut numbered: Vec<(u32, PathBuf)> = paths.filter_map(|path| Some((number_of(&path, kind)?, path))).collect();
        numbered.sort();
        numbered.iter().map(|(_, path)| fs::read_to_string(path).expect("a file")).collect()
    }

    /// No secret is a word of a command, or said.
    pub fn kept_silent(&self, told: &Told) {
        let made = ["alpha-call-api-keys", "alpha-call-db-password"].map(|name| self.state(&format!("secret_values/{name}")));
        let secrets = HUSH.into_iter().chain(made.iter().map(String::as_str).filter(|secret| !secret.is_empty()));
        let said = format!("{}\n{told}", self.commands().join("\n"));
        for secret in secrets {
            assert!(!said.contains(secret), "{secret} in {said}");
        }
    }
}

impl Told {
    #[track_caller]
    pub fn succeeded(self) -> Self {
        assert_eq!(self.code, Some(0), "{self}");
        self
    }

    /// It ended badly, at a step with a name, and said how to go on.
    #[track_caller]
    pub fn failed(self, script: &str) -> Self {
        assert!(self.code.is_some_and(|code| code != 0), "{self}");
        let step = self.err.lines().find_map(|line| line.strip_prefix(&format!("{script}: FAILED at: ")));
        assert!(step.is_some_and(|step| !step.starts_with("the beginning")), "no step is named: {self}");
        assert!(self.err.contains(&format!("run the same again: scripts/{script}")), "{self}");
        self
    }
}

/// Each of a complete run's commands fails once: the script says where, and the same again succeeds.
pub fn each_command_may_fail(make: impl Fn() -> Desk + Sync, script: &str, words: &[&str]) {
    let complete = make();
    complete.script(script, words).succeeded();
    let numbers: Vec<usize> = (1..=complete.commands().len()).collect();
    assert!(numbers.len() > 5, "hardly a command: {:?}", complete.commands());
    let fails = |number: usize| {
        let desk = make();
        desk.fail_at(number);
        let told = desk.script(script, words).failed(script);
        desk.kept_silent(&told);
        let told = desk.script(script, words).succeeded();
        desk.kept_silent(&told);
    };
    std::thread::scope(|scope| {
        for share in 0..4 {
            let numbers = numbers.iter().copied().skip(share).step_by(4);
            scope.spawn(move || numbers.for_each(fails));
        }
    });
}

fn lines(file: &Path) -> Vec<String> {
    fs::read_to_string(file).unwrap_or_default().lines().map(|line| line.trim_end().to_owned()).collect()
}

fn number_of(path: &Path, kind: &str) -> Option<u32> {
    path.file_stem()?.to_str()?.strip_prefix(kind)?.strip_prefix('-')?.parse().ok()
}
