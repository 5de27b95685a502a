//! Tests the fake Google over its sockets with a plain HTTP client.

use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use gcp_scopes_testing::{
    FakeGoogle, FakeGoogleBuilder, FakePlatform, Fault, RefusalForm, Service, Vm, default_scopes,
    gcloud_default_scopes,
};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

const ACCOUNT: &str = "123456789012-compute@developer.gserviceaccount.com";
/// The prefix of the scope URIs.
const AUTH: &str = "https://www.googleapis.com/auth/";

/// A response whose body has been read.
struct TestResponse {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl TestResponse {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap_or("not text")
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// Sends a request and reads the response.
async fn send(
    verb: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Result<TestResponse> {
    let mut request = Request::builder().method(verb).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let client = Client::builder(TokioExecutor::new()).build_http();
    let (head, body) = client.request(request.body(Full::new(body.into()))?).await?.into_parts();
    let body = body.collect().await?.to_bytes();
    Ok(TestResponse { status: head.status.as_u16(), headers: head.headers, body })
}

/// Sends a request with a bearer token.
async fn call(verb: &str, url: &str, token: &str, body: impl Into<Bytes>) -> Result<TestResponse> {
    send(verb, url, &[("authorization", &format!("Bearer {token}"))], body).await
}

/// Reads a path of the first VM's metadata server.
async fn metadata(google: &FakeGoogle, path: &str) -> Result<TestResponse> {
    let url = format!("http://{}/computeMetadata/v1/{path}", google.metadata_host());
    send("GET", &url, &[("metadata-flavor", "Google")], "").await
}

/// Configures a fake with the bucket `photos` and without role bindings.
fn with_bucket() -> FakeGoogleBuilder {
    FakeGoogle::builder().project("my-project", 123_456_789_012).bucket("photos")
}

/// Configures a fake whose VM has the default scopes and a service account that may write objects,
/// so that the token lacks only the scope for writing.
fn with_default_scopes() -> FakeGoogleBuilder {
    let vm = Vm::new("web-1").zone("us-central1-a").account(ACCOUNT).scopes(default_scopes());
    with_bucket().vm(vm).iam("photos", ACCOUNT, "roles/storage.objectAdmin")
}

fn upload_url(google: &FakeGoogle) -> String {
    format!("{}/upload/storage/v1/b/photos/o?uploadType=media&name=cat.jpg", google.storage_url())
}

#[tokio::test]
async fn a_write_succeeds_after_the_stopped_vm_gets_the_scope() -> Result<()> {
    let google = with_default_scopes().start().await?;
    let list = format!("{}/storage/v1/b/photos/o", google.storage_url());
    assert_eq!(call("GET", &list, &google.token(), "").await?.status, 200);

    let refused = call("POST", &upload_url(&google), &google.token(), "meow").await?;
    assert_eq!(refused.status, 403);
    let error = &refused.json()["error"];
    assert_eq!(error["message"], "Provided scope(s) are not authorized");
    assert_eq!(error["errors"][0]["reason"], "forbidden");
    assert!(error.get("status").is_none() && error.get("details").is_none(), "{error}");
    let challenge = refused.header("www-authenticate");
    assert!(challenge.contains(r#"error="insufficient_scope""#), "{challenge}");
    assert!(
        challenge.contains("devstorage.read_write") && !challenge.contains("read_only"),
        "{challenge}"
    );
    assert!(!refused.header("x-guploader-uploadid").is_empty());

    let vm = google.vm("web-1");
    let error =
        vm.set_scopes(["devstorage.read_write"]).expect_err("a running VM was changed").to_string();
    assert!(error.contains("web-1") && error.contains("must be stopped"), "{error}");
    vm.stop()?;
    vm.set_scopes(["devstorage.read_write"])?;
    vm.start()?;
    assert_eq!(call("POST", &upload_url(&google), &google.token(), "meow").await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_token_keeps_its_scopes_until_it_expires() -> Result<()> {
    let google = with_default_scopes().start().await?;
    let original = google.token();
    let vm = google.vm("web-1");
    vm.stop()?;
    let token_while_stopped = google.token();
    vm.set_scopes(["cloud-platform"])?;
    vm.start()?;
    assert_ne!(google.token(), token_while_stopped);
    assert_eq!(call("POST", &upload_url(&google), &original, "").await?.status, 403);
    assert_ne!(google.token(), original);
    google.advance(Duration::from_secs(3600));
    assert_eq!(call("POST", &upload_url(&google), &original, "").await?.status, 401);
    Ok(())
}

#[tokio::test]
async fn metadata_paths_return_the_documented_values() -> Result<()> {
    let vm =
        Vm::new("web-1").zone("us-central1-a").account(ACCOUNT).attribute("my-key", "my value");
    let google = with_bucket().vm(vm).start().await?;
    let scopes = default_scopes().map(|scope| format!("{scope}\n")).concat();
    let accounts = format!("{ACCOUNT}/\ndefault/\n");
    for (path, text) in [
        ("project/project-id", "my-project"),
        ("project/numeric-project-id", "123456789012"),
        ("instance/zone", "projects/123456789012/zones/us-central1-a"),
        ("instance/name", "web-1"),
        ("instance/attributes/my-key", "my value"),
        ("instance/service-accounts/", accounts.as_str()),
        ("instance/service-accounts/default/", "aliases\nemail\nidentity\nscopes\ntoken\n"),
        ("instance/service-accounts/default/email", ACCOUNT),
        ("instance/service-accounts/default/aliases", "default\n"),
        ("instance/service-accounts/default/scopes", scopes.as_str()),
        (&format!("instance/service-accounts/{ACCOUNT}/scopes"), scopes.as_str()),
    ] {
        let response = metadata(&google, path).await?;
        assert_eq!((response.status, response.text()), (200, text), "{path}");
        assert_eq!(response.header("metadata-flavor"), "Google", "{path}");
        assert_eq!(response.header("content-type"), "application/text", "{path}");
    }
    let recursive = metadata(&google, "?recursive=true").await?;
    assert_eq!(recursive.header("content-type"), "application/json");
    let tree = recursive.json();
    assert_eq!(tree["project"]["numericProjectId"], 123_456_789_012_u64);
    assert_eq!(tree["instance"]["attributes"]["my-key"], "my value");
    assert_eq!(tree["instance"]["serviceAccounts"]["default"]["aliases"], json!(["default"]));
    assert_eq!(tree["instance"]["serviceAccounts"][ACCOUNT]["scopes"], json!(default_scopes()));
    Ok(())
}

#[tokio::test]
async fn metadata_server_refuses_invalid_requests() -> Result<()> {
    let google = with_default_scopes().start().await?;
    let root = format!("http://{}/computeMetadata/v1", google.metadata_host());
    let flavor = ("metadata-flavor", "Google");
    for (path, headers, status, expected) in [
        ("/instance/name", &[][..], 403, "Missing Metadata-Flavor:Google header."),
        ("/instance/name", &[("metadata-flavor", "google")], 403, "Metadata-Flavor"),
        ("/instance/name", &[flavor, ("x-forwarded-for", "10.0.0.1")], 403, "permission"),
        ("/instance/no-such-thing", &[flavor], 404, "<!DOCTYPE html>"),
        ("/instance/name/deeper", &[flavor], 404, "Error 404"),
        ("/instance", &[flavor], 301, "moved"),
    ] {
        let response = send("GET", &format!("{root}{path}"), headers, "").await?;
        assert_eq!(response.status, status, "{path}");
        assert!(response.text().contains(expected), "{path}: {}", response.text());
        assert!(response.header("content-type").starts_with("text/html"), "{path}");
        if status == 301 {
            assert_eq!(response.header("location"), format!("{root}{path}/"));
        }
    }
    Ok(())
}

#[tokio::test]
async fn metadata_token_is_cached_until_five_minutes_before_expiry() -> Result<()> {
    let google = with_default_scopes().start().await?;
    let path =
        "instance/service-accounts/default/token?scopes=https://www.googleapis.com/auth/drive";
    let first = metadata(&google, path).await?.json();
    let field = |token: &Value, name: &str| token[name].to_string();
    assert!(field(&first, "access_token").starts_with("\"ya29.c."));
    assert_eq!(field(&first, "token_type"), "\"Bearer\"");
    assert!(first.get("scope").is_none(), "the token response should not list scopes");

    // A new token is valid for 3599 seconds, so at most 599 seconds remain. On a slow machine,
    // fewer seconds remain.
    google.advance(Duration::from_secs(3000));
    let later = metadata(&google, path).await?.json();
    assert_eq!(later["access_token"], first["access_token"]);
    let seconds = later["expires_in"].as_u64().context("no number")?;
    assert!((301..=599).contains(&seconds), "{seconds}");

    // Now fewer than 300 seconds remain, so the metadata server issues a new token.
    google.advance(Duration::from_secs(400));
    assert_ne!(metadata(&google, path).await?.json()["access_token"], first["access_token"]);
    Ok(())
}

#[tokio::test]
async fn requested_scopes_apply_on_serverless_platforms_but_not_on_vms() -> Result<()> {
    let drive = format!("{AUTH}drive");
    let defaults = format!("{AUTH}cloud-platform {AUTH}userinfo.email");
    let vm_scopes = gcloud_default_scopes().join(" ");
    for (platform, query, scopes) in [
        (FakePlatform::ComputeEngine, "?scopes=https://www.googleapis.com/auth/drive", &vm_scopes),
        (FakePlatform::ManagedInstanceGroup, "", &vm_scopes),
        (FakePlatform::GkeNode, "", &vm_scopes),
        (FakePlatform::Dataproc, "", &vm_scopes),
        (FakePlatform::CloudRunService, "", &defaults),
        (FakePlatform::CloudRunJob, "", &defaults),
        (FakePlatform::CloudFunctions, "?scopes=https://www.googleapis.com/auth/drive", &drive),
        (FakePlatform::AppEngineStandard, "?scopes=https://www.googleapis.com/auth/drive", &drive),
        (
            FakePlatform::GkeWorkloadIdentity,
            "?scopes=https://www.googleapis.com/auth/drive",
            &drive,
        ),
    ] {
        let google = with_bucket()
            .vm(Vm::new("app").platform(platform).scopes(gcloud_default_scopes()))
            .start()
            .await?;
        let token = metadata(&google, &format!("instance/service-accounts/default/token{query}"))
            .await?
            .json();
        let url = format!("{}/tokeninfo", google.oauth_url());
        let text = token["access_token"].as_str().context("no token")?;
        let info = send("POST", &url, &[], format!("access_token={text}")).await?;
        assert_eq!(info.json()["scope"], *scopes, "{platform:?}");
    }
    let google =
        with_bucket().vm(Vm::new("app").platform(FakePlatform::CloudRunService)).start().await?;
    let response = metadata(&google, "instance/service-accounts/default/token?scopes=a+b").await?;
    assert_eq!(response.status, 500, "Cloud Run should reject spaces in scopes");
    assert!(google.vm("app").stop().is_err(), "stopping a Cloud Run service should fail");
    Ok(())
}

#[tokio::test]
async fn each_platform_has_its_environment_and_metadata() -> Result<()> {
    for (platform, variable, path) in [
        (FakePlatform::ComputeEngine, "GCE_METADATA_HOST", "instance/machine-type"),
        (FakePlatform::ManagedInstanceGroup, "GCE_METADATA_HOST", "instance/attributes/created-by"),
        (FakePlatform::GkeNode, "KUBERNETES_SERVICE_HOST", "instance/attributes/cluster-location"),
        (
            FakePlatform::GkeWorkloadIdentity,
            "KUBERNETES_SERVICE_HOST",
            "instance/attributes/cluster-name",
        ),
        (FakePlatform::CloudRunService, "K_SERVICE", "instance/region"),
        (FakePlatform::CloudRunJob, "CLOUD_RUN_JOB", "instance/region"),
        (FakePlatform::CloudFunctions, "FUNCTION_TARGET", "instance/region"),
        (FakePlatform::AppEngineStandard, "GAE_ENV", "instance/region"),
        (FakePlatform::CloudRunWorkerPool, "CLOUD_RUN_WORKER_POOL", "instance/region"),
        (FakePlatform::Dataproc, "GCE_METADATA_HOST", "instance/attributes/dataproc-cluster-name"),
        (FakePlatform::Dataflow, "GCE_METADATA_HOST", "instance/attributes/job_id"),
        (FakePlatform::Workbench, "GCE_METADATA_HOST", "instance/attributes/proxy-url"),
    ] {
        let google = with_bucket().vm(Vm::new("app").platform(platform)).start().await?;
        assert!(google.env().iter().any(|(name, _)| name == variable), "{platform:?}");
        assert_eq!(metadata(&google, path).await?.status, 200, "{platform:?}");
    }
    Ok(())
}

#[tokio::test]
async fn tokens_need_an_account_and_metadata_needs_a_running_vm() -> Result<()> {
    let google = with_bucket().vm(Vm::new("bare").no_account()).start().await?;
    let response = metadata(&google, "instance/service-accounts/default/token").await?;
    assert_eq!(response.status, 404);
    assert!(response.text().contains("Error 404 (Not Found)!!1"));
    google.vm("bare").stop()?;
    assert!(metadata(&google, "instance/name").await.is_err());
    google.vm("bare").start()?;
    assert_eq!(metadata(&google, "instance/name").await?.text(), "bare");
    Ok(())
}

#[tokio::test]
async fn every_vm_has_its_own_metadata_server() -> Result<()> {
    let google = with_bucket().vm(Vm::new("one")).vm(Vm::new("two")).start().await?;
    let url =
        format!("http://{}/computeMetadata/v1/instance/name", google.vm("two").metadata_host()?);
    assert_eq!(send("GET", &url, &[("metadata-flavor", "Google")], "").await?.text(), "two");
    assert!(google.vm("three").metadata_host().is_err());
    Ok(())
}

#[tokio::test]
async fn tokeninfo_accepts_three_inputs_and_has_two_formats() -> Result<()> {
    let google = with_bucket().start().await?;
    let token = google.mint("app@my-project.iam.gserviceaccount.com", ["pubsub", "userinfo.email"]);
    let scope = format!("{AUTH}pubsub {AUTH}userinfo.email");
    for (path, numbers_are_strings, verified) in [
        ("/tokeninfo", true, json!("true")),
        ("/oauth2/v3/tokeninfo", true, json!("true")),
        ("/oauth2/v2/tokeninfo", false, json!(true)),
        ("/oauth2/v1/tokeninfo", false, json!(true)),
    ] {
        let url = format!("{}{path}", google.oauth_url());
        let responses = [
            send("POST", &url, &[], format!("access_token={token}")).await?,
            call("POST", &url, &token, "").await?,
            send("GET", &format!("{url}?access_token={token}"), &[], "").await?,
        ];
        for info in responses.map(|response| response.json()) {
            assert_eq!(info["scope"], scope, "{path}");
            assert_eq!(info["expires_in"].is_string(), numbers_are_strings, "{path}");
            assert_eq!(info["email"], "app@my-project.iam.gserviceaccount.com", "{path}");
            let name = if numbers_are_strings { "email_verified" } else { "verified_email" };
            assert_eq!(info[name], verified, "{path}");
        }
        let unknown = send("POST", &url, &[], "access_token=ya29.gone").await?;
        assert_eq!(
            (unknown.status, &unknown.json()["error_description"]),
            (400, &json!("Invalid Value"))
        );
        assert_eq!(unknown.json().get("error").is_none(), numbers_are_strings, "{path}");
    }
    google.advance(Duration::from_secs(3600));
    let url = format!("{}/tokeninfo", google.oauth_url());
    assert_eq!(call("POST", &url, &token, "").await?.status, 400);
    Ok(())
}

#[tokio::test]
async fn token_endpoint_grants_requested_or_consented_scopes() -> Result<()> {
    use base64::Engine as _;
    let google = with_bucket().start().await?;
    let url = format!("{}/token", google.oauth_url());
    let jwt = |claims: Value| {
        let part = |value: &Value| {
            base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string())
        };
        format!("{}.{}.sig", part(&json!({"alg": "RS256"})), part(&claims))
    };
    let grant = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer";
    let user = google.refresh_token("ann@example.com", ["drive", "pubsub"]);
    let refresh = format!("grant_type=refresh_token&refresh_token={}", user.replace('/', "%2F"));
    let drive = format!("{AUTH}drive");
    for (body, status, field, value) in [
        (
            format!("{grant}&assertion={}", jwt(json!({"iss": "a@b", "scope": drive}))),
            200,
            "scope",
            drive.clone(),
        ),
        (
            format!("{grant}&assertion={}", jwt(json!({"iss": "a@b"}))),
            400,
            "error",
            "invalid_scope".into(),
        ),
        (
            // The claim `sub` requests a token for a user, which the fake refuses.
            format!(
                "{grant}&assertion={}",
                jwt(json!({"iss": "a@b", "sub": "c@d", "scope": drive}))
            ),
            401,
            "error",
            "unauthorized_client".into(),
        ),
        (format!("{grant}&assertion=nonsense"), 400, "error", "invalid_grant".into()),
        (refresh.clone(), 200, "scope", format!("{AUTH}drive {AUTH}pubsub")),
        (format!("{refresh}&scope={drive}"), 200, "scope", drive.clone()),
        (format!("{refresh}&scope={AUTH}gmail.send"), 400, "error", "invalid_scope".into()),
        ("grant_type=refresh_token&refresh_token=x".into(), 400, "error", "invalid_grant".into()),
        ("grant_type=password".into(), 400, "error", "unsupported_grant_type".into()),
    ] {
        let response = send("POST", &url, &[], body.clone()).await?;
        assert_eq!((response.status, &response.json()[field]), (status, &json!(value)), "{body}");
    }
    let as_json = json!({"grant_type": "refresh_token", "refresh_token": user});
    assert_eq!(send("POST", &url, &[], as_json.to_string()).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn checks_run_in_the_order_token_scope_iam_existence() -> Result<()> {
    let google =
        with_default_scopes().iam("my-project", "owner@example.com", "roles/owner").start().await?;
    let without_role = "nobody@example.com";
    let object = |bucket: &str| format!("{}/storage/v1/b/{bucket}/o/cat.jpg", google.storage_url());
    for (case, url, verb, token, status, expected) in [
        ("no token", object("photos"), "GET", String::new(), 401, "Anonymous caller"),
        (
            "unknown token",
            object("photos"),
            "GET",
            "ya29.made-up".into(),
            401,
            "Invalid Credentials",
        ),
        (
            "no scope, no role",
            object("photos"),
            "GET",
            google.mint(without_role, ["pubsub"]),
            403,
            "Provided scope(s)",
        ),
        (
            "no scope, no bucket",
            object("none"),
            "GET",
            google.mint(ACCOUNT, ["pubsub"]),
            403,
            "Provided scope(s)",
        ),
        (
            "no role",
            object("photos"),
            "GET",
            google.mint(without_role, ["cloud-platform"]),
            403,
            "storage.objects.get",
        ),
        (
            "no role, no bucket",
            object("none"),
            "GET",
            google.mint(without_role, ["cloud-platform"]),
            403,
            "may not exist",
        ),
        (
            "no object",
            object("photos"),
            "GET",
            google.mint(ACCOUNT, ["cloud-platform"]),
            404,
            "No such object",
        ),
        (
            "no bucket",
            object("none"),
            "GET",
            google.mint("owner@example.com", ["cloud-platform"]),
            404,
            "bucket",
        ),
        (
            "full control to patch",
            object("photos"),
            "PATCH",
            google.mint(ACCOUNT, ["devstorage.read_write"]),
            403,
            "Provided scope(s)",
        ),
        (
            "read-only to delete",
            object("photos"),
            "DELETE",
            google.token(),
            403,
            "Provided scope(s)",
        ),
    ] {
        let response = match token.as_str() {
            "" => send(verb, &url, &[], "").await?,
            token => call(verb, &url, token, "").await?,
        };
        assert_eq!(response.status, status, "{case}: {}", response.text());
        let message = response.json()["error"]["message"].to_string();
        assert!(message.contains(expected), "{case}: {message}");
        let challenge = response.header("www-authenticate");
        assert_eq!(
            challenge.contains("insufficient_scope"),
            expected.contains("scope(s)"),
            "{case}: {challenge}"
        );
        assert_eq!(
            challenge.contains("invalid_token"),
            case == "unknown token",
            "{case}: {challenge}"
        );
    }
    let denied =
        call("POST", &upload_url(&google), &google.mint(without_role, ["cloud-platform"]), "")
            .await?;
    assert_eq!(
        denied.json()["error"]["message"],
        "nobody@example.com does not have storage.objects.create access to the Google Cloud \
         Storage object. Permission 'storage.objects.create' denied on resource (or it may not \
         exist)."
    );
    Ok(())
}

#[tokio::test]
async fn objects_can_be_uploaded_read_listed_copied_and_deleted() -> Result<()> {
    let google = with_default_scopes().start().await?;
    let token = google.mint(ACCOUNT, ["devstorage.read_write"]);
    let base = google.storage_url();
    let stored = call("POST", &upload_url(&google), &token, "meow").await?.json();
    assert_eq!((&stored["name"], &stored["size"]), (&json!("cat.jpg"), &json!("4")));

    let url = format!("{base}/upload/storage/v1/b/photos/o?uploadType=multipart");
    let bearer = format!("Bearer {token}");
    let headers =
        [("authorization", bearer.as_str()), ("content-type", "multipart/related; boundary='b0'")];
    let mut stored_dog = Value::Null;
    for end in ["\n", "\r\n"] {
        let multipart = format!(
            "--b0{end}content-type: \
             application/json{end}{end}{{\"name\":\"dir/dog.txt\",\"metadata\":{{\"k\":\"v\"\
             }}}}{end}--b0{end}content-type: text/plain{end}{end}woof\r\n{end}--b0--"
        );
        stored_dog = send("POST", &url, &headers, multipart).await?.json();
        assert_eq!(
            (&stored_dog["contentType"], &stored_dog["metadata"]["k"]),
            (&json!("text/plain"), &json!("v"))
        );
        assert_eq!(stored_dog["size"], "6");
    }

    let object = format!("{base}/storage/v1/b/photos/o/dir%2Fdog.txt");
    for (url, range, status, text) in [
        (format!("{object}?alt=media"), "", 200, "woof\r\n"),
        (stored_dog["mediaLink"].as_str().context("no link")?.to_owned(), "", 200, "woof\r\n"),
        (format!("{object}?alt=media"), "bytes=1-2", 206, "oo"),
        (format!("{object}?alt=media"), "bytes=-2", 206, "\r\n"),
    ] {
        let mut headers = vec![("authorization", bearer.as_str())];
        headers.extend((!range.is_empty()).then_some(("range", range)));
        let response = send("GET", &url, &headers, "").await?;
        assert_eq!((response.status, response.text()), (status, text), "{range}");
    }
    let list = format!("{base}/storage/v1/b/photos/o");
    let names = |page: &Value| {
        page["items"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|item| item["name"].clone())
            .collect::<Vec<_>>()
    };
    let page = call("GET", &format!("{list}?delimiter=/"), &token, "").await?.json();
    assert_eq!((names(&page), &page["prefixes"]), (vec![json!("cat.jpg")], &json!(["dir/"])));
    let page = call("GET", &format!("{list}?maxResults=1"), &token, "").await?.json();
    assert_eq!(names(&page), [json!("cat.jpg")]);
    let next = page["nextPageToken"].as_str().context("no second page")?;
    let page =
        call("GET", &format!("{list}?maxResults=1&pageToken={next}"), &token, "").await?.json();
    assert_eq!((names(&page), page.get("nextPageToken")), (vec![json!("dir/dog.txt")], None));

    let copy = format!("{base}/storage/v1/b/photos/o/cat.jpg/rewriteTo/b/photos/o/cat%20copy.jpg");
    assert_eq!(call("POST", &copy, &token, "{}").await?.json()["resource"]["name"], "cat copy.jpg");
    let conflict = format!("{}&ifGenerationMatch=0", upload_url(&google));
    assert_eq!(call("POST", &conflict, &token, "x").await?.status, 412);
    assert_eq!(call("DELETE", &object, &token, "").await?.status, 204);
    assert_eq!(call("GET", &object, &token, "").await?.status, 404);
    Ok(())
}

#[tokio::test]
async fn only_the_first_request_of_a_resumable_upload_needs_the_scope() -> Result<()> {
    let google = with_default_scopes().start().await?;
    let url = format!(
        "{}/upload/storage/v1/b/photos/o?uploadType=resumable&name=big.bin",
        google.storage_url()
    );
    assert_eq!(call("POST", &url, &google.token(), "").await?.status, 403);
    let token = google.mint(ACCOUNT, ["devstorage.read_write"]);
    let begun = call("POST", &url, &token, "").await?;
    let session = begun.header("location").to_owned();
    let first = send("PUT", &session, &[("content-range", "bytes 0-3/*")], "abcd").await?;
    assert_eq!((first.status, first.header("range")), (308, "bytes=0-3"));
    let progress = send("PUT", &session, &[("content-range", "bytes */6")], "").await?;
    assert_eq!((progress.status, progress.header("range")), (308, "bytes=0-3"));
    let last = send("PUT", &session, &[("content-range", "bytes 4-5/6")], "ef").await?;
    assert_eq!((last.status, &last.json()["size"]), (200, &json!("6")));
    Ok(())
}

#[tokio::test]
async fn bucket_and_policy_methods_check_their_scopes() -> Result<()> {
    let admin = "admin@example.com";
    let google = with_bucket().iam("my-project", admin, "roles/storage.admin").start().await?;
    let full_control = google.mint(admin, ["devstorage.full_control"]);
    let read_write = google.mint(admin, ["devstorage.read_write"]);
    let buckets = format!("{}/storage/v1/b", google.storage_url());
    let binding =
        json!({"role": "roles/storage.objectViewer", "members": ["user:ann@example.com"]});
    let policy = json!({"bindings": [binding]});
    for (verb, path, token, body, status) in [
        ("POST", "?project=my-project", &read_write, json!({"name": "new"}), 200),
        ("POST", "?project=my-project", &read_write, json!({"name": "new"}), 409),
        ("GET", "?project=123456789012", &read_write, json!({}), 200),
        ("GET", "/new", &read_write, json!({}), 200),
        ("PATCH", "/new", &read_write, json!({"labels": {"a": "b"}}), 403),
        ("PATCH", "/new", &full_control, json!({"labels": {"a": "b"}}), 200),
        ("GET", "/new/iam", &read_write, json!({}), 403),
        ("PUT", "/new/iam", &full_control, policy, 200),
        ("GET", "/new/acl", &read_write, json!({}), 403),
        ("GET", "/new/acl", &full_control, json!({}), 200),
        ("POST", "/new/acl", &full_control, json!({}), 501),
    ] {
        let response = call(verb, &format!("{buckets}{path}"), token, body.to_string()).await?;
        assert_eq!(response.status, status, "{verb} {path}: {}", response.text());
    }
    let ann = google.mint("ann@example.com", ["devstorage.read_only"]);
    let test_url = format!(
        "{buckets}/new/iam/testPermissions?permissions=storage.objects.get&permissions=storage.\
         objects.create"
    );
    assert_eq!(
        call("GET", &test_url, &ann, "").await?.json()["permissions"],
        json!(["storage.objects.get"])
    );
    assert_eq!(call("DELETE", &format!("{buckets}/new"), &read_write, "").await?.status, 204);
    Ok(())
}

#[tokio::test]
async fn xml_api_stores_objects_and_sends_refusals_in_xml() -> Result<()> {
    let google = with_default_scopes().start().await?;
    let object = format!("{}/photos/dir/cat.jpg", google.storage_url());
    let refused = call("PUT", &object, &google.token(), "meow").await?;
    assert_eq!(refused.status, 403);
    assert!(refused.header("content-type").starts_with("application/xml"));
    assert!(refused.header("www-authenticate").contains("insufficient_scope"));
    assert!(refused.text().contains("<Code>AccessDenied</Code>"), "{}", refused.text());
    assert!(refused.text().contains("Provided scope(s) are not authorized"), "{}", refused.text());

    let token = google.mint(ACCOUNT, ["devstorage.read_write"]);
    assert_eq!(call("PUT", &object, &token, "meow").await?.status, 200);
    assert_eq!(call("GET", &object, &token, "").await?.text(), "meow");
    let head = call("HEAD", &object, &token, "").await?;
    assert_eq!((head.status, head.header("content-length"), head.text()), (200, "4", ""));
    let bearer = format!("Bearer {token}");
    let if_absent = [("authorization", bearer.as_str()), ("x-goog-if-generation-match", "0")];
    assert_eq!(send("PUT", &object, &if_absent, "meow").await?.status, 412);
    let copy = format!("{}/photos/copy", google.storage_url());
    let copy_headers =
        [("authorization", bearer.as_str()), ("x-goog-copy-source", "photos/dir/cat.jpg")];
    assert_eq!(send("PUT", &copy, &copy_headers, "").await?.status, 200);
    assert_eq!(call("GET", &copy, &token, "").await?.text(), "meow");
    let begun = call("POST", &format!("{object}?uploads"), &token, "").await?;
    assert!(begun.text().contains("<UploadId>"), "{}", begun.text());
    let list =
        call("GET", &format!("{}/photos?list-type=2", google.storage_url()), &token, "").await?;
    assert!(list.text().contains("<Key>dir/cat.jpg</Key>"), "{}", list.text());
    assert_eq!(call("GET", &format!("{object}?acl"), &token, "").await?.status, 403);
    assert_eq!(call("DELETE", &object, &token, "").await?.status, 204);
    assert!(call("GET", &object, &token, "").await?.text().contains("<Code>NoSuchKey</Code>"));
    Ok(())
}

#[tokio::test]
async fn compute_changes_scopes_only_of_stopped_vms_and_with_permission() -> Result<()> {
    let admin = "admin@example.com";
    let google = with_default_scopes()
        .iam("my-project", admin, "roles/compute.instanceAdmin.v1")
        .start()
        .await?;
    let vm = format!(
        "{}/compute/v1/projects/my-project/zones/us-central1-a/instances/web-1",
        google.compute_url()
    );
    let admin_token = google.mint(admin, ["compute"]);
    let reader = google.mint(admin, ["compute.readonly"]);
    let without_role = google.mint("nobody@example.com", ["cloud-platform"]);
    let account = json!({"email": ACCOUNT, "scopes": [format!("{AUTH}devstorage.read_write")]});
    let short = json!({"email": ACCOUNT, "scopes": ["storage-rw"]});
    for (case, token, verb, body, status, expected) in [
        (
            "from the VM itself",
            &google.token(),
            "stop",
            &json!({}),
            403,
            "insufficient authentication scopes",
        ),
        ("read-only scope", &reader, "stop", &json!({}), 403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT"),
        (
            "no role",
            &without_role,
            "stop",
            &json!({}),
            403,
            "Required 'compute.instances.stop' permission",
        ),
        ("no token", &String::new(), "stop", &json!({}), 401, "Invalid Credentials"),
        (
            "while it runs",
            &admin_token,
            "setServiceAccount",
            &account,
            400,
            "The instance must be stopped",
        ),
        ("stop", &admin_token, "stop", &json!({}), 200, "DONE"),
        ("an alias", &admin_token, "setServiceAccount", &short, 400, "'storage-rw'"),
        ("change", &admin_token, "setServiceAccount", &account, 200, "operation-"),
        ("start", &admin_token, "start", &json!({}), 200, "DONE"),
    ] {
        let response = call("POST", &format!("{vm}/{verb}"), token, body.to_string()).await?;
        assert_eq!(response.status, status, "{case}: {}", response.text());
        assert!(response.text().contains(expected), "{case}: {}", response.text());
    }
    let instance = call("GET", &vm, &reader, "").await?.json();
    assert_eq!(instance["status"], "RUNNING");
    assert_eq!(instance["serviceAccounts"][0]["scopes"], account["scopes"]);
    assert_eq!(call("POST", &upload_url(&google), &google.token(), "meow").await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn other_api_sends_scripted_responses_in_order_and_by_path() -> Result<()> {
    let google = with_bucket().start().await?;
    let url = google.url_of(Service::OtherApi);
    google.other_api().path("/v1/topics").times(2).respond_with(RefusalForm::ServiceDisabled);
    google.other_api().respond_with(RefusalForm::Scope);
    google.other_api().respond(http::Response::builder().status(418).body("short and stout")?);
    for (path, status, expected) in [
        ("/v2/other", 403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT"),
        ("/v1/topics/a", 403, "SERVICE_DISABLED"),
        ("/v1/topics/b", 403, "SERVICE_DISABLED"),
        ("/v1/topics/c", 418, "stout"),
        ("/v1/topics/d", 200, "{}"),
    ] {
        let response = send("GET", &format!("{url}{path}"), &[], "").await?;
        assert_eq!(response.status, status, "{path}");
        assert!(response.text().contains(expected), "{path}: {}", response.text());
    }
    Ok(())
}

#[tokio::test]
async fn a_response_can_be_scripted_for_one_path_of_any_service() -> Result<()> {
    let google = with_default_scopes().start().await?;
    let token = "/computeMetadata/v1/instance/service-accounts/default/token";
    let denied = http::Response::builder().status(403).body("Unable to generate access token")?;
    google.script(Service::Metadata).path(token).respond(denied);
    assert_eq!(metadata(&google, "instance/name").await?.text(), "web-1");
    assert_eq!(metadata(&google, "instance/service-accounts/default/token").await?.status, 403);
    assert_eq!(metadata(&google, "instance/service-accounts/default/token").await?.status, 200);
    google.script(Service::Storage).respond_with(RefusalForm::ScopeStorageXml);
    assert!(call("POST", &upload_url(&google), "any token", "").await?.text().starts_with("<?xml"));
    Ok(())
}

#[tokio::test]
async fn every_http_form_is_a_refusal_and_scope_refusals_mention_scopes() -> Result<()> {
    let google = with_bucket().start().await?;
    for form in RefusalForm::all().iter().filter(|form| !form.is_grpc()) {
        google.other_api().respond_with(*form);
        let response = send("GET", &google.url_of(Service::OtherApi), &[], "").await?;
        assert!([401, 403].contains(&response.status), "{form:?}");
        let challenge = response.header("www-authenticate");
        if form.is_scope_refusal() {
            assert!(challenge.contains("insufficient_scope"), "{form:?}: {challenge}");
            let text = response.text();
            assert!(
                text.contains("scope") || text.contains("Insufficient Permission"),
                "{form:?}: {text}"
            );
        }
        let is_json = response.header("content-type").starts_with("application/json");
        assert_eq!(is_json, !response.json().is_null(), "{form:?}");
    }
    Ok(())
}

/// Checks whether a body has no frames left: neither data nor trailers.
fn has_ended(body: &impl BodyExt) -> bool {
    body.is_end_stream()
}

#[tokio::test]
async fn grpc_refusals_are_in_headers_or_in_trailers() -> Result<()> {
    use base64::Engine as _;
    let google = with_bucket().start().await?;
    let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
    let url = format!("{}/google.pubsub.v1.Publisher/Publish", google.url_of(Service::OtherApi));
    for (form, header, expected) in [
        (RefusalForm::GrpcScope, "grpc-status-details-bin", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"),
        (
            RefusalForm::GrpcScopeInTrailers,
            "grpc-status-details-bin",
            "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        ),
        (
            RefusalForm::GrpcScopeErrorInfoOnly,
            "google.rpc.errorinfo-bin",
            "google.pubsub.v1.Publisher.Publish",
        ),
        (RefusalForm::GrpcScopeMessageOnly, "", ""),
        (RefusalForm::GrpcIamDenied, "grpc-status-details-bin", "IAM_PERMISSION_DENIED"),
        (RefusalForm::GrpcServiceDisabled, "grpc-status-details-bin", "SERVICE_DISABLED"),
    ] {
        google.other_api().respond_with(form);
        let request = Request::post(&url).header("content-type", "application/grpc");
        let (head, body) =
            client.request(request.body(Full::<Bytes>::default())?).await?.into_parts();
        let ends_with_headers = has_ended(&body);
        let trailers = body.collect().await?.trailers().cloned();
        assert_eq!(head.status, 200, "{form:?}");
        assert_eq!(
            ends_with_headers,
            trailers.is_none(),
            "{form:?}: trailers should follow unless the headers end the response"
        );
        let fields = trailers.unwrap_or(head.headers);
        assert_eq!(
            fields.get("grpc-status").map(|status| status.as_bytes()),
            Some(&b"7"[..]),
            "{form:?}"
        );
        assert_eq!(fields.contains_key("www-authenticate"), form.is_scope_refusal(), "{form:?}");
        if !header.is_empty() {
            let bytes = base64::engine::general_purpose::STANDARD_NO_PAD.decode(&fields[header])?;
            assert!(String::from_utf8_lossy(&bytes).contains(expected), "{form:?}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn debug_output_of_recorded_requests_contains_no_secrets() -> Result<()> {
    let google = with_default_scopes().start().await?;
    let token = google.token();
    call("POST", &format!("{}&secret=hush", upload_url(&google)), &token, "").await?;
    send("GET", &google.url_of(Service::OtherApi), &[], "").await?;
    google.wait_until_idle().await;
    let requests = google.requests();
    let [upload, other] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!((upload.service(), upload.verb().as_str()), (Service::Storage, "POST"));
    assert_eq!(upload.path(), "/upload/storage/v1/b/photos/o");
    assert_eq!(upload.status(), Some(StatusCode::FORBIDDEN));
    assert_eq!(upload.header("authorization"), Some(format!("Bearer {token}").as_str()));
    assert!(upload.has_authorization() && !other.has_authorization());
    let debug = format!("{requests:?} {google:?}");
    assert!(!debug.contains(&token) && !debug.contains("hush"), "{debug}");
    Ok(())
}

#[tokio::test]
async fn start_errors_name_the_invalid_input() {
    for (builder, expected) in [
        (
            with_bucket().iam("photos", ACCOUNT, "roles/storage.objectAdmn"),
            "roles/storage.objectAdmn",
        ),
        (with_bucket().iam("photo", ACCOUNT, "roles/storage.objectAdmin"), "`photo`"),
        (with_bucket().vm(Vm::new("a")).vm(Vm::new("a")), "`a`"),
        (with_bucket().vm(Vm::new("a").project("other")), "`a`"),
    ] {
        let error = builder.start().await.expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
    }
}

/// Sends a request to [`Service::OtherApi`].
async fn call_other_api(google: &FakeGoogle) -> Result<TestResponse> {
    send("GET", &google.url_of(Service::OtherApi), &[], "").await
}

#[tokio::test]
async fn faults_change_the_response_until_cleared() -> Result<()> {
    let google = with_bucket().start().await?;
    google.other_api().times(usize::MAX).respond_with(RefusalForm::Scope);
    let normal = call_other_api(&google).await?;

    google.set_fault(Service::OtherApi, Fault::Status(StatusCode::BAD_GATEWAY));
    assert_eq!(call_other_api(&google).await?.status, 502);
    google.set_fault(Service::OtherApi, Fault::Garbage);
    let garbage = call_other_api(&google).await?;
    assert_eq!((garbage.status, garbage.json()), (403, Value::Null));
    for fault in [Fault::Drop, Fault::NotHttp] {
        google.set_fault(Service::OtherApi, fault);
        assert!(call_other_api(&google).await.is_err(), "{fault:?}");
    }
    google.set_fault(Service::OtherApi, Fault::Flaky { failures: 2, group: 3 });
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(call_other_api(&google).await?.status);
    }
    // The first two of every three requests fail; the third gets the scripted refusal.
    assert_eq!(statuses, [503, 503, 403, 503, 503, 403]);
    google.set_fault(Service::OtherApi, Fault::ChunkSize(7));
    let chunked = call_other_api(&google).await?;
    assert_eq!((&chunked.body, chunked.header("content-length")), (&normal.body, ""));
    google.set_fault(Service::OtherApi, Fault::Gzip);
    let compressed = call_other_api(&google).await?;
    assert_eq!(
        (compressed.header("content-encoding"), &compressed.body[..2]),
        ("gzip", &b"\x1f\x8b"[..])
    );
    google.set_fault(Service::OtherApi, Fault::Latency(Duration::from_millis(1)));
    assert_eq!(call_other_api(&google).await?.body, normal.body);
    google.clear_fault(Service::OtherApi);
    assert_eq!(call_other_api(&google).await?.body, normal.body);
    Ok(())
}

#[tokio::test]
async fn the_requests_of_a_round_get_their_responses_together() -> Result<()> {
    let google = with_bucket().start().await?;
    google.set_fault(Service::OtherApi, Fault::Rounds(&[1, 2]));
    let url = google.url_of(Service::OtherApi);
    let request = || {
        let url = url.clone();
        tokio::spawn(
            async move { send("GET", &url, &[], "").await.map(|response| response.status) },
        )
    };
    assert_eq!(request().await??, 200);
    let early = request();
    google.wait_for(|requests| requests.len() == 2).await;
    // The fake handles one request after the other, so it has handled `early` before this request.
    send("GET", &google.storage_url(), &[], "").await?;
    assert_eq!(google.requests()[1].status(), None);
    assert_eq!((request().await??, early.await??), (200, 200));
    // After the last round nothing is held back.
    assert_eq!(request().await??, 200);
    // A round that cannot end does not survive its fault.
    google.set_fault(Service::OtherApi, Fault::Rounds(&[2]));
    let lonely = request();
    google.wait_for(|requests| requests.len() == 6).await;
    google.clear_fault(Service::OtherApi);
    assert_eq!(lonely.await??, 200);
    Ok(())
}

#[tokio::test]
async fn a_hanging_response_ends_when_the_client_disconnects() -> Result<()> {
    let google = with_bucket().start().await?;
    google.set_fault(Service::OtherApi, Fault::Hang);
    let url = google.url_of(Service::OtherApi);
    let client =
        tokio::spawn(
            async move { send("GET", &url, &[], "").await.map(|response| response.status) },
        );
    google.wait_for(|requests| requests.len() == 1).await;
    client.abort();
    google.wait_until_idle().await;
    assert_eq!(google.requests()[0].status(), None);
    Ok(())
}

#[tokio::test]
async fn long_bodies_stop_when_the_client_disconnects() -> Result<()> {
    let google = with_bucket().start().await?;
    for (fault, status) in [(Fault::EndlessBody, 200), (Fault::BigRefusal(1 << 30), 403)] {
        google.set_fault(Service::OtherApi, fault);
        let client = Client::builder(TokioExecutor::new()).build_http();
        let request =
            Request::get(google.url_of(Service::OtherApi)).body(Full::<Bytes>::default())?;
        let mut response = client.request(request).await?;
        assert_eq!(response.status().as_u16(), status);
        let mut received = 0;
        // The client reads one MiB and then disconnects.
        while received < 1 << 20 {
            received += response
                .frame()
                .await
                .context("the body ended before one MiB")??
                .into_data()
                .map_or(0, |data| data.len());
        }
        drop(response);
        google.wait_until_idle().await;
    }
    google.set_fault(Service::OtherApi, Fault::BigRefusal(100_000));
    assert!(call_other_api(&google).await?.body.len() > 100_000, "the body should be complete");
    Ok(())
}

#[test]
fn the_fake_serves_blocking_clients_and_stops_on_drop() -> Result<()> {
    use std::io::{Read, Write};
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let google = runtime.block_on(with_bucket().start())?;
    let address = google.metadata_host();
    let mut socket = std::net::TcpStream::connect(&address)?;
    socket.write_all(b"GET / HTTP/1.1\r\nhost: metadata\r\nconnection: close\r\n\r\n")?;
    let mut response = String::new();
    socket.read_to_string(&mut response)?;
    assert!(response.to_lowercase().contains("metadata-flavor: google"), "{response}");
    let mut open = std::net::TcpStream::connect(&address)?;
    drop(google);
    assert_eq!(open.read(&mut [0; 1]).unwrap_or(0), 0, "the connection should be closed");
    Ok(())
}
