#![no_main]
libfuzzer_sys::fuzz_target!(|input: &[u8]| drop(alpha_call_fuzz::check("webhook", input)));
