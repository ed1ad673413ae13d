//! What both benches have in common: when they run, on which databases, and how they end.

/// Runs a bench that returns how many limits were missed; any ends it with an error.
pub fn run(bench: impl Future<Output = usize>) {
    // `cargo test --benches` asks for nothing to be measured.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let missed = runtime.block_on(bench);
    if missed > 0 {
        println!("\n{missed} limits were missed.");
        std::process::exit(1);
    }
}

/// The PostgreSQL to measure too, where there is one.
pub fn postgres() -> Option<String> {
    let url = std::env::var("POSTRIDER_BENCH_POSTGRES").ok();
    if url.is_none() {
        println!("\nPostgreSQL was not measured: POSTRIDER_BENCH_POSTGRES is not set (benches/run sets it).");
    }
    url
}
