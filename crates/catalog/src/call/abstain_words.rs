//! Data: the reasons why a call cannot be judged, each as one word and as a sentence.

/// The word and the sentence for each variant of `AbstainReason`, in the order of the variants.
pub(super) static WORDS: [(&str, &str); 21] = [
    ("host", "this host serves no API that the catalog knows"),
    ("method", "no method at this host has this verb and path"),
    ("signed", "a signed request carries no bearer token, so it has no scopes"),
    ("auth", "this endpoint issues or describes tokens and needs no scope"),
    ("metadata", "this is the metadata server, not an API"),
    ("batch", "a batch bundles several calls, each with scopes of its own"),
    ("registry", "a registry, whose scopes Google does not document"),
    ("workload", "a user's own service, not an API of Google's"),
    ("catalog", "this program was built without a catalog of methods"),
    ("empty", "Google lists no scopes for it: it needs none, or they are not published"),
    ("session", "the session URL of the upload authorises this request by itself"),
    ("inferred", "Google does not document its scopes"),
    ("several", "it needs more than one scope at once"),
    ("request", "which scope is enough depends on the rest of the request"),
    ("restricted", "the token holds a scope that restricts what the token may request"),
    ("ambiguous", "two documents of Google's list different scopes for it"),
    ("coarse", "Google lists scopes for its whole service, not for this method"),
    ("grpc", "gRPC calls are not judged before they are sent"),
    ("contradicted", "an answer of Google contradicted the scopes listed for it"),
    ("granted", "it is not known what the token holds"),
    ("unheard", "the token holds a scope whose methods Google does not list"),
];
