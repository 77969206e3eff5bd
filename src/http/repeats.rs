//! Twilio asks again when an answer did not come in time. What it asked before gets the answer that it got, also while that is
//! still being made: the second waits for the first.
//!
//! Each instance remembers what it was asked itself, in memory: for two minutes, and no more than 1,000 questions. A question that
//! comes back to another instance, or without its token, is answered anew, as the call stands then. So is one whose answer was a
//! problem, for it is asked again to get past that.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::http::header::ContentType;
use actix_web::{HttpRequest, HttpResponse, rt};
use tokio::sync::OnceCell;
use tracing::Instrument as _;

use super::Problem;

const TOKEN: &str = "I-Twilio-Idempotency-Token";
/// Longer ones are not Twilio's.
const LONGEST_TOKEN: usize = 128;
/// Twilio waits for an answer for 15 s at most, and asks for it six times at most.
/// <https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides>
const KEPT: Duration = Duration::from_secs(120);
const MOST: usize = 1_000;

/// What a webhook is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Twiml(Arc<str>),
    Nothing,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Question {
    token: String,
    path: String,
}

#[derive(Clone, Default)]
pub(super) struct Repeats(Arc<Mutex<Asked>>);

#[derive(Default)]
struct Asked {
    replies: HashMap<Question, Arc<OnceCell<Reply>>>,
    oldest_first: VecDeque<(Instant, Question)>,
}

impl Repeats {
    /// What was replied before, or what comes of `work`. To be asked after the signature was checked, and not before.
    pub(super) async fn reply(
        &self,
        request: &HttpRequest,
        work: impl Future<Output = Result<Reply, Problem>> + 'static,
    ) -> Result<HttpResponse, Problem> {
        let Some(question) = Question::of(request) else { return work.await.map(HttpResponse::from) };
        let reply = self.known(question);
        // Goes on to its end when whoever asked has hung up: the next one finds what came of it.
        let done = rt::spawn(async move { reply.get_or_try_init(|| work).await.cloned() }.in_current_span());
        done.await.map_err(|error| Problem::internal(&error))?.map(HttpResponse::from)
    }

    fn known(&self, question: Question) -> Arc<OnceCell<Reply>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).at(Instant::now(), question)
    }
}

impl Asked {
    fn at(&mut self, now: Instant, question: Question) -> Arc<OnceCell<Reply>> {
        let is_old = |(asked, _): &(Instant, Question)| now.saturating_duration_since(*asked) >= KEPT;
        while self.oldest_first.front().is_some_and(|oldest| is_old(oldest) || self.oldest_first.len() >= MOST) {
            if let Some((_, question)) = self.oldest_first.pop_front() {
                self.replies.remove(&question);
            }
        }
        if !self.replies.contains_key(&question) {
            self.oldest_first.push_back((now, question.clone()));
        }
        Arc::clone(self.replies.entry(question).or_default())
    }
}

impl Question {
    fn of(request: &HttpRequest) -> Option<Self> {
        let token = request.headers().get(TOKEN)?.to_str().ok()?;
        let is_one = !token.is_empty() && token.len() <= LONGEST_TOKEN;
        is_one.then(|| Self { token: token.to_owned(), path: request.path().to_owned() })
    }
}

impl From<Reply> for HttpResponse {
    fn from(reply: Reply) -> Self {
        match reply {
            Reply::Twiml(document) => Self::Ok().insert_header(ContentType(actix_web::mime::TEXT_XML)).body(document.to_string()),
            Reply::Nothing => Self::NoContent().finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use actix_web::body::to_bytes;
    use actix_web::test::TestRequest;
    use futures_util::future::lazy;
    use tokio::sync::oneshot;

    use super::*;
    use crate::types::Code;

    fn asked(path: &str, token: &str) -> HttpRequest {
        TestRequest::with_uri(path).insert_header((TOKEN, token)).to_http_request()
    }

    /// Says how often it was done.
    fn work(times: Rc<Cell<u32>>) -> impl Future<Output = Result<Reply, Problem>> {
        lazy(move |_| {
            times.set(times.get() + 1);
            Ok(Reply::Twiml(times.get().to_string().into()))
        })
    }

    async fn said(answer: Result<HttpResponse, Problem>) -> String {
        let bytes = to_bytes(answer.expect("a reply").into_body()).await.expect("a body");
        String::from_utf8(bytes.to_vec()).expect("utf-8")
    }

    #[actix_rt::test]
    async fn what_was_asked_before_is_not_done_again() {
        let (repeats, times) = (Repeats::default(), Rc::new(Cell::new(0)));
        let ask = async |path: &str, token: &str| said(repeats.reply(&asked(path, token), work(Rc::clone(&times))).await).await;

        assert_eq!([ask("/a", "1").await, ask("/a", "1").await, ask("/a?x=1", "1").await], ["1"; 3]);
        assert_eq!([ask("/a", "2").await, ask("/b", "1").await, ask("/a", "1").await], ["2", "3", "1"]);
        assert_eq!([ask("/a", "").await, ask("/a", "").await], ["4", "5"], "without a token every question is new");
        let long = "x".repeat(LONGEST_TOKEN + 1);
        assert_eq!([ask("/a", &long).await, ask("/a", &long).await], ["6", "7"]);
    }

    #[actix_rt::test]
    async fn the_second_waits_for_the_first_also_when_that_has_hung_up() {
        let repeats = Repeats::default();
        let (tell, told) = oneshot::channel();
        let slow = async move { told.await.map_err(|error| Problem::internal(&error)) };
        let (first, request) = (repeats.clone(), asked("/a", "1"));
        let first = rt::spawn(async move { first.reply(&request, slow).await });
        rt::task::yield_now().await;
        first.abort();
        assert!(first.await.is_err_and(|error| error.is_cancelled()));

        let times = Rc::new(Cell::new(0));
        let (second, done) = (repeats.clone(), work(Rc::clone(&times)));
        let second = rt::spawn(async move { said(second.reply(&asked("/a", "1"), done).await).await });
        rt::task::yield_now().await;
        assert!(!second.is_finished());
        tell.send(Reply::Twiml("first".into())).expect("somebody listens");

        assert_eq!((second.await.expect("an answer").as_str(), times.get()), ("first", 0));
    }

    #[actix_rt::test]
    async fn a_problem_is_not_kept() {
        let repeats = Repeats::default();
        let away = repeats.reply(&asked("/a", "1"), async { Err(Problem::new(Code::DatabaseUnavailable, "away")) }).await;

        assert!(away.is_err());
        assert_eq!(said(repeats.reply(&asked("/a", "1"), work(Rc::default())).await).await, "1");
    }

    #[test]
    fn what_is_old_is_forgotten_and_memory_is_bounded() {
        let (mut known, start) = (Asked::default(), Instant::now());
        let question = |n: usize| Question { token: n.to_string(), path: "/a".to_owned() };
        for n in 0..3 * MOST {
            let _ = known.at(start, question(n)).set(Reply::Nothing);
        }
        assert_eq!((known.replies.len(), known.oldest_first.len()), (MOST, MOST));
        assert!(known.at(start + KEPT / 2, question(3 * MOST - 1)).initialized());

        assert!(!known.at(start + KEPT, question(3 * MOST - 1)).initialized());
        assert_eq!((known.replies.len(), known.oldest_first.len()), (1, 1));
    }
}
