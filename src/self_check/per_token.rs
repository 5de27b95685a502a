//! What is known of each token.

use crate::granted::GrantedScopes;
use crate::scope::Scope;

/// A value for each token, beside the scope that the token was asked for. No scope stands beside a
/// token that is the same whatever is asked for.
pub(super) struct PerToken<T>(pub(super) Vec<(Option<Scope>, T)>);

impl<T> PerToken<T> {
    /// The value for the token of calls for which this scope is asked.
    pub(super) fn of(&self, scope: &Scope) -> Result<&T, &'static str> {
        let is_its = |asked: &Option<Scope>| asked.as_ref().is_none_or(|asked| asked == scope);
        let found = self.0.iter().find(|(asked, _)| is_its(asked));
        found.map(|(_, value)| value).ok_or(NO_TOKEN)
    }
}

impl PerToken<GrantedScopes> {
    /// What all tokens hold. Unknown if they differ.
    pub(super) fn common(&self) -> GrantedScopes {
        let mut all = self.0.iter().map(|(_, granted)| granted);
        let Some(first) = all.next() else { return GrantedScopes::unknown(NO_TOKEN) };
        let is_same = |other: &GrantedScopes| {
            other.scopes() == first.scopes() && other.is_not_limited() == first.is_not_limited()
        };
        if all.all(is_same) { first.clone() } else { GrantedScopes::unknown(EACH_ITS_OWN) }
    }
}

const NO_TOKEN: &str = "there is no token";
const EACH_ITS_OWN: &str = "each call gets a token of its own, for the scope it asks for";
