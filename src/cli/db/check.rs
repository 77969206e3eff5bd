//! `db test`: can the database be used, and if not, what is to be done?

use super::failure::Outcome;
use super::{Desk, advice};
use crate::cli::screen::{Paint, say, wrap};
use crate::config::Origin;
use crate::store::{Place, Server, StepState, StoreError, Vitals};

/// Columns of a line's text, behind word and name.
const TEXT: usize = 76;
const MARGIN: usize = 23;

pub async fn test(desk: &Desk) -> Outcome {
    let mut report = Report::new(desk);
    report.place();
    if let Some(vitals) = report.vitals().await {
        let up_to_date = report.schema().await;
        if up_to_date {
            report.round_trip().await;
        }
        if let Some(server) = &vitals.server {
            report.rights(server, !up_to_date);
        }
        report.pool(vitals.server.as_ref());
    }
    Ok(report.verdict())
}

struct Report<'a> {
    desk: &'a Desk,
    failures: u32,
}

impl<'a> Report<'a> {
    const fn new(desk: &'a Desk) -> Self {
        Self { desk, failures: 0 }
    }

    fn ok(name: &str, text: &str) {
        line(&Paint::detect().green("ok    "), name, text);
    }

    fn failed(&mut self, name: &str, text: &str, way_out: Option<&str>) {
        self.failures += 1;
        line(&Paint::detect().red("failed"), name, text);
        if let Some(way_out) = way_out {
            line("      ", "", &format!("-> {way_out}"));
        }
    }

    fn broken(&mut self, name: &str, error: &StoreError) {
        let way_out = advice::on(error, &self.desk.place);
        self.failed(name, &error.to_string(), way_out.as_deref());
    }

    fn place(&self) {
        let said = match self.desk.sources.origin("database.url") {
            None | Some(Origin::Default) => "DATABASE_URL is not set".to_owned(),
            Some(Origin::Variable(name)) => name.clone(),
            Some(origin) => origin.to_string(),
        };
        let place = match &self.desk.place {
            // Where one is, is part of where it is.
            Place::Sqlite { file } => Place::Sqlite { file: std::path::absolute(file).unwrap_or_else(|_| file.clone()) },
            place @ (Place::Postgres { .. } | Place::Memory) => place.clone(),
        };
        Self::ok("database", &format!("{place} ({said})"));
        for warning in self.desk.warnings.iter().filter(|warning| warning.contains("DATABASE_URL") || warning.contains("DB_")) {
            line("note  ", "", warning);
        }
    }

    async fn vitals(&mut self) -> Option<Vitals> {
        if let Some(file) = self.desk.place.missing_file() {
            let text = format!("{} is not there yet", file.display());
            self.failed("connection", &text, Some("`alpha-call db migrate` makes it"));
            return None;
        }
        match self.desk.store.vitals().await {
            Ok(vitals) => {
                Self::ok("connection", &format!("made in {} ms", vitals.connected_in.as_millis()));
                Self::ok("version", &vitals.version);
                Some(vitals)
            }
            Err(error) => {
                self.broken("connection", &error);
                None
            }
        }
    }

    /// Whether it is up to date.
    async fn schema(&mut self) -> bool {
        let steps = match self.desk.store.steps().await {
            Ok(steps) => steps,
            Err(error) => {
                self.broken("schema", &error);
                return false;
            }
        };
        let count = |which: fn(StepState) -> bool| steps.iter().filter(|step| which(step.state)).count();
        let (pending, newer) = (count(|state| state == StepState::Pending), count(|state| matches!(state, StepState::Unknown(_))));
        if pending > 0 {
            self.failed("schema", &format!("{pending} of {} steps pending", steps.len()), Some(advice::MIGRATE));
        } else {
            let more = if newer > 0 { format!(", {newer} of them by a newer version") } else { String::new() };
            Self::ok("schema", &format!("up to date, {} steps applied{more}", steps.len()));
        }
        pending == 0
    }

    async fn round_trip(&mut self) {
        match self.desk.store.round_trip().await {
            Ok(()) => Self::ok("round trip", "a row was written, read, deleted, and all of it taken back"),
            Err(error) => self.broken("round trip", &error),
        }
    }

    /// Whether steps can be applied by this role.
    fn rights(&mut self, server: &Server, needed: bool) {
        if server.is_replica {
            return self.failed("rights", "this server is a replica, which only reads", Some("name the primary in DATABASE_URL"));
        }
        match (&server.schema, server.may_create) {
            (Some(schema), true) => Self::ok("rights", &format!("may make tables in the schema {schema}")),
            (Some(schema), false) => {
                let way_out = format!("let its owner run: GRANT CREATE ON SCHEMA {schema} TO this user");
                self.lacking(&format!("may not make tables in the schema {schema}"), &way_out, needed);
            }
            (None, _) => self.lacking("no schema of the search_path is there, or may be used", "SET search_path for this user", needed),
        }
    }

    /// A right that only a migration needs.
    fn lacking(&mut self, text: &str, way_out: &str, needed: bool) {
        if needed {
            self.failed("rights", text, Some(way_out));
        } else {
            Self::ok("rights", &format!("{text}: enough until the next migration"));
        }
    }

    fn pool(&mut self, server: Option<&Server>) {
        let database = &self.desk.config.database;
        let Some(server) = server else {
            return Self::ok("pool", &format!("one connection; waits up to {} ms for it", database.acquire_timeout.as_millis()));
        };
        let text = format!(
            "{} to {} connections; waits up to {} ms for one, closes it after {} s without use, replaces it after {} s",
            database.min_connections,
            database.max_connections,
            database.acquire_timeout.as_millis(),
            database.idle_timeout.as_secs(),
            database.max_lifetime.as_secs()
        );
        Self::ok("pool", &text);
        let text = format!("{} for this user, {} in use by all", server.connections, server.connections_in_use);
        if u64::from(database.max_connections) > server.connections {
            let way_out = format!("set APP__DATABASE__MAX_CONNECTIONS to at most {}, shared by all instances", server.connections);
            return self.failed("connections", &text, Some(&way_out));
        }
        let instances = server.connections / u64::from(database.max_connections).max(1);
        Self::ok("connections", &format!("{text}: enough for {instances} instances of {}", database.max_connections));
    }

    fn verdict(&self) -> i32 {
        let text = match self.failures {
            0 => "the database is well".to_owned(),
            1 => "1 check failed".to_owned(),
            n => format!("{n} checks failed"),
        };
        say(&format!("\n{text}"));
        i32::from(self.failures > 0)
    }
}

fn line(word: &str, name: &str, text: &str) {
    for (number, part) in wrap(text, TEXT).into_iter().enumerate() {
        say(&if number == 0 { format!("  {word}  {name:<11}  {part}") } else { format!("{}{part}", " ".repeat(MARGIN)) });
    }
}
