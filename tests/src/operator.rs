//! The operator's tool against a lab, as a person calls it.

use std::process::{Command, Output};

use serde_json::Value;

use crate::Lab;
use crate::programs::protectorctl;

/// The access key of the person: faults and the journal tell the person from the coordinator by it.
pub const PERSON: &str = "ana";

/// What the tool said.
#[derive(Debug)]
pub struct Said {
    /// Its exit code.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Said {
    /// The first line of standard output as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        let line = self.out.lines().next().unwrap_or_default();
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// It has ended with this code.
    #[track_caller]
    #[must_use]
    pub fn ended(self, code: i32) -> Said {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }

    /// It has printed all of these.
    #[track_caller]
    pub fn shows(&self, parts: &[&str]) {
        for part in parts {
            assert!(self.out.contains(part), "{part}: {self:?}");
        }
    }

    /// Everything that it said.
    #[must_use]
    pub fn all(&self) -> String {
        format!("{}\n{}", self.out, self.err)
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Said {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Said {
            code: output.status.code(),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }
}

/// Calls the tool with these arguments, without a terminal, in an account at an endpoint.
pub fn tool(endpoint: &str, region: &str, arguments: &[&str]) -> Said {
    let output = command(endpoint, region, arguments).output();
    output.unwrap_or_else(|error| panic!("{error}")).into()
}

/// The same, in the lab's account.
pub async fn ctl(lab: &Lab, arguments: &[&str]) -> Said {
    let mut command = command(&lab.aws.endpoint_url(), "eu-west-1", arguments);
    let output = tokio::task::spawn_blocking(move || command.output()).await;
    output
        .unwrap_or_else(|error| panic!("{error}"))
        .unwrap_or_else(|error| panic!("{error}"))
        .into()
}

fn command(endpoint: &str, region: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(protectorctl());
    command
        .args(arguments)
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_REGION", region)
        .env("AWS_ACCESS_KEY_ID", PERSON)
        .env("AWS_SECRET_ACCESS_KEY", PERSON)
        .stdin(std::process::Stdio::null());
    command
}
