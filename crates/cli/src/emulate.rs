//! The verb `emulate`: runs a fake of Google's servers on 127.0.0.1 until Ctrl-C.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use clap::builder::PossibleValuesParser;
use gcp_scopes::environment::{self, Credential, Environment};
use gcp_scopes_reader::shown;
use gcp_scopes_testing::{FakeGoogle, FakeGoogleBuilder, FakePlatform, Vm};

use crate::exit_code;
use crate::output::{print, write_error};

/// Run a fake Google on 127.0.0.1 and print how to point clients at it, until Ctrl-C.
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
    /// The name of the VM, or of the service.
    #[arg(long, default_value = "web-1")]
    name: String,
    /// The zone of the VM.
    #[arg(long, default_value = "us-central1-a")]
    zone: String,
    /// The id of the project; its number is 123456789012.
    #[arg(long, default_value = "my-project")]
    project: String,
    /// The service account that is attached.
    #[arg(long, default_value = "123456789012-compute@developer.gserviceaccount.com")]
    account: String,
    /// A bucket of the fake Cloud Storage. May be repeated.
    #[arg(long, default_value = "photos")]
    bucket: Vec<String>,
    /// A role that the account has in the project, such as roles/storage.objectAdmin. May be
    /// repeated.
    #[arg(long)]
    role: Vec<String>,
}

pub(crate) const HELP: &str = "\
What is printed are lines for a POSIX shell. Every port is a new one on
127.0.0.1; nothing is sent anywhere else. The real gcloud, with these variables,
is an owner of the project and can stop, change and start the VM.

Examples:
  gcp-scopes emulate --platform gce --scopes default --role roles/storage.objectAdmin
  gcp-scopes emulate --platform cloud-run --name web > variables.sh

Exit codes:
  0  ended by Ctrl-C
  1  a port, a file or standard output could not be used
  2  the arguments cannot be used";

/// Starts the fake, prints the variables that point clients at the fake, and returns after Ctrl-C.
pub(crate) fn run(args: &EmulateArgs) -> Result<ExitCode, String> {
    let builder = builder(args)?;
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Ok(exit_code::after_io(Err(error))),
    };
    let result = match runtime.block_on(builder.start()) {
        // The fake reports arguments that it cannot use as invalid input. Every other error is one
        // of the machine.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => return Err(error.to_string()),
        Err(error) => Err(error),
        Ok(google) => runtime.block_on(print_variables_and_wait(&google)),
    };
    Ok(exit_code::after_io(result))
}

fn builder(args: &EmulateArgs) -> Result<FakeGoogleBuilder, String> {
    let builder = FakeGoogle::builder().project(&args.project, 123_456_789_012).vm(vm(args)?);
    let builder = args.bucket.iter().fold(builder, |builder, bucket| builder.bucket(bucket));
    let roles = args.role.iter();
    Ok(roles.fold(builder, |builder, role| builder.iam(&args.project, &args.account, role)))
}

/// Returns the VM, or the service, that the arguments describe.
fn vm(args: &EmulateArgs) -> Result<Vm, String> {
    check_names(args)?;
    let row = PLATFORMS.into_iter().find(|(name, _)| *name == args.platform);
    let (_, platform) = row.ok_or_else(|| format!("no platform `{}`", args.platform))?;
    let vm = Vm::new(&args.name).zone(&args.zone).account(&args.account).platform(platform);
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
    Environment::new(environment::Platform::ComputeEngine, Credential::MetadataServer)
        .with_project(&args.project)
        .and_then(|environment| environment.with_zone(&args.zone))
        .and_then(|environment| environment.with_resource(&args.name))
        .and_then(|environment| environment.with_account(&args.account))
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

/// Prints the variables, and returns after Ctrl-C.
async fn print_variables_and_wait(google: &FakeGoogle) -> io::Result<()> {
    let folder = TemporaryFolder::new()?;
    // The first poll installs the signal's handler. It is installed before anything is printed,
    // because a program that reads the output may send Ctrl-C at once.
    let mut ctrl_c = std::pin::pin!(tokio::signal::ctrl_c());
    std::future::poll_fn(|context| {
        let _ = ctrl_c.as_mut().poll(context);
        std::task::Poll::Ready(())
    })
    .await;
    print(&variables(google, folder.path())?)?;
    ctrl_c.await
}

/// Returns the lines that export the variables in a POSIX shell.
fn variables(google: &FakeGoogle, folder: &Path) -> io::Result<String> {
    let services = [
        ("STORAGE_EMULATOR_HOST", google.storage_url()),
        ("FAKE_OAUTH_URL", google.oauth_url()),
        ("FAKE_COMPUTE_URL", google.compute_url()),
    ];
    let services = services.map(|(name, value)| (name.to_owned(), value));
    let variables = google.env().into_iter().chain(services).chain(google.gcloud_env(folder)?);
    let lines = variables.map(|(name, value)| format!("export {name}={}\n", quoted(&value)));
    // The last line is a comment of the shell, so that the whole output can be sourced.
    Ok(lines.collect::<String>() + "# Ready. Ctrl-C ends it.")
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

/// The values of `--platform`.
const PLATFORMS: [(&str, FakePlatform); 12] = [
    ("gce", FakePlatform::ComputeEngine),
    ("mig", FakePlatform::ManagedInstanceGroup),
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
