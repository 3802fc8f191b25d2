//! What a Python program sees when something fails: the contract's tables, walked.

use micropython_ssl::error::VerifyFlags;
use micropython_ssl::error::{Error, Exception, ExceptionKind, SignatureKind, names};

fn os_error(code: i32, text: &str) -> Exception<'_> {
    Exception { kind: ExceptionKind::OsError, code: Some(code), text: text.into() }
}

fn value_error(text: &str) -> Exception<'_> {
    Exception { kind: ExceptionKind::ValueError, code: None, text: text.into() }
}

#[test]
fn every_mbedtls_code_prints_its_name() {
    let list = include_str!("data/mbedtls-error-codes.txt");
    assert_eq!(list.lines().count(), 109);
    for line in list.lines() {
        let mut columns = line.split(' ');
        let (name, code) = (columns.next().unwrap(), columns.next().unwrap().parse::<i32>().unwrap());
        assert_eq!(names::describe(code), name);
        assert_eq!(names::describe(-code), name);
    }
}

#[test]
fn codes_without_a_name_print_their_number_and_sums_print_both_parts() {
    for (code, text) in [
        (5, "MBEDTLS_ERR_UNKNOWN (0x0005)"),
        (1, "MBEDTLS_ERR_ERROR_GENERIC_ERROR"),
        (-0x2562, "MBEDTLS_ERR_X509_INVALID_EXTENSIONS+MBEDTLS_ERR_ASN1_UNEXPECTED_TAG"),
        (-0x262e, "MBEDTLS_ERR_X509_UNKNOWN_SIG_ALG+MBEDTLS_ERR_OID_NOT_FOUND"),
        (-0x7105, "MBEDTLS_ERR_SSL_BAD_INPUT_DATA+MBEDTLS_ERR_UNKNOWN (0x0005)"),
        (-0x7f7f, "MBEDTLS_ERR_SSL_ALLOC_FAILED+MBEDTLS_ERR_UNKNOWN (0x007F)"),
        (-0x5000, "MBEDTLS_ERR_UNKNOWN (0x5000)"),
        (-0x7785, "MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE"),
        (0x1_1100, "MBEDTLS_ERR_PEM_INVALID_DATA"),
        (-0x5d85, "MBEDTLS_ERR_SSL_CERTIFICATE_VERIFICATION_WITHOUT_HOSTNAME+MBEDTLS_ERR_UNKNOWN ("),
        (0, ""),
        (i32::MIN, ""),
    ] {
        assert_eq!(names::describe(code), text, "{code:#x}");
    }
}

#[test]
fn each_failure_raises_what_the_contract_lists() {
    for (error, exception) in [
        (Error::InvalidKey, value_error("invalid key")),
        (Error::InvalidCert, value_error("invalid cert")),
        (Error::ServerName, value_error("server_hostname is neither a DNS name nor an IP address")),
        (Error::HostnameRequired, value_error("CERT_REQUIRED requires server_hostname")),
        (Error::CheckHostname, value_error("check_hostname requires CERT_REQUIRED and server_hostname")),
        (Error::CaChainRequired, os_error(-30336, "MBEDTLS_ERR_SSL_CA_CHAIN_REQUIRED")),
        (Error::VerificationWithoutHostname, os_error(-23936, "MBEDTLS_ERR_SSL_CERTIFICATE_VERIFICATION_WITHOUT_HOSTNAME")),
        (Error::NoClientCertificate, os_error(-29824, "MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE")),
        (Error::BadCertificate, os_error(-31232, "MBEDTLS_ERR_SSL_BAD_CERTIFICATE")),
        (Error::HandshakeFailure, os_error(-28160, "MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE")),
        (Error::BadProtocolVersion, os_error(-28288, "MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION")),
        (Error::NoApplicationProtocol, os_error(-30080, "MBEDTLS_ERR_SSL_NO_APPLICATION_PROTOCOL")),
        (Error::AlertReceived(40), os_error(-30592, "MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE")),
        (Error::InvalidRecord, os_error(-29184, "MBEDTLS_ERR_SSL_INVALID_RECORD")),
        (Error::BadInputData, os_error(-28928, "MBEDTLS_ERR_SSL_BAD_INPUT_DATA")),
        (Error::UnexpectedMessage, os_error(-30464, "MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE")),
        (Error::InvalidMac, os_error(-29056, "MBEDTLS_ERR_SSL_INVALID_MAC")),
        (Error::DecodeError, os_error(-29440, "MBEDTLS_ERR_SSL_DECODE_ERROR")),
        (Error::IllegalParameter, os_error(-26112, "MBEDTLS_ERR_SSL_ILLEGAL_PARAMETER")),
        (Error::ConnEof, os_error(-29312, "MBEDTLS_ERR_SSL_CONN_EOF")),
        (Error::PeerCloseNotify, os_error(-30848, "MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY")),
        (Error::BadConfig, os_error(-24192, "MBEDTLS_ERR_SSL_BAD_CONFIG")),
        (Error::HelloVerifyRequired, os_error(-27264, "MBEDTLS_ERR_SSL_HELLO_VERIFY_REQUIRED")),
        (Error::Timeout, os_error(-26624, "MBEDTLS_ERR_SSL_TIMEOUT")),
        (Error::InternalError, os_error(-27648, "MBEDTLS_ERR_SSL_INTERNAL_ERROR")),
        (Error::HandshakeSignature(SignatureKind::Rsa), os_error(-17280, "MBEDTLS_ERR_RSA_VERIFY_FAILED")),
        (Error::HandshakeSignature(SignatureKind::Ecc), os_error(-19968, "MBEDTLS_ERR_ECP_VERIFY_FAILED")),
        (Error::PeerCertificate(-0x2562), os_error(-9570, "MBEDTLS_ERR_X509_INVALID_EXTENSIONS+MBEDTLS_ERR_ASN1_UNEXPECTED_TAG")),
        (Error::Transport(104), os_error(104, "")),
        (Error::Transport(110), os_error(110, "")),
        (Error::AllocFailed, Exception { kind: ExceptionKind::MemoryError, code: None, text: "no memory is left for TLS".into() }),
        (Error::VerificationFailed, os_error(-9984, "MBEDTLS_ERR_X509_CERT_VERIFY_FAILED")),
    ] {
        assert_eq!(error.exception(), exception);
        if !exception.text.contains('+') {
            let documented = match exception.code {
                Some(code) if code < 0 => format!("| {code} | `{}` |", exception.text),
                Some(code) => format!("| {code} |"),
                None => format!("| `{}` |", exception.text),
            };
            assert!(include_str!("../docs/errors.md").contains(&documented), "docs/errors.md has no row {documented}");
        }
    }
}

#[test]
fn a_callbacks_number_raises_what_mbedtls_makes_of_it() {
    for (number, exception) in [
        (1, os_error(1, "MBEDTLS_ERR_ERROR_GENERIC_ERROR")),
        (5, os_error(5, "MBEDTLS_ERR_UNKNOWN (0x0005)")),
        (-1, os_error(1, "")),
        (-255, os_error(255, "")),
        (-256, os_error(-256, "MBEDTLS_ERR_UNKNOWN (0x0100)")),
        (-9984, os_error(-12288, "MBEDTLS_ERR_X509_FATAL_ERROR")),
        (-16000, value_error("invalid key")),
        (-10240, value_error("invalid cert")),
        (-32512, os_error(12, "")),
    ] {
        assert_eq!(Error::Callback(number).exception(), exception, "{number}");
    }
}

#[test]
fn refused_chains_say_every_reason_in_mbedtls_order() {
    let text = |flags: VerifyFlags| Error::Verification(flags).exception();
    assert_eq!(text(VerifyFlags::CN_MISMATCH), value_error("\nThe certificate Common Name (CN) does not match with the expected CN\n"));
    assert_eq!(text(VerifyFlags::NOT_TRUSTED), value_error("\nThe certificate is not correctly signed by the trusted CA\n"));
    assert_eq!(text(VerifyFlags::FUTURE), value_error("\nThe certificate validity starts in the future\n"));
    assert_eq!(
        text(VerifyFlags::BAD_KEY),
        value_error("\nThe certificate is signed with an unacceptable key (eg bad curve, RSA too short).\n")
    );
    assert_eq!(text(VerifyFlags::BAD_MD), value_error("\nThe certificate is signed with an unacceptable hash.\n"));
    assert_eq!(
        text(VerifyFlags::NOT_TRUSTED | VerifyFlags::CN_MISMATCH | VerifyFlags::EXPIRED),
        value_error(
            "\nThe certificate validity has expired\n\
             \nThe certificate Common Name (CN) does not match with the expected CN\n\
             \nThe certificate is not correctly signed by the trusted CA\n"
        )
    );
}

#[test]
fn more_reasons_than_micropythons_buffer_holds_raise_the_bare_code() {
    let flags = VerifyFlags::EXPIRED | VerifyFlags::CN_MISMATCH | VerifyFlags::NOT_TRUSTED | VerifyFlags::BAD_MD | VerifyFlags::BAD_KEY;
    assert_eq!(Error::Verification(flags).exception(), os_error(-9984, "MBEDTLS_ERR_X509_CERT_VERIFY_FAILED"));
}

#[test]
fn a_remembered_error_repeats_with_its_text_but_refused_chains_and_exceptions_do_not() {
    assert_eq!(Error::Verification(VerifyFlags::EXPIRED).repeated(), Error::VerificationFailed);
    assert_eq!(Error::CallbackRaised.repeated(), Error::UnexpectedMessage);
    for error in [Error::ConnEof, Error::Transport(104), Error::AlertReceived(48), Error::Callback(5), Error::VerificationFailed] {
        assert_eq!(error.repeated(), error);
    }
}

#[test]
fn errors_print_as_python_prints_them() {
    assert_eq!(Error::AlertReceived(40).to_string(), "(-30592, 'MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE')");
    assert_eq!(Error::Transport(110).to_string(), "110");
    assert_eq!(Error::InvalidKey.to_string(), "invalid key");
}

#[test]
fn failures_of_rustls_become_mbedtls_codes() {
    use rustls::{AlertDescription as Alert, Error as Tls, InvalidMessage, PeerIncompatible, PeerMisbehaved};
    for (failure, error) in [
        (Tls::InvalidMessage(InvalidMessage::InvalidContentType), Error::InvalidRecord),
        (Tls::InvalidMessage(InvalidMessage::UnknownProtocolVersion), Error::InvalidRecord),
        (Tls::InvalidMessage(InvalidMessage::MessageTooLarge), Error::BadInputData),
        (Tls::InvalidMessage(InvalidMessage::MissingData("x")), Error::DecodeError),
        (Tls::InappropriateMessage { expect_types: vec![], got_type: rustls::ContentType::ApplicationData }, Error::UnexpectedMessage),
        (Tls::InappropriateHandshakeMessage { expect_types: vec![], got_type: rustls::HandshakeType::Finished }, Error::UnexpectedMessage),
        (Tls::DecryptError, Error::InvalidMac),
        (Tls::PeerSentOversizedRecord, Error::InvalidRecord),
        (Tls::AlertReceived(Alert::HandshakeFailure), Error::AlertReceived(40)),
        (Tls::AlertReceived(Alert::CloseNotify), Error::AlertReceived(0)),
        (Tls::NoCertificatesPresented, Error::NoClientCertificate),
        (Tls::NoApplicationProtocol, Error::NoApplicationProtocol),
        (Tls::PeerIncompatible(PeerIncompatible::NoCipherSuitesInCommon), Error::HandshakeFailure),
        (Tls::PeerIncompatible(PeerIncompatible::NoKxGroupsInCommon), Error::HandshakeFailure),
        (Tls::PeerIncompatible(PeerIncompatible::NoSignatureSchemesInCommon), Error::HandshakeFailure),
        (Tls::PeerIncompatible(PeerIncompatible::Tls12NotOfferedOrEnabled), Error::HandshakeFailure),
        (Tls::PeerIncompatible(PeerIncompatible::Tls12NotOffered), Error::BadProtocolVersion),
        (Tls::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13), Error::BadProtocolVersion),
        (Tls::PeerMisbehaved(PeerMisbehaved::SelectedUnofferedCipherSuite), Error::IllegalParameter),
        (Tls::PeerMisbehaved(PeerMisbehaved::MessageInterleavedWithHandshakeMessage), Error::UnexpectedMessage),
        (Tls::General("no server certificate chain resolved".into()), Error::HandshakeFailure),
    ] {
        assert_eq!(Error::from_rustls(&failure, true), error, "{failure:?}");
    }
    assert_eq!(Error::from_rustls(&Tls::General("x".into()), false), Error::InternalError);
}
