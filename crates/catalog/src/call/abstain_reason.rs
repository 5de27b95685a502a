//! Why there is no verdict on a call.

use std::fmt;

use super::abstain_words::WORDS;

/// Why there is no verdict on a call: one word, and what it means.
///
/// ```
/// # #[cfg(feature = "full")] {
/// use gcp_scopes_catalog::call::{Call, AbstainReason};
/// use gcp_scopes_catalog::{Endpoints, lookup};
///
/// // An emulator stands for no API until it is mapped to one.
/// let uri = "http://127.0.0.1:4443/storage/v1/b/photos".parse()?;
/// let found = lookup(&Call::new(&http::Method::GET, &uri), &Endpoints::new());
/// assert_eq!(found.abstain_reason(), Some(AbstainReason::Host));
/// # }
/// # Ok::<(), http::uri::InvalidUri>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AbstainReason {
    /// `host`: the host is not Google's, or no API of the catalog lives there (or not at this
    /// port), and it was not mapped to one. Emulators are here until they are mapped.
    Host,
    /// `method`: a Google API, but none of its methods has this verb and path.
    Method,
    /// `signed`: the request carries a signature or some other proof instead of a bearer token.
    Signed,
    /// `auth`: an endpoint that hands out or describes tokens; it asks for no scope.
    Auth,
    /// `metadata`: the metadata server of a VM or a container.
    Metadata,
    /// `batch`: several calls in one body, each with scopes of its own.
    Batch,
    /// `registry`: a package or image registry (`pkg.dev`, `gcr.io`), whose scopes are not
    /// documented.
    Registry,
    /// `workload`: a user's own service on Google's platform (`run.app` and the like).
    Workload,
    /// `catalog`: built without the feature `catalog-full`, so that no method is known.
    Catalog,
    /// `empty`: Google lists no scope for the method, which may mean that it needs none, or that its scope is not public.
    Empty,
    /// `session`: a follow-up of a resumable upload, which its session URL authorises
    /// (<https://cloud.google.com/storage/docs/resumable-uploads#session-uris>).
    Session,
    /// `inferred`: Google's documents do not say which scopes this call needs; ours is a reading.
    Inferred,
    /// `several`: the method needs more than one scope at once.
    Several,
    /// `request`: what is accepted depends on the query or the body.
    Request,
    /// `restricted`: the token holds a scope that narrows what its holder may ask for.
    Restricted,
    /// `ambiguous`: two documents of Google's list different scopes for the same request, or for the same
    /// method in two versions of its API.
    Ambiguous,
    /// `coarse`: scopes are known for the whole service only, not for this method.
    Coarse,
    /// `grpc`: a gRPC call, which is explained after a refusal but never judged before.
    Grpc,
    /// `contradicted`: Google let such a call through, although its token holds none of the scopes
    /// that the catalog lists.
    Contradicted,
    /// `granted`: it is not known what the token was granted.
    Granted,
    /// `unheard`: the token holds a scope for which Google lists no method, or not all.
    Unheard,
}

impl AbstainReason {
    /// Whether the request went to an API of Google's all the same, so that its refusal is worth a
    /// look.
    ///
    /// ```
    /// use gcp_scopes_catalog::call::AbstainReason;
    ///
    /// assert!(AbstainReason::Batch.is_google() && !AbstainReason::Workload.is_google());
    /// ```
    #[must_use]
    pub fn is_google(self) -> bool {
        !matches!(
            self,
            Self::Host | Self::Auth | Self::Metadata | Self::Workload | Self::Registry | Self::Catalog
        )
    }

    /// The word, for logs and machines.
    ///
    /// ```
    /// assert_eq!(gcp_scopes_catalog::call::AbstainReason::Granted.as_str(), "granted");
    /// ```
    #[must_use]
    pub fn as_str(self) -> &'static str {
        WORDS[self as usize].0
    }

    /// The same for a person, without hosts and paths.
    ///
    /// ```
    /// assert_eq!(gcp_scopes_catalog::call::AbstainReason::Inferred.describe(), "Google does not document its scopes");
    /// ```
    #[must_use]
    pub fn describe(self) -> &'static str {
        WORDS[self as usize].1
    }

    /// Whether an accepted scope still opens the gate, so that only "no" is in doubt.
    pub(crate) fn is_one_sided(self) -> bool {
        matches!(self, Self::Session | Self::Inferred | Self::Grpc)
    }
}

impl fmt::Display for AbstainReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_of_a_reason_is_its_name() {
        let reasons = [
            AbstainReason::Host,
            AbstainReason::Method,
            AbstainReason::Signed,
            AbstainReason::Auth,
            AbstainReason::Metadata,
            AbstainReason::Batch,
            AbstainReason::Registry,
            AbstainReason::Workload,
            AbstainReason::Catalog,
            AbstainReason::Empty,
            AbstainReason::Session,
            AbstainReason::Inferred,
            AbstainReason::Several,
            AbstainReason::Request,
            AbstainReason::Restricted,
            AbstainReason::Ambiguous,
            AbstainReason::Coarse,
            AbstainReason::Grpc,
            AbstainReason::Contradicted,
            AbstainReason::Granted,
            AbstainReason::Unheard,
        ];
        assert_eq!(reasons.len(), WORDS.len());
        for reason in reasons {
            assert_eq!(format!("{reason:?}").to_lowercase(), reason.as_str());
        }
    }
}
