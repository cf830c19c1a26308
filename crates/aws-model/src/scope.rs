//! Whose resources these are, and their names.

/// The region and account of a world.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    /// For example `eu-west-1`.
    pub(crate) region: String,
    /// 12 digits.
    pub(crate) account: String,
}

impl Scope {
    /// ARN of a resource of ECS, for example of `cluster/web`.
    pub(crate) fn ecs(&self, resource: &str) -> String {
        format!("arn:aws:ecs:{}:{}:{resource}", self.region, self.account)
    }

    /// ARN of a cluster.
    pub(crate) fn cluster(&self, name: &str) -> String {
        self.ecs(&format!("cluster/{name}"))
    }
}

/// The resource that an ARN or a plain name means: its last part.
pub(crate) fn short(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}
