//! What the shells in C, Python and JavaScript repeat of the engine's numbers is the same.

use micropython_ssl::numbers;

#[test]
fn the_longest_send_and_datagram_are_the_engines() {
    let (c, python) = (include_str!("../wasi/tlssocket.c"), include_str!("../web/micropython/_plaintext.py"));
    let example = include_str!("../examples/dtls_server.py");
    assert_eq!(defined(c, "#define MAX_SEND ("), numbers::MAX_SEND);
    assert_eq!(defined(python, "\n_MAX_SEND = "), numbers::MAX_SEND);
    assert_eq!(defined(c, "#define DATAGRAM_BUFFER ("), numbers::MAX_DATAGRAM);
    assert_eq!(defined(python, "\nMAX_DATAGRAM = "), numbers::MAX_DATAGRAM);
    assert_eq!(defined(example, "sock.recvfrom("), numbers::MAX_DATAGRAM);
}

#[test]
fn protocols_have_micropythons_numbers() {
    let (server, datagram) = (numbers::PROTOCOL_SERVER as usize, numbers::PROTOCOL_DATAGRAM as usize);
    let c = include_str!("../wasi/modtls.c");
    assert_eq!(defined(c, "#define PROTOCOL_SERVER ("), server);
    assert_eq!(defined(c, "#define PROTOCOL_DATAGRAM ("), datagram);
    for shell in [include_str!("../web/micropython/tls.py"), include_str!("../web/sockets/context.js")] {
        assert_eq!(defined(shell, "PROTOCOL_TLS_CLIENT = "), 0);
        assert_eq!(defined(shell, "PROTOCOL_TLS_SERVER = "), server);
        assert_eq!(defined(shell, "PROTOCOL_DTLS_CLIENT = "), datagram);
    }
    assert_eq!(defined(include_str!("../web/micropython/tls.py"), "PROTOCOL_DTLS_SERVER = "), datagram | server);
    assert_eq!(defined(include_str!("../web/bridge.js"), "const DATAGRAM = "), datagram);
}

#[test]
fn versions_have_the_numbers_of_records() {
    let (tls12, tls13) = (usize::from(numbers::TLS_1_2), usize::from(numbers::TLS_1_3));
    for (shell, tls_1_2, tls_1_3) in [
        (include_str!("../wasi/modtls.c"), "#define TLS_1_2 (", "#define TLS_1_3 ("),
        (include_str!("../web/micropython/tls.py"), "TLSv1_2 = ", "TLSv1_3 = "),
        (include_str!("../web/sockets/context.js"), "\"TLSv1.2\": ", "\"TLSv1.3\": "),
    ] {
        assert_eq!((defined(shell, tls_1_2), defined(shell, tls_1_3)), (tls12, tls13), "{tls_1_2}");
    }
}

#[test]
fn errors_of_files_have_the_same_linux_numbers_in_c_and_javascript() {
    let (c, header) = (include_str!("../wasi/errno.c"), include_str!("../wasi/include/errno.h"));
    let c: Vec<_> = c
        .lines()
        .filter_map(|line| line.trim().strip_prefix("[__WASI_ERRNO_")?.strip_suffix(',')?.split_once("] = "))
        // JavaScript has the errors of libc, which end before this one.
        .filter(|(wasi, _)| *wasi != "NOTCAPABLE")
        .map(|(_, name)| defined(header, &format!("#define {name} (")))
        .collect();
    let (_, rest) = include_str!("../web/filesystem.js").split_once("const LINUX = [").unwrap();
    let (javascript, _) = rest.split_once(']').unwrap();
    let javascript: Vec<usize> =
        javascript.split([',', ' ', '\n']).filter(|word| !word.is_empty()).map(|word| word.parse().unwrap()).collect();
    assert_eq!(javascript.len(), 75);
    assert_eq!(c, javascript);
}

/// The number behind the first place that reads so.
fn defined(source: &str, before: &str) -> usize {
    let (_, rest) = source.split_once(before).unwrap_or_else(|| panic!("there is no {before:?}"));
    let digits = rest.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    let number = match digits.strip_prefix("0x") {
        Some(digits) => usize::from_str_radix(digits, 16),
        None => digits.parse(),
    };
    number.unwrap_or_else(|_| panic!("{before:?} is followed by {digits:?}"))
}
