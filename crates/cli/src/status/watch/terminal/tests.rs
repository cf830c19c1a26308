use super::*;
use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::tcgetattr;
use std::fs::File;
use std::io::Read;
use std::process::Command;
use std::thread;

/// What tells the program of the test from the test.
const CHILD: &str = "PROTECTORCTL_TEST_PANICS_ON_THE_SCREEN";

/// Runs in a process of its own, on a terminal of its own.
#[test]
fn panics_on_the_screen() {
    if env::var_os(CHILD).is_some() {
        let _screen = Screen::enter().unwrap();
        panic!("as it was meant to");
    }
}

#[test]
fn a_panic_gives_the_terminal_back_before_it_says_why() {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let slave = || open(&name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
    let kept = slave();
    let modes = || {
        let modes = tcgetattr(&kept).unwrap();
        (
            modes.input_modes,
            modes.output_modes,
            modes.control_modes,
            modes.local_modes,
        )
    };
    let before = modes();
    let mut child = Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            "status::watch::terminal::tests::panics_on_the_screen",
            "--nocapture",
        ])
        .env(CHILD, "1")
        .env("RUST_BACKTRACE", "0")
        .stdin(slave())
        .stdout(slave())
        .stderr(slave())
        .spawn()
        .unwrap();
    let mut reader = File::from(master);
    let output = thread::spawn(move || {
        let mut all = Vec::new();
        let mut chunk = [0; 4096];
        // Reading fails when no one has the other side any more.
        while let Ok(count @ 1..) = reader.read(&mut chunk) {
            all.extend_from_slice(&chunk[..count]);
        }
        String::from_utf8_lossy(&all).into_owned()
    });
    assert!(!child.wait().unwrap().success());
    assert_eq!(modes(), before);
    drop(kept);
    let output = output.join().unwrap();
    let entered = output.find("\u{1b}[?1049h").expect("the screen was entered");
    let left = output.rfind("\u{1b}[?1049l").expect("the screen was left");
    let said = output.find("as it was meant to").expect("the panic was reported");
    assert!(entered < left && left < said, "{output:?}");
}
