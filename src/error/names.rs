//! The names of mbedTLS' error codes, as MicroPython prints them.
use alloc::format;
use alloc::string::String;

/// The text of a code: its name; the names of a high-level and a low-level code that were added,
/// joined by `+`; or `MBEDTLS_ERR_UNKNOWN (0x....)` for a part that has no name.
///
/// Like MicroPython's `mbedtls_strerror` it ignores the sign, sees 16 bits, names nothing beside a
/// received alert and ends at 79 characters.
pub fn describe(code: i32) -> String {
    let code = code.unsigned_abs();
    let (high, low) = (code & HIGH, code & LOW);
    let mut text = String::new();
    if high != 0 {
        push(&mut text, high);
        if high == FATAL_ALERT_MESSAGE || low == 0 {
            return text;
        }
        text.push('+');
    }
    if low != 0 {
        push(&mut text, low);
    }
    text.truncate(LONGEST);
    text
}

/// The name of a code without its `MBEDTLS_ERR_`, taken positive; None if it is not one code of
/// mbedTLS' list.
pub fn name(code: u32) -> Option<(&'static str, &'static str)> {
    GROUPS.iter().find_map(|group| {
        let index = code.checked_sub(group.first)?;
        let name = group.names.split(' ').nth(usize::try_from(index / group.step).ok()?)?;
        (index % group.step == 0 && name != GAP).then_some((group.prefix, name))
    })
}

const HIGH: u32 = 0xff80;
const LOW: u32 = 0x7f;
const FATAL_ALERT_MESSAGE: u32 = 0x7780;
/// MicroPython's buffer has 80 bytes, one of them for the NUL.
const LONGEST: usize = 79;

fn push(text: &mut String, code: u32) {
    text.push_str("MBEDTLS_ERR_");
    match name(code) {
        Some((prefix, name)) => {
            text.push_str(prefix);
            text.push_str(name);
        }
        None => text.push_str(&format!("UNKNOWN (0x{code:04X})")),
    }
}

/// Codes of one module of mbedTLS that follow each other at a fixed step. One string each: a table
/// of pointers would be larger than the names.
struct Group {
    prefix: &'static str,
    first: u32,
    step: u32,
    names: &'static str,
}

/// A number that mbedTLS does not use.
const GAP: &str = "-";

const GROUPS: &[Group] = &[
    Group { prefix: "ERROR_", first: 0x01, step: 0x6d, names: "GENERIC_ERROR CORRUPTION_DETECTED" },
    Group { prefix: "OID_", first: 0x0b, step: 0x23, names: "BUF_TOO_SMALL NOT_FOUND" },
    Group {
        prefix: "NET_",
        first: 0x42,
        step: 1,
        names: "SOCKET_FAILED BUFFER_TOO_SMALL CONNECT_FAILED INVALID_CONTEXT BIND_FAILED POLL_FAILED LISTEN_FAILED \
                BAD_INPUT_DATA ACCEPT_FAILED - RECV_FAILED - SEND_FAILED - CONN_RESET - UNKNOWN_HOST",
    },
    Group {
        prefix: "ASN1_",
        first: 0x60,
        step: 2,
        names: "OUT_OF_DATA UNEXPECTED_TAG INVALID_LENGTH LENGTH_MISMATCH INVALID_DATA ALLOC_FAILED BUF_TOO_SMALL",
    },
    Group {
        prefix: "PEM_",
        first: 0x1080,
        step: 0x80,
        names: "NO_HEADER_FOOTER_PRESENT INVALID_DATA ALLOC_FAILED INVALID_ENC_IV UNKNOWN_ENC_ALG PASSWORD_REQUIRED \
                PASSWORD_MISMATCH FEATURE_UNAVAILABLE BAD_INPUT_DATA",
    },
    Group {
        prefix: "X509_",
        first: 0x2080,
        step: 0x80,
        names: "FEATURE_UNAVAILABLE UNKNOWN_OID INVALID_FORMAT INVALID_VERSION INVALID_SERIAL INVALID_ALG INVALID_NAME INVALID_DATE \
                INVALID_SIGNATURE INVALID_EXTENSIONS UNKNOWN_VERSION UNKNOWN_SIG_ALG SIG_MISMATCH CERT_VERIFY_FAILED \
                CERT_UNKNOWN_FORMAT BAD_INPUT_DATA ALLOC_FAILED FILE_IO_ERROR BUFFER_TOO_SMALL",
    },
    Group { prefix: "X509_", first: 0x3000, step: 0x80, names: "FATAL_ERROR" },
    Group {
        prefix: "PK_",
        first: 0x3880,
        step: 0x80,
        names: "BUFFER_TOO_SMALL SIG_LEN_MISMATCH FEATURE_UNAVAILABLE UNKNOWN_NAMED_CURVE INVALID_ALG INVALID_PUBKEY PASSWORD_MISMATCH \
                PASSWORD_REQUIRED UNKNOWN_PK_ALG KEY_INVALID_FORMAT KEY_INVALID_VERSION FILE_IO_ERROR BAD_INPUT_DATA TYPE_MISMATCH \
                ALLOC_FAILED",
    },
    Group {
        prefix: "RSA_",
        first: 0x4080,
        step: 0x80,
        names: "BAD_INPUT_DATA INVALID_PADDING KEY_GEN_FAILED KEY_CHECK_FAILED PUBLIC_FAILED PRIVATE_FAILED VERIFY_FAILED \
                OUTPUT_TOO_LARGE RNG_FAILED",
    },
    Group {
        prefix: "ECP_",
        first: 0x4b00,
        step: 0x80,
        names: "IN_PROGRESS - SIG_LEN_MISMATCH INVALID_KEY RANDOM_FAILED ALLOC_FAILED VERIFY_FAILED FEATURE_UNAVAILABLE \
                BUFFER_TOO_SMALL BAD_INPUT_DATA",
    },
    Group {
        prefix: "SSL_",
        first: 0x5d80,
        step: 0x80,
        names: "CERTIFICATE_VERIFICATION_WITHOUT_HOSTNAME - BAD_CONFIG VERSION_MISMATCH - UNEXPECTED_CID",
    },
    Group {
        prefix: "SSL_",
        first: 0x6480,
        step: 0x80,
        names: "EARLY_MESSAGE ASYNC_IN_PROGRESS CONTINUE_PROCESSING ILLEGAL_PARAMETER NON_FATAL UNEXPECTED_RECORD CLIENT_RECONNECT \
                TIMEOUT WANT_WRITE WANT_READ - BUFFER_TOO_SMALL HELLO_VERIFY_REQUIRED WAITING_SERVER_HELLO_RENEGO COUNTER_WRAPPING \
                INTERNAL_ERROR UNKNOWN_IDENTITY PK_TYPE_MISMATCH SESSION_TICKET_EXPIRED HANDSHAKE_FAILURE BAD_PROTOCOL_VERSION - \
                HW_ACCEL_FALLTHROUGH CRYPTO_IN_PROGRESS FEATURE_UNAVAILABLE BAD_INPUT_DATA INVALID_MAC INVALID_RECORD CONN_EOF \
                DECODE_ERROR - NO_RNG NO_CLIENT_CERTIFICATE UNSUPPORTED_EXTENSION NO_APPLICATION_PROTOCOL PRIVATE_KEY_REQUIRED \
                CA_CHAIN_REQUIRED UNEXPECTED_MESSAGE FATAL_ALERT_MESSAGE UNRECOGNIZED_NAME PEER_CLOSE_NOTIFY - - BAD_CERTIFICATE - \
                RECEIVED_NEW_SESSION_TICKET CANNOT_READ_EARLY_DATA RECEIVED_EARLY_DATA CANNOT_WRITE_EARLY_DATA - - - \
                CACHE_ENTRY_NOT_FOUND ALLOC_FAILED HW_ACCEL_FAILED",
    },
];
