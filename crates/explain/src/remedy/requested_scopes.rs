//! The remedy for a program that requests the wrong scopes.

use gcp_scopes_catalog::scope::ScopeSet;
use gcp_scopes_catalog::{ApiMethod, Lookup};

use super::advice::{self, WithWords};
use super::step::Step;
use crate::required_scopes::RequiredScopes;

/// Scopes with which a program reads only a part of an API's data, each with a clause about that
/// part. The clients of google-apis-rs request them by default instead of the API's read-only scope
/// (<https://github.com/Byron/google-apis-rs/issues/428>). Sources:
/// <https://developers.google.com/workspace/drive/api/guides/api-specific-auth>,
/// <https://developers.google.com/workspace/gmail/api/auth/scopes>.
const PARTIAL: [(&str, &str); 3] = [
    ("drive.meet.readonly", "which shows only files that Google Meet made"),
    ("drive.photos.readonly", "which shows only photos"),
    (
        "gmail.addons.current.message.readonly",
        "which shows only the message that an add-on has open",
    ),
];

/// Returns the step for a program that requests scopes which the method does not accept, or which
/// give access to only a part of the data. Returns `None` if the scopes are right, or if no better
/// scope is known.
///
/// ```
/// use gcp_scopes_catalog::scope::ScopeSet;
/// use gcp_scopes_catalog::ApiMethod;
/// use gcp_scopes_explain::remedy;
///
/// let method = ApiMethod::by_id("drive.files.list")?;
/// let requested: ScopeSet = ["drive.meet.readonly".parse()?].into_iter().collect();
/// let step = remedy::for_requested_scopes(method, &requested).ok_or("no step")?;
/// assert!(step.code_line().is_some_and(|code| code.contains("drive.readonly")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn for_requested_scopes(method: ApiMethod, requested: &ScopeSet) -> Option<Step> {
    let why = match Lookup::from(method).accepts(requested) {
        Ok(false) if !requested.is_empty() => Some("which the method does not accept"),
        _ => partial(requested),
    };
    request_another(method, requested, why?)
}

/// Returns the part of the data that the requested scope gives access to, if it is the only
/// requested scope and one of [`PARTIAL`].
fn partial(requested: &ScopeSet) -> Option<&'static str> {
    let only = requested.iter().next().filter(|_| requested.len() == 1)?;
    PARTIAL.iter().find(|(name, _)| only.short() == *name).map(|(_, part)| *part)
}

/// Returns the step to request another scope with a client of google-apis-rs.
fn request_another(method: ApiMethod, requested: &ScopeSet, why: &str) -> Option<Step> {
    let better = RequiredScopes::from(method).least()?;
    let requested =
        requested.iter().map(|scope| scope.short().to_owned()).collect::<Vec<_>>().join(" and ");
    let words =
        [("method", method.id()), ("asked", &requested), ("why", why), ("better", better.as_str())];
    advice::steps("requested", &WithWords(&(), &words)).pop()
}
