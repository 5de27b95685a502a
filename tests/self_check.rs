//! Checks the self-check against the fake Google: the report on each platform (recorded in
//! `tests/checks`), and the behaviour when servers fail. In a report each gate, OAuth scopes and
//! IAM, is open, closed or unknown for each need.
#![cfg(all(feature = "reqwest", feature = "catalog-full"))]
#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows unwrap in test functions only, not in their helper functions"
)]

#[path = "support/plain.rs"]
mod plain;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use gcp_scopes::refusal::Gate;
use gcp_scopes::self_check::{GateState, Report, SelfCheck};
use gcp_scopes::token_source::TokenSource;
use gcp_scopes::{Guard, GuardBuilder, Scope, ScopeSet};
use gcp_scopes_testing::{FakeGoogle, FakePlatform, Fault, RefusalForm, Service, Vm};
use http::StatusCode;

/// The account that the fake's VM has by default.
const ACCOUNT: &str = "123456789012-compute@developer.gserviceaccount.com";
const BUCKET: &str = "//storage.googleapis.com/projects/_/buckets/photos";
const TOPIC: &str = "//pubsub.googleapis.com/projects/my-project/topics/orders";

/// The APIs for which the guard uses [`Service::OtherApi`] of the fake. That service also
/// implements the `testIamPermissions` methods of these APIs.
const APIS: &str = "pubsub cloudresourcemanager secretmanager bigquery cloudtasks cloudkms spanner";

/// Starts a fake Google with `vm`, a bucket and a topic. The default accounts of all platforms may
/// create objects in the bucket and publish to the topic.
async fn google(vm: Vm) -> Result<FakeGoogle> {
    // Installs the crypto provider that reqwest may need.
    drop(plain::client());
    let google = FakeGoogle::builder().vm(vm).bucket("photos").start().await?;
    const APP_ENGINE: &str = "my-project@appspot.gserviceaccount.com";
    const WORKLOAD: &str = "workload@my-project.iam.gserviceaccount.com";
    for account in [ACCOUNT, APP_ENGINE, WORKLOAD] {
        google.grant("photos", account, "roles/storage.objectCreator");
        google.grant("projects/my-project/topics/orders", account, "pubsub.topics.publish");
    }
    Ok(google)
}

/// Returns the builder of a guard for the fake Google.
fn builder(google: &FakeGoogle) -> Result<GuardBuilder> {
    let guard = Guard::builder().env(google.env());
    let guard = guard.endpoint(google.storage_url(), "storage.googleapis.com")?;
    let front = APIS.split(' ').try_fold(guard, |guard, api| {
        guard.endpoint(google.url_of(Service::OtherApi), &format!("{api}.googleapis.com"))
    })?;
    Ok(front.tokeninfo_endpoint(format!("{}/tokeninfo", google.oauth_url()))?)
}

/// Creates a guard. Repeats detection until the metadata server responds in time, at most 20 times:
/// detection waits one second for all responses, which may be too short on a busy machine.
async fn guard(google: &FakeGoogle) -> Result<Guard> {
    for _ in 0..20 {
        let guard = builder(google)?.detect().await;
        if guard.environment().project().is_some() {
            return Ok(guard);
        }
    }
    anyhow::bail!("the fake metadata server never answered in time")
}

/// Creates a self-check with a time limit that is long enough for a busy machine.
fn long_self_check(guard: &Guard) -> SelfCheck {
    guard.self_check().timeout(Duration::from_secs(60))
}

/// Creates the self-check of a small service, which uploads and reads objects, and publishes
/// messages.
fn service(guard: &Guard) -> SelfCheck {
    let publish = "POST https://pubsub.googleapis.com/v1/projects/{project}/topics/{topic}:publish";
    let check = long_self_check(guard).needs("storage.objects.get").needs("storage.objects.insert");
    let check = check.needs(publish);
    let check = check.iam(BUCKET, ["storage.objects.create", "storage.objects.delete"]);
    check.iam(TOPIC, ["pubsub.topics.publish"])
}

/// Compares the report with the recorded file `name`, or records the report if `UPDATE_CHECKS=1`.
/// Also checks that only commands, URLs and names make a line longer than 80 columns.
fn compare(name: &str, report: &Report) -> Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/checks/{name}.txt"));
    let error = report.clone().into_result().err();
    let error = error.map(|error| format!("\n---\n{error}\n")).unwrap_or_default();
    let text = format!("{report}{error}");
    for line in report.to_string().lines() {
        let unwrapped = ["       ", "     http", "     console: "];
        let is_whole = unwrapped.iter().any(|start| line.starts_with(start));
        ensure!(line.chars().count() <= 80 || is_whole || line.contains("//"), "{name}: {line}");
    }
    if std::env::var("UPDATE_CHECKS").is_ok_and(|value| value == "1") {
        fs::write(path, &text)?;
        return Ok(());
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    ensure!(
        text == expected,
        "{name} differs from the recorded report (UPDATE_CHECKS=1 records it):\n{text}"
    );
    Ok(())
}

#[tokio::test]
async fn each_platform_has_the_recorded_report() -> Result<()> {
    let rows = [
        ("gce-default-scopes", FakePlatform::ComputeEngine),
        ("instance-group", FakePlatform::ManagedInstanceGroup),
        ("gke-node", FakePlatform::GkeNode),
        ("gke-workload-identity", FakePlatform::GkeWorkloadIdentity),
        ("cloud-run", FakePlatform::CloudRunService),
        ("cloud-run-job", FakePlatform::CloudRunJob),
        ("cloud-run-worker-pool", FakePlatform::CloudRunWorkerPool),
        ("functions", FakePlatform::CloudFunctions),
        ("app-engine", FakePlatform::AppEngineStandard),
        ("dataproc", FakePlatform::Dataproc),
        ("dataflow", FakePlatform::Dataflow),
        ("workbench", FakePlatform::Workbench),
    ];
    for (name, platform) in rows {
        let google = google(Vm::new("web-1").platform(platform)).await?;
        compare(name, &service(&guard(&google).await?).run().await).with_context(|| name)?;
    }
    Ok(())
}

#[tokio::test]
async fn a_vm_with_cloud_platform_is_open_after_the_iam_grant() -> Result<()> {
    let google = google(Vm::new("web-1").scopes(["cloud-platform"])).await?;
    compare("gce-cloud-platform", &service(&guard(&google).await?).run().await)?;
    google.grant("photos", ACCOUNT, "roles/storage.objectUser");
    let report = service(&guard(&google).await?).run().await;
    compare("gce-open", &report)?;
    ensure!(report.is_open() && report.into_result().is_ok());
    Ok(())
}

#[tokio::test]
async fn reports_defer_to_iam_only_if_the_iam_result_is_unknown() -> Result<()> {
    // The default account of the project would be replaced by another one, whose roles are unknown.
    let own = "robot@my-project.iam.gserviceaccount.com";
    let google = google(Vm::new("web-1").account(own)).await?;
    google.grant("photos", own, "roles/storage.objectCreator");
    let guard = guard(&google).await?;
    let uploads = || long_self_check(&guard).needs("storage.objects.insert");
    let open = uploads().iam(BUCKET, ["storage.objects.create"]);
    let closed = uploads().iam(BUCKET, ["storage.objects.delete"]);
    let publishes = || open.clone().needs("pubsub.projects.topics.publish");
    // Each row contains a check, and whether the report leaves the decision to IAM. The report does
    // so only if the result of IAM is unknown for one of the needs.
    let rows = [
        (uploads(), true),
        (open.clone(), false),
        (closed, false),
        (publishes(), true),
        // The query of IAM itself needs a scope of Pub/Sub, which the token lacks.
        (publishes().iam(TOPIC, ["pubsub.topics.publish"]), true),
    ];
    for (check, is_deferred) in rows {
        let report = check.run().await;
        ensure!(report.state() == GateState::Closed, "{report}");
        ensure!(report.to_string().contains("Then IAM decides") == is_deferred, "{report}");
    }
    Ok(())
}

#[tokio::test]
async fn a_vm_without_an_account_is_closed_for_every_call() -> Result<()> {
    let google = google(Vm::new("web-1").no_account()).await?;
    let report = service(&guard(&google).await?).run().await;
    compare("gce-no-account", &report)?;
    ensure!(report.state() == GateState::Closed && report.into_result().is_err());
    Ok(())
}

#[tokio::test]
async fn cloud_platform_is_not_advised_for_drive() -> Result<()> {
    let google = google(Vm::new("web-1").platform(FakePlatform::CloudRunService)).await?;
    let both = |guard: &Guard| {
        let check = long_self_check(guard).needs("drive.files.list");
        check.needs("storage.objects.insert")
    };
    compare("cloud-run-drive", &both(&guard(&google).await?).run().await)?;
    let google = self::google(Vm::new("web-1")).await?;
    compare("gce-drive", &both(&guard(&google).await?).run().await)
}

#[tokio::test]
async fn invalid_needs_are_reported_with_suggestions() -> Result<()> {
    let google = google(Vm::new("web-1")).await?;
    let guard = guard(&google).await?;
    let check = long_self_check(&guard).needs("storage.objects.insrt").needs_read_of("pubsbu");
    let check = check.needs("GET storage://photos").iam("photos", ["storage.objects.get"]);
    let check = check.iam(BUCKET, ["pubsub.topics.publish"]);
    let report = check.run().await;
    compare("invalid", &report)?;
    ensure!(report.state() == GateState::Invalid && report.into_result().is_err());
    Ok(())
}

#[tokio::test]
async fn an_api_is_open_if_all_methods_are_open() -> Result<()> {
    let google = google(Vm::new("web-1").scopes(["devstorage.read_only", "pubsub"])).await?;
    let check = long_self_check(&guard(&google).await?).needs_read_of("storage");
    let check = check.needs_write_to("pubsub").needs_read_of("pubsub");
    compare("apis", &check.run().await)
}

/// The self-check does not create tokens from a credential file.
#[tokio::test]
async fn a_credential_in_a_file_needs_a_token_source() -> Result<()> {
    // Installs the crypto provider that reqwest may need.
    drop(plain::client());
    // Cargo runs the test in the folder of the crate.
    const KEY: &str = "tests/worlds/laptop-service-account-key/key.json";
    let guard = Guard::builder()
        .env([("GOOGLE_APPLICATION_CREDENTIALS", KEY), ("NO_GCE_CHECK", "true")])
        .detect()
        .await;
    let report = service(&guard).run().await;
    compare("laptop-key-file", &report)?;
    ensure!(report.state() == GateState::Unknown);
    Ok(())
}

/// A permission of Cloud KMS.
const ENCRYPT: &str = "cloudkms.cryptoKeyVersions.useToEncrypt";

/// One resource of each kind that the fake supports, with a permission.
const RESOURCES: [(&str, &str); 10] = [
    ("projects/my-project", "bigquery.jobs.create"),
    ("projects/my-project/topics/orders", "pubsub.topics.publish"),
    ("projects/my-project/subscriptions/mine", "pubsub.subscriptions.consume"),
    ("projects/my-project/secrets/key", "secretmanager.versions.access"),
    ("projects/my-project/datasets/d/tables/t", "bigquery.tables.getData"),
    ("projects/my-project/locations/us-central1/queues/q", "cloudtasks.tasks.create"),
    ("projects/my-project/locations/us/keyRings/r/cryptoKeys/k", ENCRYPT),
    ("projects/my-project/instances/i", "spanner.databases.list"),
    ("projects/my-project/instances/i/databases/d", "spanner.databases.read"),
    ("projects/_/buckets/photos/objects/a b/c.jpg", "storage.objects.get"),
];

/// Returns the full resource name of `resource`, with the service that `permission` belongs to.
fn full_name(resource: &str, permission: &str) -> String {
    let service = match permission.split('.').next().unwrap_or_default() {
        _ if resource == "projects/my-project" => "cloudresourcemanager",
        service => service,
    };
    format!("//{service}.googleapis.com/{resource}")
}

/// Creates a self-check that queries IAM for every resource of [`RESOURCES`].
fn all_resources(guard: &Guard) -> SelfCheck {
    RESOURCES.into_iter().fold(long_self_check(guard), |check, (resource, permission)| {
        check.iam(full_name(resource, permission), [permission])
    })
}

#[tokio::test]
async fn each_kind_of_resource_is_open_only_if_granted() -> Result<()> {
    let google = google(Vm::new("web-1").scopes(["cloud-platform"])).await?;
    google.revoke("projects/my-project/topics/orders", ACCOUNT, "pubsub.topics.publish");
    let guard = guard(&google).await?;
    compare("iam-closed", &all_resources(&guard).run().await)?;
    for (resource, permission) in RESOURCES {
        google.grant(resource, ACCOUNT, permission);
    }
    // The fake checks the permissions of an object on its bucket.
    google.grant("photos", ACCOUNT, "storage.objects.get");
    let report = all_resources(&guard).run().await;
    ensure!(report.is_open(), "{report}");
    Ok(())
}

#[tokio::test]
async fn iam_is_unknown_if_the_token_lacks_the_scope_to_query_iam() -> Result<()> {
    let google = google(Vm::new("web-1").scopes(["logging.write"])).await?;
    let report = all_resources(&guard(&google).await?).run().await;
    compare("iam-not-asked", &report)?;
    for finding in report.findings() {
        let reason = finding.why().unwrap_or_default();
        ensure!(finding.state() == GateState::Unknown && reason.contains("scope"), "{finding:?}");
        ensure!(finding.gate() == Gate::Iam && finding.missing().is_empty());
    }
    Ok(())
}

#[tokio::test]
async fn a_refused_iam_query_is_unknown_with_a_reason() -> Result<()> {
    let google = google(Vm::new("web-1").scopes(["cloud-platform"])).await?;
    let guard = guard(&google).await?;
    let rows = [
        (RefusalForm::ServiceDisabled, "not enabled"),
        (RefusalForm::VpcSc, "perimeter"),
        (RefusalForm::IamDenied, "may not test"),
        (RefusalForm::ScopeForbidden, "scope"),
    ];
    for (form, reason) in rows {
        google.other_api().respond_with(form);
        let check = long_self_check(&guard).iam(TOPIC, ["pubsub.topics.publish"]);
        let report = check.run().await;
        let finding = report.findings().first().context("the report has no finding")?;
        ensure!(finding.state() == GateState::Unknown, "{finding:?}");
        ensure!(finding.why().unwrap_or_default().contains(reason), "{finding:?}");
    }
    for status in [400_u16, 401, 404, 429, 500, 503] {
        let response = http::Response::builder().status(StatusCode::from_u16(status)?).body("x")?;
        google.other_api().respond(response);
        let check = long_self_check(&guard).iam(TOPIC, ["pubsub.topics.publish"]);
        ensure!(check.run().await.state() == GateState::Unknown, "{status}");
    }
    Ok(())
}

/// Tests each fault of each server by itself.
#[tokio::test]
async fn server_faults_lead_to_unknown_and_never_to_closed() -> Result<()> {
    let google = google(Vm::new("web-1").platform(FakePlatform::CloudRunService)).await?;
    let guard = guard(&google).await?;
    google.grant("photos", ACCOUNT, "roles/storage.admin");
    let faults = [
        Fault::Status(StatusCode::SERVICE_UNAVAILABLE),
        Fault::Garbage,
        Fault::NotHttp,
        Fault::EndlessBody,
        Fault::Drop,
    ];
    for service in [Service::Metadata, Service::OAuth, Service::Storage, Service::OtherApi] {
        for fault in faults {
            google.set_fault(service, fault);
            let report = self::service(&guard).run().await;
            ensure!(report.state() <= GateState::Unknown, "{service:?} {fault:?}\n{report}");
        }
        google.clear_fault(service);
    }
    Ok(())
}

#[tokio::test]
async fn the_check_ends_at_the_deadline_when_every_server_hangs() -> Result<()> {
    let google = google(Vm::new("web-1").scopes(["cloud-platform"])).await?;
    let guard = guard(&google).await?;
    for service in [Service::Metadata, Service::OAuth, Service::Storage, Service::OtherApi] {
        google.set_fault(service, Fault::Hang);
    }
    for limit in [Duration::from_secs(2), Duration::from_millis(300), Duration::ZERO] {
        for check in [service(&guard), service(&guard).with_token(Hanging)] {
            let start = Instant::now();
            let report = check.timeout(limit).run().await;
            // Ten seconds more than the limit, for a busy machine. Unit tests check the limit
            // exactly.
            let took = start.elapsed();
            ensure!(took <= limit + Duration::from_secs(10), "{took:?}");
            ensure!(report.state() == GateState::Unknown, "{report}");
        }
    }
    let report = guard.self_check().needs("storage.objects.get").with_token(Hanging).run().await;
    let reason = report.findings()[0].why().unwrap_or_default();
    ensure!(reason.contains("in time"), "{reason}");
    Ok(())
}

/// A token source that never returns.
struct Hanging;

impl TokenSource for Hanging {
    async fn token_for(&self, _: &str) -> Result<String, gcp_scopes::BoxError> {
        std::future::pending().await
    }
}

/// A token source that issues tokens with exactly the requested scope, as for a service account
/// key.
struct IssueRequestedScope(FakeGoogle);

impl TokenSource for IssueRequestedScope {
    async fn token_for(&self, scope: &str) -> Result<String, gcp_scopes::BoxError> {
        Ok(self.0.mint(ACCOUNT, [scope]))
    }
}

#[tokio::test]
async fn a_token_source_is_asked_for_the_scope_of_each_call() -> Result<()> {
    let google = google(Vm::new("web-1")).await?;
    google.grant("photos", ACCOUNT, "roles/storage.objectUser");
    let guard = guard(&google).await?;
    let report = service(&guard).with_token(IssueRequestedScope(google)).run().await;
    ensure!(report.is_open(), "{report}");
    ensure!(
        report.granted().is_unknown(),
        "with several tokens the report should give no granted scopes: {:?}",
        report.granted()
    );
    Ok(())
}

/// A token source that fails with an error that contains a token.
struct FailingTokenSource;

impl TokenSource for FailingTokenSource {
    async fn token_for(&self, _: &str) -> Result<String, gcp_scopes::BoxError> {
        Err("ya29.SECRET is no good".into())
    }
}

#[tokio::test]
async fn tokens_and_token_source_errors_are_not_shown() -> Result<()> {
    let google = google(Vm::new("web-1")).await?;
    let guard = guard(&google).await?;
    let token = google.token();
    for check in [service(&guard), service(&guard).with_token(FailingTokenSource)] {
        let check_text = format!("{check:?}");
        let report = check.run().await;
        let shown = format!(
            "{check_text}{report}{report:?}{}{:?}",
            serde_json::to_string(&report)?,
            report.clone().into_result()
        );
        let secrets = [token.as_str(), "SECRET", "ya29"];
        ensure!(!secrets.iter().any(|secret| shown.contains(secret)), "{shown}");
    }
    Ok(())
}

#[tokio::test]
async fn the_json_has_every_key_and_the_values_of_the_report() -> Result<()> {
    let google = google(Vm::new("web-1")).await?;
    let report = service(&guard(&google).await?).run().await;
    let json = serde_json::to_value(&report)?;
    let keys = json.as_object().context("the JSON is no object")?.keys();
    let keys: Vec<&str> = keys.map(String::as_str).collect();
    let expected = [
        "account",
        "credential",
        "expires_in_seconds",
        "findings",
        "grant_source",
        "granted",
        "granted_unlimited",
        "granted_why_unknown",
        "instance",
        "location",
        "name",
        "other_options",
        "platform",
        "project",
        "runs_on",
        "state",
        "steps",
    ];
    let mut sorted = keys.clone();
    sorted.sort_unstable();
    ensure!(sorted == expected, "{sorted:?}");
    ensure!(json["state"] == "closed" && json["platform"] == "gcp_compute_engine");
    ensure!(json["name"] == "web-1");
    ensure!(json["findings"][1]["state"] == "closed" && json["findings"][1]["gate"] == "scope");
    ensure!(json["findings"][1]["accepted"].as_array().is_some_and(|list| list.len() == 3));
    ensure!(json["findings"][3]["missing"] == serde_json::json!(["storage.objects.delete"]));
    ensure!(json["steps"].as_array().is_some_and(|steps| !steps.is_empty()));
    Ok(())
}

#[tokio::test]
async fn the_printed_scopes_open_every_closed_scope_gate() -> Result<()> {
    let google = google(Vm::new("web-1")).await?;
    let report = service(&guard(&google).await?).run().await;
    let commands = report.steps().iter().filter_map(|step| step.command_line());
    let scope_lists = commands.filter_map(|command| command.split("--scopes=").nth(1));
    let scope_lists: Vec<&str> =
        scope_lists.filter_map(|list| list.split([';', ' ']).next()).collect();
    let [list] = scope_lists[..] else { anyhow::bail!("{scope_lists:?}") };
    let scopes: Vec<Scope> = list.split(',').map(str::parse).collect::<Result<_, _>>()?;
    let scopes = ScopeSet::from_iter(scopes);
    let vm = google.vm("web-1");
    vm.stop()?;
    vm.set_scopes(scopes.iter().map(|scope| scope.to_string()).collect::<Vec<_>>())?;
    vm.start()?;
    google.grant("photos", ACCOUNT, "roles/storage.objectUser");
    let report = service(&guard(&google).await?).run().await;
    ensure!(report.is_open(), "{report}");
    Ok(())
}

#[tokio::test]
async fn a_report_to_a_file_has_no_colour() -> Result<()> {
    let google = google(Vm::new("web-1")).await?;
    let report = service(&guard(&google).await?).run().await;
    let file = fs::File::open(file!())?;
    ensure!(format!("{}", report.styled_for(&file)) == report.to_string());
    Ok(())
}

/// Calls of a service: the id of the method, the HTTP method, and the path and query.
const CALLS: [(&str, &str, &str); 6] = [
    ("storage.objects.get", "GET", "/storage/v1/b/photos/o/cat"),
    ("storage.objects.list", "GET", "/storage/v1/b/photos/o"),
    ("storage.objects.insert", "POST", "/upload/storage/v1/b/photos/o?uploadType=media&name=cat"),
    ("storage.objects.delete", "DELETE", "/storage/v1/b/photos/o/cat"),
    ("storage.buckets.get", "GET", "/storage/v1/b/photos"),
    ("storage.buckets.delete", "DELETE", "/storage/v1/b/other"),
];

/// Sends a call with the token of the VM. Returns whether the fake refuses the call for lack of
/// scope. The fake has its own table of scopes, so the result does not depend on the catalog.
async fn is_refused(google: &FakeGoogle, verb: &str, path: &str) -> Result<bool> {
    let url = format!("{}{path}", google.storage_url());
    let request = plain::client().request(verb.parse()?, url).bearer_auth(google.token());
    let response = request.body("meow").send().await?;
    let challenge = response.headers().get("www-authenticate");
    Ok(challenge.is_some_and(|value| {
        value.to_str().is_ok_and(|value| value.contains("insufficient_scope"))
    }))
}

/// What a self-check at the start reports about the calls that are refused later.
#[derive(Debug, Default)]
struct LatentRefusals {
    calls: usize,
    refused: usize,
    /// Refused calls for which the check reported the scope gate as closed.
    reported: usize,
    /// Refused calls for which the check reported the scope gate as unknown.
    unknown: usize,
    /// Calls that were not refused, although the check reported the scope gate as closed.
    wrong: usize,
}

/// Compares the self-check of the calls with the calls, for one platform and several lists of
/// scopes.
async fn latent_refusals(platform: FakePlatform) -> Result<LatentRefusals> {
    let mut counts = LatentRefusals::default();
    let ids: Vec<String> = CALLS.map(|(id, ..)| format!(r#"{{"method": "{id}"}}"#)).to_vec();
    let needs = format!(r#"{{"needs": [{}]}}"#, ids.join(", "));
    for scopes in [
        vec!["devstorage.read_only"],
        vec!["devstorage.read_write", "pubsub"],
        vec!["cloud-platform"],
    ] {
        let google = google(Vm::new("web-1").platform(platform).scopes(scopes)).await?;
        let report = long_self_check(&guard(&google).await?).needs_of(&needs).run().await;
        for (id, verb, path) in CALLS {
            let finding = report.findings().iter().find(|finding| finding.subject() == id);
            let state = finding.context(id)?.state();
            let is_refused = is_refused(&google, verb, path).await?;
            counts.calls += 1;
            counts.refused += usize::from(is_refused);
            counts.reported += usize::from(is_refused && state == GateState::Closed);
            counts.unknown += usize::from(is_refused && state == GateState::Unknown);
            counts.wrong += usize::from(!is_refused && state == GateState::Closed);
        }
    }
    Ok(counts)
}

#[tokio::test]
async fn the_check_at_the_start_reports_the_calls_that_are_refused_later() -> Result<()> {
    let platforms = [
        FakePlatform::ComputeEngine,
        FakePlatform::ManagedInstanceGroup,
        FakePlatform::GkeNode,
        FakePlatform::GkeWorkloadIdentity,
        FakePlatform::CloudRunService,
        FakePlatform::CloudRunJob,
        FakePlatform::CloudFunctions,
        FakePlatform::AppEngineStandard,
        FakePlatform::Dataproc,
        FakePlatform::Dataflow,
        FakePlatform::Workbench,
    ];
    let (mut refused, mut reported, mut unknown) = (0, 0, 0);
    println!("platform: calls, refused later, reported at the start, not known, wrong");
    for platform in platforms {
        let counts = latent_refusals(platform).await?;
        let LatentRefusals { calls, wrong, .. } = counts;
        println!(
            "{platform:?}: {calls}, {}, {}, {}, {wrong}",
            counts.refused, counts.reported, counts.unknown
        );
        ensure!(wrong == 0, "{platform:?}: {counts:?}");
        refused += counts.refused;
        reported += counts.reported;
        unknown += counts.unknown;
    }
    println!("all: {refused} refused, {reported} reported, {unknown} not known");
    ensure!(refused > 0 && reported * 100 >= (refused - unknown) * 95, "{reported} of {refused}");
    Ok(())
}

#[tokio::test]
async fn a_need_on_a_resource_asks_both_gates() -> Result<()> {
    let google = google(Vm::new("web-1").scopes(["cloud-platform"])).await?;
    let guard = guard(&google).await?;
    let states = |report: &Report| -> Vec<(Gate, GateState)> {
        report.findings().iter().map(|finding| (finding.gate(), finding.state())).collect()
    };
    let open = [(Gate::Scope, GateState::Open), (Gate::Iam, GateState::Open)];
    let insert = "storage.objects.insert";
    let report = long_self_check(&guard).needs_on(insert, "gs://photos").run().await;
    ensure!(states(&report) == open, "{report}");
    let file = r#"{"needs": [{"method": "storage.objects.insert", "resource": "gs://photos"}]}"#;
    ensure!(states(&long_self_check(&guard).needs_of(file).run().await) == open);
    // The account may not read: only IAM is closed.
    let report = long_self_check(&guard).needs_on("storage.objects.get", "gs://photos").run().await;
    ensure!(report.findings()[1].state() == GateState::Closed, "{report}");
    // The permissions of this method depend on the request, so only the scope gate is checked.
    let rewrite = "storage.objects.rewrite";
    let report = long_self_check(&guard).needs_on(rewrite, "gs://photos").run().await;
    ensure!(states(&report) == open[..1], "{report}");
    let report = long_self_check(&guard).needs_of("{").run().await;
    ensure!(report.state() == GateState::Invalid && report.to_string().contains("needs file"));
    Ok(())
}
