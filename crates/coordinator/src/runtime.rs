//! The program: settings, clients, and Lambda's invocations, one after another.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::time::Duration;

use jiff::Timestamp;
use lambda_runtime::{Context, Diagnostic, LambdaEvent, service_fn};
use protector_core::beacon::Deployment;
use protector_core::variables::Problems;
use protector_runtime::exit;
use serde_json::{Value, json};

use crate::aws::Aws;
use crate::clock::Clock;
use crate::coordinator::{Coordinator, Invocation};
use crate::log_line::LogLine;
use crate::logging::{Level, Logger};
use crate::settings::CoordinatorSettings;

const USAGE: &str = "\
bootstrap: the coordinator of ecs-daemon-protector, a program for AWS Lambda (provided.al2023).

Lambda starts it; it takes no arguments. It reads its settings from PROTECTOR_* variables (see
docs/configuration.md) and its invocations from the Lambda Runtime API, whose address is in AWS_LAMBDA_RUNTIME_API.

To run a whole drain on this machine: protectorctl demo
";

/// Runs until Lambda ends the process.
pub fn main() -> ExitCode {
    if let Some(answer) = answer_to_arguments(std::env::args().skip(1)) {
        let _ = std::io::stdout().lock().write_all(answer.as_bytes());
        return ExitCode::SUCCESS;
    }
    end_on_panic();
    let lookup = |name: &str| std::env::var(name).ok();
    match CoordinatorSettings::read(&lookup, std::env::vars().map(|(name, _)| name)) {
        Ok(settings) => serve(settings),
        Err(problems) => refuse(&problems),
    }
}

fn answer_to_arguments(mut arguments: impl Iterator<Item = String>) -> Option<String> {
    match arguments.next()?.as_str() {
        "--version" => Some(format!("bootstrap {}\n", env!("CARGO_PKG_VERSION"))),
        _ => Some(USAGE.to_owned()),
    }
}

fn serve(settings: CoordinatorSettings) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(invocations(settings)),
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log_crash(&error.to_string());
            ExitCode::from(exit::SOFTWARE)
        }
    }
}

/// A panic ends the process, whatever the panic strategy of its build, after a line that says where it was. Lambda
/// starts another one; what this run was about comes again from the queue, or is found by the next tick.
fn end_on_panic() {
    std::panic::set_hook(Box::new(|panic| {
        log_crash(&panic.to_string());
        std::process::exit(exit::SOFTWARE.into());
    }));
}

fn log_crash(problem: &str) {
    Logger::new(Level::Error).log(Level::Error, &LogLine::Crashed { error: problem });
}

async fn invocations(settings: CoordinatorSettings) -> Result<(), lambda_runtime::Error> {
    let (aws, logger) = (Aws::from_environment().await, Logger::new(settings.log));
    let coordinator = Coordinator::new(settings.policy, aws, logger, Clock::system());
    let handler = |event: LambdaEvent<Value>| {
        let coordinator = coordinator.clone();
        let invocation = Invocation {
            request_id: event.context.request_id.clone(),
            deadline: deadline(event.context.deadline),
            deployment: Some(deployment(&event.context)),
        };
        async move {
            coordinator
                .handle(invocation, &event.payload)
                .await
                .map_err(failed)
        }
    };
    lambda_runtime::run(service_fn(handler)).await
}

/// Lambda names the function as it was invoked in the context of a run, and the log group in the environment
/// (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>). The stack names its queues there. They are
/// no settings: nothing but the beacon depends on them.
fn deployment(context: &Context) -> Deployment {
    let given = |text: String| Some(text).filter(|text| !text.is_empty());
    let variable = |name| std::env::var(name).ok().and_then(given);
    Deployment {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        function_arn: given(context.invoked_function_arn.clone()),
        log_group: variable("AWS_LAMBDA_LOG_GROUP_NAME"),
        dead_letter_queue_url: variable("DEAD_LETTER_QUEUE_URL"),
        failed_event_queue_url: variable("FAILED_EVENT_QUEUE_URL"),
    }
}

/// What Lambda, and an operator who invokes the function, get as the answer to a failure.
fn failed(problem: String) -> Diagnostic {
    Diagnostic {
        error_type: "Coordinator.Failed".to_owned(),
        error_message: problem,
    }
}

/// Lambda gives the deadline in milliseconds since 1970.
fn deadline(milliseconds: u64) -> Timestamp {
    let milliseconds = i64::try_from(milliseconds).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::MAX)
}

/// Logs each problem, reports them to Lambda, and ends.
fn refuse(problems: &Problems) -> ExitCode {
    let logger = Logger::new(Level::Error);
    for problem in &problems.0 {
        let line = LogLine::InvalidSetting {
            setting: &problem.name,
            value: &problem.value,
            expected: &problem.expected,
        };
        logger.log(Level::Error, &line);
    }
    let error =
        json!({"errorType": "Settings.Invalid", "errorMessage": problems.to_string(), "stackTrace": []});
    if let Ok(address) = std::env::var("AWS_LAMBDA_RUNTIME_API") {
        // The log has it already; if the report to Lambda fails, the exit code says it.
        let _ = report_init_error(&address, &error.to_string());
    }
    ExitCode::from(exit::USAGE)
}

/// `POST /2018-06-01/runtime/init/error`, by hand: the runtime crate reports errors of invocations only. The API is
/// plain HTTP/1.1 on the same machine (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>).
fn report_init_error(address: &str, error: &str) -> std::io::Result<()> {
    const IO_TIMEOUT: Duration = Duration::from_secs(2);
    let mut stream = TcpStream::connect(address)?;
    stream.set_write_timeout(Some(IO_TIMEOUT))?;
    stream.set_read_timeout(Some(IO_TIMEOUT))?;
    write!(
        stream,
        "POST /2018-06-01/runtime/init/error HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Lambda-Runtime-Function-Error-Type: Settings.Invalid\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{error}",
        error.len()
    )?;
    stream.read_to_end(&mut Vec::new()).map(|_| ())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// Set in the process that is to panic: this test, started by itself.
    const PANICS: &str = "PROTECTOR_TEST_PANICS";

    #[test]
    fn p8_a_panic_is_logged_and_ends_the_process() {
        if std::env::var_os(PANICS).is_some() {
            end_on_panic();
            panic!("an invariant is broken");
        }
        let ended = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "runtime::tests::p8_a_panic_is_logged_and_ends_the_process",
                "--nocapture",
            ])
            .env(PANICS, "yes")
            .output()
            .unwrap();
        assert_eq!(ended.status.code(), Some(i32::from(exit::SOFTWARE)));
        let stdout = String::from_utf8(ended.stdout).unwrap();
        let line = stdout
            .lines()
            .find_map(|line| line.find('{').and_then(|at| line.get(at..)));
        let line: Value = serde_json::from_str(line.unwrap()).unwrap();
        assert_eq!(line["event"], "crashed");
        let error = line["error"].as_str().unwrap();
        assert!(
            error.contains("runtime.rs") && error.contains("an invariant is broken"),
            "{error}"
        );
    }
}
