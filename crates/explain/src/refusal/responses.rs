//! The HTTP responses in a text: a pasted one, or those of a multipart batch.

use std::str::FromStr;

use http::{HeaderMap, HeaderName, HeaderValue};

/// How many responses of a text are read: a batch has at most 100 calls
/// (<https://docs.cloud.google.com/storage/docs/batch>).
const RESPONSE_LIMIT: usize = 100;
/// How many headers of a response are read: several times what Google sends.
const HEADER_LIMIT: usize = 100;

/// One response in a text.
pub(super) struct Response<'a> {
    pub(super) status: Option<u16>,
    pub(super) headers: HeaderMap,
    pub(super) body: &'a str,
}

/// The responses in a text: one for each status line, or one for a text that begins with headers.
/// Empty for anything else.
pub(super) fn split(text: &str) -> Vec<Response<'_>> {
    let starts: Vec<usize> = line_starts(text)
        .filter(|start| text.get(*start..).and_then(status_of).is_some())
        .take(RESPONSE_LIMIT)
        .collect();
    if starts.is_empty() {
        let headers = text.lines().take(2).filter_map(header);
        let begins_with_headers = headers.filter(|(name, _)| is_usual(name)).count() == 2;
        return if begins_with_headers { vec![response(None, text)] } else { Vec::new() };
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let slices = starts.iter().zip(ends).filter_map(|(start, end)| text.get(*start..end));
    slices.map(|slice| response(status_of(slice), after_line(slice))).collect()
}

fn response(status: Option<u16>, text: &str) -> Response<'_> {
    let mut headers = HeaderMap::new();
    let mut rest = text;
    while let Some((name, value)) = rest.lines().next().and_then(header) {
        if headers.len() < HEADER_LIMIT {
            headers.append(name, value);
        }
        rest = after_line(rest);
    }
    // The empty line after the headers, which `curl -v` marks too.
    let body = if rest.lines().next().is_some_and(|line| unmarked(line).is_empty()) {
        after_line(rest)
    } else {
        rest
    };
    Response { status, headers, body }
}

fn line_starts(text: &str) -> impl Iterator<Item = usize> + '_ {
    [0].into_iter().chain(text.match_indices('\n').map(|(place, _)| place + 1))
}

fn after_line(text: &str) -> &str {
    text.split_once('\n').map_or("", |(_, rest)| rest)
}

/// The line without the `< ` with which `curl -v` marks what it received.
fn unmarked(line: &str) -> &str {
    let line = line.trim_end();
    if line == "<" { "" } else { line.strip_prefix("< ").unwrap_or(line) }
}

fn status_of(text: &str) -> Option<u16> {
    let line = unmarked(text.lines().next()?);
    let (version, rest) = line.strip_prefix("HTTP/")?.split_once(' ')?;
    let is_version = version.starts_with(|c: char| c.is_ascii_digit()) && version.len() <= 3;
    rest.get(..3).filter(|_| is_version)?.parse().ok().filter(|status| (100..600).contains(status))
}

/// Whether it is a name that log lines, which have a name and a colon too, hardly have.
fn is_usual(name: &HeaderName) -> bool {
    name.as_str().contains('-')
        || ["date", "server", "vary", "via", "expires", "status"].contains(&name.as_str())
}

fn header(line: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = unmarked(line).split_once(':')?;
    let is_plain =
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
    let is_separate = value.is_empty() || value.starts_with(' ');
    let name = HeaderName::from_str(name).ok().filter(|_| is_plain && is_separate)?;
    Some((name, HeaderValue::from_str(value.trim()).ok()?))
}
