//! Tests of the built-in catalog, with request lines that were written by hand.

use proptest::prelude::*;

use crate::blob::Blob;
use crate::blob::{HOST_RECORD, HOSTS, Host};
use crate::call::{AbstainReason, Call, host, hosts};
use crate::catalog::Catalog;
use crate::endpoints::Endpoints;
use crate::found::Match;
use crate::naive;
use crate::overrides::{Effect, HEARD_OF, OVERRIDES, Override, RPC_TWINS};
use crate::quick::{CallPlace, OpenedSets};
use crate::scope::{Scope, ScopeSet};
use crate::{ApiMethod, CONTENTS, walk};

const CATALOG: Catalog = Catalog::built_in();
static BLOB: std::sync::LazyLock<&Blob<'static>> = std::sync::LazyLock::new(|| CATALOG.blob());

/// Returns the method of a row.
fn method(row: u32) -> ApiMethod {
    ApiMethod::from_row(CATALOG, row)
}

/// Returns the REST method that a request calls.
fn find(host: &str, verb: &str, path: &str) -> Option<ApiMethod> {
    CATALOG.find_row(host, verb, path).map(method)
}

/// Returns the gRPC method with this path.
fn grpc(path: &str) -> Option<ApiMethod> {
    CATALOG.rpc_row(path).map(method)
}

/// Request lines as clients send them, by host. Each line has a verb, a path and the id of the
/// method, or `-` for no method.
const REQUESTS: &[(&str, &str)] = &[
    (
        "storage.googleapis.com",
        "
        GET    /storage/v1/b?                             -
        GET    /storage/v1/b                              storage.buckets.list
        POST   /storage/v1/b                              storage.buckets.insert
        GET    /storage/v1/b/my-bucket                    storage.buckets.get
        GET    /storage/v1/b/my-bucket/                   -
        GET    /storage/v1/b//o                           -
        GET    //storage/v1/b                             -
        GET    /storage/v1/b/../o                         -
        GET    /storage/v1/b/my-bucket/o                  storage.objects.list
        GET    /storage/v1/b/my-bucket/o/a%2Fb%2Fc.txt    storage.objects.get
        GET    /storage/v1/b/my-bucket/o/a/b/c.txt        -
        GET    /storage/v1/b/my-bucket/o/acl              storage.objects.get
        GET    /storage/v1/b/my-bucket/o/a%2Fb/acl        storage.objectAccessControls.list
        POST   /storage/v1/b/my-bucket/o/bulkRestore      storage.objects.bulkRestore
        GET    /storage/v1/b/my-bucket/o/bulkRestore      storage.objects.get
        DELETE /storage/v1/b/my-bucket/o/x:y              storage.objects.delete
        DELETE /storage/v1/b/my-bucket/o/x%3Ay            storage.objects.delete
        POST   /storage/v1/b/a/o/x/rewriteTo/b/c/o/y%20z  storage.objects.rewrite
        PUT    /storage/v1/b/my-bucket/o/x/iam            storage.objects.setIamPolicy
        PUT    /storage/v1/b/my-bucket/iam                storage.buckets.setIamPolicy
        POST   /upload/storage/v1/b/my-bucket/o           storage.objects.insert
        POST   /resumable/upload/storage/v1/b/my-bucket/o storage.objects.insert
        PUT    /upload/storage/v1/b/my-bucket/o           -
        GET    /download/storage/v1/b/my-bucket/o/a%2Fb   storage.objects.get
        GET    /my-bucket/my-object                       -
        POST   /batch/storage/v1                          -
        HEAD   /storage/v1/b/my-bucket                    -
        get    /storage/v1/b/my-bucket                    -
        DELETE /storage/v1/b/my-bucket/o/user:ann         storage.objects.delete
        ",
    ),
    (
        "www.googleapis.com",
        "
        POST   /upload/storage/v1/b/my-bucket/o                     storage.objects.insert
        GET    /storage/v1/b/my-bucket/o                            storage.objects.list
        GET    /compute/v1/projects/p/zones/us-central1-a/instances compute.instances.list
        POST   /bigquery/v2/projects/p/queries                      bigquery.jobs.query
        GET    /v1/projects/p/topics                                -
        GET    /drive/v3/files                                      drive.files.list
        GET    /drive/v3/files/1BxiMVs0XRA5                         drive.files.get
        DELETE /drive/v3/files/trash                                drive.files.emptyTrash
        DELETE /drive/v3/files/generateIds                          drive.files.delete
        GET    /drive/v3/files/generateIds                          drive.files.generateIds
        POST   /upload/drive/v3/files                               drive.files.create
        PATCH  /upload/drive/v3/files/1BxiM                         drive.files.update
        POST   /calendar/v3/calendars/primary/events                calendar.events.insert
        GET    /calendar/v3/calendars/me%40example.com/events       calendar.events.list
        GET    /oauth2/v2/userinfo                                  oauth2.userinfo.get
        GET    /calendar/v3/calendars/team:blue                     calendar.calendars.get
        ",
    ),
    (
        "compute.googleapis.com",
        "
        GET    /compute/v1/projects/p/zones/us-central1-a/instances/web-1 compute.instances.get
        POST   /compute/v1/projects/p/zones/us-central1-a/instances/web-1/setMetadata
               compute.instances.setMetadata
        POST   /compute/v1/projects/example.com:p/zones/us-central1-a/instances/web-1/stop
               compute.instances.stop
        GET    /compute/beta/projects/p/aggregated/instances compute.instances.aggregatedList
        GET    /compute/v1/projects/p/global/images/family/debian-12 compute.images.getFromFamily
        GET    /compute/v1/projects/p                                     compute.projects.get
        ",
    ),
    (
        "bigquery.googleapis.com",
        "
        POST   /bigquery/v2/projects/p/queries                          bigquery.jobs.query
        POST   /bigquery/v2/projects/p/jobs                             bigquery.jobs.insert
        POST   /upload/bigquery/v2/projects/p/jobs                      bigquery.jobs.insert
        GET    /bigquery/v2/projects/p/datasets/d/tables/t/data         bigquery.tabledata.list
        POST   /bigquery/v2/projects/p/datasets/d/tables/t/insertAll    bigquery.tabledata.insertAll
        POST   /bigquery/v2/projects/p/datasets/d/tables/t:getIamPolicy bigquery.tables.getIamPolicy
        ",
    ),
    (
        "pubsub.googleapis.com",
        "
        POST   /v1/projects/p/topics/orders:publish             pubsub.projects.topics.publish
        POST   /v1/projects/p/topics/orders%3Apublish           pubsub.projects.topics.publish
        POST   /v1/projects/example.com:p/topics/orders:publish pubsub.projects.topics.publish
        PUT    /v1/projects/p/topics/orders                     pubsub.projects.topics.create
        POST   /v1/projects/p/subscriptions/s:pull              pubsub.projects.subscriptions.pull
        GET    /v1/projects/p/topics/orders:getIamPolicy        pubsub.projects.topics.getIamPolicy
        GET    /v1/projects/p/topics/t:frobnicate               -
        GET    /v1/projects/p/topics/t%3Afrobnicate             -
        GET    /v1/projects/p/topics/t:frobni%63ate             -
        GET    /v1/projects/p/topics/t:predict                  -
        ",
    ),
    (
        "secretmanager.googleapis.com",
        "
        GET    /v1/projects/p/secrets/db/versions/latest:access
               secretmanager.projects.secrets.versions.access
        GET    /v1/projects/p/locations/europe-west1/secrets/db
               secretmanager.projects.locations.secrets.get
        ",
    ),
    (
        "cloudkms.googleapis.com",
        "
        POST   /v1/projects/p/locations/global/keyRings/r/cryptoKeys/k:encrypt
               cloudkms.projects.locations.keyRings.cryptoKeys.encrypt
        ",
    ),
    (
        "logging.googleapis.com",
        "
        POST   /v2/entries:write   logging.entries.write
        POST   /v2/entries:list    logging.entries.list
        GET    /v2/projects/p/logs logging.projects.logs.list
        ",
    ),
    (
        "monitoring.googleapis.com",
        "
        POST   /v3/projects/p/timeSeries monitoring.projects.timeSeries.create
        GET    /v3/projects/p/timeSeries monitoring.projects.timeSeries.list
        ",
    ),
    (
        "cloudtrace.googleapis.com",
        "
        POST   /v2/projects/p/traces:batchWrite cloudtrace.projects.traces.batchWrite
        ",
    ),
    (
        "sheets.googleapis.com",
        "
        GET    /v4/spreadsheets/1BxiM/values/Sheet1!A1:D5     sheets.spreadsheets.values.get
        POST   /v4/spreadsheets/1BxiM/values/Sheet1!A1:append sheets.spreadsheets.values.append
        POST   /v4/spreadsheets/1BxiM:batchUpdate             sheets.spreadsheets.batchUpdate
        GET    /v4/spreadsheets/1BxiM/values/A:Z              sheets.spreadsheets.values.get
        ",
    ),
    (
        "gmail.googleapis.com",
        "
        GET    /gmail/v1/users/me/messages             gmail.users.messages.list
        POST   /upload/gmail/v1/users/me/messages/send gmail.users.messages.send
        ",
    ),
    (
        "people.googleapis.com",
        "
        GET    /v1/people/me             people.people.get
        GET    /v1/people:searchContacts people.people.searchContacts
        GET    /v1/people/me/connections people.people.connections.list
        GET    /v1/people:frobnicate     -
        ",
    ),
    (
        "tasks.googleapis.com",
        "
        POST   /tasks/v1/users/@me/lists   tasks.tasklists.insert
        POST   /tasks/v1/users/%40me/lists tasks.tasklists.insert
        POST   /tasks/v1/users/you/lists   -
        ",
    ),
    (
        "iam.googleapis.com",
        "
        GET    /v1/projects/-/serviceAccounts/a@p.iam.gserviceaccount.com
               iam.projects.serviceAccounts.get
        ",
    ),
    (
        "iamcredentials.googleapis.com",
        "
        POST   /v1/projects/-/serviceAccounts/a@p.iam.gserviceaccount.com:generateAccessToken
               iamcredentials.projects.serviceAccounts.generateAccessToken
        ",
    ),
    (
        "cloudresourcemanager.googleapis.com",
        "
        GET    /v3/projects/p                           cloudresourcemanager.projects.get
        POST   /v1/projects/p:testIamPermissions cloudresourcemanager.projects.testIamPermissions
        GET    /v1/projects/p:frobnicate                -
        GET    /v1/projects/example.com:proj            cloudresourcemanager.projects.get
        GET    /v1/projects/example.com:proj:frobnicate -
        ",
    ),
    (
        "container.googleapis.com",
        "
        GET    /v1/projects/p/locations/europe-west1/clusters/c
               container.projects.locations.clusters.get
        GET    /v1/projects/p/zones/us-central1-a/clusters/c container.projects.zones.clusters.get
        ",
    ),
    (
        "run.googleapis.com",
        "
        POST   /v2/projects/p/locations/europe-west1/jobs/j:run run.projects.locations.jobs.run
        GET    /v2/projects/p/locations/europe-west1/services/s run.projects.locations.services.get
        GET    /apis/serving.knative.dev/v1/namespaces/p/services/s run.namespaces.services.get
        GET    /v2/projects/p/locations/europe-west1/services/s:frobnicate -
        ",
    ),
    (
        "aiplatform.googleapis.com",
        "
        POST   /v1/projects/p/locations/l/publishers/google/models/gemini-2.0-flash:generateContent
               aiplatform.projects.locations.publishers.models.generateContent
        POST   /v1/projects/p/locations/us-central1/endpoints/123:predict
               aiplatform.projects.locations.endpoints.predict
        ",
    ),
    (
        "firestore.googleapis.com",
        "
        GET    /v1/projects/p/databases/(default)/documents/rooms/r
               firestore.projects.databases.documents.get
        POST   /v1/projects/p/databases/(default)/documents/rooms/r:runQuery
               firestore.projects.databases.documents.runQuery
        POST   /v1/projects/p/databases/(default)/documents:runQuery
               firestore.projects.databases.documents.runQuery
        POST   /v1/projects/p/databases/(default)/documents:commit
               firestore.projects.databases.documents.commit
        GET    /v1/projects/p/databases/(default)/documents/users/user:ann
               firestore.projects.databases.documents.get
        ",
    ),
    (
        "bigtable.googleapis.com",
        "
        POST   /v2/projects/p/instances/i/tables/t:readRows google.bigtable.v2.Bigtable.ReadRows
        ",
    ),
    (
        "translate.googleapis.com",
        "
        POST   /v3/projects/p:translateText
               google.cloud.translation.v3.TranslationService.TranslateText
        ",
    ),
    (
        "generativelanguage.googleapis.com",
        "
        POST   /v1beta/models/gemini-2.0-flash:generateContent
               google.ai.generativelanguage.v1beta.GenerativeService.GenerateContent
        ",
    ),
    ("longrunning.googleapis.com", "GET /v1/operations/o -"),
    ("datastore.googleapis.com", "POST /v1/projects/p:runQuery datastore.projects.runQuery"),
    (
        "spanner.googleapis.com",
        "
        POST   /v1/projects/p/instances/i/databases/d/sessions/s:executeSql
               spanner.projects.instances.databases.sessions.executeSql
        ",
    ),
    (
        "sqladmin.googleapis.com",
        "
        GET    /v1/projects/p/instances          sql.instances.list
        GET    /sql/v1beta4/projects/p/instances sql.instances.list
        ",
    ),
    ("dns.googleapis.com", "GET /dns/v1/projects/p/managedZones dns.managedZones.list"),
    (
        "cloudfunctions.googleapis.com",
        "
        POST   /v2/projects/p/locations/us-central1/functions
               cloudfunctions.projects.locations.functions.create
        ",
    ),
    (
        "cloudtasks.googleapis.com",
        "
        POST   /v2/projects/p/locations/us-central1/queues/q/tasks
               cloudtasks.projects.locations.queues.tasks.create
        ",
    ),
    (
        "artifactregistry.googleapis.com",
        "
        GET    /v1/projects/p/locations/europe/repositories/r/packages
               artifactregistry.projects.locations.repositories.packages.list
        GET    /v1/projects/p/locations/l/repositories/r/packages/com.google.guava:guava
               artifactregistry.projects.locations.repositories.packages.get
        GET    /v1/projects/p/locations/l/repositories/r/files/tool:one:readme
               artifactregistry.projects.locations.repositories.files.get
        ",
    ),
    ("cloudbuild.googleapis.com", "GET /v1/projects/p/builds/b cloudbuild.projects.builds.get"),
    ("translation.googleapis.com", "POST /language/translate/v2 language.translations.translate"),
    ("vision.googleapis.com", "POST /v1/images:annotate vision.images.annotate"),
    ("speech.googleapis.com", "POST /v1/speech:recognize speech.speech.recognize"),
    ("youtube.googleapis.com", "GET /youtube/v3/search youtube.search.list"),
    ("admin.googleapis.com", "GET /admin/directory/v1/users directory.users.list"),
    (
        "healthcare.googleapis.com",
        "
        POST   /v1/projects/p/locations/l/datasets/d/fhirStores/f/fhir/Patient
               healthcare.projects.locations.datasets.fhirStores.fhir.create
        GET    /v1/projects/p/locations/l/datasets/d/fhirStores/f/fhir/Patient/1/$everything
               healthcare.projects.locations.datasets.fhirStores.fhir.Patient-everything
        GET    /v1/projects/p/locations/l/datasets/d/fhirStores/f/fhir/Patient/1/%24everything
               healthcare.projects.locations.datasets.fhirStores.fhir.Patient-everything
        ",
    ),
    ("storage.googleapis.com.evil.example", "GET /storage/v1/b -"),
    ("evilgoogleapis.com", "GET /storage/v1/b -"),
    ("/legacy", "GET /storage/v1/b -"),
    (
        "oauth2.googleapis.com",
        "
        POST   /token     -
        GET    /tokeninfo -
        ",
    ),
    ("appengine.googleapis.com", "GET /v1/apps/example.com:proj appengine.apps.get"),
    (
        "securesourcemanager.googleapis.com",
        "
        GET    /v1/projects/p/locations/l/repositories/r:fetchRefs
               google.cloud.securesourcemanager.v1.SecureSourceManager.FetchRefs
        GET    /v1/projects/p/locations/l/repositories/r:fetchAll -
        ",
    ),
    ("classroom.googleapis.com", "GET /v1/courses/d:algebra classroom.courses.get"),
];

/// Returns verb, host, path and expected id of each line of [`REQUESTS`].
fn requests() -> impl Iterator<Item = [&'static str; 4]> {
    REQUESTS.iter().flat_map(|(host, lines)| {
        let words: Vec<&str> = lines.split_whitespace().collect();
        assert_eq!(words.len() % 3, 0, "not three words on each line: {host}");
        let lines = words.chunks(3).map(|line| [line[0], host, line[1], line[2]]);
        lines.collect::<Vec<_>>()
    })
}

/// Returns the set of the scopes with these short names, which spaces separate.
fn granted(shorts: &str) -> ScopeSet {
    shorts.split_whitespace().map(|short| short.parse::<Scope>().unwrap()).collect()
}

#[test]
fn every_request_line_gives_the_expected_method() {
    let mut wrong = Vec::new();
    for [verb, host, path, expected] in requests() {
        let found = find(host, verb, path).map_or("-", |method| method.id());
        if found != expected {
            wrong.push(format!("{verb} {host} {path}: found {found}, expected {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// gRPC paths, each with its REST method and the source of its scopes.
const RPCS: &[(&str, Option<&str>, &str)] = &[
    ("/google.pubsub.v1.Publisher/Publish", Some("pubsub.projects.topics.publish"), "discovery"),
    ("/google.pubsub.v1.Subscriber/StreamingPull", None, "protos"),
    (
        "/google.spanner.v1.Spanner/ExecuteSql",
        Some("spanner.projects.instances.databases.sessions.executeSql"),
        "discovery",
    ),
    (
        "/google.logging.v2.LoggingServiceV2/WriteLogEntries",
        Some("logging.entries.write"),
        "discovery",
    ),
    (
        "/google.firestore.v1.Firestore/RunQuery",
        Some("firestore.projects.databases.documents.runQuery"),
        "discovery",
    ),
    (
        "/google.cloud.secretmanager.v1.SecretManagerService/AccessSecretVersion",
        Some("secretmanager.projects.secrets.versions.access"),
        "discovery",
    ),
    ("/google.bigtable.v2.Bigtable/ReadRows", None, "protos"),
    ("/google.cloud.bigquery.storage.v1.BigQueryWrite/AppendRows", None, "protos"),
    ("/google.storage.v2.Storage/ReadObject", None, "inferred"),
    ("/google.storage.control.v2.StorageControl/GetStorageLayout", None, "inferred"),
    ("/google.storage.v2.Storage/SetIamPolicy", None, "protos"),
    ("/google.longrunning.Operations/GetOperation", None, "protos"),
    ("/google.cloud.location.Locations/ListLocations", None, "protos"),
    ("/google.iam.v1.IAMPolicy/TestIamPermissions", None, "protos"),
];

#[test]
fn a_grpc_method_accepts_the_scopes_of_its_rest_method() {
    for (path, rest_id, basis) in RPCS {
        let method = grpc(path).unwrap_or_else(|| panic!("{path}"));
        assert_eq!(method.id(), path[1..].replace('/', "."));
        assert_eq!((method.discovery_id(), method.basis()), (*rest_id, *basis), "{path}");
        assert_eq!(ApiMethod::by_id(method.id()).unwrap(), method);
        if let Some(rest_id) = rest_id {
            assert_eq!(ApiMethod::by_id(rest_id).unwrap().accepted(), method.accepted(), "{path}");
        }
    }
    let unknown = [
        "",
        "/",
        "google.pubsub.v1.Publisher/Publish",
        "/google.pubsub.v1.Publisher",
        "/google.pubsub.v1.Publisher/Publish/",
    ];
    assert!(unknown.iter().all(|path| grpc(path).is_none()));
}

/// The protos list the same scopes for every rpc of Cloud Storage. The JSON methods accept
/// different scopes.
#[test]
fn grpc_methods_of_storage_accept_the_scopes_of_the_json_methods() {
    let rows = [
        ("ReadObject", true),
        ("ListObjects", true),
        ("WriteObject", false),
        ("DeleteBucket", false),
    ];
    for (rpc, expected) in rows {
        let method = grpc(&format!("/google.storage.v2.Storage/{rpc}")).unwrap();
        assert_eq!(method.accepts(&granted("devstorage.read_only")), expected, "{rpc}");
    }
    for (rpc, id) in RPC_TWINS {
        let method = ApiMethod::by_id(rpc).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(method.set_index(), ApiMethod::by_id(id).unwrap().set_index(), "{rpc}");
        assert_eq!(method.basis(), "inferred", "{rpc}");
    }
}

#[test]
fn the_path_determines_the_version() {
    let find = |path| find("compute.googleapis.com", "GET", path).map(|method| method.api());
    assert_eq!(find("/compute/v1/projects/p"), Some("compute.v1"));
    assert_eq!(find("/compute/beta/projects/p"), Some("compute.beta"));
    assert_eq!(find("/compute/v7/projects/p"), None);
}

#[test]
fn an_encoded_colon_with_two_readings_gives_no_method() {
    let drive = |path| find("drive.googleapis.com", "GET", path).map(|method| method.id());
    let pubsub = |path| find("pubsub.googleapis.com", "GET", path).map(|method| method.id());
    assert_eq!(drive("/"), None);
    assert_eq!(
        pubsub("/v1/projects/p/topics/t:getIamPolicy"),
        Some("pubsub.projects.topics.getIamPolicy")
    );
    // `t%3AgetIamPolicy` may also be the name of a topic.
    assert_eq!(pubsub("/v1/projects/p/topics/t%3AgetIamPolicy"), None, "the method is not certain");
}

/// Replaces the custom verb of every template that has a plain sibling, a template without a custom
/// verb for the same path and HTTP verb.
#[test]
fn an_unknown_custom_verb_is_not_taken_for_the_plain_resource() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for host in naive::hosts() {
        for template in host.templates.iter().filter(|template| template.has_custom_verb()) {
            let (verb, place) = (template.verb(), naive::example(&template.parts));
            if find(host.name, verb, &place).is_none() {
                continue;
            }
            count += 1;
            if let Some(method) = find(host.name, verb, &format!("{place}:frobnicate")) {
                wrong.push((place, method.id()));
            }
        }
    }
    // A lower number would mean that the loop skips templates.
    assert!(count > 500, "{count}");
    assert!(wrong.len() * 100 <= count, "{} of {count}: {wrong:?}", wrong.len());
}

#[test]
fn every_id_is_found_and_the_rows_of_an_id_are_adjacent() {
    let mut ids = 0;
    let mut previous = "";
    for row in 0..BLOB.row_count() {
        let id = method(row).id();
        // The rows of gRPC methods follow those of REST methods, and are sorted separately.
        assert!(row == BLOB.rest_count() || previous <= id, "not sorted: {previous} precedes {id}");
        if id != previous {
            ids += 1;
            let first = ApiMethod::by_id(id).unwrap();
            assert_eq!(first.id(), id);
            assert!(
                CATALOG.versions(id).all(|method| method.id() == id && !method.verb().is_empty())
            );
        }
        let method = method(row);
        let exact = ApiMethod::by_id(&format!("{}:{id}", method.api())).unwrap();
        assert_eq!(exact.api(), method.api());
        previous = id;
    }
    // A lower number would mean that the loop skips rows.
    assert!(ids > 16_000);
    // The numbers in `CONTENTS` count REST methods, gRPC methods and scopes, in this order.
    let counts: Vec<u32> = CONTENTS.split(' ').filter_map(|word| word.parse().ok()).collect();
    assert_eq!(BLOB.row_count(), counts[0] + counts[1]);
    assert_eq!(Scope::known_count(), counts[2] as usize);
}

#[test]
fn a_set_number_gives_the_same_result_as_the_set() {
    let tokens = [
        granted(""),
        granted("cloud-platform"),
        granted("devstorage.read_only gmail.metadata"),
        granted("drive"),
    ];
    for row in 0..BLOB.row_count() {
        let method = method(row);
        assert!(usize::from(method.set_index()) < BLOB.set_count());
        for token in &tokens {
            assert_eq!(method.accepts(token), method.accepted().intersects(token), "{method:?}");
            assert_eq!(method.accepts(token), CATALOG.set_intersects(method.set_index(), token));
        }
    }
}

#[test]
fn set_zero_is_the_only_empty_set() {
    assert!(!CATALOG.set_intersects(0, &Scope::all_known().collect()));
    for row in 0..BLOB.row_count() {
        let method = method(row);
        assert_eq!(method.set_index() == 0, method.accepted().is_empty(), "{method:?}");
    }
}

/// Returns the record with the sets of scopes of the API that a path at `www.googleapis.com` names.
fn api_at_www(path: &str) -> Option<Host> {
    walk::api_at(&BLOB, BLOB.host(walk::WWW)?, path)
}

#[test]
fn a_token_with_a_shared_scope_is_sufficient_for_every_method_with_the_verb() {
    let at_www: Vec<_> = [walk::WWW, walk::LEGACY].into_iter().flat_map(naive::list).collect();
    let (mut pairs, mut method_count) = (std::collections::BTreeSet::new(), 0);
    for (number, record) in (0..).zip(BLOB.section(HOSTS).chunks_exact(HOST_RECORD)) {
        let (host, name) = (Host(number), std::str::from_utf8(BLOB.text(record, 0)).unwrap());
        let own = naive::list(name);
        let of_api = |template: &&naive::NaiveTemplate| {
            let path = naive::example(&template.parts);
            name.starts_with('/') && api_at_www(&path).is_some_and(|api| api.0 == number)
        };
        let templates = own.iter().filter(|_| name != walk::LEGACY);
        for template in templates.chain(at_www.iter().filter(of_api)) {
            let verb = crate::blob::verb_code(template.verb()).unwrap();
            // The XML API of Cloud Storage changes verbs.
            let verbs = if name == host::STORAGE { 1..6 } else { verb..verb + 1 };
            for scope in verbs.flat_map(|verb| BLOB.set(BLOB.shared(host, verb))) {
                method_count += 1;
                pairs.insert((number, verb));
                let held: ScopeSet = std::iter::once(Scope::numbered(scope)).collect();
                // Some overrides apply only if the query contains this key.
                for query in ["useAdminAccess=false", ""] {
                    let found = Match::new(CATALOG, method(template.row), query);
                    assert_ne!(found.accepts(&held), Ok(false), "{name} {found:?} {held:?}");
                }
            }
        }
        // For these hosts the name and the path do not determine the method.
        let needs_more = host::unalias(name.as_bytes()).is_some()
            || hosts::AUTH.contains(&name)
            || name == walk::WWW
            || host::is_auth(name, "/");
        let has_sets = (1..6).any(|verb| BLOB.shared(host, verb) != 0);
        assert!(!(needs_more && has_sets), "{name}");
    }
    // Lower numbers would mean that the loop skips hosts or methods.
    assert!(pairs.len() > 1_000 && method_count > 20_000, "{} pairs, {method_count}", pairs.len());
}

#[test]
fn the_sets_of_a_host_depend_on_the_verb_and_at_www_on_the_path() {
    let rows = [
        ("docs.googleapis.com", "GET", "/", "documents.readonly", true),
        ("docs.googleapis.com", "POST", "/", "documents.readonly", false),
        ("docs.googleapis.com", "HEAD", "/", "documents", false),
        ("pubsub.googleapis.com", "POST", "/", "cloud-platform", true),
        ("www.googleapis.com", "GET", "/calendar/v3/calendars/c", "calendar", true),
        ("www.googleapis.com", "GET", "/drive/v3/files", "calendar", false),
        ("www.googleapis.com", "POST", "/upload/drive/v3/files", "drive", true),
        ("www.googleapis.com", "GET", "/bigquery/v2/projects", "cloud-platform", true),
        ("www.googleapis.com", "GET", "/unknown/v1", "cloud-platform", false),
        ("www.googleapis.com", "GET", "", "cloud-platform", false),
    ];
    for (name, verb, path, scope, expected) in rows {
        let call = Call::from_url_parts(verb, None, Some(name), path, None);
        let opened = OpenedSets::new(CATALOG, Some(&granted(scope)));
        let place = CallPlace::new(&call, &Endpoints::new());
        let is_allowed = place.is_some_and(|place| opened.allow(place, &call));
        assert_eq!(is_allowed, expected, "{name} {verb} {path}");
    }
    // The record of an API at `www.googleapis.com` is not found as the host of a request.
    assert!(BLOB.host("/drive").is_some() && CATALOG.host("/drive").is_none());
}

#[test]
fn every_method_of_storage_bigquery_and_pubsub_has_a_verdict() {
    for api in ["storage.", "bigquery.", "pubsub."] {
        let methods =
            (0..BLOB.row_count()).map(method).filter(|method| method.id().starts_with(api));
        let (judged, all) = methods.fold((0, 0), |(judged, all), method| {
            let is_doubtful =
                |row: &Override| row.effect.silence().is_none_or(|it| it.only_with.is_empty());
            let is_judged =
                !method.override_row().is_some_and(is_doubtful) && !method.accepted().is_empty();
            (judged + usize::from(is_judged), all + 1)
        });
        assert_eq!(judged, all, "{api}");
        // A lower number would mean that the filter skips methods of the API.
        assert!(all > 30, "{api}");
    }
}

#[test]
fn every_override_has_a_source_and_covers_a_method() {
    for (index, row) in OVERRIDES.iter().enumerate() {
        assert!(row.source.starts_with("https://"), "{row:?}");
        for pattern in row.methods {
            let ids = (0..BLOB.row_count()).map(|row| method(row).id());
            let covers = |id: &str| match pattern.strip_suffix('*') {
                Some(prefix) => id.starts_with(prefix),
                None => *pattern == id,
            };
            assert!(ids.into_iter().any(covers), "{pattern} covers no method");
        }
        let methods = (0..BLOB.row_count())
            .map(method)
            .filter(|method| usize::from(BLOB.row(method.row()).special) == index + 1);
        // With `listed`, the sets of scopes contain the added scopes, and no method has the number
        // of the override. An override without methods is used by the generator only.
        match row.effect {
            Effect::AlsoAccepts { listed: Some(_), .. } => assert_eq!(methods.count(), 0),
            Effect::AlsoAccepts { listed: None, .. } => {
                assert!(methods.count() > 0, "covers no method without listed scopes: {row:?}");
            }
            _ => assert_eq!(methods.count() > 0, !row.methods.is_empty(), "{row:?}"),
        }
    }
    for (short, source) in HEARD_OF {
        assert!(short.parse::<Scope>().is_ok_and(|scope| scope.is_known()), "{short}");
        assert!(source.starts_with("https://"), "{short}");
    }
}

#[test]
fn an_override_adds_scopes_only_to_its_methods() {
    // The last column is whether the method accepts the scope, which an override adds to some
    // methods.
    let rows = [
        ("bigquery.jobs.query", "bigquery.readonly", true),
        ("bigquery.jobs.insert", "bigquery.readonly", false),
        ("bigquery.tabledata.list", "bigquery.readonly", true),
        ("storage.objects.get", "bigquery.readonly", true),
        ("storage.objects.insert", "bigquery.readonly", false),
        ("storage.objects.insert", "devstorage.write_only", true),
        ("storage.buckets.setIamPolicy", "devstorage.write_only", false),
        ("mybusinesslodging.locations.getLodging", "business.manage", true),
        ("iamcredentials.projects.serviceAccounts.generateAccessToken", "iam", true),
        ("iamcredentials.projects.serviceAccounts.signBlob", "iam", true),
        ("iam.projects.serviceAccounts.list", "iam", true),
        ("cloudresourcemanager.projects.getIamPolicy", "iam", false),
    ];
    for (id, short, expected) in rows {
        assert_eq!(
            ApiMethod::by_id(id).unwrap().accepts(&granted(short)),
            expected,
            "{id} {short}"
        );
    }
}

#[test]
fn a_call_whose_scopes_depend_on_the_request_has_no_verdict() {
    // The columns are the method, a scope of the token, the query, and why the overrides prevent a
    // verdict. `None` means that they do not prevent a verdict.
    let rows = [
        (
            "gmail.users.messages.list",
            "gmail.metadata",
            "q=is%3Aunread",
            Some(AbstainReason::Restricted),
        ),
        ("gmail.users.messages.list", "gmail.metadata", "maxResults=1", None),
        ("gmail.users.messages.list", "gmail.readonly", "q=x", None),
        ("gmail.users.messages.get", "gmail.metadata", "", Some(AbstainReason::Restricted)),
        ("gmail.users.messages.get", "gmail.metadata", "format=metadata", None),
        (
            "gmail.users.messages.get",
            "gmail.metadata",
            "format=raw",
            Some(AbstainReason::Restricted),
        ),
        ("chat.spaces.get", "chat.spaces", "useAdminAccess=true", Some(AbstainReason::Request)),
        ("chat.spaces.get", "chat.spaces", "alt=json", None),
        (
            "health.users.dataTypes.dataPoints.exportExerciseTcx",
            "cloud-platform",
            "",
            Some(AbstainReason::Several),
        ),
        ("script.scripts.run", "tasks", "", Some(AbstainReason::Request)),
        ("storage.objects.insert", "devstorage.read_only", "uploadType=media", None),
    ];
    for (id, short, query, expected) in rows {
        let method = ApiMethod::by_id(id).unwrap();
        let silence = method
            .silence_for(query)
            .filter(|silence| silence.only_with.is_empty() || silence.only_with.contains(&short));
        assert_eq!(silence.map(|silence| silence.reason), expected, "{id} {short} {query}");
    }
    // `%71` is an encoded `q`.
    let list = ApiMethod::by_id("gmail.users.messages.list").unwrap();
    assert!(list.silence_for("%71=x").is_some(), "a percent-encoded key should count as any key");
}

#[test]
fn an_inferred_method_differs_in_its_basis_only() {
    let method = ApiMethod::by_id("storage.objects.get").unwrap();
    assert_eq!(method.basis(), "discovery");
    assert_eq!(method.into_inferred().basis(), "inferred");
    assert_eq!(method.into_inferred().id(), method.id());
    assert_ne!(method.into_inferred(), method);
}

#[test]
fn a_path_of_any_length_is_split_at_its_slashes() {
    for path in
        ["/", "/x", "/v1/x", "/a/b/c", "/v1/abc", "/v1/abcd", "/v1//x/", "/storage/v1/b/photos/o/x"]
    {
        let mut segments = crate::path::Segments::new(path, 1).unwrap();
        let mut texts = Vec::new();
        while !segments.is_done() {
            texts.push(std::str::from_utf8(segments.next_segment()).unwrap());
        }
        assert_eq!(texts, path[1..].split('/').collect::<Vec<_>>(), "{path}");
    }
}

#[test]
fn a_deep_path_has_a_method_unless_it_exceeds_a_limit() {
    let too_many_segments = format!("/v1/projects/p/databases/d/documents{}", "/x".repeat(30_000));
    assert_eq!(find("firestore.googleapis.com", "GET", &too_many_segments), None);
    let too_many_bytes = format!("/storage/v1/b/{}", "b".repeat(70_000));
    assert_eq!(find("storage.googleapis.com", "GET", &too_many_bytes), None);
    let deep = format!("/v1/projects/p/databases/d/documents{}", "/c/d".repeat(20));
    let id = find("firestore.googleapis.com", "GET", &deep).map(|method| method.id());
    assert!(
        id.is_some_and(|id| id.starts_with("firestore.projects.databases.documents.")),
        "{id:?}"
    );
}

proptest! {
    #[test]
    fn no_host_verb_or_path_panics(host in ".*", verb in ".*", path in ".*") {
        find(&host, &verb, &path);
        grpc(&path);
        let _ = CATALOG.host(&host);
    }

    #[test]
    fn no_path_on_a_known_host_panics(
        path in "(/([a-z0-9%:.]{0,6}|v1|projects|b|o|storage))*.{0,3}",
    ) {
        for verb in crate::blob::VERBS {
            for host in ["storage.googleapis.com", "www.googleapis.com", "run.googleapis.com"] {
                find(host, verb, &path);
            }
        }
    }
}

proptest! {
    #[test]
    fn damaged_data_does_not_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40),
    ) {
        let mut bytes = include_bytes!("../data/storage.bin").to_vec();
        for (index, byte) in changes {
            let offset = index.index(bytes.len());
            bytes[offset] = byte;
        }
        let blob = Blob::open(&bytes);
        for [verb, host, path, _] in requests() {
            if let Some(row) = walk::find(&blob, host, verb, path) {
                let data = blob.row(row);
                let _ = (blob.row_name(row), blob.api(data.api));
                let _ = blob.set(data.set).count();
            }
        }
        let _ = (blob.search("storage.objects.get"), blob.set_count());
        if let Some(row) = blob.rpc("google.storage.v2.Storage", "ReadObject") {
            let _ = (blob.row_name(row), blob.row(row).special);
        }
    }

    #[test]
    fn data_that_ends_early_gives_no_method(end in any::<prop::sample::Index>()) {
        let bytes = include_bytes!("../data/storage.bin");
        let blob = Blob::open(&bytes[..end.index(bytes.len())]);
        prop_assert_eq!(walk::find(&blob, "storage.googleapis.com", "GET", "/storage/v1/b"), None);
    }
}
