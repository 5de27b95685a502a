//! Data: where to read more about a gate.

pub(super) const ENABLE: &str = "https://docs.cloud.google.com/service-usage/docs/enable-disable";
pub(super) const BILLING: &str = "https://docs.cloud.google.com/billing/docs/how-to/modify-project";
pub(super) const PERIMETER: &str = "https://docs.cloud.google.com/vpc-service-controls/docs/troubleshooter";
pub(super) const POLICY: &str =
    "https://docs.cloud.google.com/resource-manager/docs/organization-policy/overview";
pub(super) const WORKSPACE: &str = "https://support.google.com/a/answer/7281227";
pub(super) const QUOTA: &str = "https://docs.cloud.google.com/docs/quotas/view-manage";
pub(super) const QUOTA_PROJECT: &str = "https://docs.cloud.google.com/docs/quotas/set-quota-project";
pub(super) const REQUESTER_PAYS: &str = "https://docs.cloud.google.com/storage/docs/using-requester-pays";
pub(super) const API_KEYS: &str = "https://docs.cloud.google.com/docs/authentication/api-keys";
pub(super) const DRIVE_SHARING: &str =
    "https://developers.google.com/workspace/drive/api/guides/handle-errors";
pub(super) const ERRORS: &str = "https://google.aip.dev/193";
pub(super) const TROUBLESHOOT: &str =
    "https://docs.cloud.google.com/policy-intelligence/docs/troubleshoot-access";
pub(super) const INVOKE: &str = "https://docs.cloud.google.com/run/docs/authenticating/overview";
pub(super) const RULES: &str = "https://firebase.google.com/docs/rules/basics";
pub(in crate::remedy) const ROLES: &str = "https://docs.cloud.google.com/iam/docs/roles-permissions";
pub(super) const SCOPES: &str = "https://developers.google.com/identity/protocols/oauth2/scopes";
pub(super) const DELEGATION: &str =
    "https://developers.google.com/identity/protocols/oauth2/service-account#delegatingauthority";

pub(super) const CONSENT: &str = "https://developers.google.com/identity/protocols/oauth2/production-readiness/sensitive-scope-verification";
