//! Which calls and events a plan is about, and for how long.

use crate::{Call, Service};
use jiff::Timestamp;
use serde_json::Value;

/// Which calls. Nothing set means all of them.
#[derive(Clone, Debug, Default)]
pub struct CallFilter {
    /// Of this service.
    pub service: Option<Service>,
    /// Of this operation.
    pub operation: Option<String>,
    /// By this principal.
    pub principal: Option<String>,
    /// With this text as a value somewhere in the input, or as part of one.
    pub mentions: Option<String>,
}

impl CallFilter {
    /// Every call.
    pub fn any() -> CallFilter {
        CallFilter::default()
    }

    /// Every call of a service.
    pub fn service(service: Service) -> CallFilter {
        CallFilter {
            service: Some(service),
            ..CallFilter::default()
        }
    }

    /// Every call of an operation.
    pub fn operation(service: Service, operation: &str) -> CallFilter {
        CallFilter {
            operation: Some(operation.to_owned()),
            ..CallFilter::service(service)
        }
    }

    /// Of these calls, those by `principal`.
    #[must_use]
    pub fn by(self, principal: &str) -> CallFilter {
        CallFilter {
            principal: Some(principal.to_owned()),
            ..self
        }
    }

    /// Of these calls, those whose input has `text` in one of its values.
    #[must_use]
    pub fn mentioning(self, text: &str) -> CallFilter {
        CallFilter {
            mentions: Some(text.to_owned()),
            ..self
        }
    }

    /// Returns whether this is one of the calls.
    pub(super) fn fits(&self, call: &Call) -> bool {
        self.service.is_none_or(|service| service == call.service)
            && self
                .operation
                .as_ref()
                .is_none_or(|operation| *operation == call.operation)
            && self
                .principal
                .as_ref()
                .is_none_or(|principal| *principal == call.principal)
            && self
                .mentions
                .as_ref()
                .is_none_or(|text| mentions(&call.params, text))
    }
}

/// Which events. Nothing set means all of them.
#[derive(Clone, Debug, Default)]
pub struct EventFilter {
    /// With this `detail-type`.
    pub detail_type: Option<String>,
    /// With this text as a value somewhere, or as part of one: an instance id, an ARN, a status.
    pub mentions: Option<String>,
}

impl EventFilter {
    /// Every event.
    pub fn any() -> EventFilter {
        EventFilter::default()
    }

    /// Every event with this `detail-type`.
    pub fn detail_type(detail_type: &str) -> EventFilter {
        EventFilter {
            detail_type: Some(detail_type.to_owned()),
            ..EventFilter::default()
        }
    }

    /// Of these events, those that have `text` in one of their values.
    #[must_use]
    pub fn mentioning(self, text: &str) -> EventFilter {
        EventFilter {
            mentions: Some(text.to_owned()),
            ..self
        }
    }

    /// Returns whether this is one of the events.
    pub(super) fn fits(&self, event: &Value) -> bool {
        self.detail_type
            .as_ref()
            .is_none_or(|wanted| event["detail-type"] == wanted.as_str())
            && self.mentions.as_ref().is_none_or(|text| mentions(event, text))
    }
}

/// For how long a plan acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// So many times.
    Times(u32),
    /// Before this moment.
    Until(Timestamp),
    /// Without an end.
    Forever,
}

impl From<u32> for Limit {
    fn from(times: u32) -> Limit {
        Limit::Times(times)
    }
}

impl From<Timestamp> for Limit {
    fn from(end: Timestamp) -> Limit {
        Limit::Until(end)
    }
}

impl Limit {
    /// Returns whether the plan still acts.
    pub(super) fn is_open(self, now: Timestamp) -> bool {
        match self {
            Limit::Times(times) => times > 0,
            Limit::Until(end) => now < end,
            Limit::Forever => true,
        }
    }

    /// The plan has acted once.
    pub(super) fn spend(&mut self) {
        if let Limit::Times(times) = self {
            *times = times.saturating_sub(1);
        }
    }
}

fn mentions(value: &Value, text: &str) -> bool {
    match value {
        Value::String(value) => value.contains(text),
        Value::Array(items) => items.iter().any(|item| mentions(item, text)),
        Value::Object(members) => members.values().any(|member| mentions(member, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
