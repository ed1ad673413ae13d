//! What the integration tests share.

pub mod app;
pub mod authority;
pub mod browser;
pub mod contract;
pub mod fill;
pub mod libraries;
pub mod process;
pub mod receiver;
pub mod rows;

/// The throwaway PostgreSQL of this run.
///
/// # Panics
/// When there is none: a test that cannot run fails with the reason.
pub fn postgres_url() -> String {
    std::env::var("POSTRIDER_TEST_POSTGRES")
        .expect("POSTRIDER_TEST_POSTGRES is not set: run the tests with tests/run, or with `tests/run with cargo test`")
}
