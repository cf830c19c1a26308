//! API calls: faults and quotas first, then the service.

use super::World;
use crate::ecs::Balancer;
use crate::faults::errors;
use crate::journal::{Outcome, What};
use crate::params::is_unknown;
use crate::{ApiError, Call, Service, sts};
use jiff::Timestamp;
use serde_json::Value;

impl World {
    /// One API call. What follows from it comes out as effects, now and later.
    ///
    /// # Errors
    /// The error in the service's own words. An operation that is not modelled is denied, as to a caller whose policy does not
    /// have it: a program must be able to go on without a read, and that can be tried with any.
    pub fn call(&mut self, now: Timestamp, call: &Call) -> Result<Value, ApiError> {
        self.advance(now);
        let answer = self.answer(now, call);
        let what = What::Call {
            principal: call.principal.clone(),
            service: call.service,
            operation: call.operation.clone(),
            params: call.params.clone(),
            outcome: Outcome::of(&answer),
        };
        self.log(now, what);
        self.settle(now);
        answer
    }

    fn answer(&mut self, now: Timestamp, call: &Call) -> Result<Value, ApiError> {
        if let Some(error) = self.faults.before(now, call) {
            return Err(error);
        }
        self.quotas.take(now, call.service, &call.operation)?;
        if let Some(answer) = self.faults.given(now, call) {
            return Ok(answer);
        }
        let mut answer = self.ask(now, call).map_err(|error| match is_unknown(&error) {
            true => errors::denied(call),
            false => error,
        })?;
        self.hide_missing(&call.operation, &mut answer);
        match self.faults.after(now, call) {
            Some(error) => Err(error),
            None => Ok(answer),
        }
    }

    fn ask(&mut self, now: Timestamp, call: &Call) -> Result<Value, ApiError> {
        let (operation, params) = (call.operation.as_str(), &call.params);
        match call.service {
            Service::Ecs => self.ecs.call(now, operation, params),
            Service::AutoScaling => self.auto_scaling.call(now, operation, params),
            Service::Ssm if self.faults.is_stale(now, call) => self.ssm.call_stale(now, operation, params),
            Service::Ssm => self.ssm.call(now, operation, params),
            Service::Events => self.call_events(now, operation, params),
            // What these answer is not the model's: the caller of this function has it.
            Service::Lambda | Service::Logs | Service::Sqs | Service::CloudWatch => Ok(Value::Null),
            Service::LoadBalancing => self.call_load_balancing(operation, params),
            Service::ClassicLoadBalancing => self.call_classic(operation, params),
            Service::Iam => self.iam.call(now, operation, params),
            Service::Ec2 => self.call_ec2(operation, params),
            Service::Sts => sts::call(&self.scope, call),
        }
    }

    /// The target groups; ECS learns their delays.
    fn call_load_balancing(&mut self, operation: &str, params: &Value) -> Result<Value, ApiError> {
        let ecs = &self.ecs;
        let answer = self.load_balancing.call(operation, params, |group| {
            ecs.targets(&Balancer::TargetGroup(group.to_owned()))
        });
        for (group, delay) in self.load_balancing.delays() {
            self.ecs.set_delay(Balancer::TargetGroup(group.to_owned()), delay);
        }
        answer
    }

    /// Classic Load Balancers; ECS learns how long they let connections end.
    fn call_classic(&mut self, operation: &str, params: &Value) -> Result<Value, ApiError> {
        let ecs = &self.ecs;
        let answer = self.classic.call(operation, params, |name| {
            ecs.targets(&Balancer::Classic(name.to_owned()))
        });
        for (name, delay) in self.classic.delays() {
            self.ecs.set_delay(Balancer::Classic(name.to_owned()), delay);
        }
        answer
    }
}
