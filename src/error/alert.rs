//! The one table from errors to the alerts that a peer is sent (RFC 8446, section 6), chosen as
//! Mbed TLS chooses them.

use rustls::{AlertDescription, CertificateError, OtherError, PeerMisbehaved};

use super::{Error, VerifyFlags};

impl Error {
    /// The fatal alert for this error. None where the peer knows of the error, is not
    /// there, or has done nothing wrong.
    pub fn alert(&self) -> Option<AlertDescription> {
        Some(match self {
            Self::Verification(flags) => for_flags(*flags),
            Self::CaChainRequired => AlertDescription::UnknownCA,
            Self::BadCertificate => AlertDescription::UnsupportedCertificate,
            // Mbed TLS sets all flags when verification breaks off, and this alert is that of the
            // first one.
            Self::Callback(_) | Self::CallbackRaised | Self::PeerCertificate(Self::X509_FATAL_ERROR) => AlertDescription::AccessDenied,
            Self::PeerCertificate(_) => AlertDescription::BadCertificate,
            Self::NoClientCertificate | Self::HandshakeFailure => AlertDescription::HandshakeFailure,
            Self::HandshakeSignature(_) => AlertDescription::DecryptError,
            Self::UnknownIdentity => AlertDescription::UnknownPSKIdentity,
            Self::InvalidMac => AlertDescription::BadRecordMac,
            Self::BadProtocolVersion => AlertDescription::ProtocolVersion,
            Self::UnexpectedMessage => AlertDescription::UnexpectedMessage,
            Self::IllegalParameter => AlertDescription::IllegalParameter,
            Self::DecodeError => AlertDescription::DecodeError,
            Self::InternalError | Self::VerificationWithoutHostname => AlertDescription::InternalError,
            _ => return None,
        })
    }

    /// The error by which a verifier has rustls send the alert of this error, or the nearest alert
    /// that rustls has for verifiers.
    pub(crate) fn to_rustls(&self) -> rustls::Error {
        rustls::Error::InvalidCertificate(match self.alert() {
            Some(AlertDescription::IllegalParameter) => return PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into(),
            Some(AlertDescription::BadCertificate | AlertDescription::DecodeError) => CertificateError::BadEncoding,
            Some(AlertDescription::UnsupportedCertificate) => CertificateError::InvalidPurpose,
            Some(AlertDescription::CertificateExpired) => CertificateError::Expired,
            Some(AlertDescription::UnknownCA) => CertificateError::UnknownIssuer,
            Some(AlertDescription::DecryptError) => CertificateError::BadSignature,
            Some(AlertDescription::CertificateUnknown) => CertificateError::Other(OtherError()),
            _ => CertificateError::ApplicationVerificationFailure,
        })
    }
}

fn for_flags(flags: VerifyFlags) -> AlertDescription {
    let bad_use = [VerifyFlags::KEY_USAGE, VerifyFlags::EXT_KEY_USAGE, VerifyFlags::BAD_PK, VerifyFlags::BAD_KEY];
    if flags.contains(VerifyFlags::CN_MISMATCH) {
        AlertDescription::BadCertificate
    } else if bad_use.iter().any(|flag| flags.contains(*flag)) {
        AlertDescription::UnsupportedCertificate
    } else if flags.contains(VerifyFlags::EXPIRED) {
        AlertDescription::CertificateExpired
    } else if flags.contains(VerifyFlags::NOT_TRUSTED) {
        AlertDescription::UnknownCA
    } else {
        AlertDescription::CertificateUnknown
    }
}
