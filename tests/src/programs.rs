//! Where the programs under test are: beside the test's own executable.

use std::path::PathBuf;

/// The coordinator.
pub fn bootstrap() -> PathBuf {
    program("bootstrap")
}

/// The sidecar.
pub fn sidecar() -> PathBuf {
    program("ecs-daemon-protector")
}

/// # Panics
/// The program is not built.
fn program(name: &str) -> PathBuf {
    let own = std::env::current_exe().unwrap_or_default();
    let target = own
        .parent()
        .and_then(|deps| deps.parent())
        .map(PathBuf::from)
        .unwrap_or_default();
    let path = target.join(name);
    assert!(
        path.exists(),
        "{} is missing: run cargo build --workspace --bins",
        path.display()
    );
    path
}
