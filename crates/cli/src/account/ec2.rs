//! EC2: the metadata options of instances.

use super::Account;
use super::query::{QueryForm, QueryService};
use protector_core::ids::InstanceId;
use protector_diagnosis::doctor::reads::MetadataOptions;
use protector_diagnosis::read::Reading;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A filter takes so many values:
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html>
const FILTER_VALUES: usize = 200;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Instances {
    #[serde(default)]
    reservation_set: Items<Reservation>,
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Items<T> {
    #[serde(default = "Vec::new")]
    item: Vec<T>,
}

impl<T> Default for Items<T> {
    fn default() -> Items<T> {
        Items { item: Vec::new() }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reservation {
    #[serde(default)]
    instances_set: Items<Instance>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Instance {
    instance_id: String,
    metadata_options: Option<Metadata>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    http_endpoint: Option<String>,
    http_put_response_hop_limit: Option<u32>,
}

impl Account {
    /// The metadata options of instances. Those that EC2 does not know any more are left out.
    pub(crate) async fn metadata_options(
        &self,
        instances: &[InstanceId],
    ) -> Reading<BTreeMap<InstanceId, MetadataOptions>> {
        let mut found = BTreeMap::new();
        for chunk in instances.chunks(FILTER_VALUES) {
            let ids: Vec<&str> = chunk.iter().map(InstanceId::as_str).collect();
            // An id that is not there makes `InstanceId.N` an error for all, and a filter just does not find it.
            let form = QueryForm::default()
                .with("Filter.1.Name", "instance-id")
                .list("Filter.1.Value", &ids);
            let mut token = None;
            loop {
                let form = match token.take() {
                    Some(token) => form.clone().with("NextToken", token),
                    None => form.clone(),
                };
                let request = self
                    .query
                    .call::<Instances>(QueryService::Ec2, "DescribeInstances", &form);
                let page = self.call("ec2:DescribeInstances", request).await?;
                let reserved = page.reservation_set.item.into_iter();
                let instances = reserved.flat_map(|one| one.instances_set.item);
                found.extend(instances.filter_map(options));
                token = page.next_token.filter(|token| !token.is_empty());
                if token.is_none() {
                    break;
                }
            }
        }
        Ok(found)
    }
}

fn options(instance: Instance) -> Option<(InstanceId, MetadataOptions)> {
    let options = instance.metadata_options?;
    let options = MetadataOptions {
        is_enabled: options.http_endpoint.as_deref() != Some("disabled"),
        hop_limit: options.http_put_response_hop_limit?,
    };
    Some((instance.instance_id.parse().ok()?, options))
}
