//! The error that carries a denial through a client, and how it is found again.

use std::error::Error as StdError;

use super::Denial;

/// The error that a client gets: its source is the [`Denial`], and it prints the denial's line.
///
/// Some clients skip the error that they are given when a caller asks for the source, such as
/// reqwest-middleware with its transparent `Error::Middleware`. The denial is one level below, so
/// it is found all the same. Other clients print one level only, so the line is printed here too.
///
/// ```
/// # use gcp_scopes_explain::Denial;
/// fn fail(denial: Denial) -> Box<dyn std::error::Error + Send + Sync> {
///     denial.into_error().into() // `Denial::find` finds the denial in it
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct DenialError(#[source] Denial);

impl Denial {
    /// Finds the denial in an error, however deep a client has wrapped it.
    ///
    /// Follows [`source`](StdError::source) from `error` on, as Go's `errors.As` does. With
    /// `anyhow`, pass `&*error`.
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
            let found =
                error.downcast_ref::<Self>().or_else(|| Some(&error.downcast_ref::<DenialError>()?.0));
            if found.is_some() {
                return found;
            }
            next = error.source();
        }
        None
    }

    /// The error to give to a client, in which [`find`](Self::find) finds the denial again.
    ///
    /// ```
    /// # use gcp_scopes_explain::Denial;
    /// fn to_io(denial: Denial) -> std::io::Error {
    ///     std::io::Error::other(denial.into_error())
    /// }
    /// ```
    #[must_use]
    pub fn into_error(self) -> DenialError {
        DenialError(self)
    }
}
