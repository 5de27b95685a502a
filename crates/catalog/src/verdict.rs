//! What the scopes of a token say about a call.

use crate::call::AbstainReason;
use crate::least::for_every_call;
use crate::lookup::Found;
use crate::scope::{Scope, ScopeSet};

/// What the scopes of a token say about a call.
///
/// ```
/// # #[cfg(not(feature = "full"))] fn main() {}
/// # #[cfg(feature = "full")] fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use gcp_scopes_catalog::scope::ScopeSet;
/// use gcp_scopes_catalog::call::Call;
/// use gcp_scopes_catalog::{Endpoints, Verdict, lookup, verdict};
///
/// let uri = "https://storage.googleapis.com/storage/v1/b/photos".parse()?;
/// let found = lookup(&Call::new(&http::Method::DELETE, &uri), &Endpoints::new()).unwrap();
/// let read_only = ScopeSet::from_scope_text("https://www.googleapis.com/auth/devstorage.read_only");
/// assert_eq!(verdict(&found, &read_only), Verdict::Lacking);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there is no fourth verdict")]
pub enum Verdict {
    /// The token holds a scope that the method accepts. IAM is another question.
    Allow,
    /// No opinion, and why.
    Abstain(AbstainReason),
    /// The token holds none of the scopes that the method accepts.
    Lacking,
}

/// Judges a call by what its token was granted, as told by a source that is authoritative for that
/// token.
///
/// It is [`Lacking`](Verdict::Lacking) only if nothing speaks against the judgement: the method is
/// certain and lists scopes, no special case applies, Google's lists tell of every scope of the token
/// what it opens, and none is accepted, nor would be in another version of the API. An empty `granted`
/// is a token that is known to hold no scope, and so lacks every one; a token of which nothing is known
/// must not be judged at all.
///
/// ```
/// # #[cfg(not(feature = "full"))] fn main() {}
/// # #[cfg(feature = "full")] fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use gcp_scopes_catalog::{Endpoints, Verdict, call::{Call, AbstainReason}, lookup, scope::ScopeSet, verdict};
/// let uri = "https://storage.googleapis.com/storage/v1/b/photos".parse()?;
/// let found = lookup(&Call::new(&http::Method::GET, &uri), &Endpoints::new()).unwrap();
/// let new = ScopeSet::from_scope_text("https://www.googleapis.com/auth/brand.new");
/// assert_eq!(verdict(&found, &new), Verdict::Abstain(AbstainReason::Unheard));
/// # Ok(()) }
/// ```
#[must_use]
pub fn verdict(found: &Found, granted: &ScopeSet) -> Verdict {
    if let Some(why) = found.doubt().filter(|why| !why.is_one_sided()) {
        return Verdict::Abstain(why);
    }
    if let Some(why) = found.silenced(granted) {
        return Verdict::Abstain(why);
    }
    if found.accepts(granted) {
        return if suits_some_calls(found, granted) {
            Verdict::Abstain(AbstainReason::Request)
        } else {
            Verdict::Allow
        };
    }
    match found.doubt() {
        Some(why) => Verdict::Abstain(why),
        None if !granted.is_all_known() || granted.holds_untold() => Verdict::Abstain(AbstainReason::Unheard),
        None if found.is_accepted_elsewhere(granted) => Verdict::Abstain(AbstainReason::Ambiguous),
        None => Verdict::Lacking,
    }
}

/// Whether the token holds no accepted scope but those that only some calls of the method are content with.
fn suits_some_calls(found: &Found, granted: &ScopeSet) -> bool {
    let listed = found.method().accepted();
    let own = for_every_call(&listed);
    own.len() < listed.len() && {
        let counts = |scope: &Scope| own.contains(scope) || !listed.contains(scope);
        !found.accepts(&granted.iter().filter(counts).collect())
    }
}
