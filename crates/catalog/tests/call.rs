//! Tests of `lookup` with requests as clients send them.
#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![cfg(feature = "full")]

use gcp_scopes_catalog::call::{AbstainReason, Call};
use gcp_scopes_catalog::scope::{Scope, ScopeSet};
use gcp_scopes_catalog::{ApiMethod, Endpoints, Lookup, lookup};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use proptest::prelude::*;

const GET_BUCKET: &str = "/storage/v1/b/my-bucket";

/// Looks up a request and applies `read` to the result.
fn look_up<T>(endpoints: &Endpoints, verb: &str, url: &str, read: impl FnOnce(Lookup) -> T) -> T {
    let uri: Uri = url.parse().unwrap_or_else(|error| panic!("{url}: {error}"));
    read(lookup(&Call::new(&verb.parse().unwrap(), &uri), endpoints))
}

/// Returns the id of the method, or, if no method is found, the [`AbstainReason`] as text.
fn id_or_reason(found: &Lookup) -> &'static str {
    match found.method() {
        Some(method) => method.id(),
        None => found.abstain_reason().unwrap().as_str(),
    }
}

/// Looks up a request. Returns the id of its method, or, if no method is found, the
/// [`AbstainReason`] as text.
fn id_or_reason_of(verb: &str, url: &str) -> &'static str {
    look_up(&Endpoints::new(), verb, url, |found| id_or_reason(&found))
}

/// Looks up a request that has a method, and returns why the call cannot be judged.
fn abstain_reason_of(verb: &str, url: &str) -> Option<AbstainReason> {
    look_up(&Endpoints::new(), verb, url, |found| {
        assert!(found.method().is_some(), "{verb} {url}: {found:?}");
        found.abstain_reason()
    })
}

/// Looks up a request that has a method, and returns the verdict on a token with these scopes.
fn verdict(verb: &str, url: &str, scopes: &str) -> Result<bool, AbstainReason> {
    look_up(&Endpoints::new(), verb, url, |found| {
        assert!(found.method().is_some(), "{verb} {url}: {found:?}");
        found.accepts(&held(scopes))
    })
}

/// Returns the header of a gRPC call.
fn grpc_headers() -> HeaderMap {
    let name = HeaderName::from_static("content-type");
    HeaderMap::from_iter([(name, HeaderValue::from_static("application/grpc"))])
}

/// Returns the set of the scopes with these short names, which spaces separate.
fn held(text: &str) -> ScopeSet {
    text.split(' ').filter(|word| !word.is_empty()).map(|word| word.parse().unwrap()).collect()
}

#[test]
fn every_documented_host_name_gives_its_api_and_similar_names_give_none() {
    for (origin, expected) in [
        // Google's names for Cloud Storage.
        ("https://storage.googleapis.com", "storage.buckets.get"),
        ("http://storage.googleapis.com", "storage.buckets.get"),
        ("https://STORAGE.GoogleAPIs.com", "storage.buckets.get"),
        ("HTTPS://storage.googleapis.com", "storage.buckets.get"),
        ("https://storage.googleapis.com:443", "storage.buckets.get"),
        ("http://storage.googleapis.com:80", "storage.buckets.get"),
        ("https://storage.googleapis.com.", "storage.buckets.get"),
        ("https://storage.googleapis.com.:443", "storage.buckets.get"),
        ("https://www.googleapis.com", "storage.buckets.get"),
        ("https://WWW.googleapis.com:443", "storage.buckets.get"),
        ("https://content-storage.googleapis.com", "storage.buckets.get"),
        ("https://storage.mtls.googleapis.com", "storage.buckets.get"),
        ("https://Storage.MTLS.googleapis.com", "storage.buckets.get"),
        ("https://storage.us-central1.rep.googleapis.com", "storage.buckets.get"),
        ("https://storage.me-central2.rep.googleapis.com", "storage.buckets.get"),
        ("https://storage.eu.rep.googleapis.com", "storage.buckets.get"),
        ("https://storage.us-east1.p.rep.googleapis.com", "storage.buckets.get"),
        ("https://storage-vialink1.p.googleapis.com", "storage.buckets.get"),
        ("https://us-storage.googleapis.com", "storage.buckets.get"),
        ("https://us-central1-storage.googleapis.com", "storage.buckets.get"),
        // The text before `@` is the name of a user.
        ("https://user@storage.googleapis.com", "storage.buckets.get"),
        ("https://evil.example@storage.googleapis.com", "storage.buckets.get"),
        // A host at another port may be a tunnel, and is not an API until the user maps the host.
        ("https://storage.googleapis.com:8443", "host"),
        ("https://storage.googleapis.com:80", "host"),
        ("http://storage.googleapis.com:443", "host"),
        ("https://storage.mtls.googleapis.com:444", "host"),
        ("ftp://storage.googleapis.com", "host"),
        ("gs://storage.googleapis.com", "host"),
        // Similar names that do not belong to Google, or to no API.
        ("https://storage.googleapis.com.evil.example", "host"),
        ("https://evilgoogleapis.com", "host"),
        ("https://storage.evilgoogleapis.com", "host"),
        ("https://storage-googleapis.com", "host"),
        ("https://storage.googleapis.co", "host"),
        ("https://storage.googleapis.com.co", "host"),
        ("https://storage.googleapis.com@evil.example", "host"),
        ("https://storage.googleapis.com:443@evil.example", "host"),
        ("https://storage.googleapis.com:pw@evil.example:443", "host"),
        ("https://googleapis.com", "host"),
        ("https://storage.googleapis", "host"),
        ("https://storage.google.com", "host"),
        ("https://storagegoogleapis.com", "host"),
        ("https://storage.googleapis.com..", "host"),
        ("https://x.rep.googleapis.com", "host"),
        ("https://storage.rep.googleapis.com", "host"),
        ("https://storage.not-a-place.rep.googleapis.com", "host"),
        ("https://storage.mtls.mtls.googleapis.com", "host"),
        ("https://mystorage.googleapis.com", "host"),
        ("https://my-storage-x.googleapis.com", "host"),
        ("https://my-storage.googleapis.com", "host"),
        ("https://evil-storage.googleapis.com", "host"),
        ("https://test-storage.googleapis.com", "host"),
        ("https://my-app1-storage.googleapis.com", "host"),
        // `asia` and `nam5` are locations of Cloud Storage; `android` is not a location.
        ("https://asia-storage.googleapis.com", "storage.buckets.get"),
        ("https://nam5-storage.googleapis.com", "storage.buckets.get"),
        ("https://android-storage.googleapis.com", "host"),
        ("https://-storage.googleapis.com", "host"),
        ("https://storage-.p.googleapis.com", "host"),
        ("https://storage-a.b.p.googleapis.com", "host"),
        ("https://.storage.googleapis.com", "host"),
        // Names for other purposes.
        ("https://private.googleapis.com", "host"),
        ("https://restricted.googleapis.com", "host"),
        ("https://storage.cloud.google.com", "host"),
        ("https://console.cloud.google.com", "host"),
        ("https://storage.s3nsapis.fr", "host"),
        ("http://localhost:4443", "host"),
        ("http://127.0.0.1:4443", "host"),
        ("http://[::1]:4443", "host"),
        ("http://199.36.153.8", "host"),
        ("https://example.com", "host"),
        ("http://metadata.google.internal", "metadata"),
        ("http://METADATA.google.internal.", "metadata"),
        ("http://169.254.169.254", "metadata"),
        ("http://169.254.169.254:80", "metadata"),
        ("http://[fd20:ce::254]", "metadata"),
        ("http://metadata", "metadata"),
        ("https://us-central1-docker.pkg.dev", "registry"),
        ("https://gcr.io", "registry"),
        ("https://eu.gcr.io", "registry"),
        ("https://evilgcr.io", "host"),
        ("https://service-abc-uc.a.run.app", "workload"),
        ("https://us-central1-project.cloudfunctions.net", "workload"),
        ("https://project.uc.r.appspot.com", "workload"),
        ("https://notrun.app", "host"),
        ("https://abc-dot-us-central1.notebooks.googleusercontent.com", "workload"),
        ("https://accounts.google.com", "auth"),
    ] {
        assert_eq!(id_or_reason_of("GET", &format!("{origin}{GET_BUCKET}")), expected, "{origin}");
    }
}

#[test]
fn host_names_of_other_services_give_their_api() {
    for (url, expected) in [
        (
            "https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/us-central1",
            "aiplatform.projects.locations.get",
        ),
        (
            "https://europe-west10-aiplatform.googleapis.com/v1/projects/p/locations/europe-west10",
            "aiplatform.projects.locations.get",
        ),
        (
            "https://aiplatform.eu.rep.googleapis.com/v1/projects/p/locations/eu",
            "aiplatform.projects.locations.get",
        ),
        ("https://eu-vision.googleapis.com/v1/operations/x", "vision.operations.get"),
        (
            "https://us-central1-run.googleapis.com/apis/serving.knative.dev/v1/namespaces/p/services",
            "run.namespaces.services.list",
        ),
        (
            "https://pubsub-link1.p.googleapis.com/v1/projects/p/topics/t",
            "pubsub.projects.topics.get",
        ),
        (
            "https://bigquery.mtls.googleapis.com/bigquery/v2/projects/p/datasets",
            "bigquery.datasets.list",
        ),
        (
            "https://admin-remotebuildexecution.googleapis.com/v1alpha/projects/p/operations/o",
            "remotebuildexecution.projects.operations.get",
        ),
        ("https://remotebuildexecution.googleapis.com/v1alpha/projects/p/operations/o", "method"),
        (
            "https://prod-tt-sasportal.googleapis.com/v1alpha1/nodes/n",
            "prod_tt_sasportal.nodes.get",
        ),
        ("https://sasportal.googleapis.com/v1alpha1/nodes/n", "sasportal.nodes.get"),
    ] {
        assert_eq!(id_or_reason_of("GET", url), expected, "{url}");
    }
}

#[test]
fn a_mapped_host_gives_its_api_and_other_hosts_give_none() {
    let endpoints = Endpoints::new()
        .endpoint("http://127.0.0.1:4443", "storage.googleapis.com")
        .and_then(|e| e.endpoint("gcs.example.com", "Storage.GoogleApis.com."))
        .and_then(|e| e.endpoint("https://pub.example.com/", "pubsub.googleapis.com"))
        .and_then(|e| e.endpoint("[::1]:9000", "storage.googleapis.com"))
        .and_then(|e| e.endpoint("storage.googleapis.com:8443", "storage.googleapis.com"))
        .and_then(|e| e.endpoint("ai.example.com", "us-central1-aiplatform.googleapis.com"))
        .and_then(|e| e.endpoint("new.example.com", "not-in-the-catalog.googleapis.com"))
        .and_then(|e| e.universe("s3nsapis.fr"))
        .unwrap();
    // `host`: the host is not mapped at this port. `method`: the host is mapped to another API,
    // which has no method with this path.
    for (origin, expected) in [
        ("http://127.0.0.1:4443", "storage.buckets.get"),
        ("http://127.0.0.1:4444", "host"),
        ("http://127.0.0.1", "host"),
        ("http://[::1]:9000", "storage.buckets.get"),
        ("https://gcs.example.com", "storage.buckets.get"),
        ("https://GCS.example.com:443", "storage.buckets.get"),
        ("http://gcs.example.com", "storage.buckets.get"),
        ("https://gcs.example.com:444", "host"),
        ("https://pub.example.com", "method"),
        ("http://pub.example.com", "host"),
        ("https://storage.googleapis.com:8443", "storage.buckets.get"),
        ("https://storage.googleapis.com", "storage.buckets.get"),
        ("https://ai.example.com", "method"),
        ("https://new.example.com", "method"),
        ("https://storage.s3nsapis.fr", "storage.buckets.get"),
        ("https://us-central1-storage.s3nsapis.fr", "storage.buckets.get"),
        ("https://evils3nsapis.fr", "host"),
        ("https://s3nsapis.fr", "host"),
        ("https://storage.other.fr", "host"),
    ] {
        let url = format!("{origin}{GET_BUCKET}");
        assert_eq!(
            look_up(&endpoints, "GET", &url, |found| id_or_reason(&found)),
            expected,
            "{origin}"
        );
    }
}

#[test]
fn the_error_for_an_invalid_mapping_contains_the_input() {
    for (from, to, part) in [
        ("http://127.0.0.1:4443/storage/v1", "storage.googleapis.com", "/storage/v1"),
        ("ftp://host", "storage.googleapis.com", "ftp://host"),
        ("", "storage.googleapis.com", "\"\""),
        ("http://host:99999", "storage.googleapis.com", "99999"),
        ("user@host", "storage.googleapis.com", "expected"),
        ("ho st", "storage.googleapis.com", "ho st"),
        ("localhost:1", ".googleapis.com", ".googleapis.com"),
        ("localhost:1", "googleapis.com", "googleapis.com"),
        ("localhost:1", "storage.googleapis.com:443", ":443"),
        ("localhost:1", "example.com", "example.com"),
        ("localhost:1", "https://storage.googleapis.com", "https://storage"),
    ] {
        let error = Endpoints::new().endpoint(from, to).unwrap_err().to_string();
        assert!(error.contains(part) && error.contains("expected"), "{from} {to}: {error}");
    }
    for domain in ["", "fr", "https://s3nsapis.fr", ".s3nsapis.fr", "a b.fr", "s3nsapis.fr/x"] {
        let error = Endpoints::new().universe(domain).unwrap_err().to_string();
        assert!(error.contains(domain) && error.contains("expected"), "{domain}: {error}");
    }
}

#[test]
fn urls_of_token_endpoints_and_batches_give_a_method_or_the_reason() {
    // The last column is the id of the method, otherwise the reason why there is no method.
    for (verb, url, expected) in [
        ("POST", "https://oauth2.googleapis.com/token", "auth"),
        ("POST", "https://oauth2.googleapis.com/tokeninfo", "auth"),
        ("GET", "https://oauth2.googleapis.com/tokeninfo?id_token=x", "auth"),
        ("POST", "https://oauth2.mtls.googleapis.com/token", "auth"),
        ("POST", "https://oauth2.googleapis.com/revoke", "auth"),
        ("GET", "https://accounts.google.com/o/oauth2/v2/auth", "auth"),
        ("POST", "https://accounts.google.com/o/oauth2/token", "auth"),
        ("POST", "https://www.googleapis.com/oauth2/v4/token", "auth"),
        ("GET", "https://www.googleapis.com/oauth2/v1/tokeninfo", "auth"),
        ("GET", "https://www.googleapis.com/oauth2/v3/userinfo", "auth"),
        ("GET", "https://www.googleapis.com/oauth2/v1/certs", "auth"),
        ("GET", "https://www.googleapis.com/robot/v1/metadata/x509/a", "auth"),
        ("POST", "https://www.googleapis.com/oauth2/v2/tokeninfo", "oauth2.tokeninfo"),
        ("GET", "https://www.googleapis.com/oauth2/v2/userinfo", "oauth2.userinfo.get"),
        ("GET", "https://openidconnect.googleapis.com/v1/userinfo", "auth"),
        ("POST", "https://sts.googleapis.com/v1/token", "sts.token"),
        ("POST", "https://sts.googleapis.com/v1/introspect", "auth"),
        ("POST", "https://securetoken.googleapis.com/v1/token", "auth"),
        (
            "POST",
            "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a@b.c:generateAccessToken",
            "iamcredentials.projects.serviceAccounts.generateAccessToken",
        ),
        (
            "GET",
            "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token",
            "metadata",
        ),
        ("POST", "https://storage.googleapis.com/batch/storage/v1", "batch"),
        ("POST", "https://www.googleapis.com/batch/storage/v1", "batch"),
        ("POST", "https://www.googleapis.com/batch", "batch"),
        ("POST", "https://compute.googleapis.com/batch/compute/v1", "batch"),
        ("POST", "https://pubsub.googleapis.com/batch", "batch"),
        ("POST", "https://gmail.googleapis.com/batch/gmail/v1", "batch"),
        ("POST", "https://www.googleapis.com/batch/drive/v3", "batch"),
        ("POST", "https://batch.googleapis.com/batch", "batch"),
        ("POST", "https://oauth2.googleapis.com/device/code", "auth"),
        ("GET", "https://www.googleapis.com/oauth2/v3/certs", "auth"),
        ("GET", "https://www.googleapis.com/oauth2/v3/tokeninfo?access_token=x", "auth"),
        (
            "GET",
            "https://www.googleapis.com/service_accounts/v1/jwk/a@b.iam.gserviceaccount.com",
            "auth",
        ),
        ("GET", "https://www.googleapis.com/userinfo/v2/me", "oauth2.userinfo.v2.me.get"),
        ("POST", "https://sts.us-east4.rep.googleapis.com/v1/token", "sts.token"),
        ("GET", "https://europe-maven.pkg.dev/p/r/g/a/1/a.jar", "registry"),
        (
            "GET",
            "https://batch.googleapis.com/v1/projects/p/locations/l/jobs",
            "batch.projects.locations.jobs.list",
        ),
        ("GET", "https://us-docker.pkg.dev/v2/p/r/i/manifests/latest", "registry"),
        ("GET", "https://gcr.io/v2/p/i/manifests/latest", "registry"),
        ("GET", "https://pubsub.googleapis.com/", "method"),
        ("POST", "https://storage.googleapis.com/not.a.Service/Method", "method"),
        ("POST", "https://evil.example/google.pubsub.v1.Publisher/Publish", "host"),
        ("GET", "https://pubsub.googleapis.com/v1/projects/p/nothing/x", "method"),
        ("PATCH", "https://bigquery.googleapis.com/bigquery/v2/projects/p/datasets", "method"),
        ("OPTIONS", "https://bigquery.googleapis.com/bigquery/v2/projects/p/datasets", "method"),
        ("GET", "https://pubsub.googleapis.com/$discovery/rest?version=v1", "method"),
    ] {
        assert_eq!(id_or_reason_of(verb, url), expected, "{verb} {url}");
    }
}

#[test]
fn a_call_of_the_xml_api_gives_the_equivalent_json_method() {
    // The last column is `true` if Google documents the scopes for the type of access. A token is
    // judged for such calls only.
    for (verb, path, expected, documented) in [
        ("GET", "/", "storage.buckets.list", true),
        ("GET", "/bucket", "storage.objects.list", true),
        ("GET", "/bucket/", "storage.objects.list", true),
        ("GET", "/bucket?list-type=2&prefix=a/&max-keys=1", "storage.objects.list", true),
        ("GET", "/bucket?versions", "storage.objects.list", true),
        ("GET", "/bucket?marker=&delimiter=/&userProject=p", "storage.objects.list", true),
        ("HEAD", "/bucket", "storage.buckets.get", true),
        ("PUT", "/bucket", "storage.buckets.insert", true),
        ("DELETE", "/bucket", "storage.buckets.delete", true),
        ("GET", "/bucket/object", "storage.objects.get", true),
        ("HEAD", "/bucket/a/b/c.txt", "storage.objects.get", true),
        ("GET", "/bucket/a%2Fb?generation=1", "storage.objects.get", true),
        (
            "GET",
            "/bucket/o?response-content-type=text/plain&x-id=GetObject",
            "storage.objects.get",
            true,
        ),
        ("PUT", "/bucket/object", "storage.objects.insert", true),
        ("DELETE", "/bucket/object?versionId=1", "storage.objects.delete", true),
        ("PUT", "/bucket/object?compose", "storage.objects.compose", true),
        ("POST", "/bucket/object?uploads", "storage.objects.insert", true),
        ("POST", "/bucket/object?uploads=", "storage.objects.insert", true),
        ("PUT", "/bucket/object?partNumber=1&uploadId=u", "storage.objects.insert", true),
        ("POST", "/bucket/object?uploadId=u", "storage.objects.insert", true),
        ("DELETE", "/bucket/object?uploadId=u", "storage.objects.insert", false),
        ("GET", "/bucket/object?uploadId=u", "storage.objects.get", false),
        ("GET", "/bucket?uploads", "storage.objects.list", false),
        ("GET", "/bucket?acl", "storage.bucketAccessControls.list", true),
        ("PUT", "/bucket?acl", "storage.bucketAccessControls.update", true),
        ("GET", "/bucket/object?acl", "storage.objectAccessControls.list", true),
        ("GET", "/bucket/object?generation=1&acl=", "storage.objectAccessControls.list", true),
        ("PUT", "/bucket/object?acl", "storage.objectAccessControls.update", true),
        ("GET", "/bucket?defaultObjectAcl", "storage.defaultObjectAccessControls.list", false),
        ("PUT", "/bucket?defaultObjectAcl", "storage.defaultObjectAccessControls.update", false),
        ("GET", "/bucket?policy", "storage.buckets.getIamPolicy", false),
        ("PUT", "/bucket?policy", "storage.buckets.setIamPolicy", false),
        ("GET", "/bucket?cors", "storage.buckets.get", false),
        ("PUT", "/bucket?cors", "storage.buckets.patch", false),
        ("DELETE", "/bucket?cors", "storage.buckets.patch", false),
        ("GET", "/bucket?lifecycle", "storage.buckets.get", false),
        ("PUT", "/bucket?lifecycle", "storage.buckets.patch", false),
        ("GET", "/bucket?location", "storage.buckets.get", false),
        ("PUT", "/bucket?logging", "storage.buckets.patch", false),
        ("GET", "/bucket?website", "storage.buckets.get", false),
        ("PUT", "/bucket?tagging", "storage.buckets.patch", false),
        ("GET", "/bucket?encryption", "storage.buckets.get", false),
        ("PUT", "/bucket?encryptionConfig", "storage.buckets.patch", false),
        ("PUT", "/bucket?billing", "storage.buckets.patch", false),
        ("GET", "/bucket?versioning", "storage.buckets.get", false),
        ("GET", "/bucket?storageClass", "storage.buckets.get", false),
        // An unknown key without a value counts as a setting of the bucket.
        ("GET", "/bucket?neverHeardOf", "storage.buckets.get", false),
        ("GET", "/bucket?neverHeardOf=1", "storage.objects.list", false),
        ("POST", "/bucket?delete", "storage.objects.delete", false),
        ("POST", "/bucket", "storage.objects.insert", false),
        ("POST", "/bucket/object", "storage.objects.insert", false),
        ("GET", "/bucket/object?tagging", "storage.objects.get", false),
        ("PUT", "/bucket/object?tagging", "storage.objects.patch", false),
        ("GET", "/bucket/storage/v1/b", "storage.objects.get", true),
        // object_store encodes punctuation marks.
        ("PUT", "/my%2Dnew%5Fbucket%2eexample/a%2Eb", "storage.objects.insert", true),
    ] {
        let url = format!("https://storage.googleapis.com{path}");
        assert_eq!(id_or_reason_of(verb, &url), expected, "{verb} {path}");
        assert_eq!(
            abstain_reason_of(verb, &url),
            (!documented).then_some(AbstainReason::Inferred),
            "{verb} {path}"
        );
    }
}

#[test]
fn a_host_name_may_contain_the_bucket() {
    for (verb, url, expected) in [
        ("GET", "https://bucket.storage.googleapis.com/", "storage.objects.list"),
        ("GET", "https://bucket.storage.googleapis.com", "storage.objects.list"),
        ("GET", "https://my.dotted.bucket.storage.googleapis.com/a/b", "storage.objects.get"),
        ("PUT", "http://Bucket.Storage.googleapis.com/o", "storage.objects.insert"),
        ("GET", "https://bucket.storage.googleapis.com/storage/v1/b/x", "storage.objects.get"),
        ("DELETE", "https://bucket.storage.googleapis.com/", "storage.buckets.delete"),
        ("GET", "https://bucket.storage.googleapis.com/?cors", "storage.buckets.get"),
        ("GET", "https://bucket.storage.us-east1.rep.googleapis.com/o", "storage.objects.get"),
        ("PATCH", "https://bucket.storage.googleapis.com/o", "method"),
        ("GET", "https://bucket.storage.googleapis.com.evil.example/o", "host"),
        ("GET", "https://bucket.pubsub.googleapis.com/o", "host"),
    ] {
        assert_eq!(id_or_reason_of(verb, url), expected, "{verb} {url}");
    }
}

#[test]
fn other_paths_of_storage_are_not_calls_of_the_xml_api() {
    for (verb, path) in [
        ("GET", "/storage/v1/nothing"),
        ("GET", "/storage/v2/b/x"),
        ("HEAD", "/storage/v1/b/x/o/y"),
        ("OPTIONS", "/storage/v1/b/x/o"),
        ("GET", "/upload/storage/v1/b/x/o"),
        ("PUT", "/upload/storage/v1/b/x"),
        ("PUT", "/resumable/upload/x"),
        ("POST", "/download/storage/v1/b/x/o/y"),
        ("GET", "/batch/storage/v1"),
        ("GET", "/$discovery/rest"),
        ("GET", "/b/x"),
        ("GET", "/-bucket/o"),
        ("GET", "/%2Dbucket/o"),
        ("GET", "/my%2Fbucket/o"),
        ("GET", "/my%252Dbucket/o"),
        ("PATCH", "/bucket/o"),
        ("OPTIONS", "/bucket/o"),
        ("TRACE", "/bucket/o"),
        ("POST", "/"),
        ("GET", "//o"),
    ] {
        let url = format!("https://storage.googleapis.com{path}");
        assert_eq!(id_or_reason_of(verb, &url), "method", "{verb} {path}");
    }
}

#[test]
fn a_signed_request_gives_the_reason_signed() {
    let bucket = "https://storage.googleapis.com/bucket/o";
    for query in [
        "X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Credential=c&X-Goog-Signature=s",
        "x-goog-signature=s",
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=s",
        "GoogleAccessId=a&Expires=1&Signature=s",
        "AWSAccessKeyId=a&Expires=1&Signature=s",
        "generation=1&x-goog-signature=s&userProject=p",
    ] {
        assert_eq!(id_or_reason_of("GET", &format!("{bucket}?{query}")), "signed", "{query}");
        let virtual_host = format!("https://bucket.storage.googleapis.com/o?{query}");
        assert_eq!(id_or_reason_of("PUT", &virtual_host), "signed", "{query}");
    }
    for (value, expected) in [
        ("GOOG4-HMAC-SHA256 Credential=c", "signed"),
        ("GOOG1 a:b", "signed"),
        ("AWS4-HMAC-SHA256 Credential=c", "signed"),
        ("Bearer t", "storage.objects.get"),
    ] {
        let headers =
            HeaderMap::from_iter([(http::header::AUTHORIZATION, HeaderValue::from_static(value))]);
        let uri = bucket.parse().unwrap();
        let found =
            lookup(&Call::new(&Method::GET, &uri).with_headers(&headers), &Endpoints::new());
        assert_eq!(id_or_reason(&found), expected, "{value}");
    }
}

#[test]
fn a_put_with_a_copy_source_is_a_copy() {
    let uri = "https://storage.googleapis.com/bucket/o".parse().unwrap();
    for header in ["x-goog-copy-source", "x-amz-copy-source"] {
        let copy = (HeaderName::from_static(header), HeaderValue::from_static("other/o"));
        let headers = HeaderMap::from_iter([copy]);
        let found =
            lookup(&Call::new(&Method::PUT, &uri).with_headers(&headers), &Endpoints::new());
        assert_eq!(id_or_reason(&found), "storage.objects.copy", "{header}");
    }
}

#[test]
fn a_request_to_an_upload_session_has_the_method_of_the_upload_and_no_verdict() {
    let storage = "https://storage.googleapis.com/upload/storage/v1/b/b/o?uploadType=resumable&\
        name=x&upload_id=u";
    for (verb, url, expected) in [
        ("PUT", storage, "storage.objects.insert"),
        ("POST", storage, "storage.objects.insert"),
        ("GET", storage, "storage.objects.insert"),
        ("DELETE", storage, "storage.objects.insert"),
        (
            "PUT",
            "https://storage.googleapis.com/resumable/upload/storage/v1/b/b/o?upload_id=u",
            "storage.objects.insert",
        ),
        (
            "PUT",
            "https://www.googleapis.com/upload/storage/v1/b/b/o?upload_id=u",
            "storage.objects.insert",
        ),
        (
            "PUT",
            "https://www.googleapis.com/upload/drive/v3/files?uploadType=resumable&upload_id=u",
            "drive.files.create",
        ),
        (
            "PUT",
            "https://www.googleapis.com/upload/drive/v3/files/f?uploadType=resumable&upload_id=u",
            "drive.files.update",
        ),
        (
            "PUT",
            "https://youtube.googleapis.com/upload/youtube/v3/videos?part=x&upload_id=u",
            "youtube.videos.insert",
        ),
        (
            "PUT",
            "https://bigquery.googleapis.com/upload/bigquery/v2/projects/p/jobs?upload_id=u",
            "bigquery.jobs.insert",
        ),
        (
            "GET",
            "https://www.googleapis.com/upload/drive/v3/files?upload_id=u",
            "drive.files.create",
        ),
        (
            "DELETE",
            "https://www.googleapis.com/upload/youtube/v3/videos?upload_id=u",
            "youtube.videos.insert",
        ),
        (
            "POST",
            "https://youtube.googleapis.com/resumable/upload/youtube/v3/captions?upload_id=u",
            "youtube.captions.insert",
        ),
        (
            "PUT",
            "https://gmail.googleapis.com/resumable/upload/gmail/v1/users/me/messages/send?upload_id=u",
            "gmail.users.messages.send",
        ),
        (
            "PUT",
            "https://androidpublisher.googleapis.com/upload/androidpublisher/v3/applications/a.b/edits/1/apks?upload_id=u",
            "androidpublisher.edits.apks.upload",
        ),
        (
            "PUT",
            "https://storage.us-east1.rep.googleapis.com/upload/storage/v1/b/b/o?upload_id=u",
            "storage.objects.insert",
        ),
        ("PUT", "https://storage.googleapis.com/bucket/o?upload_id=u", "storage.objects.insert"),
        ("DELETE", "https://bucket.storage.googleapis.com/o?upload_id=u", "storage.objects.insert"),
    ] {
        assert_eq!(id_or_reason_of(verb, url), expected, "{verb} {url}");
        assert_eq!(abstain_reason_of(verb, url), Some(AbstainReason::Session), "{verb} {url}");
        assert_eq!(
            verdict(verb, url, "logging.write"),
            Err(AbstainReason::Session),
            "{verb} {url}"
        );
    }
    // Here `upload_id` is the name of the object, not a key of the query.
    let first = "https://storage.googleapis.com/upload/storage/v1/b/b/o?name=upload_id";
    assert_eq!(abstain_reason_of("POST", first), None);
}

/// Looks up a request with headers. Returns the id of its method, or, if no method is found, the
/// [`AbstainReason`] as text.
fn id_or_reason_with(
    verb: &str,
    url: &str,
    headers: &[(&'static str, &'static str)],
) -> &'static str {
    let uri = url.parse().unwrap();
    let pairs = headers
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
    let headers = HeaderMap::from_iter(pairs);
    id_or_reason(&lookup(
        &Call::new(&verb.parse().unwrap(), &uri).with_headers(&headers),
        &Endpoints::new(),
    ))
}

#[test]
fn a_header_or_query_may_replace_the_verb_of_a_post() {
    let file = "https://www.googleapis.com/drive/v3/files/f";
    for (verb, url, headers, expected) in [
        ("POST", file, &[("x-http-method-override", "GET")][..], "drive.files.get"),
        ("POST", file, &[("x-http-method-override", "DELETE")], "drive.files.delete"),
        ("POST", file, &[("x-http-method-override", "PATCH")], "drive.files.update"),
        ("POST", file, &[("x-http-method-override", "NONSENSE")], "method"),
        ("POST", file, &[], "method"),
        ("GET", file, &[("x-http-method-override", "DELETE")], "drive.files.get"),
        ("PUT", file, &[("x-http-method-override", "GET")], "method"),
    ] {
        assert_eq!(id_or_reason_with(verb, url, headers), expected, "{verb} {headers:?}");
    }
    for query in ["$httpMethod=GET", "%24httpMethod=GET", "alt=json&$httpMethod=GET"] {
        let url = format!("https://storage.googleapis.com/storage/v1/b/b/o?{query}");
        assert_eq!(abstain_reason_of("POST", &url), Some(AbstainReason::Request), "{query}");
    }
}

#[test]
fn the_content_type_makes_a_request_a_grpc_call() {
    let publish = "https://pubsub.googleapis.com/google.pubsub.v1.Publisher/Publish";
    for (url, headers, expected) in [
        (
            publish,
            &[("content-type", "application/grpc")][..],
            "google.pubsub.v1.Publisher.Publish",
        ),
        (
            publish,
            &[("content-type", "application/grpc+proto")],
            "google.pubsub.v1.Publisher.Publish",
        ),
        (
            publish,
            &[("content-type", "application/grpc-web")],
            "google.pubsub.v1.Publisher.Publish",
        ),
        (publish, &[("content-type", "application/json")], "method"),
        (publish, &[], "method"),
        (
            "https://evil.example/google.pubsub.v1.Publisher/Publish",
            &[("content-type", "application/grpc")],
            "host",
        ),
        (
            "https://a.run.app/google.pubsub.v1.Publisher/Publish",
            &[("content-type", "application/grpc")],
            "workload",
        ),
        (
            "/google.pubsub.v1.Publisher/Publish",
            &[("content-type", "application/grpc")],
            "google.pubsub.v1.Publisher.Publish",
        ),
        ("/google.pubsub.v1.Publisher/Unheard", &[("content-type", "application/grpc")], "method"),
        ("/acme.orders.v1.Orders/Send", &[("content-type", "application/grpc")], "host"),
    ] {
        assert_eq!(id_or_reason_with("POST", url, headers), expected, "{url} {headers:?}");
    }
}

#[test]
fn a_path_with_a_superfluous_slash_has_its_method_but_no_negative_verdict() {
    for (verb, url, expected) in [
        (
            "POST",
            "https://translation.googleapis.com/language/translate/v2/",
            "language.translations.translate",
        ),
        ("GET", "https://storage.googleapis.com/storage/v1/b/", "storage.buckets.list"),
        (
            "GET",
            "https://storage.googleapis.com/storage/v1/b/b/o/?prefix=a",
            "storage.objects.list",
        ),
        (
            "POST",
            "https://pubsub.googleapis.com/v1/projects/p/topics/t:publish/",
            "pubsub.projects.topics.publish",
        ),
    ] {
        assert_eq!(id_or_reason_of(verb, url), expected, "{url}");
        assert_eq!(abstain_reason_of(verb, url), Some(AbstainReason::Inferred), "{url}");
        assert_eq!(verdict(verb, url, "logging.write"), Err(AbstainReason::Inferred), "{url}");
        assert_eq!(verdict(verb, url, "cloud-platform"), Ok(true), "{url}");
    }
    // Servers do not ignore an empty segment in the middle of a path.
    for url in [
        "https://bigquery.googleapis.com//bigquery/v2/projects/p/datasets",
        "https://bigquery.googleapis.com/bigquery/v2//projects/p/datasets",
        "https://bigquery.googleapis.com/bigquery/v2/projects//datasets",
        "https://bigquery.googleapis.com/bigquery/v2/projects/p/datasets//",
    ] {
        assert_eq!(id_or_reason_of("GET", url), "method", "{url}");
    }
}

#[test]
fn unusual_names_of_hosts_and_buckets_are_read_as_servers_read_them() {
    let list = "/storage/v1/b";
    let get = "/v1/projects/p/topics";
    for (origin, path, expected) in [
        // Buckets with the name of a service, a location or a path.
        ("https://pubsub.storage.googleapis.com", get, "storage.objects.get"),
        ("https://www.storage.googleapis.com", list, "storage.objects.get"),
        ("https://storage.storage.googleapis.com", list, "storage.objects.get"),
        ("https://us-central1.storage.googleapis.com", list, "storage.objects.get"),
        ("https://localhost.storage.googleapis.com", list, "storage.objects.get"),
        ("https://with_underscore.storage.googleapis.com", list, "storage.objects.get"),
        ("https://a.b.example.com.storage.googleapis.com", list, "storage.objects.get"),
        ("https://storage.googleapis.com", "/storage.v1/o", "storage.objects.get"),
        ("https://storage.googleapis.com", "/storages", "storage.objects.list"),
        ("https://storage.googleapis.com", "/my_bucket.example.com/a/b", "storage.objects.get"),
        ("https://storage.googleapis.com", "/my-bucket//double//slash", "storage.objects.get"),
        ("https://storage.googleapis.com", "/STORAGE/v1/b", "storage.objects.get"),
        // A path that begins with `/storage` belongs to the JSON API and not to a bucket `storage`.
        ("https://storage.googleapis.com", "/storage", "method"),
        ("https://storage.googleapis.com", "/storage/object", "method"),
        ("https://storage.googleapis.com", "/storage?prefix=a", "method"),
        (
            "https://content-storage.googleapis.com",
            "/download/storage/v1/b/b/o/o?alt=media",
            "storage.objects.get",
        ),
        ("https://content-storage.googleapis.com", "/my-bucket/o", "storage.objects.get"),
        (
            "https://www.googleapis.com",
            "/download/storage/v1/b/b/o/o?alt=media",
            "storage.objects.get",
        ),
        // This host authenticates by cookies and is not an API.
        ("https://storage.cloud.google.com", "/my-bucket/o", "host"),
        // Similar names in other scripts, addresses, and ports.
        ("https://xn--strage-b0a.googleapis.com", list, "host"),
        ("https://storage.xn--googleapis-abc.com", list, "host"),
        ("https://[::ffff:169.254.169.254]", list, "host"),
        ("https://[2001:db8::1]:443", list, "host"),
        ("https://storage.googleapis.com:0443", list, "storage.buckets.list"),
        ("https://storage.googleapis.com:", list, "storage.buckets.list"),
        ("https://storage.googleapis.com:65536", list, "host"),
        // Hosts that Google uses for tests, and unusual forms of documented names.
        ("https://compute-alpha.googleapis.com", "/compute/v1/projects/p", "host"),
        ("https://staging-pubsub.sandbox.googleapis.com", get, "host"),
        ("https://autopush-pubsub.googleapis.com", get, "host"),
        ("https://pubsub.us-central1.googleapis.com", get, "host"),
        ("https://us-central1-pubsub.googleapis.com", get, "pubsub.projects.topics.list"),
        ("https://bucket.storage-x.p.googleapis.com", "/o", "host"),
        ("https://www-x.p.googleapis.com", "/drive/v3/files", "drive.files.list"),
        (
            "https://aiplatform-preprod.us.rep.googleapis.com",
            "/v1/projects/p/locations/us/models",
            "aiplatform.projects.locations.models.list",
        ),
        ("https://aiplatform-preprod.googleapis.com", "/v1/projects/p/locations/us/models", "host"),
        (
            "https://batch-firestore.eu.rep.googleapis.com",
            "/v1/projects/p/databases/d/documents/c/d",
            "firestore.projects.databases.documents.get",
        ),
        // Hosts of browsers and of other products of Google.
        ("https://fonts.googleapis.com", "/css", "host"),
        ("https://ajax.googleapis.com", "/ajax/libs/x.js", "host"),
        ("https://dns.google", "/resolve", "host"),
        ("https://clients6.google.com", "/drive/v3/files", "host"),
        ("https://firebasestorage.googleapis.com", "/v0/b/bucket/o/x?alt=media", "method"),
        ("https://source.developers.google.com", "/p/p/r/r/info/refs", "host"),
        (
            "https://translate-eu.googleapis.com",
            "/v3/projects/p/locations/l/glossaries",
            "translate.projects.locations.glossaries.list",
        ),
        (
            "https://global-discoveryengine.googleapis.com",
            "/v1/projects/p/locations/global/dataStores/d/models/m/operations/o",
            "discoveryengine.projects.locations.dataStores.models.operations.get",
        ),
        (
            "https://translate.googleapis.com",
            "/v3/projects/p/locations/l/glossaries",
            "translate.projects.locations.glossaries.list",
        ),
    ] {
        assert_eq!(id_or_reason_of("GET", &format!("{origin}{path}")), expected, "{origin}{path}");
    }
}

#[test]
fn the_method_does_not_depend_on_optional_encoding_of_the_path() {
    for (verb, url, expected) in [
        (
            "POST",
            "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a%40p.iam.gserviceaccount.com:signBlob",
            "iamcredentials.projects.serviceAccounts.signBlob",
        ),
        ("POST", "https://logging.googleapis.com/v2/entries%3Awrite", "logging.entries.write"),
        ("GET", "https://tasks.googleapis.com/tasks/v1/users/%40me/lists", "tasks.tasklists.list"),
        (
            "GET",
            "https://healthcare.googleapis.com/v1/projects/p/locations/l/datasets/d/fhirStores/f/fhir/Patient/1/%24everything",
            "healthcare.projects.locations.datasets.fhirStores.fhir.Patient-everything",
        ),
        (
            "GET",
            "https://artifactregistry.googleapis.com/v1/projects/p/locations/l/repositories/r/packages/a%2Fb/versions/sha256:1",
            "artifactregistry.projects.locations.repositories.packages.versions.get",
        ),
        (
            "POST",
            "https://aiplatform.googleapis.com/v1/projects/p/locations/global/publishers/anthropic/models/claude-3-5-sonnet@20240620:rawPredict",
            "aiplatform.projects.locations.publishers.models.rawPredict",
        ),
        (
            "GET",
            "https://compute.googleapis.com/compute/v1/projects/example.com:p/zones/z/instances",
            "compute.instances.list",
        ),
        (
            "GET",
            "https://sheets.googleapis.com/v4/spreadsheets/s/values/Sheet1!A1:B2",
            "sheets.spreadsheets.values.get",
        ),
        (
            "GET",
            "https://sheets.googleapis.com/v4/spreadsheets/s/values/A%3Aappend",
            "sheets.spreadsheets.values.get",
        ),
        (
            "POST",
            "https://sheets.googleapis.com/v4/spreadsheets/s/values/Sheet1!A:B:append",
            "sheets.spreadsheets.values.append",
        ),
        (
            "GET",
            "https://www.googleapis.com/calendar/v3/calendars/en.usa%23holiday@group.v.calendar.google.com/events",
            "calendar.events.list",
        ),
        (
            "GET",
            "https://www.googleapis.com/webmasters/v3/sites/https%3A%2F%2Fexample.com%2F",
            "webmasters.sites.get",
        ),
        // `%2F` does not separate segments.
        ("GET", "https://storage.googleapis.com/storage%2Fv1/b", "method"),
        ("GET", "https://pubsub.googleapis.com/v1/projects%2Fp%2Ftopics", "method"),
    ] {
        assert_eq!(id_or_reason_of(verb, url), expected, "{verb} {url}");
    }
}

#[test]
fn hosts_and_routes_outside_discovery_and_the_protos_have_methods() {
    let wait =
        "https://aiplatform.googleapis.com/ui/projects/p/locations/l/agents/a/operations/o:wait";
    for (verb, url, expected) in [
        // Prefixes and older names of a host.
        (
            "GET",
            "https://content-sheets.googleapis.com/v4/spreadsheets/s",
            "sheets.spreadsheets.get",
        ),
        (
            "GET",
            "https://calendar-json.googleapis.com/calendar/v3/calendars/c",
            "calendar.calendars.get",
        ),
        (
            "GET",
            "https://siteverification.googleapis.com/siteVerification/v1/webResource",
            "siteVerification.webResource.list",
        ),
        ("GET", "https://storage-download.googleapis.com/my-bucket/o", "storage.objects.get"),
        ("GET", "https://commondatastorage.googleapis.com/my-bucket/o", "storage.objects.get"),
        ("GET", "https://my-bucket.commondatastorage.googleapis.com/o", "storage.objects.get"),
        ("GET", "https://evil-commondatastorage.googleapis.com/my-bucket/o", "host"),
        // Hosts of users' resources.
        ("GET", "https://app-default-rtdb.firebaseio.com/users.json", "firebaseio.data.get"),
        (
            "PATCH",
            "https://app-default-rtdb.europe-west1.firebasedatabase.app/a/b/c.json",
            "firebaseio.data.update",
        ),
        ("GET", "https://firebaseio.com.example/users.json", "host"),
        ("GET", "http://app.firebaseio.com:8080/users.json", "host"),
        (
            "POST",
            "https://1.us-central1-2.prediction.vertexai.goog/v1/projects/p/locations/l/endpoints/1:predict",
            "aiplatform.projects.locations.endpoints.predict",
        ),
        (
            "POST",
            "https://1.us-central1-2.vdb.vertexai.goog/v1/projects/p/locations/l/indexEndpoints/1:findNeighbors",
            "aiplatform.projects.locations.indexEndpoints.findNeighbors",
        ),
        // APIs that pages document.
        (
            "POST",
            "https://telemetry.googleapis.com/v1/traces",
            "opentelemetry.proto.collector.trace.v1.TraceService.Export",
        ),
        (
            "GET",
            "https://firebaseremoteconfig.googleapis.com/v1/projects/p/remoteConfig",
            "firebaseremoteconfig.projects.getRemoteConfig",
        ),
        ("POST", "https://iid.googleapis.com/iid/v1:batchAdd", "iid.batchAdd"),
        (
            "POST",
            "https://earthengine.googleapis.com/v1/projects/p/value:compute",
            "earthengine.value.compute",
        ),
        ("GET", "https://photoslibrary.googleapis.com/v1/albums", "photoslibrary.albums.list"),
        (
            "GET",
            "https://monitoring.googleapis.com/v1/projects/p/location/global/prometheus/api/v1/query?query=up",
            "monitoring.projects.location.prometheus.api.v1.query",
        ),
        (
            "GET",
            "https://storage.googleapis.com/v2/projects/_/buckets/b/folders",
            "google.storage.control.v2.StorageControl.ListFolders",
        ),
        // Methods that only npm's googleapis has.
        ("GET", "https://storage.googleapis.com/storage/v1beta2/b/b", "storage.buckets.get"),
        ("GET", "https://www.googleapis.com/plus/v1/people/me", "plus.people.get"),
        (
            "POST",
            "https://healthcare.googleapis.com/v1beta1/projects/p/locations/l/datasets/d/annotationStores",
            "healthcare.projects.locations.datasets.annotationStores.create",
        ),
        // Services that other services include.
        ("POST", wait, "google.longrunning.Operations.WaitOperation"),
        (
            "GET",
            "https://googleads.googleapis.com/v25/customers/1/operations/2",
            "google.longrunning.Operations.GetOperation",
        ),
    ] {
        assert_eq!(id_or_reason_of(verb, url), expected, "{verb} {url}");
    }
    look_up(&Endpoints::new(), "POST", wait, |found| {
        assert_eq!(found.method().map(|method| method.host()), Some("aiplatform.googleapis.com"));
    });
}

#[test]
fn a_service_that_several_hosts_include_is_read_by_its_host() {
    let path = "/google.longrunning.Operations/WaitOperation";
    let host_of = |authority: &str| {
        let (uri, headers) = (format!("{authority}{path}").parse().unwrap(), grpc_headers());
        let found =
            lookup(&Call::new(&Method::POST, &uri).with_headers(&headers), &Endpoints::new());
        found.method().map(|method| method.host())
    };
    assert_eq!(host_of("https://googleads.googleapis.com"), Some("googleads.googleapis.com"));
    assert_eq!(host_of("https://aiplatform.googleapis.com"), Some("aiplatform.googleapis.com"));
    // A host without a row of its own, and a request without a host, give the first row.
    assert_eq!(host_of("https://pubsub.googleapis.com"), Some("longrunning.googleapis.com"));
    assert_eq!(host_of(""), Some("longrunning.googleapis.com"));
}

#[test]
fn a_collector_of_opentelemetry_is_googles_only_by_its_host() {
    let path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
    let headers = grpc_headers();
    let found = |authority: &str| {
        let uri = format!("{authority}{path}").parse().unwrap();
        lookup(&Call::new(&Method::POST, &uri).with_headers(&headers), &Endpoints::new())
    };
    let google = found("https://telemetry.googleapis.com");
    assert_eq!(google.accepted(), held("cloud-platform trace.append"));
    assert_eq!(google.abstain_reason(), Some(AbstainReason::Coarse));
    for other in ["", "https://collector.example", "http://localhost:4317"] {
        assert_eq!(found(other).abstain_reason(), Some(AbstainReason::Host), "{other}");
        assert!(!found(other).is_google());
    }
}

/// A row of the catalog is coarse if Google lists the scopes for the whole service and not for the
/// method.
#[test]
fn a_coarse_row_leads_to_a_verdict_only_if_the_token_has_no_scope_of_the_service() {
    let traces = "https://telemetry.googleapis.com/v1/traces";
    let read_rows = "https://bigtable.googleapis.com/v2/projects/p/instances/i/tables/t:readRows";
    for (verb, url, scopes, expected) in [
        ("POST", traces, "trace.append", Err(AbstainReason::Coarse)),
        ("POST", traces, "devstorage.read_only", Ok(false)),
        ("POST", traces, "", Ok(false)),
        // A scope of another method of the service.
        ("POST", traces, "monitoring.write", Err(AbstainReason::Coarse)),
        // Scopes that Google's documents may not list yet.
        ("POST", traces, "cloud-platform.read-only", Err(AbstainReason::Coarse)),
        ("POST", traces, "https://example.com/auth/new", Err(AbstainReason::Coarse)),
        ("POST", read_rows, "pubsub", Ok(false)),
        ("POST", read_rows, "bigtable.admin", Err(AbstainReason::Coarse)),
    ] {
        assert_eq!(verdict(verb, url, scopes), expected, "{url} {scopes}");
    }
    // A gRPC call of a method with a coarse row gets no verdict.
    let rpc = ApiMethod::by_id("google.bigtable.v2.Bigtable.ReadRows").unwrap();
    assert_eq!(Lookup::from(rpc).accepts(&held("pubsub")), Err(AbstainReason::Coarse));
}

#[test]
fn methods_with_doubtful_or_several_scopes_have_no_verdict() {
    let policy = "https://storage.googleapis.com/storage/v1/b/b/iam";
    let hot =
        "https://bigtableadmin.googleapis.com/v2/projects/p/instances/i/clusters/c/hotTablets";
    let database = "https://app.firebaseio.com/users.json";
    let gemini = "https://generativelanguage.googleapis.com/v1beta/models/m:generateContent";
    for (verb, url, scopes, expected) in [
        ("GET", policy, "devstorage.read_only", Err(AbstainReason::Ambiguous)),
        ("PUT", policy, "devstorage.read_write", Err(AbstainReason::Ambiguous)),
        ("GET", policy, "devstorage.read_only devstorage.full_control", Ok(true)),
        ("GET", policy, "pubsub", Ok(false)),
        ("GET", hot, "cloud-platform.read-only", Err(AbstainReason::Ambiguous)),
        ("GET", hot, "pubsub", Ok(false)),
        ("GET", database, "firebase.database", Err(AbstainReason::Several)),
        ("GET", database, "pubsub", Err(AbstainReason::Several)),
        ("POST", gemini, "cloud-platform", Err(AbstainReason::Inferred)),
        ("POST", gemini, "generative-language.retriever", Ok(true)),
    ] {
        assert_eq!(verdict(verb, url, scopes), expected, "{url} {scopes}");
    }
    let accepts =
        |id: &str, scope: &str| ApiMethod::by_id(id).unwrap().accepted().intersects(&held(scope));
    assert!(accepts("google.bigtable.v2.Bigtable.ReadRows", "bigtable.data.readonly"));
    assert!(!accepts("google.bigtable.v2.Bigtable.MutateRows", "bigtable.data.readonly"));
    let database = ApiMethod::by_id("firebaseio.data.get").unwrap();
    assert!(
        database.needs_every_scope()
            && database.accepted() == held("firebase.database userinfo.email")
    );
    assert!(!ApiMethod::by_id("storage.objects.get").unwrap().needs_every_scope());
}

#[test]
fn a_token_is_judged_insufficient_only_if_that_is_certain() {
    let get = "https://storage.googleapis.com/storage/v1/b/b/o/o";
    let gmail = "https://gmail.googleapis.com/gmail/v1/users/me/messages";
    let chat = "https://chat.googleapis.com/v1/spaces/s";
    let insert = "https://storage.googleapis.com/upload/storage/v1/b/b/o?name=x";
    for (verb, url, scopes, expected) in [
        ("GET", get, "devstorage.read_only", Ok(true)),
        ("GET", get, "cloud-platform openid", Ok(true)),
        ("GET", get, "https://example.com/new devstorage.read_only", Ok(true)),
        ("GET", get, "pubsub", Ok(false)),
        ("GET", get, "", Ok(false)),
        ("GET", get, "pubsub https://example.com/new", Err(AbstainReason::UnlistedScope)),
        ("POST", insert, "devstorage.read_only", Ok(false)),
        ("POST", insert, "devstorage.read_write", Ok(true)),
        ("PUT", "https://storage.googleapis.com/bucket/o", "devstorage.read_only", Ok(false)),
        ("PUT", "https://storage.googleapis.com/bucket/o", "storage-rw", Ok(true)),
        ("GET", "https://storage.googleapis.com/bucket/o?acl", "devstorage.read_write", Ok(false)),
        (
            "GET",
            "https://storage.googleapis.com/bucket?cors",
            "pubsub",
            Err(AbstainReason::Inferred),
        ),
        ("GET", "https://storage.googleapis.com/bucket?cors", "storage-ro", Ok(true)),
        ("GET", &format!("{gmail}?q=x"), "gmail.metadata", Err(AbstainReason::Restricted)),
        ("GET", &format!("{gmail}?q=x"), "gmail.readonly", Ok(true)),
        ("GET", &format!("{gmail}?q=x"), "pubsub", Ok(false)),
        ("GET", gmail, "gmail.metadata", Ok(true)),
        ("GET", chat, "pubsub", Ok(false)),
        ("GET", &format!("{chat}?useAdminAccess=true"), "chat.spaces", Err(AbstainReason::Request)),
        // Google lists no scope for this method.
        ("POST", "https://sts.googleapis.com/v1/token", "pubsub", Err(AbstainReason::Empty)),
        (
            "POST",
            "https://sts.googleapis.com/v1/token",
            "cloud-platform",
            Err(AbstainReason::Empty),
        ),
    ] {
        assert_eq!(verdict(verb, url, scopes), expected, "{verb} {url} with {scopes}");
    }
}

#[test]
fn the_host_header_applies_if_the_url_has_no_host() {
    let uri = GET_BUCKET.parse().unwrap();
    assert_eq!(id_or_reason(&lookup(&Call::new(&Method::GET, &uri), &Endpoints::new())), "host");
    let headers = HeaderMap::from_iter([(
        http::header::HOST,
        HeaderValue::from_static("storage.googleapis.com"),
    )]);
    let found = lookup(&Call::new(&Method::GET, &uri).with_headers(&headers), &Endpoints::new());
    assert_eq!(found.method(), Some(ApiMethod::by_id("storage.buckets.get").unwrap()));
}

proptest! {
    #[test]
    fn no_url_panics(url in "\\PC*", verb in "[A-Z]{1,8}") {
        if let Ok(uri) = url.parse::<Uri>() {
            let _ = lookup(&Call::new(&verb.parse().unwrap(), &uri), &Endpoints::new());
        }
    }

    #[test]
    fn no_path_at_a_google_host_panics(
        host in "([a-z0-9.-]{0,12}\\.)?\
                 (storage|www|us-run|pubsub-x\\.p|a\\.us\\.rep|content-storage)",
        path in "(/[a-zA-Z0-9%:~._$@-]{0,9}){0,8}",
        query in "[a-zA-Z0-9%=&_-]{0,40}",
        verb in "GET|PUT|POST|PATCH|DELETE|HEAD",
    ) {
        let url = format!("https://{host}.googleapis.com{path}?{query}");
        if let Ok(uri) = url.parse::<Uri>() {
            let _ = lookup(&Call::new(&verb.parse().unwrap(), &uri), &Endpoints::new());
        }
    }
}

#[test]
fn debug_of_a_lookup_hides_the_query() {
    let url = "https://storage.googleapis.com/storage/v1/b?access_token=secret";
    let text = look_up(&Endpoints::new(), "GET", url, |found| format!("{found:?}"));
    assert!(text.contains("storage.buckets.list") && !text.contains("secret"), "{text}");
}

/// A scope that Google lists only for `script.scripts.run` may permit other methods, too.
#[test]
fn a_token_with_a_scope_for_scripts_is_not_judged_insufficient() {
    let events = "https://www.googleapis.com/calendar/v3/calendars/primary/events";
    let people = "https://people.googleapis.com/v1/people/me/connections";
    let form = "https://forms.googleapis.com/v1/forms/id";
    for (url, scope) in [
        (events, "https://www.google.com/calendar/feeds"),
        (people, "https://www.google.com/m8/feeds"),
        (form, "forms"),
        (form, "forms.currentonly"),
        (people, "groups"),
    ] {
        assert_eq!(verdict("GET", url, "drive.labels"), Ok(false), "{url}");
        assert_eq!(
            verdict("GET", url, &format!("drive.labels {scope}")),
            Err(AbstainReason::UnlistedScope),
            "{scope}"
        );
    }
}

/// Google's document of one API version may be older than a scope that another version accepts.
#[test]
fn the_verdict_is_ambiguous_if_only_another_api_version_accepts_the_scope() {
    let dataproc = |version: &str| {
        format!("https://dataproc.googleapis.com/{version}/projects/p/regions/r/clusters")
    };
    assert_eq!(verdict("POST", &dataproc("v1"), "dataproc"), Ok(true));
    assert_eq!(verdict("POST", &dataproc("v1beta2"), "dataproc"), Err(AbstainReason::Ambiguous));
    assert_eq!(verdict("POST", &dataproc("v1beta2"), "pubsub"), Ok(false));
    // A version without a document in Discovery does not prevent a verdict on another version, and
    // never leads to the verdict that a token is insufficient.
    let bucket = |version: &str| format!("https://storage.googleapis.com/storage/{version}/b/b");
    assert_eq!(verdict("PATCH", &bucket("v1"), "devstorage.read_write"), Ok(false));
    assert_eq!(verdict("PATCH", &bucket("v1beta2"), "devstorage.read_write"), Ok(true));
    assert_eq!(
        verdict("PATCH", &bucket("v1beta2"), "devstorage.read_only"),
        Err(AbstainReason::Inferred)
    );
}

#[test]
fn the_scopes_of_the_api_are_known_for_a_call_without_a_method() {
    // The verb and the URL, the host, and whether the API accepts `cloud-platform` and `scope`.
    for (verb, url, host, platform, scope) in [
        ("GET", "https://sheets.googleapis.com/v9/x", "sheets.googleapis.com", false, "drive"),
        ("GET", "https://pubsub.googleapis.com/v9/x", "pubsub.googleapis.com", true, "pubsub"),
        ("POST", "https://www.googleapis.com/batch/drive/v3", "www.googleapis.com", false, "drive"),
        (
            "GET",
            "https://www.googleapis.com/calendar/v9/x",
            "www.googleapis.com",
            false,
            "calendar",
        ),
        ("GET", "https://www.googleapis.com/compute/v9/x", "www.googleapis.com", true, "compute"),
        ("POST", "https://gmail.googleapis.com/batch", "gmail.googleapis.com", false, "gmail.send"),
    ] {
        look_up(&Endpoints::new(), verb, url, |found| {
            let accepted = found.accepted_by_service();
            assert_eq!((found.method(), found.host()), (None, Some(host)), "{url}");
            assert!(accepted.contains(&scope.parse().unwrap()), "{url} {accepted:?}");
            assert_eq!(accepted.contains(&Scope::cloud_platform()), platform, "{url}");
        });
    }
    look_up(&Endpoints::new(), "GET", "https://brandnew.googleapis.com/v1", |found| {
        assert!(found.accepted_by_service().is_empty());
    });
}

/// Google lists scopes of Cloud Storage for `jobs.insert`, because jobs that load or extract data
/// accept these scopes.
#[test]
fn a_scope_that_is_enough_for_some_jobs_gives_no_verdict() {
    let jobs = "https://bigquery.googleapis.com/bigquery/v2/projects/p/jobs";
    assert_eq!(verdict("POST", jobs, "devstorage.read_only pubsub"), Err(AbstainReason::Request));
    assert_eq!(verdict("POST", jobs, "devstorage.read_only bigquery"), Ok(true));
    assert_eq!(verdict("POST", jobs, "devstorage.read_only cloud-platform"), Ok(true));
    assert_eq!(verdict("POST", jobs, "pubsub"), Ok(false));
}
