//! The shells: they translate types between the engine and its hosts, and decide nothing.

#[cfg(feature = "web")]
pub mod js;
#[cfg(all(feature = "component", target_arch = "wasm32"))]
pub mod wit;
#[cfg(all(any(feature = "web", feature = "component"), target_family = "wasm"))]
mod without_std;
