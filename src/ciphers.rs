//! The names of cipher suites, as mbedTLS writes them and as IANA does.

use alloc::vec::Vec;

use rustls::{CipherSuite, ProtocolVersion, SupportedCipherSuite};

use crate::crypto::suites::{
    DEFAULT_CIPHER_SUITES, DEFAULT_PSK_CIPHER_SUITES, LEGACY_CIPHER_SUITES, PSK_CIPHER_SUITES, TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256,
    TLS_ECDHE_PSK_WITH_AES_256_GCM_SHA384,
};
use crate::error::Error;

/// The suites this engine negotiates, in its order of preference, under the names that
/// `get_ciphers()` returns: IANA's with dashes, TLS 1.3 ones as mbedTLS spells them
/// (`TLS1-3-AES-128-GCM-SHA256`).
///
/// Those with CBC are negotiated only if a program names them, those with PSK only if it has a
/// pre-shared key.
pub fn supported() -> impl Iterator<Item = &'static str> {
    suites().filter_map(|suite| name(suite.suite()))
}

/// The dashed name of `suite`, `None` if the engine does not know it.
pub fn name(suite: CipherSuite) -> Option<&'static str> {
    NAMES.iter().find(|(known, _)| *known == suite).map(|(_, name)| *name)
}

/// The version as MicroPython's `cipher()` shows it, e.g. `TLSv1.2`.
pub fn version_name(version: ProtocolVersion) -> &'static str {
    match version {
        ProtocolVersion::TLSv1_2 => "TLSv1.2",
        ProtocolVersion::TLSv1_3 => "TLSv1.3",
        ProtocolVersion::DTLSv1_2 => "DTLSv1.2",
        _ => "unknown",
    }
}

/// The suites of a `set_ciphers()` list, in its order.
///
/// Names are case-sensitive; IANA's underscore form is accepted beside the dashed one. An unknown
/// name or an empty list is [`Error::BadConfig`], as in MicroPython.
pub(crate) fn select<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Vec<SupportedCipherSuite>, Error> {
    let selected = names
        .into_iter()
        .map(|wanted| suites().find(|suite| is_name_of(wanted, suite.suite())).ok_or(Error::BadConfig))
        .collect::<Result<Vec<_>, _>>()?;
    if selected.is_empty() { Err(Error::BadConfig) } else { Ok(selected) }
}

/// The suites of a context whose program names none.
pub(crate) fn default() -> Vec<SupportedCipherSuite> {
    DEFAULT_CIPHER_SUITES.to_vec()
}

/// Those of one with a pre-shared key.
pub(crate) fn default_psk() -> Vec<SupportedCipherSuite> {
    psk_suites().take(DEFAULT_PSK_CIPHER_SUITES).collect()
}

fn suites() -> impl Iterator<Item = SupportedCipherSuite> {
    DEFAULT_CIPHER_SUITES.iter().chain(LEGACY_CIPHER_SUITES).copied().chain(psk_suites())
}

fn psk_suites() -> impl Iterator<Item = SupportedCipherSuite> {
    PSK_CIPHER_SUITES.iter().copied()
}

const NAMES: [(CipherSuite, &str); 24] = [
    (CipherSuite::TLS13_CHACHA20_POLY1305_SHA256, "TLS1-3-CHACHA20-POLY1305-SHA256"),
    (CipherSuite::TLS13_AES_128_GCM_SHA256, "TLS1-3-AES-128-GCM-SHA256"),
    (CipherSuite::TLS13_AES_256_GCM_SHA384, "TLS1-3-AES-256-GCM-SHA384"),
    (CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, "TLS-ECDHE-ECDSA-WITH-CHACHA20-POLY1305-SHA256"),
    (CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, "TLS-ECDHE-RSA-WITH-CHACHA20-POLY1305-SHA256"),
    (CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, "TLS-ECDHE-ECDSA-WITH-AES-128-GCM-SHA256"),
    (CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, "TLS-ECDHE-RSA-WITH-AES-128-GCM-SHA256"),
    (CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, "TLS-ECDHE-ECDSA-WITH-AES-256-GCM-SHA384"),
    (CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, "TLS-ECDHE-RSA-WITH-AES-256-GCM-SHA384"),
    (CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, "TLS-ECDHE-ECDSA-WITH-AES-256-CBC-SHA"),
    (CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA, "TLS-ECDHE-RSA-WITH-AES-256-CBC-SHA"),
    (CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256, "TLS-ECDHE-ECDSA-WITH-AES-128-CBC-SHA256"),
    (CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256, "TLS-ECDHE-RSA-WITH-AES-128-CBC-SHA256"),
    (CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, "TLS-ECDHE-ECDSA-WITH-AES-128-CBC-SHA"),
    (CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, "TLS-ECDHE-RSA-WITH-AES-128-CBC-SHA"),
    (CipherSuite::TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256, "TLS-ECDHE-PSK-WITH-CHACHA20-POLY1305-SHA256"),
    (TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256, "TLS-ECDHE-PSK-WITH-AES-128-GCM-SHA256"),
    (TLS_ECDHE_PSK_WITH_AES_256_GCM_SHA384, "TLS-ECDHE-PSK-WITH-AES-256-GCM-SHA384"),
    (CipherSuite::TLS_PSK_WITH_AES_256_GCM_SHA384, "TLS-PSK-WITH-AES-256-GCM-SHA384"),
    (CipherSuite::TLS_PSK_WITH_AES_128_GCM_SHA256, "TLS-PSK-WITH-AES-128-GCM-SHA256"),
    (CipherSuite::TLS_PSK_WITH_AES_256_CBC_SHA384, "TLS-PSK-WITH-AES-256-CBC-SHA384"),
    (CipherSuite::TLS_PSK_WITH_AES_256_CBC_SHA, "TLS-PSK-WITH-AES-256-CBC-SHA"),
    (CipherSuite::TLS_PSK_WITH_AES_128_CBC_SHA256, "TLS-PSK-WITH-AES-128-CBC-SHA256"),
    (CipherSuite::TLS_PSK_WITH_AES_128_CBC_SHA, "TLS-PSK-WITH-AES-128-CBC-SHA"),
];

fn is_name_of(wanted: &str, suite: CipherSuite) -> bool {
    let Some(dashed) = name(suite) else { return false };
    let iana_tls13 = dashed.strip_prefix("TLS1-3-");
    wanted == dashed
        || same_but_for_underscores(wanted, dashed, "")
        || iana_tls13.is_some_and(|rest| same_but_for_underscores(wanted, rest, "TLS_"))
}

/// Is `wanted` = `prefix` + `dashed` with every dash written as an underscore?
fn same_but_for_underscores(wanted: &str, dashed: &str, prefix: &str) -> bool {
    wanted.strip_prefix(prefix).is_some_and(|wanted| {
        wanted.len() == dashed.len()
            && wanted.bytes().zip(dashed.bytes()).all(|(have, want)| have == if want == b'-' { b'_' } else { want })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_supported_suite_is_found_by_its_dashed_and_its_iana_name() {
        for dashed in supported() {
            let found = select([dashed]).unwrap();
            assert_eq!(name(found[0].suite()), Some(dashed));
            let iana = dashed.replace("TLS1-3-", "TLS-").replace('-', "_");
            assert_eq!(select([iana.as_str()]).unwrap()[0].suite(), found[0].suite());
        }
        assert_eq!(supported().count(), suites().count());
    }

    #[test]
    fn order_is_kept_and_bad_names_are_refused() {
        let two = ["TLS-ECDHE-RSA-WITH-AES-256-GCM-SHA384", "TLS1-3-AES-128-GCM-SHA256"];
        let found: Vec<_> = select(two).unwrap().iter().map(|suite| name(suite.suite()).unwrap()).collect();
        assert_eq!(found, two);
        for bad in ["", "tls-ecdhe-rsa-with-aes-256-gcm-sha384", "ECDHE-RSA-AES256-GCM-SHA384", "TLS-ECDHE-RSA-WITH_AES-256-GCM-SHA384"] {
            assert!(matches!(select([bad]), Err(Error::BadConfig)), "{bad}");
        }
        assert!(matches!(select([]), Err(Error::BadConfig)));
    }
}
