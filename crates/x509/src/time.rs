//! Times of X.509 (RFC 5280, section 4.1.2.5).

use super::asn1::{GENERALIZED_TIME, Reader, UTC_TIME};
use super::{Field, ParseError, at};

/// Reads a UTCTime or GeneralizedTime as seconds since 1970, UTC. As in mbedTLS the `Z` may be
/// missing and there are no leap seconds.
pub(crate) fn time(reader: &mut Reader<'_>) -> Result<i64, ParseError> {
    let invalid = ParseError::new(Field::Date, None);
    let tag = reader.peek();
    let (digits, century) = match tag {
        Some(UTC_TIME) => (12, false),
        Some(GENERALIZED_TIME) => (14, true),
        Some(_) => return Err(ParseError::new(Field::Date, Some(super::Malformed::UnexpectedTag))),
        None => return Err(ParseError::new(Field::Date, Some(super::Malformed::OutOfData))),
    };
    let (_, text) = reader.any().map_err(at(Field::Date))?;
    let text = match text.strip_suffix(b"Z") {
        Some(text) if text.len() == digits => text,
        None if text.len() == digits => text,
        _ => return Err(invalid),
    };
    let mut pairs = text.chunks_exact(2).map(|pair| match *pair {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => Ok(i64::from(tens - b'0') * 10 + i64::from(ones - b'0')),
        _ => Err(invalid),
    });
    let mut next = || pairs.next().unwrap_or(Err(invalid));
    let year = match (century, next()?) {
        (true, century) => century * 100 + next()?,
        (false, year @ 0..50) => 2000 + year,
        (false, year) => 1900 + year,
    };
    let (month, day, hour, minute, second) = (next()?, next()?, next()?, next()?, next()?);
    if !(1..=days_in(month, year)).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return Err(invalid);
    }
    Ok(((days_since_1970(year, month, day) * 24 + hour) * 60 + minute) * 60 + second)
}

/// Zero for what is no month.
fn days_in(month: i64, year: i64) -> i64 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 0,
    }
}

/// Days from 1970-01-01 in the Gregorian calendar. Years are counted from March, so that a leap day
/// is a year's last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days_before_month = (153 * month + 2) / 5;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + days_before_month + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tag: u8, text: &str) -> Option<i64> {
        let mut der = vec![tag, u8::try_from(text.len()).unwrap()];
        der.extend_from_slice(text.as_bytes());
        time(&mut Reader::new(&der)).ok()
    }

    #[test]
    fn times_are_seconds_since_1970() {
        assert_eq!(read(UTC_TIME, "700101000000Z"), Some(0));
        assert_eq!(read(UTC_TIME, "491231235959Z"), Some(2_524_607_999));
        assert_eq!(read(UTC_TIME, "500101000000Z"), Some(-631_152_000));
        assert_eq!(read(GENERALIZED_TIME, "20240229120000Z"), Some(1_709_208_000));
        assert_eq!(read(GENERALIZED_TIME, "99991231235959Z"), Some(253_402_300_799));
        assert_eq!(read(GENERALIZED_TIME, "00000101000000Z"), Some(-62_167_219_200));
        assert_eq!(read(GENERALIZED_TIME, "20240229120000"), Some(1_709_208_000));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "20230229000000Z",
            "20241301000000Z",
            "20240100000000Z",
            "20240101240000Z",
            "20240101006000Z",
            "20240101000060Z",
            "2024010100000Z",
            "+0240101000000Z",
            "20240101000000+",
            "20240101000000ZZ",
            "",
        ] {
            assert_eq!(read(GENERALIZED_TIME, text), None, "{text}");
        }
        assert_eq!(read(0x16, "700101000000Z"), None);
    }
}
