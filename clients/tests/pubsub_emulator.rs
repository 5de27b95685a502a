//! Google's own Pub/Sub emulator behind the fake's scope gate: a gRPC server that nobody here wrote.
//!
//! It is part of the gcloud CLI and needs java. Where one of them is missing this says that it was
//! skipped; with `REQUIRE_GCLOUD=1` it fails instead.

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
    AcknowledgeRequest, PublishRequest, PubsubMessage, PullRequest, StreamingPullRequest, Subscription, Topic,
};
use http::Response;
use tonic::metadata::AsciiMetadataValue;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};
use tower::ServiceBuilder;

const TOPIC: &str = "projects/my-project/topics/orders";
const SUBSCRIPTION: &str = "projects/my-project/subscriptions/orders";
const ROBOT: &str = "robot@my-project.iam.gserviceaccount.com";
const PATIENCE: Duration = Duration::from_secs(60);

/// A directory of this test's own, gone when it ends.
struct TempDir(PathBuf);

impl Drop for TempDir {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// The emulator's process, which ends with the test however that ends.
struct Emulator {
    process: Child,
    address: SocketAddr,
    _dir: TempDir,
}

impl Drop for Emulator {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        self.process.wait().ok();
    }
}

/// Runs a program until its own standard input ends, which it does when this test is killed, too.
const UNTIL_STDIN_ENDS: &str = r#""$0" "$@" </dev/null & read -r _; kill $!; wait"#;

impl Emulator {
    /// None where there is no emulator, and that is allowed.
    fn start() -> Result<Option<Self>> {
        match program()? {
            // Somebody may take the port before the emulator does.
            Ok(program) => Self::run(&program).or_else(|_| Self::run(&program)).map(Some),
            Err(why) if std::env::var("REQUIRE_GCLOUD").is_ok_and(|value| value == "1") => {
                bail!("REQUIRE_GCLOUD=1, but {why}")
            }
            Err(why) => {
                // Not `eprintln!`, which the test harness swallows when a test passes.
                writeln!(std::io::stderr(), "SKIPPED: {why}")?;
                Ok(None)
            }
        }
    }

    fn run(program: &PathBuf) -> Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let dir = TempDir(std::env::temp_dir().join(format!(
            "gcp-scopes-pubsub-{}-{}",
            std::process::id(),
            address.port()
        )));
        std::fs::create_dir_all(&dir.0)?;
        let mut command = Command::new("sh");
        command.args(["-c", UNTIL_STDIN_ENDS]).arg(program);
        command.args(["--host=127.0.0.1", &format!("--port={}", address.port())]);
        command.current_dir(&dir.0).env("JAVA_OPTS", format!("-Djava.io.tmpdir={}", dir.0.display()));
        let process = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        // From here on whatever fails ends the process.
        let mut emulator = Self { process, address, _dir: dir };
        let stderr = emulator.process.stderr.take().context("stderr is a pipe")?;
        let (ready, is_ready) = mpsc::channel();
        // Reads on until the end, so that the emulator never waits for room in the pipe.
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(std::io::Result::ok) {
                if line.contains("Server started") {
                    ready.send(()).ok();
                }
            }
        });
        is_ready.recv_timeout(PATIENCE).context("the emulator does not start")?;
        Ok(emulator)
    }
}

/// Where the emulator is, or why it cannot be run.
fn program() -> Result<Result<PathBuf, &'static str>> {
    let root = Command::new("gcloud").args(["info", "--format=value(installation.sdk_root)"]).output();
    let Ok(root) = root else { return Ok(Err("gcloud not found")) };
    let root = PathBuf::from(String::from_utf8(root.stdout)?.trim());
    let program = root.join("platform/pubsub-emulator/bin/cloud-pubsub-emulator");
    let has_java = Command::new("java").arg("-version").output().is_ok_and(|output| output.status.success());
    Ok(match (program.is_file(), has_java) {
        (true, true) => Ok(program),
        (true, false) => Err("java not found, which the Pub/Sub emulator needs"),
        (false, _) => Err("gcloud's Pub/Sub emulator not found"),
    })
}

/// The fake Google before the emulator, and a guard that may ask its tokeninfo.
async fn google(emulator: &Emulator) -> Result<(FakeGoogle, Guard)> {
    // Asking tokeninfo takes reqwest, which is built without a crypto provider here.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let emulator = format!("http://{}", emulator.address);
    let google = FakeGoogle::builder().forward(Service::OtherApi, emulator).start().await?;
    google.other_api().path("/google.pubsub.v1.").serve(["cloud-platform", "pubsub"], Response::new(""));
    let guard = Guard::builder().env(google.env()).preflight(Preflight::Deny);
    let guard = guard.tokeninfo_endpoint(format!("{}/tokeninfo", google.oauth_url()))?.detect().await;
    Ok((google, guard))
}

fn channel(google: &FakeGoogle) -> Result<Channel> {
    Ok(Endpoint::from_shared(google.url_of(Service::OtherApi))?.connect_lazy())
}

/// What users put around a generated client: it says who calls.
fn bearer(token: &str) -> Result<impl Fn(Request<()>) -> Result<Request<()>, Status> + Clone + use<>> {
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

fn pull() -> StreamingPullRequest {
    StreamingPullRequest {
        subscription: SUBSCRIPTION.into(),
        stream_ack_deadline_seconds: 10,
        ..StreamingPullRequest::default()
    }
}

#[tokio::test]
async fn a_good_token_publishes_and_pulls_and_a_poor_one_gets_the_denial() -> Result<()> {
    let Some(emulator) = Emulator::start()? else { return Ok(()) };
    let (google, guard) = google(&emulator).await?;
    let good = bearer(&google.mint(ROBOT, ["pubsub"]))?;
    let poor = bearer(&google.mint(ROBOT, ["logging.write"]))?;
    let stack = ServiceBuilder::new().buffer(8).concurrency_limit(4).layer(guard.tonic_layer());
    let guarded = stack.service(channel(&google)?);
    let mut publisher = PublisherClient::with_interceptor(guarded.clone(), good.clone());
    let mut subscriber =
        SubscriberClient::with_interceptor(guarded.clone(), good).max_decoding_message_size(16 << 20);

    publisher.create_topic(Topic { name: TOPIC.into(), ..Topic::default() }).await?;
    let subscription =
        Subscription { name: SUBSCRIPTION.into(), topic: TOPIC.into(), ..Subscription::default() };
    subscriber.create_subscription(subscription).await?;

    let large: Vec<u8> = (0..3_000_000_u32).map(|place| (place % 251) as u8).collect();
    let mut request = Request::new(publish(large.clone()));
    request.set_timeout(PATIENCE);
    ensure!(publisher.publish(request).await?.into_inner().message_ids.len() == 1, "one message, one id");
    let sent = google.requests();
    ensure!(sent.iter().any(|request| request.header("grpc-timeout").is_some()), "the deadline goes along");

    let request =
        PullRequest { subscription: SUBSCRIPTION.into(), max_messages: 1, ..PullRequest::default() };
    let pulled = subscriber.pull(request).await?.into_inner().received_messages;
    let data = pulled.iter().find_map(|received| received.message.as_ref()).map(|message| &message.data);
    ensure!(data == Some(&large), "what is pulled is what was published");
    let ack_ids = pulled.iter().map(|received| received.ack_id.clone()).collect();
    subscriber.acknowledge(AcknowledgeRequest { subscription: SUBSCRIPTION.into(), ack_ids }).await?;

    // A stream that talks both ways, given up in the middle, twice.
    for round in 0..2_u8 {
        let talking = futures::StreamExt::chain(futures::stream::iter([pull()]), futures::stream::pending());
        // The emulator begins to answer with its first message.
        publisher.publish(publish(vec![round])).await?;
        let mut stream = subscriber.streaming_pull(talking).await?.into_inner();
        let batch = stream.message().await?.context("a message comes while the stream is open")?;
        ensure!(!batch.received_messages.is_empty(), "it is there");
        drop(stream);
    }

    let mut publisher = PublisherClient::with_interceptor(guarded.clone(), poor.clone());
    let mut subscriber = SubscriberClient::with_interceptor(guarded, poor);
    for mut publisher in [publisher.clone(), publisher.clone()] {
        refused(publisher.publish(publish(vec![1])).await.err(), "google.pubsub.v1.Publisher.Publish")?;
    }
    let talking = futures::stream::iter([pull()]);
    let answer = subscriber.streaming_pull(talking).await.err();
    refused(answer, "google.pubsub.v1.Subscriber.StreamingPull")?;
    let missing = Topic { name: "projects/my-project/topics/none".into(), ..Topic::default() };
    refused(publisher.create_topic(missing).await.err(), "google.pubsub.v1.Publisher.CreateTopic")
}

fn refused(status: Option<Status>, method: &str) -> Result<()> {
    let status = status.with_context(|| format!("{method} is refused"))?;
    ensure!(status.code() == Code::PermissionDenied && !status.details().is_empty(), "{status:?}");
    ensure!(status.message().contains("No IAM role fixes this"), "{status:?}");
    let denial = Denial::find(&status).with_context(|| format!("{status:?}"))?;
    ensure!(denial.kind() == DenialKind::Refused, "{denial:?}");
    ensure!(denial.method().map(|method| method.id()) == Some(method), "{denial:?}");
    ensure!(denial.granted().source() == Some(GrantSource::Tokeninfo), "{denial:?}");
    Ok(())
}

#[tokio::test]
async fn the_emulators_own_errors_come_through_as_they_are() -> Result<()> {
    let Some(emulator) = Emulator::start()? else { return Ok(()) };
    let (google, guard) = google(&emulator).await?;
    let good = bearer(&google.mint(ROBOT, ["pubsub"]))?;
    let guarded = ServiceBuilder::new().layer(guard.tonic_layer()).service(channel(&google)?);
    let bare = PublisherClient::with_interceptor(channel(&google)?, good.clone())
        .publish(publish(vec![1]))
        .await
        .err()
        .context("there is no such topic")?;
    let mut client = PublisherClient::with_interceptor(guarded, good);
    let seen = tokio::spawn(async move { client.publish(publish(vec![1])).await }).await?;
    let seen = seen.err().context("there is no such topic")?;
    ensure!((seen.code(), seen.message()) == (Code::NotFound, bare.message()), "{seen:?}");
    ensure!(seen.details() == bare.details() && Denial::find(&seen).is_none(), "{seen:?}");
    Ok(())
}
