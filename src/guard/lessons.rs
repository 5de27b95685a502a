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
use crate::granted::cache::TokenKey;
use crate::granted::sync::{Mutex, MutexGuard};
use crate::scope::ScopeSet;

/// How many entries of each kind are kept. When a kind is full, all its entries are dropped: each
/// entry can be learned again from one call.
const MOST: usize = 1024;

/// The key of a lesson: a method of the catalog, or the scopes that a caller stated for its call,
/// together with the call's method if the catalog contains it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    Method(ApiMethod),
    Needed(NeededScopes, Option<ApiMethod>),
}

impl From<ApiMethod> for Subject {
    fn from(method: ApiMethod) -> Self {
        Self::Method(method)
    }
}

/// The lessons of a guard. They contain no token.
#[derive(Default)]
pub(crate) struct Lessons(Mutex<Learnt>);

#[derive(Default)]
struct Learnt {
    /// The denial for a token and a method. Valid while the cached scopes of the token are the
    /// same, which is detected by comparing their expiry. Denials are kept because creating one
    /// takes longer than all other steps of a call.
    denials: HashMap<(TokenKey, Subject), (Instant, Denial)>,
    /// Methods that accepted a token without any of the scopes that the catalog lists.
    open: HashSet<Subject>,
    /// Scopes that a method accepts in addition to those that the catalog lists.
    accepted: HashMap<Subject, ScopeSet>,
}

impl Lessons {
    /// Returns whether `held` is sufficient for a call, where `held` has none of the scopes that
    /// the catalog lists for the call. Returns an error if the catalog is known to be wrong about
    /// the method.
    pub(crate) fn correct(
        &self,
        subject: impl Into<Subject>,
        held: &ScopeSet,
    ) -> Result<bool, AbstainReason> {
        let (learnt, subject) = (self.learnt(), subject.into());
        match learnt.accepted.get(&subject) {
            _ if learnt.open.contains(&subject) => Err(AbstainReason::Contradicted),
            Some(accepted) if accepted.intersects(held) => Ok(true),
            _ => Ok(false),
        }
    }

    /// Keeps the denial of such calls with this token. The denial is valid as long as the token's
    /// cache entry, which expires at `stale_at`.
    pub(crate) fn remember_denial(
        &self,
        token: TokenKey,
        subject: impl Into<Subject>,
        stale_at: Instant,
        denial: Denial,
    ) {
        let denials = &mut self.learnt().denials;
        if denials.len() >= MOST {
            denials.clear();
        }
        denials.insert((token, subject.into()), (stale_at, denial));
    }

    /// Returns the denial for the next such call, or `None` if there is none or the token's cache
    /// entry has changed.
    pub(crate) fn denial(
        &self,
        token: TokenKey,
        subject: impl Into<Subject>,
        stale_at: Instant,
    ) -> Option<Denial> {
        let learnt = self.learnt();
        let (then, denial) = learnt.denials.get(&(token, subject.into()))?;
        (*then == stale_at).then(|| denial.clone())
    }

    /// Learns that Google accepted a token without any of the listed scopes. Returns `true` the
    /// first time.
    pub(crate) fn opened(&self, subject: impl Into<Subject>) -> bool {
        let (mut learnt, subject) = (self.learnt(), subject.into());
        if learnt.open.len() >= MOST {
            learnt.open.clear();
        }
        learnt.denials.retain(|(_, denied), _| *denied != subject);
        learnt.open.insert(subject)
    }

    /// Learns scopes that Google named as sufficient for the method. Scopes that the catalog does
    /// not contain are ignored.
    pub(crate) fn learn_scopes(&self, subject: impl Into<Subject>, scopes: &ScopeSet) {
        let (accepted, subject) = (&mut self.learnt().accepted, subject.into());
        if accepted.len() >= MOST && !accepted.contains_key(&subject) {
            accepted.clear();
        }
        accepted.entry(subject).or_default().extend(scopes.iter().filter(|scope| scope.is_known()));
    }

    fn learnt(&self) -> MutexGuard<'_, Learnt> {
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
    use crate::granted::cache::TokenHasher;
    use crate::granted::{AccessToken, GrantedScopes};

    fn method(id: &str) -> ApiMethod {
        ApiMethod::by_id(id).unwrap()
    }

    fn denial() -> Denial {
        let insert = method("storage.objects.insert");
        let granted = GrantedScopes::unknown("");
        let here = Arc::new(Environment::from_snapshot(&Snapshot::default()));
        Denial::new(DenialKind::Confirmed, insert, insert.accepted(), granted, here)
    }

    fn key(hasher: &TokenHasher, token: usize) -> TokenKey {
        let header = HeaderValue::try_from(format!("Bearer {token}")).unwrap();
        hasher.key(AccessToken::from_authorization(&header).unwrap())
    }

    #[test]
    fn a_refusal_counts_for_its_method_its_token_and_what_was_known_of_it() {
        let (lessons, hasher, now) = (Lessons::default(), TokenHasher::new(), Instant::now());
        let (insert, get) = (method("storage.objects.insert"), method("storage.objects.get"));
        lessons.remember_denial(key(&hasher, 1), insert, now, denial());
        let has_refused = |token, method, at| lessons.denial(key(&hasher, token), method, at).is_some();
        assert!(has_refused(1, insert, now));
        assert!(!has_refused(2, insert, now));
        assert!(!has_refused(1, get, now));
        assert!(!has_refused(1, insert, now + Duration::from_secs(1)));
        assert!(lessons.opened(insert) && !lessons.opened(insert));
        assert!(!has_refused(1, insert, now));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (lessons, hasher, now) = (Lessons::default(), TokenHasher::new(), Instant::now());
        let (insert, same) = (method("storage.objects.insert"), denial());
        for token in 0..10 * MOST {
            lessons.remember_denial(key(&hasher, token), insert, now, same.clone());
            assert!(lessons.denial(key(&hasher, token), insert, now).is_some());
        }
        for method in (0..2 * MOST).filter_map(|index| Catalog::built_in().method_at(index)) {
            lessons.opened(method);
            lessons.learn_scopes(method, &ScopeSet::from_scope_text("openid https://example.com/x"));
        }
        let learnt = lessons.learnt();
        let sizes = [learnt.denials.len(), learnt.open.len(), learnt.accepted.len()];
        assert!(sizes.iter().all(|size| (1..=MOST).contains(size)), "{sizes:?}");
        assert!(learnt.accepted.values().all(|scopes| scopes.len() == 1));
    }

    #[test]
    fn a_named_scope_opens_its_method_and_takes_nothing_away() {
        let lessons = Lessons::default();
        let (insert, get) = (method("storage.objects.insert"), method("storage.objects.get"));
        let openid = ScopeSet::from_scope_text("openid");
        assert_eq!(lessons.correct(insert, &openid), Ok(false));
        lessons.learn_scopes(insert, &openid);
        assert_eq!(lessons.correct(insert, &openid), Ok(true));
        assert_eq!(lessons.correct(insert, &ScopeSet::from_scope_text("email")), Ok(false));
        assert_eq!(lessons.correct(get, &openid), Ok(false));
        lessons.learn_scopes(get, &ScopeSet::from_scope_text("email"));
        assert_eq!(lessons.correct(insert, &openid), Ok(true), "one method's scopes outlive another's");
        lessons.opened(get);
        assert_eq!(lessons.correct(get, &openid), Err(AbstainReason::Contradicted));
    }
}

#[cfg(all(test, shuttle, feature = "catalog-storage"))]
mod models {
    use std::sync::Arc;

    use super::*;
    use crate::catalog::Catalog;

    #[test]
    fn a_method_that_is_open_stays_so_whoever_denies_it_meanwhile_and_is_news_once() {
        let model = || {
            let (lessons, method) = (Arc::new(Lessons::default()), Catalog::built_in().method_at(0).unwrap());
            let opens = [(); 2].map(|()| {
                let lessons = Arc::clone(&lessons);
                shuttle::thread::spawn(move || lessons.opened(method))
            });
            lessons.learn_scopes(method, &ScopeSet::from_scope_text("openid"));
            let news = opens.into_iter().map(|thread| thread.join().unwrap());
            assert_eq!(news.filter(|news| *news).count(), 1);
            let held = ScopeSet::from_scope_text("openid");
            assert_eq!(lessons.correct(method, &held), Err(AbstainReason::Contradicted));
        };
        shuttle::check_random(model, 2_000);
        shuttle::check_dfs(model, Some(2_000));
    }
}
