//! The fake Google, asked over sockets by a client that knows nothing of it.

use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use gcp_scopes_testing::{
    FakeGoogle, FakeGoogleBuilder, Fault, Platform, Service, Vm, Wire, default_scopes, gcloud_default_scopes,
};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

const ACCOUNT: &str = "123456789012-compute@developer.gserviceaccount.com";
const AUTH: &str = "https://www.googleapis.com/auth/";

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
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

async fn send(verb: &str, url: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Result<Answer> {
    let mut request = Request::builder().method(verb).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let client = Client::builder(TokioExecutor::new()).build_http();
    let (head, body) = client.request(request.body(Full::new(body.into()))?).await?.into_parts();
    let body = body.collect().await?.to_bytes();
    Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
}

/// A call with a bearer token.
async fn call(verb: &str, url: &str, token: &str, body: impl Into<Bytes>) -> Result<Answer> {
    send(verb, url, &[("authorization", &format!("Bearer {token}"))], body).await
}

async fn metadata(google: &FakeGoogle, path: &str) -> Result<Answer> {
    let url = format!("http://{}/computeMetadata/v1/{path}", google.metadata_host());
    send("GET", &url, &[("metadata-flavor", "Google")], "").await
}

fn photos() -> FakeGoogleBuilder {
    FakeGoogle::builder().project("my-project", 123_456_789_012).bucket("photos")
}

fn story() -> FakeGoogleBuilder {
    let vm = Vm::new("web-1").zone("us-central1-a").account(ACCOUNT).scopes(default_scopes());
    photos().vm(vm).iam("photos", ACCOUNT, "roles/storage.objectAdmin")
}

fn upload_url(google: &FakeGoogle) -> String {
    format!("{}/upload/storage/v1/b/photos/o?uploadType=media&name=cat.jpg", google.storage_url())
}

#[tokio::test]
async fn a_write_is_refused_until_the_vm_has_been_stopped_and_given_the_scope() -> Result<()> {
    let google = story().start().await?;
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
    assert!(challenge.contains("devstorage.read_write") && !challenge.contains("read_only"), "{challenge}");
    assert!(!refused.header("x-guploader-uploadid").is_empty());

    let vm = google.vm("web-1");
    let too_early = vm.set_scopes(["devstorage.read_write"]).expect_err("the VM runs").to_string();
    assert!(too_early.contains("web-1") && too_early.contains("must be stopped"), "{too_early}");
    vm.stop()?;
    vm.set_scopes(["devstorage.read_write"])?;
    vm.start()?;
    assert_eq!(call("POST", &upload_url(&google), &google.token(), "meow").await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_token_keeps_the_scopes_it_was_minted_with() -> Result<()> {
    let google = story().start().await?;
    let old = google.token();
    let vm = google.vm("web-1");
    vm.stop()?;
    let between = google.token();
    vm.set_scopes(["cloud-platform"])?;
    vm.start()?;
    assert_ne!(google.token(), between);
    assert_eq!(call("POST", &upload_url(&google), &old, "").await?.status, 403);
    assert_ne!(google.token(), old);
    google.advance(Duration::from_secs(3600));
    assert_eq!(call("POST", &upload_url(&google), &old, "").await?.status, 401);
    Ok(())
}

#[tokio::test]
async fn metadata_paths_answer_as_google_documents_them() -> Result<()> {
    let vm = Vm::new("web-1").zone("us-central1-a").account(ACCOUNT).attribute("my-key", "my value");
    let google = photos().vm(vm).start().await?;
    let scopes = default_scopes().map(|scope| format!("{scope}\n")).concat();
    let own = format!("{ACCOUNT}/\ndefault/\n");
    for (path, text) in [
        ("project/project-id", "my-project"),
        ("project/numeric-project-id", "123456789012"),
        ("instance/zone", "projects/123456789012/zones/us-central1-a"),
        ("instance/name", "web-1"),
        ("instance/attributes/my-key", "my value"),
        ("instance/service-accounts/", own.as_str()),
        ("instance/service-accounts/default/", "aliases\nemail\nidentity\nscopes\ntoken\n"),
        ("instance/service-accounts/default/email", ACCOUNT),
        ("instance/service-accounts/default/aliases", "default\n"),
        ("instance/service-accounts/default/scopes", scopes.as_str()),
        (&format!("instance/service-accounts/{ACCOUNT}/scopes"), scopes.as_str()),
    ] {
        let answer = metadata(&google, path).await?;
        assert_eq!((answer.status, answer.text()), (200, text), "{path}");
        assert_eq!(answer.header("metadata-flavor"), "Google", "{path}");
        assert_eq!(answer.header("content-type"), "application/text", "{path}");
    }
    let all = metadata(&google, "?recursive=true").await?;
    assert_eq!(all.header("content-type"), "application/json");
    let all = all.json();
    assert_eq!(all["project"]["numericProjectId"], 123_456_789_012_u64);
    assert_eq!(all["instance"]["attributes"]["my-key"], "my value");
    assert_eq!(all["instance"]["serviceAccounts"]["default"]["aliases"], json!(["default"]));
    assert_eq!(all["instance"]["serviceAccounts"][ACCOUNT]["scopes"], json!(default_scopes()));
    Ok(())
}

#[tokio::test]
async fn metadata_server_refuses_what_google_refuses() -> Result<()> {
    let google = story().start().await?;
    let root = format!("http://{}/computeMetadata/v1", google.metadata_host());
    let flavor = ("metadata-flavor", "Google");
    for (path, headers, status, word) in [
        ("/instance/name", &[][..], 403, "Missing Metadata-Flavor:Google header."),
        ("/instance/name", &[("metadata-flavor", "google")], 403, "Metadata-Flavor"),
        ("/instance/name", &[flavor, ("x-forwarded-for", "10.0.0.1")], 403, "permission"),
        ("/instance/no-such-thing", &[flavor], 404, "<!DOCTYPE html>"),
        ("/instance/name/deeper", &[flavor], 404, "Error 404"),
        ("/instance", &[flavor], 301, "moved"),
    ] {
        let answer = send("GET", &format!("{root}{path}"), headers, "").await?;
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.text().contains(word), "{path}: {}", answer.text());
        assert!(answer.header("content-type").starts_with("text/html"), "{path}");
        if status == 301 {
            assert_eq!(answer.header("location"), format!("{root}{path}/"));
        }
    }
    Ok(())
}

#[tokio::test]
async fn metadata_token_is_cached_until_five_minutes_before_its_end() -> Result<()> {
    let google = story().start().await?;
    let path = "instance/service-accounts/default/token?scopes=https://www.googleapis.com/auth/drive";
    let first = metadata(&google, path).await?.json();
    let field = |token: &Value, name: &str| token[name].to_string();
    assert!(field(&first, "access_token").starts_with("\"ya29.c."));
    assert_eq!(field(&first, "token_type"), "\"Bearer\"");
    assert!(first.get("scope").is_none(), "a metadata server names no scope");

    google.advance(Duration::from_secs(3000));
    let later = metadata(&google, path).await?.json();
    assert_eq!(later["access_token"], first["access_token"]);
    let seconds = later["expires_in"].as_u64().context("a number")?;
    assert!((301..=599).contains(&seconds), "{seconds}");

    google.advance(Duration::from_secs(400));
    assert_ne!(metadata(&google, path).await?.json()["access_token"], first["access_token"]);
    Ok(())
}

#[tokio::test]
async fn asking_for_scopes_helps_on_serverless_platforms_and_not_on_vms() -> Result<()> {
    let drive = format!("{AUTH}drive");
    let cloud = format!("{AUTH}cloud-platform {AUTH}userinfo.email");
    let vm = gcloud_default_scopes().join(" ");
    for (platform, query, scopes) in [
        (Platform::ComputeEngine, "?scopes=https://www.googleapis.com/auth/drive", &vm),
        (Platform::ManagedInstanceGroup, "", &vm),
        (Platform::GkeNode, "", &vm),
        (Platform::Dataproc, "", &vm),
        (Platform::CloudRunService, "", &cloud),
        (Platform::CloudRunJob, "", &cloud),
        (Platform::CloudFunctions, "?scopes=https://www.googleapis.com/auth/drive", &drive),
        (Platform::AppEngineStandard, "?scopes=https://www.googleapis.com/auth/drive", &drive),
        (Platform::GkeWorkloadIdentity, "?scopes=https://www.googleapis.com/auth/drive", &drive),
    ] {
        let google =
            photos().vm(Vm::new("app").platform(platform).scopes(gcloud_default_scopes())).start().await?;
        let token =
            metadata(&google, &format!("instance/service-accounts/default/token{query}")).await?.json();
        let url = format!("{}/tokeninfo", google.oauth_url());
        let text = token["access_token"].as_str().context("a token")?;
        let info = send("POST", &url, &[], format!("access_token={text}")).await?;
        assert_eq!(info.json()["scope"], *scopes, "{platform:?}");
    }
    let google = photos().vm(Vm::new("app").platform(Platform::CloudRunService)).start().await?;
    let spaces = metadata(&google, "instance/service-accounts/default/token?scopes=a+b").await?;
    assert_eq!(spaces.status, 500);
    assert!(google.vm("app").stop().is_err(), "Cloud Run has no power switch");
    Ok(())
}

#[tokio::test]
async fn platforms_show_themselves_by_environment_and_metadata() -> Result<()> {
    for (platform, variable, path) in [
        (Platform::ComputeEngine, "GCE_METADATA_HOST", "instance/machine-type"),
        (Platform::ManagedInstanceGroup, "GCE_METADATA_HOST", "instance/attributes/created-by"),
        (Platform::GkeNode, "KUBERNETES_SERVICE_HOST", "instance/attributes/cluster-location"),
        (Platform::GkeWorkloadIdentity, "KUBERNETES_SERVICE_HOST", "instance/attributes/cluster-name"),
        (Platform::CloudRunService, "K_SERVICE", "instance/region"),
        (Platform::CloudRunJob, "CLOUD_RUN_JOB", "instance/region"),
        (Platform::CloudFunctions, "FUNCTION_TARGET", "instance/region"),
        (Platform::AppEngineStandard, "GAE_ENV", "instance/region"),
        (Platform::CloudRunWorkerPool, "CLOUD_RUN_WORKER_POOL", "instance/region"),
        (Platform::Dataproc, "GCE_METADATA_HOST", "instance/attributes/dataproc-cluster-name"),
        (Platform::Dataflow, "GCE_METADATA_HOST", "instance/attributes/job_id"),
        (Platform::Workbench, "GCE_METADATA_HOST", "instance/attributes/proxy-url"),
    ] {
        let google = photos().vm(Vm::new("app").platform(platform)).start().await?;
        assert!(google.env().iter().any(|(name, _)| name == variable), "{platform:?}");
        assert_eq!(metadata(&google, path).await?.status, 200, "{platform:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_vm_without_an_account_has_no_token_and_a_stopped_one_no_metadata() -> Result<()> {
    let google = photos().vm(Vm::new("bare").no_account()).start().await?;
    let answer = metadata(&google, "instance/service-accounts/default/token").await?;
    assert_eq!(answer.status, 404);
    assert!(answer.text().contains("Error 404 (Not Found)!!1"));
    google.vm("bare").stop()?;
    assert!(metadata(&google, "instance/name").await.is_err());
    google.vm("bare").start()?;
    assert_eq!(metadata(&google, "instance/name").await?.text(), "bare");
    Ok(())
}

#[tokio::test]
async fn every_vm_has_its_own_metadata_server() -> Result<()> {
    let google = photos().vm(Vm::new("one")).vm(Vm::new("two")).start().await?;
    let url = format!("http://{}/computeMetadata/v1/instance/name", google.vm("two").metadata_host()?);
    assert_eq!(send("GET", &url, &[("metadata-flavor", "Google")], "").await?.text(), "two");
    assert!(google.vm("three").metadata_host().is_err());
    Ok(())
}

#[tokio::test]
async fn tokeninfo_takes_a_token_three_ways_and_answers_in_two_shapes() -> Result<()> {
    let google = photos().start().await?;
    let token = google.mint("app@my-project.iam.gserviceaccount.com", ["pubsub", "userinfo.email"]);
    let scope = format!("{AUTH}pubsub {AUTH}userinfo.email");
    for (path, seconds_are_text, verified) in [
        ("/tokeninfo", true, json!("true")),
        ("/oauth2/v3/tokeninfo", true, json!("true")),
        ("/oauth2/v2/tokeninfo", false, json!(true)),
        ("/oauth2/v1/tokeninfo", false, json!(true)),
    ] {
        let url = format!("{}{path}", google.oauth_url());
        let answers = [
            send("POST", &url, &[], format!("access_token={token}")).await?,
            call("POST", &url, &token, "").await?,
            send("GET", &format!("{url}?access_token={token}"), &[], "").await?,
        ];
        for info in answers.map(|answer| answer.json()) {
            assert_eq!(info["scope"], scope, "{path}");
            assert_eq!(info["expires_in"].is_string(), seconds_are_text, "{path}");
            assert_eq!(info["email"], "app@my-project.iam.gserviceaccount.com", "{path}");
            let name = if seconds_are_text { "email_verified" } else { "verified_email" };
            assert_eq!(info[name], verified, "{path}");
        }
        let unknown = send("POST", &url, &[], "access_token=ya29.gone").await?;
        assert_eq!((unknown.status, &unknown.json()["error_description"]), (400, &json!("Invalid Value")));
        assert_eq!(unknown.json().get("error").is_none(), seconds_are_text, "{path}");
    }
    google.advance(Duration::from_secs(3600));
    let url = format!("{}/tokeninfo", google.oauth_url());
    assert_eq!(call("POST", &url, &token, "").await?.status, 400);
    Ok(())
}

#[tokio::test]
async fn token_endpoint_grants_what_was_asked_or_agreed_to() -> Result<()> {
    use base64::Engine as _;
    let google = photos().start().await?;
    let url = format!("{}/token", google.oauth_url());
    let jwt = |claims: Value| {
        let part = |value: &Value| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string());
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
        (format!("{grant}&assertion={}", jwt(json!({"iss": "a@b"}))), 400, "error", "invalid_scope".into()),
        (
            format!("{grant}&assertion={}", jwt(json!({"iss": "a@b", "sub": "c@d", "scope": drive}))),
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
        let answer = send("POST", &url, &[], body.clone()).await?;
        assert_eq!((answer.status, &answer.json()[field]), (status, &json!(value)), "{body}");
    }
    let as_json = json!({"grant_type": "refresh_token", "refresh_token": user});
    assert_eq!(send("POST", &url, &[], as_json.to_string()).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn gates_are_checked_in_the_order_token_scope_iam_existence() -> Result<()> {
    let google = story().iam("my-project", "boss@example.com", "roles/owner").start().await?;
    let nobody = "nobody@example.com";
    let object = |bucket: &str| format!("{}/storage/v1/b/{bucket}/o/cat.jpg", google.storage_url());
    for (what, url, verb, token, status, word) in [
        ("no token", object("photos"), "GET", String::new(), 401, "Anonymous caller"),
        ("unknown token", object("photos"), "GET", "ya29.made-up".into(), 401, "Invalid Credentials"),
        (
            "no scope, no role",
            object("photos"),
            "GET",
            google.mint(nobody, ["pubsub"]),
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
            google.mint(nobody, ["cloud-platform"]),
            403,
            "storage.objects.get",
        ),
        (
            "no role, no bucket",
            object("none"),
            "GET",
            google.mint(nobody, ["cloud-platform"]),
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
            google.mint("boss@example.com", ["cloud-platform"]),
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
        ("read-only to delete", object("photos"), "DELETE", google.token(), 403, "Provided scope(s)"),
    ] {
        let answer = match token.as_str() {
            "" => send(verb, &url, &[], "").await?,
            token => call(verb, &url, token, "").await?,
        };
        assert_eq!(answer.status, status, "{what}: {}", answer.text());
        let message = answer.json()["error"]["message"].to_string();
        assert!(message.contains(word), "{what}: {message}");
        let challenge = answer.header("www-authenticate");
        assert_eq!(
            challenge.contains("insufficient_scope"),
            word.contains("scope(s)"),
            "{what}: {challenge}"
        );
        assert_eq!(challenge.contains("invalid_token"), what == "unknown token", "{what}: {challenge}");
    }
    let denied = call("POST", &upload_url(&google), &google.mint(nobody, ["cloud-platform"]), "").await?;
    assert_eq!(
        denied.json()["error"]["message"],
        "nobody@example.com does not have storage.objects.create access to the Google Cloud Storage object. \
         Permission 'storage.objects.create' denied on resource (or it may not exist)."
    );
    Ok(())
}

#[tokio::test]
async fn objects_live_through_upload_read_list_copy_and_delete() -> Result<()> {
    let google = story().start().await?;
    let token = google.mint(ACCOUNT, ["devstorage.read_write"]);
    let base = google.storage_url();
    let stored = call("POST", &upload_url(&google), &token, "meow").await?.json();
    assert_eq!((&stored["name"], &stored["size"]), (&json!("cat.jpg"), &json!("4")));

    let url = format!("{base}/upload/storage/v1/b/photos/o?uploadType=multipart");
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "multipart/related; boundary='b0'")];
    let mut dog = Value::Null;
    for end in ["\n", "\r\n"] {
        let multipart = format!(
            "--b0{end}content-type: application/json{end}{end}{{\"name\":\"dir/dog.txt\",\"metadata\":{{\"k\":\"v\"}}}}\
             {end}--b0{end}content-type: text/plain{end}{end}woof\r\n{end}--b0--"
        );
        dog = send("POST", &url, &headers, multipart).await?.json();
        assert_eq!((&dog["contentType"], &dog["metadata"]["k"]), (&json!("text/plain"), &json!("v")));
        assert_eq!(dog["size"], "6");
    }

    let object = format!("{base}/storage/v1/b/photos/o/dir%2Fdog.txt");
    for (url, range, status, text) in [
        (format!("{object}?alt=media"), "", 200, "woof\r\n"),
        (dog["mediaLink"].as_str().context("a link")?.to_owned(), "", 200, "woof\r\n"),
        (format!("{object}?alt=media"), "bytes=1-2", 206, "oo"),
        (format!("{object}?alt=media"), "bytes=-2", 206, "\r\n"),
    ] {
        let mut headers = vec![("authorization", bearer.as_str())];
        headers.extend((!range.is_empty()).then_some(("range", range)));
        let answer = send("GET", &url, &headers, "").await?;
        assert_eq!((answer.status, answer.text()), (status, text), "{range}");
    }
    let list = format!("{base}/storage/v1/b/photos/o");
    let names = |page: &Value| {
        page["items"].as_array().into_iter().flatten().map(|item| item["name"].clone()).collect::<Vec<_>>()
    };
    let page = call("GET", &format!("{list}?delimiter=/"), &token, "").await?.json();
    assert_eq!((names(&page), &page["prefixes"]), (vec![json!("cat.jpg")], &json!(["dir/"])));
    let page = call("GET", &format!("{list}?maxResults=1"), &token, "").await?.json();
    assert_eq!(names(&page), [json!("cat.jpg")]);
    let next = page["nextPageToken"].as_str().context("a second page")?;
    let page = call("GET", &format!("{list}?maxResults=1&pageToken={next}"), &token, "").await?.json();
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
async fn a_resumable_upload_needs_the_scope_once_and_takes_chunks() -> Result<()> {
    let google = story().start().await?;
    let url =
        format!("{}/upload/storage/v1/b/photos/o?uploadType=resumable&name=big.bin", google.storage_url());
    assert_eq!(call("POST", &url, &google.token(), "").await?.status, 403);
    let token = google.mint(ACCOUNT, ["devstorage.read_write"]);
    let begun = call("POST", &url, &token, "").await?;
    let session = begun.header("location").to_owned();
    let first = send("PUT", &session, &[("content-range", "bytes 0-3/*")], "abcd").await?;
    assert_eq!((first.status, first.header("range")), (308, "bytes=0-3"));
    let asked = send("PUT", &session, &[("content-range", "bytes */6")], "").await?;
    assert_eq!((asked.status, asked.header("range")), (308, "bytes=0-3"));
    let last = send("PUT", &session, &[("content-range", "bytes 4-5/6")], "ef").await?;
    assert_eq!((last.status, &last.json()["size"]), (200, &json!("6")));
    Ok(())
}

#[tokio::test]
async fn buckets_and_policies_follow_their_own_scopes() -> Result<()> {
    let boss = "boss@example.com";
    let google = photos().iam("my-project", boss, "roles/storage.admin").start().await?;
    let full = google.mint(boss, ["devstorage.full_control"]);
    let write = google.mint(boss, ["devstorage.read_write"]);
    let buckets = format!("{}/storage/v1/b", google.storage_url());
    let policy =
        json!({"bindings": [{"role": "roles/storage.objectViewer", "members": ["user:ann@example.com"]}]});
    for (verb, path, token, body, status) in [
        ("POST", "?project=my-project", &write, json!({"name": "new"}), 200),
        ("POST", "?project=my-project", &write, json!({"name": "new"}), 409),
        ("GET", "?project=123456789012", &write, json!({}), 200),
        ("GET", "/new", &write, json!({}), 200),
        ("PATCH", "/new", &write, json!({"labels": {"a": "b"}}), 403),
        ("PATCH", "/new", &full, json!({"labels": {"a": "b"}}), 200),
        ("GET", "/new/iam", &write, json!({}), 403),
        ("PUT", "/new/iam", &full, policy, 200),
        ("GET", "/new/acl", &write, json!({}), 403),
        ("GET", "/new/acl", &full, json!({}), 200),
        ("POST", "/new/acl", &full, json!({}), 501),
    ] {
        let answer = call(verb, &format!("{buckets}{path}"), token, body.to_string()).await?;
        assert_eq!(answer.status, status, "{verb} {path}: {}", answer.text());
    }
    let ann = google.mint("ann@example.com", ["devstorage.read_only"]);
    let test = format!(
        "{buckets}/new/iam/testPermissions?permissions=storage.objects.get&permissions=storage.objects.create"
    );
    assert_eq!(call("GET", &test, &ann, "").await?.json()["permissions"], json!(["storage.objects.get"]));
    assert_eq!(call("DELETE", &format!("{buckets}/new"), &write, "").await?.status, 204);
    Ok(())
}

#[tokio::test]
async fn xml_api_stores_objects_and_refuses_in_xml() -> Result<()> {
    let google = story().start().await?;
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
    let again = [("authorization", bearer.as_str()), ("x-goog-if-generation-match", "0")];
    assert_eq!(send("PUT", &object, &again, "meow").await?.status, 412);
    let copy = format!("{}/photos/copy", google.storage_url());
    let source = [("authorization", bearer.as_str()), ("x-goog-copy-source", "photos/dir/cat.jpg")];
    assert_eq!(send("PUT", &copy, &source, "").await?.status, 200);
    assert_eq!(call("GET", &copy, &token, "").await?.text(), "meow");
    let begun = call("POST", &format!("{object}?uploads"), &token, "").await?;
    assert!(begun.text().contains("<UploadId>"), "{}", begun.text());
    let list = call("GET", &format!("{}/photos?list-type=2", google.storage_url()), &token, "").await?;
    assert!(list.text().contains("<Key>dir/cat.jpg</Key>"), "{}", list.text());
    assert_eq!(call("GET", &format!("{object}?acl"), &token, "").await?.status, 403);
    assert_eq!(call("DELETE", &object, &token, "").await?.status, 204);
    assert!(call("GET", &object, &token, "").await?.text().contains("<Code>NoSuchKey</Code>"));
    Ok(())
}

#[tokio::test]
async fn compute_changes_scopes_of_stopped_vms_only_and_for_those_who_may() -> Result<()> {
    let boss = "boss@example.com";
    let google = story().iam("my-project", boss, "roles/compute.instanceAdmin.v1").start().await?;
    let vm = format!(
        "{}/compute/v1/projects/my-project/zones/us-central1-a/instances/web-1",
        google.compute_url()
    );
    let admin = google.mint(boss, ["compute"]);
    let reader = google.mint(boss, ["compute.readonly"]);
    let nobody = google.mint("nobody@example.com", ["cloud-platform"]);
    let account = json!({"email": ACCOUNT, "scopes": [format!("{AUTH}devstorage.read_write")]});
    let short = json!({"email": ACCOUNT, "scopes": ["storage-rw"]});
    for (what, token, verb, body, status, word) in [
        (
            "from the VM itself",
            &google.token(),
            "stop",
            &json!({}),
            403,
            "insufficient authentication scopes",
        ),
        ("read-only scope", &reader, "stop", &json!({}), 403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT"),
        ("no role", &nobody, "stop", &json!({}), 403, "Required 'compute.instances.stop' permission"),
        ("no token", &String::new(), "stop", &json!({}), 401, "Invalid Credentials"),
        ("while it runs", &admin, "setServiceAccount", &account, 400, "The instance must be stopped"),
        ("stop", &admin, "stop", &json!({}), 200, "DONE"),
        ("an alias", &admin, "setServiceAccount", &short, 400, "'storage-rw'"),
        ("change", &admin, "setServiceAccount", &account, 200, "operation-"),
        ("start", &admin, "start", &json!({}), 200, "RUNNING or not"),
    ] {
        let answer = call("POST", &format!("{vm}/{verb}"), token, body.to_string()).await?;
        assert_eq!(answer.status, status, "{what}: {}", answer.text());
        assert!(answer.text().contains(word) || verb == "start", "{what}: {}", answer.text());
    }
    let shown = call("GET", &vm, &reader, "").await?.json();
    assert_eq!(shown["status"], "RUNNING");
    assert_eq!(shown["serviceAccounts"][0]["scopes"], account["scopes"]);
    assert_eq!(call("POST", &upload_url(&google), &google.token(), "meow").await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn front_answers_what_was_scripted_in_order_and_by_path() -> Result<()> {
    let google = photos().start().await?;
    let url = google.url_of(Service::Front);
    google.front().path("/v1/topics").times(2).respond_with(Wire::ServiceDisabled);
    google.front().respond_with(Wire::Scope);
    google.front().respond(http::Response::builder().status(418).body("short and stout")?);
    for (path, status, word) in [
        ("/v2/other", 403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT"),
        ("/v1/topics/a", 403, "SERVICE_DISABLED"),
        ("/v1/topics/b", 403, "SERVICE_DISABLED"),
        ("/v1/topics/c", 418, "stout"),
        ("/v1/topics/d", 200, "{}"),
    ] {
        let answer = send("GET", &format!("{url}{path}"), &[], "").await?;
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.text().contains(word), "{path}: {}", answer.text());
    }
    Ok(())
}

#[tokio::test]
async fn any_service_can_be_given_an_answer_for_one_path() -> Result<()> {
    let google = story().start().await?;
    let token = "/computeMetadata/v1/instance/service-accounts/default/token";
    let denied = http::Response::builder().status(403).body("Unable to generate access token")?;
    google.on(Service::Metadata).path(token).respond(denied);
    assert_eq!(metadata(&google, "instance/name").await?.text(), "web-1");
    assert_eq!(metadata(&google, "instance/service-accounts/default/token").await?.status, 403);
    assert_eq!(metadata(&google, "instance/service-accounts/default/token").await?.status, 200);
    google.on(Service::Storage).respond_with(Wire::ScopeStorageXml);
    assert!(call("POST", &upload_url(&google), "any token", "").await?.text().starts_with("<?xml"));
    Ok(())
}

#[tokio::test]
async fn every_wire_form_is_a_refusal_and_those_for_lack_of_scope_say_so() -> Result<()> {
    let google = photos().start().await?;
    for wire in Wire::all().iter().filter(|wire| !wire.is_grpc()) {
        google.front().respond_with(*wire);
        let answer = send("GET", &google.url_of(Service::Front), &[], "").await?;
        assert!([401, 403].contains(&answer.status), "{wire:?}");
        let challenge = answer.header("www-authenticate");
        if wire.is_lack_of_scope() {
            assert!(challenge.contains("insufficient_scope"), "{wire:?}: {challenge}");
            let text = answer.text();
            assert!(text.contains("scope") || text.contains("Insufficient Permission"), "{wire:?}: {text}");
        }
        let is_json = answer.header("content-type").starts_with("application/json");
        assert_eq!(is_json, !answer.json().is_null(), "{wire:?}");
    }
    Ok(())
}

fn has_ended(body: &impl BodyExt) -> bool {
    body.is_end_stream()
}

#[tokio::test]
async fn grpc_calls_are_refused_in_headers_or_in_trailers() -> Result<()> {
    use base64::Engine as _;
    let google = photos().start().await?;
    let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
    let url = format!("{}/google.pubsub.v1.Publisher/Publish", google.url_of(Service::Front));
    for (wire, name, word) in [
        (Wire::GrpcScope, "grpc-status-details-bin", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"),
        (Wire::GrpcScopeInTrailers, "grpc-status-details-bin", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"),
        (Wire::GrpcScopeErrorInfoOnly, "google.rpc.errorinfo-bin", "google.pubsub.v1.Publisher.Publish"),
        (Wire::GrpcScopeMessageOnly, "", ""),
        (Wire::GrpcIamDenied, "grpc-status-details-bin", "IAM_PERMISSION_DENIED"),
        (Wire::GrpcServiceDisabled, "grpc-status-details-bin", "SERVICE_DISABLED"),
    ] {
        google.front().respond_with(wire);
        let request = Request::post(&url).header("content-type", "application/grpc");
        let (head, body) = client.request(request.body(Full::<Bytes>::default())?).await?.into_parts();
        let is_empty = has_ended(&body);
        let trailers = body.collect().await?.trailers().cloned();
        assert_eq!(head.status, 200, "{wire:?}");
        assert_eq!(is_empty, trailers.is_none(), "{wire:?}: trailers-only ends the stream with its headers");
        let fields = trailers.unwrap_or(head.headers);
        assert_eq!(fields.get("grpc-status").map(|status| status.as_bytes()), Some(&b"7"[..]), "{wire:?}");
        assert_eq!(fields.contains_key("www-authenticate"), wire.is_lack_of_scope(), "{wire:?}");
        if !name.is_empty() {
            let bytes = base64::engine::general_purpose::STANDARD_NO_PAD.decode(&fields[name])?;
            assert!(String::from_utf8_lossy(&bytes).contains(word), "{wire:?}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn requests_are_recorded_without_showing_what_they_carried() -> Result<()> {
    let google = story().start().await?;
    let token = google.token();
    call("POST", &format!("{}&secret=hush", upload_url(&google)), &token, "").await?;
    send("GET", &google.url_of(Service::Front), &[], "").await?;
    google.idle().await;
    let requests = google.requests();
    let [upload, other] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!((upload.service(), upload.verb().as_str()), (Service::Storage, "POST"));
    assert_eq!(upload.path(), "/upload/storage/v1/b/photos/o");
    assert_eq!(upload.status(), Some(StatusCode::FORBIDDEN));
    assert_eq!(upload.header("authorization"), Some(format!("Bearer {token}").as_str()));
    assert!(upload.has_authorization() && !other.has_authorization());
    let shown = format!("{requests:?} {google:?}");
    assert!(!shown.contains(&token) && !shown.contains("hush"), "{shown}");
    Ok(())
}

#[tokio::test]
async fn a_description_that_makes_no_sense_is_refused_with_its_words() {
    for (builder, word) in [
        (photos().iam("photos", ACCOUNT, "roles/storage.objectAdmn"), "roles/storage.objectAdmn"),
        (photos().iam("photo", ACCOUNT, "roles/storage.objectAdmin"), "`photo`"),
        (photos().vm(Vm::new("a")).vm(Vm::new("a")), "`a`"),
        (photos().vm(Vm::new("a").project("other")), "`a`"),
    ] {
        let error = builder.start().await.expect_err(word).to_string();
        assert!(error.contains(word), "{error}");
    }
}

async fn front(google: &FakeGoogle) -> Result<Answer> {
    send("GET", &google.url_of(Service::Front), &[], "").await
}

#[tokio::test]
async fn faults_spoil_the_answer_and_end_when_healed() -> Result<()> {
    let google = photos().start().await?;
    google.front().times(usize::MAX).respond_with(Wire::Scope);
    let plain = front(&google).await?;

    google.fault(Service::Front, Fault::Status(StatusCode::BAD_GATEWAY));
    assert_eq!(front(&google).await?.status, 502);
    google.fault(Service::Front, Fault::Garbage);
    let garbage = front(&google).await?;
    assert_eq!((garbage.status, garbage.json()), (403, Value::Null));
    for fault in [Fault::Drop, Fault::NotHttp] {
        google.fault(Service::Front, fault);
        assert!(front(&google).await.is_err(), "{fault:?}");
    }
    google.fault(Service::Front, Fault::Flaky { failures: 2, of: 3 });
    let mut seen = Vec::new();
    for _ in 0..6 {
        seen.push(front(&google).await?.status);
    }
    assert_eq!(seen, [503, 503, 403, 503, 503, 403]);
    google.fault(Service::Front, Fault::ChunkSize(7));
    let chunked = front(&google).await?;
    assert_eq!((&chunked.body, chunked.header("content-length")), (&plain.body, ""));
    google.fault(Service::Front, Fault::Gzip);
    let zipped = front(&google).await?;
    assert_eq!((zipped.header("content-encoding"), &zipped.body[..2]), ("gzip", &b"\x1f\x8b"[..]));
    google.fault(Service::Front, Fault::Latency(Duration::from_millis(1)));
    assert_eq!(front(&google).await?.body, plain.body);
    google.heal(Service::Front);
    assert_eq!(front(&google).await?.body, plain.body);
    Ok(())
}

#[tokio::test]
async fn a_hanging_answer_ends_when_the_client_goes() -> Result<()> {
    let google = photos().start().await?;
    google.fault(Service::Front, Fault::Hang);
    let url = google.url_of(Service::Front);
    let client = tokio::spawn(async move { send("GET", &url, &[], "").await.map(|answer| answer.status) });
    google.wait_for(|requests| requests.len() == 1).await;
    client.abort();
    google.idle().await;
    assert_eq!(google.requests()[0].status(), None);
    Ok(())
}

#[tokio::test]
async fn endless_and_huge_bodies_stop_when_the_client_has_had_enough() -> Result<()> {
    let google = photos().start().await?;
    for (fault, status) in [(Fault::EndlessBody, 200), (Fault::BigRefusal(1 << 30), 403)] {
        google.fault(Service::Front, fault);
        let client = Client::builder(TokioExecutor::new()).build_http();
        let request = Request::get(google.url_of(Service::Front)).body(Full::<Bytes>::default())?;
        let mut answer = client.request(request).await?;
        assert_eq!(answer.status().as_u16(), status);
        let mut had = 0;
        while had < 1 << 20 {
            had += answer.frame().await.context("more to come")??.into_data().map_or(0, |data| data.len());
        }
        drop(answer);
        google.idle().await;
    }
    google.fault(Service::Front, Fault::BigRefusal(100_000));
    assert!(front(&google).await?.body.len() > 100_000, "a bounded one ends by itself");
    Ok(())
}

#[test]
fn it_serves_clients_that_block_the_only_thread_and_stops_on_drop() -> Result<()> {
    use std::io::{Read, Write};
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let google = runtime.block_on(photos().start())?;
    let address = google.metadata_host();
    let mut socket = std::net::TcpStream::connect(&address)?;
    socket.write_all(b"GET / HTTP/1.1\r\nhost: metadata\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer)?;
    assert!(answer.to_lowercase().contains("metadata-flavor: google"), "{answer}");
    let mut idle = std::net::TcpStream::connect(&address)?;
    drop(google);
    assert_eq!(idle.read(&mut [0; 1]).unwrap_or(0), 0, "open connections are closed");
    Ok(())
}
