//! libFuzzer's way into `protector_fuzz::task_definition`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| protector_fuzz::task_definition(data));
