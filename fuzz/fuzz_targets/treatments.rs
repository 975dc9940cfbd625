#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sfumato_fuzz::treatments(bytes));
