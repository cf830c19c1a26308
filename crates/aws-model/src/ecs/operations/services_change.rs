//! Changing services.

use crate::ApiError;
use crate::ecs::Ecs;
use crate::ecs::definition::TaskDefinition;
use crate::ecs::keys::ServiceKey;
use crate::ecs::percents::Percents;
use crate::ecs::place_rules::PlaceRules;
use crate::ecs::service::{Deployment, EcsService, Strategy, Tally, Unsaid};
use crate::ecs::service_events::ServiceEvents;
use crate::ecs::targets::{Balancer, LoadBalancer};
use crate::params::{Params, client, invalid};
use crate::scope::short;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

impl Ecs {
    pub(super) fn create_service(&mut self, now: Timestamp, params: Params<'_>) -> Result<Value, ApiError> {
        let cluster = self.cluster_of(params)?;
        let name = params.required("serviceName")?;
        let strategy = strategy(params)?;
        let definition = self.definitions.find(params.required("taskDefinition")?)?;
        let percents = Percents::read(params, strategy == Strategy::Daemon)?;
        let place_rules = PlaceRules::read(params)?.unwrap_or_default();
        let balancers = LoadBalancer::read(params, &self.known_balancers())?.unwrap_or_default();
        let key = (cluster, name.to_owned());
        if self.services.get(&key).is_some_and(|service| !service.deleted) {
            return Err(invalid("Creation of service was not idempotent."));
        }
        let deployment = self.deployment(now, definition);
        let mut service = EcsService {
            arn: self.arn_in("service", &key.0, name),
            key: key.clone(),
            strategy,
            desired_count: desired_count(params)?.unwrap_or_default(),
            percents,
            circuit_breaker: circuit_breaker(params).unwrap_or_default(),
            place_rules,
            balancers,
            grace_seconds: params.number("healthCheckGracePeriodSeconds"),
            unsaid: Unsaid::default(),
            events: ServiceEvents::default(),
            deleted: false,
            created_at: now,
            deployments: vec![deployment],
            tasks: BTreeSet::new(),
            served: BTreeSet::new(),
            is_short: false,
            failures: 0,
            schedule_is_due: false,
        };
        // What is left of a deleted service of this name counts as old deployments.
        if let Some(deleted) = self.services.remove(&key) {
            service.deployments.extend(deleted.deployments);
            service.tasks = deleted.tasks;
            service.served = deleted.served;
        }
        self.services.insert(key.clone(), service);
        self.changed(now, &key)
    }

    /// A new task definition, or `forceNewDeployment`, makes a new deployment.
    pub(super) fn update_service(&mut self, now: Timestamp, params: Params<'_>) -> Result<Value, ApiError> {
        let key = self.active_service(params)?;
        let count = desired_count(params)?;
        let named = params
            .text("taskDefinition")
            .map(|name| self.definitions.find(name))
            .transpose()?;
        let place_rules = PlaceRules::read(params)?;
        let balancers = LoadBalancer::read(params, &self.known_balancers())?;
        let service = self.services.get(&key).ok_or_else(not_found)?;
        let percents = Percents::read(params, service.strategy == Strategy::Daemon)?;
        let current = service
            .deployments
            .first()
            .map(|deployment| deployment.definition.clone());
        let definition = named.or(current.clone()).ok_or_else(not_found)?;
        let same = current.is_some_and(|current| current.arn == definition.arn);
        let fresh = (!same || params.flag("forceNewDeployment")).then(|| self.deployment(now, definition));
        let service = self.services.get_mut(&key).ok_or_else(not_found)?;
        service.desired_count = count.unwrap_or(service.desired_count);
        service.percents = percents.or(service.percents);
        service.circuit_breaker = circuit_breaker(params).unwrap_or(service.circuit_breaker);
        service.grace_seconds = params
            .number("healthCheckGracePeriodSeconds")
            .or(service.grace_seconds);
        if let Some(rules) = place_rules {
            service.place_rules = rules;
        }
        if let Some(balancers) = balancers {
            service.balancers = balancers;
        }
        service.failures = 0;
        fresh
            .into_iter()
            .for_each(|deployment| service.deployments.insert(0, deployment));
        self.changed(now, &key)
    }

    /// A replica service with tasks must be scaled down first, or deleted with `force`.
    pub(super) fn delete_service(&mut self, now: Timestamp, params: Params<'_>) -> Result<Value, ApiError> {
        let key = self.active_service(params)?;
        let service = self.services.get_mut(&key).ok_or_else(not_found)?;
        let scaled = service.strategy == Strategy::Daemon || service.desired_count == 0;
        if !scaled && !params.flag("force") {
            let text = "The service cannot be stopped while it is scaled above 0.";
            return Err(invalid(text));
        }
        service.deleted = true;
        self.changed(now, &key)
    }

    fn active_service(&self, params: Params<'_>) -> Result<ServiceKey, ApiError> {
        let key = (
            self.cluster_of(params)?,
            short(params.required("service")?).to_owned(),
        );
        match self.services.get(&key) {
            None => Err(not_found()),
            Some(service) if service.deleted => {
                Err(client("ServiceNotActiveException", "Service was not ACTIVE."))
            }
            Some(_) => Ok(key),
        }
    }

    fn known_balancers(&self) -> BTreeSet<Balancer> {
        self.balancers.keys().cloned().collect()
    }

    fn deployment(&mut self, now: Timestamp, definition: Arc<TaskDefinition>) -> Deployment {
        Deployment {
            id: self.ids.deployment(),
            definition,
            created_at: now,
            tally: Tally::default(),
            failed: 0,
            completed_at: None,
            is_broken: false,
        }
    }

    /// Requests a look at the service and returns it.
    fn changed(&mut self, now: Timestamp, key: &ServiceKey) -> Result<Value, ApiError> {
        self.request_schedule(now, key);
        let service = self.services.get(key).ok_or_else(not_found)?;
        Ok(json!({"service": self.described_service(service)}))
    }
}

fn strategy(params: Params<'_>) -> Result<Strategy, ApiError> {
    match params.text("schedulingStrategy") {
        None | Some("REPLICA") => Ok(Strategy::Replica),
        Some("DAEMON") => Ok(Strategy::Daemon),
        Some(_) => Err(invalid("schedulingStrategy must be one of [REPLICA,DAEMON].")),
    }
}

fn desired_count(params: Params<'_>) -> Result<Option<usize>, ApiError> {
    let count = params.number("desiredCount").map(usize::try_from).transpose();
    count.map_err(|_| invalid("desiredCount cannot be negative."))
}

/// Whether the circuit breaker is enabled; none if the call does not say it.
fn circuit_breaker(params: Params<'_>) -> Option<bool> {
    params.0["deploymentConfiguration"]["deploymentCircuitBreaker"]["enable"].as_bool()
}

fn not_found() -> ApiError {
    client("ServiceNotFoundException", "Service not found.")
}
