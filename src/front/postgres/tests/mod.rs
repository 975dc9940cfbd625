//! Real clients against a real server, with a library that changes nothing: what remains is the transport.

mod broken;
mod changing;
mod drivers;
mod passing;
mod programs;
