//! The server's side of a handshake (RFC 6347, section 4.2; RFC 5246, section 7.3).

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::mem;

use rustls::crypto::{ActiveKeyExchange, SupportedKxGroup};
use rustls::sign::{CertifiedKey, Signer};
use rustls::{HandshakeType, NamedGroup, Tls12CipherSuite};
use subtle::ConstantTimeEq;

use super::keys::{self, Agreement, Randoms, Secrets};
use super::messages::{
    ClientHello, ServerHello, ServerKeyExchange, Signed, decode_certificates, decode_client_key_exchange, encode_certificate_request,
    encode_certificates, encode_hello_verify,
};
use super::reassembly::Message;
use super::session::{Negotiated, Session, Side, random};
use super::wire::VERSION;
use crate::error::Error;
use crate::verify::{Endpoint, may_serve};

/// Where a server is in its handshake.
pub(super) struct Server {
    state: State,
}

/// What is waited for.
enum State {
    Hello,
    Certificate(Exchange),
    KeyExchange(Exchange),
    CertificateVerify(Secrets),
    Finished(Secrets),
    Done,
    /// Nothing: the handshake failed.
    Failed,
}

struct Exchange {
    agreement: Agreement,
    ours: Box<dyn ActiveKeyExchange>,
}

impl Server {
    pub(super) fn new() -> Self {
        Self { state: State::Hello }
    }

    /// Is this server waiting for a client, of which it keeps nothing until it shows a cookie?
    pub(super) fn is_listening(&self) -> bool {
        matches!(self.state, State::Hello)
    }

    pub(super) fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Takes the next message, which came in the record `record_seq`.
    ///
    /// # Errors
    /// [`Error::HelloVerifyRequired`] after a ClientHello without a good cookie; anything that ends the handshake.
    pub(super) fn message(&mut self, session: &mut Session, message: &Message, record_seq: u64, now: u64) -> Result<(), Error> {
        if self.is_listening() {
            return self.hello(session, message, record_seq, now);
        }
        session.transcript.add(message);
        self.state = match (mem::replace(&mut self.state, State::Failed), message.typ()) {
            (State::Certificate(exchange), HandshakeType::Certificate) => {
                let chain = decode_certificates(message.body())?;
                if !chain.is_empty() {
                    session.verify_peer(chain)?;
                } else if session.config.verifier.client_auth_mandatory() {
                    return Err(Error::NoClientCertificate);
                }
                State::KeyExchange(exchange)
            }
            (State::KeyExchange(Exchange { agreement, ours }), HandshakeType::ClientKeyExchange) => {
                let point = decode_client_key_exchange(message.body())?;
                let secrets = session.derive(agreement, ours, point)?;
                session.records.set_keys(secrets.keys(Endpoint::Server));
                if session.peer_certificates.is_empty() { State::Finished(secrets) } else { State::CertificateVerify(secrets) }
            }
            (State::CertificateVerify(secrets), HandshakeType::CertificateVerify) => {
                let signed = Signed::decode(message.body())?;
                if !session.config.schemes().contains(&signed.scheme) {
                    return Err(Error::IllegalParameter);
                }
                session.verify_signature(session.transcript.before_last(), &signed)?;
                State::Finished(secrets)
            }
            (State::Finished(secrets), HandshakeType::Finished) => {
                let expected = secrets.verify_data(Endpoint::Client, session.transcript.hash_before_last(secrets.agreement().suite));
                if !bool::from(expected.ct_eq(message.body())) {
                    return Err(Error::HandshakeFailure);
                }
                session.begin_flight(Some(message.seq()));
                session.say_finished(&secrets)?;
                session.send_last_flight(now)?;
                State::Done
            }
            _ => return Err(Error::UnexpectedMessage),
        };
        Ok(())
    }

    /// A ClientHello: without a good cookie it is answered with one and forgotten.
    fn hello(&mut self, session: &mut Session, message: &Message, record_seq: u64, now: u64) -> Result<(), Error> {
        // Nobody is told what is wrong with a hello before there is somebody to tell.
        let Ok(hello) = ClientHello::decode(message.body()) else { return Ok(()) };
        let Side::Server { cookies, client_id } = &session.config.side else { return Err(Error::InternalError) };
        // The answer takes over the client's numbers (RFC 6347, section 4.2.1): it may be another connection that goes on.
        session.records.continue_from(record_seq);
        if !cookies.accepts(client_id, &hello, now) {
            let request = encode_hello_verify(&cookies.issue(client_id, &hello, now));
            session.say_once(HandshakeType::HelloVerifyRequest, message.seq(), &request)?;
            return Err(Error::HelloVerifyRequired);
        }
        session.continue_from(message.seq());
        session.transcript.add(message);
        self.state = State::Failed;
        let (exchange, wants_certificate) = answer(session, &hello, message.seq())?;
        session.send_flight(now)?;
        self.state = if wants_certificate { State::Certificate(exchange) } else { State::KeyExchange(exchange) };
        Ok(())
    }
}

/// What the server picks from a client's offer.
struct Choice {
    identity: Arc<CertifiedKey>,
    suite: &'static Tls12CipherSuite,
    signer: Box<dyn Signer>,
    group: &'static dyn SupportedKxGroup,
}

fn choose(session: &Session, hello: &ClientHello<'_>) -> Result<Choice, Error> {
    if hello.version > VERSION || hello.version >> 8 != 0xfe {
        return Err(Error::BadProtocolVersion);
    }
    if !hello.compressions.contains(&0) {
        return Err(Error::IllegalParameter);
    }
    let config = &session.config;
    // mbedTLS serves no certificate that its own clients would not take from a server.
    let identity = config.identity.clone().filter(|identity| may_serve(&identity.cert)).ok_or(Error::HandshakeFailure)?;
    let offered = |group: NamedGroup| match &hello.groups {
        Some(groups) => groups.contains(&group),
        None => group == NamedGroup::secp256r1,
    };
    let group = config.groups().find(|group| offered(group.name())).ok_or(Error::HandshakeFailure)?;
    let usable = |suite: &'static Tls12CipherSuite| {
        let schemes: Vec<_> = hello.schemes.iter().copied().filter(|scheme| suite.sign.contains(scheme)).collect();
        Some((suite, identity.key.choose_scheme(&schemes)?))
    };
    let (suite, signer) =
        config.suites().filter(|suite| hello.offers(suite.common.suite)).find_map(usable).ok_or(Error::HandshakeFailure)?;
    Ok(Choice { identity, suite, signer, group })
}

/// The server's flight: hello, certificate, key exchange, request for a certificate, done.
fn answer(session: &mut Session, hello: &ClientHello<'_>, seq: u16) -> Result<(Exchange, bool), Error> {
    let Choice { identity, suite, signer, group } = choose(session, hello)?;
    let agreement = Agreement {
        suite,
        protection: keys::protection(suite).ok_or(Error::InternalError)?,
        randoms: Randoms { client: hello.random, server: random()? },
        extended_master_secret: hello.extended_master_secret,
    };
    session.negotiated = Some(Negotiated { suite, group: Some(group.name()) });
    let ours = group.start().map_err(|error| Error::from_rustls(&error, true))?;
    session.begin_flight(Some(seq));

    let answer = ServerHello {
        random: agreement.randoms.server,
        suite: suite.common.suite,
        extended_master_secret: hello.extended_master_secret,
        point_formats: hello.point_formats,
        secure_renegotiation: hello.secure_renegotiation(),
    };
    session.say(HandshakeType::ServerHello, &answer.encode())?;
    session.say(HandshakeType::Certificate, &encode_certificates(&identity.cert))?;
    let mut exchange = ServerKeyExchange::encode_params(group.name(), ours.pub_key());
    let signed = [&agreement.randoms.client_first()[..], &exchange].concat();
    exchange.extend_from_slice(&Signed::make(&*signer, &signed)?);
    session.say(HandshakeType::ServerKeyExchange, &exchange)?;
    let wants_certificate = session.config.verifier.offer_client_auth();
    if wants_certificate {
        session.say(HandshakeType::CertificateRequest, &encode_certificate_request(session.config.schemes()))?;
    }
    session.say(HandshakeType::ServerHelloDone, &[])?;
    Ok((Exchange { agreement, ours }, wants_certificate))
}
