//! DTLS 1.2 without I/O, clock or entropy source of its own: a client and a server (RFC 6347).
//!
//! ```text
//!   datagram in ──▶ feed_datagram ──▶ records ──▶ reassembly ──▶ handshake ──▶ flight ──▶ take_datagram ──▶ datagram out
//!                                        │                                             ▲
//!        read ◀── application data ◀─────┘                     handle_timeout(now) ────┘
//! ```
//! | file | what |
//! |---|---|
//! | `wire.rs` | what is on the wire |
//! | `record.rs` | protection, replays |
//! | `reassembly.rs`, `flight.rs`, `datagrams.rs` | handshake messages over datagrams that get lost: fragments, retransmission |
//! | `cookie.rs` | proof that a client receives at its address |
//! | `connection.rs` | all of it, and the handshake of `handshake`, as one connection |
//! | `stream.rs` | MicroPython's rules on top |
//!
//! What a network may do (lose, repeat, reorder, forge, cut) is dropped here silently. What a peer
//! may not do ends the connection.

mod connection;
mod cookie;
mod datagrams;
mod flight;
mod reassembly;
mod record;
mod stream;
mod wire;

pub use connection::DtlsConnection;
pub(crate) use connection::{Config, Listening};
pub(crate) use cookie::CookieSecret;
pub use stream::DtlsStream;
