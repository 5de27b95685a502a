//! The error that a client returns with a denial, and the search for the denial in an error.

use std::error::Error as StdError;
use std::fmt;

use super::Denial;

/// The error to return from a client. Its message is the denial in one line.
///
/// Some clients leave this error out of the chain of sources, such as reqwest-middleware with its
/// transparent `Error::Middleware`. [`Denial::find`] finds the denial nevertheless, because the
/// source of this error contains the denial, too. The source has another message, so that a program
/// that prints the whole chain prints the denial once.
///
/// ```
/// use gcp_scopes_explain::Denial;
///
/// fn fail(denial: Denial) -> Box<dyn std::error::Error + Send + Sync> {
///     denial.into_error().into() // `Denial::find` finds the denial in it
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.0)]
pub struct DenialError(#[source] DenialSource);

/// The source of a [`DenialError`], which contains the denial. Its text differs from the denial's,
/// so that a program that prints the whole chain prints the denial once.
#[derive(thiserror::Error)]
#[error("{}", if self.0.refusal().is_some() { REFUSED } else { UNSENT })]
struct DenialSource(Denial);

const REFUSED: &str = "Google refused the call for lack of an OAuth scope";
const UNSENT: &str = "the call was not sent, because its token lacks an OAuth scope";

impl fmt::Debug for DenialSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Denial {
    /// Finds the denial in an error or in its chain of sources.
    ///
    /// Checks `error`, then its [`source`](StdError::source), then the source of that error, and so
    /// on. With `anyhow`, pass `&*error`.
    ///
    /// ```
    /// # fn show(error: &(dyn std::error::Error + 'static)) {
    /// if let Some(denial) = gcp_scopes_explain::Denial::find(error) {
    ///     eprintln!("{}", denial.report());
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn find<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            let denial = error
                .downcast_ref::<Self>()
                .or_else(|| Some(&error.downcast_ref::<DenialError>()?.0.0))
                .or_else(|| Some(&error.downcast_ref::<DenialSource>()?.0));
            if denial.is_some() {
                return denial;
            }
            next = error.source();
        }
        None
    }

    /// Converts the denial into an error for a client to return. [`find`](Self::find) finds the
    /// denial in that error.
    ///
    /// ```
    /// use gcp_scopes_explain::Denial;
    ///
    /// fn to_io(denial: Denial) -> std::io::Error {
    ///     std::io::Error::other(denial.into_error())
    /// }
    /// ```
    #[must_use]
    pub fn into_error(self) -> DenialError {
        DenialError(DenialSource(self))
    }
}
