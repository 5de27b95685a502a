//! Detects where the process runs, from environment variables, a credential file and the metadata
//! server.

use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::background::{LATE, Spawner};
use crate::catalog::Endpoints;
use crate::environment::Snapshot;
use crate::error::Error;
use crate::granted::fetch::Fetch;
use crate::granted::metadata::MetadataServer;
use crate::parallel::Running;
use crate::telemetry;

/// How long the metadata server may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DetectionLimits {
    /// The time limit for the first request. A server that exceeds it is treated as absent.
    first: Duration,
    /// The time limit for all requests together.
    total: Duration,
}

/// The limits at the start of a program, which waits for the result. The metadata server runs on
/// the same physical machine and usually responds within a few milliseconds. The first limit is the
/// most by which a network that drops packets delays the start. A server that exceeds a limit is
/// queried again later, with the limits [`LATER`].
pub(crate) const AT_START: DetectionLimits =
    DetectionLimits { first: Duration::from_millis(300), total: Duration::from_secs(1) };
/// The limits of a later query, which delays no start. The first limit is the time after which
/// the guard's own client gives up a request.
pub(crate) const LATER: DetectionLimits =
    DetectionLimits { first: Duration::from_secs(2), total: Duration::from_secs(5) };
/// The problem that the snapshot records for a server that exceeded a limit.
pub(crate) const NO_ANSWER: &str = "the metadata server did not answer in time";
/// The longest credential file that is read, in bytes. Credential files are a few KiB long.
const MAX_FILE: u64 = 64 * 1024;

/// Takes a snapshot of the process's environment variables, its credential files, and the file with
/// the product name of the machine. A value that cannot be read is left out.
pub(crate) fn process() -> Snapshot {
    let value_of = |name: &str| std::env::var(name).unwrap_or_default();
    let variables = Snapshot::VARIABLES.iter();
    let snapshot =
        variables.fold(Snapshot::new(), |snapshot, name| snapshot.with_env(*name, value_of(name)));
    let product = read_file(Path::new(Snapshot::PRODUCT_FILE)).into_iter();
    with_files(
        product.fold(snapshot, |snapshot, text| snapshot.with_file(Snapshot::PRODUCT_FILE, &text)),
    )
}

/// Adds the contents of the credential files to which the snapshot's variables point.
pub(crate) fn with_files(snapshot: Snapshot) -> Snapshot {
    let paths = snapshot.credential_paths().into_iter();
    paths.fold(snapshot, |snapshot, path| match read_file(Path::new(&path)) {
        Ok(text) => snapshot.with_file(path, &text),
        Err(error) => snapshot.with_unread_file(path, error.kind()),
    })
}

/// Maps the emulators that the snapshot's variables name. Returns first all endpoints, and second
/// the endpoints to which tokens may be sent. An emulator on another machine is not one of the
/// latter, because a variable does not make a machine trustworthy.
pub(crate) fn with_emulators(
    snapshot: &Snapshot,
    mut for_tokens: Endpoints,
) -> (Endpoints, Endpoints) {
    let mut all = for_tokens.clone();
    for (variable, address, api) in snapshot.emulators() {
        let mapped = |endpoints: &Endpoints| endpoints.clone().endpoint(address, api);
        match mapped(&all) {
            Ok(endpoints) => all = endpoints,
            Err(_) => telemetry::unusable_variable(variable, "set it to a host and a port"),
        }
        if is_on_this_machine(address) {
            for_tokens = mapped(&for_tokens).unwrap_or(for_tokens);
        }
    }
    (all, for_tokens)
}

/// Returns whether an address without a path, with or without a scheme, is on this machine.
fn is_on_this_machine(address: &str) -> bool {
    let authority = address.split_once("://").map_or(address, |(_, authority)| authority);
    let authority: Option<http::uri::Authority> = authority.trim_end_matches('/').parse().ok();
    authority.is_some_and(|it| matches!(it.host(), "localhost" | "127.0.0.1" | "[::1]"))
}

/// Returns a client of the metadata server. Returns `None` if the snapshot shows that no metadata
/// server is needed: the machine does not belong to Google, or `NO_GCE_CHECK=true` is set.
///
/// # Errors
/// An error if a variable of the snapshot names an invalid host.
pub(crate) fn metadata_server(
    snapshot: &Snapshot,
    fetch: Arc<dyn Fetch>,
) -> Result<Option<MetadataServer>, Error> {
    let host = snapshot.metadata_host().filter(|_| snapshot.needs_metadata());
    host.map(|host| MetadataServer::new(fetch, host)).transpose()
}

/// Adds values of the metadata server. A value that cannot be read in time is left out.
pub(crate) async fn with_metadata(
    spawner: &Spawner,
    snapshot: Snapshot,
    server: MetadataServer,
    limits: DetectionLimits,
) -> Snapshot {
    let result = spawner.run(read_values(server, snapshot.clone(), limits)).await;
    result.unwrap_or_else(|why| snapshot.with_metadata_problem(why))
}

/// Queries the metadata server in three rounds. The first round requests a value that shows whether
/// there is a metadata server. The second round requests the other values and the names of the
/// attributes, and the third round requests the attributes that exist. The requests of a round are
/// sent in parallel. Attributes are never read in bulk, because they can be large and contain
/// secrets.
async fn read_values(
    server: MetadataServer,
    mut snapshot: Snapshot,
    limits: DetectionLimits,
) -> Snapshot {
    let DetectionLimits { first: first_limit, total } = limits;
    let (start, [first, others, attributes]) = (Instant::now(), Snapshot::metadata_rounds());
    for (round, limit) in [(first, first_limit), (others, total), (attributes, total)] {
        let paths: Vec<_> = round.iter().copied().filter(|path| !snapshot.lacks(path)).collect();
        // In the first round a missing value is an error, because it means that there is no server.
        let is_optional = snapshot.has_metadata();
        let values = paths.iter().map(|path| read_value(server.clone(), path, is_optional));
        let values = Running::start(start + limit, values).finish().await;
        snapshot = paths.into_iter().zip(values).fold(snapshot, with_value);
        if snapshot.metadata_problem().is_some() {
            break;
        }
    }
    snapshot
}

/// Reads one value. If `is_optional` is set, a missing value is `None` instead of an error.
async fn read_value(
    server: MetadataServer,
    path: &str,
    is_optional: bool,
) -> Result<Option<String>, String> {
    let value =
        if is_optional { server.value(path).await } else { server.get(path).await.map(Some) };
    value.map_err(|error| error.to_string())
}

/// Adds the result of reading one value to the snapshot.
fn with_value(
    snapshot: Snapshot,
    (path, value): (&str, Result<Option<String>, String>),
) -> Snapshot {
    match value {
        Ok(Some(text)) => snapshot.with_metadata(path, text),
        Ok(None) => snapshot,
        // Not a problem, because only one flag of one advised command depends on the disks.
        Err(_) if path.starts_with("instance/disks/") => snapshot,
        Err(why) if why == LATE => snapshot.with_metadata_problem(NO_ANSWER),
        Err(why) => snapshot.with_metadata_problem(why),
    }
}

/// Reads a regular file of UTF-8 text. Fails for a pipe, because reading would consume data meant
/// for the program.
fn read_file(path: &Path) -> io::Result<String> {
    match path.metadata()? {
        metadata if metadata.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        metadata if !metadata.is_file() => Err(io::ErrorKind::Unsupported.into()),
        _ => io::read_to_string(std::fs::File::open(path)?.take(MAX_FILE)),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{Request, Response};

    use super::*;
    use crate::background::Background;
    use crate::background::tests::block_on;
    use crate::environment::{Environment, Platform};
    use crate::granted::fetch::BoxedResponse;
    use crate::granted::fetch::tests::{FakeFetch, answer};

    /// The path that lists the names of the attributes.
    const ATTRIBUTE_NAMES: &str = "instance/attributes/";
    /// The number of queried paths, not counting the paths of attributes.
    const PATHS: usize = 9;

    /// Adds metadata to `snapshot` if there may be a metadata server, within the limits at the
    /// start.
    async fn at_start(
        background: &Background,
        snapshot: Snapshot,
        fetch: Arc<dyn Fetch>,
    ) -> Snapshot {
        match metadata_server(&snapshot, fetch).unwrap() {
            Some(server) => with_metadata(background.spawner(), snapshot, server, AT_START).await,
            None => snapshot,
        }
    }

    /// Adds metadata to `snapshot`. Returns the snapshot and the number of requests that were sent.
    async fn query<F>(snapshot: Snapshot, serve: F) -> (Snapshot, usize)
    where
        F: Fn(&str) -> Option<Response<Bytes>> + Send + Sync + 'static,
    {
        let by_path = move |request: &Request<Bytes>| {
            serve(request.uri().path().trim_start_matches("/computeMetadata/v1/"))
        };
        let fetch = Arc::new(FakeFetch::new(by_path));
        let snapshot = at_start(&Background::in_test(), snapshot, Arc::clone(&fetch) as _).await;
        (snapshot, fetch.sent())
    }

    /// Returns the response of a VM's metadata server at `path`.
    fn vm(path: &str) -> Option<Response<Bytes>> {
        let text = match path {
            "project/project-id" => "my-project",
            "instance/name" => "web-1",
            ATTRIBUTE_NAMES => "created-by\nssh-keys\nstartup-script\n",
            "instance/attributes/created-by" => "somebody",
            _ => return Some(answer(404, "<html>")),
        };
        Some(answer(200, text))
    }

    #[tokio::test(start_paused = true)]
    async fn missing_values_are_left_out_of_the_snapshot() {
        let (snapshot, requests) = query(Snapshot::new(), vm).await;
        assert_eq!(snapshot.metadata("project/project-id"), Some("my-project"));
        assert_eq!(snapshot.metadata("instance/attributes/created-by"), Some("somebody"));
        assert_eq!((snapshot.metadata("instance/zone"), snapshot.metadata_problem()), (None, None));
        // All paths and the attribute `created-by` are requested. The guard does not use the other
        // attributes that this VM has.
        assert_eq!(requests, PATHS + 1, "missing attributes should not be requested");
    }

    #[tokio::test(start_paused = true)]
    async fn all_attributes_are_requested_if_their_names_are_concealed() {
        let serve =
            |path: &str| vm(path).filter(|_| path != ATTRIBUTE_NAMES).or(Some(answer(403, "")));
        let (snapshot, requests) = query(Snapshot::new(), serve).await;
        assert_eq!(snapshot.metadata("instance/attributes/created-by"), Some("somebody"));
        assert_eq!(requests, Snapshot::metadata_rounds().concat().len());
    }

    #[tokio::test(start_paused = true)]
    async fn an_unusable_metadata_server_is_queried_once() {
        type Serve = fn(&str) -> Option<Response<Bytes>>;
        // The server's response, and a part of the reported problem.
        let rows: [(Serve, &str); 4] = [
            (|_| None, "in time"),
            (|_| Some(answer(403, "<html>")), "403"),
            (
                // A network with a login page responds to requests for every host.
                |_| Some(Response::new(Bytes::from_static(b"welcome to the hotel"))),
                "did not come from Google",
            ),
            (|_| Some(answer(200, "<html>")), "cannot be read"),
        ];
        for (serve, problem) in rows {
            let (snapshot, requests) = query(Snapshot::new(), serve).await;
            assert!(snapshot.metadata_problem().unwrap().contains(problem), "{snapshot:?}");
            assert!(!snapshot.has_metadata());
            assert_eq!(requests, 1);
        }
    }

    /// A metadata server of a VM in an instance group that delays each response by this time.
    struct Delayed(Duration);

    impl Fetch for Delayed {
        fn fetch(&self, request: Request<Bytes>) -> BoxedResponse<'_> {
            Box::pin(async move {
                tokio::time::sleep(self.0).await;
                let path = request.uri().path().trim_start_matches("/computeMetadata/v1/");
                let group = "projects/1/zones/us-central1-a/instanceGroupManagers/web";
                Ok(match path {
                    "instance/zone" => answer(200, "projects/1/zones/us-central1-a"),
                    "instance/attributes/created-by" => answer(200, group),
                    _ => vm(path).unwrap_or_else(|| answer(404, "")),
                })
            })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_slower_than_the_first_limit_is_not_used() {
        // The delay of each response, the number of rounds of requests, and the detected platform.
        // The limit of the first round is 300 ms. The paused clock advances in whole milliseconds,
        // so the total may be a few milliseconds longer.
        for (milliseconds, rounds, platform) in [
            (20, 3, Platform::ManagedInstanceGroup),
            (200, 3, Platform::ManagedInstanceGroup),
            (290, 3, Platform::ManagedInstanceGroup),
            (340, 1, Platform::Unknown),
        ] {
            let (delay, start) = (Duration::from_millis(milliseconds), Instant::now());
            let snapshot =
                at_start(&Background::in_test(), Snapshot::new(), Arc::new(Delayed(delay))).await;
            assert_eq!(Environment::from_snapshot(&snapshot).platform(), platform, "{delay:?}");
            assert!(
                start.elapsed() <= rounds * delay.min(AT_START.first) + Duration::from_millis(5),
                "{delay:?}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_vm_without_attributes_is_compute_engine() {
        let serve = |path: &str| match path {
            "instance/zone" => Some(answer(200, "projects/1/zones/us-central1-a")),
            ATTRIBUTE_NAMES => Some(answer(200, "")),
            _ => vm(path),
        };
        let (snapshot, requests) = query(Snapshot::new(), serve).await;
        assert_eq!(Environment::from_snapshot(&snapshot).platform(), Platform::ComputeEngine);
        assert_eq!(requests, PATHS);
    }

    #[tokio::test(start_paused = true)]
    async fn a_vm_with_unread_attributes_has_an_unknown_platform() {
        let serve = |path: &str| match path {
            "instance/zone" => Some(answer(200, "projects/1/zones/us-central1-a")),
            "instance/attributes/created-by" => None,
            _ => vm(path),
        };
        let (snapshot, _) = query(Snapshot::new(), serve).await;
        let environment = Environment::from_snapshot(&snapshot);
        assert_eq!(
            (environment.platform(), environment.zone()),
            (Platform::Unknown, Some("us-central1-a"))
        );
    }

    #[tokio::test(start_paused = true)]
    async fn values_are_kept_if_the_server_stops_responding() {
        // The server never responds to the request for the name.
        let (snapshot, _) =
            query(Snapshot::new(), |path| vm(path).filter(|_| path != "instance/name")).await;
        assert_eq!(snapshot.metadata("project/project-id"), Some("my-project"));
        assert!(snapshot.metadata_problem().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn the_metadata_server_is_queried_only_where_one_may_exist() {
        let key = r#"{"type":"service_account"}"#;
        let credential = "/h/.config/gcloud/application_default_credentials.json";
        // The machine has a credential file.
        let laptop = Snapshot::new().with_env("HOME", "/h").with_file(credential, key);
        let empty = Snapshot::new;
        // Whether the metadata server is queried in this environment.
        let rows = [
            (empty(), true),
            (empty().with_env("NO_GCE_CHECK", "true"), false),
            (
                empty()
                    .with_env("NO_GCE_CHECK", "True")
                    .with_env("GCE_METADATA_HOST", "127.0.0.1:1"),
                false,
            ),
            (empty().with_env("K_SERVICE", "web"), true),
            (empty().with_env("CLOUD_RUN_JOB", "job"), true),
            (laptop.clone().with_env("FUNCTION_TARGET", "local"), false),
            (
                empty()
                    .with_env("FUNCTION_TARGET", "local")
                    .with_file(Snapshot::PRODUCT_FILE, "ThinkPad\n"),
                false,
            ),
            (
                empty()
                    .with_env("K_SERVICE", "web")
                    .with_env("KUBERNETES_SERVICE_HOST", "10.0.0.1"),
                true,
            ),
            (empty().with_file(Snapshot::PRODUCT_FILE, "Google Compute Engine\n"), true),
            (empty().with_file(Snapshot::PRODUCT_FILE, "ThinkPad\n"), false),
            (
                empty()
                    .with_file(Snapshot::PRODUCT_FILE, "ThinkPad\n")
                    .with_env("GCE_METADATA_HOST", "127.0.0.1:1"),
                true,
            ),
            (
                empty()
                    .with_file(Snapshot::PRODUCT_FILE, "ThinkPad\n")
                    .with_env("GCE_METADATA_IP", "127.0.0.1"),
                true,
            ),
            (laptop.clone(), false),
            (laptop.clone().with_file(Snapshot::PRODUCT_FILE, "Google Compute Engine\n"), true),
            (laptop.with_env("KUBERNETES_SERVICE_HOST", "10.0.0.1"), true),
        ];
        for (snapshot, expected) in rows {
            let (snapshot, requests) = query(snapshot, vm).await;
            assert_eq!(requests > 0, expected, "{snapshot:?}");
        }
    }

    #[test]
    fn an_invalid_metadata_host_is_an_error() {
        let snapshot = Snapshot::new().with_env("GCE_METADATA_HOST", "http://x/");
        let fetch = Arc::new(FakeFetch::new(|_: &Request<Bytes>| None));
        let error = metadata_server(&snapshot, fetch).err().map(|error| error.to_string());
        assert!(error.as_deref().is_some_and(|error| error.contains("`http://x/`")), "{error:?}");
    }

    #[test]
    fn without_a_thread_the_variables_are_read_and_the_reason_is_kept() {
        let snapshot = Snapshot::new().with_env("GCE_METADATA_HOST", "127.0.0.1:1");
        let detected = |background: Background| {
            let fetch = FakeFetch::new(|_: &Request<Bytes>| Some(answer(200, "web-1")));
            block_on(at_start(&background, snapshot.clone(), Arc::new(fetch)))
        };
        let without = detected(Background::without_thread());
        assert_eq!(without.metadata_host(), Some("127.0.0.1:1"));
        assert!(without.metadata_problem().unwrap().contains("thread"), "{without:?}");
        assert_eq!(detected(Background::default()).metadata("instance/name"), Some("web-1"));
    }

    #[test]
    fn a_directory_and_a_missing_file_are_not_read() {
        let failure = |path: &Path| read_file(path).unwrap_err().kind();
        let folder = std::env::temp_dir();
        assert_eq!(failure(&folder), io::ErrorKind::IsADirectory);
        assert_eq!(failure(&folder.join("no-such-credential.json")), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_named_credential_file_that_cannot_be_used_is_named_with_the_cause() {
        let path = std::env::temp_dir().join(format!("gcp-scopes-key-{}", std::process::id()));
        let problem = |path: &Path| {
            let path = path.to_string_lossy().into_owned();
            let snapshot = Snapshot::new().with_env("GOOGLE_APPLICATION_CREDENTIALS", &path);
            let here = Environment::from_snapshot(&with_files(snapshot));
            let problem = here.credential_file_problem()?;
            assert!(problem.contains(&path), "{problem}");
            Some(problem.rsplit(", which ").next().unwrap().to_owned())
        };
        assert_eq!(problem(&path).as_deref(), Some("does not exist"));
        assert_eq!(problem(&std::env::temp_dir()).as_deref(), Some("is a folder"));
        for (content, expected) in [
            (&b"\xff\xfe{\0}\0"[..], Some("is not UTF-8 text")),
            (b"", Some("is empty")),
            (b"{\"type\":", Some("is not JSON: line 1, column 8")),
            (br#"{"type":"authorized_user"}"#, None),
        ] {
            std::fs::write(&path, content).unwrap();
            assert_eq!(problem(&path).as_deref(), expected);
        }
        std::fs::remove_file(&path).unwrap();
    }
}
