//! Real clients against a real server, with a library that changes nothing: what remains is the transport.

mod broken;
mod drivers;
mod passing;
mod programs;
