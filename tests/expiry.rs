//! A session ends with the first certificate of its chain that expires, and with its age:
//! resumption never outlives them.

mod support;

use micropython_ssl::context::{Context, Version};
use micropython_ssl::error::{Error, VerifyFlags};
use micropython_ssl::tls::TlsStream;
use micropython_ssl::verify::{CERT_NONE, CERT_REQUIRED, Endpoint};
use support::pki::*;
use support::wire::{NAME, deliver, handshake, only, read_available, server, write};

const VERSIONS: [Version; 2] = [Version::Tls12, Version::Tls13];
const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const EXPIRED: Error = Error::Verification(VerifyFlags::EXPIRED);
/// One hour after [`NOW`].
const IN_AN_HOUR: &str = "260101010000Z";
const LATER: &str = "400101000000Z";

/// Two contexts and a clock that both are told.
struct World {
    client: Context,
    server: Context,
}

impl World {
    /// Both sides show a chain of leaf, intermediate and root; each of the three is valid until the
    /// time given for it.
    fn new(version: Version, mutual: bool, leaf: &str, intermediate: &str, root: &str) -> Self {
        let (root_key, middle_key, key) = (Key::P256(1), Key::P256(2), Key::P256(3));
        let from = "200101000000Z";
        let root = Cert::ca("Root", root_key).valid(from, root).sign(root_key);
        let middle = Cert::ca("Middle", middle_key).valid(from, intermediate).issued_by("Root").sign(root_key);
        let leaf = Cert::new(NAME, key).valid(from, leaf).with(alt_names(&[dns(NAME)])).issued_by("Middle").sign(middle_key);
        let context = |endpoint| {
            let mut context = Context::new(endpoint);
            context.verify().add_anchors(&root).unwrap();
            context.load_cert_chain(&leaf, &key.private()).unwrap();
            context.load_cert_chain(&middle, &key.private()).unwrap();
            only(context, version)
        };
        let world = Self { client: context(Endpoint::Client), server: context(Endpoint::Server) };
        world.server.verify().set_mode(if mutual { CERT_REQUIRED } else { CERT_NONE }).unwrap();
        world
    }

    /// A connection at this time, with a message from the server: how it came about, or how the
    /// client's and the server's side failed.
    fn connect(&self, time: u64) -> Result<&'static str, [Option<Error>; 2]> {
        self.connect_to(time, Some(NAME))
    }

    fn connect_to(&self, time: u64, name: Option<&str>) -> Result<&'static str, [Option<Error>; 2]> {
        self.client.set_time(time);
        self.server.set_time(time);
        let mut ours = TlsStream::new(self.client.connect(name.map(str::as_bytes), false).unwrap());
        let mut theirs = server(&self.server);
        let ends = handshake(&mut ours, &mut theirs, usize::MAX);
        if ends != (Ok(()), Ok(())) {
            return Err([ends.0.err(), ends.1.err()]);
        }
        deliver(&mut ours, &write(&mut theirs, b"x"));
        assert_eq!(read_available(&mut ours), Ok((b"x".to_vec(), false)));
        Ok(match format!("{:?}", ours.connection().handshake_kind().unwrap()).as_str() {
            "Full" => "full",
            "Resumed" => "resumed",
            other => panic!("{other}"),
        })
    }
}

#[test]
fn no_session_outlives_a_certificate_of_its_chain() {
    let chains = [("leaf", [IN_AN_HOUR, LATER, LATER]), ("intermediate", [LATER, IN_AN_HOUR, LATER]), ("root", [LATER, LATER, IN_AN_HOUR])];
    for version in VERSIONS {
        for mutual in [false, true] {
            for (which, [leaf, intermediate, root]) in chains {
                let world = World::new(version, mutual, leaf, intermediate, root);
                let case = format!("{version:?}, mutual: {mutual}, {which}");
                assert_eq!(world.connect(NOW), Ok("full"), "{case}");
                // Each resumption gives a new ticket, and none a longer life.
                for minutes in [20, 40, 60] {
                    assert_eq!(world.connect(NOW + minutes * MINUTE), Ok("resumed"), "{case}, after {minutes} minutes");
                }
                let ours = world.connect(NOW + HOUR + 1).map_err(|[ours, _]| ours);
                assert_eq!(ours, Err(Some(EXPIRED)), "{case}");
            }
        }
    }
}

#[test]
fn a_servers_session_ends_with_the_clients_certificate() {
    for version in VERSIONS {
        let world = World::new(version, true, IN_AN_HOUR, LATER, LATER);
        // Only the server looks at certificates.
        world.client.verify().set_mode(CERT_NONE).unwrap();
        assert_eq!(world.connect(NOW), Ok("full"));
        assert_eq!(world.connect(NOW + HOUR), Ok("resumed"));
        let theirs = match world.connect(NOW + HOUR + 1) {
            Err([_, theirs]) => theirs,
            Ok(kind) => panic!("{version:?}: {kind}"),
        };
        assert_eq!(theirs, Some(EXPIRED), "{version:?}");
    }
}

#[test]
fn a_new_certificate_takes_the_place_of_the_expired_one() {
    for version in VERSIONS {
        let mut world = World::new(version, false, IN_AN_HOUR, LATER, LATER);
        assert_eq!(world.connect(NOW), Ok("full"));
        let renewed = World::new(version, false, LATER, LATER, LATER);
        world.server = renewed.server;
        assert_eq!(world.connect(NOW + 2 * HOUR), Ok("full"), "{version:?}");
        assert_eq!(world.connect(NOW + 2 * HOUR), Ok("resumed"), "{version:?}");
    }
}

#[test]
fn a_session_ends_a_day_after_its_full_handshake() {
    for version in VERSIONS {
        for mutual in [false, true] {
            let world = World::new(version, mutual, LATER, LATER, LATER);
            assert_eq!(world.connect(NOW), Ok("full"));
            for hours in [8, 16, 24] {
                assert_eq!(world.connect(NOW + hours * HOUR), Ok("resumed"), "{version:?}, after {hours} hours");
            }
            assert_eq!(world.connect(NOW + DAY + 1), Ok("full"), "{version:?}");
            assert_eq!(world.connect(NOW + DAY + 1), Ok("resumed"), "{version:?}");
        }
    }
}

#[test]
fn a_clock_that_was_set_back_ends_a_session() {
    for version in VERSIONS {
        let world = World::new(version, false, LATER, LATER, LATER);
        assert_eq!(world.connect(NOW), Ok("full"));
        assert_eq!(world.connect(NOW - 1), Ok("full"), "{version:?}");
    }
}

#[test]
fn a_connection_without_a_name_shows_no_server_the_ticket_of_another() {
    for version in VERSIONS {
        let world = World::new(version, false, LATER, LATER, LATER);
        world.client.verify().set_mode(CERT_NONE).unwrap();
        for _ in 0..3 {
            assert_eq!(world.connect_to(NOW, None), Ok("full"), "{version:?}");
        }
    }
}
