//! Drives the built program through a real browser, as a person would.

pub mod axe;
pub mod browser;
mod chromium;
pub mod find;
pub mod journal;
pub mod pages;
pub mod portal;
mod settings;
pub mod states;
pub mod steps;
pub mod walk;
