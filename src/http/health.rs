//! `GET /health`, and its halves for platforms: `live` (the process) and `ready` (new calls).

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

use super::{Doors, Problem};
use crate::actors::engine::Vitals;

#[derive(Serialize)]
struct Health {
    status: &'static str,
    version: &'static str,
    environment: &'static str,
    database: &'static str,
    calls: Usage,
    model_connections: Usage,
    /// Of all instances, where there may be several; as of some seconds ago.
    #[serde(skip_serializing_if = "Option::is_none")]
    fleet: Option<Fleet>,
    /// Models that new calls do without, since they could not be had.
    models_away: usize,
    draining: bool,
    /// Of what there is too little: nobody is let in.
    overload: Option<&'static str>,
    /// Variables without which no real phone can ring.
    not_configured: Vec<&'static str>,
}

#[derive(Serialize)]
struct Fleet {
    instances: u32,
    calls: u32,
}

#[derive(Serialize)]
struct Usage {
    active: u32,
    limit: u32,
}

pub(super) async fn health(doors: web::Data<Doors>) -> Result<HttpResponse, Problem> {
    let fallen_actors = doors.engine.fallen();
    if !fallen_actors.is_empty() {
        return Ok(answer(false).json(serde_json::json!({ "status": "unavailable", "fallen_actors": fallen_actors })));
    }
    let vitals = doors.engine.vitals().await?;
    let config = doors.engine.config();
    let well = is_well(&vitals);
    let health = Health {
        status: if well { "ok" } else { "unavailable" },
        version: env!("CARGO_PKG_VERSION"),
        environment: config.environment.as_str(),
        database: if vitals.database { "ok" } else { "unavailable" },
        calls: Usage { active: vitals.occupancy.calls, limit: vitals.occupancy.max_calls },
        model_connections: Usage { active: vitals.occupancy.models, limit: vitals.occupancy.max_models },
        fleet: fleet(&vitals),
        models_away: vitals.occupancy.models_away,
        draining: vitals.draining,
        overload: vitals.overload,
        not_configured: config.missing().into_iter().map(|missing| missing.variable).collect(),
    };
    Ok(answer(well).json(health))
}

/// Whoever cannot live on without a part of itself is to be replaced.
pub(super) async fn live(doors: web::Data<Doors>) -> HttpResponse {
    let fallen = doors.engine.fallen();
    let status = if fallen.is_empty() { "ok" } else { "unavailable" };
    answer(fallen.is_empty()).json(serde_json::json!({ "status": status, "fallen_actors": fallen }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Question {
    #[serde(rename = "for")]
    asked_by: Option<AskedBy>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum AskedBy {
    /// The database is away from all instances at once, and callers are served without it: a balancer that took them all out
    /// would hang up on everybody.
    Balancer,
}

pub(super) async fn ready(doors: web::Data<Doors>, question: web::Query<Question>) -> Result<HttpResponse, Problem> {
    let vitals = doors.engine.vitals().await?;
    let well = match question.asked_by {
        None => is_well(&vitals),
        Some(AskedBy::Balancer) => takes_callers(&vitals),
    };
    Ok(answer(well).json(serde_json::json!({ "status": if well { "ok" } else { "unavailable" } })))
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

fn answer(well: bool) -> actix_web::HttpResponseBuilder {
    if well { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() }
}
