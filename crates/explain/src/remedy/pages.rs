//! Data: where to read more.

/// Source of the order stop, set, start, and of `--scopes` replacing the list.
pub(super) const CHANGE_SCOPES: &str = "https://docs.cloud.google.com/compute/docs/instances/change-service-account#changeserviceaccountandscopes";

/// Source: a group's template cannot be changed, only replaced.
pub(super) const TEMPLATES: &str =
    "https://docs.cloud.google.com/compute/docs/instance-templates#how_to_update_instance_templates";

pub(super) const ROLLOUT: &str = "https://docs.cloud.google.com/compute/docs/instance-groups/rolling-out-updates-to-managed-instance-groups";
/// Source: a node pool's scopes cannot be changed.
pub(super) const NODE_POOLS: &str =
    "https://docs.cloud.google.com/kubernetes-engine/docs/how-to/access-scopes";

pub(super) const WORKLOAD_IDENTITY: &str =
    "https://docs.cloud.google.com/kubernetes-engine/docs/how-to/workload-identity";

pub(super) const CONSOLE: &str = "https://console.cloud.google.com";
pub(super) const DATAPROC: &str =
    "https://docs.cloud.google.com/dataproc/docs/concepts/configuring-clusters/service-accounts";

pub(super) const COMPOSER: &str =
    "https://docs.cloud.google.com/sdk/gcloud/reference/composer/environments/create";
pub(super) const METADATA_TOKENS: &str =
    "https://docs.cloud.google.com/run/docs/securing/service-identity#access_tokens";

pub(super) const SCOPES: &str = "https://developers.google.com/identity/protocols/oauth2/scopes";
pub(super) const IMPERSONATE: &str =
    "https://docs.cloud.google.com/iam/docs/create-short-lived-credentials-direct#create-access";

pub(super) const DELEGATION: &str = "https://developers.google.com/workspace/guides/create-credentials#set_up_domain-wide_delegation_for_a_service_account";
pub(super) const ADC_LOGIN: &str =
    "https://docs.cloud.google.com/sdk/gcloud/reference/auth/application-default/login";
pub(super) const LOGIN: &str = "https://docs.cloud.google.com/sdk/gcloud/reference/auth/login";
pub(super) const WORKFORCE: &str =
    "https://docs.cloud.google.com/iam/docs/workforce-obtaining-short-lived-credentials";
pub(super) const IAM: &str = "https://docs.cloud.google.com/iam/docs/granting-changing-revoking-access";
pub(super) const QUOTA: &str = "https://docs.cloud.google.com/docs/quotas/quota-project";
pub(super) const DRIVE: &str = "https://docs.cloud.google.com/bigquery/docs/external-data-drive";
pub(super) const PODS: &str =
    "https://docs.cloud.google.com/kubernetes-engine/docs/concepts/workload-identity";
