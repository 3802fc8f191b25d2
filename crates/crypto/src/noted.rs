//! What passes between record protection and a connection beside rustls, which stands between the two.

use rustls::{AlertDescription, ContentType};

/// Runs `work`; the alerts that are encrypted meanwhile are `alert`, if there is one, whatever rustls wants them to be.
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

/// Says so.
pub(crate) fn undecryptable() {
    UNDECRYPTABLE.set(true);
}

/// Changes what will be encrypted if it is an alert that shall be another: its level and description.
pub(crate) fn change(content_type: ContentType, plaintext: &mut [u8]) {
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
