//! One call, and the gates that it passes.

use super::access::Access;
use super::problem::Problem;
use crate::incoming::IncomingRequest;
use crate::reply::Reply;
use crate::state::{State, Token};
use crate::store::Bucket;

pub(super) type Answer = Result<Reply, Problem>;

/// Who calls, and what the call is about.
pub(super) struct Call<'a> {
    pub(super) request: &'a IncomingRequest,
    pub(super) account: String,
    pub(super) bucket: String,
    pub(super) object: String,
    /// The bucket and the object that a copy makes.
    pub(super) target: (String, String),
    /// The method of the JSON API, and the permission that it needs.
    pub(super) id: &'static str,
    pub(super) permission: &'static str,
}

impl<'a> Call<'a> {
    /// A call that is no copy, and none of the JSON API.
    pub(super) fn new(request: &'a IncomingRequest, account: String, bucket: String, object: String) -> Self {
        let target = Default::default();
        Self { request, account, bucket, object, target, id: "", permission: "" }
    }
}

/// The first two gates: a live token, and scopes of which one is enough.
pub(super) fn admit(
    state: &State,
    request: &IncomingRequest,
    access: Access,
    permission: &'static str,
) -> Result<Token, Problem> {
    if request.header("authorization").is_none() {
        return Err(Problem::Anonymous(permission));
    }
    let token = request.bearer().and_then(|text| state.live_token(text)).ok_or(Problem::BadToken)?;
    let accepted = access.scopes();
    match token.holds_any(&accepted) {
        true => Ok(token),
        false => Err(Problem::Scope(accepted)),
    }
}

/// The third gate, and then the bucket, if it is there.
///
/// Google does not say whether a bucket exists to an account that may not use it.
pub(super) fn permit<'a>(state: &'a State, call: &Call<'_>, permission: &str) -> Result<&'a Bucket, Problem> {
    permit_on(state, call, &call.bucket, permission)
}

/// The same for a bucket that is not the call's own.
pub(super) fn permit_on<'a>(
    state: &'a State,
    call: &Call<'_>,
    bucket: &str,
    permission: &str,
) -> Result<&'a Bucket, Problem> {
    let found = state.store.buckets.get(bucket);
    let project = found.map_or_else(|| state.first_project(), |bucket| bucket.project.as_str());
    if !state.policy.allows(&call.account, permission, &[bucket, project]) {
        return Err(Problem::iam(&call.account, permission));
    }
    found.ok_or(Problem::NoBucket)
}
