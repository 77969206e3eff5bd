//! Several processes on one database.

mod limits;
mod tokens;

use sea_orm::{ConnectionTrait, Database, Statement};

use crate::doors::process::{Instance, Shell};
use crate::house::{LONG, eventually_within};
use crate::record::cluster::Cluster;

/// How many slots of calls are held.
async fn leased(url: &str) -> i64 {
    let database = Database::connect(url).await.expect("the database");
    let sql = "SELECT count(*) FROM slots WHERE kind = 'call' AND expires_at > now()";
    let row = database.query_one_raw(Statement::from_string(database.get_database_backend(), sql)).await.expect("an answer");
    row.expect("a row").try_get_by_index(0).expect("a number")
}
