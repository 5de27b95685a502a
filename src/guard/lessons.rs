//! Lessons: what a guard has learned about API methods from Google's responses, where the responses
//! confirm, contradict or extend the catalog.
//!
//! 1. A refusal for lack of scope stops later calls of the method with the same token. This lesson
//!    ends with the token, and an hour after the last refusal. After ten minutes one call is sent
//!    again, and its response renews or ends the lesson.
//! 2. A response that contradicts the catalog withdraws all verdicts on the method.
//! 3. The scopes that a response names withdraw the verdict that a token with one of these scopes
//!    lacks a scope. They never lead to another verdict and are in no report, so a response to one
//!    token does not change the reports for other tokens.
//!
//! Only calls whose token seems to lack the scope, and refused calls, read the lessons, so
//! contention for the lock is rare.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use super::bounded::BoundedMap;
use crate::call::{AbstainReason, NeededScopes};
use crate::catalog::ApiMethod;
use crate::denial::Denial;
use crate::granted::sync::{Mutex, MutexGuard};
use crate::granted::token_table::TokenKey;
use crate::scope::ScopeSet;

/// The maximum number of entries of each kind. The oldest entries are dropped: each entry can be
/// learned again from one call.
const MAX_ENTRIES: usize = 1024;

/// How long calls are stopped before one call is sent again. The time is so long that a program
/// that retries without end sends few calls, and so short that a wrong lesson does not last.
const RETRY_AFTER: Duration = Duration::from_secs(600);

/// How long calls are stopped if no later response confirms the refusal: the default lifetime of
/// Google's access tokens.
/// <https://docs.cloud.google.com/docs/authentication/token-types#access>
const STOPPED_FOR: Duration = Duration::from_secs(3600);

/// The subject of a lesson, which is also its key: a method of the catalog, or the scopes that a
/// caller stated for a call. With stated scopes, the key also contains the method of the call, if
/// the catalog contains that method.
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
pub(crate) struct Lessons(Mutex<Learned>);

/// What a guard has learned from responses.
struct Learned {
    /// The stops, each for the calls of one subject with one token. Denials are kept because
    /// creating a denial takes longer than all other steps of a call.
    stops: BoundedMap<(TokenKey, LessonKey), Stop>,
    /// Methods for which a response contradicted the catalog: Google accepted a token without any
    /// of the listed scopes, or refused a token with one of them.
    contradicted: BoundedMap<LessonKey, ()>,
    /// Scopes that a response named for a method in addition to those that the catalog lists.
    named: BoundedMap<LessonKey, ScopeSet>,
}

/// The denial for a token and a subject.
struct Stop {
    denial: Denial,
    /// When the token's cache entry becomes stale. The denial is valid until the cache entry is
    /// replaced, which changes this time.
    stale_at: Instant,
    /// When the next call is sent, to find out whether Google still refuses it.
    retry_at: Instant,
    /// When calls are no longer stopped.
    ends_at: Instant,
}

/// Whether a call is sent whose token is known to lack the scope: see [`Lessons::check`].
#[derive(Debug)]
pub(crate) enum StopCheck {
    /// Google has not refused such a call, as far as is known.
    Unconfirmed,
    /// Google refused such a call a while ago. This call is sent, and calls that begin before its
    /// response are stopped.
    Trial,
    /// Google refused such a call. This call is stopped.
    Stopped(Denial),
}

impl Default for Lessons {
    fn default() -> Self {
        let (stops, contradicted) = (BoundedMap::new(MAX_ENTRIES), BoundedMap::new(MAX_ENTRIES));
        Self(Mutex::new(Learned { stops, contradicted, named: BoundedMap::new(MAX_ENTRIES) }))
    }
}

impl Lessons {
    /// Returns `verdict`, which is whether the scopes `held` are sufficient for a call of
    /// `subject`. Returns an error if a response showed that this verdict may be wrong.
    pub(crate) fn corrected_verdict(
        &self,
        subject: impl Into<LessonKey>,
        held: Option<&ScopeSet>,
        verdict: bool,
    ) -> Result<bool, AbstainReason> {
        let (learned, subject) = (self.learned(), subject.into());
        let holds_named = || Some(learned.named.get(&subject)?.intersects(held?));
        let is_doubtful = learned.contradicted.get(&subject).is_some()
            || (!verdict && holds_named().unwrap_or_default());
        if is_doubtful { Err(AbstainReason::Contradicted) } else { Ok(verdict) }
    }

    /// Stops calls of `subject` with this token from `now` on. The denial is valid at most as long
    /// as the token's cache entry, which expires at `stale_at`.
    pub(crate) fn remember_denial(
        &self,
        token: TokenKey,
        subject: impl Into<LessonKey>,
        stale_at: Instant,
        denial: Denial,
        now: Instant,
    ) {
        let (retry_at, ends_at) = (now + RETRY_AFTER, now + STOPPED_FOR);
        let stop = Stop { denial, stale_at, retry_at, ends_at };
        self.learned().stops.insert((token, subject.into()), stop);
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
        let stop = learned.stops.get(&(token, subject.into()))?;
        (stop.stale_at == stale_at).then(|| stop.denial.clone())
    }

    /// Decides whether a call of `subject` is sent with this token, which is known to lack the
    /// scope. The caller reports the response to a [`StopCheck::Trial`] with
    /// [`remember_denial`](Self::remember_denial) or [`end_denial`](Self::end_denial). Without such
    /// a report, the next trial is after [`RETRY_AFTER`] again.
    pub(crate) fn check(
        &self,
        token: TokenKey,
        subject: impl Into<LessonKey>,
        stale_at: Instant,
        now: Instant,
    ) -> StopCheck {
        let mut learned = self.learned();
        let stop = learned.stops.get_mut(&(token, subject.into()));
        match stop.filter(|stop| stop.stale_at == stale_at && now < stop.ends_at) {
            None => StopCheck::Unconfirmed,
            Some(stop) if now < stop.retry_at => StopCheck::Stopped(stop.denial.clone()),
            Some(stop) => {
                stop.retry_at = now + RETRY_AFTER;
                StopCheck::Trial
            }
        }
    }

    /// Ends the stop of calls of `subject` with this token.
    pub(crate) fn end_denial(&self, token: TokenKey, subject: impl Into<LessonKey>) {
        self.learned().stops.remove(&(token, subject.into()));
    }

    /// Learns that a response contradicted the scopes that the catalog lists for `subject`. Returns
    /// `true` if this was not known before.
    pub(crate) fn mark_contradicted(&self, subject: impl Into<LessonKey>) -> bool {
        let (mut learned, subject) = (self.learned(), subject.into());
        learned.stops.retain(|(_, stopped)| *stopped != subject);
        learned.contradicted.insert(subject, ()).is_none()
    }

    /// Learns scopes that Google named as sufficient for `subject`. Scopes that the catalog does
    /// not contain are ignored.
    pub(crate) fn learn_scopes(&self, subject: impl Into<LessonKey>, scopes: &ScopeSet) {
        let (named, subject) = (&mut self.learned().named, subject.into());
        let mut all = named.get(&subject).cloned().unwrap_or_default();
        all.extend(scopes.iter().filter(|scope| scope.is_known()));
        named.insert(subject, all);
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

    /// A guard's lessons, with the token and the method of the one call that was refused.
    struct TestLesson {
        lessons: Lessons,
        token: TokenKey,
        method: ApiMethod,
        start: Instant,
    }

    impl TestLesson {
        /// Creates lessons with a refusal of `storage.objects.insert` at the start.
        fn refused() -> Self {
            let (lessons, start) = (Lessons::default(), Instant::now());
            let lesson = Self {
                lessons,
                token: key(&TokenHasher::new(), 1),
                method: method("storage.objects.insert"),
                start,
            };
            lesson.refuse(Duration::ZERO);
            lesson
        }

        fn refuse(&self, after: Duration) {
            let (stale_at, now) = (self.start, self.start + after);
            self.lessons.remember_denial(self.token, self.method, stale_at, denial(), now);
        }

        /// Checks a call, and returns the name of the result.
        fn check(&self, after: Duration) -> &'static str {
            match self.lessons.check(self.token, self.method, self.start, self.start + after) {
                StopCheck::Unconfirmed => "unconfirmed",
                StopCheck::Trial => "trial",
                StopCheck::Stopped(_) => "stopped",
            }
        }
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_denial_is_kept_per_method_token_and_cache_entry() {
        let (lessons, hasher, now) = (Lessons::default(), TokenHasher::new(), Instant::now());
        let (insert, get) = (method("storage.objects.insert"), method("storage.objects.get"));
        lessons.remember_denial(key(&hasher, 1), insert, now, denial(), now);
        let has_denial = |token, method, at| {
            let is_stopped = matches!(
                lessons.check(key(&hasher, token), method, at, now),
                StopCheck::Stopped(_)
            );
            assert_eq!(is_stopped, lessons.denial(key(&hasher, token), method, at).is_some());
            is_stopped
        };
        assert!(has_denial(1, insert, now));
        assert!(!has_denial(2, insert, now));
        assert!(!has_denial(1, get, now));
        assert!(!has_denial(1, insert, now + Duration::from_secs(1)));
        assert!(lessons.mark_contradicted(insert) && !lessons.mark_contradicted(insert));
        assert!(!has_denial(1, insert, now));
    }

    #[test]
    fn one_call_is_sent_every_ten_minutes() {
        let lesson = TestLesson::refused();
        assert_eq!(lesson.check(RETRY_AFTER - SECOND), "stopped");
        assert_eq!(lesson.check(RETRY_AFTER), "trial");
        // The response to the trial never arrives.
        for after in [RETRY_AFTER, 2 * RETRY_AFTER - SECOND] {
            assert_eq!(lesson.check(after), "stopped");
        }
        assert_eq!(lesson.check(2 * RETRY_AFTER), "trial");
        lesson.refuse(2 * RETRY_AFTER + SECOND);
        assert_eq!(lesson.check(3 * RETRY_AFTER), "stopped");
        assert_eq!(lesson.check(3 * RETRY_AFTER + SECOND), "trial");
        lesson.lessons.end_denial(lesson.token, lesson.method);
        assert_eq!(lesson.check(3 * RETRY_AFTER + SECOND), "unconfirmed");
    }

    #[test]
    fn a_denial_ends_an_hour_after_the_last_refusal() {
        let lesson = TestLesson::refused();
        assert_eq!(lesson.check(STOPPED_FOR), "unconfirmed");
        let lesson = TestLesson::refused();
        lesson.refuse(STOPPED_FOR - SECOND);
        assert_eq!(lesson.check(STOPPED_FOR), "stopped");
        assert_eq!(lesson.check(2 * STOPPED_FOR - SECOND), "unconfirmed");
    }

    #[test]
    fn the_number_of_lessons_is_bounded() {
        let (lessons, hasher, now) = (Lessons::default(), TokenHasher::new(), Instant::now());
        let (insert, kept) = (method("storage.objects.insert"), denial());
        for token in 0..10 * MAX_ENTRIES {
            lessons.remember_denial(key(&hasher, token), insert, now, kept.clone(), now);
            assert!(lessons.denial(key(&hasher, token), insert, now).is_some());
        }
        for method in (0..2 * MAX_ENTRIES).filter_map(|index| Catalog::built_in().method_at(index))
        {
            lessons.mark_contradicted(method);
            lessons
                .learn_scopes(method, &ScopeSet::from_scope_text("openid https://example.com/x"));
            // `https://example.com/x` is not learned, because the catalog does not contain this
            // scope.
            assert_eq!(lessons.learned().named.get(&method.into()).map(ScopeSet::len), Some(1));
        }
        let learned = lessons.learned();
        let sizes = [learned.stops.len(), learned.contradicted.len(), learned.named.len()];
        // At most half of the entries are forgotten at a time. The stops are left out, because
        // `mark_contradicted` has removed some of them.
        let expected = MAX_ENTRIES / 2..=MAX_ENTRIES;
        assert!(sizes.iter().skip(1).all(|size| expected.contains(size)), "{sizes:?}");
    }

    #[test]
    fn named_scopes_only_withdraw_the_verdict_of_a_missing_scope() {
        let lessons = Lessons::default();
        let (insert, get) = (method("storage.objects.insert"), method("storage.objects.get"));
        let [openid, email] = ["openid", "email"].map(ScopeSet::from_scope_text);
        let doubtful = Err(AbstainReason::Contradicted);
        let verdict = |method, held| lessons.corrected_verdict(method, Some(held), false);
        assert_eq!(verdict(insert, &openid), Ok(false));
        lessons.learn_scopes(insert, &openid);
        assert_eq!(verdict(insert, &openid), doubtful);
        assert_eq!(verdict(insert, &email), Ok(false));
        assert_eq!(verdict(get, &openid), Ok(false));
        // A scope that the catalog lists is not in doubt.
        assert_eq!(lessons.corrected_verdict(insert, Some(&openid), true), Ok(true));
        lessons.learn_scopes(get, &email);
        assert_eq!(
            verdict(insert, &openid),
            doubtful,
            "scopes learned for one method should not replace those of another method"
        );
    }

    #[test]
    fn a_contradicted_method_has_no_verdict() {
        let (lessons, get) = (Lessons::default(), method("storage.objects.get"));
        lessons.mark_contradicted(get);
        let openid = ScopeSet::from_scope_text("openid");
        for (held, verdict) in [(Some(&openid), false), (Some(&openid), true), (None, true)] {
            assert_eq!(
                lessons.corrected_verdict(get, held, verdict),
                Err(AbstainReason::Contradicted)
            );
        }
    }
}

#[cfg(all(test, shuttle, feature = "catalog-storage"))]
mod models {
    use std::sync::Arc;

    use super::*;
    use crate::catalog::Catalog;

    #[test]
    fn concurrent_lessons_mark_a_method_contradicted_once() {
        let model = || {
            let (lessons, method) =
                (Arc::new(Lessons::default()), Catalog::built_in().method_at(0).unwrap());
            let threads = [(); 2].map(|()| {
                let lessons = Arc::clone(&lessons);
                shuttle::thread::spawn(move || lessons.mark_contradicted(method))
            });
            lessons.learn_scopes(method, &ScopeSet::from_scope_text("openid"));
            // `mark_contradicted` returns `true` only to the first caller.
            let firsts = threads.into_iter().map(|thread| thread.join().unwrap());
            assert_eq!(firsts.filter(|first| *first).count(), 1);
            // Scopes learned at the same time do not replace the mark.
            let held = ScopeSet::from_scope_text("openid");
            assert_eq!(
                lessons.corrected_verdict(method, Some(&held), false),
                Err(AbstainReason::Contradicted)
            );
        };
        shuttle::check_random(model, 2_000);
        shuttle::check_dfs(model, Some(2_000));
    }
}
