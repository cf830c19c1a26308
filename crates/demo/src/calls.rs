//! What a drain costs: AWS calls by caller and operation.

use protector_aws_model::{Entry, What};
use protector_local_aws::principal::{COORDINATOR, sidecar};
use std::collections::BTreeMap;

/// Number of calls by caller (`coordinator`, `sidecar`), then by operation (`ecs:DescribeTasks`).
pub(crate) type Calls = BTreeMap<String, BTreeMap<String, usize>>;

/// Counts the calls of the product in `journal`; those of the demo itself are not its costs.
pub(crate) fn count(journal: &[Entry]) -> Calls {
    let mut calls = Calls::new();
    for entry in journal {
        if let What::Call {
            principal,
            service,
            operation,
            ..
        } = &entry.what
            && let Some(caller) = caller(principal)
        {
            let operation = format!("{}:{operation}", service.prefix());
            *calls
                .entry(caller.to_owned())
                .or_default()
                .entry(operation)
                .or_default() += 1;
        }
    }
    calls
}

fn caller(principal: &str) -> Option<&'static str> {
    match principal {
        COORDINATOR => Some("coordinator"),
        other if other.starts_with(&sidecar("")) => Some("sidecar"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use protector_aws_model::{Outcome, Service};
    use serde_json::Value;

    fn call(principal: &str, service: Service, operation: &str) -> Entry {
        let what = What::Call {
            principal: principal.to_owned(),
            service,
            operation: operation.to_owned(),
            params: Value::Null,
            outcome: Outcome::Ok,
        };
        Entry {
            at: Timestamp::UNIX_EPOCH,
            what,
        }
    }

    #[test]
    fn only_the_calls_of_the_product_count() {
        let calls = count(&[
            call(COORDINATOR, Service::Ecs, "DescribeTasks"),
            call(COORDINATOR, Service::Ecs, "DescribeTasks"),
            call(&sidecar("1a2b"), Service::Ssm, "GetParameters"),
            call("operator", Service::Ecs, "CreateCluster"),
        ]);
        let of = |name: &str, count| BTreeMap::from([(name.to_owned(), count)]);
        let expected = Calls::from([
            ("coordinator".to_owned(), of("ecs:DescribeTasks", 2)),
            ("sidecar".to_owned(), of("ssm:GetParameters", 1)),
        ]);
        assert_eq!(calls, expected);
    }
}
