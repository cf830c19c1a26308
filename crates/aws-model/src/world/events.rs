//! EventBridge: from what happens to what arrives.

use super::{Due, World};
use crate::ApiError;
use crate::effects::Effect;
use crate::events;
use crate::journal::What;
use crate::params::{Params, unknown_operation};
use crate::time::later;
use jiff::Timestamp;
use serde_json::{Value, json};

impl World {
    /// An event arises. It arrives after the usual delay, unless a fault is planned for it.
    pub(super) fn emit(&mut self, now: Timestamp, event: Value) {
        let usual = self.config.timings.event_delivery;
        for (at, event) in self.faults.deliver(now, event) {
            self.timers.push(later(at, usual), Due::Deliver(event));
        }
    }

    pub(super) fn deliver(&mut self, now: Timestamp, event: Value) {
        self.log(now, What::Event { event: event.clone() });
        self.effects.push(Effect::Event(event));
    }

    /// EventBridge: `PutEvents`, to the default bus. The rules are not the model's: what reads them answers nothing here.
    pub(super) fn call_events(
        &mut self,
        now: Timestamp,
        operation: &str,
        params: &Value,
    ) -> Result<Value, ApiError> {
        match operation {
            "PutEvents" => Ok(self.put_events(now, Params(params))),
            "DescribeRule" | "ListRuleNamesByTarget" | "ListTargetsByRule" => Ok(Value::Null),
            _ => Err(unknown_operation(operation)),
        }
    }

    fn put_events(&mut self, now: Timestamp, params: Params<'_>) -> Value {
        let (mut answers, mut failed) = (Vec::new(), 0);
        for entry in params.list("Entries").iter().map(Params) {
            match self.own_event(now, entry) {
                Ok(event) => {
                    answers.push(json!({"EventId": event["id"]}));
                    self.emit(now, event);
                }
                Err(message) => {
                    answers.push(json!({"ErrorCode": "InvalidArgument", "ErrorMessage": message}));
                    failed += 1;
                }
            }
        }
        json!({"FailedEntryCount": failed, "Entries": answers})
    }

    fn own_event(&mut self, now: Timestamp, entry: Params<'_>) -> Result<Value, &'static str> {
        let source = entry
            .text("Source")
            .ok_or("Parameter Source is not valid. Reason: Source is a required argument.")?;
        let kind = entry
            .text("DetailType")
            .ok_or("Parameter DetailType is not valid. Reason: DetailType is a required argument.")?;
        let detail = entry
            .text("Detail")
            .and_then(|detail| serde_json::from_str(detail).ok());
        let detail: Value = detail.ok_or("Parameter Detail is not valid. Reason: Detail is malformed.")?;
        let resources = entry.texts("Resources");
        let mut event = events::envelope(&self.scope, &mut self.ids, now, source, kind, "", detail);
        event["resources"] = json!(resources);
        Ok(event)
    }
}
