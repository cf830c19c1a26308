//! API calls: faults and quotas first, then the service.

use super::World;
use crate::journal::{Outcome, What};
use crate::{ApiError, Call, Service, sts};
use jiff::Timestamp;
use serde_json::Value;

impl World {
    /// One API call. What follows from it comes out as effects, now and later.
    ///
    /// # Errors
    /// The error in the service's own words; `UnknownOperationException` for an operation that is not modelled.
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
        let mut answer = self.ask(now, call)?;
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
            Service::Lambda => Ok(Value::Null),
            Service::Sts => sts::call(&self.scope, call),
        }
    }
}
