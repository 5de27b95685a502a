//! The reasons why a call cannot be judged.

use std::fmt;

use super::abstain_words::WORDS;

/// The reason why a call cannot be judged. To judge a call is to decide whether the scopes of a
/// token are sufficient for the call.
///
/// Each reason has [a word](Self::as_str) for logs and [a sentence](Self::describe) for people.
///
/// ```
/// # #[cfg(feature = "full")] {
/// use gcp_scopes_catalog::call::{Call, AbstainReason};
/// use gcp_scopes_catalog::{Endpoints, lookup};
///
/// // An emulator is not an API of Google until the user maps it to one.
/// let uri = "http://127.0.0.1:4443/storage/v1/b/photos".parse()?;
/// let found = lookup(&Call::new(&http::Method::GET, &uri), &Endpoints::new());
/// assert_eq!(found.abstain_reason(), Some(AbstainReason::Host));
/// # }
/// # Ok::<(), http::uri::InvalidUri>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AbstainReason {
    /// `host`: the host serves no API of the catalog at this port, and the user did not map the
    /// host to an API. An emulator that is not mapped has this reason.
    Host,
    /// `method`: the host serves an API of Google, but the API has no method with this verb and
    /// path.
    Method,
    /// `signed`: the request is authenticated by a signature or another proof instead of a bearer
    /// token.
    Signed,
    /// `auth`: the endpoint issues or describes tokens and needs no scope.
    Auth,
    /// `metadata`: the host is the metadata server of a VM or a container.
    Metadata,
    /// `batch`: the body contains several calls, which may need different scopes.
    Batch,
    /// `registry`: the host is a package or image registry (`pkg.dev`, `gcr.io`). Google does not
    /// document the scopes of registries.
    Registry,
    /// `workload`: the host is a user's own service on Google's platform, for example below
    /// `run.app`.
    Workload,
    /// `catalog`: the program was built without a catalog of methods, and so knows no method.
    Catalog,
    /// `empty`: Google lists no scope for the method. Either the method needs no scope, or Google
    /// does not publish the scope.
    Empty,
    /// `session`: the request continues a resumable upload, and is authorized by the session URL of
    /// the upload (<https://cloud.google.com/storage/docs/resumable-uploads#session-uris>).
    Session,
    /// `inferred`: Google does not document which scopes the call needs. The accepted scopes are
    /// those of an equivalent call.
    Inferred,
    /// `several`: the method needs more than one scope at once.
    Several,
    /// `request`: the accepted scopes depend on the query or the body of the request.
    Request,
    /// `restricted`: the token holds a scope that restricts what the token may request.
    Restricted,
    /// `ambiguous`: two documents of Google list different scopes for the same request, or for the
    /// same method in two versions of the API.
    Ambiguous,
    /// `coarse`: Google lists scopes for the whole service and not for this method. Only a token
    /// that holds no scope of the service is judged.
    Coarse,
    /// `grpc`: the call is a gRPC call. A refused gRPC call is explained, but a gRPC call is not
    /// judged before it is sent.
    Grpc,
    /// `contradicted`: a response to an earlier call of the method contradicts the catalog. Google
    /// accepted a token without any of the listed scopes, refused a token with one of them for lack
    /// of scope, or named other scopes of which the token holds one.
    Contradicted,
    /// `granted`: the scopes of the token are not known.
    Granted,
    /// `unheard`: the token holds a scope that the catalog does not know, or a scope that permits
    /// more methods than Google's lists show.
    UnlistedScope,
}

impl AbstainReason {
    /// Checks whether a call with this reason goes to an API of Google. If such a call is refused,
    /// its token may lack a scope.
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
            Self::Host
                | Self::Auth
                | Self::Metadata
                | Self::Workload
                | Self::Registry
                | Self::Catalog
        )
    }

    /// Returns the reason as one word, for logs and programs.
    ///
    /// ```
    /// assert_eq!(gcp_scopes_catalog::call::AbstainReason::Granted.as_str(), "granted");
    /// ```
    #[must_use]
    pub fn as_str(self) -> &'static str {
        WORDS[self as usize].0
    }

    /// Returns the reason as a sentence for people. The sentence does not contain the host or the
    /// path.
    ///
    /// ```
    /// assert_eq!(
    ///     gcp_scopes_catalog::call::AbstainReason::Inferred.describe(),
    ///     "Google does not document its scopes"
    /// );
    /// ```
    #[must_use]
    pub fn describe(self) -> &'static str {
        WORDS[self as usize].1
    }

    /// Checks whether the reason prevents only the verdict "lacking". A token with an accepted
    /// scope is then sufficient in spite of the reason, and a token without one has no verdict.
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
    fn the_word_of_a_reason_is_the_name_of_its_variant() {
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
            AbstainReason::UnlistedScope,
        ];
        assert_eq!(reasons.len(), WORDS.len());
        for reason in reasons {
            // `UnlistedScope` was called `Unheard`; its word stays the same.
            let name = format!("{reason:?}").replace("UnlistedScope", "Unheard");
            assert_eq!(name.to_lowercase(), reason.as_str());
        }
    }
}
