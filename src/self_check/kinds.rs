//! Data: the kinds of resources whose IAM permissions can be checked, each with the page of
//! Google's documentation that describes its `testIamPermissions`.

use http::Method;

/// A kind of resources whose permissions are checked with the same request.
///
/// In `name`, `path` and `binding`, a word in braces is a placeholder for a part of a resource's
/// name.
pub(super) struct ResourceKind {
    /// The English noun for such a resource, which messages use.
    pub(super) what: &'static str,
    pub(super) host: &'static str,
    /// The part of a full resource name after the host:
    /// <https://docs.cloud.google.com/iam/docs/full-resource-names>.
    pub(super) name: &'static str,
    pub(super) verb: Method,
    /// The URL path of `testIamPermissions`.
    pub(super) path: &'static str,
    /// The prefixes of the resource's permissions; empty if permissions of every service are
    /// accepted.
    pub(super) permissions: &'static [&'static str],
    /// The command that grants a role on the resource, or on its parent if the resource has no IAM
    /// policy. `{grant}` marks the position of member and role if they are not at the end.
    pub(super) binding: &'static str,
}

/// The supported kinds, each with the page of Google's documentation. Kinds of the same host are
/// adjacent, because messages list hosts and names in this order.
pub(super) static KINDS: [(ResourceKind, &str); 11] = [
    (
        ResourceKind {
            what: "object",
            host: "storage.googleapis.com",
            name: "projects/_/buckets/{bucket}/objects/{object}",
            verb: Method::GET,
            path: "/storage/v1/b/{bucket}/o/{object}/iam/testPermissions",
            permissions: &["storage.objects."],
            binding: "gcloud storage buckets add-iam-policy-binding gs://{bucket}",
        },
        "https://docs.cloud.google.com/storage/docs/json_api/v1/objects/testIamPermissions",
    ),
    (
        ResourceKind {
            what: "bucket",
            host: "storage.googleapis.com",
            name: "projects/_/buckets/{bucket}",
            verb: Method::GET,
            path: "/storage/v1/b/{bucket}/iam/testPermissions",
            permissions: &["storage."],
            binding: "gcloud storage buckets add-iam-policy-binding gs://{bucket}",
        },
        "https://docs.cloud.google.com/storage/docs/json_api/v1/buckets/testIamPermissions",
    ),
    (
        ResourceKind {
            what: "topic",
            host: "pubsub.googleapis.com",
            name: "projects/{project}/topics/{topic}",
            verb: Method::POST,
            path: "/v1/projects/{project}/topics/{topic}:testIamPermissions",
            permissions: &["pubsub.topics."],
            binding: "gcloud pubsub topics add-iam-policy-binding {topic} --project={project}",
        },
        "https://docs.cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics/testIamPermissions",
    ),
    (
        ResourceKind {
            what: "subscription",
            host: "pubsub.googleapis.com",
            name: "projects/{project}/subscriptions/{subscription}",
            verb: Method::POST,
            path: "/v1/projects/{project}/subscriptions/{subscription}:testIamPermissions",
            permissions: &["pubsub.subscriptions."],
            binding: "gcloud pubsub subscriptions add-iam-policy-binding {subscription} \
                --project={project}",
        },
        "https://docs.cloud.google.com/pubsub/docs/reference/rest/v1/projects.subscriptions/testIamPermissions",
    ),
    (
        ResourceKind {
            what: "project",
            host: "cloudresourcemanager.googleapis.com",
            name: "projects/{project}",
            verb: Method::POST,
            path: "/v3/projects/{project}:testIamPermissions",
            permissions: &[],
            binding: "gcloud projects add-iam-policy-binding {project}",
        },
        "https://docs.cloud.google.com/resource-manager/reference/rest/v3/projects/testIamPermissions",
    ),
    (
        ResourceKind {
            what: "secret",
            host: "secretmanager.googleapis.com",
            name: "projects/{project}/secrets/{secret}",
            verb: Method::POST,
            path: "/v1/projects/{project}/secrets/{secret}:testIamPermissions",
            permissions: &["secretmanager."],
            binding: "gcloud secrets add-iam-policy-binding {secret} --project={project}",
        },
        "https://docs.cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets/testIamPermissions",
    ),
    (
        ResourceKind {
            what: "table",
            host: "bigquery.googleapis.com",
            name: "projects/{project}/datasets/{dataset}/tables/{table}",
            verb: Method::POST,
            path: "/bigquery/v2/projects/{project}/datasets/{dataset}/tables/{table}\
                :testIamPermissions",
            permissions: &["bigquery.tables.", "bigquery.rowAccessPolicies."],
            // bq expects its flags before the name:
            // https://docs.cloud.google.com/bigquery/docs/reference/bq-cli-reference#bq_add-iam-policy-binding
            binding: "bq add-iam-policy-binding {grant} --table=true {project}:{dataset}.{table}",
        },
        "https://docs.cloud.google.com/bigquery/docs/reference/rest/v2/tables/testIamPermissions",
    ),
    (
        ResourceKind {
            what: "queue",
            host: "cloudtasks.googleapis.com",
            name: "projects/{project}/locations/{location}/queues/{queue}",
            verb: Method::POST,
            path: "/v2/projects/{project}/locations/{location}/queues/{queue}:testIamPermissions",
            permissions: &["cloudtasks."],
            binding: "gcloud tasks queues add-iam-policy-binding {queue} --location={location} \
                --project={project}",
        },
        "https://docs.cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues/testIamPermissions",
    ),
    (
        ResourceKind {
            what: "key",
            host: "cloudkms.googleapis.com",
            name: "projects/{project}/locations/{location}/keyRings/{ring}/cryptoKeys/{key}",
            verb: Method::POST,
            path: "/v1/projects/{project}/locations/{location}/keyRings/{ring}/cryptoKeys/{key}\
                :testIamPermissions",
            permissions: &["cloudkms.cryptoKeys.", "cloudkms.cryptoKeyVersions."],
            binding: "gcloud kms keys add-iam-policy-binding {key} --keyring={ring} \
                --location={location} --project={project}",
        },
        "https://docs.cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys/testIamPermissions",
    ),
    (
        ResourceKind {
            what: "database",
            host: "spanner.googleapis.com",
            name: "projects/{project}/instances/{instance}/databases/{database}",
            verb: Method::POST,
            path: "/v1/projects/{project}/instances/{instance}/databases/{database}\
                :testIamPermissions",
            permissions: &["spanner."],
            binding: "gcloud spanner databases add-iam-policy-binding {database} \
                --instance={instance} --project={project}",
        },
        "https://docs.cloud.google.com/spanner/docs/reference/rest/v1/projects.instances.databases/testIamPermissions",
    ),
    (
        ResourceKind {
            what: "instance",
            host: "spanner.googleapis.com",
            name: "projects/{project}/instances/{instance}",
            verb: Method::POST,
            path: "/v1/projects/{project}/instances/{instance}:testIamPermissions",
            permissions: &["spanner."],
            binding: "gcloud spanner instances add-iam-policy-binding {instance} \
                --project={project}",
        },
        "https://docs.cloud.google.com/spanner/docs/reference/rest/v1/projects.instances/testIamPermissions",
    ),
];
