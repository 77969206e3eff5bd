//! `alpha-call db`, as a shell sees it, on both databases.

mod interrupts;
mod looking;
mod new_step;
mod steps;

use std::panic::{AssertUnwindSafe, resume_unwind};

use futures_util::FutureExt as _;
use migration::{Migrator, MigratorTrait as _};
use sea_orm::{ConnectionTrait as _, Database, DatabaseConnection};
use uuid::Uuid;

use super::process::{Shell, Told};

/// A shell whose database is an empty one of each kind, one after the other.
async fn on_each(test: impl AsyncFn(&Shell)) {
    test(&Shell::new().with("DATABASE_URL", "sqlite://calls.db?mode=rwc")).await;
    on_postgres(async |url| test(&Shell::new().with("DATABASE_URL", url)).await).await;
}

/// Skipped where no server is named; `tests/store_contract.rs` makes that a failure with `CI=true`.
async fn on_postgres(test: impl AsyncFn(&str)) {
    let Some(server) = std::env::var("TEST_DATABASE_URL").ok().filter(|url| !url.is_empty()) else { return };
    let admin = Database::connect(&server).await.expect("the server at TEST_DATABASE_URL");
    let name = format!("cli_{}", Uuid::now_v7().simple());
    sql(&admin, &format!("CREATE DATABASE {name}")).await;

    let outcome = AssertUnwindSafe(test(&at(&server, &name))).catch_unwind().await;

    sql(&admin, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
    outcome.unwrap_or_else(|panic| resume_unwind(panic));
}

/// The url of another database of the server.
fn at(server: &str, database: &str) -> String {
    let mut url = url::Url::parse(server).expect("a url");
    url.set_path(database);
    url.to_string()
}

async fn sql(db: &DatabaseConnection, text: &str) {
    db.execute_unprepared(text).await.expect(text);
}

/// The steps that there are, in order.
fn steps() -> Vec<String> {
    Migrator::migrations().iter().map(|step| step.name().to_owned()).collect()
}

impl Shell {
    /// `alpha-call db …`, the words divided by blanks.
    fn db(&self, words: &str) -> Told {
        self.run(&["db"].into_iter().chain(words.split(' ')).collect::<Vec<_>>())
    }

    fn done(&self, words: &str) -> Told {
        let told = self.db(words);
        assert_eq!(told.code, Some(0), "{words}: {told}");
        told
    }

    /// How many steps are pending: the last ones.
    fn pending(&self) -> usize {
        let states = self.states();
        let pending = states.iter().filter(|state| *state == "pending").count();
        assert!(states[..states.len() - pending].iter().all(|state| state == "applied"), "{states:?}");
        assert_eq!(states.len(), steps().len());
        pending
    }

    fn states(&self) -> Vec<String> {
        let told = self.db("status -o json");
        let steps: serde_json::Value = serde_json::from_str(&told.out).unwrap_or_else(|_| panic!("no json: {told}"));
        let steps = steps.as_array().expect("a list");
        steps.iter().map(|step| step["state"].as_str().expect("a word").to_owned()).collect()
    }
}
