//! Lessons: what a guard has learned about API methods from Google's responses, where the responses
//! contradict or extend the catalog.
//!
//! Only calls whose token seems to lack the scope read the lessons, so contention for the lock is
//! rare.

use std::collections::{HashMap, HashSet};
use std::sync::PoisonError;
use std::time::Instant;

use crate::call::{AbstainReason, NeededScopes};
use crate::catalog::ApiMethod;
use crate::denial::Denial;
use crate::granted::sync::{Mutex, MutexGuard};
use crate::granted::token_table::TokenKey;
use crate::scope::ScopeSet;

/// The maximum number of entries of each kind. When a kind is full, all entries of the kind are
/// dropped: each entry can be learned again from one call.
const MAX_ENTRIES: usize = 1024;

/// The key of a lesson: a method of the catalog, or the scopes that a caller stated for its call,
/// together with the call's method if the catalog contains it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum LessonKey {
    Method(ApiMethod),
    Needed(NeededScopes, Option<ApiMethod>),
}

impl From<ApiMethod> for LessonKey {
    fn from(method: ApiMethod) -> Self {
        Self::Method(method)
    }
}

/// The lessons of a guard. They contain no token.
#[derive(Default)]
pub(crate) struct Lessons(Mutex<Learned>);

#[derive(Default)]
struct Learned {
    /// The denial for a token and a method, with the time at which the token's cache entry becomes
    /// stale. The denial is valid until the cache entry is replaced, which changes this time.
    /// Denials are kept because creating a denial takes longer than all other steps of a call.
    denials: HashMap<(TokenKey, LessonKey), (Instant, Denial)>,
    /// Methods that accepted a token without any of the scopes that the catalog lists.
    open: HashSet<LessonKey>,
    /// Scopes that a method accepts in addition to those that the catalog lists.
    accepted: HashMap<LessonKey, ScopeSet>,
}

impl Lessons {
    /// Returns whether `held` is sufficient for a call, where `held` has none of the scopes that
    /// the catalog lists for the call. Returns an error if the catalog is known to be wrong about
    /// the method.
    pub(crate) fn corrected_verdict(
        &self,
        subject: impl Into<LessonKey>,
        held: &ScopeSet,
    ) -> Result<bool, AbstainReason> {
        let (learned, subject) = (self.learned(), subject.into());
        match learned.accepted.get(&subject) {
            _ if learned.open.contains(&subject) => Err(AbstainReason::Contradicted),
            Some(accepted) if accepted.intersects(held) => Ok(true),
            _ => Ok(false),
        }
    }

    /// Keeps the denial for calls of `subject` with this token. The denial is valid as long as the
    /// token's cache entry, which expires at `stale_at`.
    pub(crate) fn remember_denial(
        &self,
        token: TokenKey,
        subject: impl Into<LessonKey>,
        stale_at: Instant,
        denial: Denial,
    ) {
        let denials = &mut self.learned().denials;
        if denials.len() >= MAX_ENTRIES {
            denials.clear();
        }
        denials.insert((token, subject.into()), (stale_at, denial));
    }

    /// Returns the kept denial for calls of `subject` with this token. Returns `None` if no denial
    /// was kept, or if the token's cache entry was replaced after the denial was kept.
    pub(crate) fn denial(
        &self,
        token: TokenKey,
        subject: impl Into<LessonKey>,
        stale_at: Instant,
    ) -> Option<Denial> {
        let learned = self.learned();
        let (known_at, denial) = learned.denials.get(&(token, subject.into()))?;
        (*known_at == stale_at).then(|| denial.clone())
    }

    /// Learns that Google accepted a token without any of the scopes that the catalog lists for
    /// `subject`. Returns `true` if this was not known before.
    pub(crate) fn mark_open(&self, subject: impl Into<LessonKey>) -> bool {
        let (mut learned, subject) = (self.learned(), subject.into());
        if learned.open.len() >= MAX_ENTRIES {
            learned.open.clear();
        }
        learned.denials.retain(|(_, denied), _| *denied != subject);
        learned.open.insert(subject)
    }

    /// Learns scopes that Google named as sufficient for `subject`. Scopes that the catalog does
    /// not contain are ignored.
    pub(crate) fn learn_scopes(&self, subject: impl Into<LessonKey>, scopes: &ScopeSet) {
        let (accepted, subject) = (&mut self.learned().accepted, subject.into());
        if accepted.len() >= MAX_ENTRIES && !accepted.contains_key(&subject) {
            accepted.clear();
        }
        accepted.entry(subject).or_default().extend(scopes.iter().filter(|scope| scope.is_known()));
    }

    fn learned(&self) -> MutexGuard<'_, Learned> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[cfg(feature = "catalog-full")]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use http::HeaderValue;

    use super::*;
    use crate::catalog::Catalog;
    use crate::denial::DenialKind;
    use crate::environment::{Environment, Snapshot};
    use crate::granted::token_table::TokenHasher;
    use crate::granted::{AccessToken, GrantedScopes};

    fn method(id: &str) -> ApiMethod {
        ApiMethod::by_id(id).unwrap()
    }

    /// Creates a denial of a call of `storage.objects.insert`.
    fn denial() -> Denial {
        let insert = method("storage.objects.insert");
        let granted = GrantedScopes::unknown("");
        let environment = Arc::new(Environment::from_snapshot(&Snapshot::default()));
        Denial::new(DenialKind::Confirmed, insert, insert.accepted(), granted, environment)
    }

    fn key(hasher: &TokenHasher, token: usize) -> TokenKey {
        let header = HeaderValue::try_from(format!("Bearer {token}")).unwrap();
        hasher.key(AccessToken::from_authorization(&header).unwrap())
    }

    #[test]
    fn a_denial_is_kept_per_method_token_and_cache_entry() {
        let (lessons, hasher, now) = (Lessons::default(), TokenHasher::new(), Instant::now());
        let (insert, get) = (method("storage.objects.insert"), method("storage.objects.get"));
        lessons.remember_denial(key(&hasher, 1), insert, now, denial());
        let has_denial = |token, method, at| lessons.denial(key(&hasher, token), method, at).is_some();
        assert!(has_denial(1, insert, now));
        assert!(!has_denial(2, insert, now));
        assert!(!has_denial(1, get, now));
        assert!(!has_denial(1, insert, now + Duration::from_secs(1)));
        assert!(lessons.mark_open(insert) && !lessons.mark_open(insert));
        assert!(!has_denial(1, insert, now));
    }

    #[test]
    fn the_number_of_lessons_is_bounded() {
        let (lessons, hasher, now) = (Lessons::default(), TokenHasher::new(), Instant::now());
        let (insert, kept) = (method("storage.objects.insert"), denial());
        for token in 0..10 * MAX_ENTRIES {
            lessons.remember_denial(key(&hasher, token), insert, now, kept.clone());
            assert!(lessons.denial(key(&hasher, token), insert, now).is_some());
        }
        for method in (0..2 * MAX_ENTRIES).filter_map(|index| Catalog::built_in().method_at(index)) {
            lessons.mark_open(method);
            lessons.learn_scopes(method, &ScopeSet::from_scope_text("openid https://example.com/x"));
        }
        let learned = lessons.learned();
        let sizes = [learned.denials.len(), learned.open.len(), learned.accepted.len()];
        assert!(sizes.iter().all(|size| (1..=MAX_ENTRIES).contains(size)), "{sizes:?}");
        // `https://example.com/x` is not learned, because the catalog does not contain this scope.
        assert!(learned.accepted.values().all(|scopes| scopes.len() == 1));
    }

    #[test]
    fn named_scopes_are_accepted_in_addition_to_listed_scopes() {
        let lessons = Lessons::default();
        let (insert, get) = (method("storage.objects.insert"), method("storage.objects.get"));
        let openid = ScopeSet::from_scope_text("openid");
        assert_eq!(lessons.corrected_verdict(insert, &openid), Ok(false));
        lessons.learn_scopes(insert, &openid);
        assert_eq!(lessons.corrected_verdict(insert, &openid), Ok(true));
        assert_eq!(lessons.corrected_verdict(insert, &ScopeSet::from_scope_text("email")), Ok(false));
        assert_eq!(lessons.corrected_verdict(get, &openid), Ok(false));
        lessons.learn_scopes(get, &ScopeSet::from_scope_text("email"));
        assert_eq!(
            lessons.corrected_verdict(insert, &openid),
            Ok(true),
            "scopes learned for one method should not replace those of another method"
        );
        lessons.mark_open(get);
        assert_eq!(lessons.corrected_verdict(get, &openid), Err(AbstainReason::Contradicted));
    }
}

#[cfg(all(test, shuttle, feature = "catalog-storage"))]
mod models {
    use std::sync::Arc;

    use super::*;
    use crate::catalog::Catalog;

    #[test]
    fn concurrent_lessons_mark_a_method_open_once() {
        let model = || {
            let (lessons, method) = (Arc::new(Lessons::default()), Catalog::built_in().method_at(0).unwrap());
            let threads = [(); 2].map(|()| {
                let lessons = Arc::clone(&lessons);
                shuttle::thread::spawn(move || lessons.mark_open(method))
            });
            lessons.learn_scopes(method, &ScopeSet::from_scope_text("openid"));
            // `mark_open` returns `true` only to the first caller.
            let firsts = threads.into_iter().map(|thread| thread.join().unwrap());
            assert_eq!(firsts.filter(|first| *first).count(), 1);
            // Scopes learned at the same time do not replace the mark.
            let held = ScopeSet::from_scope_text("openid");
            assert_eq!(lessons.corrected_verdict(method, &held), Err(AbstainReason::Contradicted));
        };
        shuttle::check_random(model, 2_000);
        shuttle::check_dfs(model, Some(2_000));
    }
}
