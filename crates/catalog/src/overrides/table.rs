//! Data: facts about the scopes of methods that Google publishes outside its Discovery documents,
//! the JSON equivalents of rpcs, and scopes that no document lists. Written by hand, with a public
//! source per row.

use super::row::{Effect, Override, Query, Silence};
use crate::call::AbstainReason;

/// The overrides.
///
/// The data contains for each method the number of at most one override: the first
/// [`Effect::NoVerdict`] that covers the method, or an [`Effect::AlsoAccepts`] if Google lists no
/// scope for the method. No token is judged insufficient for a method with the number of an
/// [`Effect::AlsoAccepts`], because only a list that Google publishes can prove that a token lacks
/// a scope.
pub static OVERRIDES: &[Override] = &[
    Override {
        // The generator uses this row where two documents list different scopes for one request. In
        // the present documents there is no such request.
        methods: &[],
        effect: Effect::NoVerdict(Silence {
            reason: AbstainReason::Ambiguous,
            when: None,
            only_with: &[],
        }),
        source: "https://developers.google.com/discovery/v1/reference/apis",
    },
    // Scopes that are accepted and that Discovery does not list.
    Override {
        methods: &["mybusiness*"],
        effect: Effect::AlsoAccepts {
            listed: None,
            scopes: &["business.manage", "plus.business.manage"],
        },
        source: "https://developers.google.com/my-business/content/implement-oauth",
    },
    Override {
        // `jobs.query` accepts `bigquery.readonly`, `jobs.insert` does not:
        // https://github.com/googleapis/google-cloud-go/issues/4412
        methods: &["bigquery.*", "bigquerydatatransfer.*"],
        effect: Effect::AlsoAccepts {
            listed: Some("cloud-platform.read-only"),
            scopes: &["bigquery.readonly"],
        },
        source: "https://github.com/googleapis/nodejs-bigquery/issues/1362",
    },
    Override {
        methods: &["storage.*"],
        effect: Effect::AlsoAccepts {
            listed: Some("devstorage.read_only"),
            scopes: &["bigquery.readonly"],
        },
        source: "https://cloud.google.com/storage/docs/oauth-scopes",
    },
    Override {
        // Unverified: jclouds writes with this scope (`STORAGE_WRITEONLY_SCOPE`), and no page of
        // Google documents what the scope permits. If the row is wrong, some refusals are not
        // predicted, but no refusal is predicted for a call that Google accepts.
        methods: &["storage.*"],
        effect: Effect::AlsoAccepts {
            listed: Some("devstorage.read_write"),
            scopes: &["devstorage.write_only"],
        },
        source: "https://github.com/jclouds/jclouds-labs-google",
    },
    Override {
        // The reference page of each method lists `iam` beside `cloud-platform`, and google-auth
        // requests `iam` to impersonate a service account.
        methods: &["iam.*", "iamcredentials.*"],
        effect: Effect::AlsoAccepts { listed: Some("cloud-platform"), scopes: &["iam"] },
        source: "https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken",
    },
    Override {
        // Discovery lists no scopes. A token with `cloud-platform` alone is refused
        // (https://github.com/diegosouzapw/OmniRoute/pull/3922).
        methods: &["google.ai.generativelanguage.*"],
        effect: Effect::AlsoAccepts {
            listed: None,
            scopes: &[
                "generative-language",
                "generative-language.retriever",
                "generative-language.retriever.readonly",
                "generative-language.tuning",
                "generative-language.tuning.readonly",
            ],
        },
        source: "https://github.com/link-assistant/agent/issues/100",
    },
    // Methods for which two sources of Google list different scopes.
    Override {
        // The service configuration lists `cloud-platform.read-only`, Discovery does not.
        methods: &["bigtableadmin.projects.instances.clusters.hotTablets.list"],
        effect: Effect::NoVerdict(Silence {
            reason: AbstainReason::Ambiguous,
            when: None,
            only_with: &["cloud-platform.read-only"],
        }),
        source: "https://github.com/googleapis/googleapis/blob/master/google/bigtable/admin/v2/bigtableadmin_v2.yaml",
    },
    Override {
        // In 2018 a server named these scopes besides `devstorage.full_control`.
        methods: &["storage.buckets.getIamPolicy", "storage.buckets.setIamPolicy"],
        effect: Effect::NoVerdict(Silence {
            reason: AbstainReason::Ambiguous,
            when: None,
            only_with: &["devstorage.read_only", "devstorage.read_write", "devstorage.write_only"],
        }),
        source: "https://cloud.google.com/storage/docs/oauth-scopes",
    },
    // Methods that need several scopes at once.
    Override {
        methods: &["firebaseio.data.*"],
        effect: Effect::NoVerdict(Silence {
            reason: AbstainReason::Several,
            when: None,
            only_with: &[],
        }),
        source: "https://firebase.google.com/docs/database/rest/auth",
    },
    Override {
        methods: &["health.users.dataTypes.dataPoints.exportExerciseTcx"],
        effect: Effect::NoVerdict(Silence {
            reason: AbstainReason::Several,
            when: None,
            only_with: &[],
        }),
        source: "https://health.googleapis.com/$discovery/rest?version=v4",
    },
    // Methods whose accepted scopes depend on the request.
    Override {
        methods: &[
            "chat.spaces.delete",
            "chat.spaces.get",
            "chat.spaces.patch",
            "chat.spaces.search",
            "chat.spaces.members.create",
            "chat.spaces.members.get",
            "chat.spaces.members.list",
            "chat.spaces.members.patch",
        ],
        effect: Effect::NoVerdict(Silence {
            reason: AbstainReason::Request,
            when: Some(Query::Has("useAdminAccess")),
            only_with: &[],
        }),
        source: "https://developers.google.com/workspace/chat/authenticate-authorize",
    },
    Override {
        methods: &[
            "chat.spaces.members.delete", // depends on whether the member is a person or an app
            "chat.spaces.spaceEvents.*",  // depends on the type of event
            "chat.spaces.create",         // depends on import mode
            "chat.spaces.completeImport", // depends on import mode
            "chat.spaces.findGroupChats", // depends on `spaceView`
        ],
        effect: Effect::NoVerdict(Silence {
            reason: AbstainReason::Request,
            when: None,
            only_with: &[],
        }),
        source: "https://developers.google.com/workspace/chat/authenticate-authorize",
    },
    Override {
        methods: &["calendar.calendars.transferOwnership"],
        effect: Effect::NoVerdict(Silence {
            reason: AbstainReason::Request,
            when: Some(Query::Has("useAdminAccess")),
            only_with: &[],
        }),
        source: "https://www.googleapis.com/discovery/v1/apis/calendar/v3/rest",
    },
    Override {
        methods: &["drivelabels.*"],
        effect: Effect::NoVerdict(Silence {
            reason: AbstainReason::Request,
            when: Some(Query::Has("useAdminAccess")),
            only_with: &[],
        }),
        source: "https://developers.google.com/workspace/drive/labels/guides/authorize",
    },
    Override {
        methods: &["script.scripts.run"], // depends on the services that the script uses
        effect: Effect::NoVerdict(Silence {
            reason: AbstainReason::Request,
            when: None,
            only_with: &[],
        }),
        source: "https://developers.google.com/apps-script/api/how-tos/execute",
    },
    Override {
        methods: &["workspaceevents.subscriptions.*"], // depends on the target resource in the body
        effect: Effect::NoVerdict(Silence {
            reason: AbstainReason::Request,
            when: None,
            only_with: &[],
        }),
        source: "https://developers.google.com/workspace/events/guides/auth",
    },
    Override {
        // Users and service accounts need different scopes.
        methods: &["cloudidentity.devices.deviceUsers.lookup"],
        effect: Effect::NoVerdict(Silence {
            reason: AbstainReason::Request,
            when: None,
            only_with: &[],
        }),
        source: "https://cloud.google.com/identity/docs/reference/rest/v1/devices.deviceUsers/lookup",
    },
    // Scopes that restrict a token which holds wider scopes as well.
    Override {
        methods: &["gmail.users.messages.list", "gmail.users.threads.list"],
        effect: Effect::NoVerdict(Silence {
            reason: AbstainReason::Restricted,
            when: Some(Query::Has("q")),
            only_with: &["gmail.metadata"],
        }),
        source: "https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/list",
    },
    Override {
        // The default of `format` is `full`, which `gmail.metadata` forbids.
        methods: &["gmail.users.messages.get", "gmail.users.threads.get"],
        effect: Effect::NoVerdict(Silence {
            reason: AbstainReason::Restricted,
            when: Some(Query::IsNot("format", &["metadata", "minimal", "METADATA", "MINIMAL"])),
            only_with: &["gmail.metadata"],
        }),
        source: "https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/get",
    },
];

/// gRPC methods without an HTTP binding, each with its equivalent among the JSON methods. The gRPC
/// method gets the scopes of the JSON method. `GetIamPolicy` and `SetIamPolicy` are not listed:
/// each serves buckets and objects, and the JSON methods for buckets and for objects accept
/// different scopes. Source: the comments of the rpcs in
/// <https://github.com/googleapis/googleapis/tree/master/google/storage>.
pub static RPC_TWINS: &[(&str, &str)] = &[
    (
        "google.storage.control.v2.StorageControl.CreateAnywhereCache",
        "storage.anywhereCaches.insert",
    ),
    ("google.storage.control.v2.StorageControl.CreateFolder", "storage.folders.insert"),
    (
        "google.storage.control.v2.StorageControl.CreateManagedFolder",
        "storage.managedFolders.insert",
    ),
    ("google.storage.control.v2.StorageControl.DeleteFolder", "storage.folders.delete"),
    (
        "google.storage.control.v2.StorageControl.DeleteFolderRecursive",
        "storage.folders.deleteRecursive",
    ),
    (
        "google.storage.control.v2.StorageControl.DeleteManagedFolder",
        "storage.managedFolders.delete",
    ),
    (
        "google.storage.control.v2.StorageControl.DisableAnywhereCache",
        "storage.anywhereCaches.disable",
    ),
    ("google.storage.control.v2.StorageControl.GetAnywhereCache", "storage.anywhereCaches.get"),
    ("google.storage.control.v2.StorageControl.GetFolder", "storage.folders.get"),
    ("google.storage.control.v2.StorageControl.GetManagedFolder", "storage.managedFolders.get"),
    (
        "google.storage.control.v2.StorageControl.GetStorageLayout",
        "storage.buckets.getStorageLayout",
    ),
    ("google.storage.control.v2.StorageControl.ListAnywhereCaches", "storage.anywhereCaches.list"),
    ("google.storage.control.v2.StorageControl.ListFolders", "storage.folders.list"),
    ("google.storage.control.v2.StorageControl.ListManagedFolders", "storage.managedFolders.list"),
    ("google.storage.control.v2.StorageControl.PauseAnywhereCache", "storage.anywhereCaches.pause"),
    ("google.storage.control.v2.StorageControl.RenameFolder", "storage.folders.rename"),
    (
        "google.storage.control.v2.StorageControl.ResumeAnywhereCache",
        "storage.anywhereCaches.resume",
    ),
    (
        "google.storage.control.v2.StorageControl.UpdateAnywhereCache",
        "storage.anywhereCaches.update",
    ),
    ("google.storage.v2.Storage.BidiReadObject", "storage.objects.get"),
    ("google.storage.v2.Storage.BidiWriteObject", "storage.objects.insert"),
    ("google.storage.v2.Storage.CancelResumableWrite", "storage.objects.insert"),
    ("google.storage.v2.Storage.ComposeObject", "storage.objects.compose"),
    ("google.storage.v2.Storage.CreateBucket", "storage.buckets.insert"),
    ("google.storage.v2.Storage.DeleteBucket", "storage.buckets.delete"),
    ("google.storage.v2.Storage.DeleteObject", "storage.objects.delete"),
    ("google.storage.v2.Storage.GetBucket", "storage.buckets.get"),
    ("google.storage.v2.Storage.GetObject", "storage.objects.get"),
    ("google.storage.v2.Storage.ListBuckets", "storage.buckets.list"),
    ("google.storage.v2.Storage.ListObjects", "storage.objects.list"),
    ("google.storage.v2.Storage.LockBucketRetentionPolicy", "storage.buckets.lockRetentionPolicy"),
    ("google.storage.v2.Storage.MoveObject", "storage.objects.move"),
    ("google.storage.v2.Storage.QueryWriteStatus", "storage.objects.insert"),
    ("google.storage.v2.Storage.ReadObject", "storage.objects.get"),
    ("google.storage.v2.Storage.RestoreObject", "storage.objects.restore"),
    ("google.storage.v2.Storage.RewriteObject", "storage.objects.rewrite"),
    ("google.storage.v2.Storage.StartResumableWrite", "storage.objects.insert"),
    ("google.storage.v2.Storage.TestIamPermissions", "storage.objects.testIamPermissions"),
    ("google.storage.v2.Storage.UpdateBucket", "storage.buckets.patch"),
    ("google.storage.v2.Storage.UpdateObject", "storage.objects.patch"),
    ("google.storage.v2.Storage.WriteObject", "storage.objects.insert"),
];

/// Scopes that Google's tools, defaults and pages use although no Discovery document lists them,
/// each with the page that shows the use. The list matters because a token with a scope that the
/// catalog does not know is never judged insufficient.
pub static HEARD_OF: &[(&str, &str)] = &[
    (
        "accounts.reauth",
        "https://github.com/googleapis/google-auth-library-python/blob/main/google/oauth2/reauth.py",
    ),
    ("bigquery.readonly", "https://github.com/googleapis/nodejs-bigquery/issues/1362"),
    ("business.manage", "https://developers.google.com/my-business/content/implement-oauth"),
    ("carddav", "https://developers.google.com/people/carddav"),
    (
        "cloud.useraccounts",
        "https://cloud.google.com/dataproc/docs/concepts/configuring-clusters/service-accounts",
    ),
    (
        "cloud.useraccounts.readonly",
        "https://cloud.google.com/dataproc/docs/concepts/configuring-clusters/service-accounts",
    ),
    ("devstorage.write_only", "https://github.com/jclouds/jclouds-labs-google"),
    (
        "iam",
        "https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken",
    ),
    ("plus.business.manage", "https://developers.google.com/my-business/content/implement-oauth"),
    ("sqlservice", "https://cloud.google.com/sdk/gcloud/reference/compute/instances/create"),
    (
        "sqlservice.login",
        "https://cloud.google.com/sdk/gcloud/reference/auth/application-default/login",
    ),
    ("taskqueue", "https://cloud.google.com/sdk/gcloud/reference/compute/instances/create"),
];
