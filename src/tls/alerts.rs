//! The alerts that are due (RFC 8446, section 6; RFC 5246, section 7.2) where rustls sends none, or
//! another one.

use rustls::{AlertDescription, Error, InvalidMessage, PeerIncompatible, PeerMisbehaved};

/// The alert for `error`, if rustls chooses another one. What rustls has sent in the clear is
/// changed to it.
pub(super) fn correction(error: &Error) -> Option<AlertDescription> {
    Some(match error {
        Error::PeerSentOversizedRecord | Error::InvalidMessage(InvalidMessage::MessageTooLarge) => AlertDescription::RecordOverflow,
        Error::InvalidMessage(InvalidMessage::InvalidContentType | InvalidMessage::InvalidEmptyPayload) => {
            AlertDescription::UnexpectedMessage
        }
        Error::InvalidMessage(InvalidMessage::UnknownProtocolVersion) | Error::PeerIncompatible(PeerIncompatible::Tls12NotOffered) => {
            AlertDescription::ProtocolVersion
        }
        Error::PeerIncompatible(
            PeerIncompatible::KeyShareExtensionRequired
            | PeerIncompatible::NamedGroupsExtensionRequired
            | PeerIncompatible::SignatureAlgorithmsExtensionRequired,
        ) => AlertDescription::MissingExtension,
        Error::PeerMisbehaved(PeerMisbehaved::SelectedUnofferedCipherSuite) => AlertDescription::IllegalParameter,
        // A server without a certificate that this client can use.
        Error::General(_) => AlertDescription::HandshakeFailure,
        _ => return None,
    })
}

/// The alert for `error`. None if the peer has sent a fatal alert itself.
pub(super) fn due(error: &Error) -> Option<AlertDescription> {
    correction(error).or(match error {
        Error::AlertReceived(_) => None,
        Error::PeerMisbehaved(
            PeerMisbehaved::IllegalMiddleboxChangeCipherSpec
            | PeerMisbehaved::IllegalTlsInnerPlaintext
            | PeerMisbehaved::KeyEpochWithPendingFragment
            | PeerMisbehaved::MessageInterleavedWithHandshakeMessage
            | PeerMisbehaved::RejectedEarlyDataInterleavedWithHandshakeMessage
            | PeerMisbehaved::TooManyEmptyFragments
            | PeerMisbehaved::TooManyKeyUpdateRequests
            | PeerMisbehaved::TooManyRenegotiationRequests
            | PeerMisbehaved::TooManyWarningAlertsReceived,
        )
        | Error::InappropriateMessage { .. }
        | Error::InappropriateHandshakeMessage { .. } => Some(AlertDescription::UnexpectedMessage),
        // Longer than any message that is taken.
        Error::InvalidMessage(InvalidMessage::HandshakePayloadTooLarge) | Error::PeerMisbehaved(_) => {
            Some(AlertDescription::IllegalParameter)
        }
        Error::InvalidMessage(_) => Some(AlertDescription::DecodeError),
        Error::PeerIncompatible(_) => Some(AlertDescription::HandshakeFailure),
        Error::DecryptError => Some(AlertDescription::BadRecordMac),
        _ => Some(AlertDescription::InternalError),
    })
}

/// Changes a fatal alert that is not encrypted.
pub(super) fn correct(record: &mut [u8], alert: AlertDescription) {
    if let [21, _, _, 0, 2, 2, description] = record {
        *description = alert.into();
    }
}
