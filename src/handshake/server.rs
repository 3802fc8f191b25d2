//! The server's side of a handshake (RFC 5246, section 7.3).

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::mem;

use rustls::crypto::{ActiveKeyExchange, SupportedKxGroup};
use rustls::sign::{CertifiedKey, Signer};
use rustls::{HandshakeType, NamedGroup, Tls12CipherSuite};
use subtle::ConstantTimeEq;

use super::keys::{self, Agreement, Randoms, Secrets};
use super::message::Message;
use super::messages::{
    ClientHello, ServerHello, ServerKeyExchange, Signed, decode_certificates, decode_client_key_exchange, decode_identity,
    encode_certificate_request, encode_certificates, encode_psk_exchange,
};
use super::psk::{Key, KeyExchange};
use super::session::{Answer, Negotiated, Session, Share, random};
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
    /// From the program: the key of the client's identity.
    Key(Keyless),
    CertificateVerify(Secrets),
    Finished(Secrets),
    Done,
    /// Nothing: the handshake failed.
    Failed,
}

struct Exchange {
    agreement: Agreement,
    /// With ECDHE.
    ours: Option<Box<dyn ActiveKeyExchange>>,
}

/// A key exchange that lacks the pre-shared key only.
struct Keyless {
    agreement: Agreement,
    share: Option<Share>,
}

impl Server {
    pub(super) fn new() -> Self {
        Self { state: State::Hello }
    }

    pub(super) fn is_at_hello(&self) -> bool {
        matches!(self.state, State::Hello)
    }

    pub(super) fn awaits_finished(&self) -> bool {
        matches!(self.state, State::Finished(_))
    }

    pub(super) fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Takes the next message.
    ///
    /// # Errors
    /// Anything that ends the handshake.
    pub(super) fn message(&mut self, session: &mut Session, message: &Message) -> Result<(), Error> {
        if self.is_at_hello() && message.typ() == HandshakeType::ClientHello {
            return self.hello(session, message);
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
            (State::KeyExchange(Exchange { agreement, ours }), HandshakeType::ClientKeyExchange) => match agreement.exchange {
                KeyExchange::Certificate => {
                    let share = share(ours, Some(decode_client_key_exchange(message.body())?));
                    let secrets = session.derive(agreement, share, None)?;
                    if session.peer_certificates.is_empty() { State::Finished(secrets) } else { State::CertificateVerify(secrets) }
                }
                KeyExchange::Psk | KeyExchange::EcdhePsk => {
                    let (identity, point) = decode_identity(message.body(), ours.is_some())?;
                    identify(session, identity, Keyless { agreement, share: share(ours, point) })?
                }
            },
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
                session.push_finished(&secrets)?;
                session.send_flight(Answer::Nothing);
                State::Done
            }
            _ => return Err(Error::UnexpectedMessage),
        };
        Ok(())
    }

    /// Goes on with the key of the client's identity, or refuses it.
    ///
    /// # Errors
    /// [`Error::UnknownIdentity`] without a key, and with one that cannot be used.
    /// [`Error::BadInputData`] if none is missing.
    pub(super) fn provide_psk(&mut self, session: &mut Session, key: Option<&[u8]>) -> Result<(), Error> {
        session.asked = None;
        let State::Key(Keyless { agreement, share }) = mem::replace(&mut self.state, State::Failed) else {
            return Err(Error::BadInputData);
        };
        let key = key.and_then(Key::new).ok_or(Error::UnknownIdentity)?;
        self.state = State::Finished(session.derive(agreement, share, Some(&key))?);
        Ok(())
    }

    fn hello(&mut self, session: &mut Session, message: &Message) -> Result<(), Error> {
        self.state = State::Failed;
        let hello = ClientHello::decode(message.body(), session.carrier)?;
        session.transcript.add(message);
        let (exchange, wants_certificate) = answer(session, &hello)?;
        session.send_flight(Answer::Flight);
        self.state = if wants_certificate { State::Certificate(exchange) } else { State::KeyExchange(exchange) };
        Ok(())
    }
}

fn share(ours: Option<Box<dyn ActiveKeyExchange>>, point: Option<&[u8]>) -> Option<Share> {
    Some(Share { ours: ours?, point: point?.to_vec() })
}

/// Who is this client? The program knows its key, or the context has one for everybody.
fn identify(session: &mut Session, identity: &[u8], exchange: Keyless) -> Result<State, Error> {
    if session.config.psks.asks {
        session.asked = Some(identity.to_vec());
        return Ok(State::Key(exchange));
    }
    let psk = session.config.psks.own.clone().ok_or(Error::InternalError)?;
    if !bool::from(psk.identity.ct_eq(identity)) {
        return Err(Error::UnknownIdentity);
    }
    Ok(State::Finished(session.derive(exchange.agreement, exchange.share, Some(&psk.key))?))
}

/// What the server picks from a client's offer.
struct Choice {
    suite: &'static Tls12CipherSuite,
    exchange: KeyExchange,
    /// With ECDHE.
    group: Option<&'static dyn SupportedKxGroup>,
    /// With a certificate.
    proof: Option<Proof>,
}

struct Proof {
    identity: Arc<CertifiedKey>,
    signer: Box<dyn Signer>,
}

fn choose(session: &Session, hello: &ClientHello<'_>) -> Result<Choice, Error> {
    if !session.carrier.covers(hello.version) {
        return Err(Error::BadProtocolVersion);
    }
    if !hello.compressions.contains(&0) {
        return Err(Error::IllegalParameter);
    }
    let config = &session.config;
    // mbedTLS serves no certificate that its own clients would not take from a server.
    let identity = config.identity.as_ref().filter(|identity| may_serve(&identity.cert));
    let offered = |group: NamedGroup| match &hello.groups {
        Some(groups) => groups.contains(&group),
        None => group == NamedGroup::secp256r1,
    };
    let group = config.groups().find(|group| offered(group.name()));
    let usable = |suite: &'static Tls12CipherSuite| {
        let exchange = KeyExchange::of(suite.common.suite);
        let (group, proof) = match exchange {
            KeyExchange::Certificate => {
                let schemes: Vec<_> = hello.schemes.iter().copied().filter(|scheme| suite.sign.contains(scheme)).collect();
                let identity = identity?.clone();
                let signer = identity.key.choose_scheme(&schemes)?;
                (Some(group?), Some(Proof { identity, signer }))
            }
            KeyExchange::EcdhePsk => (Some(group?), None),
            KeyExchange::Psk => (None, None),
        };
        Some(Choice { suite, exchange, group, proof })
    };
    config.suites().filter(|suite| hello.offers(suite.common.suite)).find_map(usable).ok_or(Error::HandshakeFailure)
}

/// The server's flight: hello, certificate, key exchange, request for a certificate, done.
fn answer(session: &mut Session, hello: &ClientHello<'_>) -> Result<(Exchange, bool), Error> {
    let Choice { suite, exchange, group, proof } = choose(session, hello)?;
    let agreement = Agreement {
        suite,
        exchange,
        protection: keys::protection(suite).ok_or(Error::InternalError)?,
        randoms: Randoms { client: hello.random, server: random()? },
        extended_master_secret: hello.extended_master_secret,
    };
    session.negotiated = Some(Negotiated { suite, group: group.map(|group| group.name()) });
    let ours = group.map(|group| group.start()).transpose().map_err(|error| Error::from_rustls(&error, true))?;

    let answer = ServerHello {
        random: agreement.randoms.server,
        suite: suite.common.suite,
        extended_master_secret: hello.extended_master_secret,
        point_formats: hello.point_formats && ours.is_some(),
        secure_renegotiation: hello.secure_renegotiation(),
    };
    session.push(HandshakeType::ServerHello, &answer.encode(session.carrier))?;
    let wants_certificate = match (&ours, &proof) {
        (Some(ours), Some(Proof { identity, signer })) => {
            session.push(HandshakeType::Certificate, &encode_certificates(&identity.cert))?;
            let mut exchange = ServerKeyExchange::encode_params(ours.group(), ours.pub_key());
            let signed = [&agreement.randoms.client_first()[..], &exchange].concat();
            exchange.extend_from_slice(&Signed::make(&**signer, &signed)?);
            session.push(HandshakeType::ServerKeyExchange, &exchange)?;
            let wants_certificate = session.config.verifier.offer_client_auth();
            if wants_certificate {
                session.push(HandshakeType::CertificateRequest, &encode_certificate_request(session.config.schemes()))?;
            }
            wants_certificate
        }
        (Some(ours), None) => {
            session.push(HandshakeType::ServerKeyExchange, &encode_psk_exchange(ours.group(), ours.pub_key()))?;
            false
        }
        (None, _) => false,
    };
    session.push(HandshakeType::ServerHelloDone, &[])?;
    Ok((Exchange { agreement, ours }, wants_certificate))
}
