//! Several processes on one database.

mod budget;
mod crew;
mod events;
mod leaks;
mod limits;
mod queue;
mod survival;
mod tokens;
mod webhooks;

use alpha_call::sim::stage::Stage;
use sea_orm::{ConnectionTrait, Database, Statement};

use crate::doors::process::{Instance, Shell};
use crate::house::{LONG, eventually_within};
use crate::record::cluster::Cluster;

/// A process on this database, to which the telephone company of `stage` now turns.
fn serve(stage: &Stage, url: &str, variables: &[(&str, &str)]) -> Instance {
    let own = [("DATABASE_URL", url), ("APP__OPENAI__RENDER_PHRASES", "false")];
    let theirs = stage.environment();
    let shell = theirs.iter().fold(Shell::new(), |shell, (name, value)| shell.with(name, value));
    let mut instance = own.iter().chain(variables).fold(shell, |shell, (name, value)| shell.with(name, value)).serve();
    stage.twilio.set_engine(instance.address());
    instance
}

/// How many slots of calls are held.
async fn leased(url: &str) -> i64 {
    count(url, "SELECT count(*) FROM slots WHERE kind = 'call' AND expires_at > now()").await
}

/// What a query counts.
async fn count(url: &str, sql: &str) -> i64 {
    let database = Database::connect(url).await.expect("the database");
    let row = database.query_one_raw(Statement::from_string(database.get_database_backend(), sql)).await.expect("an answer");
    row.expect("a row").try_get_by_index(0).expect("a number")
}
