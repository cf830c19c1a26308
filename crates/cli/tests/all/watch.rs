//! `status --watch` on a terminal: what a person sees, and whether the terminal is as it was afterwards.

use crate::process::{BOUND, Running, eventually};
use jiff::{SignedDuration, Timestamp};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use protector_aws_model::faults::{CallFilter, Limit};
use protector_aws_model::{Faults, InstanceStatus, Service, TaskStatus, What};
use protector_core::record::Record;
use protector_diagnosis::testing::{assert_contains, held_by, waited};
use protector_local_aws::{LocalAws, LocalAwsConfig};
use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcgetattr, tcsetwinsize};
use serde_json::{Value, json};
use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use tokio::runtime::{Builder, Runtime};

/// Instances that drain in the account of the tests.
const INSTANCES: [&str; 3] = [
    "i-0aaaaaaaaaaaaaaa1",
    "i-0bbbbbbbbbbbbbbb2",
    "i-0ccccccccccccccc3",
];

/// A local AWS with three drains.
struct Account {
    aws: LocalAws,
    _runtime: Runtime,
}

impl Account {
    fn new() -> Account {
        let mut runtime = Builder::new_multi_thread();
        let runtime = runtime.worker_threads(1).enable_all().build().unwrap();
        let mut config = LocalAwsConfig {
            tick_every: None,
            ..LocalAwsConfig::default()
        };
        config.world.quotas = false;
        let aws = runtime.block_on(LocalAws::start(config)).unwrap();
        let account = Account {
            aws,
            _runtime: runtime,
        };
        account.call(Service::Ecs, "CreateCluster", json!({"clusterName": "prod"}));
        for (number, instance) in INSTANCES.iter().enumerate() {
            account.record(instance, u32::try_from(number).unwrap() + 1);
        }
        account
    }

    fn call(&self, service: Service, operation: &str, params: Value) -> Value {
        self.aws.call(service, operation, params).unwrap()
    }

    /// A DRAINING instance with a task of no service. It has a record.
    fn standalone(&self) -> String {
        let tag = json!({"Key": "local-aws.cluster", "Value": "prod", "PropagateAtLaunch": true});
        let group = json!({"AutoScalingGroupName": "prod-ecs", "MinSize": 1, "MaxSize": 1, "DesiredCapacity": 1,
            "Tags": [tag]});
        self.call(Service::AutoScaling, "CreateAutoScalingGroup", group);
        let container = json!({"name": "job", "memory": 16, "stopTimeout": 30,
            "dockerLabels": {"local-aws.simulated": "true", "local-aws.run-seconds": "3600"}});
        let definition =
            json!({"family": "nightly-etl", "networkMode": "host", "containerDefinitions": [container]});
        self.call(Service::Ecs, "RegisterTaskDefinition", definition);
        let (instance, arn) = eventually("the instance is ACTIVE", || {
            self.aws.world(|world, _| {
                let instance = world.running_instances().into_iter().next()?;
                let state = world.instance_state(&instance)?;
                let arn = state.container_instance_arn?;
                (state.status? == InstanceStatus::Active).then_some((instance, arn))
            })
        });
        let run = json!({"cluster": "prod", "taskDefinition": "nightly-etl"});
        self.call(Service::Ecs, "RunTask", run);
        eventually("its task runs", || {
            self.aws.world(|world, _| {
                let mut tasks = world.tasks_on(&instance).into_iter();
                let runs = tasks.any(|task| task.last_status == TaskStatus::Running);
                runs.then_some(())
            })
        });
        let drain = json!({"cluster": "prod", "containerInstances": [arn], "status": "DRAINING"});
        self.call(Service::Ecs, "UpdateContainerInstancesState", drain);
        self.record_of(&instance, &arn, 1);
        instance
    }

    /// How many calls of this name were made.
    fn count(&self, operation: &str) -> usize {
        let journal = self.aws.journal();
        let is_made = |what: &What| matches!(what, What::Call { operation: made, .. } if made == operation);
        journal.iter().filter(|entry| is_made(&entry.what)).count()
    }

    /// Writes the record of an instance that so many tasks hold.
    fn record(&self, instance: &str, left: u32) {
        let registration = format!("arn:aws:ecs:us-east-1:123456789012:container-instance/prod/{instance}");
        self.record_of(instance, &registration, left);
    }

    fn record_of(&self, instance: &str, registration: &str, left: u32) {
        let now = Timestamp::now();
        let record = Record {
            draining_confirmed_at: Some(now),
            remaining: left,
            held_by: vec![held_by("service:web", left, "STOPPING")],
            waited: vec![waited(9)],
            ..Record::first(
                instance.parse().unwrap(),
                registration.parse().unwrap(),
                "drain".to_owned(),
                now,
                now + SignedDuration::from_hours(1),
                5,
            )
        };
        let name = format!("/ecs-daemon-protector/prod/{instance}");
        let value = record.encode().unwrap();
        let params = json!({"Name": name, "Value": value, "Type": "String", "Overwrite": true});
        self.call(Service::Ssm, "PutParameter", params);
    }

    /// The environment of a program that uses it.
    fn environment(&self) -> [(&'static str, String); 8] {
        [
            ("AWS_ENDPOINT_URL", self.aws.endpoint_url()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "operator".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "operator".to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("TERM", "xterm-256color".to_owned()),
            ("LC_ALL", "C.UTF-8".to_owned()),
            ("PS1", "shell> ".to_owned()),
        ]
    }

    /// Starts a program on a terminal of its own. It leads the session; a shell gives what it starts a group of its own.
    fn start(&self, program: &[&str]) -> Terminal {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let slave = || open(&name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        let kept = slave();
        let mut terminal = Terminal {
            parser: Arc::new(Mutex::new(vt100::Parser::new(size(24), size(100), 0))),
            input: File::from(master.try_clone().unwrap()),
            kept,
            child: None,
        };
        terminal.resize(24, 100);
        let mut command = Command::new("setsid");
        command
            .arg("--ctty")
            .args(program)
            .envs(self.environment())
            .env_remove("NO_COLOR")
            .stdin(Stdio::from(slave()))
            .stdout(Stdio::from(slave()))
            .stderr(Stdio::from(slave()));
        let parser = terminal.parser.clone();
        let mut output = File::from(master);
        thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut chunk) {
                parser.lock().unwrap().process(&chunk[..count]);
            }
        });
        terminal.child = Some(Running(command.spawn().unwrap()));
        terminal
    }

    fn watch(&self) -> Terminal {
        let terminal = self.start(&[env!("CARGO_BIN_EXE_protectorctl"), "status", "--watch=1s"]);
        terminal.shows(INSTANCES[2]);
        terminal
    }
}

fn size(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).unwrap()
}

/// A terminal with a program on it.
struct Terminal {
    parser: Arc<Mutex<vt100::Parser>>,
    input: File,
    /// Keeps the terminal there when the program has ended.
    kept: OwnedFd,
    child: Option<Running>,
}

impl Terminal {
    fn resize(&self, rows: u16, columns: u16) {
        let mut parser = self.parser.lock().unwrap();
        parser.screen_mut().set_size(size(rows), size(columns));
        let wanted = Winsize {
            ws_row: rows,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&self.input, wanted).unwrap();
    }

    fn press(&self, keys: &str) {
        (&self.input).write_all(keys.as_bytes()).unwrap();
    }

    /// The text that is shown.
    fn text(&self) -> String {
        self.parser.lock().unwrap().screen().contents()
    }

    fn is_alternate(&self) -> bool {
        self.parser.lock().unwrap().screen().alternate_screen()
    }

    /// Waits until the screen is so.
    fn until(&self, what: &str, so: impl Fn(&str) -> bool) -> String {
        let end = std::time::Instant::now() + BOUND;
        loop {
            let text = self.text();
            if so(&text) {
                return text;
            }
            assert!(
                std::time::Instant::now() < end,
                "not within {BOUND:?}: {what}\n{text}"
            );
            thread::sleep(std::time::Duration::from_millis(10));
        }
    }

    fn shows(&self, part: &str) -> String {
        self.until(part, |text| text.contains(part))
    }

    fn selected(&self) -> String {
        let text = self.until("a selected row", |text| text.lines().any(is_selected));
        text.lines().find(|line| is_selected(line)).unwrap().to_owned()
    }

    /// The modes of the terminal, as `stty -g` has them.
    fn modes(&self) -> String {
        let modes = tcgetattr(&self.kept).unwrap();
        format!(
            "{:?} {:?} {:?} {:?} {:?}",
            modes.input_modes,
            modes.output_modes,
            modes.control_modes,
            modes.local_modes,
            modes.special_codes
        )
    }

    fn signal(&self, signal: Signal) {
        self.child.as_ref().unwrap().signal(signal);
    }

    fn end(&mut self) -> Option<i32> {
        self.child.as_mut().unwrap().end().code()
    }
}

fn is_selected(line: &str) -> bool {
    line.chars().nth(1) == Some('>')
}

/// The modes of a terminal on which nothing has run yet.
fn fresh_modes() -> String {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let kept = open(&name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
    let terminal = Terminal {
        parser: Arc::new(Mutex::new(vt100::Parser::new(size(24), size(80), 0))),
        input: File::from(master),
        kept,
        child: None,
    };
    terminal.modes()
}

#[test]
fn the_selection_survives_a_small_terminal_a_filter_and_new_data() {
    let account = Account::new();
    let mut terminal = account.watch();
    assert!(terminal.is_alternate());
    terminal.press("j");
    terminal.until("the second row is selected", |text| {
        text.lines()
            .any(|line| is_selected(line) && line.contains(INSTANCES[1]))
    });
    // One more in front of it, and other numbers.
    account.record("i-00000000000000000", 1);
    account.record(INSTANCES[1], 7);
    terminal.shows("i-00000000000000000");
    terminal.shows("7/9");
    assert_contains(&terminal.selected(), INSTANCES[1]);

    terminal.resize(5, 20);
    let small = terminal.until("a small table", |text| {
        text.lines().nth(1).is_some_and(is_selected)
    });
    assert_contains(&small, "i-0bbb..bbb2");
    assert!(small.lines().count() <= 5, "{small}");
    terminal.resize(24, 100);
    terminal.shows("deadline");
    assert!(terminal.selected().contains(INSTANCES[1]));

    terminal.press("/0ccc");
    terminal.until("one row is left", |text| {
        !text.contains(INSTANCES[0]) && text.contains(INSTANCES[2])
    });
    assert!(terminal.selected().contains(INSTANCES[2]));
    terminal.press("\u{1b}");
    terminal.shows(INSTANCES[0]);
    assert!(terminal.selected().contains(INSTANCES[2]));

    terminal.press("\r");
    let detail = terminal.until("the detail", |text| !text.contains("HELD BY"));
    assert_contains(&detail, "protectorctl explain i-0ccccccccccccccc3");
    terminal.press("o");
    terminal.shows("protectorctl release i-0ccccccccccccccc3");
    terminal.press("q");
    terminal.shows("HELD BY");

    terminal.press("q");
    assert_eq!(terminal.end(), Some(0));
    assert_eq!(terminal.modes(), fresh_modes());
    let after = terminal.until("the last table is left", |text| {
        text.contains("4 instances drain")
    });
    assert!(!terminal.is_alternate(), "{after}");
    assert_contains(&after, "web stopping");
}

#[test]
fn a_signal_and_ctrl_c_give_the_terminal_back() {
    let account = Account::new();
    for (signal, code) in [
        (Some(Signal::SIGTERM), 143),
        (Some(Signal::SIGHUP), 129),
        (Some(Signal::SIGINT), 130),
        (None, 130),
    ] {
        let mut terminal = account.watch();
        assert!(terminal.is_alternate());
        assert_ne!(terminal.modes(), fresh_modes(), "keys are read one by one");
        match signal {
            Some(signal) => terminal.signal(signal),
            None => terminal.press("\u{3}"),
        }
        assert_eq!(terminal.end(), Some(code), "{signal:?}");
        assert_eq!(terminal.modes(), fresh_modes(), "{signal:?}");
        eventually("the alternate screen is left", || {
            (!terminal.is_alternate()).then_some(())
        });
    }
}

#[test]
fn ctrl_z_gives_the_terminal_to_the_shell_and_fg_takes_it_again() {
    let account = Account::new();
    let mut terminal = account.start(&["bash", "--norc", "--noprofile", "-i"]);
    terminal.shows("shell> ");
    let program = env!("CARGO_BIN_EXE_protectorctl");
    terminal.press(&format!("before=$(stty -g); {program} status --watch=1s\n"));
    terminal.shows(INSTANCES[0]);
    assert!(terminal.is_alternate());
    terminal.press("j");
    for _ in 0..2 {
        terminal.press("\u{1a}");
        eventually("the alternate screen is left", || {
            (!terminal.is_alternate()).then_some(())
        });
        terminal.shows("Stopped");
        // The shell reads a line, so the terminal echoes and edits again.
        terminal.press("stty -a | grep -c ' icanon'\n");
        terminal.until("the terminal edits lines", |text| {
            text.lines().any(|line| line == "1")
        });
        terminal.press("clear; fg\n");
        eventually("the alternate screen is back", || {
            terminal.is_alternate().then_some(())
        });
        terminal.shows(INSTANCES[2]);
        assert!(terminal.selected().contains(INSTANCES[1]), "{}", terminal.text());
    }
    terminal.press("q");
    terminal.shows("3 instances drain");
    // Not spelt as the shell echoes the line.
    terminal.press("[ \"$before\" = \"$(stty -g)\" ] && echo 'same'' modes'\n");
    terminal.shows("same modes");
    terminal.press("exit\n");
    assert_eq!(terminal.end(), Some(0));
}

#[test]
fn a_read_that_fails_leaves_the_rows_and_says_how_old_they_are() {
    let account = Account::new();
    let terminal = account.watch();
    let filter = CallFilter::service(Service::Ssm);
    account
        .aws
        .faults(|faults| faults.throttle(filter, Limit::Forever));
    let text = terminal.until("the header says so", |text| {
        text.contains(" old: ThrottlingException")
    });
    assert!(INSTANCES.iter().all(|instance| text.contains(instance)), "{text}");
    let parser = terminal.parser.lock().unwrap();
    let cell = parser.screen().cell(3, 5).unwrap();
    assert!(cell.dim(), "{:?}", cell.contents());
    drop(parser);
    account.aws.faults(Faults::clear);
    terminal.until("it is fresh again", |text| !text.contains(" old: "));
}

#[test]
fn a_drain_that_ends_is_shown_as_over() {
    let account = Account::new();
    let terminal = account.watch();
    let name = format!("/ecs-daemon-protector/prod/{}", INSTANCES[0]);
    account
        .aws
        .call(Service::Ssm, "DeleteParameter", json!({"Name": name}))
        .unwrap();
    terminal.until("it has ended", |text| {
        let row = text.lines().find(|line| line.contains(INSTANCES[0]));
        row.is_some_and(|row| row.starts_with('='))
    });
}

#[test]
fn without_a_terminal_each_change_is_a_line_without_an_escape() {
    let account = Account::new();
    for (term, arguments) in [
        ("xterm", &["status", "--watch=1s", "--color", "always"][..]),
        ("dumb", &["status", "--watch=1s", "--json"][..]),
    ] {
        // A shell's job in the background ignores SIGINT, and so would all that it starts.
        let mut command = Command::new("env");
        command
            .args(["--default-signal=INT", env!("CARGO_BIN_EXE_protectorctl")])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .envs(account.environment())
            .env("TERM", term);
        let mut running = Running(command.spawn().unwrap());
        let mut output = running.0.stdout.take().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let bytes = seen.clone();
        let reader = thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut chunk) {
                bytes.lock().unwrap().extend_from_slice(&chunk[..count]);
            }
        });
        let lines = |count: usize| {
            let bytes = seen.lock().unwrap();
            (bytes.iter().filter(|byte| **byte == b'\n').count() >= count).then_some(())
        };
        eventually("each drain has a line", || lines(3));
        account.record(INSTANCES[0], 5);
        eventually("a change has one too", || lines(4));
        account.record(INSTANCES[0], 1);
        running.signal(Signal::SIGINT);
        running.end();
        reader.join().unwrap();
        let text = String::from_utf8(seen.lock().unwrap().clone()).unwrap();
        assert!(text.contains("holding, 5 left: 5 web stopping"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }
}

/// A terminal that knows no escapes gets lines, too.
#[test]
fn a_dumb_terminal_gets_lines() {
    let account = Account::new();
    let program = env!("CARGO_BIN_EXE_protectorctl");
    let mut terminal = account.start(&[
        "env",
        "--default-signal=INT",
        "TERM=dumb",
        program,
        "status",
        "--watch",
    ]);
    terminal.shows("holding, 3 left");
    assert!(!terminal.is_alternate());
    terminal.press("\u{3}");
    assert_eq!(terminal.end(), None, "the signal ends it");
}

/// A program that leads its session has no shell that could continue it.
#[test]
fn ctrl_z_without_a_shell_does_nothing() {
    let account = Account::new();
    let mut terminal = account.watch();
    terminal.press("\u{1a}");
    terminal.press("j");
    terminal.until("it goes on", |text| {
        text.lines()
            .any(|line| is_selected(line) && line.contains(INSTANCES[1]))
    });
    let pid = i32::try_from(terminal.child.as_ref().unwrap().0.id()).unwrap();
    kill(Pid::from_raw(pid), Signal::SIGTERM).unwrap();
    assert_eq!(terminal.end(), Some(143));
}

/// The report of each call would be written over the screen.
#[test]
fn calls_are_not_reported_on_the_screen() {
    let account = Account::new();
    let program = env!("CARGO_BIN_EXE_protectorctl");
    let mut terminal = account.start(&[program, "status", "--watch", "-v"]);
    assert_eq!(terminal.end(), Some(2));
    terminal.shows("2>FILE");
}

/// An id that fits several drains is refused, and the terminal is given back before that is said.
#[test]
fn a_name_that_fits_several_drains_is_refused() {
    let account = Account::new();
    account.record("i-0aaa0000000000000", 1);
    let program = env!("CARGO_BIN_EXE_protectorctl");
    let mut terminal = account.start(&[program, "status", "--watch", "i-0aaa"]);
    assert_eq!(terminal.end(), Some(2));
    let text = terminal.shows("several instances fit");
    assert!(!terminal.is_alternate() && text.contains(INSTANCES[0]), "{text}");
    assert_eq!(terminal.modes(), fresh_modes());
}

#[test]
fn the_selected_drain_is_explained_below_the_table_and_on_the_whole_screen() {
    let account = Account::new();
    let instance = account.standalone();
    let mut terminal = account.start(&[
        env!("CARGO_BIN_EXE_protectorctl"),
        "status",
        "--watch=1s",
        "--region",
        "us-east-1",
    ]);
    terminal.shows(&instance);
    terminal.press(&format!("/{}\r", &instance[2..]));
    terminal.until("it is selected", |text| {
        text.lines()
            .any(|line| is_selected(line) && line.contains(&instance))
    });
    let pane = terminal.shows("of no service, so DRAINING leaves");
    assert_contains(&pane, "HOLDING for");
    assert_contains(&pane, "family:nightly-etl");

    // A read that fails leaves what is known, and says how old it is.
    let filter = CallFilter::operation(Service::Ecs, "ListTasks");
    account
        .aws
        .faults(|faults| faults.throttle(filter, Limit::Forever));
    let old = terminal.shows(" ago: ThrottlingException");
    assert!(old.contains("of no service, so DRAINING leaves"), "{old}");
    let place = old
        .lines()
        .position(|line| line.contains("family:nightly-etl"))
        .unwrap();
    let parser = terminal.parser.lock().unwrap();
    let cell = parser.screen().cell(u16::try_from(place).unwrap(), 3).unwrap();
    assert!(cell.dim(), "{:?}", cell.contents());
    drop(parser);
    account.aws.faults(Faults::clear);
    terminal.until("it is fresh again", |text| !text.contains(" ago: "));

    terminal.press("\r");
    let detail = terminal.shows("protectorctl release");
    assert_contains(&detail, "aws ecs stop-task");
    assert_contains(&detail, "--region us-east-1");
    terminal.press("o");
    terminal.shows("--region us-east-1");
    terminal.press("qq");
    // Esc of the orders, and leave.
    terminal.press("q");
    assert_eq!(terminal.end(), Some(0));
}

/// Without a pane, and while it is paused, the tasks of no drain are read.
#[test]
fn tasks_are_read_only_while_an_explanation_is_shown() {
    let account = Account::new();
    account.standalone();
    let terminal = account.start(&[env!("CARGO_BIN_EXE_protectorctl"), "status", "--watch=1s"]);
    terminal.resize(19, 100);
    terminal.shows(INSTANCES[2]);
    // The size may have come after the first look; from then on there is no pane.
    let looks = |count: usize| {
        let from = account.count("GetParametersByPath");
        eventually("more looks", || {
            (account.count("GetParametersByPath") >= from + count).then_some(())
        });
    };
    looks(2);
    let before = account.count("ListTasks");
    looks(3);
    assert_eq!(account.count("ListTasks"), before);
    terminal.resize(24, 100);
    eventually("the tasks are read", || {
        (account.count("ListTasks") > before).then_some(())
    });
}
