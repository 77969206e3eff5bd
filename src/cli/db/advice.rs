//! What to do about what a database said.

use crate::store::{Fault, Place, StoreError};

/// A way out, if there is one that we know.
#[must_use]
pub fn on(error: &StoreError, place: &Place) -> Option<String> {
    let (StoreError::Unavailable(fault) | StoreError::Query(fault) | StoreError::Conflict(fault)) = error else { return None };
    lacks_schema(fault).or_else(|| match place {
        Place::Postgres { host, port, user, database } => of_postgres(fault, &Server { host, port: *port, user, database }),
        Place::Sqlite { file } => of_sqlite(fault, &file.display().to_string()),
        Place::Memory => None,
    })
}

pub const MIGRATE: &str = "run `alpha-call db migrate`";

/// SQLSTATE 42P01 undefined_table, 42703 undefined_column; SQLite has but the general code 1.
fn lacks_schema(fault: &Fault) -> Option<String> {
    let lacks = matches!(fault.code.as_deref(), Some("42P01" | "42703")) || says(fault, &["no such table", "no such column"]);
    lacks.then(|| format!("the schema is not up to date: {MIGRATE}"))
}

struct Server<'a> {
    host: &'a str,
    port: u16,
    user: &'a str,
    database: &'a str,
}

fn of_postgres(fault: &Fault, server: &Server<'_>) -> Option<String> {
    let Server { host, port, user, database } = server;
    match fault.code.as_deref() {
        Some("28P01" | "28000") => Some(format!(
            "check user and password of {user} in DATABASE_URL, or DB_USER and DB_PASSWORD; in a url, special characters of a password are \
             written as %XX"
        )),
        Some("3D000") => Some(server.create()),
        Some("53300") => Some(
            "the server has no connection left: lower APP__DATABASE__MAX_CONNECTIONS or the number of instances, or raise max_connections of \
             the server"
                .to_owned(),
        ),
        Some("42501") => Some(format!("let the owner of {database} run: {}", granting(fault, user))),
        Some("25006") => Some("this is a replica, which only reads: name the primary".to_owned()),
        Some("57P03") => Some("the server is starting or stopping: try again soon".to_owned()),
        Some(_) => None,
        None => server.unreachable(fault, *port, host),
    }
}

fn granting(fault: &Fault, user: &str) -> String {
    let what =
        if says(fault, &["for table"]) { "SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA" } else { "USAGE, CREATE ON SCHEMA" };
    format!("GRANT {what} public TO \"{user}\"")
}

impl Server<'_> {
    fn create(&self) -> String {
        let Self { host, port, user, database } = self;
        match self.cloud_sql().and_then(|name| name.rsplit(':').next()) {
            Some(instance) => format!("make it: gcloud sql databases create {database} --instance={instance}"),
            None => format!("make it: createdb -h {host} -p {port} -U {user} {database}"),
        }
    }

    fn cloud_sql(&self) -> Option<&str> {
        self.host.strip_prefix("/cloudsql/")
    }

    fn unreachable(&self, fault: &Fault, port: u16, host: &str) -> Option<String> {
        if let Some(name) = self.cloud_sql().filter(|_| says(fault, &["no such file"])) {
            return Some(format!(
                "there is no socket in {host}: on Cloud Run, deploy with --add-cloudsql-instances={name}; elsewhere, run `cloud-sql-proxy \
                 --unix-socket /cloudsql {name}`"
            ));
        }
        let way = if says(fault, &["no such file", "not a directory"]) {
            format!(
                "no server has its socket in {host} for port {port}: start it, or name its folder (unix_socket_directories) in DATABASE_URL"
            )
        } else if says(fault, &["connection refused"]) {
            format!("nothing listens at {host}:{port}: start the server, or mend host and port in DATABASE_URL")
        } else if says(fault, &["lookup address", "name or service", "nodename"]) {
            format!("there is no host {host}: mend it in DATABASE_URL")
        } else if says(fault, &["no answer in time", "timed out", "unreachable"]) {
            format!("{host}:{port} does not answer: look for a firewall between, and whether that is the right host and port")
        } else if says(fault, &["sslrequest"]) {
            format!("what listens at {host}:{port} is no PostgreSQL server: mend host and port in DATABASE_URL")
        } else if says(fault, &["permission denied"]) {
            format!("this user of the system may not open the socket in {host}")
        } else {
            return None;
        };
        Some(way)
    }
}

/// Primary result codes: sqlite.org/rescode.html
fn of_sqlite(fault: &Fault, file: &str) -> Option<String> {
    let code = fault.code.as_deref().and_then(|code| code.parse::<u32>().ok());
    match code.map(|code| code & 0xff) {
        Some(5 | 6) => Some(format!("another program is writing to {file}: stop it, or try again")),
        Some(8) => Some(format!("{file} or its folder may not be written by this user of the system")),
        Some(11) => Some(format!("{file} is damaged: restore a backup")),
        Some(13) => Some("the disk is full".to_owned()),
        Some(14) => Some(format!("{file} cannot be opened: it must be a file, in a folder that this user of the system may write to")),
        Some(26) => Some(format!("{file} is no SQLite database: name another in DATABASE_URL")),
        _ => None,
    }
}

fn says(fault: &Fault, words: &[&str]) -> bool {
    let text = fault.text.to_lowercase();
    words.iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(code: Option<&str>, text: &str) -> StoreError {
        StoreError::Unavailable(Fault { code: code.map(str::to_owned), text: text.to_owned() })
    }

    fn at(host: &str) -> Place {
        Place::Postgres { host: host.to_owned(), port: 5433, user: "app".to_owned(), database: "voice".to_owned() }
    }

    #[test]
    fn a_database_that_is_missing_is_made_by_the_command_that_is_told() {
        let missing = said(Some("3D000"), "database \"voice\" does not exist");

        assert_eq!(on(&missing, &at("db.example.com")).as_deref(), Some("make it: createdb -h db.example.com -p 5433 -U app voice"));
        let cloud = on(&missing, &at("/cloudsql/project:region:main"));
        assert_eq!(cloud.as_deref(), Some("make it: gcloud sql databases create voice --instance=main"));
    }

    #[test]
    fn each_trouble_has_a_way_out_of_its_own() {
        let refused = "error communicating with database: Connection refused (os error 111)";
        let no_socket = "error communicating with database: No such file or directory (os error 2)";
        for (error, host, way) in [
            (said(Some("28P01"), "password authentication failed"), "h", "check user and password of app"),
            (said(None, refused), "h", "nothing listens at h:5433"),
            (said(None, no_socket), "/tmp", "no server has its socket in /tmp"),
            (said(None, no_socket), "/cloudsql/p:r:i", "--add-cloudsql-instances=p:r:i"),
            (said(None, "failed to lookup address information: Name or service not known"), "h", "there is no host h"),
            (said(None, "no answer in time"), "h", "h:5433 does not answer"),
            (said(None, "unexpected response from SSLRequest: 0x48"), "h", "no PostgreSQL server"),
            (said(Some("42501"), "permission denied for table call_logs"), "h", "ON ALL TABLES IN SCHEMA public TO \"app\""),
            (said(Some("42501"), "permission denied for schema public"), "h", "CREATE ON SCHEMA public TO \"app\""),
            (said(Some("42P01"), "relation \"call_logs\" does not exist"), "h", "alpha-call db migrate"),
        ] {
            let told = on(&error, &at(host)).unwrap_or_default();
            assert!(told.contains(way), "{error}: {told}");
        }
    }

    #[test]
    fn the_troubles_of_a_file_are_told_with_its_name() {
        let place = Place::Sqlite { file: "data/calls.db".into() };

        for (code, way) in
            [("14", "cannot be opened"), ("26", "no SQLite database"), ("517", "another program"), ("1032", "may not be written")]
        {
            let told = on(&said(Some(code), "?"), &place).unwrap_or_default();
            assert!(told.contains(way) && told.contains("data/calls.db"), "{code}: {told}");
        }
        assert!(on(&said(Some("1"), "no such table: call_logs"), &place).is_some_and(|way| way.contains("db migrate")));
    }

    #[test]
    fn what_we_know_no_way_out_of_is_left_as_it_is() {
        assert_eq!(on(&said(Some("XX000"), "?"), &at("h")), None);
        assert_eq!(on(&StoreError::InvalidUrl, &at("h")), None);
    }
}
