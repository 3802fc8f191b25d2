//! The JavaScript shell.
//!
//! Bytes cross the boundary once: ciphertext is received into and sent from a connection's own
//! buffers, plaintext passes through one exchange buffer that all connections share. An operation
//! answers with a number: a count, or one of the negative `Step`s.

mod connection;
mod context;

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use js_sys::{Error as JsError, JsString, Reflect};
use wasm_bindgen::prelude::*;

use crate::ciphers;
use crate::error::{Error, ExceptionKind};
use crate::room;

pub use connection::{Connection, Step, exchange_buffer, exchange_length};
pub use context::Context;

/// The names of all cipher suites, in order of preference.
#[wasm_bindgen(js_name = cipherSuites)]
pub fn cipher_suites() -> Vec<String> {
    ciphers::supported().map(str::to_owned).collect()
}

/// Is there memory for arguments of so many bytes, and for what is made of them? Who passes more
/// than there is room for has no engine any more.
#[wasm_bindgen(js_name = hasRoom)]
pub fn has_room(bytes: u32) -> bool {
    room::check(bytes as usize).is_ok()
}

fn to_js(error: Error) -> JsValue {
    error_object(&error).into()
}

/// A JavaScript `Error` that carries what Python will raise: `name` is the exception's type,
/// `errno` its number if it has one.
fn error_object(error: &Error) -> JsError {
    let exception = error.exception();
    let object = JsError::new(&exception.text);
    object.set_name(match exception.kind {
        ExceptionKind::OsError => "OSError",
        ExceptionKind::ValueError => "ValueError",
        ExceptionKind::MemoryError => "MemoryError",
        ExceptionKind::CallbackRaised => "CallbackRaised",
    });
    if let Some(code) = exception.code {
        // Setting a property of a fresh, extensible object cannot fail.
        _ = Reflect::set(&object, &JsString::from("errno"), &code.into());
    }
    object
}
