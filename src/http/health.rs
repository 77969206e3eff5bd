//! `GET /health`, and its halves for platforms: `live` (the process) and `ready` (new calls).

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Doors, Problem};
use crate::actors::engine::Vitals;
use crate::types::ActorKind;

/// What `GET /health` tells.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = HealthReport)]
pub(super) enum Report {
    Health(Box<Health>),
    Fallen(Live),
}

#[derive(Serialize, ToSchema)]
pub(super) struct Health {
    /// `ok` or `unavailable`.
    status: &'static str,
    version: &'static str,
    environment: &'static str,
    database: &'static str,
    calls: Usage,
    model_connections: Usage,
    /// Of all instances, where there may be several; as of some seconds ago.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    fleet: Option<Fleet>,
    /// Models that new calls do without, since they could not be had.
    models_away: usize,
    draining: bool,
    /// Of what there is too little: nobody is let in.
    overload: Option<&'static str>,
    /// Variables without which no real phone can ring.
    not_configured: Vec<&'static str>,
}

#[derive(Serialize, ToSchema)]
struct Fleet {
    instances: u32,
    calls: u32,
}

#[derive(Serialize, ToSchema)]
struct Usage {
    active: u32,
    limit: u32,
}

/// Whether the process is whole.
#[derive(Serialize, ToSchema)]
#[schema(as = Liveness)]
pub(super) struct Live {
    /// `ok` or `unavailable`.
    status: &'static str,
    fallen_actors: Vec<ActorKind>,
}

/// Whether new calls are taken.
#[derive(Serialize, ToSchema)]
#[schema(as = Readiness)]
pub(super) struct Ready {
    /// `ok` or `unavailable`.
    status: &'static str,
}

/// Database, live calls, limits, and what is not configured
#[utoipa::path(
    get, path = "/health", operation_id = "getHealth", tag = "operation",
    responses(
        (status = 200, description = "All is well", body = Health),
        (status = 503, description = "New calls are not taken, or a part has fallen", body = Report)
    )
)]
pub(super) async fn health(doors: web::Data<Doors>) -> Result<HttpResponse, Problem> {
    let fallen_actors = doors.engine.fallen();
    if !fallen_actors.is_empty() {
        return Ok(answer(false).json(Report::Fallen(Live { status: word(false), fallen_actors })));
    }
    let vitals = doors.engine.vitals().await?;
    let config = doors.engine.config();
    let well = is_well(&vitals);
    let health = Health {
        status: word(well),
        version: env!("CARGO_PKG_VERSION"),
        environment: config.environment.as_str(),
        database: word(vitals.database),
        calls: Usage { active: vitals.occupancy.calls, limit: vitals.occupancy.max_calls },
        model_connections: Usage { active: vitals.occupancy.models, limit: vitals.occupancy.max_models },
        fleet: fleet(&vitals),
        models_away: vitals.occupancy.models_away,
        draining: vitals.draining,
        overload: vitals.overload,
        not_configured: config.missing().into_iter().map(|missing| missing.variable).collect(),
    };
    Ok(answer(well).json(Report::Health(Box::new(health))))
}

/// Whether the process is whole
///
/// Whoever cannot live on without a part of itself is to be replaced.
#[utoipa::path(
    get, path = "/health/live", operation_id = "getLiveness", tag = "operation",
    responses((status = 200, description = "It is", body = Live), (status = 503, description = "A part has fallen", body = Live))
)]
pub(super) async fn live(doors: web::Data<Doors>) -> HttpResponse {
    let fallen_actors = doors.engine.fallen();
    let well = fallen_actors.is_empty();
    answer(well).json(Live { status: word(well), fallen_actors })
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Question {
    /// `balancer` leaves the database aside.
    #[serde(rename = "for")]
    #[param(inline)]
    asked_by: Option<AskedBy>,
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum AskedBy {
    /// The database is away from all instances at once, and callers are served without it: a balancer that took them all out
    /// would hang up on everybody.
    Balancer,
}

/// Whether new calls are taken
#[utoipa::path(
    get, path = "/health/ready", operation_id = "getReadiness", tag = "operation", params(Question),
    responses((status = 200, description = "They are", body = Ready), (status = 503, description = "They are not", body = Ready))
)]
pub(super) async fn ready(doors: web::Data<Doors>, question: web::Query<Question>) -> Result<HttpResponse, Problem> {
    let vitals = doors.engine.vitals().await?;
    let well = match question.asked_by {
        None => is_well(&vitals),
        Some(AskedBy::Balancer) => takes_callers(&vitals),
    };
    Ok(answer(well).json(Ready { status: word(well) }))
}

fn fleet(vitals: &Vitals) -> Option<Fleet> {
    let known = vitals.occupancy.fleet;
    (known.instances > 0).then_some(Fleet { instances: known.instances, calls: known.calls })
}

const fn is_well(vitals: &Vitals) -> bool {
    vitals.database && takes_callers(vitals)
}

const fn takes_callers(vitals: &Vitals) -> bool {
    !vitals.draining && vitals.overload.is_none()
}

const fn word(well: bool) -> &'static str {
    if well { "ok" } else { "unavailable" }
}

fn answer(well: bool) -> actix_web::HttpResponseBuilder {
    if well { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() }
}
