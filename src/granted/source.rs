//! What the program itself knows of its tokens.

use std::future::Future;
use std::pin::Pin;

use super::{AccessToken, GrantedScopes};

/// Something that knows the scopes of some tokens.
///
/// It is asked once per token, and again some time after an answer that the scopes are unknown. The guard
/// asks on a thread of its own and under a deadline, so that a source may be slow, fail or panic without
/// harm to any call; it must not block the thread, which has a tokio runtime with timer and I/O. An
/// answer must be true for exactly this token: a wrong one makes wrong verdicts.
///
/// ```
/// use gcp_scopes::ScopeSet;
/// use gcp_scopes::granted::{AccessToken, GrantSource, GrantedScopes, GrantedScopesSource};
///
/// struct ReadOnlyTokens;
///
/// impl GrantedScopesSource for ReadOnlyTokens {
///     fn name(&self) -> &str {
///         "our token broker"
///     }
///
///     async fn granted(&self, token: AccessToken<'_>) -> Option<GrantedScopes> {
///         let scopes = ScopeSet::from_scope_text("https://www.googleapis.com/auth/pubsub");
///         token.secret().starts_with("broker-").then(|| GrantedScopes::known(scopes, GrantSource::Custom))
///     }
/// }
/// ```
pub trait GrantedScopesSource: Send + Sync {
    /// What a report calls this source: a few words without any secret.
    fn name(&self) -> &str;

    /// The scopes of `token`; `None` for a token it knows nothing about. A failure is
    /// [`GrantedScopes::unknown`] with the reason: the next source is asked in both cases.
    fn granted(&self, token: AccessToken<'_>) -> impl Future<Output = Option<GrantedScopes>> + Send;
}

/// A [`GrantedScopesSource`] of any type.
pub(crate) trait DynSource: Send + Sync {
    fn label(&self) -> &str;

    fn granted_boxed<'a>(
        &'a self,
        token: AccessToken<'a>,
    ) -> Pin<Box<dyn Future<Output = Option<GrantedScopes>> + Send + 'a>>;
}

impl<S: GrantedScopesSource> DynSource for S {
    fn label(&self) -> &str {
        self.name()
    }

    fn granted_boxed<'a>(
        &'a self,
        token: AccessToken<'a>,
    ) -> Pin<Box<dyn Future<Output = Option<GrantedScopes>> + Send + 'a>> {
        Box::pin(self.granted(token))
    }
}
