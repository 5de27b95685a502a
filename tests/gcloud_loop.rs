//! Runs the commands of a report with the real gcloud against the fake Google, and checks that the
//! refused call then succeeds.
//!
//! Without gcloud on the `PATH`, each test prints a message and passes. With `REQUIRE_GCLOUD=1`,
//! each test fails without gcloud.

#[path = "support/plain.rs"]
mod plain;

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output};

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use gcp_scopes_testing::{FakeGoogle, FakeGoogleBuilder, Vm, default_scopes};
#[cfg(feature = "reqwest-middleware")]
use gcp_scopes_testing::{FakePlatform, Service};
use http::Request;
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

/// The account that the recommended commands create when they are pasted into a shell.
#[cfg(feature = "reqwest-middleware")]
const NEW_ACCOUNT: &str = "photos-1@my-project.iam.gserviceaccount.com";
const ACCOUNT: &str = "123456789012-compute@developer.gserviceaccount.com";

/// A temporary directory that is deleted on drop.
struct GcloudDir(PathBuf);

impl GcloudDir {
    fn new(name: &str) -> Result<Self> {
        let path = std::env::temp_dir().join(format!("gcp-scopes-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for GcloudDir {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// Checks whether gcloud can be run. Prints a message if not.
///
/// # Errors
/// Returns an error if gcloud cannot be run and `REQUIRE_GCLOUD=1` is set.
fn is_gcloud_installed() -> Result<bool> {
    if Command::new("gcloud").arg("--version").output().is_ok_and(|output| output.status.success())
    {
        return Ok(true);
    }
    if std::env::var("REQUIRE_GCLOUD").is_ok_and(|value| value == "1") {
        bail!("REQUIRE_GCLOUD=1, but there is no gcloud on the PATH");
    }
    // The test harness hides the output of `eprintln!` when a test passes.
    writeln!(std::io::stderr(), "SKIPPED: gcloud not found")?;
    Ok(false)
}

/// Runs gcloud with these arguments, configured to use the fake Google.
fn gcloud(google: &FakeGoogle, config: &GcloudDir, words: &str) -> Result<Output> {
    let inherited =
        ["PATH", "HOME", "LANG"].map(|name| (name, std::env::var(name).unwrap_or_default()));
    let mut command = Command::new("gcloud");
    command.env_clear().envs(inherited).envs(google.gcloud_env(&config.0)?).args(words.split(' '));
    command.output().with_context(|| format!("gcloud {words}"))
}

/// Runs gcloud and returns its output.
///
/// # Errors
/// Returns an error if gcloud fails.
fn gcloud_output(google: &FakeGoogle, config: &GcloudDir, words: &str) -> Result<String> {
    let output = gcloud(google, config, words)?;
    let printed = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    ensure!(output.status.success(), "gcloud {words}: {printed}\n{:?}", google.requests());
    Ok(printed)
}

/// Runs a command line in a shell, unchanged, and returns its output.
///
/// # Errors
/// Returns an error if the command fails.
#[cfg(feature = "reqwest-middleware")]
fn run_in_shell(google: &FakeGoogle, config: &GcloudDir, command: &str) -> Result<String> {
    let inherited =
        ["PATH", "HOME", "LANG"].map(|name| (name, std::env::var(name).unwrap_or_default()));
    let others = ["CLOUDRESOURCEMANAGER", "IAM"].map(|api| {
        let url = google.url_of(Service::OtherApi) + "/";
        (format!("CLOUDSDK_API_ENDPOINT_OVERRIDES_{api}"), url)
    });
    let mut shell = Command::new("sh");
    shell.env_clear().envs(inherited).envs(google.gcloud_env(&config.0)?).envs(others);
    let output = shell.args(["-c", command]).output().with_context(|| command.to_owned())?;
    let printed = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    ensure!(output.status.success(), "{command}: {printed}\n{:?}", google.requests());
    Ok(printed)
}

/// Returns the builder of a fake Google with a VM, web-1, that has the default scopes, and a
/// bucket.
fn fake_with_default_scopes() -> FakeGoogleBuilder {
    FakeGoogle::builder()
        .project("my-project", 123_456_789_012)
        .vm(Vm::new("web-1").zone("us-central1-a").account(ACCOUNT).scopes(default_scopes()))
        .bucket("photos")
}

/// Uploads an object without a guard and returns the status.
async fn upload(google: &FakeGoogle) -> Result<u16> {
    let url = format!(
        "{}/upload/storage/v1/b/photos/o?uploadType=media&name=cat.jpg",
        google.storage_url()
    );
    let request = Request::post(url).header("authorization", format!("Bearer {}", google.token()));
    let client = Client::builder(TokioExecutor::new()).build_http();
    let response = client.request(request.body(Full::new(Bytes::from_static(b"meow")))?).await?;
    Ok(response.status().as_u16())
}

#[tokio::test]
async fn setting_scopes_on_the_stopped_vm_fixes_the_scope_refusal() -> Result<()> {
    if !is_gcloud_installed()? {
        return Ok(());
    }
    let google = fake_with_default_scopes()
        .iam("photos", ACCOUNT, "roles/storage.objectAdmin")
        .start()
        .await?;
    let config = GcloudDir::new("scope-gate")?;
    let vm = "web-1 --zone=us-central1-a --project=my-project";
    let set =
        format!("compute instances set-service-account {vm} --scopes=storage-rw,logging-write");
    assert_eq!(upload(&google).await?, 403);

    let output = gcloud(&google, &config, &set)?;
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && message.contains("must be stopped"), "{message}");

    gcloud_output(&google, &config, &format!("compute instances stop {vm}"))?;
    gcloud_output(&google, &config, &set)?;
    gcloud_output(&google, &config, &format!("compute instances start {vm}"))?;
    let description =
        gcloud_output(&google, &config, &format!("compute instances describe {vm} --format=json"))?;
    assert!(
        description.contains("devstorage.read_write") && !description.contains("read_only"),
        "{description}"
    );
    let list =
        gcloud_output(&google, &config, "compute instances list --format=value(name,status)")?;
    assert!(list.contains("web-1\tRUNNING"), "{list}");
    assert_eq!(upload(&google).await?, 200);
    Ok(())
}

#[tokio::test]
async fn a_role_binding_fixes_the_iam_refusal() -> Result<()> {
    if !is_gcloud_installed()? {
        return Ok(());
    }
    let google = fake_with_default_scopes().start().await?;
    let vm = google.vm("web-1");
    vm.stop()?;
    vm.set_scopes(["cloud-platform"])?;
    vm.start()?;
    assert_eq!(upload(&google).await?, 403);
    let config = GcloudDir::new("iam-gate")?;
    let bind = format!(
        "storage buckets add-iam-policy-binding gs://photos --member=serviceAccount:{ACCOUNT} \
         --role=roles/storage.objectCreator"
    );
    gcloud_output(&google, &config, &bind)?;
    assert_eq!(upload(&google).await?, 200);
    Ok(())
}

/// Runs the commands of the denial's steps, unchanged and in order, and nothing else that changes
/// the VM.
#[cfg(feature = "reqwest-middleware")]
#[tokio::test]
async fn after_the_printed_steps_the_refused_call_succeeds() -> Result<()> {
    if !is_gcloud_installed()? {
        return Ok(());
    }
    let google = fake_with_default_scopes()
        .iam("photos", ACCOUNT, "roles/storage.objectAdmin")
        .iam("photos", NEW_ACCOUNT, "roles/storage.objectAdmin")
        .start()
        .await?;
    let config = GcloudDir::new("steps")?;
    plain::provider();
    let guard = gcp_scopes::Guard::builder().env(google.env());
    let guard = guard.endpoint(google.storage_url(), "storage.googleapis.com")?.detect().await;
    let client =
        reqwest_middleware::ClientBuilder::new(plain::client()).with(guard.middleware()).build();
    let upload = || {
        let path = "upload/storage/v1/b/photos/o?uploadType=media&name=cat.jpg";
        let url = format!("{}/{path}", google.storage_url());
        client.post(url).bearer_auth(google.token()).body("meow").send()
    };
    let error = upload().await.err().context("the upload should be refused")?;
    let denial = gcp_scopes::Denial::find(&error).context("the error should hold a denial")?;
    answer_for_accounts(&google)?;
    // The recommended option gives the VM a new account, and the scope cloud-platform. The other
    // option adds only the missing scope, so it runs first.
    let [recommended, narrow] = denial.options() else { bail!("{:#?}", denial.options()) };
    for option in [narrow, recommended] {
        let printed = paste(&google, &config, option)?;
        ensure!(printed.contains("roles/storage.objectAdmin"), "a command should list the role");
        assert_eq!(upload().await?.status(), 200, "{}", option.title());
    }
    Ok(())
}

/// Sets responses for two APIs that the fake does not have: the APIs for accounts and for the IAM
/// policy of the project. The default account has a role, and a new account can be created.
#[cfg(feature = "reqwest-middleware")]
fn answer_for_accounts(google: &FakeGoogle) -> Result<()> {
    let policy = format!(
        r#"{{"version":1,"bindings":[{{"role":"roles/storage.objectAdmin",
        "members":["serviceAccount:{ACCOUNT}"]}}]}}"#
    );
    let account = format!(
        r#"{{"name":"projects/my-project/serviceAccounts/{NEW_ACCOUNT}","email":"{NEW_ACCOUNT}"}}"#
    );
    let json = |body: &str| {
        let response = http::Response::builder().header("content-type", "application/json");
        response.body(body.to_owned())
    };
    let project = "/v1/projects/my-project";
    google.other_api().path(format!("{project}:getIamPolicy")).times(9).respond(json(&policy)?);
    google.other_api().path(format!("{project}:setIamPolicy")).times(9).respond(json(&policy)?);
    let created = google.other_api().path(format!("{project}/serviceAccounts")).times(9);
    created.respond(json(&account)?);
    Ok(())
}

/// Runs all commands of an option in their order, with the placeholders replaced, as if they were
/// pasted into a shell. Returns the output. `gcp-scopes whoami` is left out, because it would check
/// the machine of the test instead of the fake's VM.
#[cfg(feature = "reqwest-middleware")]
fn paste(
    google: &FakeGoogle,
    config: &GcloudDir,
    option: &gcp_scopes::remedy::RemedyOption,
) -> Result<String> {
    let commands = option.steps().iter().filter_map(|step| step.command_line());
    let mut printed = String::new();
    for command in commands.filter(|command| *command != "gcp-scopes whoami") {
        let words = [
            ("NEW_ACCOUNT", "photos-1"),
            ("=ROLE", "=roles/viewer"),
            ("NEW_TEMPLATE", "web-2"),
            ("INSTANCE_TEMPLATE", "web-1-template"),
        ];
        let command = words
            .iter()
            .fold(command.to_owned(), |command, (word, name)| command.replace(word, name));
        printed += &run_in_shell(google, config, &command)?;
    }
    Ok(printed)
}

/// Returns the options for a refusal with this text, of a program on the machine of the fake.
#[cfg(feature = "reqwest-middleware")]
async fn options_for(
    google: &FakeGoogle,
    text: &str,
) -> Result<Vec<gcp_scopes::remedy::RemedyOption>> {
    let guard = gcp_scopes::Guard::builder().env(google.env()).detect().await;
    let refusal = gcp_scopes::refusal::classify_text(text).context("no refusal")?;
    Ok(gcp_scopes::remedy::for_refusal(&refusal, &guard.environment()))
}

/// The recommended option attaches an account to a VM without an account. The commands of the
/// option are pasted into a shell. The error that reports the missing token may come from any
/// library.
#[cfg(feature = "reqwest-middleware")]
#[tokio::test]
async fn after_the_printed_steps_a_vm_without_an_account_has_one() -> Result<()> {
    if !is_gcloud_installed()? {
        return Ok(());
    }
    let texts = [
        "Error code 404 trying to get security access token from Compute Engine metadata for the \
         default service account.",
        "oauth2/google: metadata: GCE metadata \"instance/service-accounts/default/token\" not \
         defined",
    ];
    for text in texts {
        let google = FakeGoogle::builder()
            .project("my-project", 123_456_789_012)
            .vm(Vm::new("web-1").zone("us-central1-a").no_account())
            .bucket("photos")
            .iam("photos", NEW_ACCOUNT, "roles/storage.objectAdmin")
            .start()
            .await?;
        let config = GcloudDir::new("no-account")?;
        answer_for_accounts(&google)?;
        let options = options_for(&google, text).await?;
        let [option] = &options[..] else { bail!("{options:#?}") };
        paste(&google, &config, option)?;
        assert_eq!(upload(&google).await?, 200, "{text}");
    }
    Ok(())
}

/// The options for a managed instance group replace its template, with the printed commands.
#[cfg(feature = "reqwest-middleware")]
#[tokio::test]
async fn after_the_printed_steps_a_group_has_the_scope() -> Result<()> {
    if !is_gcloud_installed()? {
        return Ok(());
    }
    let text = "www-authenticate: Bearer error=\"insufficient_scope\", \
         scope=\"https://www.googleapis.com/auth/devstorage.read_write\"\n\n\
         Provided scope(s) are not authorized";
    let narrow = format!("HTTP/1.1 403 Forbidden\n{text}");
    let wide =
        narrow.replace("read_write", "read_write https://www.googleapis.com/auth/cloud-platform");
    for (text, account) in [(narrow, ACCOUNT), (wide, NEW_ACCOUNT)] {
        let vm = Vm::new("web-1").platform(FakePlatform::ManagedInstanceGroup).account(ACCOUNT);
        let google = FakeGoogle::builder()
            .project("my-project", 123_456_789_012)
            .vm(vm.zone("us-central1-a").scopes(default_scopes()))
            .bucket("photos")
            .iam("photos", account, "roles/storage.objectAdmin")
            .start()
            .await?;
        let config = GcloudDir::new("group")?;
        answer_for_accounts(&google)?;
        assert_eq!(upload(&google).await?, 403);
        let options = options_for(&google, &text).await?;
        // The second option replaces the VMs one by one.
        let [option, _] = &options[..] else { bail!("{options:#?}") };
        paste(&google, &config, option)?;
        assert_eq!(upload(&google).await?, 200, "{text}");
    }
    Ok(())
}

/// Runs each command of each option as it is printed, without replacing placeholders. The cases
/// differ in what is known of the VM: the less is known, the more placeholders are in the commands.
#[cfg(feature = "reqwest-middleware")]
#[tokio::test]
async fn no_printed_command_leaves_a_vm_stopped_or_with_fewer_scopes() -> Result<()> {
    use gcp_scopes::environment::{Credential, Environment, Platform};

    if !is_gcloud_installed()? {
        return Ok(());
    }
    let google = fake_with_default_scopes().start().await?;
    let config = GcloudDir::new("no-harm")?;
    let refusal = gcp_scopes::refusal::classify_text("Provided scope(s) are not authorized");
    let refusal = refusal.context("no refusal")?;
    let vm = Environment::new(Platform::ComputeEngine, Credential::MetadataServer);
    let named = vm
        .clone()
        .with_instance("web-1")?
        .with_zone("us-central1-a")?
        .with_project("my-project")?;
    let default = named.clone().with_account(ACCOUNT)?;
    let unknown = Environment::new(Platform::Unknown, Credential::Unknown);
    let no_account = gcp_scopes::refusal::classify_text(
        "Error code 404 trying to get security access token from Compute Engine metadata",
    );
    let no_account = no_account.context("no refusal")?;
    let cases = [
        (&refusal, vm),
        (&refusal, named.clone()),
        (&refusal, default),
        (&refusal, unknown),
        (&no_account, named),
    ];
    for (refusal, environment) in cases {
        let options = gcp_scopes::remedy::for_refusal(refusal, &environment);
        let steps = options.iter().flat_map(|option| option.steps());
        for command in steps.filter_map(|step| step.command_line()) {
            if !command.starts_with("gcloud compute") && !command.starts_with("S=$(") {
                continue;
            }
            // A command with a placeholder ends with an error, and so do its later parts.
            drop(run_in_shell(&google, &config, command));
            let vm = "web-1 --zone=us-central1-a --project=my-project";
            let shown = format!("compute instances describe {vm} --format=json");
            let shown = gcloud_output(&google, &config, &shown)?;
            ensure!(shown.contains("RUNNING"), "{command}: {shown}");
            let is_wide = shown.contains("auth/cloud-platform");
            let kept = default_scopes().iter().all(|scope| shown.contains(scope));
            ensure!(is_wide || kept, "{command}: {shown}");
        }
    }
    Ok(())
}
