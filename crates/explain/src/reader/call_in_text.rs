//! Finds the request in a text that contains a request and its response.

use gcp_scopes_catalog::call::Call;
use gcp_scopes_catalog::{Endpoints, lookup};
use http::{Method, Uri};

/// How many URLs of a text are examined. A log may contain thousands.
const URL_LIMIT: usize = 32;

/// The HTTP verbs of the methods of Google's APIs. All of them are tried for a URL without a verb.
const VERBS: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

/// Returns the first request in the text, if all requests in the text call the same API method. A
/// URL without a verb counts only if the API has exactly one method at that URL.
pub(super) fn find(text: &str) -> Option<(Method, Uri)> {
    let field = verb_in_field(text);
    let shown = urls_with_verbs(text).chain(curl_requests(text)).take(URL_LIMIT);
    let mut calls = shown.filter_map(|(before, url)| {
        let uri: Uri = url.parse().ok()?;
        request_of_one_method(before.or_else(|| field.clone()), uri)
    });
    let (id, first) = calls.next()?;
    calls.all(|(other, _)| other == id).then_some(first)
}

/// The id of an API method, and a request that calls the method.
type NamedRequest = (&'static str, (Method, Uri));

/// Returns the request and the id of its method, if exactly one method matches the URL with the
/// given verb, or with any verb.
fn request_of_one_method(verb: Option<Method>, uri: Uri) -> Option<NamedRequest> {
    let tried = verb.map_or_else(|| VERBS.to_vec(), |verb| vec![verb]);
    let mut matches = tried.into_iter().filter_map(|verb| {
        let id = lookup(&Call::new(&verb, &uri), &Endpoints::new()).method()?.id();
        Some((id, verb))
    });
    let (id, verb) = matches.next()?;
    matches.all(|(other, _)| other == id).then_some((id, (verb, uri)))
}

/// Returns the URLs in a text, each with the verb that precedes it.
fn urls_with_verbs(text: &str) -> impl Iterator<Item = (Option<Method>, String)> + '_ {
    let is_end = |c: char| c.is_whitespace() || "\"'<>`\\)]}|,".contains(c);
    text.match_indices("https://").map(move |(place, _)| {
        let (before, rest) = text.split_at(place);
        let url = rest.split(is_end).next().unwrap_or_default().trim_end_matches(['.', ':', ';']);
        (before.split_whitespace().next_back().and_then(parse_verb), url.to_owned())
    })
}

/// Returns the requests in the output of `curl -v`, which prints `> GET /path HTTP/2` and the
/// header `host` on another line.
fn curl_requests(text: &str) -> impl Iterator<Item = (Option<Method>, String)> + '_ {
    let without_mark = |line: &'_ str| line.trim_start_matches("> ").trim().to_owned();
    let host = text.lines().map(without_mark).find_map(|line| {
        let (name, host) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("host").then(|| host.to_owned())
    });
    text.lines().map(without_mark).filter_map(move |line| {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            [first, path, version] if path.starts_with('/') && version.starts_with("HTTP/") => {
                Some((Some(parse_verb(first)?), format!("https://{}{path}", host.as_deref()?)))
            }
            _ => None,
        }
    })
}

/// Returns the verb in the field `method`, which some clients print, if all such fields in the text
/// have the same verb.
fn verb_in_field(text: &str) -> Option<Method> {
    let after = text.match_indices("method").filter_map(|(place, word)| {
        let rest = text.get(place + word.len()..)?.trim_start_matches(['"', '\'', ':', '=', ' ']);
        parse_verb(rest.split(|c: char| !c.is_ascii_alphabetic()).next()?)
    });
    let verbs: Vec<Method> = after.collect();
    verbs.first().filter(|first| verbs.iter().all(|other| other == *first)).cloned()
}

/// Parses a verb in capitals. Punctuation around the verb is ignored.
fn parse_verb(word: &str) -> Option<Method> {
    let word = word.trim_matches(|c: char| !c.is_ascii_alphabetic());
    VERBS.into_iter().find(|verb| verb.as_str() == word)
}
