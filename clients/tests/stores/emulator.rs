//! Cloud Storage as [gcp-storage-emulator](https://pypi.org/project/gcp-storage-emulator/) has it, a
//! server that nobody here wrote, behind the gates of the fake Google.
//!
//! Where there is no python3 with venv and pip this says that it was skipped; with `CI=true` it fails.

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

/// Serves on a port of the system's choice, says which, and ends with its standard input: also if this
/// process is killed.
const SERVE: &str = "
import sys
from gcp_storage_emulator.server import create_server
server = create_server('127.0.0.1', 0, in_memory=True, default_bucket=sys.argv[1])
server.start()
print(server._api._httpd.server_address[1], flush=True)
sys.stdin.read()
server.stop()
";

struct Emulator {
    process: Child,
    url: String,
}

impl Emulator {
    /// None, loudly, where it cannot be had.
    fn start() -> Result<Option<Self>> {
        match install().and_then(|python| Self::run(&python)) {
            Ok(emulator) => Ok(Some(emulator)),
            Err(why) if std::env::var("CI").is_ok_and(|ci| ci == "true") => {
                Err(why.context("CI=true, but the emulator of Cloud Storage does not run"))
            }
            Err(why) => {
                // Not `eprintln!`, which the test harness swallows when a test passes.
                writeln!(std::io::stderr(), "SKIPPED: no emulator of Cloud Storage: {why:#}")?;
                Ok(None)
            }
        }
    }

    fn run(python: &Path) -> Result<Self> {
        let mut command = Command::new(python);
        command
            .args(["-c", SERVE, BUCKET])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut emulator = Self { process: command.spawn()?, url: String::new() };
        let said = emulator.process.stdout.take().context("its standard output is piped")?;
        let mut port = String::new();
        BufReader::new(said).read_line(&mut port)?;
        let port: u16 = port.trim().parse().context("it does not say where it serves")?;
        emulator.url = format!("http://127.0.0.1:{port}");
        Ok(emulator)
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// The Python of a virtual environment that has the emulator. It is made once, below `target`.
fn install() -> Result<PathBuf> {
    // Two tests at once would make it over each other.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(PACKAGE);
    let python = home.join("bin/python");
    let has_it =
        |python: &Path| run(Command::new(python).args(["-c", "import gcp_storage_emulator"])).is_ok();
    if !has_it(&python) {
        run(Command::new("python3").args(["-m", "venv"]).arg(&home))?;
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet", PACKAGE]))?;
    }
    Ok(python)
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("{command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

#[tokio::test]
async fn a_client_uploads_and_downloads_with_a_good_token_and_is_told_what_a_poor_one_lacks() -> Result<()> {
    let Some(emulator) = Emulator::start()? else { return Ok(()) };
    let google = FakeGoogle::builder().forward(Service::Storage, &emulator.url).start().await?;
    let guard = super::guard(&google).preflight(Preflight::Confirm).build();
    let (good, poor) =
        (token_with(&google, "devstorage.read_write"), token_with(&google, "devstorage.read_only"));

    let operator = |token| operator(&google, token).layer(guard.opendal());
    let film = film(8);
    // The emulator answers `null` for a type that it is not told, which opendal does not read.
    operator(good.clone()).write_with("film.mkv", film.clone()).content_type("video/x-matroska").await?;
    for token in [&good, &poor] {
        let down = operator(token.clone()).read("film.mkv").await?;
        ensure!(down.to_vec() == film, "{} bytes came down, or others", down.len());
    }
    let listed = operator(poor.clone()).list("").await?;
    ensure!(listed.iter().any(|entry| entry.name() == "film.mkv"), "{listed:?}");
    let Err(missing) = operator(poor.clone()).read("no such object").await else { bail!("it is there") };
    assert_eq!((missing.kind(), Denial::find(&missing).is_some()), (ErrorKind::NotFound, false), "{missing}");

    let Err(error) = operator(poor).write("film.mkv", "cut").await else { bail!("it was not refused") };
    assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");
    let denial = Denial::find(&error).with_context(|| format!("{error:?}"))?;
    assert_eq!(denial.method().map(|method| method.id()), Some("storage.objects.insert"));
    ensure!(operator(good).stat("film.mkv").await?.content_length() == film.len() as u64, "nothing was cut");
    Ok(())
}

#[tokio::test]
async fn the_front_changes_nothing_of_what_the_emulator_says() -> Result<()> {
    let Some(emulator) = Emulator::start()? else { return Ok(()) };
    let google = FakeGoogle::builder().forward(Service::Storage, &emulator.url).start().await?;
    super::provide_crypto();
    let client = reqwest::Client::new();
    let token = token_with(&google, "devstorage.full_control");
    let paths = [
        format!("/storage/v1/b/{BUCKET}"),
        format!("/storage/v1/b/{BUCKET}/o"),
        "/storage/v1/b/none/o/x".into(),
    ];
    for path in paths {
        let mut seen = Vec::new();
        for base in [&google.storage_url(), &emulator.url] {
            // The emulator writes this name into its links.
            let request = client.get(format!("{base}{path}")).header("host", "storage.example");
            let answer = request.bearer_auth(&token).send().await?;
            let mut headers = answer.headers().clone();
            // The first goes with the connection, the others with the second at which they are made.
            for name in ["connection", "date", "last-modified"] {
                headers.remove(name);
            }
            seen.push((answer.status(), headers, answer.bytes().await?));
        }
        ensure!(seen[0] == seen[1], "{path}: {seen:#?}");
    }
    let poor = google.mint(ACCOUNT, ["logging.write"]);
    let refused = client.get(format!("{}/storage/v1/b/{BUCKET}", google.storage_url())).bearer_auth(poor);
    assert_eq!(refused.send().await?.status(), StatusCode::FORBIDDEN);
    Ok(())
}

fn token_with(google: &FakeGoogle, scope: &str) -> String {
    google.mint(ACCOUNT, [scope])
}
