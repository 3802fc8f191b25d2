//! A cache of signatures over certificates. The chain of a server that is met again costs no
//! public-key operation.
//!
//! A signature that is good is good for ever and in every context. The cache stores only that, by a
//! digest of all that was compared. Dates, names, trust and the signature over the
//! handshake are checked each time.

use alloc::collections::VecDeque;

use sha2::{Digest, Sha256};

/// Everything that the outcome of one check depends on.
pub(super) struct Check<'a> {
    /// Algorithm and key, as in the signer's certificate.
    pub(super) key_algorithm: &'a [u8],
    pub(super) key: &'a [u8],
    /// How the signature was made.
    pub(super) signature_algorithm: &'a [u8],
    pub(super) message: &'a [u8],
    pub(super) signature: &'a [u8],
}

impl Check<'_> {
    /// Is the signature good? The answer is the cache's, or else that of `verify`.
    pub(super) fn is_good(&self, verify: impl FnOnce() -> bool) -> bool {
        let fingerprint = self.fingerprint();
        if CACHE.with_borrow(|cache| cache.contains(&fingerprint)) {
            return true;
        }
        let good = verify();
        if good {
            CACHE.with_borrow_mut(|cache| {
                if cache.len() == MOST {
                    cache.pop_front();
                }
                cache.push_back(fingerprint);
            });
        }
        good
    }

    fn fingerprint(&self) -> Fingerprint {
        let mut hash = Sha256::new();
        for part in [self.key_algorithm, self.key, self.signature_algorithm, self.message, self.signature] {
            hash.update((part.len() as u64).to_le_bytes()); // where one part ends and the next begins
            hash.update(part);
        }
        hash.finalize().into()
    }
}

type Fingerprint = [u8; 32];

/// How many it keeps, the newest ones: 2 KiB.
const MOST: usize = 64;

local::local! {
    static CACHE: VecDeque<Fingerprint> = VecDeque::new();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(message: &[u8]) -> Check<'_> {
        Check { key_algorithm: b"ka", key: b"key", signature_algorithm: b"sa", message, signature: b"signature" }
    }

    #[test]
    fn a_good_signature_is_verified_once() {
        assert!(check(b"once").is_good(|| true));
        assert!(check(b"once").is_good(|| panic!("it is in the cache")));
    }

    #[test]
    fn a_bad_signature_is_verified_each_time() {
        assert!(!check(b"bad").is_good(|| false));
        assert!(check(b"bad").is_good(|| true));
    }

    #[test]
    fn a_check_that_differs_in_any_part_is_another() {
        assert!(check(b"message").is_good(|| true));
        let others = [
            Check { key_algorithm: b"KA", ..check(b"message") },
            Check { key: b"KEY", ..check(b"message") },
            Check { signature_algorithm: b"SA", ..check(b"message") },
            Check { signature: b"SIGNATURE", ..check(b"message") },
            Check { key_algorithm: b"kak", key: b"ey", ..check(b"message") },
            Check { signature: b"esignature", ..check(b"messag") },
            check(b"MESSAGE"),
        ];
        assert!(others.iter().all(|other| !other.is_good(|| false)));
    }

    #[test]
    fn the_oldest_are_forgotten() {
        assert!(check(b"old").is_good(|| true));
        for number in 0..MOST {
            assert!(check(&number.to_le_bytes()).is_good(|| true));
        }
        assert!(!check(b"old").is_good(|| false));
    }
}
