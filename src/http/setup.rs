//! `GET /api/setup`: what a real call needs, whether it is there, and what mends it.

use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Doors, Problem};
use crate::config::{Config, Environment, Webhooks};
use crate::store::{DeliveryFilter, StoredDelivery};

#[derive(Serialize, ToSchema)]
#[schema(as = SetupChecklist)]
pub(super) struct Checklist {
    checks: Vec<Check>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = SetupCheck)]
struct Check {
    id: &'static str,
    title: &'static str,
    state: State,
    /// What was found.
    detail: String,
    /// What to do about it.
    fix: Option<String>,
    variable: Option<&'static str>,
    command: Option<&'static str>,
    link: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SetupState)]
enum State {
    Ok,
    /// Works, and should be looked at.
    Warning,
    Missing,
    Failed,
    /// A simulation needs no account.
    Simulated,
}

/// Something that stands behind a variable.
struct Account {
    id: &'static str,
    title: &'static str,
    variables: &'static [&'static str],
    found: &'static str,
    fix: &'static str,
    link: &'static str,
}

const ACCOUNTS: [Account; 4] = [
    Account {
        id: "openai_key",
        title: "OpenAI API key",
        variables: &["OPENAI_API_KEY"],
        found: "the model can be asked",
        fix: "make a key, and set OPENAI_API_KEY",
        link: "https://platform.openai.com/api-keys",
    },
    Account {
        id: "twilio_account",
        title: "Twilio account",
        variables: &["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"],
        found: "calls can be placed, and webhooks can be believed",
        fix: "copy Account SID and Auth Token from the console's first page, and set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN",
        link: "https://console.twilio.com/",
    },
    Account {
        id: "phone_number",
        title: "Phone number",
        variables: &["PHONE_NUMBER_FROM"],
        found: "calls go out under it",
        fix: "take a number that can do voice, and set PHONE_NUMBER_FROM in the form +14155550100",
        link: "https://console.twilio.com/us1/develop/phone-numbers/manage/incoming",
    },
    Account {
        id: "domain",
        title: "Public address",
        variables: &["DOMAIN"],
        found: "Twilio finds us there",
        fix: "set DOMAIN to the host under which the internet reaches this server, without https://; a tunnel will do for a try",
        link: "https://www.twilio.com/docs/usage/webhooks/getting-started-twilio-webhooks",
    },
];

/// What a real call needs, whether it is there, and what mends it
#[utoipa::path(
    get, path = "/api/setup", operation_id = "getSetup", tag = "operation",
    responses((status = 200, description = "All that was looked at", body = Checklist))
)]
pub(super) async fn setup(doors: web::Data<Doors>) -> Result<HttpResponse, Problem> {
    let config = doors.engine.config();
    let vitals = doors.engine.vitals().await?;
    let mut checks: Vec<Check> = ACCOUNTS.iter().map(|account| account.check(config)).collect();
    checks.extend([webhook(config), model(config, vitals.occupancy.models_away), database(config, vitals.database), api_keys(config)]);
    if let Some(receiver) = &config.webhooks {
        checks.push(webhooks(receiver, newest_delivery(&doors).await));
    }
    checks.extend(vitals.overload.map(overload));
    Ok(HttpResponse::Ok().json(Checklist { checks }))
}

impl Account {
    fn check(&self, config: &Config) -> Check {
        let missing: Vec<&str> =
            config.missing().into_iter().map(|missing| missing.variable).filter(|name| self.variables.contains(name)).collect();
        let (state, detail) = match (config.environment, missing.is_empty()) {
            (Environment::Simulation, _) => (State::Simulated, "simulated: no account is needed".to_owned()),
            (Environment::Development | Environment::Production, true) => (State::Ok, self.found.to_owned()),
            (Environment::Development | Environment::Production, false) => (State::Missing, format!("not set: {}", missing.join(", "))),
        };
        let is_missing = state == State::Missing;
        Check {
            id: self.id,
            title: self.title,
            state,
            detail,
            fix: is_missing.then(|| self.fix.to_owned()),
            variable: self.variables.first().copied(),
            command: None,
            link: is_missing.then_some(self.link),
        }
    }
}

impl Check {
    fn found(id: &'static str, title: &'static str, state: State, detail: impl Into<String>) -> Self {
        Self { id, title, state, detail: detail.into(), fix: None, variable: None, command: None, link: None }
    }

    fn mended_by(self, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), ..self }
    }
}

fn webhook(config: &Config) -> Check {
    let (id, title) = ("webhook", "Twilio's webhook");
    match (&config.public.domain, config.environment) {
        (_, Environment::Simulation) => Check::found(id, title, State::Simulated, "simulated calls come to /incoming-call"),
        (None, _) => Check::found(id, title, State::Missing, "Twilio cannot ask us").mended_by("set DOMAIN first"),
        (Some(domain), _) => {
            let url = domain.https_url("/incoming-call");
            let fix = format!("open the number in Twilio's console, and set \"A call comes in\" to Webhook, {url}, HTTP POST");
            Check::found(id, title, State::Warning, "not looked up: a call that comes in shows whether it is right").mended_by(fix)
        }
    }
}

fn model(config: &Config, away: usize) -> Check {
    let (id, title, name) = ("model", "Model", &config.openai.model);
    if away > 0 {
        let fix = "look at the provider's status page, at the key's credit, and at OPENAI_MODEL";
        return Check::found(id, title, State::Failed, format!("{away} could not be reached of late")).mended_by(fix);
    }
    let state = if config.environment == Environment::Simulation { State::Simulated } else { State::Ok };
    Check { variable: Some("OPENAI_MODEL"), ..Check::found(id, title, state, format!("{name}, voice {}", config.openai.voice)) }
}

fn database(config: &Config, answers: bool) -> Check {
    let (id, title) = ("database", "Database");
    let check = match (answers, config.database.url.is_sqlite()) {
        (false, _) => Check::found(id, title, State::Failed, "does not answer").mended_by("start it, and look at DATABASE_URL"),
        (true, false) => Check::found(id, title, State::Ok, "PostgreSQL answers"),
        (true, true) => Check::found(id, title, State::Ok, "SQLite, in a file: for one instance"),
    };
    Check { variable: Some("DATABASE_URL"), command: Some("alpha-call db test"), ..check }
}

fn api_keys(config: &Config) -> Check {
    let (id, title) = ("api_keys", "API keys");
    let check = if config.security.api_keys.is_empty() && !config.environment.is_production() {
        Check::found(id, title, State::Warning, "the API is open to this machine until there is a key")
            .mended_by("make a key before others can reach this server")
    } else {
        Check::found(id, title, State::Ok, "the API asks for a key")
    };
    Check { command: Some("alpha-call keys create --help"), ..check }
}

/// None too where the database does not answer, which has a check of its own.
async fn newest_delivery(doors: &Doors) -> Option<StoredDelivery> {
    let newest = DeliveryFilter { state: None, call: None, before: None, limit: 1 };
    doors.engine.store().deliveries(newest).await.ok()?.deliveries.pop()
}

fn webhooks(receiver: &Webhooks, newest: Option<StoredDelivery>) -> Check {
    let (id, title, host) = ("webhooks", "Webhooks", receiver.host());
    let check = match newest.and_then(|newest| newest.last_error) {
        Some(error) => Check::found(id, title, State::Warning, format!("{host} did not take the newest event: {error}"))
            .mended_by("look at the receiver, and send it an example"),
        None => Check::found(id, title, State::Ok, format!("{host} is told of calls")),
    };
    Check { variable: Some("WEBHOOK_URL"), command: Some("alpha-call webhooks test"), ..check }
}

fn overload(of: &'static str) -> Check {
    Check::found("overload", "Room", State::Failed, format!("too little {of}: nobody is let in"))
        .mended_by("give this instance more of it, or start another")
}
