//! Settings: `PROTECTOR_*`, all wrong ones reported together.

pub(crate) use protector_core::settings::sidecar::SidecarSettings;
use protector_core::variables::Problems;

/// Reads the settings of this process.
pub(crate) fn from_environment() -> Result<SidecarSettings, Problems> {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    SidecarSettings::read(
        &|name| std::env::var_os(name).map(|v| v.to_string_lossy().into_owned()),
        names,
    )
}
