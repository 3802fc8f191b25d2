//! Secrets in NSS' key log format, for tools that decrypt captures.

use alloc::string::String;
use core::{fmt, mem};

use spin::Mutex;

use crate::tls::RunningVerifier;

/// The key log of a context: the lines that were not taken yet, if the program wants a log.
pub struct KeyLog(Option<Mutex<String>>);

impl KeyLog {
    pub(crate) fn new(enabled: bool) -> Self {
        Self(enabled.then(Mutex::default))
    }

    /// Takes the lines since the last call: each a label, the client's random and the secret, both
    /// in hexadecimal.
    pub fn take(&self) -> String {
        self.0.as_ref().map(|lines| mem::take(&mut *lines.lock())).unwrap_or_default()
    }
}

impl rustls::KeyLog for KeyLog {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        RunningVerifier::keep_secret(label, secret);
        let Some(lines) = &self.0 else { return };
        let mut lines = lines.lock();
        lines.push_str(label);
        for part in [client_random, secret] {
            lines.push(' ');
            for byte in part {
                lines.extend([byte >> 4, byte & 15].map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])));
            }
        }
        lines.push('\n');
    }
}

impl fmt::Debug for KeyLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyLog")
    }
}
