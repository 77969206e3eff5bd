//! The binary in an empty folder, with no variable but those that it is given.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use tempfile::TempDir;

/// A debug build on a busy machine is slow to start.
const START: Duration = Duration::from_secs(20);

/// What a command that runs on says on standard output.
const OUT: &str = "stdout.txt";

pub struct Shell {
    folder: TempDir,
    variables: BTreeMap<String, String>,
}

/// How a command ended, and what it said.
#[derive(Debug)]
pub struct Told {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// A command that runs on.
pub struct Instance {
    child: Child,
    lines: Receiver<String>,
    said: String,
    address: Option<SocketAddr>,
    folder: TempDir,
}

impl Shell {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder"), variables: BTreeMap::new() }
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    pub fn run(&self, arguments: &[&str]) -> Told {
        self.run_in(self.folder.path(), arguments)
    }

    pub fn run_in(&self, folder: &Path, arguments: &[&str]) -> Told {
        let output = self.command(arguments).current_dir(folder).output().expect("the binary runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("utf-8");
        Told { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// The same database, in production, and in another folder.
    pub fn as_production(&self) -> Self {
        let url = self.variables.get("DATABASE_URL").cloned().unwrap_or_default();
        let url = url.replace("sqlite://", &format!("sqlite://{}/", self.folder.path().display()));
        Self::new().with("DATABASE_URL", &url).with("APP_ENV", "production")
    }

    /// Serves on any free port.
    pub fn serve(self) -> Instance {
        self.start(&["serve", "--port", "0"])
    }

    pub fn start(self, arguments: &[&str]) -> Instance {
        let out = std::fs::File::create(self.folder.path().join(OUT)).expect("a file");
        let mut child = self.command(arguments).stdout(out).stderr(Stdio::piped()).spawn().expect("the binary runs");
        let lines = lines_of(child.stderr.take().expect("a pipe"));
        Instance { child, lines, said: String::new(), address: None, folder: self.folder }
    }

    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// What lies in the folder now.
    pub fn files(&self) -> Vec<String> {
        let entries = self.folder.path().read_dir().expect("a folder");
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_alpha-call"));
        command.args(arguments).current_dir(self.folder.path()).env_clear().envs(&self.variables).stdin(Stdio::null());
        command
    }
}

impl Instance {
    /// Where it says that it listens.
    pub fn address(&mut self) -> SocketAddr {
        let address = self.address.unwrap_or_else(|| self.told_address());
        *self.address.insert(address)
    }

    /// What it says on standard output, as it comes.
    pub fn out_file(&self) -> PathBuf {
        self.folder.path().join(OUT)
    }

    /// Waits until this is said on standard error.
    pub fn complains(&mut self, word: &str) {
        while !self.said.contains(word) {
            let line = self.lines.recv_timeout(START).unwrap_or_else(|_| panic!("never said {word}: {}", self.said));
            self.said.push_str(&line);
        }
    }

    fn told_address(&mut self) -> SocketAddr {
        loop {
            let line = self.lines.recv_timeout(START).unwrap_or_else(|_| panic!("never listened: {}", self.said));
            self.said.push_str(&line);
            let url = line.split_once("listening").and_then(|(_, rest)| rest.split_once("http://"));
            if let Some((_, rest)) = url {
                let address = rest.split([' ', '"']).next().unwrap_or_default();
                return address.trim().parse().unwrap_or_else(|_| panic!("no address: {line}"));
            }
        }
    }

    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status().expect("kill(1) runs");
        assert!(sent.success(), "kill -{name} failed");
    }

    pub fn open_files(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).expect("its files").count()
    }

    pub fn resident_kilobytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("its status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// It may have so many files open, sockets included.
    pub fn limit_files(&self, most: usize) {
        let limit = [format!("--pid={}", self.child.id()), format!("--nofile={most}:{most}")];
        assert!(Command::new("prlimit").args(limit).status().expect("prlimit(1) runs").success());
    }

    /// Waits until it has ended: its standard error closes then.
    pub fn ended(mut self, within: Duration) -> Told {
        let deadline = std::time::Instant::now() + within;
        while let Ok(line) = self.lines.recv_timeout(deadline.saturating_duration_since(std::time::Instant::now())) {
            self.said.push_str(&line);
        }
        assert!(std::time::Instant::now() < deadline, "not ended within {within:?}: {}", self.said);
        let code = self.child.wait().expect("a status").code();
        let out = std::fs::read_to_string(self.folder.path().join(OUT)).expect("what it said");
        Told { code, out, err: std::mem::take(&mut self.said) }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // Of one that has ended already there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit {:?}\n{}\n{}", self.code, self.out, self.err)
    }
}

/// The lines of a pipe, its rest included; the channel closes with it.
fn lines_of(pipe: ChildStderr) -> Receiver<String> {
    let (tell, told) = channel();
    std::thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = String::new();
        while pipe.read_line(&mut line).is_ok_and(|read| read > 0) {
            if tell.send(std::mem::take(&mut line)).is_err() {
                // Nobody listens any more, but the writer must not block.
                let _ = pipe.read_to_end(&mut Vec::new());
                return;
            }
        }
    });
    told
}
