//! The metadata options of an instance.

use serde_json::{Value, json};

/// `InstanceMetadataOptions`, what of it matters.
#[derive(Clone, Copy, Debug)]
pub(super) struct MetadataOptions {
    pub(super) enabled: bool,
    pub(super) hop_limit: i64,
}

impl Default for MetadataOptions {
    /// As the AMIs of ECS have it since Amazon Linux 2023.
    fn default() -> MetadataOptions {
        MetadataOptions {
            enabled: true,
            hop_limit: 2,
        }
    }
}

impl MetadataOptions {
    /// As EC2 shows them.
    pub(super) fn view(self) -> Value {
        json!({
            "state": "applied",
            "httpTokens": "required",
            "httpPutResponseHopLimit": self.hop_limit,
            "httpEndpoint": if self.enabled { "enabled" } else { "disabled" },
            "httpProtocolIpv6": "disabled",
            "instanceMetadataTags": "disabled",
        })
    }
}
