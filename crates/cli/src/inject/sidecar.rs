//! The sidecar's container definition, as the examples have it.

use crate::edit::Json;
use crate::lint::{
    Container, MEMORY_WRITTEN, NO_NEW_PRIVILEGES, RESTART_PERIOD_SECONDS, START, USER, health_check,
    stop_timeout_for,
};
use jiff::SignedDuration;

/// The option of `awslogs` that distinguishes the streams of one group.
const STREAM_PREFIX: &str = "awslogs-stream-prefix";

/// The driver whose options can be taken over: it does not send to a daemon of the instance.
const AWSLOGS: &str = "awslogs";

/// A sidecar that is added.
pub(super) struct Sidecar<'a> {
    /// Its container's name.
    pub(super) name: &'a str,
    pub(super) image: &'a str,
    /// The longest hold.
    pub(super) hold: SignedDuration,
    /// Its settings, by their full name.
    pub(super) variables: Vec<(String, String)>,
}

impl Sidecar<'_> {
    /// The definition, for a task with these containers.
    pub(super) fn written(&self, others: &[Container<'_>]) -> Json {
        let protected = others.iter().filter(|container| self.protects(container.name));
        let depends = protected.map(|container| {
            Json::object([
                ("containerName", container.name.into()),
                ("condition", START.into()),
            ])
        });
        let variables = self.variables.iter();
        let environment = variables.map(|(name, value)| {
            Json::object([("name", name.as_str().into()), ("value", value.as_str().into())])
        });
        let restart = Json::object([
            ("enabled", Json::Flag(true)),
            ("restartAttemptPeriod", Json::Number(RESTART_PERIOD_SECONDS)),
        ]);
        let capabilities = Json::object([("drop", Json::texts(["ALL"]))]);
        let mut members = vec![
            ("name", self.name.into()),
            ("image", self.image.into()),
            ("essential", Json::Flag(false)),
            ("restartPolicy", restart),
            ("dependsOn", Json::List(depends.collect())),
            ("stopTimeout", Json::Number(stop_timeout_for(self.hold))),
            ("cpu", Json::Number(8)),
            ("memory", Json::Number(MEMORY_WRITTEN)),
            ("user", USER.into()),
            ("readonlyRootFilesystem", Json::Flag(true)),
            ("linuxParameters", Json::object([("capabilities", capabilities)])),
            ("dockerSecurityOptions", Json::texts([NO_NEW_PRIVILEGES])),
            ("environment", Json::List(environment.collect())),
            ("healthCheck", health_check()),
        ];
        members.extend(
            others
                .iter()
                .find_map(log_configuration)
                .map(|logs| ("logConfiguration", logs)),
        );
        Json::Object(
            members
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        )
    }

    fn protects(&self, name: &str) -> bool {
        let chosen = self
            .variables
            .iter()
            .find(|(variable, _)| variable == "PROTECTOR_PROTECTS");
        let names = chosen.map_or("", |(_, names)| names);
        let mut names = names
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .peekable();
        names.peek().is_none() || names.any(|chosen| chosen == name)
    }
}

/// The log configuration of a container that logs to CloudWatch, with a stream prefix of its own.
fn log_configuration(container: &Container<'_>) -> Option<Json> {
    let logs = container.members.object("logConfiguration");
    logs.text("logDriver").filter(|driver| driver.value == AWSLOGS)?;
    let options = logs.object("options").pairs().into_iter().map(|(name, value)| {
        let value = if name == STREAM_PREFIX { "protector" } else { value };
        (name.to_owned(), value.into())
    });
    Some(Json::object([
        ("logDriver", AWSLOGS.into()),
        ("options", Json::Object(options.collect())),
    ]))
}
