//! Data: for each IAM permission, the role of the same service with the fewest permissions that
//! includes it, and the kind of resource on which the role is granted, as a table.

/// The kind of resource on which a role is granted: the most specific kind that has an IAM policy.
#[derive(Clone, Copy)]
pub(super) enum On {
    Project,
    Bucket,
    /// A service account.
    Account,
    Secret,
    Topic,
    Subscription,
    /// A key of Cloud KMS.
    Key,
    RunService,
}

impl On {
    /// Returns the name of this kind of resource, and the permission to change its IAM policy.
    pub(super) fn policy(self) -> (&'static str, &'static str) {
        match self {
            Self::Project => ("project", "resourcemanager.projects.setIamPolicy"),
            Self::Bucket => ("bucket", "storage.buckets.setIamPolicy"),
            Self::Account => ("service account", "iam.serviceAccounts.setIamPolicy"),
            Self::Secret => ("secret", "secretmanager.secrets.setIamPolicy"),
            Self::Topic => ("topic", "pubsub.topics.setIamPolicy"),
            Self::Subscription => ("subscription", "pubsub.subscriptions.setIamPolicy"),
            Self::Key => ("key", "cloudkms.cryptoKeys.setIamPolicy"),
            Self::RunService => ("service", "run.services.setIamPolicy"),
        }
    }
}

/// A permission, and the role of the same service with the fewest permissions that includes it.
pub(super) struct Grant {
    pub(super) permission: &'static str,
    pub(super) role: &'static str,
    pub(super) on: On,
    /// The page of Google's documentation that lists the permissions of the role.
    pub(super) source: &'static str,
}

/// Creates a row of the table.
const fn row(permission: &'static str, role: &'static str, on: On, source: &'static str) -> Grant {
    Grant { permission, role, on, source }
}

const STORAGE: &str = "https://docs.cloud.google.com/storage/docs/access-control/iam-roles";
const PUBSUB: &str = "https://docs.cloud.google.com/pubsub/docs/access-control";
const BIGQUERY: &str = "https://docs.cloud.google.com/bigquery/docs/access-control";
const TASKS: &str = "https://docs.cloud.google.com/tasks/docs/access-control";
const SECRETS: &str = "https://docs.cloud.google.com/secret-manager/docs/access-control";
const LOGGING: &str = "https://docs.cloud.google.com/logging/docs/access-control";
const MONITORING: &str = "https://docs.cloud.google.com/monitoring/access-control";
const TRACE: &str = "https://docs.cloud.google.com/trace/docs/iam";
const DATASTORE: &str = "https://docs.cloud.google.com/datastore/docs/access/iam";
const SPANNER: &str = "https://docs.cloud.google.com/spanner/docs/iam";
const KMS: &str = "https://docs.cloud.google.com/kms/docs/reference/permissions-and-roles";
const RUN: &str = "https://docs.cloud.google.com/run/docs/reference/iam/roles";
const SQL: &str = "https://docs.cloud.google.com/sql/docs/mysql/iam-roles";
const BIGTABLE: &str = "https://docs.cloud.google.com/bigtable/docs/access-control";
const IMPERSONATION: &str = "https://docs.cloud.google.com/iam/docs/service-account-permissions";
const USAGE: &str = "https://docs.cloud.google.com/service-usage/docs/access-control";
const ARTIFACTS: &str = "https://docs.cloud.google.com/artifact-registry/docs/access-control";
const VERTEX: &str = "https://docs.cloud.google.com/vertex-ai/docs/general/access-control";
const COMPUTE: &str = "https://docs.cloud.google.com/compute/docs/access/iam";
const GKE: &str = "https://docs.cloud.google.com/kubernetes-engine/docs/how-to/iam";

/// The known permissions.
pub(super) static GRANTS: &[Grant] = &[
    row("storage.objects.get", "roles/storage.objectViewer", On::Bucket, STORAGE),
    row("storage.objects.list", "roles/storage.objectViewer", On::Bucket, STORAGE),
    row("storage.objects.create", "roles/storage.objectCreator", On::Bucket, STORAGE),
    // A call that overwrites an object needs this permission, too, which
    // roles/storage.objectCreator does not include.
    row("storage.objects.delete", "roles/storage.objectUser", On::Bucket, STORAGE),
    row("storage.objects.update", "roles/storage.objectUser", On::Bucket, STORAGE),
    row("storage.objects.getIamPolicy", "roles/storage.objectAdmin", On::Bucket, STORAGE),
    row("storage.objects.setIamPolicy", "roles/storage.objectAdmin", On::Bucket, STORAGE),
    row("storage.buckets.get", "roles/storage.legacyBucketReader", On::Bucket, STORAGE),
    row("storage.buckets.getIamPolicy", "roles/storage.admin", On::Bucket, STORAGE),
    row("storage.buckets.setIamPolicy", "roles/storage.admin", On::Bucket, STORAGE),
    row("storage.buckets.update", "roles/storage.admin", On::Bucket, STORAGE),
    row("storage.buckets.delete", "roles/storage.admin", On::Bucket, STORAGE),
    row("storage.buckets.create", "roles/storage.admin", On::Project, STORAGE),
    // This role is in beta. The generally available role with the fewest permissions is
    // roles/storage.admin, which has many more.
    row("storage.buckets.list", "roles/storage.bucketViewer", On::Project, STORAGE),
    row("pubsub.topics.publish", "roles/pubsub.publisher", On::Topic, PUBSUB),
    row("pubsub.topics.attachSubscription", "roles/pubsub.subscriber", On::Topic, PUBSUB),
    row("pubsub.topics.get", "roles/pubsub.viewer", On::Topic, PUBSUB),
    row("pubsub.topics.list", "roles/pubsub.viewer", On::Project, PUBSUB),
    row("pubsub.topics.create", "roles/pubsub.editor", On::Project, PUBSUB),
    row("pubsub.subscriptions.consume", "roles/pubsub.subscriber", On::Subscription, PUBSUB),
    row("pubsub.subscriptions.get", "roles/pubsub.viewer", On::Subscription, PUBSUB),
    row("pubsub.subscriptions.list", "roles/pubsub.viewer", On::Project, PUBSUB),
    row("pubsub.subscriptions.create", "roles/pubsub.editor", On::Project, PUBSUB),
    // This role is in beta. The generally available role with the fewest permissions is
    // roles/editor, which has many more.
    row("cloudtasks.tasks.create", "roles/cloudtasks.enqueuer", On::Project, TASKS),
    row("bigquery.jobs.create", "roles/bigquery.jobUser", On::Project, BIGQUERY),
    row("bigquery.jobs.list", "roles/bigquery.user", On::Project, BIGQUERY),
    row("bigquery.readsessions.create", "roles/bigquery.readSessionUser", On::Project, BIGQUERY),
    row("bigquery.readsessions.getData", "roles/bigquery.readSessionUser", On::Project, BIGQUERY),
    row("bigquery.datasets.get", "roles/bigquery.metadataViewer", On::Project, BIGQUERY),
    row("bigquery.datasets.create", "roles/bigquery.user", On::Project, BIGQUERY),
    row("bigquery.tables.get", "roles/bigquery.metadataViewer", On::Project, BIGQUERY),
    row("bigquery.tables.list", "roles/bigquery.metadataViewer", On::Project, BIGQUERY),
    row("bigquery.tables.getData", "roles/bigquery.dataViewer", On::Project, BIGQUERY),
    row("bigquery.tables.export", "roles/bigquery.dataViewer", On::Project, BIGQUERY),
    row("bigquery.tables.create", "roles/bigquery.dataEditor", On::Project, BIGQUERY),
    row("bigquery.tables.update", "roles/bigquery.dataEditor", On::Project, BIGQUERY),
    row("bigquery.tables.updateData", "roles/bigquery.dataEditor", On::Project, BIGQUERY),
    row("bigquery.tables.delete", "roles/bigquery.dataEditor", On::Project, BIGQUERY),
    row("secretmanager.versions.access", "roles/secretmanager.secretAccessor", On::Secret, SECRETS),
    row(
        "secretmanager.versions.add",
        "roles/secretmanager.secretVersionAdder",
        On::Secret,
        SECRETS,
    ),
    row("secretmanager.versions.get", "roles/secretmanager.viewer", On::Secret, SECRETS),
    row("secretmanager.versions.list", "roles/secretmanager.viewer", On::Secret, SECRETS),
    row("secretmanager.secrets.get", "roles/secretmanager.viewer", On::Secret, SECRETS),
    row("secretmanager.secrets.list", "roles/secretmanager.viewer", On::Project, SECRETS),
    row("secretmanager.secrets.create", "roles/secretmanager.admin", On::Project, SECRETS),
    row("logging.logEntries.create", "roles/logging.logWriter", On::Project, LOGGING),
    row("logging.logEntries.list", "roles/logging.viewer", On::Project, LOGGING),
    row("monitoring.timeSeries.create", "roles/monitoring.metricWriter", On::Project, MONITORING),
    row(
        "monitoring.metricDescriptors.create",
        "roles/monitoring.metricWriter",
        On::Project,
        MONITORING,
    ),
    row("monitoring.timeSeries.list", "roles/monitoring.viewer", On::Project, MONITORING),
    row("cloudtrace.traces.patch", "roles/cloudtrace.agent", On::Project, TRACE),
    row("datastore.entities.get", "roles/datastore.viewer", On::Project, DATASTORE),
    row("datastore.entities.list", "roles/datastore.viewer", On::Project, DATASTORE),
    row("datastore.entities.create", "roles/datastore.user", On::Project, DATASTORE),
    row("datastore.entities.update", "roles/datastore.user", On::Project, DATASTORE),
    row("datastore.entities.delete", "roles/datastore.user", On::Project, DATASTORE),
    row("datastore.entities.allocateIds", "roles/datastore.user", On::Project, DATASTORE),
    row("datastore.databases.get", "roles/datastore.viewer", On::Project, DATASTORE),
    row("spanner.databases.read", "roles/spanner.databaseReader", On::Project, SPANNER),
    row("spanner.databases.select", "roles/spanner.databaseReader", On::Project, SPANNER),
    row(
        "spanner.databases.beginReadOnlyTransaction",
        "roles/spanner.databaseReader",
        On::Project,
        SPANNER,
    ),
    row("spanner.sessions.create", "roles/spanner.databaseReader", On::Project, SPANNER),
    row("spanner.databases.write", "roles/spanner.databaseUser", On::Project, SPANNER),
    row("spanner.databases.updateDdl", "roles/spanner.databaseUser", On::Project, SPANNER),
    row(
        "spanner.databases.beginOrRollbackReadWriteTransaction",
        "roles/spanner.databaseUser",
        On::Project,
        SPANNER,
    ),
    row(
        "cloudkms.cryptoKeyVersions.useToEncrypt",
        "roles/cloudkms.cryptoKeyEncrypter",
        On::Key,
        KMS,
    ),
    row(
        "cloudkms.cryptoKeyVersions.useToDecrypt",
        "roles/cloudkms.cryptoKeyDecrypter",
        On::Key,
        KMS,
    ),
    row("cloudkms.cryptoKeyVersions.useToSign", "roles/cloudkms.signer", On::Key, KMS),
    row("cloudkms.cryptoKeys.get", "roles/cloudkms.viewer", On::Key, KMS),
    row("cloudkms.cryptoKeys.list", "roles/cloudkms.viewer", On::Project, KMS),
    row("cloudkms.keyRings.list", "roles/cloudkms.viewer", On::Project, KMS),
    row("run.routes.invoke", "roles/run.invoker", On::RunService, RUN),
    row("cloudsql.instances.connect", "roles/cloudsql.client", On::Project, SQL),
    row("cloudsql.instances.get", "roles/cloudsql.client", On::Project, SQL),
    row("bigtable.tables.readRows", "roles/bigtable.reader", On::Project, BIGTABLE),
    row("bigtable.tables.mutateRows", "roles/bigtable.user", On::Project, BIGTABLE),
    row(
        "iam.serviceAccounts.getAccessToken",
        "roles/iam.serviceAccountTokenCreator",
        On::Account,
        IMPERSONATION,
    ),
    row(
        "iam.serviceAccounts.signJwt",
        "roles/iam.serviceAccountTokenCreator",
        On::Account,
        IMPERSONATION,
    ),
    row(
        "iam.serviceAccounts.signBlob",
        "roles/iam.serviceAccountTokenCreator",
        On::Account,
        IMPERSONATION,
    ),
    row(
        "iam.serviceAccounts.getOpenIdToken",
        "roles/iam.serviceAccountOpenIdTokenCreator",
        On::Account,
        IMPERSONATION,
    ),
    row("iam.serviceAccounts.actAs", "roles/iam.serviceAccountUser", On::Account, IMPERSONATION),
    row("serviceusage.services.use", "roles/serviceusage.serviceUsageConsumer", On::Project, USAGE),
    row("serviceusage.services.list", "roles/serviceusage.serviceUsageViewer", On::Project, USAGE),
    row("serviceusage.services.enable", "roles/serviceusage.serviceUsageAdmin", On::Project, USAGE),
    row(
        "artifactregistry.repositories.downloadArtifacts",
        "roles/artifactregistry.reader",
        On::Project,
        ARTIFACTS,
    ),
    row(
        "artifactregistry.repositories.uploadArtifacts",
        "roles/artifactregistry.writer",
        On::Project,
        ARTIFACTS,
    ),
    row("aiplatform.endpoints.predict", "roles/aiplatform.user", On::Project, VERTEX),
    row("compute.instances.get", "roles/compute.viewer", On::Project, COMPUTE),
    row("compute.instances.list", "roles/compute.viewer", On::Project, COMPUTE),
    row("compute.zones.list", "roles/compute.viewer", On::Project, COMPUTE),
    row("compute.regions.get", "roles/compute.viewer", On::Project, COMPUTE),
    row("compute.projects.get", "roles/compute.viewer", On::Project, COMPUTE),
    row("compute.instances.start", "roles/compute.instanceAdmin.v1", On::Project, COMPUTE),
    row("compute.instances.stop", "roles/compute.instanceAdmin.v1", On::Project, COMPUTE),
    row("compute.instances.create", "roles/compute.instanceAdmin.v1", On::Project, COMPUTE),
    row("compute.instances.delete", "roles/compute.instanceAdmin.v1", On::Project, COMPUTE),
    row("compute.instances.setMetadata", "roles/compute.instanceAdmin.v1", On::Project, COMPUTE),
    row(
        "compute.instances.setServiceAccount",
        "roles/compute.instanceAdmin.v1",
        On::Project,
        COMPUTE,
    ),
    row("container.clusters.get", "roles/container.clusterViewer", On::Project, GKE),
    row("container.clusters.list", "roles/container.clusterViewer", On::Project, GKE),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn role_and_permission_belong_to_the_same_service() {
        for row in GRANTS {
            let service = row.permission.split('.').next().unwrap_or_default();
            assert!(
                row.role.starts_with(&format!("roles/{service}.")),
                "{} {}",
                row.permission,
                row.role
            );
            assert!(row.source.starts_with("https://docs.cloud.google.com/"), "{}", row.permission);
        }
    }

    #[test]
    fn permissions_are_unique() {
        let mut names: Vec<_> = GRANTS.iter().map(|row| row.permission).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
    }
}
