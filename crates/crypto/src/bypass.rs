//! What record protection passes to its connection, and back. rustls stands between the two and
//! passes none of it on.

use alloc::vec::Vec;

use rustls::{AlertDescription, ContentType};

/// Runs `work`. If there is an `alert`, it replaces every alert that rustls encrypts meanwhile.
pub fn with_alert<T>(alert: Option<AlertDescription>, work: impl FnOnce() -> T) -> T {
    ALERT.set(alert);
    let result = work();
    ALERT.set(None);
    result
}

/// Has a record been met that could not be decrypted, since this was asked last?
pub fn take_undecryptable() -> bool {
    UNDECRYPTABLE.take()
}

/// Is this fragment of a record in TLS 1.3 the alert that was encrypted last?
pub fn is_encrypted_alert(fragment: &[u8]) -> bool {
    ENCRYPTED_ALERT.with_borrow(|alert| alert == fragment)
}

/// A record could not be decrypted.
pub(crate) fn report_undecryptable() {
    UNDECRYPTABLE.set(true);
}

/// A record of TLS 1.3 was encrypted.
pub(crate) fn report_encrypted(content_type: ContentType, fragment: &[u8]) {
    if content_type == ContentType::Alert {
        ENCRYPTED_ALERT.set(fragment.to_vec());
    }
}

/// Changes the content of an alert that is to be replaced: its level and description.
pub(crate) fn replace_alert(content_type: ContentType, plaintext: &mut [u8]) {
    if let (ContentType::Alert, [_, description, ..]) = (content_type, plaintext)
        && let Some(alert) = ALERT.with_borrow(|alert| *alert)
    {
        *description = alert.into();
    }
}

local::local! {
    static ALERT: Option<AlertDescription> = None;
}

local::local! {
    static UNDECRYPTABLE: bool = false;
}

local::local! {
    static ENCRYPTED_ALERT: Vec<u8> = Vec::new();
}
