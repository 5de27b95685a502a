//! Tests with [gcp-storage-emulator](https://pypi.org/project/gcp-storage-emulator/), a server that
//! is not part of this project. The fake Google checks the scopes of each request, and forwards it
//! to the emulator.
//!
//! The emulator needs python3 with venv and pip. Without them the tests print that they are
//! skipped; with `CI=true` they fail.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail, ensure};
use gcp_scopes::{Denial, Preflight};
use gcp_scopes_opendal::GuardOpendalExt as _;
use gcp_scopes_testing::{FakeGoogle, Service};
use http::StatusCode;
use opendal::ErrorKind;

use super::opendal::operator;
use super::{ACCOUNT, BUCKET, film};

const PACKAGE: &str = "gcp-storage-emulator==2026.7.19";

/// A Python program that starts the emulator on a free port and prints the port. The program ends
/// when its standard input is closed, which also happens when the test process is killed.
const SERVE: &str = "
import sys
from gcp_storage_emulator.server import create_server
server = create_server('127.0.0.1', 0, in_memory=True, default_bucket=sys.argv[1])
server.start()
print(server._api._httpd.server_address[1], flush=True)
sys.stdin.read()
server.stop()
";

/// The process of the emulator. The process ends when this value is dropped.
struct StorageEmulator {
    process: Child,
    url: String,
}

impl StorageEmulator {
    /// Starts the emulator. Prints a message and returns `None` if the emulator cannot be installed
    /// or run.
    fn start() -> Result<Option<Self>> {
        match install().and_then(|python| Self::run(&python)) {
            Ok(emulator) => Ok(Some(emulator)),
            Err(error) if std::env::var("CI").is_ok_and(|ci| ci == "true") => {
                Err(error.context("CI=true, but the emulator of Cloud Storage does not run"))
            }
            Err(error) => {
                // `eprintln!` is not used: the test harness hides its output when a test passes.
                writeln!(std::io::stderr(), "SKIPPED: no emulator of Cloud Storage: {error:#}")?;
                Ok(None)
            }
        }
    }

    /// Starts the emulator, and waits until it prints its port.
    fn run(python: &Path) -> Result<Self> {
        let mut command = Command::new(python);
        command
            .args(["-c", SERVE, BUCKET])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut emulator = Self { process: command.spawn()?, url: String::new() };
        let stdout = emulator.process.stdout.take().context("stdout is not a pipe")?;
        let mut port = String::new();
        BufReader::new(stdout).read_line(&mut port)?;
        let port: u16 = port.trim().parse().context("the emulator did not print its port")?;
        emulator.url = format!("http://127.0.0.1:{port}");
        Ok(emulator)
    }
}

impl Drop for StorageEmulator {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Returns the Python interpreter of a virtual environment with the emulator. The first call
/// creates the environment, in the target directory.
fn install() -> Result<PathBuf> {
    // The tests run in parallel, and must not create the environment at the same time.
    static INSTALLING: Mutex<()> = Mutex::new(());
    let _guard = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(PACKAGE);
    let python = home.join("bin/python");
    let has_emulator = |python: &Path| {
        run(Command::new(python).args(["-c", "import gcp_storage_emulator"])).is_ok()
    };
    if !has_emulator(&python) {
        run(Command::new("python3").args(["-m", "venv"]).arg(&home))?;
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet", PACKAGE]))?;
    }
    Ok(python)
}

/// Runs a command to its end. Returns an error with its output if the command fails.
fn run(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("{command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

#[tokio::test]
async fn opendal_writes_with_the_write_scope_and_is_denied_writes_without_it() -> Result<()> {
    let Some(emulator) = StorageEmulator::start()? else { return Ok(()) };
    let google = FakeGoogle::builder().forward(Service::Storage, &emulator.url).start().await?;
    let guard = super::guard(&google).preflight(Preflight::Confirm).build();
    let (writer, reader) =
        (token_with(&google, "devstorage.read_write"), token_with(&google, "devstorage.read_only"));

    let operator = |token| operator(&google, token).layer(guard.opendal());
    let film = film(8);
    // For an object without a content type the emulator sends `null`, which opendal does not
    // accept.
    operator(writer.clone())
        .write_with("film.mkv", film.clone())
        .content_type("video/x-matroska")
        .await?;
    for token in [&writer, &reader] {
        let downloaded = operator(token.clone()).read("film.mkv").await?;
        ensure!(
            downloaded.to_vec() == film,
            "{} of {} bytes, or other bytes",
            downloaded.len(),
            film.len()
        );
    }
    let listed = operator(reader.clone()).list("").await?;
    ensure!(listed.iter().any(|entry| entry.name() == "film.mkv"), "{listed:?}");
    let Err(missing) = operator(reader.clone()).read("no such object").await else {
        bail!("the object exists")
    };
    assert_eq!(
        (missing.kind(), Denial::find(&missing).is_some()),
        (ErrorKind::NotFound, false),
        "{missing}"
    );

    let Err(error) = operator(reader).write("film.mkv", "cut").await else {
        bail!("the upload was not refused")
    };
    assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");
    let denial = Denial::find(&error).with_context(|| format!("no denial in {error:?}"))?;
    assert_eq!(denial.method().map(|method| method.id()), Some("storage.objects.insert"));
    ensure!(
        operator(writer).stat("film.mkv").await?.content_length() == film.len() as u64,
        "the refused upload changed the object"
    );
    Ok(())
}

#[tokio::test]
async fn the_fake_forwards_responses_unchanged() -> Result<()> {
    let Some(emulator) = StorageEmulator::start()? else { return Ok(()) };
    let google = FakeGoogle::builder().forward(Service::Storage, &emulator.url).start().await?;
    super::install_crypto_provider();
    let client = reqwest::Client::new();
    let token = token_with(&google, "devstorage.full_control");
    let paths = [
        format!("/storage/v1/b/{BUCKET}"),
        format!("/storage/v1/b/{BUCKET}/o"),
        "/storage/v1/b/none/o/x".into(),
    ];
    for path in paths {
        let mut responses = Vec::new();
        for base in [&google.storage_url(), &emulator.url] {
            // The emulator creates links from the header `Host`, so both requests must have the
            // same value.
            let request = client.get(format!("{base}{path}")).header("host", "storage.example");
            let response = request.bearer_auth(&token).send().await?;
            let mut headers = response.headers().clone();
            // `connection` depends on the HTTP connection; `date` and `last-modified` depend on the
            // time.
            for name in ["connection", "date", "last-modified"] {
                headers.remove(name);
            }
            responses.push((response.status(), headers, response.bytes().await?));
        }
        ensure!(responses[0] == responses[1], "{path}: {responses:#?}");
    }
    // The fake itself refuses a token without a scope of Cloud Storage.
    let token = google.mint(ACCOUNT, ["logging.write"]);
    let request =
        client.get(format!("{}/storage/v1/b/{BUCKET}", google.storage_url())).bearer_auth(token);
    assert_eq!(request.send().await?.status(), StatusCode::FORBIDDEN);
    Ok(())
}

/// Returns a token with this scope.
fn token_with(google: &FakeGoogle, scope: &str) -> String {
    google.mint(ACCOUNT, [scope])
}
