//! The beginning of a connection: a server asks for a cookie, and its client returns it (RFC 6347,
//! section 4.2.1).

use alloc::sync::Arc;
use alloc::vec::Vec;

use rustls::HandshakeType;

use super::super::cookie::CookieSecret;
use super::DtlsConnection;
use crate::error::Error;
use crate::handshake::messages::{ClientHello, decode_hello_verify, encode_hello_verify};
use crate::handshake::{Carrier, Message};

/// What a server asks of a client before it keeps anything for it.
pub(crate) struct Listening {
    pub(crate) cookies: Arc<CookieSecret>,
    /// Whom the cookie is for.
    pub(crate) client_id: Vec<u8>,
}

/// The ClientHellos that a client has sent.
#[derive(Default)]
pub(super) struct Hellos {
    cookie: Vec<u8>,
    cookies: usize,
    /// The first record that the last one went out in.
    record: u64,
}

impl DtlsConnection {
    /// Takes a HelloVerifyRequest with the message number `seq`, which came in the record
    /// `record_seq`.
    ///
    /// A server may ask more than once, but what answers an earlier hello is late: it carries that
    /// hello's record number (RFC 6347, section 4.2.1).
    pub(super) fn hello_verify(&mut self, seq: u16, body: &[u8], record_seq: u64, now: u64) -> Result<(), Error> {
        // What cannot be parsed here is not worth the handshake: anybody can send it.
        let (true, Ok(cookie)) = (self.handshake.is_at_hello(), decode_hello_verify(body)) else { return Ok(()) };
        let hellos = &mut self.hellos;
        if hellos.cookie == cookie {
            return self.datagrams.retransmit_hello(now);
        }
        if hellos.cookies > 0 && record_seq < hellos.record || hellos.cookies == MAX_COOKIES {
            return Ok(());
        }
        *hellos = Hellos { cookie: cookie.to_vec(), cookies: hellos.cookies + 1, record: self.datagrams.records.next_in_the_clear() };
        self.handshake.push_second_hello(cookie)?;
        self.send_flight(None, now)?;
        self.reassembly.restart(seq.saturating_add(1));
        Ok(())
    }

    /// Does this ClientHello, which came in the record `record_seq`, carry a good cookie? False if
    /// it cannot be parsed.
    ///
    /// # Errors
    /// [`Error::HelloVerifyRequired`] if it has none: it is answered with one and forgotten.
    pub(super) fn accepts(&mut self, message: &Message, record_seq: u64, now: u64) -> Result<bool, Error> {
        // No alert goes to an address that has not shown a cookie.
        let Ok(hello) = ClientHello::decode(message.body(), Carrier::Datagrams) else { return Ok(false) };
        let Listening { cookies, client_id } = self.listening.as_ref().ok_or(Error::InternalError)?;
        // The answer takes over the client's numbers (RFC 6347, section 4.2.1): it may be another
        // connection that goes on.
        self.datagrams.records.continue_from(record_seq);
        if !cookies.accepts(client_id, &hello, now) {
            let request = encode_hello_verify(&cookies.issue(client_id, &hello, now));
            self.datagrams.send_once(HandshakeType::HelloVerifyRequest, message.seq(), &request)?;
            return Err(Error::HelloVerifyRequired);
        }
        self.handshake.continue_from(message.seq());
        Ok(true)
    }
}

/// Cookies that a client follows before it takes them for an attack.
const MAX_COOKIES: usize = 8;
