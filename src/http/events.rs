//! `GET /api/events`: what happens in calls, on all instances, as server-sent events.
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html>

use std::future::ready;
use std::time::Duration;

use actix_web::http::header::HeaderName;
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, web};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::stream::{StreamExt as _, once, unfold};
use serde::{Deserialize, Serialize};
use tokio::sync::OwnedSemaphorePermit;
use utoipa::{IntoParams, ToSchema};

use super::key_ring::Caller;
use super::views::{ListedView, TurnView};
use super::{Doors, Problem};
use crate::actors::events::{CallLevel, Event, EventSubject, EventWatch, Watched};
use crate::types::{CallId, Code, EventId, Scope};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// What a proxy must not hold back: <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_buffering>
const UNBUFFERED: (&str, &str) = ("x-accel-buffering", "no");
/// Milliseconds after which a browser asks again.
const RETRY: &str = "retry: 3000";
const GAP: &str = "event: reset\ndata: {}\n\n";
const STILL_HERE: &[u8] = b": still here\n\n";
const AGAIN: Duration = Duration::from_secs(10);

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Query {
    /// Only of this call.
    call: Option<CallId>,
    /// With `call.levels`, four times a second while calls run.
    #[serde(default)]
    levels: bool,
}

/// What is told of an event, here and to webhooks.
#[derive(Serialize, ToSchema)]
#[schema(as = Event)]
pub(super) struct EventView {
    #[schema(value_type = String, examples("evt_17"))]
    id: EventId,
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: DateTime<Utc>,
    call_id: CallId,
    data: SubjectView,
}

#[derive(Serialize, ToSchema)]
#[schema(as = EventSubject)]
#[serde(rename_all = "snake_case")]
enum SubjectView {
    Call(Box<ListedView>),
    Turn(Box<TurnView>),
}

/// What happens in calls, on all instances, as it happens
///
/// Server-sent events: `data` is an `Event`, `event` its type, `id` its place. An event `reset` says that some are missing;
/// `call.levels` brings `CallLevels`, without an id. Without the scope transcripts:read the words of turns are empty.
#[utoipa::path(
    get, path = "/api/events", operation_id = "watchEvents", tag = "calls",
    params(Query, ("Last-Event-ID" = Option<String>, Header, nullable = false, description = "The `id` to go on after")),
    responses((status = 200, description = "A stream without an end", content_type = "text/event-stream", body = String))
)]
pub(super) async fn events(doors: web::Data<Doors>, request: HttpRequest, query: web::Query<Query>) -> Result<HttpResponse, Problem> {
    let Ok(place) = doors.watchers.clone().try_acquire_owned() else {
        return Err(Problem::new(Code::AtCapacity, "as many watch events here as may").retry_after(AGAIN));
    };
    let watch = doors.engine.watch_events(last_event_id(&request)?, query.call, query.levels).await?;
    let hears_words = request.extensions().get::<Caller>().is_some_and(|caller| caller.scopes().contains(&Scope::TranscriptsRead));
    let opening = opening(&watch);
    let watcher = Watcher { watch, hears_words, _place: place };
    let frames = unfold(watcher, |mut watcher| async move { Some((watcher.next().await?, watcher)) });
    let stream = once(ready(opening)).chain(frames).map(Ok::<_, actix_web::Error>);
    Ok(HttpResponse::Ok().content_type("text/event-stream").insert_header(UNBUFFERED).streaming(stream))
}

struct Watcher {
    watch: EventWatch,
    hears_words: bool,
    _place: OwnedSemaphorePermit,
}

impl Watcher {
    /// None: to be asked for again.
    async fn next(&mut self) -> Option<Bytes> {
        match self.watch.next().await {
            Watched::Events(events) => Some(events.into_iter().map(|event| frame(event, self.hears_words)).collect::<String>().into()),
            Watched::Levels(levels) => Some(levels_frame(levels)),
            Watched::Nothing => Some(Bytes::from_static(STILL_HERE)),
            Watched::Over => None,
        }
    }
}

/// Whoever is cut off before the first event goes on from here. An id without a word is no event.
fn opening(watch: &EventWatch) -> Bytes {
    let gap = if watch.has_gap { GAP } else { "" };
    format!("{RETRY}\n{gap}id: {}\n\n", watch.position()).into()
}

/// How loud both sides of calls were since the last time.
#[derive(Serialize, ToSchema)]
#[schema(as = CallLevels)]
pub(super) struct LevelsView {
    levels: Vec<CallLevel>,
}

/// Without an id: what is missed is over.
fn levels_frame(levels: Vec<CallLevel>) -> Bytes {
    let json = serde_json::to_string(&LevelsView { levels }).unwrap_or_default();
    format!("event: call.levels\ndata: {json}\n\n").into()
}

fn frame(event: Event, hears_words: bool) -> String {
    let (position, kind) = (event.position, event.kind);
    let view = EventView::of(event, hears_words);
    let json = serde_json::to_string(&view).unwrap_or_default();
    format!("id: {position}\nevent: {kind}\ndata: {json}\n\n")
}

impl EventView {
    /// The same under another name.
    pub(super) fn called(self, kind: &'static str) -> Self {
        Self { kind, ..self }
    }

    pub(super) fn of(event: Event, hears_words: bool) -> Self {
        let Event { position, kind, at, call, subject } = event;
        let data = match subject {
            EventSubject::Call(call) => SubjectView::Call(Box::new(ListedView::from(*call))),
            EventSubject::Turn(turn) if hears_words => SubjectView::Turn(Box::new(TurnView::from(*turn))),
            EventSubject::Turn(turn) => SubjectView::Turn(Box::new(TurnView::from(*turn).without_words())),
        };
        Self { id: EventId::new(position), kind: kind.as_str(), timestamp: at, call_id: call, data }
    }
}

/// As browsers send it when they ask again.
fn last_event_id(request: &HttpRequest) -> Result<Option<u64>, Problem> {
    let Some(value) = request.headers().get(LAST_EVENT_ID) else { return Ok(None) };
    let position = value.to_str().ok().and_then(|text| text.trim().parse().ok());
    position.map(Some).ok_or_else(|| Problem::new(Code::MalformedRequest, "Last-Event-ID is not the id of an event"))
}
