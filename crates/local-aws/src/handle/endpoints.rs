//! The facade: what containers see of their host.

use super::LocalAws;
use crate::http::{self, HostEndpoint};
use crate::server::{self, Server, Serving};
use jiff::SignedDuration;
use std::io;
use std::sync::PoisonError;

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

    /// Sets how the metadata service of an instance answers.
    pub fn set_imds(&self, instance: &str, how: HostEndpoint) {
        self.0.hosts.front.switches.imds().set(instance, how);
    }

    /// Sets what the metadata service of an instance has at a path below `/latest/meta-data/`, in place of what the model
    /// knows.
    pub fn set_imds_value(&self, instance: &str, path: &str, value: &str) {
        let key = http::imds::metadata_key(instance, path);
        self.0.hosts.front.switches.metadata().set(&key, value.to_owned());
    }

    /// Sets how the ECS agent's introspection on an instance answers.
    pub fn set_introspection(&self, instance: &str, how: HostEndpoint) {
        self.0.hosts.front.switches.introspection().set(instance, how);
    }

    /// Sets how the credentials of a task (id or ARN) answer.
    pub fn set_credentials(&self, task: &str, how: HostEndpoint) {
        self.0.hosts.front.switches.credentials().set(task_id(task), how);
    }

    /// Sets how the metadata of a task (id or ARN) answers.
    pub fn set_task_metadata(&self, task: &str, how: HostEndpoint) {
        self.0
            .hosts
            .front
            .switches
            .task_metadata()
            .set(task_id(task), how);
    }

    /// The credentials that a task (id or ARN) gets from now on last so long.
    pub fn set_credentials_life(&self, task: &str, life: SignedDuration) {
        self.0.hosts.front.switches.lives().set(task_id(task), life);
    }

    /// Every request of a container to its host so far, as `GET /v4/…`: task metadata, credentials, IMDS, introspection.
    pub fn host_requests(&self) -> Vec<String> {
        self.0.hosts.front.requests.all()
    }

    /// Serves the same account by TLS too, on a port of its own, with a certificate for 127.0.0.1 and its key in PEM.
    /// Gives the endpoint: `https://127.0.0.1:<port>`.
    ///
    /// # Errors
    /// Certificate or key cannot be used, or no port is free.
    pub async fn listen_with_tls(&self, certificate: &[u8], key: &[u8]) -> io::Result<String> {
        let front = self.0.hosts.front.clone();
        let serving = Serving {
            tls: Some(server::tls(certificate, key)?),
            ..front.serving.clone()
        };
        let server = Server::start(0, http::router(front), serving).await?;
        let url = server.url();
        self.0
            .servers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(server);
        Ok(url)
    }

    /// The last lines of a container's output.
    pub fn container_logs(&self, task_arn: &str, container: &str) -> Vec<String> {
        self.0.hosts.agent.logs(task_arn, container)
    }
}

fn task_id(task: &str) -> &str {
    task.rsplit('/').next().unwrap_or(task)
}
