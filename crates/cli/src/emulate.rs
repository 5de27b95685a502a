//! The verb `emulate`: runs a fake of Google's servers on 127.0.0.1 until Ctrl-C or SIGTERM.

use std::future::poll_fn;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::task::Poll;

use clap::Args;
use clap::builder::PossibleValuesParser;
use gcp_scopes::environment::{self, Credential, Environment};
use gcp_scopes_reader::shown;
use gcp_scopes_testing::{FakeGoogle, FakeGoogleBuilder, FakePlatform, Vm};

use crate::exit_code;
use crate::output::{print, write_error};

/// Run a fake Google on 127.0.0.1 and print how to point clients at it, until Ctrl-C or SIGTERM.
#[derive(Debug, Args)]
pub(crate) struct EmulateArgs {
    /// What the program runs on.
    #[arg(long, default_value = "gce", value_parser = platform_names())]
    platform: String,
    /// The access scopes of the VM, where the platform has such a setting: full URIs, short names
    /// or gcloud's aliases. May be repeated; commas and spaces separate. Without it, the platform's
    /// usual ones.
    #[arg(long, value_name = "SCOPES")]
    scopes: Vec<String>,
    /// The name of the VM, or of the service. May be repeated: each VM has a metadata server of its
    /// own.
    #[arg(long, default_value = "web-1")]
    name: Vec<String>,
    /// The zone of the VM.
    #[arg(long, default_value = "us-central1-a")]
    zone: String,
    /// The id of the project; its number is 123456789012.
    #[arg(long, default_value = "my-project")]
    project: String,
    /// The service account that is attached; without it the default account of Compute Engine.
    #[arg(
        long,
        hide_default_value = true,
        default_value = "123456789012-compute@developer.gserviceaccount.com"
    )]
    account: String,
    /// Attach no service account.
    #[arg(long, conflicts_with = "account")]
    no_account: bool,
    /// A metadata attribute of the VM. May be repeated.
    #[arg(long, value_name = "NAME=VALUE")]
    attribute: Vec<String>,
    /// A bucket of the fake Cloud Storage. May be repeated.
    #[arg(long, default_value = "photos")]
    bucket: Vec<String>,
    /// A role that the account has in the project, such as roles/storage.objectAdmin. May be
    /// repeated.
    #[arg(long)]
    role: Vec<String>,
}

pub(crate) const HELP: &str = "\
Prints lines for a POSIX shell. Every port is a new one on 127.0.0.1; nothing is
sent anywhere else. The real gcloud, with these variables, is an owner of the
project and can stop, change and start the VM.

Examples:
  gcp-scopes emulate --platform gce --scopes default --role roles/storage.objectAdmin
  gcp-scopes emulate --platform cloud-run --name web > variables.sh
  gcp-scopes emulate --name web-1 --name db-1 --no-account --attribute team=photos

Exit codes:
  0  ended by Ctrl-C or SIGTERM
  1  a port, a file or standard output could not be used
  2  the arguments cannot be used";

/// Starts the fake, prints the variables that point clients at the fake, and returns after a
/// signal.
pub(crate) fn run(args: &EmulateArgs) -> Result<ExitCode, String> {
    let builder = builder(args)?;
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Ok(exit_code::after_io(Err(error))),
    };
    let result = match runtime.block_on(builder.start()) {
        // The fake reports arguments that it cannot use as invalid input. Every other error comes
        // from the operating system.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => return Err(error.to_string()),
        Err(error) => Err(error),
        Ok(google) => runtime.block_on(print_variables_and_wait(&google, &args.name)),
    };
    Ok(exit_code::after_io(result))
}

fn builder(args: &EmulateArgs) -> Result<FakeGoogleBuilder, String> {
    let builder = FakeGoogle::builder().project(&args.project, 123_456_789_012);
    let vm = vm(args)?;
    let vms = args.name.iter().map(|name| vm.clone().named(name));
    let builder = vms.fold(builder, FakeGoogleBuilder::vm);
    let builder = args.bucket.iter().fold(builder, |builder, bucket| builder.bucket(bucket));
    let roles = args.role.iter();
    Ok(roles.fold(builder, |builder, role| builder.iam(&args.project, &args.account, role)))
}

/// Returns the VM, or the service, that the arguments describe, with its first name.
fn vm(args: &EmulateArgs) -> Result<Vm, String> {
    check_names(args)?;
    let row = PLATFORMS.into_iter().find(|(name, _)| *name == args.platform);
    let (_, platform) = row.ok_or_else(|| format!("no platform `{}`", args.platform))?;
    let vm = Vm::new(&args.name[0]).zone(&args.zone).platform(platform);
    let vm = if args.no_account { vm.no_account() } else { vm.account(&args.account) };
    let vm = args.attribute.iter().try_fold(vm, |vm, text| match text.split_once('=') {
        Some((name, value)) => Ok(vm.attribute(name, value)),
        None => Err(format!("unusable attribute {}: expected NAME=VALUE", shown(text))),
    })?;
    if args.scopes.is_empty() {
        return Ok(vm);
    }
    let scopes = gcp_scopes_reader::scopes(args.scopes.iter().map(String::as_str));
    let scopes = scopes.map_err(|error| error.to_string())?;
    Ok(vm.scopes(scopes.iter().map(|scope| scope.to_string())))
}

/// Returns an error for a name that Google does not allow: a program that is tested with such a
/// name would fail on Google Cloud.
fn check_names(args: &EmulateArgs) -> Result<(), String> {
    let vm = Environment::new(environment::Platform::ComputeEngine, Credential::MetadataServer)
        .with_project(&args.project)
        .and_then(|environment| environment.with_zone(&args.zone))
        .and_then(|environment| environment.with_account(&args.account));
    args.name
        .iter()
        .try_fold(vm.map_err(|error| error.to_string())?, |vm, name| vm.with_resource(name))
        .map_err(|error| error.to_string())?;
    match args.bucket.iter().find(|name| !is_bucket_name(name)) {
        Some(name) => Err(format!(
            "unusable bucket {}: expected a name without gs://, 3 to 63 of a-z, 0-9, -, _ and dots",
            shown(name)
        )),
        None => Ok(()),
    }
}

/// Checks whether Cloud Storage allows a name for a bucket.
///
/// Source: <https://docs.cloud.google.com/storage/docs/buckets#naming>.
fn is_bucket_name(name: &str) -> bool {
    let is_outer = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_inner = |c: char| is_outer(c) || "-_.".contains(c);
    (3..=63).contains(&name.len())
        && name.chars().all(is_inner)
        && name.starts_with(is_outer)
        && name.ends_with(is_outer)
}

/// Prints the variables, and returns after a signal.
async fn print_variables_and_wait(google: &FakeGoogle, names: &[String]) -> io::Result<()> {
    let folder = TemporaryFolder::new()?;
    // The signals are caught before the output, because a program that reads the output may send
    // a signal at once.
    let signal = end_signal()?;
    print(&variables(google, names, folder.path())?)?;
    signal.await;
    Ok(())
}

/// Returns a future that waits for Ctrl-C or SIGTERM. Both signals are caught as soon as this
/// function is called.
#[cfg(unix)]
fn end_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(poll_fn(move |context| match interrupt.poll_recv(context) {
        Poll::Pending => terminate.poll_recv(context).map(drop),
        Poll::Ready(_) => Poll::Ready(()),
    }))
}

/// Returns a future that waits for Ctrl-C. The signal is caught as soon as this function is called.
#[cfg(not(unix))]
fn end_signal() -> io::Result<impl Future<Output = ()>> {
    let mut ctrl_c = tokio::signal::windows::ctrl_c()?;
    Ok(poll_fn(move |context| ctrl_c.poll_recv(context).map(drop)))
}

/// Returns the lines that export, in a POSIX shell, the variables that point clients at the fake.
fn variables(google: &FakeGoogle, names: &[String], folder: &Path) -> io::Result<String> {
    // `FakeGoogle::env` already contains the metadata server of the first VM.
    let hosts = names.iter().skip(1).filter_map(|name| {
        let variable = format!("GCE_METADATA_HOST_{}", name.to_uppercase().replace('-', "_"));
        google.vm(name).metadata_host().ok().map(|host| (variable, host))
    });
    let services = [
        ("STORAGE_EMULATOR_HOST", google.storage_url()),
        ("FAKE_OAUTH_URL", google.oauth_url()),
        ("FAKE_COMPUTE_URL", google.compute_url()),
    ];
    let services = services.map(|(name, value)| (name.to_owned(), value));
    let variables = google.env().into_iter().chain(hosts).chain(services);
    let variables = variables.chain(google.gcloud_env(folder)?);
    let lines = variables.map(|(name, value)| format!("export {name}={}\n", quoted(&value)));
    // The last line is a comment of the shell, so that the whole output can be sourced.
    Ok(lines.collect::<String>() + "# The fake Google is ready. Press Ctrl-C to stop it.")
}

/// Quotes a value as one word of a POSIX shell.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

/// A folder for gcloud's configuration, which is removed on drop.
struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    fn new() -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!("gcp-scopes-emulate-{}", std::process::id()));
        // Fails if the folder exists: another user of the machine may have created it, to read or
        // replace what is written to it.
        std::fs::create_dir(&path).map_err(|error| {
            let path = path.display();
            let text = format!("{path}: {error}; point TMPDIR at a folder for temporary files");
            io::Error::new(error.kind(), text)
        })?;
        Ok(Self(path))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            write_error(&format!("cannot remove {}: {error}", self.0.display()));
        }
    }
}

fn platform_names() -> PossibleValuesParser {
    PossibleValuesParser::new(PLATFORMS.map(|(name, _)| name))
}

/// The values of `--platform`, which are those of `explain --on`.
const PLATFORMS: [(&str, FakePlatform); 23] = [
    ("gce", FakePlatform::ComputeEngine),
    ("mig", FakePlatform::ManagedInstanceGroup),
    ("gke-node", FakePlatform::GkeNode),
    ("gke-workload-identity", FakePlatform::GkeWorkloadIdentity),
    ("cloud-run", FakePlatform::CloudRunService),
    ("cloud-run-job", FakePlatform::CloudRunJob),
    ("cloud-run-worker-pool", FakePlatform::CloudRunWorkerPool),
    ("functions", FakePlatform::CloudFunctions),
    ("app-engine", FakePlatform::AppEngineStandard),
    ("app-engine-flex", FakePlatform::AppEngineFlexible),
    ("dataproc", FakePlatform::Dataproc),
    ("dataflow", FakePlatform::Dataflow),
    ("composer", FakePlatform::Composer),
    ("workbench", FakePlatform::Workbench),
    ("cloud-shell", FakePlatform::CloudShell),
    ("cloud-build", FakePlatform::CloudBuild),
    ("batch", FakePlatform::CloudBatch),
    ("tpu-vm", FakePlatform::TpuVm),
    ("workstations", FakePlatform::Workstations),
    ("vertex-job", FakePlatform::VertexCustomJob),
    ("colab-enterprise", FakePlatform::ColabEnterprise),
    ("slurm", FakePlatform::SlurmNode),
    ("dataproc-serverless", FakePlatform::DataprocServerless),
];

#[cfg(test)]
mod tests {
    use gcp_scopes::environment::Platform;
    use gcp_scopes_cli::answer::places::PLACES;

    use super::*;

    #[test]
    fn every_platform_that_explain_knows_can_be_emulated() {
        let known = PLACES.into_iter().filter(|(_, platform, _)| *platform != Platform::Unknown);
        let known: Vec<&str> = known.map(|(name, ..)| name).collect();
        assert_eq!(PLATFORMS.map(|(name, _)| name)[..], known);
    }

    #[tokio::test]
    async fn the_guard_recognizes_each_emulated_platform() {
        for ((name, fake), (_, platform, _)) in PLATFORMS.into_iter().zip(PLACES) {
            let vm = Vm::new("web-1").platform(fake);
            let google = FakeGoogle::builder().vm(vm).start().await.unwrap();
            let guard = gcp_scopes::Guard::builder().env(google.env()).detect().await;
            let found = guard.environment().platform();
            // No signal distinguishes Serverless for Apache Spark.
            let expected = match platform {
                Platform::DataprocServerless => Platform::Unknown,
                other => other,
            };
            assert_eq!(found, expected, "{name}");
        }
    }
}
