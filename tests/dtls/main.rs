//! DTLS 1.2 as a program and a network see it.
#![allow(unreachable_pub, reason = "modules of a test program")]

#[path = "../support/mod.rs"]
mod support;

mod capture;
mod decisions;
mod edit;
mod forgery;
mod interop;
mod mutation;
mod network;
mod psk;
mod records;
mod stream;
mod world;
