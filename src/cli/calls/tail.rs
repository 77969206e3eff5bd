//! `calls tail`, and whatever else follows a call to its end.

use chrono::Utc;

use super::api::{Api, JSON};
use super::args::Tail;
use super::teller::Teller;
use super::told::{CallLine, Conversation, WholeCall};
use super::trouble::Trouble;
use super::watch::{Watch, Watched};
use crate::cli::screen::complain;

const GAP: &str = "what happened meanwhile is not known any more; `alpha-call calls list` shows the calls";

/// By our id or Twilio's sid; its end is what it was followed for.
pub async fn tail(api: &Api, wish: &Tail) -> Result<i32, Trouble> {
    let call = match &wish.call {
        Some(name) => Some(read::<WholeCall>(api, &["call", name]).await?.line.id),
        None => None,
    };
    let mut teller = Teller::new(wish.output.format, !wish.no_words);
    follow(api, call, &mut teller).await?;
    Ok(0)
}

/// Until that call ends, or nobody listens any more. Then it is told how it ended.
pub async fn follow(api: &Api, call: Option<String>, teller: &mut Teller) -> Result<Option<CallLine>, Trouble> {
    let mut watch = Watch::new(api, call.clone());
    let mut has_begun = false;
    while !teller.is_over() {
        let news = watch.next().await?;
        let ended = match (news, &call) {
            (Watched::Event(frame), _) => teller.event(&frame).filter(|ended| call.as_ref() == Some(&ended.id)),
            (Watched::Reopened, _) => None,
            (Watched::Opened | Watched::Missed, Some(call)) => catch_up(api, call, teller, &mut watch).await?,
            (Watched::Opened | Watched::Missed, None) => {
                complain(&if has_begun { GAP.to_owned() } else { format!("following {}; Ctrl-C ends it", api.place()) });
                None
            }
        };
        has_begun = true;
        if ended.is_some() {
            return Ok(ended);
        }
    }
    Ok(None)
}

/// Reads how it stands with a call, and what was said; the call, if it is over.
async fn catch_up(api: &Api, call: &str, teller: &mut Teller, watch: &mut Watch<'_>) -> Result<Option<CallLine>, Trouble> {
    match standing(api, call, teller).await {
        Ok(Conversation { call, turns }) => {
            if !call.line.is_over() {
                teller.call(&call.line, call.line.connected_at.unwrap_or(call.line.initiated_at));
            }
            turns.into_iter().for_each(|turn| teller.turn(&call.line.id, turn));
            Ok(Some(call.line).filter(CallLine::is_over).inspect(|line| teller.call(line, line.ended_at.unwrap_or_else(Utc::now))))
        }
        Err(trouble) if trouble.is_passing() => {
            watch.retry(&trouble).await;
            Ok(None)
        }
        Err(trouble) => Err(trouble),
    }
}

/// Without turns, if they are not for us.
async fn standing(api: &Api, call: &str, teller: &mut Teller) -> Result<Conversation, Trouble> {
    if teller.wants_words() {
        match read(api, &["call", call, "conversation"]).await {
            Err(trouble) if trouble.is("insufficient-scope") => teller.lacks_words(),
            read => return read,
        }
    }
    Ok(Conversation { call: read(api, &["call", call]).await?, turns: Vec::new() })
}

async fn read<T: serde::de::DeserializeOwned>(api: &Api, path: &[&str]) -> Result<T, Trouble> {
    api.read(&api.get(path, &[], JSON).await?)
}
