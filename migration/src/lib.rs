//! The schema, one step per file. `README.md` says how steps are written.

pub use sea_orm_migration::prelude::{MigrationTrait, MigratorTrait, SchemaManager};

mod m20261122_000001_calls;
mod m20261122_000002_record;
mod m20261122_000003_search;
mod m20261122_000004_tools;
mod m20261122_000005_phrases;
mod m20261123_000006_slots;
mod m20261123_000007_compliance;
mod m20261123_000008_api_keys;
mod m20261123_000009_stir_verstat;
mod m20261123_000010_budgets;
mod m20261123_000011_dials;
mod m20261123_000012_resumes;
mod m20261123_000013_events;
mod m20261123_000014_journal;
mod m20261123_000015_webhooks;

/// Brings a database to the schema that this version of the program knows.
pub struct Migrator;

#[sea_orm_migration::async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261122_000001_calls::Migration),
            Box::new(m20261122_000002_record::Migration),
            Box::new(m20261122_000003_search::Migration),
            Box::new(m20261122_000004_tools::Migration),
            Box::new(m20261122_000005_phrases::Migration),
            Box::new(m20261123_000006_slots::Migration),
            Box::new(m20261123_000007_compliance::Migration),
            Box::new(m20261123_000008_api_keys::Migration),
            Box::new(m20261123_000009_stir_verstat::Migration),
            Box::new(m20261123_000010_budgets::Migration),
            Box::new(m20261123_000011_dials::Migration),
            Box::new(m20261123_000012_resumes::Migration),
            Box::new(m20261123_000013_events::Migration),
            Box::new(m20261123_000014_journal::Migration),
            Box::new(m20261123_000015_webhooks::Migration),
        ]
    }
}
