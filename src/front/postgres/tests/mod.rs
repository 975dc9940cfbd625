//! Real clients against a real server, with a library that changes nothing: what remains is the transport.

mod broken;
#[expect(unreachable_pub, reason = "it is shared with the tests of the whole binary")]
#[path = "../../../../tests/support/cluster.rs"]
mod cluster;
mod drivers;
mod passing;
mod programs;
