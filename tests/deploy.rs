//! Deployment, without a cloud: the scripts against a gcloud of ours and against the real one, and the files that platforms read.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test ends by panicking, and says aloud what it leaves out"
)]

#[path = "deploy/desk.rs"]
mod desk;
#[path = "deploy/document.rs"]
mod document;
#[path = "deploy/files.rs"]
mod files;
#[path = "deploy/google.rs"]
mod google;
#[path = "deploy/release.rs"]
mod release;
#[path = "deploy/setup.rs"]
mod setup;
