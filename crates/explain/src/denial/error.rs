//! The error in which a client hands a denial on.

use std::error::Error as StdError;

use super::Denial;

/// What a client is handed: an error whose source is the [`Denial`].
///
/// Several clients (reqwest-middleware's `Error::Middleware` among them) are transparent: their
/// `source()` skips the error they were given and starts one level below it. So the denial stands
/// one level below. Display repeats its line, for clients that print one level only.
///
/// ```
/// # use gcp_scopes_explain::Denial;
/// fn hand_over(denial: Denial) -> Box<dyn std::error::Error + Send + Sync> {
///     denial.into_error().into() // `Denial::find` finds the denial again
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct DenialError(#[source] Denial);

impl Denial {
    /// The error to hand to a client, in which [`of`](Self::of) finds the denial again.
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

    /// Finds the denial in an error, however deep a client has wrapped it: like Go's `errors.As`.
    ///
    /// Walks [`source`](StdError::source) from `error` on. With `anyhow`, pass `&*error`.
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
}
