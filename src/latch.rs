//! MicroPython's error latch: whether a stream can be used, and what its use fails with otherwise.

use crate::error::Error;

/// Open until a fatal error or [`close`](Self::close). The first error stays, also over the close;
/// a closed stream without one is [`Error::BadInputData`].
#[derive(Debug, Default)]
pub(crate) struct Latch {
    failure: Option<Error>,
    closed: bool,
}

impl Latch {
    pub(crate) fn is_open(&self) -> bool {
        !self.closed && self.failure.is_none()
    }

    /// May an operation begin?
    pub(crate) fn check(&mut self) -> Result<(), Error> {
        if self.is_open() {
            return Ok(());
        }
        let error = self.error();
        self.failure = Some(error.clone());
        Err(error)
    }

    /// Remembers a failure of `result`.
    pub(crate) fn keep<T>(&mut self, result: Result<T, Error>) -> Result<T, Error> {
        if let Err(error) = &result {
            self.failure = Some(error.clone());
        }
        result
    }

    /// Remembers `error` and gives it back.
    pub(crate) fn fail(&mut self, error: Error) -> Error {
        self.failure = Some(error.clone());
        error
    }

    /// False if it was closed before.
    pub(crate) fn close(&mut self) -> bool {
        if self.failure == Some(Error::CallbackRaised) {
            // An exception is not remembered as such; what it left half way is gone now.
            self.failure = None;
        }
        !core::mem::replace(&mut self.closed, true)
    }

    /// Why the last operation failed.
    pub(crate) fn failure(&self) -> Option<&Error> {
        self.failure.as_ref()
    }

    /// What the next operation fails with.
    pub(crate) fn error(&self) -> Error {
        self.failure.as_ref().map_or(Error::BadInputData, Error::repeated)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_error_stays_over_the_close() {
        let mut latch = Latch::default();
        latch.fail(Error::InvalidMac);
        assert!(latch.close());
        assert_eq!(latch.check(), Err(Error::InvalidMac));
        assert!(!latch.close());
    }

    #[test]
    fn a_closed_stream_is_bad_input() {
        let mut latch = Latch::default();
        assert_eq!(latch.check(), Ok(()));
        assert!(latch.close());
        assert_eq!(latch.check(), Err(Error::BadInputData));
    }

    #[test]
    fn an_exception_of_a_callback_leaves_the_handshake_half_way() {
        let mut latch = Latch::default();
        latch.fail(Error::CallbackRaised);
        assert_eq!(latch.check(), Err(Error::UnexpectedMessage));
        latch.close();
        assert_eq!(latch.check(), Err(Error::UnexpectedMessage));
        let mut closed_at_once = Latch::default();
        closed_at_once.fail(Error::CallbackRaised);
        closed_at_once.close();
        assert_eq!(closed_at_once.check(), Err(Error::BadInputData));
    }
}
