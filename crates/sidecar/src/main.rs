//! `ecs-daemon-protector`: the program.

use std::process::ExitCode;

fn main() -> ExitCode {
    protector_sidecar::main()
}
