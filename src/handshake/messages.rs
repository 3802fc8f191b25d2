//! The handshake messages of TLS 1.2 and DTLS 1.2 with ECDHE, and the extensions that this engine
//! knows (RFC 5246, RFC 6347, RFC 8422, RFC 7627).
//!
//! Decoders borrow from what they decode and answer [`Error::DecodeError`] to anything that is not
//! exactly what the RFC describes.

use alloc::vec;
use alloc::vec::Vec;

use rustls::sign::Signer;
use rustls::{CipherSuite, NamedGroup, SignatureScheme};
use rustls_pki_types::CertificateDer;

use super::message::Carrier;
use super::wire::{Reader, Writer};
use crate::error::Error;

/// What a client offers.
pub(crate) struct ClientHello<'a> {
    pub(crate) version: u16,
    pub(crate) random: [u8; 32],
    pub(crate) session_id: &'a [u8],
    pub(crate) cookie: &'a [u8],
    pub(crate) suites: &'a [u8],
    pub(crate) compressions: &'a [u8],
    pub(crate) extensions: &'a [u8],
    /// `None` if the client sent no list.
    pub(crate) groups: Option<Vec<NamedGroup>>,
    pub(crate) schemes: Vec<SignatureScheme>,
    pub(crate) extended_master_secret: bool,
    pub(crate) point_formats: bool,
    renegotiation_info: bool,
}

impl<'a> ClientHello<'a> {
    pub(crate) fn decode(body: &'a [u8], carrier: Carrier) -> Result<Self, Error> {
        let mut reader = Reader(body);
        let mut hello = Self {
            version: reader.u16()?,
            random: reader.array()?,
            session_id: reader.vector(1)?,
            cookie: if carrier == Carrier::Datagrams { reader.vector(1)? } else { &[] },
            suites: reader.vector(2)?,
            compressions: reader.vector(1)?,
            extensions: reader.0,
            groups: None,
            schemes: Vec::new(),
            extended_master_secret: false,
            point_formats: false,
            renegotiation_info: false,
        };
        if hello.session_id.len() > 32 || !hello.suites.len().is_multiple_of(2) {
            return Err(Error::DecodeError);
        }
        for_each_extension(reader, |typ, content| {
            match typ {
                SUPPORTED_GROUPS => hello.groups = Some(content.whole_list()?),
                SIGNATURE_ALGORITHMS => hello.schemes = content.whole_list()?,
                EXTENDED_MASTER_SECRET => hello.extended_master_secret = true,
                EC_POINT_FORMATS => hello.point_formats = true,
                RENEGOTIATION_INFO => hello.renegotiation_info = true,
                _ => {}
            }
            Ok(())
        })?;
        Ok(hello)
    }

    pub(crate) fn offers(&self, suite: CipherSuite) -> bool {
        let wanted = u16::from(suite).to_be_bytes();
        self.suites.chunks_exact(2).any(|offered| offered == wanted)
    }

    /// Does the client ask whether renegotiation is secure (RFC 5746, section 3.6)?
    pub(crate) fn secure_renegotiation(&self) -> bool {
        self.renegotiation_info || self.offers(CipherSuite::TLS_EMPTY_RENEGOTIATION_INFO_SCSV)
    }
}

/// What this engine offers as a client; encodes to a ClientHello.
pub(crate) struct Offer<'a> {
    pub(crate) carrier: Carrier,
    pub(crate) random: &'a [u8; 32],
    pub(crate) cookie: &'a [u8],
    pub(crate) suites: Vec<CipherSuite>,
    pub(crate) groups: Vec<NamedGroup>,
    pub(crate) schemes: Vec<SignatureScheme>,
    pub(crate) server_name: Option<&'a [u8]>,
}

impl Offer<'_> {
    pub(crate) fn encode(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        out.put(2, usize::from(self.carrier.version()));
        out.extend_from_slice(self.random);
        out.vector(1, |_session_id| {});
        if self.carrier == Carrier::Datagrams {
            out.vector(1, |out| out.extend_from_slice(self.cookie));
        }
        out.list(self.suites);
        out.vector(1, |out| out.push(NO_COMPRESSION));
        out.vector(2, |out| {
            if let Some(name) = self.server_name {
                out.extension(SERVER_NAME, |out| {
                    out.vector(2, |out| {
                        out.push(HOST_NAME);
                        out.vector(2, |out| out.extend_from_slice(name));
                    });
                });
            }
            out.extension(SUPPORTED_GROUPS, |out| out.list(self.groups));
            out.extension(EC_POINT_FORMATS, |out| out.vector(1, |out| out.push(UNCOMPRESSED)));
            out.extension(SIGNATURE_ALGORITHMS, |out| out.list(self.schemes));
            out.extension(EXTENDED_MASTER_SECRET, |_| {});
            out.extension(RENEGOTIATION_INFO, |out| out.vector(1, |_| {}));
        });
        out
    }
}

/// What a server chose.
pub(crate) struct ServerHello {
    pub(crate) random: [u8; 32],
    pub(crate) suite: CipherSuite,
    pub(crate) extended_master_secret: bool,
    pub(crate) point_formats: bool,
    pub(crate) secure_renegotiation: bool,
}

impl ServerHello {
    /// Decodes what a server answers to an [`Offer`].
    ///
    /// # Errors
    /// Also [`Error::BadProtocolVersion`], and [`Error::IllegalParameter`] for compression and
    /// extensions, which were not offered.
    pub(crate) fn decode(body: &[u8], carrier: Carrier) -> Result<Self, Error> {
        let mut reader = Reader(body);
        if reader.u16()? != carrier.version() {
            return Err(Error::BadProtocolVersion);
        }
        let random = reader.array()?;
        if reader.vector(1)?.len() > 32 {
            return Err(Error::DecodeError);
        }
        let suite = reader.u16()?.into();
        if reader.u8()? != NO_COMPRESSION {
            return Err(Error::IllegalParameter);
        }
        let mut hello = Self { random, suite, extended_master_secret: false, point_formats: false, secure_renegotiation: false };
        for_each_extension(reader, |typ, mut content| {
            match typ {
                EXTENDED_MASTER_SECRET => hello.extended_master_secret = true,
                EC_POINT_FORMATS => hello.point_formats = true,
                RENEGOTIATION_INFO if content.vector(1)?.is_empty() => hello.secure_renegotiation = true,
                SERVER_NAME => {}
                _ => return Err(Error::IllegalParameter),
            }
            Ok(())
        })?;
        Ok(hello)
    }

    pub(crate) fn encode(&self, carrier: Carrier) -> Vec<u8> {
        let mut out = Vec::with_capacity(64);
        out.put(2, usize::from(carrier.version()));
        out.extend_from_slice(&self.random);
        out.vector(1, |_session_id| {});
        out.put(2, usize::from(u16::from(self.suite)));
        out.push(NO_COMPRESSION);
        out.vector(2, |out| {
            if self.secure_renegotiation {
                out.extension(RENEGOTIATION_INFO, |out| out.vector(1, |_| {}));
            }
            if self.point_formats {
                out.extension(EC_POINT_FORMATS, |out| out.vector(1, |out| out.push(UNCOMPRESSED)));
            }
            if self.extended_master_secret {
                out.extension(EXTENDED_MASTER_SECRET, |_| {});
            }
        });
        out
    }
}

/// The cookie of a HelloVerifyRequest. Its version means nothing (RFC 6347, section 4.2.1).
pub(crate) fn decode_hello_verify(body: &[u8]) -> Result<&[u8], Error> {
    let mut reader = Reader(body);
    reader.u16()?;
    let cookie = reader.vector(1)?;
    reader.end(cookie)
}

pub(crate) fn encode_hello_verify(cookie: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    out.put(2, usize::from(VERSION_1_0));
    out.vector(1, |out| out.extend_from_slice(cookie));
    out
}

/// A certificate chain, leaf first; empty if the peer has none.
pub(crate) fn decode_certificates(body: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let mut reader = Reader(body);
    let mut list = Reader(reader.vector(3)?);
    reader.end(())?;
    let mut chain = Vec::new();
    while !list.0.is_empty() {
        chain.push(CertificateDer::from(list.vector(3)?.to_vec()));
    }
    Ok(chain)
}

pub(crate) fn encode_certificates(chain: &[CertificateDer<'_>]) -> Vec<u8> {
    let mut out = Vec::new();
    out.vector(3, |out| {
        for certificate in chain {
            out.vector(3, |out| out.extend_from_slice(certificate));
        }
    });
    out
}

/// A server's key exchange: its point on a curve, signed (RFC 8422, section 5.4).
pub(crate) struct ServerKeyExchange<'a> {
    /// What is signed, after both randoms.
    pub(crate) params: &'a [u8],
    pub(crate) group: NamedGroup,
    pub(crate) point: &'a [u8],
    pub(crate) signed: Signed<'a>,
}

impl<'a> ServerKeyExchange<'a> {
    pub(crate) fn decode(body: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader(body);
        if reader.u8()? != NAMED_CURVE {
            return Err(Error::IllegalParameter);
        }
        let group = reader.u16()?.into();
        let point = reader.vector(1)?;
        let params = body.get(..body.len() - reader.0.len()).unwrap_or_default();
        Ok(Self { params, group, point, signed: Signed::decode(reader.0)? })
    }

    /// The part of the message that is signed.
    pub(crate) fn encode_params(group: NamedGroup, point: &[u8]) -> Vec<u8> {
        let mut out = vec![NAMED_CURVE];
        out.put(2, usize::from(u16::from(group)));
        out.vector(1, |out| out.extend_from_slice(point));
        out
    }
}

/// A signature and how it was made: a CertificateVerify, and the end of a ServerKeyExchange.
pub(crate) struct Signed<'a> {
    pub(crate) scheme: SignatureScheme,
    pub(crate) signature: &'a [u8],
}

impl<'a> Signed<'a> {
    pub(crate) fn decode(body: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader(body);
        let scheme = reader.u16()?.into();
        let signature = reader.vector(2)?;
        reader.end(Self { scheme, signature })
    }

    /// Signs `message`, encoded.
    ///
    /// # Errors
    /// [`Error::InternalError`] if the key cannot.
    pub(crate) fn make(signer: &dyn Signer, message: &[u8]) -> Result<Vec<u8>, Error> {
        let signature = signer.sign(message).map_err(|_| Error::InternalError)?;
        let mut out = Vec::with_capacity(4 + signature.len());
        out.put(2, usize::from(u16::from(signer.scheme())));
        out.vector(2, |out| out.extend_from_slice(&signature));
        Ok(out)
    }
}

/// How a server wants the client to prove who it is: the signature schemes that it takes. The names
/// of its CAs are ignored.
pub(crate) fn decode_certificate_request(body: &[u8]) -> Result<Vec<SignatureScheme>, Error> {
    let mut reader = Reader(body);
    reader.vector(1)?;
    let schemes = reader.list()?;
    reader.vector(2)?;
    reader.end(schemes)
}

pub(crate) fn encode_certificate_request(schemes: impl IntoIterator<Item = SignatureScheme>) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    out.vector(1, |out| out.extend_from_slice(&[ECDSA_SIGN, RSA_SIGN]));
    out.list(schemes);
    out.vector(2, |_authorities| {});
    out
}

/// A server's part of an exchange with a pre-shared key: a hint, which a client with one key
/// does not need, and with ECDHE its point (RFC 4279, section 2; RFC 5489, section 2).
pub(crate) fn decode_psk_exchange(body: &[u8], has_ecdhe: bool) -> Result<Option<(NamedGroup, &[u8])>, Error> {
    let mut reader = Reader(body);
    reader.vector(2)?;
    if !has_ecdhe {
        return reader.end(None);
    }
    if reader.u8()? != NAMED_CURVE {
        return Err(Error::IllegalParameter);
    }
    let share = (reader.u16()?.into(), reader.vector(1)?);
    reader.end(Some(share))
}

pub(crate) fn encode_psk_exchange(group: NamedGroup, point: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    out.vector(2, |_hint| {});
    out.extend_from_slice(&ServerKeyExchange::encode_params(group, point));
    out
}

/// A client's identity, and with ECDHE its point.
pub(crate) fn decode_identity(body: &[u8], has_ecdhe: bool) -> Result<(&[u8], Option<&[u8]>), Error> {
    let mut reader = Reader(body);
    let identity = reader.vector(2)?;
    let point = if has_ecdhe { Some(reader.vector(1)?) } else { None };
    reader.end((identity, point))
}

pub(crate) fn encode_identity(identity: &[u8], point: Option<&[u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    out.vector(2, |out| out.extend_from_slice(identity));
    if let Some(point) = point {
        out.vector(1, |out| out.extend_from_slice(point));
    }
    out
}

/// A client's point on the curve.
pub(crate) fn decode_client_key_exchange(body: &[u8]) -> Result<&[u8], Error> {
    let mut reader = Reader(body);
    let point = reader.vector(1)?;
    reader.end(point)
}

pub(crate) fn encode_client_key_exchange(point: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(1 + point.len());
    out.vector(1, |out| out.extend_from_slice(point));
    out
}

/// DTLS 1.0, which only a HelloVerifyRequest carries (RFC 6347, section 4.2.1).
const VERSION_1_0: u16 = 0xfeff;

const NO_COMPRESSION: u8 = 0;
const UNCOMPRESSED: u8 = 0;
const HOST_NAME: u8 = 0;
const NAMED_CURVE: u8 = 3;
const RSA_SIGN: u8 = 1;
const ECDSA_SIGN: u8 = 64;

const SERVER_NAME: u16 = 0;
const SUPPORTED_GROUPS: u16 = 10;
const EC_POINT_FORMATS: u16 = 11;
const SIGNATURE_ALGORITHMS: u16 = 13;
const EXTENDED_MASTER_SECRET: u16 = 23;
const RENEGOTIATION_INFO: u16 = 0xff01;

/// Walks the extensions that end a hello; there may be none. No type may come twice.
fn for_each_extension<'a>(mut hello: Reader<'a>, mut each: impl FnMut(u16, Reader<'a>) -> Result<(), Error>) -> Result<(), Error> {
    if hello.0.is_empty() {
        return Ok(());
    }
    let mut extensions = Reader(hello.vector(2)?);
    hello.end(())?;
    let mut seen = Vec::new();
    while !extensions.0.is_empty() {
        let typ = extensions.u16()?;
        if seen.contains(&typ) || seen.len() == MAX_EXTENSIONS {
            return Err(Error::DecodeError);
        }
        seen.push(typ);
        each(typ, Reader(extensions.vector(2)?))?;
    }
    Ok(())
}

/// Nobody sends so many.
const MAX_EXTENSIONS: usize = 64;
