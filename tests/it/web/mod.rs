//! The page, as people see it: in a real browser, before a real engine.

mod browser;
mod docs;
mod phone;
mod screens;
mod webhooks;

use browser::{Browser, Look};
