//! The facade: what containers see of their host.

use super::LocalAws;

impl LocalAws {
    /// The endpoint of every AWS API: `http://127.0.0.1:<port>`, for `AWS_ENDPOINT_URL`.
    pub fn endpoint_url(&self) -> String {
        self.0.hosts.endpoint().to_owned()
    }

    /// The metadata service of a running instance, for `AWS_EC2_METADATA_SERVICE_ENDPOINT`. The ECS agent's
    /// introspection (`/v1/metadata`) is there too.
    pub fn imds_url(&self, instance: &str) -> Option<String> {
        self.0.hosts.imds_url(instance)
    }

    /// Switches the metadata service of an instance on or off. Off, it accepts a connection and never answers,
    /// as with a hop limit that is too small.
    pub fn set_imds_reachable(&self, instance: &str, reachable: bool) {
        self.0.hosts.switches.imds().set(instance, reachable);
    }

    /// Switches the credentials of a task (id or ARN) on or off. Off, the answer is 503, as after a restart of
    /// the ECS agent.
    pub fn set_credentials_available(&self, task: &str, available: bool) {
        self.0.hosts.switches.credentials().set(task_id(task), available);
    }

    /// Switches the metadata of a task (id or ARN) on or off. Off, it never answers.
    pub fn set_task_metadata_reachable(&self, task: &str, reachable: bool) {
        self.0
            .hosts
            .switches
            .task_metadata()
            .set(task_id(task), reachable);
    }

    /// The last lines of a container's output.
    pub fn container_logs(&self, task_arn: &str, container: &str) -> Vec<String> {
        self.0.hosts.agent.logs(task_arn, container)
    }
}

fn task_id(task: &str) -> &str {
    task.rsplit('/').next().unwrap_or(task)
}
