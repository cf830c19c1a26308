//! Where a service answers, by the rules of the SDK's own endpoints: a setting first, then the region's partition.
//!
//! The names are those of the service models (`endpoint-rule-set-1`), with which `tests/python/cli` compares them.

use super::QueryService;
use aws_config::SdkConfig;
use aws_types::service_config::ServiceConfigKey;

/// An address, and the region for which its calls are signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) url: String,
    pub(super) signing_region: String,
}

/// Why there is no address.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum NoEndpoint {
    #[error("no region is set")]
    Region,
    /// FIPS endpoints are asked for, and this partition has none.
    #[error("no FIPS endpoint of {service} is known for {region}")]
    Fips { service: &'static str, region: String },
}

/// Partitions: the beginning of their regions' names, the end of their hosts' names, the beginning of the host of their
/// IAM, and the region for which that is signed. The first that fits; the last one fits all.
const PARTITIONS: [(&str, &str, &str, &str); 8] = [
    ("cn-", "amazonaws.com.cn", "iam.cn-north-1", "cn-north-1"),
    ("us-gov-", "amazonaws.com", "iam.us-gov", "us-gov-west-1"),
    ("us-iso-", "c2s.ic.gov", "iam.us-iso-east-1", "us-iso-east-1"),
    (
        "us-isob-",
        "sc2s.sgov.gov",
        "iam.us-isob-east-1",
        "us-isob-east-1",
    ),
    (
        "eu-isoe-",
        "cloud.adc-e.uk",
        "iam.eu-isoe-west-1",
        "eu-isoe-west-1",
    ),
    (
        "us-isof-",
        "csp.hci.ic.gov",
        "iam.us-isof-south-1",
        "us-isof-south-1",
    ),
    ("eusc-", "amazonaws.eu", "iam.eusc-de-east-1", "eusc-de-east-1"),
    ("", "amazonaws.com", "iam", "us-east-1"),
];

impl Endpoint {
    pub(super) fn of(service: QueryService, config: &SdkConfig) -> Result<Endpoint, NoEndpoint> {
        let region = config.region().ok_or(NoEndpoint::Region)?.as_ref();
        let endpoint = Endpoint::in_region(service, region, config.use_fips().unwrap_or_default());
        match given(service, config) {
            // What is signed for does not change: an address of one's own may be a proxy.
            Some(url) => Ok(Endpoint {
                url,
                signing_region: endpoint.map_or_else(|_| region.to_owned(), |known| known.signing_region),
            }),
            None => endpoint,
        }
    }

    fn in_region(service: QueryService, region: &str, fips: bool) -> Result<Endpoint, NoEndpoint> {
        let mut partitions = PARTITIONS.into_iter();
        let partition = partitions.find(|(begin, ..)| region.starts_with(begin));
        let (begin, suffix, iam, iam_region) = partition.ok_or(NoEndpoint::Region)?;
        let has_own_fips = match begin {
            "" => fips,
            // The plain endpoints of GovCloud are FIPS endpoints.
            "us-gov-" => false,
            _ if fips => {
                return Err(NoEndpoint::Fips {
                    service: service.name(),
                    region: region.to_owned(),
                });
            }
            _ => false,
        };
        let (host, signing_region) = match (service, has_own_fips) {
            (QueryService::Iam, false) => (format!("{iam}.{suffix}"), iam_region),
            (QueryService::Iam, true) => (format!("iam-fips.{suffix}"), iam_region),
            (_, false) => (format!("{}.{region}.{suffix}", service.name()), region),
            (_, true) => (format!("{}-fips.{region}.{suffix}", service.name()), region),
        };
        Ok(Endpoint {
            url: format!("https://{host}"),
            signing_region: signing_region.to_owned(),
        })
    }
}

/// The address that environment or profile give: that of the service goes before that of all.
fn given(service: QueryService, config: &SdkConfig) -> Option<String> {
    let key = ServiceConfigKey::builder()
        .service_id(service.id())
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .ok()?;
    let own = config.service_config().and_then(|set| set.load_config(key));
    own.or_else(|| config.endpoint_url().map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_config::Region;
    use std::fmt::Write;

    /// One region of each partition, and two where that matters.
    const REGIONS: [&str; 11] = [
        "eu-west-1",
        "us-east-1",
        "cn-north-1",
        "cn-northwest-1",
        "us-gov-west-1",
        "us-gov-east-1",
        "us-iso-east-1",
        "us-isob-east-1",
        "eu-isoe-west-1",
        "us-isof-south-1",
        "eusc-de-east-1",
    ];

    /// What the lane of the AWS CLI's models reads: service, region, plain or fips, URL, region of the signature.
    const TABLE: &str = "src/account/query/endpoints.txt";

    #[test]
    fn the_table_that_is_compared_with_the_service_models_is_ours() {
        let mut text = String::new();
        let each = REGIONS
            .iter()
            .flat_map(|region| [(region, false), (region, true)]);
        for service in [
            QueryService::Iam,
            QueryService::Ec2,
            QueryService::ClassicLoadBalancing,
        ] {
            for (region, fips) in each.clone() {
                if let Ok(found) = Endpoint::in_region(service, region, fips) {
                    let kind = if fips { "fips" } else { "plain" };
                    let Endpoint { url, signing_region } = found;
                    writeln!(text, "{} {region} {kind} {url} {signing_region}", service.name()).unwrap();
                }
            }
        }
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(TABLE);
        if std::env::var_os("UPDATE_CHECKS").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), text);
    }

    #[test]
    fn a_setting_goes_first_and_fips_is_never_dropped() {
        let config = |endpoint: Option<&str>, region: &'static str| {
            let mut builder = SdkConfig::builder().region(Region::new(region)).use_fips(true);
            builder.set_endpoint_url(endpoint.map(str::to_owned));
            builder.build()
        };
        let given = config(Some("http://127.0.0.1:1"), "eu-west-1");
        let local = Endpoint::of(QueryService::Iam, &given);
        let (url, signing_region) = ("http://127.0.0.1:1".to_owned(), "us-east-1".to_owned());
        assert_eq!(local, Ok(Endpoint { url, signing_region }));
        let none = Endpoint::of(QueryService::Ec2, &config(None, "us-iso-east-1"));
        let (service, region) = ("ec2", "us-iso-east-1".to_owned());
        assert_eq!(none, Err(NoEndpoint::Fips { service, region }));
        let nowhere = Endpoint::of(QueryService::Ec2, &SdkConfig::builder().build());
        assert_eq!(nowhere, Err(NoEndpoint::Region));
    }
}
