//! What a program asked for where it should have asked for something else.

use super::{Step, least};
use crate::catalog::ApiMethod;
use crate::scope::ScopeSet;

/// Scopes for reading that open a part of the data only. The generator of google-apis-rs takes them for
/// the read-only scope of a whole API (<https://github.com/Byron/google-apis-rs/issues/428>).
/// Sources: <https://developers.google.com/workspace/drive/api/guides/api-specific-auth>,
/// <https://developers.google.com/workspace/gmail/api/auth/scopes>.
const PARTIAL: [(&str, &str); 3] = [
    ("drive.meet.readonly", "which shows only files that Google Meet made"),
    ("drive.photos.readonly", "which shows only photos"),
    ("gmail.addons.current.message.readonly", "which shows only the message that an add-on has open"),
];

/// The asked scope that opens a part of the data only, and which part, if nothing else was asked.
pub(crate) fn partial(asked: &ScopeSet) -> Option<&'static str> {
    let only = asked.iter().next().filter(|_| asked.len() == 1)?;
    PARTIAL.iter().find(|(name, _)| only.short() == *name).map(|(_, part)| *part)
}

/// The step that mends it in the clients of google-apis-rs.
pub(crate) fn name_a_scope(method: ApiMethod, asked: &ScopeSet, why: &str) -> Option<Step> {
    let better = least(&method.accepted())?;
    let names: Vec<_> = asked.iter().map(|scope| scope.short().to_owned()).collect();
    let text = format!(
        "Name the scope in the call of {}. This one asked for {}, {why}: google-apis-rs chooses a scope by \
         itself where the program names none.",
        method.id(),
        names.join(" and ")
    );
    let step = Step::new(text).code(format!(".add_scope(\"{}\")", better.as_str()));
    Some(step.link("https://github.com/Byron/google-apis-rs/issues/428"))
}
