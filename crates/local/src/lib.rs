//! State of a thread, of which a wasm module has one: `std::thread_local` where there is std.

#![cfg_attr(target_family = "wasm", no_std)]

/// Declares `static NAME: Type = value;`, to be used `with_borrow` and so on.
#[cfg(not(target_family = "wasm"))]
#[macro_export]
macro_rules! local {
    (static $name:ident: $type:ty = $value:expr;) => {
        std::thread_local! {
            static $name: core::cell::RefCell<$type> = core::cell::RefCell::new($value);
        }
    };
}

/// Declares `static NAME: Type = value;`, to be used `with_borrow` and so on.
#[cfg(target_family = "wasm")]
#[macro_export]
macro_rules! local {
    (static $name:ident: $type:ty = $value:expr;) => {
        static $name: $crate::Local<$type> = $crate::Local::new(|| $crate::Mutex::new($value));
    };
}

#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub use {spin::Mutex, wasm::Local};

#[cfg(target_family = "wasm")]
mod wasm {
    use core::mem;

    use spin::{LazyLock, Mutex, MutexGuard};

    /// What `std::thread::LocalKey` can do, as far as it is needed. What borrows it while it is
    /// borrowed traps.
    pub struct Local<T>(LazyLock<Mutex<T>>);

    impl<T> Local<T> {
        /// A value that is made when it is borrowed first.
        pub const fn new(value: fn() -> Mutex<T>) -> Self {
            Self(LazyLock::new(value))
        }

        /// Lends the value to `f`.
        pub fn with_borrow<R>(&self, f: impl FnOnce(&T) -> R) -> R {
            f(&self.borrow())
        }

        /// Lends the value to `f`, which may change it.
        pub fn with_borrow_mut<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
            f(&mut self.borrow())
        }

        /// Stores `value` and returns what was there.
        pub fn replace(&self, value: T) -> T {
            mem::replace(&mut self.borrow(), value)
        }

        /// Stores `value`.
        pub fn set(&self, value: T) {
            drop(self.replace(value));
        }

        /// Returns the value, and stores the default.
        pub fn take(&self) -> T
        where
            T: Default,
        {
            self.replace(T::default())
        }

        fn borrow(&self) -> MutexGuard<'_, T> {
            self.0.try_lock().expect("borrowed once at a time")
        }
    }
}
