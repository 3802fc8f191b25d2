//! Whom a leaf is for.

use super::super::pki::*;
use super::{CA, Case, MISMATCH, Verdict, ca, leaf, leaf_called, leaf_for};

pub(super) fn hosts() -> Vec<Case> {
    let by_name = |name, names: &[&str], host| Case::new(name, [leaf_for(&names.iter().map(dns).collect::<Vec<_>>())], [ca()]).host(host);
    let by_common_name = |name, common_name: &str, host| Case::new(name, [leaf_called(common_name)], [ca()]).host(host);
    let both = |alt: Vec<u8>| [leaf().with(alt_names(&[alt])).sign(CA)];
    let two_common_names = {
        let mut leaf = leaf();
        leaf.subject = name_of(&[(3, 0x0c, b"first"), (3, 0x0c, b"host")]);
        [leaf.sign(CA)]
    };
    let organization = {
        let mut leaf = leaf();
        leaf.subject = name_of(&[(10, 0x0c, b"host")]);
        [leaf.sign(CA)]
    };
    let wide_string = {
        let mut leaf = leaf();
        leaf.subject = name_of(&[(3, 0x1e, b"\0h\0o\0s\0t")]);
        [leaf.sign(CA)]
    };
    let email = der(0x81, b"host");
    let directory = der(0xa4, &name("host"));
    let uri = der(0x86, b"host");
    const LONG: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\
                        .ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc.ddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd";
    vec![
        by_name("a name", &["host"], "host"),
        by_name("another name", &["other"], "host").flawed(MISMATCH),
        by_name("the second of two names", &["other", "host"], "host"),
        by_name("a name in another case", &["HoSt.Example"], "hOsT.eXAMPLE"),
        by_name("characters that differ like cases", &["h[st"], "h{st").flawed(MISMATCH),
        by_name("a longer name", &["hosts"], "host").flawed(MISMATCH),
        by_name("a shorter name", &["hos"], "host").flawed(MISMATCH),
        by_name("a name of 253 characters", &[LONG], LONG),
        by_name("a wildcard", &["*.example.com"], "a.example.com"),
        by_name("a wildcard in another case", &["*.EXAMPLE.com"], "a.example.COM"),
        by_name("a wildcard for the domain itself", &["*.example.com"], "example.com").flawed(MISMATCH),
        by_name("a wildcard for two labels", &["*.example.com"], "a.b.example.com").flawed(MISMATCH),
        by_name("a wildcard for an empty label", &["*.example.com"], ".example.com").flawed(MISMATCH),
        by_name("a wildcard for a suffix", &["*.example.com"], "a.badexample.com").flawed(MISMATCH),
        by_name("a wildcard above a top level", &["*.com"], "example.com"),
        by_name("a wildcard alone", &["*"], "host").flawed(MISMATCH),
        by_name("a wildcard and a dot", &["*."], "host.").flawed(MISMATCH),
        by_name("a wildcard in a label", &["h*.example.com"], "host.example.com").flawed(MISMATCH),
        by_name("a wildcard behind a label", &["a.*.com"], "a.example.com").flawed(MISMATCH),
        by_name("two wildcards", &["*.*.com"], "a.example.com").flawed(MISMATCH),
        by_name("two stars", &["**.example.com"], "a.example.com").flawed(MISMATCH),
        by_name("a wildcard as expected name", &["*.example.com"], "*.example.com"),
        by_name("a trailing dot expected", &["host"], "host.").flawed(MISMATCH),
        by_name("a trailing dot certified", &["host."], "host").flawed(MISMATCH),
        by_name("a trailing dot on both", &["host."], "host."),
        by_name("a leading dot certified", &[".example.com"], "a.example.com").flawed(MISMATCH),
        by_name("an internationalised name as its bytes", &["hôst"], "hôst"),
        by_name("an internationalised name in another case", &["hÔst"], "hôst").flawed(MISMATCH),
        by_name("nothing expected", &["host"], "").flawed(MISMATCH),
        by_name("nothing expected, nothing certified", &[""], "")
            .flawed(MISMATCH)
            .but_mbedtls(Verdict::Good, "an empty expected name matches nothing here"),
        by_name("a NUL in a name", &["host\0.evil.com"], "host").flawed(MISMATCH),
        by_name("a NUL at the end of a name", &["host\0"], "host").flawed(MISMATCH),
        by_name("a NUL in a wildcard", &["*.example.com\0.evil.com"], "a.example.com").flawed(MISMATCH),
        by_common_name("a common name", "host", "host"),
        by_common_name("a common name in another case", "HOST", "host"),
        by_common_name("another common name", "other", "host").flawed(MISMATCH),
        by_common_name("a wildcard as common name", "*.example.com", "a.example.com"),
        by_common_name("a NUL in a common name", "host\0.evil.com", "host").flawed(MISMATCH),
        by_common_name("a URL as common name", "https://host", "host").flawed(MISMATCH),
        Case::new("the second of two common names", two_common_names, [ca()]),
        Case::new("the host as organization", organization, [ca()]).flawed(MISMATCH),
        Case::new("a common name of two bytes a character", wide_string, [ca()]).flawed(MISMATCH),
        Case::new("another name beside the right common name", both(dns("other")), [ca()]).flawed(MISMATCH),
        Case::new("an address beside the right common name", both(ip(&[127, 0, 0, 1])), [ca()]).flawed(MISMATCH),
        Case::new("an e-mail address beside the right common name", both(email.clone()), [ca()]).flawed(MISMATCH),
        Case::new("an e-mail address that is the host", [leaf_for(&[email])], [ca()]).flawed(MISMATCH),
        Case::new("a directory name that is the host", [leaf_for(&[directory])], [ca()]).flawed(MISMATCH),
        Case::new("a URI that is the host", [leaf_for(&[uri])], [ca()])
            .flawed(MISMATCH)
            .but_mbedtls(Verdict::Good, "a URI names no host (RFC 9525, section 6.1)"),
        Case::new("an unknown kind of name", [leaf_for(&[der(0x8f, b"host"), dns("host")])], [ca()]),
    ]
}

pub(super) fn addresses() -> Vec<Case> {
    let v6 = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    let mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1];
    let case = |name, san: Vec<u8>, host| Case::new(name, [leaf_for(&[san])], [ca()]).host(host);
    vec![
        case("an IPv4 address", ip(&[10, 0, 0, 1]), "10.0.0.1"),
        case("another IPv4 address", ip(&[10, 0, 0, 2]), "10.0.0.1").flawed(MISMATCH),
        case("an IPv4 address with leading zeros", ip(&[10, 0, 0, 1]), "10.0.0.01").flawed(MISMATCH),
        case("an IPv4 address of three numbers", ip(&[10, 0, 0, 1]), "10.0.1").flawed(MISMATCH),
        case("an IPv4 address as one number", ip(&[10, 0, 0, 1]), "167772161").flawed(MISMATCH),
        case("a number that is no byte", ip(&[10, 0, 0, 0]), "10.0.0.256").flawed(MISMATCH),
        case("an IPv4 address with a space", ip(&[10, 0, 0, 1]), "10.0.0.1 ").flawed(MISMATCH),
        case("an IPv6 address", ip(&v6), "2001:db8::1"),
        case("an IPv6 address in full", ip(&v6), "2001:0DB8:0:0:0:0:0:0001"),
        case("another IPv6 address", ip(&v6), "2001:db8::2").flawed(MISMATCH),
        case("an IPv6 address in brackets", ip(&v6), "[2001:db8::1]").flawed(MISMATCH),
        case("an IPv6 address with a zone", ip(&v6), "2001:db8::1%eth0").flawed(MISMATCH),
        case("an IPv4 address in IPv6", ip(&mapped), "::ffff:10.0.0.1"),
        case("an IPv4 address certified in IPv6", ip(&mapped), "10.0.0.1").flawed(MISMATCH),
        case("an IPv6 address certified in IPv4", ip(&[10, 0, 0, 1]), "::ffff:10.0.0.1").flawed(MISMATCH),
        case("an address as DNS name", dns("10.0.0.1"), "10.0.0.1"),
        case("an address in a DNS wildcard", dns("*.0.0.1"), "10.0.0.1")
            .flawed(MISMATCH)
            .but_mbedtls(Verdict::Good, "a wildcard stands for a label, and addresses have none"),
        case("a host whose letters are an address", ip(b"host"), "host").flawed(MISMATCH),
        Case::new("an address as common name", [leaf_called("10.0.0.1")], [ca()]).host("10.0.0.1"),
        Case::new("an address in a common name's wildcard", [leaf_called("*.0.0.1")], [ca()])
            .host("10.0.0.1")
            .flawed(MISMATCH)
            .but_mbedtls(Verdict::Good, "a wildcard stands for a label, and addresses have none"),
    ]
}
