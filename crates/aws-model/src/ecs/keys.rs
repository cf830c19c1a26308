//! What names a service.

/// Names a service: cluster and service name.
pub(crate) type ServiceKey = (String, String);
