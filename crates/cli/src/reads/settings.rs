//! The settings of a coordinator that runs, for what is checked beside it.

use super::sign_in;
use crate::account::{Account, AccountArgs};
use crate::lint::args::CoordinatorArgs;
use crate::look::stderr_line;
use protector_diagnosis::listing::Listing;
use protector_diagnosis::read::GapKind;
use std::error::Error;

/// Takes the settings from the coordinator's beacon, and says which coordinator that was.
pub(crate) async fn follow(coordinator: &mut CoordinatorArgs) -> Result<(), Box<dyn Error>> {
    let args = AccountArgs::of(&coordinator.region, &coordinator.profile, coordinator.prefix());
    let account = Account::open(&args).await?;
    let name = account.prefix.beacon_name();
    let parameters = match account.named_parameters(vec![name.clone()]).await {
        Ok(parameters) => parameters,
        Err(gap) if gap.kind == GapKind::SignedOut => return Err(sign_in(&gap).into()),
        Err(gap) => return Err(gap.to_string().into()),
    };
    let listing = Listing::of(&account.prefix, &parameters);
    let beacon = listing.readable_beacon().ok_or_else(|| {
        format!(
            "no coordinator has written {name} in {}: see --region, --profile and --prefix, or give its settings by \
             --max-drain, --daemon-stop and --tiers",
            account.region
        )
    })?;
    stderr_line(&format!(
        "settings of the coordinator {} in {}: MAX_DRAIN {:#}, DAEMON_STOP {:#}",
        beacon.version, account.region, beacon.max_drain, beacon.daemon_stop
    ));
    coordinator.follow(beacon, account.prefix.clone());
    Ok(())
}
