//! What several tests share.
#![allow(dead_code, unreachable_pub, reason = "each test program uses its part")]

pub mod chains;
pub mod forge;
pub mod hostile;
pub mod pki;
pub mod psk;
pub mod random_chains;
pub mod tcp;
pub mod wire;
