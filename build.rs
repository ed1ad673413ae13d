//! Rebuilds the binary when an embedded file changes; `embed_migrations!` cannot see new folders by itself.
fn main() {
    println!("cargo::rerun-if-changed=migrations");
    println!("cargo::rerun-if-changed=static");
    println!("cargo::rerun-if-changed=templates");
}
