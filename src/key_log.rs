//! Secrets in NSS' key log format, for tools that decrypt captures.

use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;

/// Called with one line, without its end: a label, the client's random and the secret, both in hexadecimal.
pub type KeyLogSink = Arc<dyn Fn(&str) + Send + Sync>;

/// What rustls tells its secrets to.
pub(crate) struct KeyLog(pub(crate) KeyLogSink);

impl rustls::KeyLog for KeyLog {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let mut line = String::from(label);
        for part in [client_random, secret] {
            line.push(' ');
            for byte in part {
                line.extend([byte >> 4, byte & 15].map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])));
            }
        }
        (self.0)(&line);
    }
}

impl fmt::Debug for KeyLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyLog")
    }
}
