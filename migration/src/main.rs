//! `cargo run -p migration --features cli -- status|up|down`, with `DATABASE_URL` set.

#[tokio::main]
async fn main() {
    sea_orm_migration::cli::run_cli(migration::Migrator).await;
}
