//! The self-check against the fake Google: what a person reads on each platform, and what it does
//! when no server answers.
#![cfg(all(feature = "reqwest", feature = "catalog-full"))]
#![allow(clippy::unwrap_used, reason = "clippy.toml allows it in tests, but not in what they call")]

#[path = "support/plain.rs"]
mod plain;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use gcp_scopes::guard::GuardBuilder;
use gcp_scopes::refusal::Gate;
use gcp_scopes::self_check::{Access, GateState, Report, SelfCheck};
use gcp_scopes::token_source::TokenSource;
use gcp_scopes::{Guard, Scope, ScopeSet};
use gcp_scopes_testing::{FakeGoogle, Fault, Platform, RefusalForm, Service, Vm};
use http::StatusCode;

const ACCOUNT: &str = "123456789012-compute@developer.gserviceaccount.com";
const BUCKET: &str = "//storage.googleapis.com/projects/_/buckets/photos";
const TOPIC: &str = "//pubsub.googleapis.com/projects/my-project/topics/orders";

/// APIs for which the fake's front end answers IAM's questions.
const APIS: &str = "pubsub cloudresourcemanager secretmanager bigquery cloudtasks cloudkms spanner";

async fn google(vm: Vm) -> Result<FakeGoogle> {
    let _ = plain::client();
    let google = FakeGoogle::builder().vm(vm).bucket("photos").start().await?;
    const APP_ENGINE: &str = "my-project@appspot.gserviceaccount.com";
    const WORKLOAD: &str = "workload@my-project.iam.gserviceaccount.com";
    for account in [ACCOUNT, APP_ENGINE, WORKLOAD] {
        google.grant("photos", account, "roles/storage.objectCreator");
        google.grant("projects/my-project/topics/orders", account, "pubsub.topics.publish");
    }
    Ok(google)
}

fn builder(google: &FakeGoogle) -> Result<GuardBuilder> {
    let guard = Guard::builder().env(google.env());
    let guard = guard.endpoint(google.storage_url(), "storage.googleapis.com")?;
    let front = APIS.split(' ').try_fold(guard, |guard, api| {
        guard.endpoint(google.url_of(Service::OtherApi), &format!("{api}.googleapis.com"))
    })?;
    Ok(front.tokeninfo_endpoint(format!("{}/tokeninfo", google.oauth_url()))?)
}

/// A look at the place takes a second at most, which may be too short on a busy machine.
async fn guard(google: &FakeGoogle) -> Result<Guard> {
    for _ in 0..20 {
        let guard = builder(google)?.detect().await;
        if guard.environment().project().is_some() {
            return Ok(guard);
        }
    }
    anyhow::bail!("the fake metadata server never answered in time")
}

/// The fake is on this machine and answers at once; a busy machine may be slow all the same.
fn patient(guard: &Guard) -> SelfCheck {
    guard.self_check().timeout(Duration::from_secs(60))
}

/// What a small service needs: it uploads, reads back, and publishes.
fn service(guard: &Guard) -> SelfCheck {
    let publish = "POST https://pubsub.googleapis.com/v1/projects/{project}/topics/{topic}:publish";
    let check = patient(guard).needs("storage.objects.get").needs("storage.objects.insert");
    let check = check.needs(publish);
    let check = check.iam(BUCKET, ["storage.objects.create", "storage.objects.delete"]);
    check.iam(TOPIC, ["pubsub.topics.publish"])
}

/// Compares with the file of this name, or writes it: `UPDATE_CHECKS=1`. To be read by a person.
fn compare(name: &str, report: &Report) -> Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/checks/{name}.txt"));
    let error = report.clone().into_result().err();
    let error = error.map(|error| format!("\n---\n{error}\n")).unwrap_or_default();
    let text = format!("{report}{error}");
    for line in report.to_string().lines() {
        let starts = ["       ", "     http", "     console: "];
        let is_whole = starts.iter().any(|start| line.starts_with(start));
        ensure!(line.chars().count() <= 80 || is_whole || line.contains("//"), "{name}: {line}");
    }
    if std::env::var("UPDATE_CHECKS").is_ok_and(|value| value == "1") {
        fs::write(path, &text)?;
        return Ok(());
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    ensure!(text == expected, "{name} is not as expected (UPDATE_CHECKS=1 rewrites it):\n{text}");
    Ok(())
}

#[tokio::test]
async fn each_platform_gets_the_right_report() -> Result<()> {
    let rows = [
        ("gce-default-scopes", Platform::ComputeEngine),
        ("instance-group", Platform::ManagedInstanceGroup),
        ("gke-node", Platform::GkeNode),
        ("gke-workload-identity", Platform::GkeWorkloadIdentity),
        ("cloud-run", Platform::CloudRunService),
        ("cloud-run-job", Platform::CloudRunJob),
        ("cloud-run-worker-pool", Platform::CloudRunWorkerPool),
        ("functions", Platform::CloudFunctions),
        ("app-engine", Platform::AppEngineStandard),
        ("dataproc", Platform::Dataproc),
        ("dataflow", Platform::Dataflow),
        ("workbench", Platform::Workbench),
    ];
    for (name, platform) in rows {
        let google = google(Vm::new("web-1").platform(platform)).await?;
        compare(name, &service(&guard(&google).await?).run().await).with_context(|| name)?;
    }
    Ok(())
}

#[tokio::test]
async fn a_vm_with_cloud_platform_is_open_once_iam_agrees() -> Result<()> {
    let google = google(Vm::new("web-1").scopes(["cloud-platform"])).await?;
    compare("gce-cloud-platform", &service(&guard(&google).await?).run().await)?;
    google.grant("photos", ACCOUNT, "roles/storage.objectUser");
    let report = service(&guard(&google).await?).run().await;
    compare("gce-open", &report)?;
    ensure!(report.is_open() && report.into_result().is_ok());
    Ok(())
}

#[tokio::test]
async fn nothing_is_left_to_iam_where_iam_has_answered() -> Result<()> {
    let google = google(Vm::new("web-1")).await?;
    let guard = guard(&google).await?;
    let uploads = || patient(&guard).needs("storage.objects.insert");
    let open = uploads().iam(BUCKET, ["storage.objects.create"]);
    let closed = uploads().iam(BUCKET, ["storage.objects.delete"]);
    let publishes = || open.clone().needs("pubsub.projects.topics.publish");
    let rows = [
        (uploads(), true),
        (open.clone(), false),
        (closed, false),
        (publishes(), true),
        // That needs a scope of its own, which the token lacks.
        (publishes().iam(TOPIC, ["pubsub.topics.publish"]), true),
    ];
    for (check, is_left) in rows {
        let report = check.run().await;
        ensure!(report.state() == GateState::Closed, "{report}");
        ensure!(report.to_string().contains("Then IAM decides") == is_left, "{report}");
    }
    Ok(())
}

#[tokio::test]
async fn without_an_account_nothing_is_known_and_nothing_is_called_closed() -> Result<()> {
    let google = google(Vm::new("web-1").no_account()).await?;
    let report = service(&guard(&google).await?).run().await;
    compare("gce-no-account", &report)?;
    ensure!(report.state() == GateState::Unknown && report.into_result().is_ok());
    Ok(())
}

#[tokio::test]
async fn an_api_outside_google_cloud_is_not_fixed_by_cloud_platform() -> Result<()> {
    let google = google(Vm::new("web-1").platform(Platform::CloudRunService)).await?;
    let both = |guard: &Guard| {
        let check = patient(guard).needs("drive.files.list");
        check.needs("storage.objects.insert")
    };
    compare("cloud-run-drive", &both(&guard(&google).await?).run().await)?;
    let google = self::google(Vm::new("web-1")).await?;
    compare("gce-drive", &both(&guard(&google).await?).run().await)
}

#[tokio::test]
async fn needs_that_cannot_be_used_are_named_with_what_can() -> Result<()> {
    let google = google(Vm::new("web-1")).await?;
    let guard = guard(&google).await?;
    let check = patient(&guard).needs("storage.objects.insrt").needs_api("pubsbu", Access::Read);
    let check = check.needs("GET storage://photos").iam("photos", ["storage.objects.get"]);
    let check = check.iam(BUCKET, ["pubsub.topics.publish"]);
    let report = check.run().await;
    compare("invalid", &report)?;
    ensure!(report.state() == GateState::Invalid && report.into_result().is_err());
    Ok(())
}

#[tokio::test]
async fn an_api_is_open_if_all_its_methods_are() -> Result<()> {
    let google = google(Vm::new("web-1").scopes(["devstorage.read_only", "pubsub"])).await?;
    let check = patient(&guard(&google).await?).needs_api("storage", Access::Read);
    let check = check.needs_api("pubsub", Access::Write).needs_api("pubsub", Access::Read);
    compare("apis", &check.run().await)
}

/// A credential file on a laptop is not minted from.
#[tokio::test]
async fn a_credential_in_a_file_needs_a_token_source() -> Result<()> {
    let _ = plain::client();
    const KEY: &str = "/tests/worlds/laptop-service-account-key/key.json";
    let file = format!("{}{KEY}", env!("CARGO_MANIFEST_DIR"));
    let guard = Guard::builder()
        .env([("GOOGLE_APPLICATION_CREDENTIALS", file.as_str()), ("NO_GCE_CHECK", "true")])
        .detect()
        .await;
    let report = service(&guard).run().await;
    compare("laptop-key-file", &report)?;
    ensure!(report.state() == GateState::Unknown);
    Ok(())
}

/// A permission of KMS.
const ENCRYPT: &str = "cloudkms.cryptoKeyVersions.useToEncrypt";

/// The kinds of resources that the front end knows, with a permission each.
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

fn full_name(resource: &str, permission: &str) -> String {
    let service = match permission.split('.').next().unwrap_or_default() {
        _ if resource == "projects/my-project" => "cloudresourcemanager",
        service => service,
    };
    format!("//{service}.googleapis.com/{resource}")
}

fn all_resources(guard: &Guard) -> SelfCheck {
    RESOURCES.into_iter().fold(patient(guard), |check, (resource, permission)| {
        check.iam(full_name(resource, permission), [permission])
    })
}

#[tokio::test]
async fn each_kind_of_resource_is_open_when_granted_and_closed_when_not() -> Result<()> {
    let google = google(Vm::new("web-1").scopes(["cloud-platform"])).await?;
    google.revoke("projects/my-project/topics/orders", ACCOUNT, "pubsub.topics.publish");
    let guard = guard(&google).await?;
    compare("iam-closed", &all_resources(&guard).run().await)?;
    for (resource, permission) in RESOURCES {
        google.grant(resource, ACCOUNT, permission);
    }
    google.grant("photos", ACCOUNT, "storage.objects.get");
    let report = all_resources(&guard).run().await;
    ensure!(report.is_open(), "{report}");
    Ok(())
}

#[tokio::test]
async fn a_token_without_the_scope_to_ask_does_not_make_iam_look_closed() -> Result<()> {
    let google = google(Vm::new("web-1").scopes(["logging.write"])).await?;
    let report = all_resources(&guard(&google).await?).run().await;
    compare("iam-not-asked", &report)?;
    for finding in report.findings() {
        let why = finding.why().unwrap_or_default();
        ensure!(finding.state() == GateState::Unknown && why.contains("scope"), "{finding:?}");
        ensure!(finding.gate() == Gate::Iam && finding.missing().is_empty());
    }
    Ok(())
}

#[tokio::test]
async fn a_question_that_is_refused_says_why_and_closes_nothing() -> Result<()> {
    let google = google(Vm::new("web-1").scopes(["cloud-platform"])).await?;
    let guard = guard(&google).await?;
    let rows = [
        (RefusalForm::ServiceDisabled, "not enabled"),
        (RefusalForm::VpcSc, "perimeter"),
        (RefusalForm::IamDenied, "may not ask"),
        (RefusalForm::ScopeForbidden, "scope"),
    ];
    for (wire, hint) in rows {
        google.other_api().respond_with(wire);
        let check = patient(&guard).iam(TOPIC, ["pubsub.topics.publish"]);
        let report = check.run().await;
        let finding = report.findings().first().context("one")?;
        ensure!(finding.state() == GateState::Unknown, "{finding:?}");
        ensure!(finding.why().unwrap_or_default().contains(hint), "{finding:?}");
    }
    for status in [400_u16, 401, 404, 429, 500, 503] {
        let answer = http::Response::builder().status(StatusCode::from_u16(status)?).body("x")?;
        google.other_api().respond(answer);
        let check = patient(&guard).iam(TOPIC, ["pubsub.topics.publish"]);
        ensure!(check.run().await.state() == GateState::Unknown, "{status}");
    }
    Ok(())
}

/// Every fault of every server, one after the other: nothing panics, nothing is called closed, and
/// whatever hangs ends at the deadline.
#[tokio::test]
async fn faults_make_things_unknown_and_never_closed() -> Result<()> {
    let google = google(Vm::new("web-1").platform(Platform::CloudRunService)).await?;
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
async fn with_every_server_hanging_it_ends_at_its_deadline() -> Result<()> {
    let google = google(Vm::new("web-1").scopes(["cloud-platform"])).await?;
    let guard = guard(&google).await?;
    for service in [Service::Metadata, Service::OAuth, Service::Storage, Service::OtherApi] {
        google.set_fault(service, Fault::Hang);
    }
    for limit in [Duration::from_secs(2), Duration::from_millis(300), Duration::ZERO] {
        for check in [service(&guard), service(&guard).with_token(Hangs)] {
            let started = Instant::now();
            let report = check.timeout(limit).run().await;
            // A busy machine may be late; the check's own tests are exact about the deadline.
            let took = started.elapsed();
            ensure!(took <= limit + Duration::from_secs(10), "{took:?}");
            ensure!(report.state() == GateState::Unknown, "{report}");
        }
    }
    let report = guard.self_check().needs("storage.objects.get").with_token(Hangs).run().await;
    let why = report.findings()[0].why().unwrap_or_default();
    ensure!(why.contains("in time"), "{why}");
    Ok(())
}

struct Hangs;

impl TokenSource for Hangs {
    async fn token_for(&self, _: &str) -> Result<String, gcp_scopes::error::BoxError> {
        std::future::pending().await
    }
}

/// Mints for exactly the scope that is asked for, as a key file does.
struct Mints(FakeGoogle);

impl TokenSource for Mints {
    async fn token_for(&self, scope: &str) -> Result<String, gcp_scopes::error::BoxError> {
        Ok(self.0.mint(ACCOUNT, [scope]))
    }
}

#[tokio::test]
async fn a_source_that_heeds_scopes_is_asked_for_what_each_call_would_get() -> Result<()> {
    let google = google(Vm::new("web-1")).await?;
    google.grant("photos", ACCOUNT, "roles/storage.objectUser");
    let guard = guard(&google).await?;
    let report = service(&guard).with_token(Mints(google)).run().await;
    ensure!(report.is_open(), "{report}");
    ensure!(report.granted().is_unknown(), "there are several: {:?}", report.granted());
    Ok(())
}

struct Fails;

impl TokenSource for Fails {
    async fn token_for(&self, _: &str) -> Result<String, gcp_scopes::error::BoxError> {
        Err("ya29.SECRET is no good".into())
    }
}

#[tokio::test]
async fn neither_a_token_nor_an_error_of_its_source_is_shown() -> Result<()> {
    let google = google(Vm::new("web-1")).await?;
    let guard = guard(&google).await?;
    let token = google.token();
    for check in [service(&guard), service(&guard).with_token(Fails)] {
        let asked = format!("{check:?}");
        let report = check.run().await;
        let shown = format!(
            "{asked}{report}{report:?}{}{:?}",
            serde_json::to_string(&report)?,
            report.clone().into_result()
        );
        let secrets = [token.as_str(), "SECRET", "ya29"];
        ensure!(!secrets.iter().any(|secret| shown.contains(secret)), "{shown}");
    }
    Ok(())
}

#[tokio::test]
async fn the_json_has_every_key_and_says_the_same() -> Result<()> {
    let google = google(Vm::new("web-1")).await?;
    let report = service(&guard(&google).await?).run().await;
    let json = serde_json::to_value(&report)?;
    let keys = json.as_object().context("an object")?.keys();
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
        "location",
        "name",
        "platform",
        "project",
        "state",
        "steps",
    ];
    let mut sorted = keys.clone();
    sorted.sort_unstable();
    ensure!(sorted == expected, "{sorted:?}");
    ensure!(json["state"] == "closed" && json["platform"] == "compute_engine");
    ensure!(json["name"] == "web-1");
    ensure!(json["findings"][1]["state"] == "closed" && json["findings"][1]["gate"] == "scope");
    ensure!(json["findings"][1]["accepted"].as_array().is_some_and(|list| list.len() == 3));
    ensure!(json["findings"][3]["missing"] == serde_json::json!(["storage.objects.delete"]));
    ensure!(json["steps"].as_array().is_some_and(|steps| !steps.is_empty()));
    Ok(())
}

#[tokio::test]
async fn one_list_of_scopes_opens_every_closed_gate() -> Result<()> {
    let google = google(Vm::new("web-1")).await?;
    let report = service(&guard(&google).await?).run().await;
    let commands = report.steps().iter().filter_map(|step| step.command_line());
    let sets = commands.filter_map(|command| command.split("--scopes=").nth(1));
    let sets: Vec<&str> = sets.collect();
    let [all, recommended] = sets[..] else { anyhow::bail!("{sets:?}") };
    ensure!(recommended == "cloud-platform", "{recommended}");
    let scopes: Vec<Scope> = all.split(',').map(str::parse).collect::<Result<_, _>>()?;
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
async fn a_report_is_coloured_for_no_stream_that_is_not_a_terminal() -> Result<()> {
    let google = google(Vm::new("web-1")).await?;
    let report = service(&guard(&google).await?).run().await;
    let file = fs::File::open(file!())?;
    ensure!(format!("{}", report.on(&file)) == report.to_string());
    Ok(())
}
