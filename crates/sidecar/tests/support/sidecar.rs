//! The program as a process of this test.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use super::host::{Host, State};
use super::record::released;

/// Longer than anything in these tests takes, even on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// Exits that lose something: a daemon may end before the tasks that need it.
const UNRELEASED: [&str; 5] = [
    "no-record-though-terminating",
    "record-gone",
    "host-going-down",
    "max-hold",
    "deadline-passed",
];

const PROGRAM: &str = env!("CARGO_BIN_EXE_ecs-daemon-protector");

fn command(environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.env_clear().envs(environment.iter().copied());
    command
}

/// Runs it to its end, without a host.
pub(crate) fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    command(environment).args(arguments).output().unwrap()
}

/// A sidecar that runs. Dropping it kills it.
pub(crate) struct Sidecar {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    metadata: String,
}

impl Sidecar {
    /// Starts it on `host` with these settings besides, and short intervals unless they say otherwise.
    pub(crate) fn start(host: &Host, settings: &[(&str, &str)]) -> Sidecar {
        Self::start_to(host, settings, Stdio::piped())
    }

    /// The same, with another standard output.
    pub(crate) fn start_to(host: &Host, settings: &[(&str, &str)], stdout: Stdio) -> Sidecar {
        Self::start_by(Command::new(PROGRAM), host, settings, stdout)
    }

    /// The same, with arguments.
    pub(crate) fn start_with(host: &Host, arguments: &[&str], settings: &[(&str, &str)]) -> Sidecar {
        let mut command = Command::new(PROGRAM);
        command.args(arguments);
        Self::start_by(command, host, settings, Stdio::piped())
    }

    /// The same, with no more than `limit` file descriptors, which a shell sets.
    pub(crate) fn start_with_descriptors(host: &Host, limit: u32) -> Sidecar {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &format!("ulimit -n {limit}; exec {PROGRAM}")]);
        Self::start_by(command, host, &[], Stdio::piped())
    }

    fn start_by(mut command: Command, host: &Host, settings: &[(&str, &str)], stdout: Stdio) -> Sidecar {
        let environment: [(&str, &str); 7] = [
            ("AWS_ENDPOINT_URL", &host.address),
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT", &host.imds),
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &host.credentials),
            ("ECS_AGENT_INTROSPECTION_ENDPOINT", &host.imds),
            ("ECS_CONTAINER_METADATA_URI_V4", &host.metadata),
            ("PROTECTOR_POLL_INTERVAL", "1s"),
            ("PROTECTOR_UNKNOWN_GRACE", "1s"),
        ];
        command
            .env_clear()
            .envs(environment)
            .envs(settings.iter().copied())
            .stdout(stdout)
            .stderr(Stdio::null())
            .stdin(Stdio::null());
        let mut child = command.spawn().unwrap();
        let lines = Arc::new(Mutex::new(vec![]));
        if let Some(stdout) = child.stdout.take() {
            gather(stdout, lines.clone());
        }
        Sidecar {
            child,
            lines,
            metadata: host.metadata.clone(),
        }
    }

    /// Starts it and lets it come to its wait.
    pub(crate) fn ready(host: &Host, settings: &[(&str, &str)]) -> Sidecar {
        let sidecar = Self::start(host, settings);
        sidecar.until_waiting();
        sidecar
    }

    /// One that was ready, and got SIGTERM after this change of its host.
    pub(crate) fn terminated(
        host: &Host,
        settings: &[(&str, &str)],
        change: impl FnOnce(&mut State),
    ) -> Sidecar {
        let sidecar = Self::ready(host, settings);
        host.set(change);
        sidecar.term();
        sidecar
    }

    /// One whose self-check has failed, and that got SIGTERM then.
    pub(crate) fn terminated_unready(host: &Host, settings: &[(&str, &str)]) -> Sidecar {
        let sidecar = Self::start(host, settings);
        sidecar.event("self-check-failed");
        sidecar.term();
        sidecar
    }

    pub(crate) fn term(&self) {
        self.signal(Signal::SIGTERM);
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).unwrap();
    }

    /// Leaves it no further file descriptor.
    pub(crate) fn exhaust_descriptors(&self) {
        let pid = self.child.id().to_string();
        let mut prlimit = Command::new("prlimit");
        let status = prlimit.args(["--pid", &pid, "--nofile=3:3"]).status();
        assert!(status.unwrap().success());
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }

    /// Returns all log lines so far.
    pub(crate) fn said(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// Waits for a line with this event, and gives the first.
    pub(crate) fn event(&self, event: &str) -> Value {
        self.until(event, || self.events(event).into_iter().next())
    }

    /// Waits for the first line of its hold.
    pub(crate) fn held_first(&self) -> Value {
        let line = self.event("holding");
        assert_eq!(line["first"], true, "{line:#}");
        line
    }

    /// Waits for the second line of its hold.
    pub(crate) fn held_again(&self) -> Value {
        let line = self.until("a second line of the hold", || {
            self.events("holding").into_iter().nth(1)
        });
        assert!(line.get("first").is_none(), "{line:#}");
        line
    }

    pub(crate) fn events(&self, event: &str) -> Vec<Value> {
        let said = self.said();
        let lines = said
            .iter()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line["event"] == event).collect()
    }

    /// Waits until it has executed itself as `… wait`.
    pub(crate) fn until_waiting(&self) {
        self.until("its wait", || {
            (self.arguments().get(1).map(String::as_str) == Some("wait")).then_some(())
        });
    }

    /// Waits until SIGTERM cannot kill it any more.
    pub(crate) fn until_blocked(&self) {
        let bit = 1u64 << (Signal::SIGTERM as u32 - 1);
        let mask = || {
            let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
            let mut lines = status.lines();
            let mask = lines.find_map(|line| line.strip_prefix("SigBlk:"))?;
            u64::from_str_radix(mask.trim(), 16).ok()
        };
        self.until("a blocked SIGTERM", || mask().filter(|m| m & bit != 0));
    }

    pub(crate) fn arguments(&self) -> Vec<String> {
        let text = fs::read(format!("/proc/{}/cmdline", self.child.id())).unwrap();
        text.split(|b| *b == 0)
            .map(|a| String::from_utf8_lossy(a).into_owned())
            .collect()
    }

    /// What `check` in the same container says: its exit code and its line.
    pub(crate) fn check(&self) -> (Option<i32>, String) {
        check_at(&self.metadata)
    }

    /// Waits for its end: the exit code, and the last line.
    pub(crate) fn exit(&mut self) -> (i32, Value) {
        (self.end(), self.event("exit"))
    }

    /// Ends by itself with `code`; whatever it said cannot be read.
    pub(crate) fn ends_silently(&mut self, code: i32) {
        assert_eq!(self.end(), code);
    }

    fn end(&mut self) -> i32 {
        let start = Instant::now();
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None if start.elapsed() > PATIENCE => panic!("it does not end; it said {:#?}", self.said()),
                None => thread::sleep(Duration::from_millis(5)),
            }
        };
        assert_eq!(status.signal(), None, "killed; it said {:#?}", self.said());
        status.code().unwrap()
    }

    /// Ends by itself with `code` because of `why`; gives the seconds held.
    pub(crate) fn leaves(&mut self, code: i32, why: &str) -> f64 {
        let (actual, line) = self.exit();
        assert_eq!((actual, line["reason"].as_str()), (code, Some(why)), "{line:#}");
        assert_eq!(line["code"], code);
        let is_unreleased = UNRELEASED.contains(&why);
        assert_eq!(
            line["level"],
            if is_unreleased { "warn" } else { "info" },
            "{line:#}"
        );
        let metric = &line["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["Name"];
        let measured = [metric, &line["UnreleasedExits"], &line["Reason"]];
        match is_unreleased {
            true => assert_eq!(measured, [&json!("UnreleasedExits"), &json!(1), &json!(why)]),
            false => assert_eq!(measured, [&Value::Null; 3], "{line:#}"),
        }
        line["heldSeconds"].as_f64().unwrap()
    }

    /// It has not ended after so many seconds.
    #[track_caller]
    pub(crate) fn stays(&self, seconds: u64) {
        thread::sleep(Duration::from_secs(seconds));
        assert!(self.events("exit").is_empty(), "{:#?}", self.said());
    }

    fn until<T>(&self, what: &str, look: impl Fn() -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            if let Some(seen) = look() {
                return seen;
            }
            let late = start.elapsed() > PATIENCE;
            assert!(!late, "no {what}; it said {:#?}", self.said());
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Host {
    /// Releases the sidecar by its record, and sees it leave.
    pub(crate) fn releases(&self, sidecar: &mut Sidecar) {
        self.set(|state| state.ssm = released().into());
        sidecar.leaves(0, "released");
    }
}

/// `check` in a container with this address of task metadata.
pub(crate) fn check_at(metadata: &str) -> (Option<i32>, String) {
    let output = run(&["check"], &[("ECS_CONTAINER_METADATA_URI_V4", metadata)]);
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

impl Drop for Sidecar {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn gather(stdout: impl Read + Send + 'static, lines: Arc<Mutex<Vec<String>>>) {
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            lines.lock().unwrap().push(line);
        }
    });
}
