//! `bootstrap`: the program that Lambda starts.

use std::process::ExitCode;

use dlmalloc::GlobalDlmalloc;

/// Not that of musl, which is slow.
#[global_allocator]
static ALLOCATOR: GlobalDlmalloc = GlobalDlmalloc;

fn main() -> ExitCode {
    protector_coordinator::runtime::main()
}
