//! The client's side of a handshake (RFC 5246, section 7.3).

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem;

use rustls::{HandshakeType, NamedGroup, SignatureScheme};
use rustls_pki_types::CertificateDer;
use subtle::ConstantTimeEq;

use super::keys::{self, Agreement, Randoms, Secrets};
use super::message::Message;
use super::messages::{
    Offer, ServerHello, ServerKeyExchange, Signed, decode_certificate_request, decode_certificates, decode_psk_exchange,
    encode_certificates, encode_client_key_exchange, encode_identity,
};
use super::psk::KeyExchange;
use super::session::{Answer, Negotiated, Session, Share, Side, random};
use crate::error::Error;
use crate::verify::Endpoint;

/// Where a client is in its handshake.
pub(super) struct Client {
    state: State,
    random: [u8; 32],
    cookie: Vec<u8>,
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

/// The server's part of the key exchange, and whether it asks for a certificate.
struct Exchange {
    agreement: Agreement,
    /// With ECDHE.
    share: Option<Share>,
    /// The schemes in which the server wants a certificate's owner to sign.
    requested: Option<Vec<SignatureScheme>>,
}

impl Client {
    pub(super) fn new() -> Self {
        Self { state: State::Start, random: [0; 32], cookie: Vec::new() }
    }

    pub(super) fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    pub(super) fn is_at_hello(&self) -> bool {
        matches!(self.state, State::Hello)
    }

    pub(super) fn awaits_finished(&self) -> bool {
        matches!(self.state, State::Finished(_))
    }

    /// Sends the ClientHello, if nothing was sent yet.
    pub(super) fn start(&mut self, session: &mut Session) -> Result<(), Error> {
        if !matches!(self.state, State::Start) {
            return Ok(());
        }
        self.random = random()?;
        self.state = State::Hello;
        self.push_hello(session)
    }

    /// Makes the second ClientHello, with this cookie.
    pub(super) fn push_second_hello(&mut self, session: &mut Session, cookie: &[u8]) -> Result<(), Error> {
        if !self.is_at_hello() {
            return Err(Error::UnexpectedMessage);
        }
        self.cookie = cookie.to_vec();
        self.push_hello(session)
    }

    /// Takes the next message.
    ///
    /// # Errors
    /// Anything that ends the handshake.
    pub(super) fn message(&mut self, session: &mut Session, message: &Message) -> Result<(), Error> {
        session.transcript.add(message);
        self.state = match (mem::replace(&mut self.state, State::Failed), message.typ()) {
            (State::Hello, HandshakeType::ServerHello) => {
                let agreement = self.agree(session, &ServerHello::decode(message.body(), session.carrier)?)?;
                match agreement.exchange {
                    KeyExchange::Certificate => State::Certificate(agreement),
                    KeyExchange::Psk | KeyExchange::EcdhePsk => State::KeyExchange(agreement),
                }
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
                let share = match agreement.exchange {
                    KeyExchange::Certificate => Some(check_share(session, &agreement, &ServerKeyExchange::decode(message.body())?)?),
                    KeyExchange::EcdhePsk => match decode_psk_exchange(message.body(), true)? {
                        Some((group, point)) => Some(begin_share(session, group, point)?),
                        None => None,
                    },
                    KeyExchange::Psk => decode_psk_exchange(message.body(), false).map(|_| None)?,
                };
                State::HelloDone(Box::new(Exchange { agreement, share, requested: None }))
            }
            (State::HelloDone(mut exchange), HandshakeType::CertificateRequest)
                if exchange.requested.is_none() && exchange.agreement.exchange == KeyExchange::Certificate =>
            {
                exchange.requested = Some(decode_certificate_request(message.body())?);
                State::HelloDone(exchange)
            }
            (State::HelloDone(exchange), HandshakeType::ServerHelloDone) => hello_done(session, message, *exchange)?,
            // A server without an identity hint sends no ServerKeyExchange (RFC 4279, section 2).
            (State::KeyExchange(agreement), HandshakeType::ServerHelloDone) if agreement.exchange == KeyExchange::Psk => {
                hello_done(session, message, Exchange { agreement, share: None, requested: None })?
            }
            (State::Finished(secrets), HandshakeType::Finished) => {
                let expected = secrets.verify_data(Endpoint::Server, session.transcript.hash_before_last(secrets.agreement().suite));
                if !bool::from(expected.ct_eq(message.body())) {
                    return Err(Error::HandshakeFailure);
                }
                State::Done
            }
            _ => return Err(Error::UnexpectedMessage),
        };
        Ok(())
    }

    fn push_hello(&mut self, session: &mut Session) -> Result<(), Error> {
        let config = &session.config;
        let server_name = match &config.side {
            Side::Client { server_name } => server_name.as_deref(),
            Side::Server => None,
        };
        let offer = Offer {
            carrier: session.carrier,
            random: &self.random,
            cookie: &self.cookie,
            suites: config.suites().map(|suite| suite.common.suite).collect(),
            groups: config.groups().map(|group| group.name()).collect(),
            schemes: config.schemes(),
            server_name,
        };
        let hello = offer.encode();
        session.transcript.clear();
        session.push(HandshakeType::ClientHello, &hello)?;
        session.send_flight(Answer::Flight);
        Ok(())
    }

    /// Checks that the server chose a suite that was offered.
    fn agree(&self, session: &mut Session, hello: &ServerHello) -> Result<Agreement, Error> {
        let suite = session.config.suites().find(|suite| suite.common.suite == hello.suite).ok_or(Error::IllegalParameter)?;
        session.negotiated = Some(Negotiated { suite, group: None });
        Ok(Agreement {
            suite,
            exchange: KeyExchange::of(hello.suite),
            protection: keys::protection(suite).ok_or(Error::InternalError)?,
            randoms: Randoms { client: self.random, server: hello.random },
            extended_master_secret: hello.extended_master_secret,
        })
    }
}

/// The exchange with the point that the server has signed.
fn check_share(session: &mut Session, agreement: &Agreement, theirs: &ServerKeyExchange<'_>) -> Result<Share, Error> {
    let scheme = theirs.signed.scheme;
    session.config.group(theirs.group).ok_or(Error::IllegalParameter)?;
    if !agreement.suite.sign.contains(&scheme) || !session.config.schemes().contains(&scheme) {
        return Err(Error::IllegalParameter);
    }
    let signed = [&agreement.randoms.client_first()[..], theirs.params].concat();
    session.verify_signature(&signed, &theirs.signed)?;
    begin_share(session, theirs.group, theirs.point)
}

fn begin_share(session: &mut Session, group: NamedGroup, point: &[u8]) -> Result<Share, Error> {
    let ours = session.config.group(group).ok_or(Error::IllegalParameter)?;
    let ours = ours.start().map_err(|error| Error::from_rustls(&error, true))?;
    if let Some(negotiated) = &mut session.negotiated {
        negotiated.group = Some(group);
    }
    Ok(Share { ours, point: point.to_vec() })
}

fn hello_done(session: &mut Session, message: &Message, exchange: Exchange) -> Result<State, Error> {
    if !message.body().is_empty() {
        return Err(Error::DecodeError);
    }
    let secrets = answer(session, exchange)?;
    session.send_flight(Answer::Flight);
    Ok(State::Finished(secrets))
}

/// The client's second flight: certificate if one was asked for, key exchange, proof, Finished.
fn answer(session: &mut Session, exchange: Exchange) -> Result<Secrets, Error> {
    let Exchange { agreement, share, requested } = exchange;
    let identity = session.config.identity.clone();
    let signer = requested.as_ref().and_then(|schemes| identity.as_ref()?.key.choose_scheme(schemes));
    if requested.is_some() {
        let chain: &[CertificateDer<'_>] = match (&identity, &signer) {
            (Some(identity), Some(_)) => &identity.cert,
            _ => &[],
        };
        session.push(HandshakeType::Certificate, &encode_certificates(chain))?;
    }
    let psk = match agreement.exchange {
        KeyExchange::Certificate => None,
        KeyExchange::Psk | KeyExchange::EcdhePsk => Some(session.config.psks.own.clone().ok_or(Error::InternalError)?),
    };
    let point = share.as_ref().map(|share| share.ours.pub_key());
    let ours = match &psk {
        None => encode_client_key_exchange(point.unwrap_or_default()),
        Some(psk) => encode_identity(&psk.identity, point),
    };
    session.push(HandshakeType::ClientKeyExchange, &ours)?;
    let secrets = session.derive(agreement, share, psk.as_ref().map(|psk| &psk.key))?;
    if let Some(signer) = signer {
        let proof = Signed::make(&*signer, session.transcript.bytes())?;
        session.push(HandshakeType::CertificateVerify, &proof)?;
    }
    session.push_finished(&secrets)?;
    Ok(secrets)
}
