//! The settings of connections.

use alloc::string::String;
use alloc::vec::Vec;

use wasm_bindgen::prelude::*;
use zeroize::Zeroizing;

use super::{Connection, to_js};
use crate::context::{self, Version};
use crate::error::Error;
use crate::numbers;
use crate::verify::Endpoint;

/// See [`context::Context`].
#[wasm_bindgen]
pub struct Context(context::Context);

#[wasm_bindgen]
impl Context {
    /// A context for MicroPython's protocol number: bit 0 makes a server.
    #[wasm_bindgen(constructor)]
    pub fn new(protocol: i32) -> Self {
        Self(context::Context::new(if protocol & numbers::PROTOCOL_SERVER == 0 { Endpoint::Client } else { Endpoint::Server }))
    }

    /// Sets the time, in seconds since 1970.
    #[wasm_bindgen(js_name = setTime)]
    pub fn set_time(&self, unix_seconds: f64) {
        self.0.set_time(unix_seconds as u64);
    }

    /// `verify_mode` as it was set, whatever number that is.
    #[wasm_bindgen(getter, js_name = verifyMode)]
    pub fn verify_mode(&self) -> i32 {
        self.0.verify().mode()
    }

    /// Sets `verify_mode`, also for connections that live already.
    #[wasm_bindgen(setter, js_name = verifyMode)]
    pub fn set_verify_mode(&self, mode: i32) -> Result<(), JsValue> {
        self.0.verify().set_mode(mode).map_err(to_js)
    }

    /// Whether a peer is refused whose certificate is not for the name that the program gives.
    #[wasm_bindgen(getter, js_name = checkHostname)]
    pub fn check_hostname(&self) -> bool {
        self.0.verify().check_hostname()
    }

    /// Has names checked, or lets any pass; see
    /// [`set_check_hostname`](crate::verify::VerifySettings::set_check_hostname).
    #[wasm_bindgen(setter, js_name = checkHostname)]
    pub fn set_check_hostname(&self, check: bool) {
        self.0.verify().set_check_hostname(check);
    }

    /// Whether connections ask for a decision about each chain that was verified: `Step.Verify`.
    /// Off by default.
    #[wasm_bindgen(js_name = setVerifyCallback)]
    pub fn set_verify_callback(&self, enabled: bool) {
        self.0.verify().set_callback(enabled);
    }

    /// Sets the pre-shared key of later connections; see [`context::Context::set_psk`].
    #[wasm_bindgen(js_name = setPsk)]
    pub fn set_psk(&mut self, identity: &[u8], key: Vec<u8>) -> Result<(), JsValue> {
        let key = Zeroizing::new(key);
        self.0.set_psk(identity, &key).map_err(to_js)
    }

    /// Has later connections of a server ask for the pre-shared key of each client: `Step.Verify`,
    /// `pskIdentity()`, `providePsk()`.
    #[wasm_bindgen(js_name = askForPsks)]
    pub fn ask_for_psks(&mut self) {
        self.0.ask_for_psks();
    }

    /// Loads certificate chain and private key, DER or PEM.
    #[wasm_bindgen(js_name = loadCertChain)]
    pub fn load_cert_chain(&mut self, certificates: &[u8], key: &[u8]) -> Result<(), JsValue> {
        self.0.load_cert_chain(certificates, key).map_err(to_js)
    }

    /// Fails where `loadCertChain` would fail for this key.
    #[wasm_bindgen(js_name = checkPrivateKey)]
    pub fn check_private_key(&self, key: &[u8]) -> Result<(), JsValue> {
        self.0.check_private_key(key).map_err(to_js)
    }

    /// Adds trust anchors, DER or PEM.
    #[wasm_bindgen(js_name = loadVerifyLocations)]
    pub fn load_verify_locations(&self, certificates: &[u8]) -> Result<(), JsValue> {
        self.0.verify().add_anchors(certificates).map_err(to_js)
    }

    /// Restricts and orders the cipher suites of later connections.
    #[wasm_bindgen(js_name = setCiphers)]
    pub fn set_ciphers(&mut self, names: Vec<String>) -> Result<(), JsValue> {
        self.0.set_ciphers(names.iter().map(String::as_str)).map_err(to_js)
    }

    /// Sets the lowest and highest version of later connections, as 0x0303 (TLS 1.2) or 0x0304 (TLS
    /// 1.3).
    #[wasm_bindgen(js_name = setVersions)]
    pub fn set_versions(&mut self, lowest: u16, highest: u16) -> Result<(), JsValue> {
        let versions = version(lowest).and_then(|lowest| Ok((lowest, version(highest)?)));
        versions.and_then(|(lowest, highest)| self.0.set_versions(lowest, highest)).map_err(to_js)
    }

    /// Protocols to negotiate by ALPN, most wanted first.
    #[wasm_bindgen(js_name = setAlpnProtocols)]
    pub fn set_alpn_protocols(&mut self, names: Vec<String>) -> Result<(), JsValue> {
        self.0.set_alpn_protocols(names.into_iter().map(String::into_bytes).collect()).map_err(to_js)
    }

    /// Whether later connections resume sessions; they do by default.
    #[wasm_bindgen(js_name = setSessionResumption)]
    pub fn set_session_resumption(&mut self, enabled: bool) {
        self.0.set_session_resumption(enabled);
    }

    /// Whether the secrets of later connections are kept for `takeKeyLog`. Off by default.
    #[wasm_bindgen(js_name = setKeyLog)]
    pub fn set_key_log(&mut self, enabled: bool) {
        self.0.set_key_log(enabled);
    }

    /// Takes the secrets since the last call, as lines of NSS' key log format.
    #[wasm_bindgen(js_name = takeKeyLog)]
    pub fn take_key_log(&self) -> String {
        self.0.key_log().take()
    }

    /// A new connection; see [`context::Context::connect`].
    pub fn connect(&self, server_hostname: Option<Vec<u8>>, server_side: bool) -> Result<Connection, JsValue> {
        let connection = self.0.connect(server_hostname.as_deref(), server_side).map_err(to_js)?;
        Ok(Connection::tls(connection))
    }

    /// Makes the next connection's key share ahead; see [`context::Context::prepare_key_share`].
    #[wasm_bindgen(js_name = prepareKeyShare)]
    pub fn prepare_key_share(&self) {
        self.0.prepare_key_share();
    }

    /// A new DTLS connection; see [`context::Context::connect_datagram`].
    #[wasm_bindgen(js_name = connectDatagram)]
    pub fn connect_datagram(
        &self,
        server_hostname: Option<Vec<u8>>,
        server_side: bool,
        client_id: Option<Vec<u8>>,
    ) -> Result<Connection, JsValue> {
        let connection = self.0.connect_datagram(server_hostname.as_deref(), server_side, client_id.as_deref()).map_err(to_js)?;
        Ok(Connection::dtls(connection))
    }

    /// The longest datagram of a DTLS handshake, in bytes.
    #[wasm_bindgen(getter, js_name = dtlsMtu)]
    pub fn dtls_mtu(&self) -> u32 {
        self.0.dtls_mtu() as u32
    }

    /// Sets the longest datagram of later connections' DTLS handshakes, 64 to 65507 bytes.
    #[wasm_bindgen(js_name = setDtlsMtu)]
    pub fn set_dtls_mtu(&mut self, bytes: u32) -> Result<(), JsValue> {
        self.0.set_dtls_mtu(bytes as usize).map_err(to_js)
    }
}

fn version(number: u16) -> Result<Version, Error> {
    match number {
        numbers::TLS_1_2 => Ok(Version::Tls12),
        numbers::TLS_1_3 => Ok(Version::Tls13),
        _ => Err(Error::BadConfig),
    }
}
