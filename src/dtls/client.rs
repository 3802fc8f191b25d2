//! The client's side of a handshake (RFC 6347, section 4.2; RFC 5246, section 7.3).

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem;

use rustls::crypto::ActiveKeyExchange;
use rustls::{HandshakeType, SignatureScheme};
use rustls_pki_types::CertificateDer;
use subtle::ConstantTimeEq;

use super::keys::{self, Agreement, Randoms, Secrets};
use super::messages::{
    Offer, ServerHello, ServerKeyExchange, Signed, decode_certificate_request, decode_certificates, decode_hello_verify,
    encode_certificates, encode_client_key_exchange,
};
use super::reassembly::Message;
use super::session::{Negotiated, Session, Side, random};
use crate::error::Error;
use crate::verify::Endpoint;

/// Where a client is in its handshake.
pub(super) struct Client {
    state: State,
    random: [u8; 32],
    cookie: Vec<u8>,
    cookies: usize,
    /// The first record that the hello went out in.
    hello_record: u64,
}

/// What is waited for.
enum State {
    /// Permission to begin.
    Start,
    Hello,
    Certificate(Agreement),
    KeyExchange(Agreement),
    HelloDone(Box<Exchange>),
    Finished(Secrets),
    Done,
    /// Nothing: the handshake failed.
    Failed,
}

/// What the server said for the key exchange, and whether it wants a certificate.
struct Exchange {
    agreement: Agreement,
    ours: Box<dyn ActiveKeyExchange>,
    point: Vec<u8>,
    /// The schemes in which the server wants a certificate's owner to sign.
    requested: Option<Vec<SignatureScheme>>,
}

impl Client {
    pub(super) fn new() -> Self {
        Self { state: State::Start, random: [0; 32], cookie: Vec::new(), cookies: 0, hello_record: 0 }
    }

    pub(super) fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Sends the ClientHello, if nothing was sent yet.
    pub(super) fn start(&mut self, session: &mut Session, now: u64) -> Result<(), Error> {
        if !matches!(self.state, State::Start) {
            return Ok(());
        }
        self.random = random()?;
        self.state = State::Hello;
        self.say_hello(session, now)
    }

    /// Takes a HelloVerifyRequest with the message number `seq`, which came in the record
    /// `record_seq`. True if the hello went out again with another cookie.
    ///
    /// A server may ask more than once, but what answers an earlier hello is late: it carries that
    /// hello's record number (RFC 6347, section 4.2.1).
    pub(super) fn hello_verify(&mut self, session: &mut Session, body: &[u8], record_seq: u64, now: u64) -> Result<bool, Error> {
        // What cannot be parsed here is not worth the handshake: anybody can send it.
        let (State::Hello, Ok(cookie)) = (&self.state, decode_hello_verify(body)) else { return Ok(false) };
        if self.cookie == cookie {
            session.heard_hello_verify_again(now)?;
            return Ok(false);
        }
        if self.cookies > 0 && record_seq < self.hello_record || self.cookies == MAX_COOKIES {
            return Ok(false);
        }
        self.cookie = cookie.to_vec();
        self.cookies += 1;
        self.say_hello(session, now)?;
        Ok(true)
    }

    /// Takes the next message.
    ///
    /// # Errors
    /// Anything that ends the handshake.
    pub(super) fn message(&mut self, session: &mut Session, message: &Message, now: u64) -> Result<(), Error> {
        session.transcript.add(message);
        self.state = match (mem::replace(&mut self.state, State::Failed), message.typ()) {
            (State::Hello, HandshakeType::ServerHello) => {
                let agreement = self.agree(session, &ServerHello::decode(message.body())?)?;
                State::Certificate(agreement)
            }
            (State::Certificate(agreement), HandshakeType::Certificate) => {
                let chain = decode_certificates(message.body())?;
                if chain.is_empty() {
                    return Err(Error::BadCertificate);
                }
                session.verify_peer(chain)?;
                State::KeyExchange(agreement)
            }
            (State::KeyExchange(agreement), HandshakeType::ServerKeyExchange) => {
                let exchange = begin_exchange(session, agreement, &ServerKeyExchange::decode(message.body())?)?;
                State::HelloDone(Box::new(exchange))
            }
            (State::HelloDone(mut exchange), HandshakeType::CertificateRequest) if exchange.requested.is_none() => {
                exchange.requested = Some(decode_certificate_request(message.body())?);
                State::HelloDone(exchange)
            }
            (State::HelloDone(exchange), HandshakeType::ServerHelloDone) => {
                if !message.body().is_empty() {
                    return Err(Error::DecodeError);
                }
                session.begin_flight(Some(message.seq()));
                let secrets = answer(session, *exchange)?;
                session.send_flight(now)?;
                State::Finished(secrets)
            }
            (State::Finished(secrets), HandshakeType::Finished) => {
                let expected = secrets.verify_data(Endpoint::Server, session.transcript.hash_before_last(secrets.agreement().suite));
                if !bool::from(expected.ct_eq(message.body())) {
                    return Err(Error::HandshakeFailure);
                }
                session.forget_flight(now);
                State::Done
            }
            _ => return Err(Error::UnexpectedMessage),
        };
        Ok(())
    }

    fn say_hello(&mut self, session: &mut Session, now: u64) -> Result<(), Error> {
        let config = &session.config;
        let server_name = match &config.side {
            Side::Client { server_name } => server_name.as_deref(),
            Side::Server { .. } => None,
        };
        let offer = Offer {
            random: &self.random,
            cookie: &self.cookie,
            suites: config.suites().map(|suite| suite.common.suite).collect(),
            groups: config.groups().map(|group| group.name()).collect(),
            schemes: config.schemes(),
            server_name,
        };
        let hello = offer.encode();
        self.hello_record = session.records.next_in_the_clear();
        session.transcript.clear();
        session.begin_flight(None);
        session.say(HandshakeType::ClientHello, &hello)?;
        session.send_flight(now)
    }

    /// Is what the server chose something that was offered?
    fn agree(&self, session: &mut Session, hello: &ServerHello) -> Result<Agreement, Error> {
        let suite = session.config.suites().find(|suite| suite.common.suite == hello.suite).ok_or(Error::IllegalParameter)?;
        session.negotiated = Some(Negotiated { suite, group: None });
        Ok(Agreement {
            suite,
            protection: keys::protection(suite).ok_or(Error::InternalError)?,
            randoms: Randoms { client: self.random, server: hello.random },
            extended_master_secret: hello.extended_master_secret,
        })
    }
}

/// Cookies that a client follows before it takes them for an attack.
const MAX_COOKIES: usize = 8;

fn begin_exchange(session: &mut Session, agreement: Agreement, theirs: &ServerKeyExchange<'_>) -> Result<Exchange, Error> {
    let group = session.config.group(theirs.group).ok_or(Error::IllegalParameter)?;
    let scheme = theirs.signed.scheme;
    if !agreement.suite.sign.contains(&scheme) || !session.config.schemes().contains(&scheme) {
        return Err(Error::IllegalParameter);
    }
    let signed = [&agreement.randoms.client_first()[..], theirs.params].concat();
    session.verify_signature(&signed, &theirs.signed)?;
    if let Some(negotiated) = &mut session.negotiated {
        negotiated.group = Some(theirs.group);
    }
    let ours = group.start().map_err(|error| Error::from_rustls(&error, true))?;
    Ok(Exchange { agreement, ours, point: theirs.point.to_vec(), requested: None })
}

/// The client's second flight: certificate if one was asked for, key exchange, proof, Finished.
fn answer(session: &mut Session, exchange: Exchange) -> Result<Secrets, Error> {
    let Exchange { agreement, ours, point, requested } = exchange;
    let identity = session.config.identity.clone();
    let signer = requested.as_ref().and_then(|schemes| identity.as_ref()?.key.choose_scheme(schemes));
    if requested.is_some() {
        let chain: &[CertificateDer<'_>] = match (&identity, &signer) {
            (Some(identity), Some(_)) => &identity.cert,
            _ => &[],
        };
        session.say(HandshakeType::Certificate, &encode_certificates(chain))?;
    }
    session.say(HandshakeType::ClientKeyExchange, &encode_client_key_exchange(ours.pub_key()))?;
    let secrets = session.derive(agreement, ours, &point)?;
    if let Some(signer) = signer {
        let proof = Signed::make(&*signer, session.transcript.bytes())?;
        session.say(HandshakeType::CertificateVerify, &proof)?;
    }
    session.records.set_keys(secrets.keys(Endpoint::Client));
    session.say_finished(&secrets)?;
    Ok(secrets)
}
