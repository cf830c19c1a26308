//! `bootstrap`: the program that Lambda starts.

use std::process::ExitCode;

fn main() -> ExitCode {
    protector_coordinator::runtime::main()
}
