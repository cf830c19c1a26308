//! `ecs-daemon-protector`: the program.

use std::process::ExitCode;

use dlmalloc::GlobalDlmalloc;

/// Not that of musl, which asks the kernel for a page or gives one back 90 times until the program waits.
#[global_allocator]
static ALLOCATOR: GlobalDlmalloc = GlobalDlmalloc;

fn main() -> ExitCode {
    protector_sidecar::main()
}
