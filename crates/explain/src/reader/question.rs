//! What is asked, read from what a person or a program wrote.

use gcp_scopes_catalog::call::Call;
use gcp_scopes_catalog::scope::{Scope, ScopeSet};
use http::{Method, Uri};
use serde_json::{Map, Value};
use url::Url;

use super::json_line::{self, LONG, kind, nearest_name, shown};
use super::lists::{SETS, VERBS};
use crate::error::Error;

/// A request, and what its token holds, if that is told.
///
/// ```
/// use gcp_scopes_explain::reader::Question;
///
/// let line = br#"{"verb": "GET", "url": "https://storage.googleapis.com/storage/v1/b", "granted": ["storage-ro"]}"#;
/// let question = Question::from_line(line)?;
/// assert_eq!(question.uri().host(), Some("storage.googleapis.com"));
/// assert_eq!(question.granted().map(|scopes| scopes.len()), Some(1));
/// # Ok::<(), gcp_scopes_explain::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Question {
    verb: Method,
    uri: Uri,
    granted: Option<ScopeSet>,
}

impl Question {
    /// A request as a person writes it.
    ///
    /// # Errors
    /// A verb or a URL that is none; the message says what was expected.
    pub fn new(verb: &str, url: &str, granted: Option<ScopeSet>) -> Result<Self, Error> {
        Ok(Self { verb: read_verb(verb)?, uri: read_url(url)?, granted })
    }

    /// Reads a line of JSON: `{"verb": "GET", "url": "https://…", "granted": ["…"]}`.
    ///
    /// # Errors
    /// What is wrong with the line, and what was expected.
    pub fn from_line(line: &[u8]) -> Result<Self, Error> {
        let object = json_line::object(line, SHAPE)?;
        let granted = match object.get("granted") {
            None | Some(Value::Null) => None,
            Some(value) => Some(read_granted(value)?),
        };
        Self::new(field(&object, "verb")?, field(&object, "url")?, granted)
    }

    /// The request, to be looked up.
    #[must_use]
    pub fn call(&self) -> Call<'_> {
        Call::new(&self.verb, &self.uri)
    }

    /// The URL.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// What the token holds, where that is told.
    #[must_use]
    pub fn granted(&self) -> Option<&ScopeSet> {
        self.granted.as_ref()
    }

    pub(super) fn into_request(self) -> (Method, Uri) {
        (self.verb, self.uri)
    }
}

/// Reads scopes as people write them: URIs, short names and gcloud's aliases, in lists that commas
/// or white space separate, or semicolons, as in gcloud's `--format='value(…)'`.
///
/// ```
/// let scopes = gcp_scopes_explain::reader::scopes(["storage-ro,pubsub", "gke-default"])?;
/// assert_eq!(scopes.len(), 7);
/// # Ok::<(), gcp_scopes_explain::Error>(())
/// ```
///
/// # Errors
/// A word that is no scope, with the nearest name in the message.
pub fn scopes<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<ScopeSet, Error> {
    Ok(read_list(texts)?)
}

fn read_list<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<ScopeSet, String> {
    let mut set = ScopeSet::new();
    let words =
        texts.into_iter().flat_map(|text| text.split(|c: char| [',', ';'].contains(&c) || c.is_whitespace()));
    for word in words.filter(|word| !word.is_empty()) {
        match SETS.iter().find(|(alias, _)| *alias == word) {
            Some((_, members)) => {
                set.extend(members.iter().map(|short| Scope::from_uri(&format!("{PREFIX}{short}"))))
            }
            None => set.insert(read_scope(word)?),
        }
    }
    Ok(set)
}

const SHAPE: &str = r#"{"verb": "GET", "url": "https://…", "granted": ["…"]}"#;
pub(super) const EXAMPLE: &str = "https://storage.googleapis.com/storage/v1/b/BUCKET";
const PREFIX: &str = "https://www.googleapis.com/auth/";

/// Upper and lower case are the same here: servers want capitals, people do not type them.
fn read_verb(text: &str) -> Result<Method, String> {
    let same = |verb: &&Method| verb.as_str().eq_ignore_ascii_case(text.trim());
    VERBS.iter().find(same).cloned().ok_or_else(|| {
        let near = nearest_name(text, VERBS.iter().map(Method::as_str));
        let hint = near.map_or_else(String::new, |verb| format!("; did you mean `{verb}`?"));
        format!("unknown verb {}; expected GET, POST, PUT, PATCH, DELETE, HEAD or OPTIONS{hint}", shown(text))
    })
}

/// Reads a URL as reqwest does, so that both see the same host and path.
fn read_url(text: &str) -> Result<Uri, String> {
    let bad = |why: &str| format!("unusable URL {}: {why}", shown(text));
    let url = Url::parse(text.trim()).map_err(|error| bad(&format!("{error}; {}", suggestion(text))))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(bad(&suggestion(text)));
    }
    url.as_str().parse().map_err(|error: http::uri::InvalidUri| bad(&error.to_string()))
}

fn suggestion(text: &str) -> String {
    let text = text.trim();
    let has_host = || text.split(['/', '?']).next().is_some_and(|host| host.contains('.'));
    match text.split_once("://") {
        Some(("gs", rest)) => {
            let url = format!("https://storage.googleapis.com/{rest}");
            format!("expected the URL of a request, such as {}", shown(&url))
        }
        None if has_host() => {
            format!("expected an absolute URL, such as {}", shown(&format!("https://{text}")))
        }
        _ => format!("expected an absolute http or https URL, such as `{EXAMPLE}`"),
    }
}

fn read_scope(word: &str) -> Result<Scope, String> {
    word.parse::<Scope>().map_err(|error| match word.len() {
        0..=LONG => error.to_string(),
        // So long a word may be a token in the wrong place: it is not repeated.
        length => format!("unknown scope of {length} bytes; write its full URI"),
    })
}

fn field<'a>(object: &'a Map<String, Value>, name: &str) -> Result<&'a str, String> {
    match object.get(name) {
        Some(Value::String(text)) => Ok(text),
        Some(other) => Err(format!("`{name}` is {}; expected a string, as in {SHAPE}", kind(other))),
        None => {
            let near = nearest_name(name, object.keys().map(String::as_str));
            let hint = near.map_or_else(String::new, |near| format!(" (there is {})", shown(near)));
            Err(format!("no `{name}`{hint}; expected {SHAPE}"))
        }
    }
}

fn read_granted(value: &Value) -> Result<ScopeSet, String> {
    let expected = "expected a list of scopes, or one string of scopes that spaces separate";
    match value {
        Value::String(one) => read_list([one.as_str()]),
        Value::Array(items) => match items.iter().find(|item| !item.is_string()) {
            Some(other) => Err(format!("`granted` holds {}; {expected}", kind(other))),
            None => read_list(items.iter().filter_map(Value::as_str)),
        },
        other => Err(format!("`granted` is {}; {expected}", kind(other))),
    }
}
