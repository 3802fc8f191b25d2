//! A connection that is brought to a moment, where its peer turns hostile.

use micropython_ssl::context::{Context, Version};
use micropython_ssl::error::Error;
use micropython_ssl::stream::Step;
use micropython_ssl::tls::TlsStream;
use micropython_ssl::verify::Endpoint;

use super::forge::{ALERT, HANDSHAKE, Keys, SUITES, Secrets, record, records};
use super::wire::{client, client_context, deliver, handshake, only, server, server_context, take};

/// When the peer turns hostile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The victim has received nothing.
    Start,
    /// It has received the first message, ClientHello or ServerHello, and no more.
    Middle,
    /// The handshake is complete.
    End,
}

/// The victim, and what its peer needs to go on.
pub struct Scene {
    pub victim: TlsStream,
    /// Of the peer's records from here on; None where they are in the clear.
    pub keys: Option<Keys>,
    /// Of the victim's records.
    theirs: Vec<Keys>,
    /// The last alert that the victim has sent since the moment.
    alert: Option<u8>,
    secrets: Secrets,
    /// The ClientHello of an honest client, in its record.
    pub client_hello: Vec<u8>,
    /// The ServerHello of an honest server that answers it, as a message, where the victim is a
    /// client that waits for one.
    pub server_hello: Vec<u8>,
}

/// What came of an attack.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The last alert of the victim.
    pub alert: Option<u8>,
    /// How it failed; None if it waits for more.
    pub error: Option<Error>,
    /// What it has read.
    pub read: Vec<u8>,
}

/// Contexts of both sides that speak this version only, with a suite of [`SUITES`], and do not
/// resume.
pub fn contexts(version: Version) -> (Context, Context) {
    let [client, server] = [client_context(), server_context("ec256")].map(|context| {
        let mut context = only(context, version);
        context.set_ciphers(SUITES.into_iter().filter(|suite| suite.starts_with("TLS1-3") == (version == Version::Tls13))).unwrap();
        context.set_session_resumption(false);
        context
    });
    (client, server)
}

/// The first message of a flight, in one record with others or not.
fn first_message(flight: &[u8]) -> Vec<u8> {
    let fragment = &records(flight)[0][5..];
    fragment[..4 + usize::from(u16::from_be_bytes([fragment[2], fragment[3]]))].to_vec()
}

impl Scene {
    pub fn new(endpoint: Endpoint, version: Version, moment: Moment) -> Self {
        let (mut client_context, mut server_context) = contexts(version);
        let secrets = Secrets::of(if endpoint == Endpoint::Client { &mut client_context } else { &mut server_context });
        let (mut ours, mut theirs) = (client(&client_context), server(&server_context));
        ours.handshake().unwrap();
        let client_hello = ours.to_send().to_vec();
        let (mut server_random, mut server_hello) = (Vec::new(), Vec::new());
        if moment == Moment::End {
            deliver(&mut theirs, &take(&mut ours));
            theirs.handshake().unwrap();
            server_random.extend_from_slice(&theirs.to_send()[11..43]);
            assert_eq!(handshake(&mut ours, &mut theirs, usize::MAX), (Ok(()), Ok(())));
        } else if moment == Moment::Middle {
            deliver(&mut theirs, &take(&mut ours));
            theirs.handshake().unwrap();
            deliver(&mut ours, &record(HANDSHAKE, &first_message(&take(&mut theirs))));
            ours.handshake().unwrap();
        } else if endpoint == Endpoint::Client {
            deliver(&mut theirs, &take(&mut ours));
            theirs.handshake().unwrap();
            server_hello = first_message(&take(&mut theirs));
        }
        take(&mut ours);
        take(&mut theirs);
        let side = usize::from(endpoint == Endpoint::Server);
        let names = ["SERVER", "CLIENT"];
        let mut keys = None;
        let mut victims = Vec::new();
        match (version, moment) {
            (_, Moment::Start) | (Version::Tls12, Moment::Middle) => {}
            (Version::Tls12, Moment::End) => {
                let [mut client, mut server] = secrets.tls12(&server_random).unwrap();
                (client.seq, server.seq) = (1, 1);
                let (peer, victim) = if endpoint == Endpoint::Server { (client, server) } else { (server, client) };
                keys = Some(peer);
                victims.push(victim);
            }
            (Version::Tls13, _) => {
                let stage = if moment == Moment::Middle { "HANDSHAKE_TRAFFIC_SECRET" } else { "TRAFFIC_SECRET_0" };
                keys = secrets.tls13(&format!("{}_{stage}", names[side]));
                assert!(keys.is_some());
                victims.extend(
                    ["HANDSHAKE_TRAFFIC_SECRET", "TRAFFIC_SECRET_0"]
                        .iter()
                        .filter_map(|stage| secrets.tls13(&format!("{}_{stage}", names[1 - side]))),
                );
            }
        }
        let victim = if endpoint == Endpoint::Client { ours } else { theirs };
        Self { victim, keys, theirs: victims, alert: None, secrets, client_hello, server_hello }
    }

    /// A record as an honest peer protects it at this moment.
    pub fn seal(&mut self, content_type: u8, content: &[u8]) -> Vec<u8> {
        match &mut self.keys {
            Some(keys) => keys.seal(content_type, content),
            None => record(content_type, content),
        }
    }

    /// A server has answered a ClientHello of TLS 1.3: with the keys that follow.
    pub fn with_handshake_keys(mut self) -> Self {
        self.keys = self.secrets.tls13("CLIENT_HANDSHAKE_TRAFFIC_SECRET");
        assert!(self.keys.is_some());
        self.theirs
            .extend(["SERVER_HANDSHAKE_TRAFFIC_SECRET", "SERVER_TRAFFIC_SECRET_0"].iter().filter_map(|name| self.secrets.tls13(name)));
        self
    }

    /// What the victim makes of these bytes.
    pub fn attack(&mut self, bytes: &[u8]) -> Outcome {
        deliver(&mut self.victim, bytes);
        let (mut read, mut sent, mut part) = (Vec::new(), Vec::new(), [0; 1000]);
        let error = loop {
            match self.victim.read(&mut part) {
                Ok(Step::Done(0) | Step::Receive | Step::Verify) => break None,
                Ok(Step::Done(count)) => read.extend_from_slice(&part[..count]),
                Ok(Step::Send) => sent.extend(take(&mut self.victim)),
                Err(error) => break Some(error),
            }
        };
        sent.extend(take(&mut self.victim));
        self.alert = self.alert_in(&sent).or(self.alert);
        Outcome { alert: self.alert, error, read }
    }

    fn alert_in(&self, sent: &[u8]) -> Option<u8> {
        let mut alerts = records(sent).into_iter().filter_map(|record| {
            let encrypted = || self.theirs.iter().find_map(|keys| keys.open(record)).filter(|(content_type, _)| *content_type == ALERT);
            match *record {
                [ALERT, _, _, 0, 2, _, description] => Some(description),
                _ => encrypted().map(|(_, content)| content[1]),
            }
        });
        alerts.next_back()
    }
}
