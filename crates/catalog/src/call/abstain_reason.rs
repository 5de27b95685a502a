use std::fmt;

/// Why there is no verdict on a call: one word, and what it means.
///
/// ```
/// use gcp_scopes_catalog::call::{Call, AbstainReason};
/// use gcp_scopes_catalog::{Endpoints, lookup};
///
/// // An emulator stands for no API until it is mapped to one.
/// let uri = "http://127.0.0.1:4443/storage/v1/b/photos".parse()?;
/// let found = lookup(&Call::new(&http::Method::GET, &uri), &Endpoints::new());
/// assert_eq!(found.abstain_reason(), Some(AbstainReason::Host));
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
    /// `empty`: Google lists no scope for the method, which may mean "none needed" or "not told".
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
    /// `unheard`: the token holds a scope of which no list of Google's tells what it opens.
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
        match self {
            Self::Host => "host",
            Self::Method => "method",
            Self::Signed => "signed",
            Self::Auth => "auth",
            Self::Metadata => "metadata",
            Self::Batch => "batch",
            Self::Registry => "registry",
            Self::Workload => "workload",
            Self::Catalog => "catalog",
            Self::Empty => "empty",
            Self::Session => "session",
            Self::Inferred => "inferred",
            Self::Several => "several",
            Self::Request => "request",
            Self::Restricted => "restricted",
            Self::Ambiguous => "ambiguous",
            Self::Coarse => "coarse",
            Self::Grpc => "grpc",
            Self::Contradicted => "contradicted",
            Self::Granted => "granted",
            Self::Unheard => "unheard",
        }
    }

    /// The same for a person, without hosts and paths.
    ///
    /// ```
    /// assert_eq!(gcp_scopes_catalog::call::AbstainReason::Inferred.describe(), "Google does not document its scopes");
    /// ```
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::Host => "no API that the catalog knows lives at this host",
            Self::Method => "no method at this host has this verb and path",
            Self::Signed => "a signed request carries no bearer token, so it has no scopes",
            Self::Auth => "this endpoint hands out or describes tokens and asks for no scope",
            Self::Metadata => "this is the metadata server, not an API",
            Self::Batch => "a batch bundles several calls, each with scopes of its own",
            Self::Registry => "a registry, whose scopes Google does not document",
            Self::Workload => "a user's own service, not an API of Google's",
            Self::Catalog => "this program was built without a catalog of methods",
            Self::Empty => "Google lists no scopes for it: it needs none, or they are not told",
            Self::Session => "the session URL of the upload authorises this request by itself",
            Self::Inferred => "Google does not document its scopes",
            Self::Several => "it needs more than one scope at once",
            Self::Request => "which scope is enough depends on the rest of the request",
            Self::Restricted => "the token holds a scope that narrows what may be asked for",
            Self::Ambiguous => "two documents of Google's list different scopes for it",
            Self::Coarse => "Google lists scopes for its whole service, not for this method",
            Self::Grpc => "gRPC calls are not judged ahead",
            Self::Contradicted => "Google let it through without any of the scopes listed for it",
            Self::Granted => "it is not known what the token holds",
            Self::Unheard => "the token holds a scope of which no list of Google's tells what it opens",
        }
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
