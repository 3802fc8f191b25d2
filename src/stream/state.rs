//! Whether a stream can be used, and the error of its use otherwise: that of the first failure, as
//! MicroPython remembers it.
//!
//! The connection below remembers what ended it, too. That may be sooner: an error behind data that
//! the program has not read yet is the stream's only when the program meets it.

use crate::error::Error;

/// Open until a fatal error or [`close`](Self::close). The first error stays, also over the close;
/// a closed stream without one is [`Error::BadInputData`].
#[derive(Debug, Default)]
pub(crate) struct StreamState {
    failure: Option<Error>,
    /// What the last operation failed with, although the stream can be used on.
    passing: Option<Error>,
    closed: bool,
}

impl StreamState {
    pub(crate) fn is_open(&self) -> bool {
        !self.closed && self.failure.is_none()
    }

    /// May an operation begin?
    pub(crate) fn check(&mut self) -> Result<(), Error> {
        self.passing = None;
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

    /// Says why an operation failed, and does not remember it: gives `error` back.
    pub(crate) fn pass(&mut self, error: Error) -> Error {
        self.passing = Some(error.clone());
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
        self.passing.as_ref().or(self.failure.as_ref())
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
        let mut state = StreamState::default();
        state.fail(Error::InvalidMac);
        assert!(state.close());
        assert_eq!(state.check(), Err(Error::InvalidMac));
        assert!(!state.close());
    }

    #[test]
    fn what_passes_is_forgotten_when_the_next_operation_begins() {
        let mut state = StreamState::default();
        state.pass(Error::AllocFailed);
        assert_eq!(state.failure(), Some(&Error::AllocFailed));
        assert!(state.is_open());
        assert_eq!(state.check(), Ok(()));
        assert_eq!(state.failure(), None);
    }

    #[test]
    fn a_closed_stream_is_bad_input() {
        let mut state = StreamState::default();
        assert_eq!(state.check(), Ok(()));
        assert!(state.close());
        assert_eq!(state.check(), Err(Error::BadInputData));
    }

    #[test]
    fn an_exception_of_a_callback_leaves_the_handshake_half_way() {
        let mut state = StreamState::default();
        state.fail(Error::CallbackRaised);
        assert_eq!(state.check(), Err(Error::UnexpectedMessage));
        state.close();
        assert_eq!(state.check(), Err(Error::UnexpectedMessage));
        let mut closed_at_once = StreamState::default();
        closed_at_once.fail(Error::CallbackRaised);
        closed_at_once.close();
        assert_eq!(closed_at_once.check(), Err(Error::BadInputData));
    }
}
