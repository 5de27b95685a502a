//! Data: hosts and routes that neither Discovery, the protos nor the generated clients contain.
//! Written by hand, with a public source per row.

use anyhow::{Context, Result};

use super::model::{Group, ModelRow, RowKind, uri};
use super::protos::Rpc;
use super::template::PathTemplate;

/// An API that a page of Google documents.
struct DocumentedApi {
    /// The name of the API, with which the ids of its methods begin.
    api: &'static str,
    host: &'static str,
    /// The scopes of the API. Which method accepts which of them is not known.
    scopes: &'static [&'static str],
    /// The methods: the rest of the id, and the routes.
    methods: &'static [(&'static str, &'static str)],
    source: &'static str,
}

/// The APIs. The scopes are too coarse to decide about a call.
const PAGES: &[DocumentedApi] = &[
    DocumentedApi {
        api: "firebaseio",
        host: "firebaseio.com",
        scopes: &["firebase.database", "userinfo.email"],
        methods: &[
            ("data.get", "GET /**"),
            ("data.set", "PUT /**"),
            ("data.push", "POST /**"),
            ("data.update", "PATCH /**"),
            ("data.remove", "DELETE /**"),
        ],
        source: "https://firebase.google.com/docs/database/rest/auth",
    },
    DocumentedApi {
        api: "firebaseremoteconfig",
        host: "firebaseremoteconfig.googleapis.com",
        scopes: &["cloud-platform", "firebase", "firebase.remoteconfig"],
        methods: &[
            ("projects.getRemoteConfig", "GET /v1/projects/*/remoteConfig"),
            ("projects.updateRemoteConfig", "PUT /v1/projects/*/remoteConfig"),
            ("projects.remoteConfig.listVersions", "GET /v1/projects/*/remoteConfig:listVersions"),
            ("projects.remoteConfig.rollback", "POST /v1/projects/*/remoteConfig:rollback"),
            (
                "projects.remoteConfig.downloadDefaults",
                "GET /v1/projects/*/remoteConfig:downloadDefaults",
            ),
            (
                "projects.namespaces.serverRemoteConfig.get",
                "GET /v1/projects/*/namespaces/*/serverRemoteConfig",
            ),
        ],
        source: "https://firebase.google.com/docs/remote-config/automate-rc",
    },
    DocumentedApi {
        api: "iid",
        host: "iid.googleapis.com",
        scopes: &["cloud-platform", "firebase.messaging"],
        methods: &[
            ("info.get", "GET /iid/info/*"),
            ("rel.topics.create", "POST /iid/v1/*/rel/topics/*"),
            ("batchAdd", "POST /iid/v1:batchAdd"),
            ("batchRemove", "POST /iid/v1:batchRemove"),
            ("batchImport", "POST /iid/v1:batchImport"),
        ],
        source: "https://developers.google.com/instance-id/reference/server",
    },
    DocumentedApi {
        api: "earthengine",
        host: "earthengine.googleapis.com",
        scopes: &["cloud-platform", "earthengine", "earthengine.readonly"],
        methods: &[
            ("get", "GET /**"),
            ("post", "POST /**"),
            ("patch", "PATCH /**"),
            ("delete", "DELETE /**"),
            ("value.compute", "POST /v1/projects/*/value:compute"),
            ("image.computePixels", "POST /v1/projects/*/image:computePixels"),
            ("table.computeFeatures", "POST /v1/projects/*/table:computeFeatures"),
            ("image.export", "POST /v1/projects/*/image:export"),
            ("maps.create", "POST /v1/projects/*/maps"),
        ],
        source: "https://developers.google.com/earth-engine/reference/rest",
    },
    DocumentedApi {
        api: "photoslibrary",
        host: "photoslibrary.googleapis.com",
        scopes: &[
            "photoslibrary",
            "photoslibrary.appendonly",
            "photoslibrary.edit.appcreateddata",
            "photoslibrary.readonly",
            "photoslibrary.readonly.appcreateddata",
            "photoslibrary.sharing",
        ],
        methods: &[
            ("albums.list", "GET /v1/albums"),
            ("albums.create", "POST /v1/albums"),
            ("albums.get", "GET /v1/albums/*"),
            ("albums.patch", "PATCH /v1/albums/*"),
            ("albums.addEnrichment", "POST /v1/albums/*:addEnrichment"),
            ("albums.batchAddMediaItems", "POST /v1/albums/*:batchAddMediaItems"),
            ("albums.batchRemoveMediaItems", "POST /v1/albums/*:batchRemoveMediaItems"),
            ("albums.share", "POST /v1/albums/*:share"),
            ("albums.unshare", "POST /v1/albums/*:unshare"),
            ("mediaItems.list", "GET /v1/mediaItems"),
            ("mediaItems.get", "GET /v1/mediaItems/*"),
            ("mediaItems.patch", "PATCH /v1/mediaItems/*"),
            ("mediaItems.batchCreate", "POST /v1/mediaItems:batchCreate"),
            ("mediaItems.batchGet", "GET /v1/mediaItems:batchGet"),
            ("mediaItems.search", "POST /v1/mediaItems:search"),
            ("sharedAlbums.list", "GET /v1/sharedAlbums"),
            ("sharedAlbums.get", "GET /v1/sharedAlbums/*"),
            ("sharedAlbums.join", "POST /v1/sharedAlbums:join"),
            ("sharedAlbums.leave", "POST /v1/sharedAlbums:leave"),
            ("uploads.create", "POST /v1/uploads"),
        ],
        source: "https://developers.google.com/photos/overview/authorization",
    },
];

/// Rpcs with an HTTP binding: host, scopes, rpc, route. Sources:
/// <https://docs.cloud.google.com/stackdriver/docs/reference/telemetry/overview>,
/// <https://github.com/googleapis/googleapis/blob/master/google/cloud/bigquery/v2/bigquery_v2.yaml>.
const RPCS: [(&str, &[&str], &str, &str); 6] = [
    (
        "bigquery.googleapis.com",
        &["bigquery", "bigquery.readonly", "cloud-platform", "cloud-platform.read-only"],
        "google.iam.v1.IAMPolicy.GetIamPolicy",
        "POST /bigquery/v2/projects/*/datasets/*:getIamPolicy",
    ),
    (
        "bigquery.googleapis.com",
        &["bigquery", "cloud-platform"],
        "google.iam.v1.IAMPolicy.SetIamPolicy",
        "POST /bigquery/v2/projects/*/datasets/*:setIamPolicy",
    ),
    (
        "bigquery.googleapis.com",
        &["bigquery", "bigquery.readonly", "cloud-platform", "cloud-platform.read-only"],
        "google.iam.v1.IAMPolicy.TestIamPermissions",
        "POST /bigquery/v2/projects/*/datasets/*:testIamPermissions",
    ),
    (
        "telemetry.googleapis.com",
        &["cloud-platform", "trace.append"],
        "opentelemetry.proto.collector.trace.v1.TraceService.Export",
        "POST /v1/traces",
    ),
    (
        "telemetry.googleapis.com",
        &["cloud-platform", "monitoring.write"],
        "opentelemetry.proto.collector.metrics.v1.MetricsService.Export",
        "POST /v1/metrics",
    ),
    (
        "telemetry.googleapis.com",
        &["cloud-platform", "logging.write"],
        "opentelemetry.proto.collector.logs.v1.LogsService.Export",
        "POST /v1/logs",
    ),
];

/// Services that a host includes and that its generated client does not bind: host, scopes, and the
/// place of the operations, locations or policies. Each row is followed by its service
/// configuration in <https://github.com/googleapis/googleapis>.
const INCLUDED: [(&str, &str, &[&str], &str); 15] = [
    (
        "aistreams.googleapis.com",
        "cloud-platform",
        &[
            "operations v1alpha1/projects/*/locations/*",
            "policies v1alpha1/projects/*/locations/*/clusters/*",
            "policies v1alpha1/projects/*/locations/*/clusters/*/streams/*",
        ],
        "google/partner/aistreams/v1alpha1/aistreams_v1alpha1.yaml",
    ),
    (
        "analyticshub.googleapis.com",
        "bigquery cloud-platform",
        &["locations v1beta1"],
        "google/cloud/bigquery/dataexchange/v1beta1/analyticshub_v1beta1.yaml",
    ),
    (
        "automl.googleapis.com",
        "cloud-platform",
        &[
            "locations v1",
            "policies v1/projects/*/locations/*",
            "policies v1/projects/*/locations/*/**",
            "policies v1/projects/*/locations/*/datasets/*",
            "policies v1/projects/*/locations/*/models/*",
        ],
        "google/cloud/automl/v1/automl_v1.yaml",
    ),
    (
        "automl.googleapis.com",
        "cloud-platform",
        &[
            "policies v1beta1/projects/*/locations/*",
            "policies v1beta1/projects/*/locations/*/**",
            "policies v1beta1/projects/*/locations/*/datasets/*",
            "policies v1beta1/projects/*/locations/*/models/*",
        ],
        "google/cloud/automl/v1beta1/automl_v1beta1.yaml",
    ),
    (
        "cloudapiregistry.googleapis.com",
        "cloud-platform",
        &["locations v1"],
        "google/cloud/apiregistry/v1/cloudapiregistry_v1.yaml",
    ),
    (
        "confidentialcomputing.googleapis.com",
        "cloud-platform",
        &["locations v1alpha1"],
        "google/cloud/confidentialcomputing/v1alpha1/confidentialcomputing_v1alpha1.yaml",
    ),
    (
        "googleads.googleapis.com",
        "adwords",
        &["operations v22/customers/*", "waits v22/customers/*"],
        "google/ads/googleads/v22/googleads_v22.yaml",
    ),
    (
        "googleads.googleapis.com",
        "adwords",
        &["operations v23/customers/*", "waits v23/customers/*"],
        "google/ads/googleads/v23/googleads_v23.yaml",
    ),
    (
        "googleads.googleapis.com",
        "adwords",
        &["operations v24/customers/*", "waits v24/customers/*"],
        "google/ads/googleads/v24/googleads_v24.yaml",
    ),
    (
        "googleads.googleapis.com",
        "adwords",
        &["operations v25/customers/*", "waits v25/customers/*"],
        "google/ads/googleads/v25/googleads_v25.yaml",
    ),
    (
        "hypercomputecluster.googleapis.com",
        "cloud-platform",
        &["operations v1alpha/projects/*/locations/*", "locations v1alpha"],
        "google/cloud/hypercomputecluster/v1alpha/hypercomputecluster_v1alpha.yaml",
    ),
    (
        "iam.googleapis.com",
        "cloud-platform",
        &[
            "operations v1beta/projects/*/locations/*/workloadIdentityPools/*",
            "operations v1beta/projects/*/locations/*/workloadIdentityPools/*/providers/*",
        ],
        "google/iam/v1beta/iam_v1beta.yaml",
    ),
    (
        "ids.googleapis.com",
        "cloud-platform",
        &["policies v1/projects/*/locations/*/endpoints/*"],
        "google/cloud/ids/v1/ids_v1.yaml",
    ),
    (
        "networkconnectivity.googleapis.com",
        "cloud-platform",
        &[
            "policies v1/projects/*/locations/*/serviceClasses/*",
            "policies v1/projects/*/locations/*/serviceConnectionMaps/*",
            "policies v1/projects/*/locations/*/serviceConnectionPolicies/*",
        ],
        "google/cloud/networkconnectivity/v1/networkconnectivity_v1.yaml",
    ),
    (
        "networkconnectivity.googleapis.com",
        "cloud-platform",
        &[
            "operations v1beta/projects/*/locations/*",
            "locations v1beta",
            "policies v1beta/projects/*/locations/*/spokes/*",
            "policies v1beta/projects/*/locations/global/hubs/*",
            "policies v1beta/projects/*/locations/global/hubs/*/groups/*",
            "policies v1beta/projects/*/locations/global/policyBasedRoutes/*",
        ],
        "google/cloud/networkconnectivity/v1beta/networkconnectivity_v1beta.yaml",
    ),
];

/// Returns the methods of the pages as groups of rows.
pub(crate) fn groups() -> Result<Vec<Group>> {
    PAGES.iter().map(group).collect()
}

fn group(page: &DocumentedApi) -> Result<Group> {
    let row = |(id, route): &(&str, &str)| -> Result<ModelRow> {
        let (verb, template) = parse(route)?;
        Ok(ModelRow {
            id: format!("{}.{id}", page.api),
            verb: verb.clone(),
            scopes: page.scopes.iter().copied().map(uri).collect(),
            special: 0,
            routes: [(verb, template)].into(),
            kind: RowKind::Page,
        })
    };
    Ok(Group {
        api: page.api.to_owned(),
        host: page.host.to_owned(),
        doc_url: page.source.to_owned(),
        rank: (false, false, Vec::new(), page.api.to_owned()),
        rows: page.methods.iter().map(row).collect::<Result<_>>()?,
    })
}

/// Returns the rpcs of this module's tables.
pub(crate) fn rpcs() -> Result<Vec<Rpc>> {
    let listed =
        RPCS.iter().map(|(host, scopes, id, route)| rpc(host, scopes.iter().copied(), id, route));
    let included = INCLUDED.iter().flat_map(|(host, scopes, places, _)| {
        places
            .iter()
            .flat_map(|place| included(place))
            .map(|(id, route)| rpc(host, scopes.split(' '), id, &route))
    });
    listed.chain(included).collect()
}

fn rpc<'s>(
    host: &str,
    scopes: impl Iterator<Item = &'s str>,
    id: &str,
    route: &str,
) -> Result<Rpc> {
    Ok(Rpc {
        package: id.rsplitn(3, '.').last().unwrap_or_default().to_owned(),
        id: id.to_owned(),
        host: host.to_owned(),
        scopes: scopes.map(uri).collect(),
        bindings: vec![parse(route)?],
    })
}

/// Returns the rpcs of an included service at a place, each with its route. The routes are those of
/// the services' own bindings:
/// <https://github.com/googleapis/googleapis/tree/master/google/longrunning>.
fn included(place: &str) -> Vec<(&'static str, String)> {
    let (kind, path) = place.split_once(' ').unwrap_or((place, ""));
    match kind {
        "operations" => vec![
            ("google.longrunning.Operations.ListOperations", format!("GET /{path}/operations")),
            ("google.longrunning.Operations.GetOperation", format!("GET /{path}/operations/*")),
            (
                "google.longrunning.Operations.DeleteOperation",
                format!("DELETE /{path}/operations/*"),
            ),
            (
                "google.longrunning.Operations.CancelOperation",
                format!("POST /{path}/operations/*:cancel"),
            ),
        ],
        "waits" => {
            vec![(
                "google.longrunning.Operations.WaitOperation",
                format!("POST /{path}/operations/*:wait"),
            )]
        }
        "locations" => vec![
            (
                "google.cloud.location.Locations.ListLocations",
                format!("GET /{path}/projects/*/locations"),
            ),
            (
                "google.cloud.location.Locations.GetLocation",
                format!("GET /{path}/projects/*/locations/*"),
            ),
        ],
        _ => vec![
            ("google.iam.v1.IAMPolicy.GetIamPolicy", format!("GET /{path}:getIamPolicy")),
            ("google.iam.v1.IAMPolicy.SetIamPolicy", format!("POST /{path}:setIamPolicy")),
            (
                "google.iam.v1.IAMPolicy.TestIamPermissions",
                format!("POST /{path}:testIamPermissions"),
            ),
        ],
    }
}

/// Parses a route: an HTTP verb and a path template.
fn parse(route: &str) -> Result<(String, PathTemplate)> {
    let (verb, template) = route.split_once(' ').with_context(|| route.to_owned())?;
    Ok((verb.to_owned(), PathTemplate::from_http_rule(template)?))
}
