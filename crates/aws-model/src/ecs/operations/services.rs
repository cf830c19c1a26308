//! Reading services.

use super::failure;
use crate::ApiError;
use crate::ecs::service::{EcsService, Strategy};
use crate::ecs::{Ecs, shape};
use crate::page::page;
use crate::params::{Params, invalid};
use crate::scope::short;
use crate::status::InstanceStatus;
use serde_json::{Value, json};

/// The most that one DescribeServices takes.
const MAX_SERVICES: usize = 10;

/// How long a page of ListServices is if the call does not say.
const LISTED: i64 = 10;

impl Ecs {
    pub(super) fn describe_services(&self, params: Params<'_>) -> Result<Value, ApiError> {
        let cluster = self.cluster_of(params)?;
        let names = params.texts("services");
        match names.len() {
            0 => return Err(invalid("Services cannot be empty.")),
            1..=MAX_SERVICES => {}
            _ => {
                return Err(invalid(format!(
                    "Services cannot have more than {MAX_SERVICES} elements."
                )));
            }
        }
        let (mut found, mut failures) = (Vec::new(), Vec::new());
        for name in names.into_iter().map(short) {
            match self.services.get(&(cluster.clone(), name.to_owned())) {
                Some(service) => found.push(self.described_service(service)),
                None => failures.push(failure(&self.arn_in("service", &cluster, name), "MISSING")),
            }
        }
        Ok(json!({"services": found, "failures": failures}))
    }

    /// Deleted services are not listed.
    pub(super) fn list_services(&self, params: Params<'_>) -> Result<Value, ApiError> {
        let cluster = self.cluster_of(params)?;
        let strategy = params.text("schedulingStrategy");
        let of_cluster = self
            .services
            .values()
            .filter(|service| service.key.0 == cluster && !service.deleted);
        let listed = of_cluster.filter(|service| strategy.is_none_or(|one| service.strategy.as_str() == one));
        page(
            params,
            "serviceArns",
            listed.map(|service| service.arn.clone()),
            LISTED,
        )
    }

    /// A service as the API gives it.
    pub(super) fn described_service(&self, service: &EcsService) -> Value {
        shape::service(&self.scope, service, self.desired_count(service))
    }

    /// A daemon wants one task on each active instance.
    fn desired_count(&self, service: &EcsService) -> usize {
        let mine = self
            .instances
            .values()
            .filter(|instance| instance.cluster == service.key.0);
        match (service.deleted, service.strategy) {
            (true, _) => 0,
            (false, Strategy::Replica) => service.desired_count,
            (false, Strategy::Daemon) => mine.filter(|one| one.status == InstanceStatus::Active).count(),
        }
    }
}
