//! Which method was called, where a text shows the request beside the answer.

use std::fmt::Display;

use gcp_scopes_catalog::call::{Call, NeededScopes};
use gcp_scopes_catalog::{ApiMethod, Endpoints, lookup};
use http::{Method, Uri};

use super::json_line::shown;
use super::question::Question;
use crate::error::Error;

/// How many URLs of one text are tried.
const MOST: usize = 32;
const VERBS: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

/// What was called, as far as it is told.
///
/// ```
/// use gcp_scopes_explain::reader::NamedCall;
///
/// let told = NamedCall::read("storage.objects.insert")?;
/// assert_eq!(told.method().map(|method| method.id()), Some("storage.objects.insert"));
///
/// let text = "403 POST https://storage.googleapis.com/upload/storage/v1/b/photos/o?uploadType=media";
/// assert_eq!(NamedCall::in_text(text).and_then(|call| call.method()), told.method());
/// # Ok::<(), gcp_scopes_explain::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct NamedCall {
    verb: Method,
    uri: Uri,
    /// A method that was named by its id: the URL has its host only.
    named: Option<(ApiMethod, NeededScopes)>,
}

impl NamedCall {
    /// The call, to be looked up. Where nothing is told, it goes nowhere.
    #[must_use]
    pub fn call(&self) -> Call<'_> {
        Call::new(&self.verb, &self.uri).needing(self.named.as_ref().map(|(_, needed)| needed))
    }

    /// The method, where it is known.
    #[must_use]
    pub fn method(&self) -> Option<ApiMethod> {
        let named = self.named.as_ref().map(|(method, _)| *method);
        named.or_else(|| lookup(&self.call(), &Endpoints::new()).method())
    }

    /// What a person says was called: `POST https://…`, a method by its id, or a gRPC method by its full name.
    ///
    /// # Errors
    /// It is none of these; the message says what was expected.
    pub fn read(text: &str) -> Result<Self, Error> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words[..] {
            [verb, url] => {
                Question::new(verb, url, None).map(|question| Self::request(question.into_request()))
            }
            [name] if is_id(name) => Ok(by_id(name)?),
            [name] if !name.contains("://") => {
                grpc(name).map(Self::request).ok_or_else(|| unusable(text).into())
            }
            _ => Err(unusable(text).into()),
        }
    }

    /// The one method that the text's requests are; none if they are several, or their verb is not
    /// told and the URL has more than one.
    #[must_use]
    pub fn in_text(text: &str) -> Option<Self> {
        let verb = told_verb(text);
        let shown = requests(text).chain(request_lines(text)).take(MOST);
        let mut calls = shown.filter_map(|(before, url)| {
            let uri: Uri = url.parse().ok()?;
            only_method(before.or_else(|| verb.clone()), uri)
        });
        let (id, first) = calls.next()?;
        calls.all(|(other, _)| other == id).then_some(Self::request(first))
    }

    fn request((verb, uri): (Method, Uri)) -> Self {
        Self { verb, uri, named: None }
    }
}

fn unusable(text: &str) -> String {
    format!(
        "unusable --call {}: expected the verb and the URL, such as 'POST https://storage.googleapis.com/…', or a \
         method's id, such as storage.objects.insert or google.pubsub.v1.Publisher/Publish",
        shown(text)
    )
}

/// Whether a name is a Discovery id and not a gRPC method's, whose last word has a capital.
fn is_id(name: &str) -> bool {
    let last = name.rsplit_once('.').map(|(_, last)| last);
    !name.contains('/') && last.is_some_and(|last| last.starts_with(|c: char| c.is_ascii_lowercase()))
}

fn by_id(id: &str) -> Result<NamedCall, String> {
    let unusable = |error: &dyn Display| format!("unusable --call: {error}");
    let method = ApiMethod::by_id(id).map_err(|error| unusable(&error))?;
    Ok(NamedCall {
        verb: method.verb().parse().map_err(|error| unusable(&error))?,
        uri: format!("https://{}/", method.host()).parse().map_err(|error| unusable(&error))?,
        named: Some((method, NeededScopes::any_of(method.accepted().iter()))),
    })
}

fn grpc(name: &str) -> Option<(Method, Uri)> {
    let name = name.trim_start_matches('/');
    let (service, method) = name.split_once('/').or_else(|| name.rsplit_once('.'))?;
    let path = format!("/{service}/{method}").parse().ok()?;
    service.contains('.').then_some((Method::POST, path))
}

type Named = (&'static str, (Method, Uri));

fn only_method(verb: Option<Method>, uri: Uri) -> Option<Named> {
    let tried = verb.map_or_else(|| VERBS.to_vec(), |verb| vec![verb]);
    let mut found = tried.into_iter().filter_map(|verb| {
        let id = lookup(&Call::new(&verb, &uri), &Endpoints::new()).method()?.id();
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
