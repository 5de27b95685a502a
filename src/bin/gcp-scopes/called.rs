//! Which method was called, where a text shows the request beside the answer.

use gcp_scopes::call::Call;
use gcp_scopes::catalog::{Endpoints, lookup};
use http::{Method, Uri};

use crate::line::shown;
use crate::question::Question;

/// How many URLs of one text are tried.
const MOST: usize = 32;
const VERBS: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

/// What a person says was called: `POST https://…`, or a gRPC method by its full name.
pub(crate) fn read(text: &str) -> Result<(Method, Uri), String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words[..] {
        [verb, url] => Question::new(verb, url, None).map(|question| (question.verb, question.uri)),
        [name] if !name.contains("://") => grpc(name).ok_or_else(|| unusable(text)),
        _ => Err(unusable(text)),
    }
}

fn unusable(text: &str) -> String {
    format!(
        "unusable --call {}: expected the verb and the URL, such as 'POST https://storage.googleapis.com/…', or a gRPC \
         method, such as google.pubsub.v1.Publisher/Publish",
        shown(text)
    )
}

fn grpc(name: &str) -> Option<(Method, Uri)> {
    let name = name.trim_start_matches('/');
    let (service, method) = name.split_once('/').or_else(|| name.rsplit_once('.'))?;
    let path = format!("/{service}/{method}").parse().ok()?;
    service.contains('.').then_some((Method::POST, path))
}

/// The one method that the text's requests are; none if they are several, or their verb is not
/// told and the URL has more than one.
pub(crate) fn in_text(text: &str) -> Option<(Method, Uri)> {
    let verb = told_verb(text);
    let shown = requests(text).chain(request_lines(text)).take(MOST);
    let mut calls = shown.filter_map(|(before, url)| {
        let uri: Uri = url.parse().ok()?;
        only_method(before.or_else(|| verb.clone()), uri)
    });
    let (id, first) = calls.next()?;
    calls.all(|(other, _)| other == id).then_some(first)
}

type Named = (&'static str, (Method, Uri));

fn only_method(verb: Option<Method>, uri: Uri) -> Option<Named> {
    let tried = verb.map_or_else(|| VERBS.to_vec(), |verb| vec![verb]);
    let mut found = tried.into_iter().filter_map(|verb| {
        let id = lookup(&Call::new(&verb, &uri), &Endpoints::new()).ok()?.method().id();
        Some((id, verb))
    });
    let (id, verb) = found.next()?;
    found.all(|(other, _)| other == id).then_some((id, (verb, uri)))
}

/// The URLs of a text, each with the verb right before it.
fn requests(text: &str) -> impl Iterator<Item = (Option<Method>, String)> + '_ {
    let is_end = |c: char| c.is_whitespace() || "\"'<>`\\)]}|,".contains(c);
    text.match_indices("https://").map(move |(place, _)| {
        let (before, rest) = text.split_at(place);
        let url = rest.split(is_end).next().unwrap_or_default().trim_end_matches(['.', ':', ';']);
        (before.split_whitespace().next_back().and_then(verb), url.to_owned())
    })
}

/// Requests as curl shows them: `> GET /path HTTP/2`, and the host in a line of its own.
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

/// The verb that a client prints as a field of its own, if it prints one only.
fn told_verb(text: &str) -> Option<Method> {
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
