//! The door: arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    sfumato::cli::main(std::env::args_os())
}
