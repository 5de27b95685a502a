//! Data: what Google says about methods outside the scope lists of its Discovery documents, which rpcs are
//! JSON methods, and scopes that no document lists. Written by hand, a public source per row.

use super::row::{Effect, Override, Query, Silence};
use crate::call::AbstainReason;

/// The table. The first row that covers a method and is not [`Effect::AlsoAccepts`] marks it; so does
/// one that adds scopes to a method of which Google lists none, since "lacking" needs Google's own list.
pub static OVERRIDES: &[Override] = &[
    Override {
        methods: &[], // set by the generator where two documents disagree about one request; today nowhere
        effect: Effect::NoVerdict(Silence { reason: AbstainReason::Ambiguous, when: None, only_with: None }),
        source: "https://developers.google.com/discovery/v1/reference/apis",
    },
    // Scopes that Discovery hides.
    Override {
        methods: &["mybusiness*"],
        effect: Effect::AlsoAccepts { listed: None, scopes: &["business.manage", "plus.business.manage"] },
        source: "https://developers.google.com/my-business/content/implement-oauth",
    },
    Override {
        // `jobs.query` works with it, `jobs.insert` does not: https://github.com/googleapis/google-cloud-go/issues/4412
        methods: &["bigquery.*", "bigquerydatatransfer.*"],
        effect: Effect::AlsoAccepts {
            listed: Some("cloud-platform.read-only"),
            scopes: &["bigquery.readonly"],
        },
        source: "https://github.com/googleapis/nodejs-bigquery/issues/1362",
    },
    Override {
        methods: &["storage.*"],
        effect: Effect::AlsoAccepts { listed: Some("devstorage.read_only"), scopes: &["bigquery.readonly"] },
        source: "https://cloud.google.com/storage/docs/oauth-scopes",
    },
    Override {
        // Unverified: jclouds writes with it (`STORAGE_WRITEONLY_SCOPE`), no page of Google's says
        // what it opens. The row can only keep a verdict back.
        methods: &["storage.*"],
        effect: Effect::AlsoAccepts {
            listed: Some("devstorage.read_write"),
            scopes: &["devstorage.write_only"],
        },
        source: "https://github.com/jclouds/jclouds-labs-google",
    },
    Override {
        // The reference of each method lists it beside `cloud-platform`, and google-auth asks for it to impersonate.
        methods: &["iam.*", "iamcredentials.*"],
        effect: Effect::AlsoAccepts { listed: Some("cloud-platform"), scopes: &["iam"] },
        source: "https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken",
    },
    // Two scopes at once.
    Override {
        methods: &["health.users.dataTypes.dataPoints.exportExerciseTcx"],
        effect: Effect::NoVerdict(Silence { reason: AbstainReason::Several, when: None, only_with: None }),
        source: "https://health.googleapis.com/$discovery/rest?version=v4",
    },
    // Scopes that depend on the request.
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
            only_with: None,
        }),
        source: "https://developers.google.com/workspace/chat/authenticate-authorize",
    },
    Override {
        methods: &[
            "chat.spaces.members.delete", // whether the member is a person or an app
            "chat.spaces.spaceEvents.*",  // by type of event
            "chat.spaces.create",         // import mode
            "chat.spaces.completeImport",
            "chat.spaces.findGroupChats", // by `spaceView`
        ],
        effect: Effect::NoVerdict(Silence { reason: AbstainReason::Request, when: None, only_with: None }),
        source: "https://developers.google.com/workspace/chat/authenticate-authorize",
    },
    Override {
        methods: &["calendar.calendars.transferOwnership"],
        effect: Effect::NoVerdict(Silence {
            reason: AbstainReason::Request,
            when: Some(Query::Has("useAdminAccess")),
            only_with: None,
        }),
        source: "https://www.googleapis.com/discovery/v1/apis/calendar/v3/rest",
    },
    Override {
        methods: &["drivelabels.*"],
        effect: Effect::NoVerdict(Silence {
            reason: AbstainReason::Request,
            when: Some(Query::Has("useAdminAccess")),
            only_with: None,
        }),
        source: "https://developers.google.com/workspace/drive/labels/guides/authorize",
    },
    Override {
        methods: &["script.scripts.run"], // whatever the script that is run uses
        effect: Effect::NoVerdict(Silence { reason: AbstainReason::Request, when: None, only_with: None }),
        source: "https://developers.google.com/apps-script/api/how-tos/execute",
    },
    Override {
        methods: &["workspaceevents.subscriptions.*"], // by the target resource, which the body names
        effect: Effect::NoVerdict(Silence { reason: AbstainReason::Request, when: None, only_with: None }),
        source: "https://developers.google.com/workspace/events/guides/auth",
    },
    Override {
        methods: &["cloudidentity.devices.deviceUsers.lookup"], // one scope for people, others for service accounts
        effect: Effect::NoVerdict(Silence { reason: AbstainReason::Request, when: None, only_with: None }),
        source: "https://cloud.google.com/identity/docs/reference/rest/v1/devices.deviceUsers/lookup",
    },
    // Scopes that restrict.
    Override {
        methods: &["gmail.users.messages.list", "gmail.users.threads.list"],
        effect: Effect::NoVerdict(Silence {
            reason: AbstainReason::Restricted,
            when: Some(Query::Has("q")),
            only_with: Some("gmail.metadata"),
        }),
        source: "https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/list",
    },
    Override {
        // Without `format` it is `full`.
        methods: &["gmail.users.messages.get", "gmail.users.threads.get"],
        effect: Effect::NoVerdict(Silence {
            reason: AbstainReason::Restricted,
            when: Some(Query::IsNot("format", &["metadata", "minimal", "METADATA", "MINIMAL"])),
            only_with: Some("gmail.metadata"),
        }),
        source: "https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/get",
    },
];

/// gRPC methods without an HTTP binding, and the JSON methods that do the same; their scopes are
/// taken over. `GetIamPolicy` and `SetIamPolicy` are missing, because they serve both buckets and
/// objects, which differ. Source: <https://github.com/googleapis/googleapis/tree/master/google/storage>,
/// where each rpc's comment says what it does.
pub static RPC_TWINS: &[(&str, &str)] = &[
    ("google.storage.control.v2.StorageControl.CreateAnywhereCache", "storage.anywhereCaches.insert"),
    ("google.storage.control.v2.StorageControl.CreateFolder", "storage.folders.insert"),
    ("google.storage.control.v2.StorageControl.CreateManagedFolder", "storage.managedFolders.insert"),
    ("google.storage.control.v2.StorageControl.DeleteFolder", "storage.folders.delete"),
    ("google.storage.control.v2.StorageControl.DeleteFolderRecursive", "storage.folders.deleteRecursive"),
    ("google.storage.control.v2.StorageControl.DeleteManagedFolder", "storage.managedFolders.delete"),
    ("google.storage.control.v2.StorageControl.DisableAnywhereCache", "storage.anywhereCaches.disable"),
    ("google.storage.control.v2.StorageControl.GetAnywhereCache", "storage.anywhereCaches.get"),
    ("google.storage.control.v2.StorageControl.GetFolder", "storage.folders.get"),
    ("google.storage.control.v2.StorageControl.GetManagedFolder", "storage.managedFolders.get"),
    ("google.storage.control.v2.StorageControl.GetStorageLayout", "storage.buckets.getStorageLayout"),
    ("google.storage.control.v2.StorageControl.ListAnywhereCaches", "storage.anywhereCaches.list"),
    ("google.storage.control.v2.StorageControl.ListFolders", "storage.folders.list"),
    ("google.storage.control.v2.StorageControl.ListManagedFolders", "storage.managedFolders.list"),
    ("google.storage.control.v2.StorageControl.PauseAnywhereCache", "storage.anywhereCaches.pause"),
    ("google.storage.control.v2.StorageControl.RenameFolder", "storage.folders.rename"),
    ("google.storage.control.v2.StorageControl.ResumeAnywhereCache", "storage.anywhereCaches.resume"),
    ("google.storage.control.v2.StorageControl.UpdateAnywhereCache", "storage.anywhereCaches.update"),
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

/// Scopes that are in use but in no Discovery document, and where they are to be seen. A token is
/// judged only if we have heard of all its scopes; these are what Google's own tools, defaults and
/// pages hand out.
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
    ("sqlservice.login", "https://cloud.google.com/sdk/gcloud/reference/auth/application-default/login"),
    ("taskqueue", "https://cloud.google.com/sdk/gcloud/reference/compute/instances/create"),
];
