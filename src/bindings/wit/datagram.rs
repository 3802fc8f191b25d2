//! DTLS for components: what `Connection` is for a stream, for a datagram socket.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;

use super::{Deciding, tls, to_wit};
use crate::ciphers;
use crate::dtls::DtlsStream;

pub(super) struct DatagramConnection(pub(super) RefCell<Deciding<DtlsStream>>);

impl tls::GuestDatagramConnection for DatagramConnection {
    fn handshake(&self, now: u64) -> Result<tls::Progress, tls::Error> {
        self.0.borrow_mut().operate(|stream| stream.handshake(now))
    }

    fn read(&self, wanted: u32, now: u64) -> Result<tls::Plaintext, tls::Error> {
        self.0.borrow_mut().read(wanted, |stream, data| stream.read(data, now))
    }

    fn write(&self, data: Vec<u8>, now: u64) -> Result<tls::Progress, tls::Error> {
        self.0.borrow_mut().operate(|stream| stream.write(&data, now))
    }

    fn to_send(&self) -> Vec<u8> {
        self.0.borrow().stream.to_send().to_vec()
    }

    fn sent(&self) {
        self.0.borrow_mut().stream.sent();
    }

    fn received(&self, datagram: Vec<u8>) {
        let stream = &mut self.0.borrow_mut().stream;
        stream.receive_space(datagram.len())[..datagram.len()].copy_from_slice(&datagram);
        stream.received(datagram.len());
    }

    fn ended(&self) {
        self.0.borrow_mut().stream.received_eof();
    }

    fn next_timeout(&self, now: u64) -> Option<u64> {
        self.0.borrow().stream.next_timeout(now)
    }

    fn blocked(&self, direction: tls::Direction) {
        self.0.borrow_mut().stream.blocked(direction.into());
    }

    fn transport_failed(&self, errno: i32) -> tls::Error {
        to_wit(self.0.borrow_mut().stream.transport_failed(errno))
    }

    fn chain(&self) -> Vec<tls::Link> {
        self.0.borrow().undecided.clone()
    }

    fn decide(&self, verdict: Option<i32>) -> Result<(), tls::Error> {
        self.0.borrow_mut().decide(verdict, DtlsStream::refuse_peer)
    }

    fn poll(&self, wanted: u32) -> tls::Readiness {
        self.0.borrow_mut().stream.poll(wanted).into()
    }

    fn polled(&self, wanted: u32, transport: u32) -> u32 {
        self.0.borrow().stream.polled(wanted, transport)
    }

    fn close(&self) -> bool {
        self.0.borrow_mut().stream.close()
    }

    fn cipher_suite(&self) -> Option<String> {
        let (suite, _) = self.0.borrow().stream.connection().negotiated()?;
        ciphers::name(suite).map(str::to_owned)
    }

    fn version(&self) -> Option<String> {
        let (_, version) = self.0.borrow().stream.connection().negotiated()?;
        Some(ciphers::version_name(version).to_owned())
    }

    fn peer_certificate(&self) -> Option<Vec<u8>> {
        self.0.borrow().stream.connection().peer_certificates().first().map(|certificate| certificate.to_vec())
    }
}
