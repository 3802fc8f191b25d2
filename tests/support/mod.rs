//! What several tests share.
#![allow(dead_code, unreachable_pub, reason = "each test program uses its part")]

pub mod pki;
pub mod wire;
