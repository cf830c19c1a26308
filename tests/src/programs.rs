//! Where the programs under test are: beside this one.

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
    // Tests are one level deeper than programs: target/debug/deps.
    let mut beside = own.ancestors().skip(1).take(2).map(|folder| folder.join(name));
    let found = beside.find(|path| path.exists());
    found.unwrap_or_else(|| {
        panic!(
            "{name} is missing beside {}: run cargo build --workspace --bins",
            own.display()
        )
    })
}
