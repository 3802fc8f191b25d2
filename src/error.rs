//! The one error type of the engine, the one table from it to the exception that a Python program
//! sees, and the one to the alert that the peer is sent.
//!
//! Codes and texts are MicroPython 1.29's: `OSError(code, "MBEDTLS_ERR_...")` for what TLS refuses,
//! positive errnos for what the transport reports, `ValueError` for a key, a certificate or a peer
//! that is not accepted.

mod alert;
mod flags;
pub mod names;

use alloc::borrow::Cow;
use core::fmt;

use rustls::{InvalidMessage, PeerIncompatible, PeerMisbehaved};

pub use flags::VerifyFlags;

/// Why something failed.
///
/// [`exception`](Self::exception) gives what Python raises for it; [`repeated`](Self::repeated)
/// what a later call on the same connection fails with, because MicroPython's sockets remember a
/// fatal error.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// A private key that cannot be parsed or used.
    InvalidKey,
    /// A certificate that cannot be parsed.
    InvalidCert,
    /// The peer must be verified and no name was given to verify it against.
    HostnameRequired,
    /// `check_hostname` needs a mode that refuses peers, and a name.
    CheckHostname,
    /// The name of a server that TLS cannot carry (RFC 6066, section 3).
    ServerName,
    /// An argument that cannot be used (a host name that is too long, a missing client id), or a
    /// connection that is closed.
    BadInputData,
    /// Cipher suites, versions or protocols that cannot be configured.
    BadConfig,
    /// The peer's certificate chain was refused for all these reasons.
    Verification(VerifyFlags),
    /// How [`Verification`](Self::Verification) repeats: without the reasons.
    VerificationFailed,
    /// The peer's certificate is good but not for this use.
    BadCertificate,
    /// The peer's certificate cannot be parsed; the mbedTLS code shows where.
    PeerCertificate(i32),
    /// The peer must be verified and no trusted certificate was loaded.
    CaChainRequired,
    /// The peer must be verified by name, but the mode was raised to required after a connection
    /// was made without a name.
    VerificationWithoutHostname,
    /// The client sent no certificate, and one is required.
    NoClientCertificate,
    /// The peer's signature over the handshake is wrong.
    HandshakeSignature(SignatureKind),
    /// The program's verify callback returned this non-zero number.
    Callback(i32),
    /// The program's verify callback raised an exception, which the shell raises again.
    CallbackRaised,
    /// The peer sent a fatal alert with this number (RFC 8446, section 6).
    AlertReceived(u8),
    /// The peer closed the connection with close_notify before the handshake was complete.
    PeerCloseNotify,
    /// The transport ended before the handshake was complete.
    ConnEof,
    /// The transport reported this errno (positive, as in Linux).
    Transport(i32),
    /// Nothing that both sides support: suite, group, signature or certificate.
    HandshakeFailure,
    /// The peer speaks no version of TLS that is enabled here.
    BadProtocolVersion,
    /// No application protocol (ALPN) that both sides support.
    NoApplicationProtocol,
    /// A message that is not allowed at this point.
    UnexpectedMessage,
    /// What arrived is not a TLS record.
    InvalidRecord,
    /// A record that cannot be decrypted: it was changed on the way.
    InvalidMac,
    /// A message that cannot be parsed.
    DecodeError,
    /// A message that parses but contradicts the protocol.
    IllegalParameter,
    /// The server's program has no key for the client's identity.
    UnknownIdentity,
    /// DTLS: the client must come back with the cookie that it was sent.
    HelloVerifyRequired,
    /// DTLS: the peer has not answered for too long.
    Timeout,
    /// DTLS: the keys have protected as many records as they may.
    CounterWrapping,
    /// There is no memory for this. Nothing has happened, and no connection remembers it.
    AllocFailed,
    /// A failure inside the engine.
    InternalError,
}

/// The algorithm of a signature over the handshake; mbedTLS has one code for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureKind {
    /// RSA, PKCS#1 v1.5 or PSS.
    Rsa,
    /// ECDSA or EdDSA.
    Ecc,
}

/// What Python raises for an [`Error`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception<'a> {
    /// The exception's type.
    pub kind: ExceptionKind,
    /// `errno`, the first argument of an `OSError`: a negative mbedTLS code or a positive errno.
    pub code: Option<i32>,
    /// The text; empty when the exception has none (`OSError(104)`).
    pub text: Cow<'a, str>,
}

/// A Python exception type.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExceptionKind {
    /// `OSError`
    OsError,
    /// `ValueError`
    ValueError,
    /// `MemoryError`
    MemoryError,
    /// Whatever the program's callback raised; the shell has it.
    CallbackRaised,
}

impl Error {
    /// What verification breaks off with for a chain that is too long.
    pub(crate) const X509_FATAL_ERROR: i32 = -0x3000;

    /// What Python raises.
    pub fn exception(&self) -> Exception<'static> {
        match *self {
            Self::InvalidKey => value_error("invalid key"),
            Self::InvalidCert => value_error("invalid cert"),
            Self::HostnameRequired => value_error("CERT_REQUIRED requires server_hostname"),
            Self::CheckHostname => value_error("check_hostname requires CERT_REQUIRED and server_hostname"),
            Self::ServerName => value_error("server_hostname is neither a DNS name nor an IP address"),
            Self::Verification(flags) => match flags.text() {
                Some(text) => value_error(text),
                None => os_error(X509_CERT_VERIFY_FAILED),
            },
            Self::CallbackRaised => Exception { kind: ExceptionKind::CallbackRaised, code: None, text: "".into() },
            Self::Transport(number) => errno(number),
            Self::AllocFailed => Exception { kind: ExceptionKind::MemoryError, code: None, text: "no memory is left for TLS".into() },
            // mbedTLS keeps its own "verification failed" out of callbacks' reach.
            Self::Callback(X509_CERT_VERIFY_FAILED) => os_error(Self::X509_FATAL_ERROR),
            Self::Callback(code) | Self::PeerCertificate(code) => os_error(code),
            Self::BadInputData => os_error(-0x7100),
            Self::BadConfig => os_error(-0x5e80),
            Self::VerificationFailed => os_error(X509_CERT_VERIFY_FAILED),
            Self::BadCertificate => os_error(-0x7a00),
            Self::CaChainRequired => os_error(-0x7680),
            Self::VerificationWithoutHostname => os_error(-0x5d80),
            Self::NoClientCertificate => os_error(-0x7480),
            Self::HandshakeSignature(SignatureKind::Rsa) => os_error(-0x4380),
            Self::HandshakeSignature(SignatureKind::Ecc) => os_error(-0x4e00),
            Self::AlertReceived(_) => os_error(-0x7780),
            Self::PeerCloseNotify => os_error(-0x7880),
            Self::ConnEof => os_error(-0x7280),
            Self::HandshakeFailure => os_error(-0x6e00),
            Self::BadProtocolVersion => os_error(-0x6e80),
            Self::NoApplicationProtocol => os_error(-0x7580),
            Self::UnexpectedMessage => os_error(-0x7700),
            Self::InvalidRecord => os_error(-0x7200),
            Self::InvalidMac => os_error(-0x7180),
            Self::DecodeError => os_error(-0x7300),
            Self::IllegalParameter => os_error(-0x6600),
            Self::UnknownIdentity => os_error(-0x6c80),
            Self::HelloVerifyRequired => os_error(-0x6a80),
            Self::Timeout => os_error(-0x6800),
            Self::CounterWrapping => os_error(-0x6b80),
            Self::InternalError => os_error(-0x6c00),
        }
    }

    /// How this error, remembered by a connection, fails every later call: refused certificates
    /// lose their text, an exception in a callback has left the handshake half way.
    pub fn repeated(&self) -> Self {
        match self {
            Self::Verification(_) => Self::VerificationFailed,
            Self::CallbackRaised => Self::UnexpectedMessage,
            other => other.clone(),
        }
    }

    /// What a failure of rustls is in MicroPython's terms. `handshaking`: whether it ended the
    /// handshake.
    ///
    /// Of a refused certificate rustls knows no reasons; the verifier that refused it does.
    pub fn from_rustls(error: &rustls::Error, handshaking: bool) -> Self {
        use rustls::Error as Tls;
        match error {
            Tls::InappropriateMessage { .. } | Tls::InappropriateHandshakeMessage { .. } => Self::UnexpectedMessage,
            Tls::InvalidMessage(message) => from_invalid_message(*message),
            Tls::NoCertificatesPresented => Self::NoClientCertificate,
            Tls::DecryptError => Self::InvalidMac,
            Tls::PeerSentOversizedRecord => Self::InvalidRecord,
            Tls::PeerIncompatible(reason) => from_incompatible(reason),
            Tls::PeerMisbehaved(reason) => from_misbehaved(reason),
            Tls::AlertReceived(alert) => Self::AlertReceived(u8::from(*alert)),
            // Our own verifier has reported the reason before.
            Tls::InvalidCertificate(_) => Self::BadCertificate,
            Tls::NoApplicationProtocol => Self::NoApplicationProtocol,
            // General: rustls reports it of a server without a certificate and of a key that cannot
            // sign.
            Tls::InconsistentKeys(_) => Self::HandshakeFailure,
            Tls::General(_) if handshaking => Self::HandshakeFailure,
            _ => Self::InternalError,
        }
    }
}

impl fmt::Display for Error {
    /// As Python prints the exception.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Exception { kind, code, text } = self.exception();
        match (kind, code, text.is_empty()) {
            (ExceptionKind::CallbackRaised, ..) => f.write_str("the verify callback raised an exception"),
            (_, Some(code), true) => write!(f, "{code}"),
            (_, Some(code), false) => write!(f, "({code}, '{text}')"),
            (_, None, _) => f.write_str(&text),
        }
    }
}

impl core::error::Error for Error {}

const X509_CERT_VERIFY_FAILED: i32 = -0x2700;
const X509_BAD_INPUT_DATA: i32 = -0x2800;
const PK_BAD_INPUT_DATA: i32 = -0x3e80;
const SSL_ALLOC_FAILED: i32 = -0x7f00;
const ENOMEM: i32 = 12;

fn value_error(text: impl Into<Cow<'static, str>>) -> Exception<'static> {
    Exception { kind: ExceptionKind::ValueError, code: None, text: text.into() }
}

fn errno(number: i32) -> Exception<'static> {
    Exception { kind: ExceptionKind::OsError, code: Some(number), text: "".into() }
}

/// What MicroPython's `mbedtls_raise_error` raises for a code.
fn os_error(code: i32) -> Exception<'static> {
    match code {
        SSL_ALLOC_FAILED => errno(ENOMEM),
        PK_BAD_INPUT_DATA => value_error("invalid key"),
        X509_BAD_INPUT_DATA => value_error("invalid cert"),
        -255..=-1 => errno(-code),
        _ => Exception { kind: ExceptionKind::OsError, code: Some(code), text: names::describe(code).into() },
    }
}

fn from_invalid_message(message: InvalidMessage) -> Error {
    match message {
        InvalidMessage::InvalidContentType
        | InvalidMessage::UnknownProtocolVersion
        | InvalidMessage::InvalidEmptyPayload
        | InvalidMessage::InvalidCcs => Error::InvalidRecord,
        // The length in a record's header is beyond any buffer.
        InvalidMessage::MessageTooLarge => Error::BadInputData,
        InvalidMessage::CertificatePayloadTooLarge => Error::BadCertificate,
        InvalidMessage::UnexpectedMessage(_) => Error::UnexpectedMessage,
        _ => Error::DecodeError,
    }
}

fn from_incompatible(reason: &PeerIncompatible) -> Error {
    match reason {
        PeerIncompatible::Tls12NotOffered
        | PeerIncompatible::ServerDoesNotSupportTls12Or13
        | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig => Error::BadProtocolVersion,
        _ => Error::HandshakeFailure,
    }
}

fn from_misbehaved(reason: &PeerMisbehaved) -> Error {
    match reason {
        PeerMisbehaved::IllegalMiddleboxChangeCipherSpec
        | PeerMisbehaved::KeyEpochWithPendingFragment
        | PeerMisbehaved::MessageInterleavedWithHandshakeMessage
        | PeerMisbehaved::TooManyRenegotiationRequests
        | PeerMisbehaved::TooManyKeyUpdateRequests
        | PeerMisbehaved::TooManyWarningAlertsReceived => Error::UnexpectedMessage,
        PeerMisbehaved::TooManyEmptyFragments => Error::InvalidMac,
        _ => Error::IllegalParameter,
    }
}
