//! The verb `emulate`.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use clap::builder::PossibleValuesParser;
use gcp_scopes::environment::{self, Credential, Environment};
use gcp_scopes_explain::reader::{self, shown};
use gcp_scopes_testing::{FakeGoogle, Platform, Vm};

use crate::ending::{exit, print, refuse};

/// Run a fake Google on 127.0.0.1 and print how to point clients at it, until Ctrl-C.
#[derive(Debug, Args)]
pub(crate) struct Emulate {
    /// What the program runs on.
    #[arg(long, default_value = "gce", value_parser = PossibleValuesParser::new(PLATFORMS.map(|(name, _)| name)))]
    platform: String,
    /// The access scopes of the VM, where the platform has such a setting: full URIs, short names or
    /// gcloud's aliases. May be repeated; commas and spaces separate. Without it, the platform's usual ones.
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
    /// A role that the account has in the project, such as roles/storage.objectAdmin. May be repeated.
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

/// Runs until Ctrl-C.
pub(crate) fn run(args: &Emulate) -> ExitCode {
    let vm = match vm(args) {
        Ok(vm) => vm,
        Err(error) => refuse("emulate", &error),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    exit(runtime.and_then(|runtime| runtime.block_on(serve(args, vm))))
}

fn vm(args: &Emulate) -> Result<Vm, String> {
    checked(args)?;
    let known = PLATFORMS.into_iter().find(|(name, _)| *name == args.platform);
    let (_, platform) = known.ok_or_else(|| format!("no platform `{}`", args.platform))?;
    let vm = Vm::new(&args.name).zone(&args.zone).account(&args.account).platform(platform);
    if args.scopes.is_empty() {
        return Ok(vm);
    }
    let scopes = reader::scopes(args.scopes.iter().map(String::as_str)).map_err(|error| error.to_string())?;
    Ok(vm.scopes(scopes.iter().map(|scope| scope.to_string())))
}

/// Names that Google would not give would show nothing that is true of Google.
fn checked(args: &Emulate) -> Result<(), String> {
    let there = Environment::told(environment::Platform::ComputeEngine, Credential::MetadataServer);
    let there = there.with_project(&args.project).and_then(|there| there.with_zone(&args.zone));
    let there = there.and_then(|there| there.with_resource(&args.name));
    let there = there.and_then(|there| there.with_account(&args.account));
    there.map_err(|error| error.to_string())?;
    match args.bucket.iter().find(|name| !is_bucket(name)) {
        Some(name) => Err(format!(
            "unusable bucket {}: expected a name without gs://, 3 to 63 of a-z, 0-9, -, _ and dots",
            shown(name)
        )),
        None => Ok(()),
    }
}

/// Source: <https://docs.cloud.google.com/storage/docs/buckets#naming>.
fn is_bucket(name: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    let ends = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    (3..=63).contains(&name.len())
        && name.bytes().all(is_inner)
        && name.starts_with(ends)
        && name.ends_with(ends)
}

async fn serve(args: &Emulate, vm: Vm) -> io::Result<()> {
    let mut builder = FakeGoogle::builder().project(&args.project, 123_456_789_012).vm(vm);
    for bucket in &args.bucket {
        builder = builder.bucket(bucket);
    }
    for role in &args.role {
        builder = builder.iam(&args.project, &args.account, role);
    }
    let google = match builder.start().await {
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => refuse("emulate", &error.to_string()),
        started => started?,
    };
    let folder = Folder::new()?;
    // Before anything is printed, so that whoever reads it may end the program at once.
    let stopped = tokio::signal::ctrl_c();
    let mut stopped = std::pin::pin!(stopped);
    std::future::poll_fn(|context| {
        let _ = stopped.as_mut().poll(context);
        std::task::Poll::Ready(())
    })
    .await;
    print(&lines(&google, folder.path())?)?;
    stopped.await
}

/// What a shell has to be told.
fn lines(google: &FakeGoogle, folder: &Path) -> io::Result<String> {
    let services = [
        ("STORAGE_EMULATOR_HOST", google.storage_url()),
        ("FAKE_OAUTH_URL", google.oauth_url()),
        ("FAKE_COMPUTE_URL", google.compute_url()),
    ];
    let services = services.map(|(name, value)| (name.to_owned(), value));
    let all = google.env().into_iter().chain(services).chain(google.gcloud_env(folder)?);
    let mut text: String = all.map(|(name, value)| format!("export {name}={}\n", quoted(&value))).collect();
    text += "# Ready. Ctrl-C ends it.";
    Ok(text)
}

/// As one word of a shell.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

/// gcloud's configuration, gone at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!("gcp-scopes-emulate-{}", std::process::id()));
        std::fs::create_dir(&path).map_err(|error| {
            let text = format!("{}: {error}; point TMPDIR at a folder for temporary files", path.display());
            io::Error::new(error.kind(), text)
        })?;
        Ok(Self(path))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            let _ = writeln!(io::stderr(), "gcp-scopes: cannot remove {}: {error}", self.0.display());
        }
    }
}

const PLATFORMS: [(&str, Platform); 12] = [
    ("gce", Platform::ComputeEngine),
    ("mig", Platform::ManagedInstanceGroup),
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
