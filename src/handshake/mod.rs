//! The handshake of TLS 1.2 and DTLS 1.2: messages in, messages and keys out (RFC 5246, section 7;
//! RFC 6347, section 4.2).
//!
//! What carries the messages is not here: `dtls/` has datagrams, which get lost, `tls/own/` a
//! stream. Either gives a [`Handshake`] whole messages in their order, and takes the flights and
//! keys that come of them.
//!
//! | file | what |
//! |---|---|
//! | `wire.rs`, `messages.rs`, `message.rs` | what is on the wire |
//! | `psk.rs` | pre-shared keys |
//! | `keys.rs` | the secrets behind the protection of records |
//! | `session.rs` | what both sides work with |
//! | `client.rs`, `server.rs` | the two sides |

mod client;
mod keys;
mod message;
pub(crate) mod messages;
mod psk;
mod server;
mod session;
pub(crate) mod wire;

use alloc::string::String;
use alloc::vec::Vec;

use rustls::{CipherSuite, NamedGroup};
use rustls_pki_types::CertificateDer;

use crate::crypto::suites;
use crate::error::Error;
use crate::verify::PeerVerifier;
use client::Client;
pub(crate) use keys::Keys;
pub(crate) use message::{Carrier, Message};
pub(crate) use psk::{Psk, Psks};
use server::Server;
use session::Session;
pub(crate) use session::{Answer, Config, Part, Side};

/// One handshake, of a client or a server.
pub(crate) struct Handshake {
    session: Session,
    role: Role,
}

enum Role {
    Client(Client),
    Server(Server),
}

impl Handshake {
    /// A handshake in which nothing was sent or received yet.
    pub(crate) fn new(config: Config, carrier: Carrier) -> Self {
        let role = match config.side {
            Side::Client { .. } => Role::Client(Client::new()),
            Side::Server => Role::Server(Server::new()),
        };
        Self { session: Session::new(config, carrier), role }
    }

    /// Sends the ClientHello, if this is a client that has sent nothing yet.
    ///
    /// # Errors
    /// [`Error::InternalError`] without entropy.
    pub(crate) fn start(&mut self) -> Result<(), Error> {
        match &mut self.role {
            Role::Client(client) => client.start(&mut self.session),
            Role::Server(_) => Ok(()),
        }
    }

    /// Makes the second ClientHello, with this cookie.
    ///
    /// # Errors
    /// [`Error::UnexpectedMessage`] on a server, and when the ClientHello was answered.
    pub(crate) fn push_second_hello(&mut self, cookie: &[u8]) -> Result<(), Error> {
        match &mut self.role {
            Role::Client(client) => client.push_second_hello(&mut self.session, cookie),
            Role::Server(_) => Err(Error::UnexpectedMessage),
        }
    }

    /// The next message gets this number: a server of datagrams goes on from its client's.
    pub(crate) fn continue_from(&mut self, seq: u16) {
        self.session.continue_from(seq);
    }

    /// Takes the peer's next message.
    ///
    /// # Errors
    /// Anything that ends the handshake.
    pub(crate) fn message(&mut self, message: &Message) -> Result<(), Error> {
        match &mut self.role {
            Role::Client(client) => client.message(&mut self.session, message),
            Role::Server(server) => server.message(&mut self.session, message),
        }?;
        if self.is_done() {
            self.session.transcript.clear();
        }
        Ok(())
    }

    /// Takes the flight that is complete, and what is waited for.
    pub(crate) fn take_flight(&mut self) -> Option<(Vec<Part>, Answer)> {
        self.session.take_flight()
    }

    /// Takes the keys, once they are known. They protect what follows ChangeCipherSpec.
    pub(crate) fn take_keys(&mut self) -> Option<Keys> {
        self.session.keys.take()
    }

    /// Is the ClientHello awaited, of a client or a server?
    pub(crate) fn is_at_hello(&self) -> bool {
        match &self.role {
            Role::Client(client) => client.is_at_hello(),
            Role::Server(server) => server.is_at_hello(),
        }
    }

    /// Is Finished the message that is awaited?
    pub(crate) fn awaits_finished(&self) -> bool {
        match &self.role {
            Role::Client(client) => client.awaits_finished(),
            Role::Server(server) => server.awaits_finished(),
        }
    }

    pub(crate) fn is_done(&self) -> bool {
        match &self.role {
            Role::Client(client) => client.is_done(),
            Role::Server(server) => server.is_done(),
        }
    }

    pub(crate) fn is_server(&self) -> bool {
        matches!(self.role, Role::Server(_))
    }

    /// Must the program decide about the peer: about its chain, or its identity?
    pub(crate) fn is_undecided(&self) -> bool {
        self.verifier().is_undecided() || self.session.asked.is_some()
    }

    /// Withdraws the decision that the program was asked for.
    pub(crate) fn abandon_decision(&mut self) {
        self.verifier().abandon_decision();
        self.session.asked = None;
    }

    /// The identity of a client whose key the program must provide.
    pub(crate) fn psk_identity(&self) -> Option<&[u8]> {
        self.session.asked.as_deref()
    }

    /// Goes on with that key, or refuses the identity.
    ///
    /// # Errors
    /// [`Error::UnknownIdentity`] without a key, and with one that cannot be used.
    /// [`Error::BadInputData`] if none is missing.
    pub(crate) fn provide_psk(&mut self, key: Option<&[u8]>) -> Result<(), Error> {
        match &mut self.role {
            Role::Server(server) => server.provide_psk(&mut self.session, key),
            Role::Client(_) => Err(Error::BadInputData),
        }
    }

    /// Is Finished awaited, under keys made of a pre-shared key? A record that is not authentic
    /// then means that the peer has another key.
    pub(crate) fn proves_psk(&self) -> bool {
        self.awaits_finished() && self.suite().is_some_and(suites::is_psk)
    }

    pub(crate) fn verifier(&self) -> &PeerVerifier {
        &self.session.config.verifier
    }

    /// The suite, once it is agreed on.
    pub(crate) fn suite(&self) -> Option<CipherSuite> {
        self.session.negotiated.as_ref().map(|negotiated| negotiated.suite.common.suite)
    }

    /// The group of the key exchange, once it is agreed on.
    pub(crate) fn group(&self) -> Option<NamedGroup> {
        self.session.negotiated.as_ref()?.group
    }

    /// The peer's certificates as it sent them, leaf first, also where they were refused; empty if
    /// it sent none.
    pub(crate) fn peer_certificates(&self) -> &[CertificateDer<'static>] {
        &self.session.peer_certificates
    }

    /// What the peer's certificate says.
    pub(crate) fn peer_description(&self) -> Option<String> {
        self.session.config.verifier.description(&self.session.peer_certificates)
    }
}
