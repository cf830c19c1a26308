//! Where the programs under test are: beside this one, or where the environment says.

use std::path::PathBuf;

/// The coordinator; `PROTECTOR_TEST_BOOTSTRAP` names one of another version.
pub fn bootstrap() -> PathBuf {
    named("PROTECTOR_TEST_BOOTSTRAP").unwrap_or_else(|| beside("bootstrap"))
}

/// The coordinator that replaces another one during a drain; `PROTECTOR_TEST_NEXT_BOOTSTRAP` names it.
pub fn next_bootstrap() -> PathBuf {
    named("PROTECTOR_TEST_NEXT_BOOTSTRAP").unwrap_or_else(|| beside("bootstrap"))
}

/// The sidecar; `PROTECTOR_TEST_SIDECAR` names one of another version.
pub fn sidecar() -> PathBuf {
    named("PROTECTOR_TEST_SIDECAR").unwrap_or_else(|| beside("ecs-daemon-protector"))
}

/// The operator's tool.
pub fn protectorctl() -> PathBuf {
    beside("protectorctl")
}

/// # Panics
/// The variable names no file: a test of another version must not go on with this one.
fn named(variable: &str) -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os(variable)?);
    let absolute = path.canonicalize();
    Some(absolute.unwrap_or_else(|error| panic!("{variable}={}: {error}", path.display())))
}

/// # Panics
/// The program is not built.
fn beside(name: &str) -> PathBuf {
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
