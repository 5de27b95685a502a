//! A call of Cloud Storage, and the checks before its handler runs.

use super::access::StorageAccess;
use super::problem::Problem;
use crate::incoming::IncomingRequest;
use crate::response::FullResponse;
use crate::state::{FakeState, Token};
use crate::store::Bucket;

/// The response to a call, or the reason for an error response.
pub(super) type ApiResult<T = FullResponse> = Result<T, Problem>;

/// A call, with the account of its token and the names of the resources in its path.
pub(super) struct StorageCall<'a> {
    pub(super) request: &'a IncomingRequest,
    pub(super) account: String,
    pub(super) bucket: String,
    pub(super) object: String,
    /// The bucket and the object that a copy creates. Empty for all other calls.
    pub(super) target: (String, String),
    /// The id of the JSON API method. Empty for the XML API.
    pub(super) id: &'static str,
    /// The permission that the method needs. Empty for the XML API.
    pub(super) permission: &'static str,
}

impl<'a> StorageCall<'a> {
    /// Creates a call without the fields of a copy and of a JSON API method.
    pub(super) fn new(
        request: &'a IncomingRequest,
        account: String,
        bucket: String,
        object: String,
    ) -> Self {
        let target = Default::default();
        Self { request, account, bucket, object, target, id: "", permission: "" }
    }
}

/// Checks that the request has a valid token with one of the scopes of `access`, and returns the
/// token.
pub(super) fn check_token(
    state: &FakeState,
    request: &IncomingRequest,
    access: StorageAccess,
    permission: &'static str,
) -> ApiResult<Token> {
    if request.header("authorization").is_none() {
        return Err(Problem::Anonymous(permission));
    }
    let token =
        request.bearer().and_then(|text| state.valid_token(text)).ok_or(Problem::BadToken)?;
    let accepted = access.scopes();
    match token.has_any_scope(&accepted) {
        true => Ok(token),
        false => Err(Problem::Scope(accepted)),
    }
}

/// Checks that IAM grants the permission on the call's bucket, and returns the bucket.
///
/// A missing bucket causes an IAM refusal for an account without the permission, because Google
/// does not reveal to such an account whether a bucket exists.
pub(super) fn check_permission<'a>(
    state: &'a FakeState,
    call: &StorageCall<'_>,
    permission: &str,
) -> ApiResult<&'a Bucket> {
    check_permission_on(state, call, &call.bucket, permission)
}

/// Checks that IAM grants the permission on any bucket, and returns the bucket. See
/// [`check_permission`].
pub(super) fn check_permission_on<'a>(
    state: &'a FakeState,
    call: &StorageCall<'_>,
    bucket: &str,
    permission: &str,
) -> ApiResult<&'a Bucket> {
    let existing = state.store.buckets.get(bucket);
    let project = existing.map_or_else(|| state.first_project(), |bucket| bucket.project.as_str());
    if !state.policy.allows(&call.account, permission, &[bucket, project]) {
        return Err(Problem::iam(&call.account, permission));
    }
    existing.ok_or(Problem::NoBucket)
}
