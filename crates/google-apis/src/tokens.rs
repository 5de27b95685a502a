//! The source of tokens that reports each token to a guard.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use gcp_scopes::denial::Denial;
use gcp_scopes::token_source::bearer;
use gcp_scopes::{BoxError, Guard, Scope, ScopeSet};
use google_apis_common::GetToken;

/// A source of tokens that reports each token to a [`Guard`]. Created by
/// [`GuardGoogleApisExt::google_apis`](crate::GuardGoogleApisExt::google_apis).
///
/// ```
/// use gcp_scopes_google_apis::GuardGoogleApisExt as _;
/// use gcp_scopes_google_apis::gcp_scopes::Guard;
/// use google_apis_common::GetToken;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), String> {
/// let guard = Guard::builder().build();
/// let tokens = guard.google_apis("ya29.a0AfH6SM".to_owned());
/// let token = tokens
///     .get_token(&["https://www.googleapis.com/auth/drive.readonly"])
///     .await
///     .map_err(|e| e.to_string())?;
/// assert_eq!(token.as_deref(), Some("ya29.a0AfH6SM"));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct GuardGetToken<T> {
    guard: Guard,
    inner: T,
}

impl<T: GetToken + Clone + 'static> GuardGetToken<T> {
    /// Creates a source of tokens that wraps `inner` and reports each token to the guard.
    ///
    /// ```
    /// use gcp_scopes_google_apis::GuardGetToken;
    /// use gcp_scopes_google_apis::gcp_scopes::Guard;
    ///
    /// let tokens = GuardGetToken::new(&Guard::builder().build(), "ya29.a0AfH6SM".to_owned());
    /// ```
    #[must_use]
    pub fn new(guard: &Guard, inner: T) -> Self {
        Self { guard: guard.clone(), inner }
    }
}

impl<T: GetToken + Clone + 'static> GetToken for GuardGetToken<T> {
    fn get_token<'a>(
        &'a self,
        scopes: &'a [&str],
    ) -> Pin<Box<dyn Future<Output = Result<Option<String>, BoxError>> + Send + 'a>> {
        Box::pin(async move {
            let requested: ScopeSet = scopes.iter().map(|scope| Scope::from_uri(scope)).collect();
            self.guard.check_requested_scopes(&requested);
            let token = self.inner.get_token(scopes).await?;
            // A value that is not valid in a header is not checked. The client gets it unchanged.
            if let Some(Ok(value)) = token.as_deref().map(bearer) {
                self.guard.check_handed_out_token(&value).await.map_err(Denial::into_error)?;
            }
            Ok(token)
        })
    }
}

impl<T> fmt::Debug for GuardGetToken<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardGetToken").finish_non_exhaustive()
    }
}
