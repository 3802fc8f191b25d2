//! DTLS 1.2 without I/O, clock or entropy source of its own: a client and a server (RFC 6347).
//!
//! ```text
//!   datagram in ──▶ feed_datagram ──▶ records ──▶ reassembly ──▶ client / server ──▶ flight ──▶ take_datagram ──▶ datagram out
//!                                        │                                             ▲
//!        read ◀── application data ◀─────┘                     handle_timeout(now) ────┘
//! ```
//! | file | what |
//! |---|---|
//! | `wire.rs`, `messages.rs` | what is on the wire |
//! | `record.rs`, `keys.rs` | protection, replays, the secrets behind it |
//! | `reassembly.rs`, `flight.rs` | handshake messages over datagrams that get lost: fragments, repetition |
//! | `cookie.rs` | proof that a client receives at its address |
//! | `session.rs`, `client.rs`, `server.rs` | the handshake |
//! | `connection.rs` | all of it as one connection |
//! | `stream.rs` | MicroPython's rules on top |
//!
//! What a network may do (lose, repeat, reorder, forge, cut) is dropped here without a word; what a peer may not do ends the connection.

mod client;
mod connection;
mod cookie;
mod flight;
mod keys;
mod messages;
mod reassembly;
mod record;
mod server;
mod session;
mod stream;
mod wire;

pub use connection::DtlsConnection;
pub(crate) use cookie::CookieSecret;
pub(crate) use session::{Config, Side};
pub use stream::DtlsStream;
