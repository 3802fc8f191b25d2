//! Times of X.509 (RFC 5280, section 4.1.2.5).

use alloc::string::String;

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

/// A time as OpenSSL writes it, such as `Jan  5 09:34:43 2018 GMT`.
pub(crate) fn text(time: i64) -> String {
    let (days, seconds) = (time.div_euclid(DAY), time.rem_euclid(DAY));
    let (year, month, day) = date(days);
    let mut text = String::from(MONTHS[month as usize - 1]);
    for (separator, number) in [(' ', day), (' ', seconds / 3600), (':', seconds / 60 % 60), (':', seconds % 60), (' ', year / 100)] {
        text.push(separator);
        push_two_digits(&mut text, number);
    }
    push_two_digits(&mut text, year % 100);
    if day < 10 {
        text.replace_range(4..5, " ");
    }
    text.push_str(" GMT");
    text
}

fn push_two_digits(text: &mut String, number: i64) {
    for digit in [number / 10, number % 10] {
        text.push(char::from(b'0' + digit as u8));
    }
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/// Seconds of a day.
const DAY: i64 = 24 * 60 * 60;

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
    days_before_year(year) + days_before_month(month) + day - 1 - EPOCH
}

/// The year, the month and the day, so many days after 1970-01-01.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + EPOCH;
    // By the length of the average year, which may be one too many or too few.
    let guess = 400 * days / DAYS_IN_400_YEARS;
    let year = (guess - 1..=guess + 1).rfind(|&year| days_before_year(year) <= days).unwrap_or(guess);
    let day = days - days_before_year(year);
    let month = (5 * day + 2) / 153;
    let day = day - days_before_month(month) + 1;
    if month < 10 { (year, month + 3, day) } else { (year + 1, month - 9, day) }
}

fn days_before_year(year: i64) -> i64 {
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400)
}

fn days_before_month(month: i64) -> i64 {
    (153 * month + 2) / 5
}

/// Days from the beginning of the year 0, which is in March, to 1970-01-01.
const EPOCH: i64 = 719_468;
const DAYS_IN_400_YEARS: i64 = 146_097;

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
    fn times_are_written_as_openssl_does() {
        for (time, written) in [
            (0, "Jan  1 00:00:00 1970 GMT"),
            (1_709_208_000, "Feb 29 12:00:00 2024 GMT"),
            (1_709_251_199, "Feb 29 23:59:59 2024 GMT"),
            (1_709_251_200, "Mar  1 00:00:00 2024 GMT"),
            (-631_152_000, "Jan  1 00:00:00 1950 GMT"),
            (253_402_300_799, "Dec 31 23:59:59 9999 GMT"),
        ] {
            assert_eq!(text(time), written);
        }
    }

    #[test]
    fn every_day_has_its_date() {
        let mut day = -719_528; // the first of the year 0
        for year in 0..=9999 {
            for month in 1..=12 {
                for day_of_month in 1..=days_in(month, year) {
                    assert_eq!(date(day), (year, month, day_of_month));
                    day += 1;
                }
            }
        }
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
