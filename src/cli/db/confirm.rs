//! A question before something that cannot be undone.

use std::io::{IsTerminal as _, Write as _};

use tokio::sync::oneshot;

use super::failure::Failure;
use crate::cli::screen::complain;

/// Asks for `word`; anything else is a no. Without anybody to ask, it is wrong usage: `--yes` says it beforehand.
pub async fn ask(question: &str, word: &str) -> Result<(), Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage("nobody is there to ask (no terminal): add --yes"));
    }
    let _ = write!(std::io::stderr(), "{question}\nType {word} to go on: ");
    let answer = line().await;
    if !answer.ends_with('\n') {
        complain("");
    }
    if answer.trim() == word { Ok(()) } else { Err(Failure::other("not confirmed: nothing was changed")) }
}

/// On a thread of its own, which an interrupt leaves behind.
async fn line() -> String {
    let (tell, told) = oneshot::channel();
    let read = move || {
        let mut line = String::new();
        let _ = std::io::stdin().read_line(&mut line);
        let _ = tell.send(line);
    };
    if std::thread::Builder::new().name("answer".to_owned()).spawn(read).is_err() {
        return String::new();
    }
    told.await.unwrap_or_default()
}
