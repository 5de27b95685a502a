//! Data: the reasons why a request to `testIamPermissions` was refused, by the status of the
//! response and by the gate that refused.

use crate::refusal::Gate;

/// Reasons by status, for a refusal of any gate. `{what}` is a placeholder for the noun of the
/// resource.
pub(super) static BY_STATUS: [(u16, &str); 3] = [
    (400, "Google answered 400: no such permission of a {what}, or no such name"),
    (401, "Google did not accept the token"),
    (404, "there is no such {what}, or the account may not see it"),
];

/// Reasons by gate, for all other statuses.
pub(super) static BY_GATE: [(Gate, &str); 8] = [
    (
        Gate::Iam,
        "the account may not test permissions on this resource, or there is no such {what}",
    ),
    (Gate::ServiceDisabled, "the API is not enabled in the project"),
    (Gate::Billing, "the project has no usable billing account"),
    (Gate::VpcSc, "a VPC Service Controls perimeter refused the query"),
    (Gate::OrgPolicy, "a policy of the organisation refused the query"),
    (Gate::RateLimit, "too many requests"),
    (Gate::QuotaProject, "the project that calls are charged to is missing or not usable"),
    (Gate::Credentials, "Google did not accept the token"),
];
