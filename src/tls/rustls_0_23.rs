//! rustls 0.23 as the library of a connection, by its unbuffered API.
//!
//! What rustls does not do, or does otherwise than the RFCs or Mbed TLS, is made good here and in
//! the files beside it:
//!
//! * it is given one record at a time, after a look at it (`gate.rs`);
//! * it ignores a record that it cannot decrypt, and close_notify in the clear, and reports neither
//!   ([`bypass`] and `gate.rs` do);
//! * it sends no alert, or another one, for some errors (`alerts.rs`). A record of no type makes it
//!   send one, which is then changed.

use alloc::sync::Arc;
use alloc::vec::Vec;

use rustls::client::{Resumption, UnbufferedClientConnection};
use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncodeTlsData, EncryptError, InsufficientSizeError, ReadTraffic, UnbufferedStatus, WriteTraffic,
};
use rustls::{AlertDescription, ClientConfig, ServerConfig};
use rustls_pki_types::{IpAddr, Ipv4Addr, ServerName};

use super::alert_record::alert_record;
use super::gate::{Gate, Stage};
use super::{Facts, Library, RECORD_HEADER, RunningVerifier, Work, Write, alerts, missing};
use crate::buffer::Buffer;
use crate::crypto::bypass;
use crate::error::Error;
use crate::verify::{PeerVerifier, Secret};

/// Runs the same expression for a client's and a server's connection, whose types differ.
macro_rules! each {
    ($tls:expr, $name:ident => $body:expr) => {
        match $tls {
            Tls::Client($name) => $body,
            Tls::Server($name) => $body,
        }
    };
}

/// One end of a connection.
pub(super) struct Rustls {
    tls: Tls,
    gate: Gate,
}

enum Tls {
    Client(UnbufferedClientConnection),
    Server(UnbufferedServerConnection),
}

impl Rustls {
    /// A client that sends `name` as SNI if it is a DNS name.
    pub(super) fn client(config: Arc<ClientConfig>, name: Option<ServerName<'static>>) -> Result<Self, Error> {
        let tls = match name {
            Some(name) => UnbufferedClientConnection::new(config, name),
            // rustls keeps sessions by name. Servers without a name must not share their sessions.
            None => UnbufferedClientConnection::new(Arc::new(without_sessions(&config)), no_name()),
        };
        Ok(Self::new(Tls::Client(tls.map_err(|error| Error::from_rustls(&error, true))?)))
    }

    /// A server that waits for a ClientHello.
    pub(super) fn server(config: Arc<ServerConfig>) -> Result<Self, Error> {
        let tls = UnbufferedServerConnection::new(config);
        Ok(Self::new(Tls::Server(tls.map_err(|error| Error::from_rustls(&error, true))?)))
    }

    fn new(tls: Tls) -> Self {
        Self { tls, gate: Gate::default() }
    }

    /// Turns rustls' state machine until there is nothing left to do.
    fn turn(&mut self, incoming: &mut Buffer, turn: &mut Turn<'_>) -> Result<(), rustls::Error> {
        loop {
            let stage = each!(&self.tls, tls => Stage {
                is_server: matches!(self.tls, Tls::Server(_)),
                is_handshaking: tls.is_handshaking(),
                version: tls.protocol_version(),
            });
            let (given, more) = self.gate.open(incoming.filled(), stage)?;
            turn.more = more;
            let (discarded, result) = self.process(incoming, given, turn);
            self.gate.consumed(discarded);
            if bypass::take_undecryptable() && result.is_ok() {
                incoming.consume(self.gate.skip());
            }
            match result? {
                Next::Continue => {}
                Next::More => self.gate.wants_more(),
                Next::Stop => return Ok(()),
            }
        }
    }

    /// A server of TLS 1.1 answers a client that lists its versions with this alert. A board lists
    /// none, gets the server's version, and refuses it.
    fn error_of(&self, error: &rustls::Error) -> Error {
        let is_unanswered = matches!(&self.tls, Tls::Client(tls) if tls.protocol_version().is_none());
        match error {
            rustls::Error::AlertReceived(AlertDescription::ProtocolVersion) if is_unanswered => Error::BadProtocolVersion,
            _ => Error::from_rustls(error, self.is_handshaking()),
        }
    }

    /// Takes what rustls has queued for the peer after an error. The alert comes last.
    fn send_alert(&mut self, incoming: &mut Buffer, turn: &mut Turn<'_>, error: &rustls::Error) {
        turn.correction = alerts::correction(error);
        let due = alerts::due(error);
        if due.is_some() {
            incoming.filled_mut().fill(0);
            incoming.extend(&[0; RECORD_HEADER]);
        }
        bypass::with_alert(due, || {
            for _ in 0..MOST_ALERT_TRIES {
                let given = incoming.len();
                match self.process(incoming, given, turn).1 {
                    _ if turn.alerted => break,
                    Ok(Next::Continue) => {}
                    Err(_) if due.is_some() => turn.correction = due,
                    _ => break,
                }
            }
        });
    }

    /// Has rustls process the first `given` bytes that were received, and removes those that it
    /// needs no more.
    fn process(&mut self, incoming: &mut Buffer, given: usize, turn: &mut Turn<'_>) -> (usize, Result<Next, rustls::Error>) {
        let received = &mut incoming.filled_mut()[..given];
        let (discarded, result) = each!(&mut self.tls, tls => turn.take(tls.process_tls_records(received)));
        incoming.consume(discarded);
        (discarded, result)
    }
}

impl Library for Rustls {
    fn advance(&mut self, incoming: &mut Buffer, work: Work<'_>) -> Result<usize, Error> {
        let mut turn = Turn { work, delivered: 0, more: false, correction: None, alerted: false };
        if let Err(error) = self.turn(incoming, &mut turn) {
            *turn.work.held = None;
            turn.work.undecided = None;
            turn.work.write = None;
            self.send_alert(incoming, &mut turn, &error);
            return Err(RunningVerifier::take_refusal().unwrap_or_else(|| self.error_of(&error)));
        }
        if turn.delivered > 0 || !turn.work.plaintext.is_empty() {
            self.gate.was_fruitful();
        }
        // rustls waits for ever after a close_notify that is not authenticated.
        *turn.work.peer_closed |= self.gate.saw_close_notify() && self.is_handshaking();
        Ok(turn.delivered)
    }

    fn missing(&self, received: &[u8]) -> usize {
        missing(self.gate.behind(received))
    }

    fn alert_record(&self, alert: AlertDescription, secret: Option<Secret>) -> Vec<u8> {
        alert_record(alert, each!(&self.tls, tls => tls.negotiated_cipher_suite()), secret)
    }

    fn is_handshaking(&self) -> bool {
        each!(&self.tls, tls => tls.is_handshaking())
    }

    fn facts(&self) -> Facts<'_> {
        each!(&self.tls, tls => Facts {
            suite: tls.negotiated_cipher_suite().map(|suite| suite.suite()),
            version: tls.protocol_version(),
            key_exchange_group: tls.negotiated_key_exchange_group().map(|group| group.name()),
            alpn_protocol: tls.alpn_protocol(),
            kind: tls.handshake_kind(),
            peer_certificates: tls.peer_certificates(),
        })
    }
}

/// How often rustls is asked until it comes to the record of no type.
const MOST_ALERT_TRIES: usize = 64;
/// RFC 8446, section 5.1
const MAX_FRAGMENT: usize = 1 << 14;
/// Header, explicit nonce or inner content type, tag: what a record adds to its fragment, at most.
const RECORD_OVERHEAD: usize = 64;

enum Next {
    Continue,
    /// rustls has done what it can with what it was given, and there is more.
    More,
    Stop,
}

/// One call's work while rustls' state machine turns.
struct Turn<'a> {
    work: Work<'a>,
    delivered: usize,
    /// Is there more than what rustls was given?
    more: bool,
    /// The description that an alert in the clear must have.
    correction: Option<AlertDescription>,
    /// Has an alert been queued?
    alerted: bool,
}

impl Turn<'_> {
    /// Does what `status` asks for. Returns how many received bytes are used up, which holds after
    /// an error as well.
    fn take<Data>(&mut self, status: UnbufferedStatus<'_, '_, Data>) -> (usize, Result<Next, rustls::Error>) {
        let UnbufferedStatus { discard, state } = status;
        if self.work.undecided.is_some_and(PeerVerifier::is_undecided) {
            self.work.held.get_or_insert(self.work.outgoing.len());
            return (discard, state.and_then(|state| self.keep(state)));
        }
        (discard, state.and_then(|state| self.handle(state)))
    }

    /// Stops, because the program has to decide first, without losing anything: rustls hands out a
    /// record once.
    fn keep<Data>(&mut self, state: ConnectionState<'_, '_, Data>) -> Result<Next, rustls::Error> {
        match state {
            ConnectionState::EncodeTlsData(record) => self.encode(record)?,
            ConnectionState::PeerClosed => *self.work.peer_closed = true,
            _ => {}
        }
        Ok(Next::Stop)
    }

    fn handle<Data>(&mut self, state: ConnectionState<'_, '_, Data>) -> Result<Next, rustls::Error> {
        match state {
            ConnectionState::ReadTraffic(records) => {
                self.deliver(records)?;
                // A write goes on to the state in which it may write.
                return Ok(if self.work.write.is_some() { Next::Continue } else { Next::Stop });
            }
            ConnectionState::EncodeTlsData(record) => self.encode(record)?,
            ConnectionState::TransmitTlsData(transmit) => transmit.done(),
            ConnectionState::PeerClosed => *self.work.peer_closed = true,
            ConnectionState::BlockedHandshake | ConnectionState::WriteTraffic(_) if self.more => return Ok(Next::More),
            ConnectionState::WriteTraffic(traffic) => {
                self.encrypt(traffic)?;
                return Ok(Next::Stop);
            }
            // Early data is never offered nor accepted.
            _ => return Ok(Next::Stop),
        }
        Ok(Next::Continue)
    }

    fn deliver<Data>(&mut self, mut records: ReadTraffic<'_, '_, Data>) -> Result<(), rustls::Error> {
        while let Some(record) = records.next_record() {
            let payload = record?.payload;
            let room = if self.work.plaintext.is_empty() { &mut self.work.out[self.delivered..] } else { &mut [] };
            let (fits, rest) = payload.split_at(payload.len().min(room.len()));
            room[..fits.len()].copy_from_slice(fits);
            self.delivered += fits.len();
            if !rest.is_empty() {
                self.work.plaintext.extend(rest);
            }
        }
        Ok(())
    }

    fn encode<Data>(&mut self, mut record: EncodeTlsData<'_, Data>) -> Result<(), rustls::Error> {
        let mut room = MAX_FRAGMENT / 8;
        loop {
            let spare = self.work.outgoing.spare(room);
            match record.encode(spare) {
                Ok(count) => {
                    self.alerted |= is_alert(&spare[..count]);
                    if let Some(alert) = self.correction {
                        alerts::correct(&mut spare[..count], alert);
                    }
                    self.work.outgoing.fill(count);
                    return Ok(());
                }
                Err(EncodeError::InsufficientSize(InsufficientSizeError { required_size })) => room = required_size,
                Err(EncodeError::AlreadyEncoded) => return Ok(()),
            }
        }
    }

    fn encrypt<Data>(&mut self, mut traffic: WriteTraffic<'_, Data>) -> Result<(), rustls::Error> {
        match self.work.write.take() {
            Some(Write::Data(data)) => {
                data.chunks(MAX_FRAGMENT).try_for_each(|fragment| self.append(fragment.len(), |room| traffic.encrypt(fragment, room)))
            }
            Some(Write::CloseNotify) => self.append(0, |room| traffic.queue_close_notify(room)),
            None => Ok(()),
        }
    }

    fn append(
        &mut self,
        plaintext_len: usize,
        mut encrypt: impl FnMut(&mut [u8]) -> Result<usize, EncryptError>,
    ) -> Result<(), rustls::Error> {
        let mut room = plaintext_len + RECORD_OVERHEAD;
        loop {
            match encrypt(self.work.outgoing.spare(room)) {
                Ok(count) => {
                    self.work.outgoing.fill(count);
                    return Ok(());
                }
                // A key update of ours may go before the record.
                Err(EncryptError::InsufficientSize(InsufficientSizeError { required_size })) => room = required_size,
                Err(EncryptError::EncryptExhausted) => return Err(rustls::Error::EncryptError),
            }
        }
    }
}

/// Is this record an alert? Those of TLS 1.3 look like data; what encrypted them knows.
fn is_alert(record: &[u8]) -> bool {
    record.first() == Some(&ALERT) || record.get(RECORD_HEADER..).is_some_and(bypass::is_encrypted_alert)
}

/// The content type of alerts.
const ALERT: u8 = 21;

fn without_sessions(config: &ClientConfig) -> ClientConfig {
    let mut config = config.clone();
    config.resumption = Resumption::disabled();
    config
}

/// rustls wants a name even where none is sent nor verified.
fn no_name() -> ServerName<'static> {
    ServerName::IpAddress(IpAddr::V4(Ipv4Addr::from([0; 4])))
}
