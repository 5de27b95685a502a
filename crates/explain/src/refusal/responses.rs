//! Splits a text into the HTTP responses that it contains: one pasted response, or the responses of
//! a multipart batch.

use std::str::FromStr;

use http::{HeaderMap, HeaderName, HeaderValue};

/// How many responses of a text are read. A batch has at most 100 calls
/// (<https://docs.cloud.google.com/storage/docs/batch>).
const RESPONSE_LIMIT: usize = 100;
/// How many headers of a response are read. That is several times as many as Google sends.
const HEADER_LIMIT: usize = 100;

/// An HTTP response within a text.
pub(super) struct Response<'a> {
    pub(super) status: Option<u16>,
    pub(super) headers: HeaderMap,
    pub(super) body: &'a str,
}

/// Returns the responses in a text: a response for each status line, or one response if the text
/// begins with headers. Returns an empty list for other texts.
pub(super) fn split(text: &str) -> Vec<Response<'_>> {
    let starts: Vec<usize> = line_starts(text)
        .filter(|start| text.get(*start..).and_then(parse_status_line).is_some())
        .take(RESPONSE_LIMIT)
        .collect();
    if starts.is_empty() {
        let headers = text.lines().take(2).filter_map(parse_header);
        let begins_with_headers = headers.filter(|(name, _)| is_typical_header(name)).count() == 2;
        return if begins_with_headers { vec![parse_response(None, text)] } else { Vec::new() };
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let slices = starts.iter().zip(ends).filter_map(|(start, end)| text.get(*start..end));
    slices.map(|slice| parse_response(parse_status_line(slice), after_line(slice))).collect()
}

/// Parses the headers and the body of a response. `text` begins after the status line.
fn parse_response(status: Option<u16>, text: &str) -> Response<'_> {
    let mut headers = HeaderMap::new();
    let mut rest = text;
    while let Some((name, value)) = rest.lines().next().and_then(parse_header) {
        if headers.len() < HEADER_LIMIT {
            headers.append(name, value);
        }
        rest = after_line(rest);
    }
    // Skips the empty line after the headers. `curl -v` prints that line as `<`.
    let body = if rest.lines().next().is_some_and(|line| without_curl_mark(line).is_empty()) {
        after_line(rest)
    } else {
        rest
    };
    Response { status, headers, body }
}

/// Returns the byte offsets at which lines begin.
fn line_starts(text: &str) -> impl Iterator<Item = usize> + '_ {
    [0].into_iter().chain(text.match_indices('\n').map(|(place, _)| place + 1))
}

/// Returns the text after its first line.
fn after_line(text: &str) -> &str {
    text.split_once('\n').map_or("", |(_, rest)| rest)
}

/// Returns the line without the `< ` that `curl -v` prints before each header it receives.
fn without_curl_mark(line: &str) -> &str {
    let line = line.trim_end();
    if line == "<" { "" } else { line.strip_prefix("< ").unwrap_or(line) }
}

/// Returns the status in the first line of a text, if that line is a status line.
fn parse_status_line(text: &str) -> Option<u16> {
    let line = without_curl_mark(text.lines().next()?);
    let (version, rest) = line.strip_prefix("HTTP/")?.split_once(' ')?;
    let is_version = version.starts_with(|c: char| c.is_ascii_digit()) && version.len() <= 3;
    rest.get(..3).filter(|_| is_version)?.parse().ok().filter(|status| (100..600).contains(status))
}

/// Returns whether a line that begins with this name and a colon is more likely a header than a log
/// line.
fn is_typical_header(name: &HeaderName) -> bool {
    name.as_str().contains('-')
        || ["date", "server", "vary", "via", "expires", "status"].contains(&name.as_str())
}

/// Parses a header line.
fn parse_header(line: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = without_curl_mark(line).split_once(':')?;
    let is_plain = !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
    let is_separate = value.is_empty() || value.starts_with(' ');
    let name = HeaderName::from_str(name).ok().filter(|_| is_plain && is_separate)?;
    Some((name, HeaderValue::from_str(value.trim()).ok()?))
}
