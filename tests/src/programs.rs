//! Where the programs under test are: beside this one, or where the environment says.

use std::path::PathBuf;

/// The coordinator; `PROTECTOR_TEST_BOOTSTRAP` names one of another version.
pub fn bootstrap() -> PathBuf {
    Coordinator::first().path
}

/// A coordinator, and what must not be set for it.
pub(crate) struct Coordinator {
    pub(crate) path: PathBuf,
    lacks: Vec<String>,
}

impl Coordinator {
    /// The one that is deployed first.
    pub(crate) fn first() -> Coordinator {
        Coordinator::of("PROTECTOR_TEST_BOOTSTRAP")
    }

    /// The one that replaces another one during a drain; `PROTECTOR_TEST_NEXT_BOOTSTRAP` names one of another version.
    pub(crate) fn next() -> Coordinator {
        Coordinator::of("PROTECTOR_TEST_NEXT_BOOTSTRAP")
    }

    /// The one of another version that the variable names. `PROTECTOR_TEST_LACKS` lists the settings that it does not know:
    /// a coordinator refuses to start with those.
    fn of(variable: &str) -> Coordinator {
        let Some(path) = named(variable) else {
            return Coordinator {
                path: beside("bootstrap"),
                lacks: Vec::new(),
            };
        };
        let lacks = std::env::var("PROTECTOR_TEST_LACKS").unwrap_or_default();
        Coordinator {
            path,
            lacks: lacks.split(',').map(str::to_owned).collect(),
        }
    }

    /// Whether it has the setting of this name (without `PROTECTOR_`).
    pub(crate) fn knows(&self, setting: &str) -> bool {
        !self.lacks.iter().any(|name| name == setting)
    }
}

/// Whether every coordinator under test continues the drains that are in shared records.
pub fn all_read_shared_records() -> bool {
    [Coordinator::first(), Coordinator::next()]
        .iter()
        .all(|coordinator| coordinator.knows("OWN_RECORDS_ONLY"))
}

/// The sidecar; `PROTECTOR_TEST_SIDECAR` names one of another version.
pub fn sidecar() -> PathBuf {
    named("PROTECTOR_TEST_SIDECAR").unwrap_or_else(|| beside("ecs-daemon-protector"))
}

/// The operator's tool.
pub fn protectorctl() -> PathBuf {
    beside("protectorctl")
}

/// Panics if the variable names no file: a test of another version must not go on with this one.
fn named(variable: &str) -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os(variable)?);
    let absolute = path.canonicalize();
    Some(absolute.unwrap_or_else(|error| panic!("{variable}={}: {error}", path.display())))
}

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
