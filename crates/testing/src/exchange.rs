//! One request as a service sees it, and the ways to answer it.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Response, StatusCode};
use serde_json::{Value, json};

/// A whole answer, before a fault may spoil it.
pub(super) type Reply = Response<Bytes>;

/// A request that has been read to its end.
#[derive(Clone)]
pub(super) struct Asked {
    pub(super) verb: Method,
    /// As sent, without the query.
    pub(super) path: String,
    pub(super) query: Form,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// `http://127.0.0.1:PORT` of the service that was asked.
    pub(super) base: String,
}

impl Asked {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(super) fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    /// The decoded segments of the path.
    pub(super) fn segments(&self) -> Vec<String> {
        self.path.trim_start_matches('/').split('/').map(|part| decode(part, false)).collect()
    }

    pub(super) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// Names and values of a query or of a form body, decoded, in the order they came.
#[derive(Clone, Default)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    pub(super) fn parse(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name, true), decode(value, true))
        };
        Self(pairs.map(pair).collect())
    }

    /// A body that is a form, or the JSON object that some clients send in its place.
    pub(super) fn from_body(asked: &Asked) -> Self {
        match asked.json() {
            Some(Value::Object(fields)) => {
                let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                Self(fields.into_iter().map(|(name, value)| (name, text(value))).collect())
            }
            _ => Self::parse(&String::from_utf8_lossy(&asked.body)),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Undoes percent-encoding, and `+` for a space where `plus` says so.
pub(super) fn decode(text: &str, plus: bool) -> String {
    let mut rest = text.as_bytes();
    let mut out = Vec::with_capacity(rest.len());
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match (first, hex_pair(after)) {
            (b'%', Some(byte)) => {
                out.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            (b'+', _) if plus => out.push(b' '),
            (other, _) => out.push(*other),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn hex_pair(bytes: &[u8]) -> Option<u8> {
    let digit = |at: usize| char::from(*bytes.get(at)?).to_digit(16);
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}

/// Percent-encodes a path segment: everything but letters, digits and `-._~`.
pub(super) fn encode(text: &str) -> String {
    percent(text, |byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

/// Percent-encodes every byte that is not plain.
pub(super) fn percent(text: &str, plain: impl Fn(u8) -> bool) -> String {
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

pub(super) fn reply(status: StatusCode, content_type: &str, body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(body.into());
    *reply.status_mut() = status;
    with(reply, CONTENT_TYPE.as_str(), content_type)
}

pub(super) fn empty(status: StatusCode) -> Reply {
    let mut reply = Response::new(Bytes::new());
    *reply.status_mut() = status;
    reply
}

/// JSON as Google's front ends print it: indented, with a line feed at the end.
pub(super) fn json(status: StatusCode, body: &Value) -> Reply {
    reply(status, "application/json; charset=UTF-8", format!("{body:#}\n"))
}

/// Google's error page: what its front ends answer where no API is behind a path.
pub(super) fn html(status: StatusCode, sentence: &str) -> Reply {
    let (code, reason) = (status.as_u16(), status.canonical_reason().unwrap_or("Error"));
    let page = format!(
        "<!DOCTYPE html>\n<html lang=en>\n  <meta charset=utf-8>\n  <title>Error {code} ({reason})!!1</title>\n  \
         <p><b>{code}.</b> <ins>That\u{2019}s an error.</ins>\n  <p>{sentence}  <ins>That\u{2019}s all we know.</ins>\n"
    );
    reply(status, "text/html; charset=UTF-8", page)
}

/// The reply with one more header. A value that no header can hold is left out.
pub(super) fn with(mut reply: Reply, name: &str, value: &str) -> Reply {
    let pair = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value));
    if let (Ok(name), Ok(value)) = pair {
        reply.headers_mut().insert(name, value);
    }
    reply
}

/// The error object of Google's older stack, which Cloud Storage and Compute Engine still send:
/// no `status`, no `details`.
pub(super) fn legacy_error(code: StatusCode, reason: &str, message: &str) -> Value {
    json!({"error": {
        "code": code.as_u16(),
        "message": message,
        "errors": [{"message": message, "domain": "global", "reason": reason}],
    }})
}

/// The challenge that lists the scopes a call accepts: any one of them is enough.
pub(super) fn challenge(scopes: &[String]) -> String {
    format!(
        r#"Bearer realm="https://accounts.google.com/", error="insufficient_scope", scope="{}""#,
        scopes.join(" ")
    )
}

/// Base64url without padding, as in a JWT.
pub(super) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The claims of a JWT whose signature nobody checks. gcp_auth pads its parts, and Google takes that.
pub(super) fn jwt_claims(jwt: &str) -> Option<Value> {
    let claims = URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1)?.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&claims).ok()
}

/// A number nobody can guess, as hexadecimal digits. Test data, not cryptography.
pub(super) fn random_hex() -> String {
    let word = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", word(), word())
}

/// Seconds since 1970.
pub(super) fn unix(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// `2026-01-31T23:59:59.000Z`.
pub(super) fn rfc3339(time: SystemTime) -> String {
    let seconds = unix(time);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    let (year, month, day) = civil(seconds / 86_400);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.000Z")
}

/// `Sat, 31 Jan 2026 23:59:59 GMT`.
pub(super) fn http_date(time: SystemTime) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let days = unix(time) / 86_400;
    let (year, month, day) = civil(days);
    let name = |names: &[&'static str], place: u64| names.get(place as usize).copied().unwrap_or_default();
    let clock = rfc3339(time).get(11..19).unwrap_or_default().to_owned();
    format!("{}, {day:02} {} {year:04} {clock} GMT", name(&DAYS, days % 7), name(&MONTHS, month - 1))
}

/// Year, month and day of a day counted from 1970-01-01.
/// Source: <https://howardhinnant.github.io/date_algorithms.html#civil_from_days>.
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn decoding_undoes_encoding_and_leaves_stray_percent_signs() {
        for (text, plain) in
            [("a%2Fb", "a/b"), ("100%", "100%"), ("%zz", "%zz"), ("%4", "%4"), ("a+b", "a+b")]
        {
            assert_eq!(decode(text, false), plain, "{text}");
        }
        assert_eq!(decode("a+b%20c", true), "a b c");
        assert_eq!(decode(&encode("a/b c\u{e9}"), false), "a/b c\u{e9}");
    }

    #[test]
    fn time_is_printed_as_a_calendar_date() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399, "2000-02-28T23:59:59.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (1_767_225_599, "2025-12-31T23:59:59.000Z"),
        ] {
            assert_eq!(rfc3339(UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
        // The example of https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7.
        assert_eq!(http_date(UNIX_EPOCH + Duration::from_secs(784_111_777)), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
