//! Whether a connection and the stream over it can be used, and the error of their use otherwise:
//! that of the first failure, as MicroPython remembers it.
//!
//! The connection finds what ends it, and the stream raises it. That may be later: an error behind
//! data that the program has not read yet comes after this data.

use core::mem;

use crate::error::Error;

/// Open until a fatal error or a close. The first error that was raised stays, also over the
/// close; a closed stream without one is [`Error::BadInputData`].
#[derive(Debug, Default)]
pub struct State {
    end: End,
    /// What the last operation failed with, although the stream can be used on.
    passing: Option<Error>,
    closed: bool,
}

#[derive(Debug, Default)]
enum End {
    #[default]
    None,
    /// The connection has failed, and the program does not know.
    Found(Error),
    /// The program has got the error.
    Raised(Error),
}

/// For the connection.
impl State {
    /// Can the connection be used?
    ///
    /// # Errors
    /// What ended it, [`repeated`](Error::repeated).
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.failure().map_or(Ok(()), |error| Err(error.repeated()))
    }

    /// Remembers `error`, which the stream has still to raise, and gives it back.
    pub(crate) fn fail(&mut self, error: Error) -> Error {
        self.end = End::Found(error.clone());
        error
    }

    /// What ended the connection.
    pub(crate) fn failure(&self) -> Option<&Error> {
        match &self.end {
            End::None => None,
            End::Found(error) | End::Raised(error) => Some(error),
        }
    }

    /// Has the connection failed, and not its transport?
    pub(crate) fn has_failed(&self) -> bool {
        self.failure().is_some_and(|error| !matches!(error, Error::Transport(_)))
    }
}

/// For the stream.
impl State {
    pub(crate) fn is_open(&self) -> bool {
        !self.closed && !matches!(self.end, End::Raised(_))
    }

    /// May an operation begin?
    pub(crate) fn begin(&mut self) -> Result<(), Error> {
        self.passing = None;
        if self.is_open() {
            return Ok(());
        }
        let error = self.error();
        self.end = End::Raised(error.clone());
        Err(error)
    }

    /// The program gets the failure of `result`, as the connection has found it.
    pub(crate) fn raise<T>(&mut self, result: Result<T, Error>) -> Result<T, Error> {
        result.map_err(|error| {
            let error = match mem::take(&mut self.end) {
                End::Found(found) => found,
                End::None | End::Raised(_) => error,
            };
            self.end = End::Raised(error.clone());
            error
        })
    }

    /// The transport failed: the error to raise.
    pub(crate) fn transport_failed(&mut self, errno: i32) -> Error {
        let error = Error::Transport(errno);
        self.end = End::Raised(error.clone());
        error
    }

    /// Says why an operation failed, and does not remember it: gives `error` back.
    pub(crate) fn pass(&mut self, error: Error) -> Error {
        self.passing = Some(error.clone());
        error
    }

    /// False if it was closed before.
    pub(crate) fn close(&mut self) -> bool {
        if matches!(self.end, End::Raised(Error::CallbackRaised)) {
            // An exception is not remembered as such; what it left half way is gone now.
            self.end = End::None;
        }
        !mem::replace(&mut self.closed, true)
    }

    /// Why the last operation failed.
    pub(crate) fn raised(&self) -> Option<&Error> {
        self.passing.as_ref().or(match &self.end {
            End::Raised(error) => Some(error),
            End::None | End::Found(_) => None,
        })
    }

    /// What the next operation fails with.
    pub(crate) fn error(&self) -> Error {
        match &self.end {
            End::Raised(error) => error.repeated(),
            End::None | End::Found(_) => Error::BadInputData,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::VerifyFlags;

    #[test]
    fn the_first_error_stays_over_the_close() {
        let mut state = raised(Error::InvalidMac);
        assert!(state.close());
        assert_eq!(state.begin(), Err(Error::InvalidMac));
        assert!(!state.close());
    }

    #[test]
    fn what_the_connection_has_found_is_raised_once_in_full_and_then_repeated() {
        let mut state = State::default();
        state.fail(Error::Verification(VerifyFlags::default()));
        assert_eq!(state.check(), Err(Error::VerificationFailed));
        assert_eq!((state.begin(), state.raised()), (Ok(()), None), "data may be there to read first");
        let read = state.check();
        assert_eq!(state.raise(read), Err(Error::Verification(VerifyFlags::default())));
        assert_eq!(state.begin(), Err(Error::VerificationFailed));
    }

    #[test]
    fn what_nobody_has_met_is_not_the_error_of_a_closed_stream() {
        let mut state = State::default();
        state.fail(Error::InvalidMac);
        assert!(state.close());
        assert_eq!(state.begin(), Err(Error::BadInputData));
    }

    #[test]
    fn a_transport_that_fails_ends_the_stream_and_not_the_connection() {
        let mut state = State::default();
        assert_eq!(state.transport_failed(104), Error::Transport(104));
        assert!(!state.has_failed());
        assert_eq!(state.begin(), Err(Error::Transport(104)));
    }

    #[test]
    fn what_passes_is_forgotten_when_the_next_operation_begins() {
        let mut state = State::default();
        state.pass(Error::AllocFailed);
        assert_eq!(state.raised(), Some(&Error::AllocFailed));
        assert!(state.is_open());
        assert_eq!(state.begin(), Ok(()));
        assert_eq!(state.raised(), None);
    }

    #[test]
    fn a_closed_stream_is_bad_input() {
        let mut state = State::default();
        assert_eq!(state.begin(), Ok(()));
        assert!(state.close());
        assert_eq!(state.begin(), Err(Error::BadInputData));
    }

    #[test]
    fn an_exception_of_a_callback_leaves_the_handshake_half_way() {
        let mut state = raised(Error::CallbackRaised);
        assert_eq!(state.begin(), Err(Error::UnexpectedMessage));
        state.close();
        assert_eq!(state.begin(), Err(Error::UnexpectedMessage));
        let mut closed_at_once = raised(Error::CallbackRaised);
        closed_at_once.close();
        assert_eq!(closed_at_once.begin(), Err(Error::BadInputData));
    }

    fn raised(error: Error) -> State {
        let mut state = State::default();
        assert_eq!(state.raise::<()>(Err(error.clone())), Err(error));
        state
    }
}
