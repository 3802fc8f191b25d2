//! What a certificate says, as CPython's `getpeercert()` tells it.

use alloc::borrow::Cow;
use alloc::string::String;

use super::asn1::{BMP_STRING, UNIVERSAL_STRING, UTF8_STRING};
use super::{Certificate, GeneralName, Name, time};

impl Certificate<'_> {
    /// The certificate as an object of JSON: CPython's dictionary, with arrays in the place of
    /// tuples. `OCSP`, `caIssuers` and `crlDistributionPoints` are left out.
    pub fn to_json(&self) -> String {
        let mut json = Json(String::new());
        json.open('{');
        json.key("subject");
        json.name(&self.subject);
        json.key("issuer");
        json.name(&self.issuer);
        json.key("version");
        json.0.push(char::from(b'0' + self.version as u8));
        json.key("serialNumber");
        json.string(&serial(self.serial));
        json.key("notBefore");
        json.string(&time::text(self.not_before));
        json.key("notAfter");
        json.string(&time::text(self.not_after));
        if self.extensions.has_subject_alt_name() {
            json.key("subjectAltName");
            json.open('[');
            self.extensions.subject_alt_names().for_each(|name| json.general_name(name));
            json.0.push(']');
        }
        json.0.push('}');
        json.0
    }
}

/// JSON that is being written.
struct Json(String);

impl Json {
    /// An array of pairs for each set of attributes.
    fn name(&mut self, name: &Name<'_>) {
        self.open('[');
        let mut is_first = true;
        for attribute in name.attributes() {
            if is_first {
                self.open('[');
            }
            self.pair(&attribute_name(attribute.oid), &text(attribute.tag, attribute.value));
            is_first = !attribute.merged;
            if is_first {
                self.0.push(']');
            }
        }
        self.0.push(']');
    }

    fn general_name(&mut self, name: GeneralName<'_>) {
        let (kind, value) = match name {
            GeneralName::Dns(name) => ("DNS", String::from_utf8_lossy(name)),
            GeneralName::Email(name) => ("email", String::from_utf8_lossy(name)),
            GeneralName::Uri(name) => ("URI", String::from_utf8_lossy(name)),
            GeneralName::Ip(address) => ("IP Address", ip_address(address).into()),
            GeneralName::Id(oid) => ("Registered ID", dotted(oid).into()),
            GeneralName::Other => ("othername", "<unsupported>".into()),
            GeneralName::Directory(name) => {
                self.open('[');
                self.string("DirName");
                self.name(&name);
                self.0.push(']');
                return;
            }
        };
        self.pair(kind, &value);
    }

    fn pair(&mut self, first: &str, second: &str) {
        self.open('[');
        self.string(first);
        self.string(second);
        self.0.push(']');
    }

    fn key(&mut self, name: &str) {
        self.string(name);
        self.0.push(':');
    }

    fn open(&mut self, bracket: char) {
        self.separate();
        self.0.push(bracket);
    }

    fn string(&mut self, text: &str) {
        self.separate();
        self.0.push('"');
        for character in text.chars() {
            match character {
                '"' | '\\' => self.0.extend(['\\', character]),
                ..' ' => {
                    self.0.push_str("\\u00");
                    push_hexadecimal(&mut self.0, character as u8);
                }
                _ => self.0.push(character),
            }
        }
        self.0.push('"');
    }

    /// Writes a comma, but after what has opened something or is a key.
    fn separate(&mut self) {
        if !matches!(self.0.as_bytes().last(), None | Some(b'[' | b'{' | b':')) {
            self.0.push(',');
        }
    }
}

/// In hexadecimal digits, without zeros in front but one that completes a byte; what is negative
/// has a sign.
fn serial(number: &[u8]) -> String {
    let mut text = String::new();
    let mut bytes = number.to_vec();
    if number.first().is_some_and(|first| first & 0x80 != 0) {
        text.push('-');
        let mut carry = true;
        for byte in bytes.iter_mut().rev() {
            (*byte, carry) = (!*byte).overflowing_add(carry.into());
        }
    }
    let zeros = bytes.iter().take(bytes.len().saturating_sub(1)).take_while(|byte| **byte == 0).count();
    bytes[zeros..].iter().for_each(|byte| push_hexadecimal(&mut text, *byte));
    text
}

/// The text of a string type. Bytes that are none become U+FFFD.
fn text(tag: u8, value: &[u8]) -> Cow<'_, str> {
    match tag {
        UTF8_STRING => String::from_utf8_lossy(value),
        BMP_STRING => characters::<2>(value),
        UNIVERSAL_STRING => characters::<4>(value),
        _ => characters::<1>(value),
    }
}

/// The text of characters of so many bytes.
fn characters<const LEN: usize>(value: &[u8]) -> Cow<'_, str> {
    let number = |bytes: &[u8; LEN]| bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte));
    value.as_chunks().0.iter().map(|bytes| char::from_u32(number(bytes)).unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// As CPython writes it: of IPv6 all eight groups, without zeros in front.
fn ip_address(address: &[u8]) -> String {
    let mut text = String::new();
    if address.len() == 4 {
        for byte in address {
            push_number(&mut text, u64::from(*byte));
            text.push('.');
        }
    } else {
        for [high, low] in address.as_chunks().0 {
            let begin = text.len();
            push_hexadecimal(&mut text, *high);
            push_hexadecimal(&mut text, *low);
            let zeros = text[begin..].bytes().take(3).take_while(|digit| *digit == b'0').count();
            text.drain(begin..begin + zeros);
            text.push(':');
        }
    }
    text.pop();
    text
}

/// OpenSSL's long name of an attribute's type, or its OID.
fn attribute_name(oid: &[u8]) -> Cow<'static, str> {
    let name = match oid {
        [0x55, 0x04, number] => match number {
            3 => "commonName",
            4 => "surname",
            5 => "serialNumber",
            6 => "countryName",
            7 => "localityName",
            8 => "stateOrProvinceName",
            9 => "streetAddress",
            10 => "organizationName",
            11 => "organizationalUnitName",
            12 => "title",
            13 => "description",
            15 => "businessCategory",
            17 => "postalCode",
            41 => "name",
            42 => "givenName",
            43 => "initials",
            44 => "generationQualifier",
            45 => "x500UniqueIdentifier",
            46 => "dnQualifier",
            65 => "pseudonym",
            97 => "organizationIdentifier",
            _ => return dotted(oid).into(),
        },
        // 1.2.840.113549.1.9.1
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01] => "emailAddress",
        // 0.9.2342.19200300.100.1
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 1] => "userId",
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 25] => "domainComponent",
        // 1.3.6.1.4.1.311.60.2.1
        [0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x3c, 0x02, 0x01, 1] => "jurisdictionLocalityName",
        [0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x3c, 0x02, 0x01, 2] => "jurisdictionStateOrProvinceName",
        [0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x3c, 0x02, 0x01, 3] => "jurisdictionCountryName",
        _ => return dotted(oid).into(),
    };
    name.into()
}

/// An OID in numbers with dots between. What is none, or has longer numbers than 64 bits, is `?`.
fn dotted(oid: &[u8]) -> String {
    let mut text = String::new();
    let mut number = 0u64;
    for byte in oid {
        if number >> (u64::BITS - 7) != 0 {
            return "?".into();
        }
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 != 0 {
            continue;
        }
        if text.is_empty() {
            let first = (number / 40).min(2);
            push_number(&mut text, first);
            number -= 40 * first;
        }
        text.push('.');
        push_number(&mut text, number);
        number = 0;
    }
    if text.is_empty() || number != 0 { "?".into() } else { text }
}

fn push_number(text: &mut String, number: u64) {
    if number > 9 {
        push_number(text, number / 10);
    }
    text.push(char::from(b'0' + (number % 10) as u8));
}

fn push_hexadecimal(text: &mut String, byte: u8) {
    for digit in [byte >> 4, byte & 15] {
        text.push(char::from(b"0123456789ABCDEF"[usize::from(digit)]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_oid_is_numbers_with_dots_between() {
        for (oid, expected) in [
            (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d][..], "1.2.840.113549"),
            (&[0x55, 0x1d, 0x11], "2.5.29.17"),
            (&[0x88, 0x37, 0x03], "2.999.3"),
            (&[0x00], "0.0"),
            (&[0x69, 0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], "2.25.18446744073709551615"),
            (&[0x69, 0x82, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00], "?"),
            (&[0x2a, 0x86], "?"),
            (&[], "?"),
        ] {
            assert_eq!(dotted(oid), expected);
        }
    }

    #[test]
    fn addresses_are_written_as_cpython_does() {
        assert_eq!(ip_address(&[127, 0, 0, 1]), "127.0.0.1");
        assert_eq!(ip_address(&[0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff]), "2001:DB8:0:0:0:0:0:FF");
    }

    #[test]
    fn text_of_every_type_is_unicode() {
        for (tag, value, expected) in [
            (UTF8_STRING, &b"K\xc3\xb6ln"[..], "Köln"),
            (UTF8_STRING, b"K\xf6ln", "K\u{fffd}ln"),
            (0x13, b"K\xf6ln", "Köln"),
            (0x14, b"K\xf6ln", "Köln"),
            (BMP_STRING, b"\0K\0\xf6\x20\xac", "Kö€"),
            (BMP_STRING, b"\xd8\0\0K", "\u{fffd}K"),
            (UNIVERSAL_STRING, b"\0\x01\xf4\x0d", "🐍"),
        ] {
            assert_eq!(text(tag, value), expected);
        }
    }

    #[test]
    fn a_string_of_json_keeps_every_character() {
        let mut json = Json(String::new());
        json.string("a\"b\\c\nd\0e\u{7f}é🐍");
        assert_eq!(json.0, "\"a\\\"b\\\\c\\u000Ad\\u0000e\u{7f}é🐍\"");
    }

    #[test]
    fn a_serial_number_has_its_sign_and_no_zeros_in_front() {
        for (number, expected) in [
            (&[0, 0x8f, 1][..], "8F01"),
            (&[0], "00"),
            (&[0, 0, 5], "05"),
            (&[0xf7, 0x80], "-0880"),
            (&[0xff], "-01"),
            (&[0x80, 0], "-8000"),
            (&[], ""),
        ] {
            assert_eq!(serial(number), expected);
        }
    }
}
