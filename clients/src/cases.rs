//! What each case does and demands. Only the fake's record of requests and the reply are looked at.

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow, ensure};
use bytes::Bytes;
use futures::future::join_all;
use gcp_scopes::Preflight;
use gcp_scopes::denial::DenialKind;
use gcp_scopes::guard::Surface;
use gcp_scopes_testing::{Fault, RecordedRequest};
use http::{StatusCode, Version};

use crate::case::Case;
use crate::kind::{Client, Failure, Kind, Reply, Shows, Speaks};
use crate::refusal;
use crate::world::{Held, World};

/// Plays a case with a client. What does not hold is the error.
pub(crate) async fn play(kind: &dyn Kind, case: Case) -> Result<()> {
    let scene = Scene { kind };
    match case {
        Case::Allowed => scene.allowed(usual(kind)).await,
        Case::Refused => scene.refused(usual(kind)).await,
        Case::Denied => scene.denied().await,
        Case::Confirmed => scene.confirmed().await,
        Case::KeepsKind => scene.keeps_kind().await,
        Case::Iam | Case::ApiDisabled | Case::Billing => scene.other_gate(case).await,
        Case::VpcSc | Case::QuotaProject | Case::RateLimit => scene.other_gate(case).await,
        Case::LargeBody => scene.large().await,
        Case::GzipBody => scene.faulty(Case::Iam, Fault::Gzip).await,
        Case::ChunkedBody => scene.chunked().await,
        Case::BrokenBody => scene.faulty(Case::Iam, Fault::CutOff(40)).await,
        Case::Upload => scene.upload().await,
        Case::Download => scene.download().await,
        Case::Resumable => scene.resumable().await,
        Case::Retries => scene.retries().await,
        Case::Cancelled => scene.cancelled().await,
        Case::Concurrent => scene.concurrent().await,
        Case::Cloned => scene.cloned().await,
        Case::Http1 => scene.both(Version::HTTP_11).await,
        Case::Http2 => scene.both(Version::HTTP_2).await,
        Case::NoLeak => scene.no_leak().await,
    }
}

/// gRPC takes HTTP/2.
fn usual(kind: &dyn Kind) -> Version {
    if kind.api().speaks == Speaks::Grpc { Version::HTTP_2 } else { Version::HTTP_11 }
}

struct Scene<'a> {
    kind: &'a dyn Kind,
}

impl Scene<'_> {
    async fn world(&self, held: Held, version: Version) -> Result<World> {
        let world = World::start(self.kind, held, version).await;
        world.map_err(|error| anyhow!("the world does not start: {error}"))
    }

    async fn bare(&self, world: &World) -> Result<Box<dyn Client>> {
        self.kind.make(world, None).await.map_err(|error| anyhow!("no bare client: {error}"))
    }

    async fn guarded(&self, world: &World, preflight: Preflight) -> Result<Box<dyn Client>> {
        let guard = world.guard(preflight).await.map_err(|error| anyhow!("no guard: {error}"))?;
        self.kind.make(world, Some(guard)).await.map_err(|error| anyhow!("no guarded client: {error}"))
    }

    /// Both clients do the same in the same world: the replies are the same, and so is what was sent.
    async fn alike(&self, world: &World, preflight: Preflight) -> Result<Reply> {
        let (bare, guarded) = (self.bare(world).await?, self.guarded(world, preflight).await?);
        let before = world.sent().len();
        let expected = bare.call().await;
        let between = world.sent().len();
        let reply = guarded.call().await;
        let sent = world.sent();
        let (bare_sent, guarded_sent) = (sent.get(before..between), sent.get(between..));
        ensure!(shown(bare_sent) == shown(guarded_sent), "other requests went out: {sent:#?}");
        same(&expected, &reply)?;
        Ok(reply)
    }

    async fn allowed(&self, version: Version) -> Result<()> {
        let world = self.world(Held::Enough, version).await?;
        for preflight in [Preflight::Warn, Preflight::Confirm, Preflight::Deny] {
            let reply = self.alike(&world, preflight).await?;
            succeeded(reply).with_context(|| format!("{preflight:?}"))?;
        }
        spoken(&world, version)
    }

    async fn refused(&self, version: Version) -> Result<()> {
        let world = self.world(Held::Another, version).await?;
        let (bare, guarded) = (self.bare(&world).await?, self.guarded(&world, Preflight::Warn).await?);
        failed(bare.call().await).context("the bare client")?;
        let sent = world.sent().len();
        let failure = failed(guarded.call().await)?;
        ensure!(world.sent().len() == 2 * sent, "as many requests as without the guard: {:#?}", world.sent());
        self.explained(&failure, DenialKind::Refused)?;
        spoken(&world, version)
    }

    async fn denied(&self) -> Result<()> {
        let world = self.world(Held::Another, Version::HTTP_11).await?;
        let guarded = self.guarded(&world, Preflight::Deny).await?;
        for _ in 0..2 {
            let failure = failed(guarded.call().await)?;
            ensure!(world.sent().is_empty(), "nothing is sent: {:#?}", world.sent());
            self.explained(&failure, DenialKind::Predicted)?;
        }
        Ok(())
    }

    async fn confirmed(&self) -> Result<()> {
        let world = self.world(Held::Another, Version::HTTP_11).await?;
        let guarded = self.guarded(&world, Preflight::Confirm).await?;
        self.explained(&failed(guarded.call().await)?, DenialKind::Refused)?;
        let sent = world.sent().len();
        ensure!(sent > 0, "the first call is sent");
        self.explained(&failed(guarded.call().await)?, DenialKind::Confirmed)?;
        ensure!(world.sent().len() == sent, "the second call is not sent: {:#?}", world.sent());
        Ok(())
    }

    async fn keeps_kind(&self) -> Result<()> {
        let world = self.world(Held::Another, Version::HTTP_11).await?;
        let expected = failed(self.bare(&world).await?.call().await)?.kind;
        for preflight in [Preflight::Warn, Preflight::Deny] {
            if preflight == Preflight::Deny && self.kind.cannot(Case::Denied).is_some() {
                continue;
            }
            let kind = failed(self.guarded(&world, preflight).await?.call().await)?.kind;
            ensure!(kind == expected, "{preflight:?}: {kind} in the place of {expected}");
        }
        Ok(())
    }

    async fn other_gate(&self, case: Case) -> Result<()> {
        let world = self.world(Held::Enough, Version::HTTP_11).await?;
        refusal::script(&world, case);
        for preflight in [Preflight::Warn, Preflight::Confirm, Preflight::Deny] {
            let failure = failed(self.alike(&world, preflight).await?)?;
            ensure!(failure.denial.is_none(), "there is no denial: {failure:#?}");
        }
        Ok(())
    }

    async fn faulty(&self, case: Case, fault: Fault) -> Result<()> {
        let world = self.world(Held::Enough, Version::HTTP_11).await?;
        refusal::script(&world, case);
        world.google().fault(world.api().service, fault);
        let failure = failed(self.alike(&world, Preflight::Confirm).await?)?;
        ensure!(failure.denial.is_none(), "there is no denial: {failure:#?}");
        Ok(())
    }

    async fn large(&self) -> Result<()> {
        self.faulty(Case::Iam, Fault::BigRefusal(1 << 20)).await?;
        // Enough for the fake's own gate, so that the scripted answer is reached.
        let world = self.world(Held::Enough, Version::HTTP_11).await?;
        if !refusal::script_large(&world) {
            return Ok(());
        }
        let failure = failed(self.guarded(&world, Preflight::Warn).await?.call().await)?;
        self.explained(&failure, DenialKind::Refused)
    }

    async fn chunked(&self) -> Result<()> {
        let world = self.world(Held::Another, Version::HTTP_11).await?;
        world.google().fault(world.api().service, Fault::ChunkSize(100));
        let failure = failed(self.guarded(&world, Preflight::Warn).await?.call().await)?;
        self.explained(&failure, DenialKind::Refused)
    }

    async fn upload(&self) -> Result<()> {
        let world = self.world(Held::Enough, Version::HTTP_11).await?;
        let guarded = self.guarded(&world, Preflight::Confirm).await?;
        succeeded(guarded.upload(World::content()).await)?;
        stored(&world)
    }

    async fn resumable(&self) -> Result<()> {
        let world = self.world(Held::Enough, Version::HTTP_11).await?;
        let guarded = self.guarded(&world, Preflight::Confirm).await?;
        succeeded(guarded.resumable(World::content()).await)?;
        ensure!(world.sent().len() > 2, "several requests: {:#?}", world.sent());
        stored(&world)
    }

    async fn download(&self) -> Result<()> {
        let world = self.world(Held::Enough, Version::HTTP_11).await?;
        world.google().put_object(World::BUCKET, World::LARGE, World::content());
        let guarded = self.guarded(&world, Preflight::Confirm).await?;
        let answer = succeeded(guarded.download().await)?;
        ensure!(answer == World::content(), "{} bytes came down, or others", answer.len());
        Ok(())
    }

    /// One request in two fails. What the client makes of that, it makes with the guard too.
    async fn retries(&self) -> Result<()> {
        let world = self.world(Held::Enough, Version::HTTP_11).await?;
        let mut seen = Vec::new();
        for client in [self.bare(&world).await?, self.guarded(&world, Preflight::Confirm).await?] {
            let before = world.sent().len();
            world.google().fault(world.api().service, Fault::Flaky { failures: 1, of: 2 });
            let reply = client.call().await;
            seen.push((reply, world.sent().len() - before));
        }
        let [(expected, bare), (reply, guarded)] = &seen[..] else { unreachable!("two clients") };
        ensure!(bare == guarded, "{guarded} requests in the place of {bare}");
        same(expected, reply)
    }

    async fn cancelled(&self) -> Result<()> {
        let world = self.world(Held::Enough, Version::HTTP_11).await?;
        let guarded = self.guarded(&world, Preflight::Deny).await?;
        world.google().fault(world.api().service, Fault::Hang);
        let (api, google) = (world.api().service, world.google());
        tokio::select! {
            reply = guarded.call() => return Err(anyhow!("a hanging call ended: {reply:?}")),
            () = google.wait_for(|all| all.iter().any(|request| request.service() == api)) => {}
        }
        google.heal(api);
        succeeded(guarded.call().await).map(drop)
    }

    async fn concurrent(&self) -> Result<()> {
        let world = self.world(Held::Enough, Version::HTTP_11).await?;
        let guarded = self.guarded(&world, Preflight::Deny).await?;
        for reply in join_all((0..32).map(|_| guarded.call())).await {
            succeeded(reply)?;
        }
        ensure!(world.sent().len() >= 32, "every call is sent: {}", world.sent().len());
        Ok(())
    }

    async fn cloned(&self) -> Result<()> {
        let world = self.world(Held::Another, Version::HTTP_11).await?;
        let guarded = self.guarded(&world, Preflight::Confirm).await?;
        self.explained(&failed(guarded.call().await)?, DenialKind::Refused)?;
        let sent = world.sent().len();
        let failure = failed(guarded.another().call().await)?;
        match self.kind.cannot(Case::Confirmed) {
            Some(_) => self.explained(&failure, DenialKind::Refused),
            None => {
                ensure!(world.sent().len() == sent, "the clone's call is not sent: {:#?}", world.sent());
                self.explained(&failure, DenialKind::Confirmed)
            }
        }
    }

    async fn both(&self, version: Version) -> Result<()> {
        self.allowed(version).await?;
        self.refused(version).await
    }

    async fn no_leak(&self) -> Result<()> {
        let world = self.world(Held::Another, Version::HTTP_11).await?;
        for preflight in [Preflight::Confirm, Preflight::Deny] {
            let guarded = self.guarded(&world, preflight).await?;
            for _ in 0..2 {
                let failure = failed(guarded.call().await)?;
                let texts = [Some(failure.text), Some(failure.debug), failure.denial.map(|it| it.report())];
                for text in texts.into_iter().flatten() {
                    ensure!(!holds_a_piece(&text, &world.token()), "{preflight:?}: a token in {text}");
                }
            }
        }
        Ok(())
    }

    /// A user finds out why, where this client shows it.
    fn explained(&self, failure: &Failure, kind: DenialKind) -> Result<()> {
        if self.kind.shows() == Shows::Denial {
            let denial =
                failure.denial.as_ref().with_context(|| format!("there is a denial: {failure:#?}"))?;
            ensure!(denial.kind() == kind, "{:?} in the place of {kind:?}", denial.kind());
            ensure!(denial.method().is_some(), "the denial names no method: {denial}");
        }
        if self.kind.shows() == Shows::Text || self.kind.surface() != Surface::Extension {
            let verb = if kind == DenialKind::Refused { "was refused" } else { "was not sent" };
            for words in [verb, "No IAM role fixes this"] {
                ensure!(failure.text.contains(words), "{words:?} is not in the text: {}", failure.text);
            }
        }
        Ok(())
    }
}

fn succeeded(reply: Reply) -> Result<Bytes> {
    match reply {
        Ok(answer) => Ok(answer.bytes),
        Err(failure) => Err(anyhow!("the call fails: {failure:#?}")),
    }
}

fn failed(reply: Reply) -> Result<Failure> {
    match reply {
        Err(failure) => Ok(failure),
        Ok(answer) => Err(anyhow!("the call succeeds with {} bytes", answer.bytes.len())),
    }
}

fn same(expected: &Reply, reply: &Reply) -> Result<()> {
    match (expected, reply) {
        (Ok(expected), Ok(answer)) => {
            ensure!(expected == answer, "{answer:#?}\nin the place of\n{expected:#?}")
        }
        (Err(expected), Err(failure)) => ensure!(
            expected.kind == failure.kind && words(expected) == words(failure),
            "{failure:#?}\nin the place of\n{expected:#?}"
        ),
        _ => return Err(anyhow!("{reply:#?}\nin the place of\n{expected:#?}")),
    }
    Ok(())
}

/// What a failure says, line by line.
fn words(failure: &Failure) -> Vec<&str> {
    failure.text.lines().filter(|line| *line != REWRAPPED).collect()
}

/// What reqwest puts between its error and the cause when a body was taken out of a response and wrapped into
/// another one, for which `reqwest::Body::wrap` is the only way.
const REWRAPPED: &str = "request or response body error";

/// What went out, but for what a client makes up anew for every request.
fn shown(sent: Option<&[RecordedRequest]>) -> Vec<String> {
    let show = |request: &RecordedRequest| {
        let headers = request.headers().iter().filter(|(name, _)| !CHANGING.contains(&name.as_str()));
        let headers: BTreeMap<_, _> =
            headers.map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes()))).collect();
        let line = (request.verb(), request.path(), request.query(), request.version(), request.status());
        format!("{line:?} {headers:?}")
    };
    sent.unwrap_or_default().iter().map(show).collect()
}

/// Headers with a number of the request's own.
const CHANGING: [&str; 3] = ["x-goog-gcs-idempotency-token", "x-goog-api-client", "grpc-timeout"];

fn stored(world: &World) -> Result<()> {
    let stored = world.google().object(World::BUCKET, World::NEW).context("the object is there")?;
    ensure!(stored == World::content(), "{} bytes were stored, or others", stored.len());
    Ok(())
}

fn spoken(world: &World, version: Version) -> Result<()> {
    let version = if world.api().speaks == Speaks::Grpc { Version::HTTP_2 } else { version };
    let other = world.sent().into_iter().find(|request| request.version() != version);
    ensure!(other.is_none(), "{version:?} was to be spoken, not {:?}", other.map(|it| it.version()));
    let answered = world.sent().iter().all(|request| request.status() != Some(StatusCode::NOT_FOUND));
    ensure!(answered, "a request met nothing: {:#?}", world.sent());
    Ok(())
}

/// Twelve characters of a token in a row are taken for a leak.
fn holds_a_piece(text: &str, token: &str) -> bool {
    let pieces = (0..=token.len().saturating_sub(12)).filter_map(|start| token.get(start..start + 12));
    pieces.into_iter().any(|piece| text.contains(piece))
}
