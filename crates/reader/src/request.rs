//! Parses the verb and the URL of a request that people write.

use http::{Method, Uri};
use url::Url;

use crate::input_errors::{nearest_name, shown};
use crate::lists::VERBS;

const EXAMPLE: &str = "https://storage.googleapis.com/storage/v1/b/BUCKET";

/// Parses a verb. Its case is ignored, because people often type small letters.
pub(crate) fn read_verb(text: &str) -> Result<Method, String> {
    let is_this = |verb: &&Method| verb.as_str().eq_ignore_ascii_case(text.trim());
    VERBS.iter().find(is_this).cloned().ok_or_else(|| {
        let near = nearest_name(text, VERBS.iter().map(Method::as_str));
        let hint = near.map_or_else(String::new, |verb| format!("; did you mean `{verb}`?"));
        format!(
            "unknown verb {}; expected GET, POST, PUT, PATCH, DELETE, HEAD or OPTIONS{hint}",
            shown(text)
        )
    })
}

/// Parses a URL with the parser that reqwest uses, so that host and path are the same as in
/// requests of reqwest.
pub(crate) fn read_url(text: &str) -> Result<Uri, String> {
    let bad = |why: &str| format!("unusable URL {}: {why}", shown(text));
    let url =
        Url::parse(text.trim()).map_err(|error| bad(&format!("{error}; {}", suggestion(text))))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(bad(&suggestion(text)));
    }
    url.as_str().parse().map_err(|error: http::uri::InvalidUri| bad(&error.to_string()))
}

/// Returns the end of an error about a URL: what was expected, with an example.
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
