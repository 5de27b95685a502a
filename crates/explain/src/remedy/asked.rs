//! What a program asked for where it should have asked for something else.

use gcp_scopes_catalog::scope::ScopeSet;
use gcp_scopes_catalog::{ApiMethod, Lookup, least};

use super::advice::{self, With};
use super::step::Step;

/// Scopes for reading that open a part of the data only. The generator of google-apis-rs takes them for
/// the read-only scope of a whole API (<https://github.com/Byron/google-apis-rs/issues/428>).
/// Sources: <https://developers.google.com/workspace/drive/api/guides/api-specific-auth>,
/// <https://developers.google.com/workspace/gmail/api/auth/scopes>.
const PARTIAL: [(&str, &str); 3] = [
    ("drive.meet.readonly", "which shows only files that Google Meet made"),
    ("drive.photos.readonly", "which shows only photos"),
    ("gmail.addons.current.message.readonly", "which shows only the message that an add-on has open"),
];

/// What to do about a program that asks for scopes which the method does not accept, or which open a part
/// of the data only. None where there is nothing to say.
///
/// ```
/// use gcp_scopes_catalog::scope::ScopeSet;
/// use gcp_scopes_catalog::ApiMethod;
/// use gcp_scopes_explain::remedy;
///
/// let list = ApiMethod::by_id("drive.files.list")?;
/// let asked: ScopeSet = ["drive.meet.readonly".parse()?].into_iter().collect();
/// let step = remedy::for_requested_scopes(list, &asked).ok_or("a step")?;
/// assert!(step.code_line().is_some_and(|code| code.contains("drive.readonly")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn for_requested_scopes(method: ApiMethod, asked: &ScopeSet) -> Option<Step> {
    let why = match Lookup::from(method).accepts(asked) {
        Ok(false) if !asked.is_empty() => Some("which the method does not accept"),
        _ => partial(asked),
    };
    name_a_scope(method, asked, why?)
}

/// The asked scope that opens a part of the data only, and which part, if nothing else was asked.
fn partial(asked: &ScopeSet) -> Option<&'static str> {
    let only = asked.iter().next().filter(|_| asked.len() == 1)?;
    PARTIAL.iter().find(|(name, _)| only.short() == *name).map(|(_, part)| *part)
}

/// The step that mends it in the clients of google-apis-rs.
fn name_a_scope(method: ApiMethod, asked: &ScopeSet, why: &str) -> Option<Step> {
    let better = least(&method.accepted())?;
    let asked = asked.iter().map(|scope| scope.short().to_owned()).collect::<Vec<_>>().join(" and ");
    let words = [("method", method.id()), ("asked", &asked), ("why", why), ("better", better.as_str())];
    advice::steps("requested", &With(&(), &words)).pop()
}
