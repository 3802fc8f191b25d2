//! State of a thread, of which a wasm module has one: `std::thread_local` where there is std.

/// Declares `static NAME: Type = value;`, to be used `with_borrow` and so on.
#[cfg(not(target_family = "wasm"))]
macro_rules! local {
    (static $name:ident: $type:ty = $value:expr;) => {
        std::thread_local! {
            static $name: core::cell::RefCell<$type> = core::cell::RefCell::new($value);
        }
    };
}

#[cfg(target_family = "wasm")]
macro_rules! local {
    (static $name:ident: $type:ty = $value:expr;) => {
        static $name: $crate::local::Local<$type> = $crate::local::Local::new(|| spin::Mutex::new($value));
    };
}

pub(crate) use local;
#[cfg(target_family = "wasm")]
pub(crate) use wasm::Local;

#[cfg(target_family = "wasm")]
mod wasm {
    use core::mem;

    use spin::{LazyLock, Mutex, MutexGuard};

    /// What `std::thread::LocalKey` can do, as far as it is needed. What borrows it while it is borrowed traps.
    pub(crate) struct Local<T>(LazyLock<Mutex<T>>);

    impl<T> Local<T> {
        pub(crate) const fn new(value: fn() -> Mutex<T>) -> Self {
            Self(LazyLock::new(value))
        }

        pub(crate) fn with_borrow<R>(&self, f: impl FnOnce(&T) -> R) -> R {
            f(&self.borrow())
        }

        pub(crate) fn with_borrow_mut<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
            f(&mut self.borrow())
        }

        pub(crate) fn replace(&self, value: T) -> T {
            mem::replace(&mut self.borrow(), value)
        }

        pub(crate) fn set(&self, value: T) {
            drop(self.replace(value));
        }

        pub(crate) fn take(&self) -> T
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
