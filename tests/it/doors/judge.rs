//! Judges that are not ours: libraries of Python, for what they are the measure of.

use std::ffi::OsStr;
use std::process::Command;

/// A Python with what `tests/requirements.txt` names.
const JUDGE: &str = "API_JUDGE_PYTHON";

/// A script of `tests/judge` is content.
pub fn approves<S: AsRef<OsStr>>(script: &str, arguments: impl IntoIterator<Item = S>) {
    let Ok(python) = std::env::var(JUDGE) else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "CI is set, but {JUDGE} is not: run scripts/test.sh");
        eprintln!("SKIPPED: {JUDGE} is not set; scripts/test.sh sets it");
        return;
    };
    let verdict = Command::new(python).arg(format!("tests/judge/{script}")).args(arguments).output().expect("python");

    assert!(verdict.status.success(), "{}{}", String::from_utf8_lossy(&verdict.stdout), String::from_utf8_lossy(&verdict.stderr));
}
