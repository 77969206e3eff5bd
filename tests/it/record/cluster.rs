//! A PostgreSQL server of one's own, to be stopped, frozen and starved.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// Debian's place; others name theirs in `PG_BINDIR`, as `scripts/test.sh` does.
const DEBIAN: &str = "/usr/lib/postgresql";
const OPTIONS: &str = "-c listen_addresses='' -c fsync=off -c max_connections=40 -p 5432";

pub struct Cluster {
    folder: TempDir,
    bin: PathBuf,
    /// Root may not run a server.
    owner: Option<&'static str>,
}

impl Cluster {
    /// A running server, or none where PostgreSQL is not installed: said aloud, and a failure with `CI=true`.
    pub fn start() -> Option<Self> {
        let Some(bin) = binaries() else {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "CI is set, but there is no PostgreSQL: run scripts/test.sh");
            eprintln!("SKIPPED: no PostgreSQL server found; set PG_BINDIR");
            return None;
        };
        // Short: the path of a socket ends at 107 bytes.
        let folder = tempfile::Builder::new().prefix("pg").tempdir_in("/tmp").expect("a folder");
        let owner = is_root().then_some("postgres");
        if let Some(owner) = owner {
            run(Command::new("chown").arg(owner).arg(folder.path()));
        }
        let cluster = Self { folder, bin, owner };
        let auth = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"];
        run(cluster.command("initdb").arg("--pgdata").arg(cluster.place()).args(auth));
        cluster.resume();
        Some(cluster)
    }

    pub fn url(&self) -> String {
        format!("postgres://postgres@localhost:5432/postgres?host={}", self.folder.path().display())
    }

    /// As a machine that loses its power: no connection is told, nothing is written out.
    pub fn crash(&self) {
        self.pg_ctl(&["--mode=immediate", "stop"]);
    }

    pub fn resume(&self) {
        let socket = format!("-k {} {OPTIONS}", self.folder.path().display());
        let log = self.folder.path().join("server.log");
        self.pg_ctl(&["--options", &socket, "--log", &log.display().to_string(), "start"]);
    }

    /// Every process of the server stands still, with its connections open.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let Some(pid) = self.pid() else { return };
        // The children first, lest the parent starts others. One that has none is no failure.
        let children = Command::new("pkill").args([signal, "-P", &pid]).status();
        let parent = Command::new("kill").args([signal, &pid]).status();
        assert!(children.is_ok() && parent.is_ok_and(|status| status.success()), "kill {signal} {pid}");
    }

    fn pid(&self) -> Option<String> {
        let file = fs::read_to_string(self.place().join("postmaster.pid")).ok()?;
        file.lines().next().map(str::to_owned)
    }

    fn pg_ctl(&self, arguments: &[&str]) {
        run(self.command("pg_ctl").arg("--pgdata").arg(self.place()).args(["--wait", "--silent"]).args(arguments));
    }

    fn place(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, program: &str) -> Command {
        let program = self.bin.join(program);
        let mut command = match self.owner {
            Some(owner) => {
                let mut as_owner = Command::new("runuser");
                as_owner.args(["-u", owner, "--"]).arg(program);
                as_owner
            }
            None => Command::new(program),
        };
        command.current_dir("/");
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(pid) = self.pid() {
            // A test that failed while all stood still must not leave them so.
            let _ = Command::new("pkill").args(["-CONT", "-P", &pid]).status();
            let _ = Command::new("kill").args(["-CONT", &pid]).status();
            let stop = self.command("pg_ctl").arg("--pgdata").arg(self.place()).args(["--mode=immediate", "--silent", "stop"]).status();
            drop(stop);
        }
    }
}

fn binaries() -> Option<PathBuf> {
    let named = std::env::var_os("PG_BINDIR").map(PathBuf::from);
    let versions = fs::read_dir(DEBIAN).into_iter().flatten().flatten().map(|version| version.path().join("bin"));
    named.into_iter().chain(versions).find(|bin| bin.join("initdb").exists() && bin.join("pg_ctl").exists())
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// Its words go to a file and not through a pipe: a server that stays would hold a pipe open.
fn run(command: &mut Command) {
    let log = tempfile::NamedTempFile::new().expect("a file");
    let out = || Stdio::from(log.reopen().expect("the file"));
    let status = command.stdin(Stdio::null()).stdout(out()).stderr(out()).status().expect("it runs");
    assert!(status.success(), "{command:?}: {}", fs::read_to_string(Path::new(log.path())).unwrap_or_default());
}
