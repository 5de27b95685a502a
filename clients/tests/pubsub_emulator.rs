//! Tests with Google's Pub/Sub emulator, a gRPC server that is not part of this project. The fake
//! Google checks the scopes of each request, and forwards it to the emulator.
//!
//! The emulator is a component of the gcloud CLI and needs java. Without them the tests print that
//! they are skipped; with `REQUIRE_GCLOUD=1` they fail.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use gcp_scopes::denial::DenialKind;
use gcp_scopes::granted::GrantSource;
use gcp_scopes::{Denial, Guard, Preflight};
use gcp_scopes_testing::{FakeGoogle, Service};
use gcp_scopes_tonic::GuardTonicExt as _;
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1::publisher_client::PublisherClient;
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1::subscriber_client::SubscriberClient;
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1::{
    AcknowledgeRequest, PublishRequest, PubsubMessage, PullRequest, StreamingPullRequest,
    Subscription, Topic,
};
use http::Response;
use tonic::metadata::AsciiMetadataValue;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};
use tower::ServiceBuilder;

const TOPIC: &str = "projects/my-project/topics/orders";
const SUBSCRIPTION: &str = "projects/my-project/subscriptions/orders";
const ROBOT: &str = "robot@my-project.iam.gserviceaccount.com";
/// How long the emulator may take to start or to respond, also on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A directory that is removed when the test ends.
struct EmulatorDir(PathBuf);

impl Drop for EmulatorDir {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// The process of the emulator. The process ends when this value is dropped, or when the test is
/// killed.
struct PubsubEmulator {
    process: Child,
    address: SocketAddr,
    _dir: EmulatorDir,
}

impl Drop for PubsubEmulator {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        self.process.wait().ok();
    }
}

/// A shell script that runs a program until the standard input of the shell is closed, which also
/// happens when the test is killed.
const UNTIL_STDIN_ENDS: &str = r#""$0" "$@" </dev/null & read -r _; kill $!; wait"#;

impl PubsubEmulator {
    /// Starts the emulator. Prints a message and returns `None` if the emulator is not installed.
    fn start() -> Result<Option<Self>> {
        match program()? {
            // Tries twice: another process may take the port before the emulator does.
            Ok(program) => Self::run(&program).or_else(|_| Self::run(&program)).map(Some),
            Err(reason) if std::env::var("REQUIRE_GCLOUD").is_ok_and(|value| value == "1") => {
                bail!("REQUIRE_GCLOUD=1, but {reason}")
            }
            Err(reason) => {
                // `eprintln!` is not used: the test harness hides its output when a test passes.
                writeln!(std::io::stderr(), "SKIPPED: {reason}")?;
                Ok(None)
            }
        }
    }

    fn run(program: &PathBuf) -> Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let dir = EmulatorDir(std::env::temp_dir().join(format!(
            "gcp-scopes-pubsub-{}-{}",
            std::process::id(),
            address.port()
        )));
        std::fs::create_dir_all(&dir.0)?;
        let mut command = Command::new("sh");
        command.args(["-c", UNTIL_STDIN_ENDS]).arg(program);
        command.args(["--host=127.0.0.1", &format!("--port={}", address.port())]);
        command
            .current_dir(&dir.0)
            .env("JAVA_OPTS", format!("-Djava.io.tmpdir={}", dir.0.display()));
        let process =
            command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        // This value is created before anything else can fail, so that the process ends if this
        // function returns an error.
        let mut emulator = Self { process, address, _dir: dir };
        let stderr = emulator.process.stderr.take().context("stderr is not a pipe")?;
        let (sender, receiver) = mpsc::channel();
        // Reads all of the output: when the pipe is full, the emulator stops.
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(std::io::Result::ok) {
                if line.contains("Server started") {
                    sender.send(()).ok();
                }
            }
        });
        receiver.recv_timeout(TIMEOUT).context("the emulator did not report that it started")?;
        Ok(emulator)
    }
}

/// Returns the path of the emulator, or the reason why the emulator cannot be run. Fails if the
/// output of gcloud is not UTF-8.
fn program() -> Result<Result<PathBuf, &'static str>> {
    let root =
        Command::new("gcloud").args(["info", "--format=value(installation.sdk_root)"]).output();
    let Ok(root) = root else { return Ok(Err("gcloud not found")) };
    let root = PathBuf::from(String::from_utf8(root.stdout)?.trim());
    let program = root.join("platform/pubsub-emulator/bin/cloud-pubsub-emulator");
    let has_java =
        Command::new("java").arg("-version").output().is_ok_and(|output| output.status.success());
    Ok(match (program.is_file(), has_java) {
        (true, true) => Ok(program),
        (true, false) => Err("java not found, which the Pub/Sub emulator needs"),
        (false, _) => Err("gcloud's Pub/Sub emulator not found"),
    })
}

/// Starts a fake Google that forwards to the emulator, and builds a guard that queries the
/// tokeninfo endpoint of the fake.
async fn google(emulator: &PubsubEmulator) -> Result<(FakeGoogle, Guard)> {
    // The guard queries tokeninfo with reqwest, which needs a crypto provider in this workspace.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let emulator = format!("http://{}", emulator.address);
    let google = FakeGoogle::builder().forward(Service::OtherApi, emulator).start().await?;
    google
        .other_api()
        .path("/google.pubsub.v1.")
        .serve(["cloud-platform", "pubsub"], Response::new(""));
    let guard = Guard::builder().env(google.env()).preflight(Preflight::Deny);
    let guard =
        guard.tokeninfo_endpoint(format!("{}/tokeninfo", google.oauth_url()))?.detect().await;
    Ok((google, guard))
}

/// Returns a channel to the fake Google, which forwards to the emulator.
fn channel(google: &FakeGoogle) -> Result<Channel> {
    Ok(Endpoint::from_shared(google.url_of(Service::OtherApi))?.connect_lazy())
}

/// Returns an interceptor that sets the token, as users write one for a generated client.
fn bearer(
    token: &str,
) -> Result<impl Fn(Request<()>) -> Result<Request<()>, Status> + Clone + use<>> {
    let token: AsciiMetadataValue = format!("Bearer {token}").parse()?;
    Ok(move |mut request: Request<()>| {
        request.metadata_mut().insert("authorization", token.clone());
        Ok(request)
    })
}

fn publish(data: Vec<u8>) -> PublishRequest {
    let message = PubsubMessage { data, ..PubsubMessage::default() };
    PublishRequest { topic: TOPIC.into(), messages: vec![message] }
}

/// Returns the first request of a `StreamingPull`.
fn pull() -> StreamingPullRequest {
    StreamingPullRequest {
        subscription: SUBSCRIPTION.into(),
        stream_ack_deadline_seconds: 10,
        ..StreamingPullRequest::default()
    }
}

#[tokio::test]
async fn pubsub_calls_succeed_with_the_scope_and_are_denied_without_it() -> Result<()> {
    let Some(emulator) = PubsubEmulator::start()? else { return Ok(()) };
    let (google, guard) = google(&emulator).await?;
    let with_scope = bearer(&google.mint(ROBOT, ["pubsub"]))?;
    let without_scope = bearer(&google.mint(ROBOT, ["logging.write"]))?;
    let stack = ServiceBuilder::new().buffer(8).concurrency_limit(4).layer(guard.tonic_layer());
    let guarded = stack.service(channel(&google)?);
    let mut publisher = PublisherClient::with_interceptor(guarded.clone(), with_scope.clone());
    let mut subscriber = SubscriberClient::with_interceptor(guarded.clone(), with_scope)
        .max_decoding_message_size(16 << 20);

    publisher.create_topic(Topic { name: TOPIC.into(), ..Topic::default() }).await?;
    let subscription =
        Subscription { name: SUBSCRIPTION.into(), topic: TOPIC.into(), ..Subscription::default() };
    subscriber.create_subscription(subscription).await?;

    let large: Vec<u8> = (0..3_000_000_u32).map(|index| (index % 251) as u8).collect();
    let mut request = Request::new(publish(large.clone()));
    request.set_timeout(TIMEOUT);
    ensure!(
        publisher.publish(request).await?.into_inner().message_ids.len() == 1,
        "not exactly one id"
    );
    let requests = google.requests();
    ensure!(
        requests.iter().any(|request| request.header("grpc-timeout").is_some()),
        "no request has the header `grpc-timeout`"
    );

    let request = PullRequest {
        subscription: SUBSCRIPTION.into(),
        max_messages: 1,
        ..PullRequest::default()
    };
    let pulled = subscriber.pull(request).await?.into_inner().received_messages;
    let data =
        pulled.iter().find_map(|received| received.message.as_ref()).map(|message| &message.data);
    ensure!(data == Some(&large), "the pulled message differs from the published one");
    let ack_ids = pulled.iter().map(|received| received.ack_id.clone()).collect();
    subscriber
        .acknowledge(AcknowledgeRequest { subscription: SUBSCRIPTION.into(), ack_ids })
        .await?;

    // Opens a bidirectional stream, receives one batch, and drops the open stream; twice.
    for round in 0..2_u8 {
        let requests =
            futures::StreamExt::chain(futures::stream::iter([pull()]), futures::stream::pending());
        // The emulator sends nothing before the first message, not even headers.
        publisher.publish(publish(vec![round])).await?;
        let mut stream = subscriber.streaming_pull(requests).await?.into_inner();
        let batch = stream.message().await?.context("the stream ended without a message")?;
        ensure!(!batch.received_messages.is_empty(), "the batch has no message");
        drop(stream);
    }

    let mut publisher = PublisherClient::with_interceptor(guarded.clone(), without_scope.clone());
    let mut subscriber = SubscriberClient::with_interceptor(guarded, without_scope);
    for mut publisher in [publisher.clone(), publisher.clone()] {
        check_refused(
            publisher.publish(publish(vec![1])).await.err(),
            "google.pubsub.v1.Publisher.Publish",
        )?;
    }
    let requests = futures::stream::iter([pull()]);
    let status = subscriber.streaming_pull(requests).await.err();
    check_refused(status, "google.pubsub.v1.Subscriber.StreamingPull")?;
    let missing = Topic { name: "projects/my-project/topics/none".into(), ..Topic::default() };
    check_refused(
        publisher.create_topic(missing).await.err(),
        "google.pubsub.v1.Publisher.CreateTopic",
    )
}

/// Checks that the call failed with a denial for `method`.
fn check_refused(status: Option<Status>, method: &str) -> Result<()> {
    let status = status.with_context(|| format!("{method} was not refused"))?;
    ensure!(status.code() == Code::PermissionDenied && !status.details().is_empty(), "{status:?}");
    ensure!(status.message().contains("No IAM role fixes this"), "{status:?}");
    let denial = Denial::find(&status).with_context(|| format!("no denial in {status:?}"))?;
    ensure!(denial.kind() == DenialKind::Refused, "{denial:?}");
    ensure!(denial.method().map(|method| method.id()) == Some(method), "{denial:?}");
    ensure!(denial.granted().source() == Some(GrantSource::Tokeninfo), "{denial:?}");
    Ok(())
}

#[tokio::test]
async fn errors_of_the_emulator_are_unchanged() -> Result<()> {
    let Some(emulator) = PubsubEmulator::start()? else { return Ok(()) };
    let (google, guard) = google(&emulator).await?;
    let with_scope = bearer(&google.mint(ROBOT, ["pubsub"]))?;
    let guarded = ServiceBuilder::new().layer(guard.tonic_layer()).service(channel(&google)?);
    let unguarded = PublisherClient::with_interceptor(channel(&google)?, with_scope.clone())
        .publish(publish(vec![1]))
        .await
        .err()
        .context("publishing to a missing topic succeeded")?;
    let mut client = PublisherClient::with_interceptor(guarded, with_scope);
    let result = tokio::spawn(async move { client.publish(publish(vec![1])).await }).await?;
    let status = result.err().context("publishing to a missing topic succeeded")?;
    ensure!(
        (status.code(), status.message()) == (Code::NotFound, unguarded.message()),
        "{status:?}"
    );
    ensure!(
        status.details() == unguarded.details() && Denial::find(&status).is_none(),
        "{status:?}"
    );
    Ok(())
}
