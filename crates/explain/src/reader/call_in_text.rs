//! The request in a text that shows it beside the answer.

use gcp_scopes_catalog::call::Call;
use gcp_scopes_catalog::{Endpoints, lookup};
use http::{Method, Uri};

/// How many URLs of a text are tried: a log may have thousands.
const URL_LIMIT: usize = 32;

/// The verbs that are tried for a URL without one. Google's APIs have no methods with others.
const VERBS: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

/// The request in the text if all its requests are calls of one API method. A URL without a verb
/// counts only if the API has one method there.
pub(super) fn find(text: &str) -> Option<(Method, Uri)> {
    let field = verb_field(text);
    let shown = requests(text).chain(request_lines(text)).take(URL_LIMIT);
    let mut calls = shown.filter_map(|(before, url)| {
        let uri: Uri = url.parse().ok()?;
        only_method(before.or_else(|| field.clone()), uri)
    });
    let (id, first) = calls.next()?;
    calls.all(|(other, _)| other == id).then_some(first)
}

/// A request, and the id of the API method that it calls.
type NamedRequest = (&'static str, (Method, Uri));

fn only_method(verb: Option<Method>, uri: Uri) -> Option<NamedRequest> {
    let tried = verb.map_or_else(|| VERBS.to_vec(), |verb| vec![verb]);
    let mut found = tried.into_iter().filter_map(|verb| {
        let id = lookup(&Call::new(&verb, &uri), &Endpoints::new()).method()?.id();
        Some((id, verb))
    });
    let (id, verb) = found.next()?;
    found.all(|(other, _)| other == id).then_some((id, (verb, uri)))
}

/// The URLs of a text, each with the verb before it.
fn requests(text: &str) -> impl Iterator<Item = (Option<Method>, String)> + '_ {
    let is_end = |c: char| c.is_whitespace() || "\"'<>`\\)]}|,".contains(c);
    text.match_indices("https://").map(move |(place, _)| {
        let (before, rest) = text.split_at(place);
        let url = rest.split(is_end).next().unwrap_or_default().trim_end_matches(['.', ':', ';']);
        (before.split_whitespace().next_back().and_then(verb), url.to_owned())
    })
}

/// Requests as `curl -v` shows them: `> GET /path HTTP/2`, and the host on a line of its own.
fn request_lines(text: &str) -> impl Iterator<Item = (Option<Method>, String)> + '_ {
    let unmarked = |line: &'_ str| line.trim_start_matches("> ").trim().to_owned();
    let host = text.lines().map(unmarked).find_map(|line| {
        let (name, host) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("host").then(|| host.to_owned())
    });
    text.lines().map(unmarked).filter_map(move |line| {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            [first, path, version] if path.starts_with('/') && version.starts_with("HTTP/") => {
                Some((Some(verb(first)?), format!("https://{}{path}", host.as_deref()?)))
            }
            _ => None,
        }
    })
}

/// The verb that a client prints as the field `method`, if all such fields of the text agree.
fn verb_field(text: &str) -> Option<Method> {
    let after = text.match_indices("method").filter_map(|(place, word)| {
        let rest = text.get(place + word.len()..)?.trim_start_matches(['"', '\'', ':', '=', ' ']);
        verb(rest.split(|c: char| !c.is_ascii_alphabetic()).next()?)
    });
    let verbs: Vec<Method> = after.collect();
    verbs.first().filter(|first| verbs.iter().all(|other| other == *first)).cloned()
}

fn verb(word: &str) -> Option<Method> {
    let word = word.trim_matches(|c: char| !c.is_ascii_alphabetic());
    VERBS.into_iter().find(|verb| verb.as_str() == word)
}
