//! Data: the notes about a set-up in which the guard cannot work, with what to change.

/// A set-up in which the guard or the program cannot work. [`advice`](Self::advice) describes each.
/// The guard logs each once: `NoAccount` after detection, the others when a call shows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SetupNote {
    UnmappedHost,
    UnseenToken,
    NoSource,
    WrongMethod,
    NoAccount,
}

impl SetupNote {
    pub(crate) const COUNT: usize = 5;

    /// Returns the note as one word.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::UnmappedHost => "unmapped_host",
            Self::UnseenToken => "unseen_token",
            Self::NoSource => "no_source",
            Self::WrongMethod => "wrong_method",
            Self::NoAccount => "no_account",
        }
    }

    /// Returns what to change, and why.
    pub(super) fn advice(self) -> &'static str {
        match self {
            Self::UnmappedHost => {
                "map this host to the Google API behind it with GuardBuilder::endpoint: the host \
                 refused a call as Google does for lack of an OAuth scope, and the guard ignores \
                 hosts that are not mapped"
            }
            Self::UnseenToken => {
                "put the guard inside of the layer or middleware that sets the token, or let the \
                 guard's own layer or middleware set it, using with_token; with plain reqwest, set \
                 the token on each request, not in default_headers: Google refused a call whose \
                 request had no credentials when it reached the guard"
            }
            Self::NoSource => {
                "create the guard with detect and the feature `metadata`, allow tokeninfo, add a \
                 source with GuardBuilder::source, or declare the scopes of each token with \
                 Guard::declare: the guard has no source that can report which scopes a token holds"
            }
            Self::WrongMethod => {
                "pass the id of the method that the client calls to Guard::calling: Google's \
                 response to such a call names another method, which the guard explains instead"
            }
            Self::NoAccount => {
                "give the VM a service account with scopes, with gcloud compute instances \
                 set-service-account, while it is stopped: it has none, so its metadata server has \
                 no token"
            }
        }
    }
}
