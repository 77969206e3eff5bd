//! `GET /api/actors`: the tree of supervision, and how busy each kind of actor is on this instance.

use std::time::Duration;

use actix_web::web;
use serde::Serialize;
use utoipa::ToSchema;

use super::Doors;
use crate::actors::kin::{Branch, TREE};
use crate::metrics::{ActorFigures, actor_figures};
use crate::types::ActorKind;

#[derive(Serialize, ToSchema)]
#[schema(as = ActorTree)]
pub(super) struct Actors {
    /// The process that answered.
    instance: String,
    actors: Vec<ActorView>,
}

/// All actors of a kind, since the process began.
#[derive(Serialize, ToSchema)]
#[schema(as = Actor)]
struct ActorView {
    kind: ActorKind,
    live: u64,
    /// Messages in mailboxes.
    waiting: u64,
    messages: u64,
    /// Microseconds that a message keeps its actor busy, within a factor of two; null before the first one.
    handling_p50_us: Option<f64>,
    handling_p99_us: Option<f64>,
    restarts: u64,
    panics: u64,
    frames_dropped: u64,
    /// Those that it looks after.
    #[schema(no_recursion)]
    children: Vec<Self>,
}

impl ActorView {
    fn of(branch: &Branch) -> Self {
        let ActorFigures { live, waiting, messages, restarts, panics, frames_dropped, handling_p50, handling_p99 } =
            actor_figures(branch.kind);
        let micros = |time: Duration| time.as_nanos() as f64 / 1e3;
        Self {
            kind: branch.kind,
            live,
            waiting,
            messages,
            handling_p50_us: handling_p50.map(micros),
            handling_p99_us: handling_p99.map(micros),
            restarts,
            panics,
            frames_dropped,
            children: branch.children.iter().map(Self::of).collect(),
        }
    }
}

/// Who looks after whom on this instance, and how busy each kind of actor is
#[utoipa::path(
    get, path = "/api/actors", operation_id = "listActors", tag = "operation",
    responses((status = 200, description = "The tree of supervision", body = Actors))
)]
pub(super) async fn actors(doors: web::Data<Doors>) -> web::Json<Actors> {
    web::Json(Actors { instance: doors.engine.instance().to_owned(), actors: TREE.iter().map(ActorView::of).collect() })
}
