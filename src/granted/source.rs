//! [`GrantedScopesSource`]: sources of granted scopes that the program provides.

use std::future::Future;
use std::pin::Pin;

use super::{AccessToken, GrantedScopes};

/// A source of the scopes of tokens.
///
/// A guard queries a source once per token, and again some time after the source returned that the
/// scopes are unknown. The query runs on the guard's thread with a deadline, so that a slow,
/// failing or panicking source does no harm to calls. With `panic = "abort"`, a panic of the source
/// ends the process. A source must not block the thread, which has a tokio runtime with timer and
/// I/O. The returned scopes must belong to exactly this token: wrong scopes lead to wrong
/// predictions.
///
/// ```
/// use gcp_scopes::ScopeSet;
/// use gcp_scopes::granted::{AccessToken, GrantSource, GrantedScopes, GrantedScopesSource};
///
/// /// Knows the tokens of our broker, which begin with `broker-`.
/// struct Broker;
///
/// impl GrantedScopesSource for Broker {
///     fn name(&self) -> &str {
///         "our token broker"
///     }
///
///     async fn granted(&self, token: AccessToken<'_>) -> Option<GrantedScopes> {
///         let scopes = ScopeSet::from_scope_text("https://www.googleapis.com/auth/pubsub");
///         let granted = GrantedScopes::known(scopes, GrantSource::Custom);
///         token.secret().starts_with("broker-").then_some(granted)
///     }
/// }
/// ```
pub trait GrantedScopesSource: Send + Sync {
    /// The name of this source in reports: a few words without any secret.
    fn name(&self) -> &str;

    /// Returns the scopes of `token`, or `None` if the source does not know the token. A source
    /// that fails returns [`GrantedScopes::unknown`] with the reason. In both cases the guard
    /// queries the next source.
    fn granted(&self, token: AccessToken<'_>)
    -> impl Future<Output = Option<GrantedScopes>> + Send;
}

/// A [`GrantedScopesSource`] as a trait object.
pub(crate) trait DynSource: Send + Sync {
    /// Returns the name of the source.
    fn label(&self) -> &str;

    fn granted_boxed<'a>(&'a self, token: AccessToken<'a>) -> BoxedScopes<'a>;
}

type BoxedScopes<'a> = Pin<Box<dyn Future<Output = Option<GrantedScopes>> + Send + 'a>>;

impl<S: GrantedScopesSource> DynSource for S {
    fn label(&self) -> &str {
        self.name()
    }

    fn granted_boxed<'a>(&'a self, token: AccessToken<'a>) -> BoxedScopes<'a> {
        Box::pin(self.granted(token))
    }
}
