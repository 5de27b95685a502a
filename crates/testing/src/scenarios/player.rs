//! Plays a scenario with an adapter.

use std::pin::pin;

use futures_util::future::{Either, join_all, select};
use http::Version;

use super::api::ApiFormat;
use super::check::{self, ensure, failed, succeeded};
use super::gates;
use super::outcome::{DenialStage, Failure, Received};
use super::plan::{Expected, Plan};
use super::scenario::Scenario;
use super::scene::{Held, Scene};
use super::subject::{GuardMode, Operation, Subject, SubjectClient};
use crate::fault::Fault;
use crate::recorded::RecordedRequest;

pub use super::check::Unmet;

/// Plays a scenario with an adapter. See the [module's page](super).
///
/// It waits for as long as the client does; put a timeout around it.
///
/// # Errors
/// What does not hold. It is for people to read, and shows what was found instead.
pub async fn play<S: Subject>(subject: &S, scenario: Scenario) -> Result<(), Unmet> {
    let player = Player { subject, version: version(subject, scenario) };
    for plan in scenario.plans() {
        player.plan(plan).await?;
    }
    match scenario {
        Scenario::KeepsKind => player.keeps_kind().await,
        Scenario::Upload => player.upload(Operation::Upload(Scene::content()), 1).await,
        Scenario::Resumable => player.upload(Operation::Resumable(Scene::content()), 3).await,
        Scenario::Download => player.download().await,
        Scenario::Retries => player.retries().await,
        Scenario::Cancelled => player.cancelled().await,
        Scenario::Concurrent => player.concurrent().await,
        Scenario::Cloned => player.cloned().await,
        _ => Ok(()),
    }
}

/// gRPC takes HTTP/2.
fn version(subject: &impl Subject, scenario: Scenario) -> Version {
    let is_grpc = subject.api().format == ApiFormat::Grpc && scenario != Scenario::Http1;
    if is_grpc || scenario == Scenario::Http2 { Version::HTTP_2 } else { Version::HTTP_11 }
}

struct Player<'a, S> {
    subject: &'a S,
    version: Version,
}

impl<S: Subject> Player<'_, S> {
    async fn scene(&self, held: Held) -> Result<Scene, Unmet> {
        let scene = Scene::start(self.subject.api(), held, self.version).await;
        let scene = scene.map_err(|error| Unmet(format!("the scene does not start: {error}")))?;
        self.subject.prepare(scene.google());
        Ok(scene)
    }

    /// The client as published, or with a guard of this mode inside.
    async fn client(&self, scene: &Scene, mode: Option<GuardMode>) -> Result<S::Client, Unmet> {
        let made = self.subject.make(scene, mode).await;
        let which = if mode.is_some() { "guarded" } else { "bare" };
        made.map_err(|error| Unmet(format!("there is no {which} client: {error}")))
    }

    async fn plan(&self, plan: &Plan) -> Result<(), Unmet> {
        let scene = self.scene(plan.held).await?;
        if plan.gate.is_some_and(|gate| !gates::close(&scene, gate)) {
            return Ok(());
        }
        if let Some(fault) = plan.fault {
            scene.google().fault(scene.api().service, fault);
        }
        for mode in plan.modes {
            let played = self.calls(&scene, *mode, plan.calls).await;
            played.map_err(|unmet| Unmet(format!("{mode:?}: {unmet}")))?;
        }
        check::spoken(&scene)
    }

    async fn calls(&self, scene: &Scene, mode: GuardMode, calls: &[Expected]) -> Result<(), Unmet> {
        let guarded = self.client(scene, Some(mode)).await?;
        for expected in calls {
            match expected {
                Expected::SameSuccess => succeeded(self.same(scene, &guarded).await?).map(drop)?,
                Expected::SameFailure => {
                    let failure = failed(self.same(scene, &guarded).await?)?;
                    ensure(failure.denial.is_none(), || format!("there is no denial: {failure:#?}"))?;
                }
                Expected::Explained => self.refused(scene, &guarded).await?,
                Expected::NoLeak => {
                    let failure = failed(guarded.perform(Operation::Call).await)?;
                    check::no_leak(&failure, &scene.token())?;
                }
                Expected::NotSent(stage) => self.not_sent(scene, &guarded, *stage).await?,
            }
        }
        Ok(())
    }

    /// Both clients do the same: what their callers get is the same, and so is what was sent.
    async fn same(&self, scene: &Scene, guarded: &S::Client) -> Result<Result<Received, Failure>, Unmet> {
        let (expected, bare) = call(scene, &self.client(scene, None).await?).await;
        let (outcome, sent) = call(scene, guarded).await;
        check::same_requests(&bare, &sent)?;
        check::same(&expected, &outcome)?;
        Ok(outcome)
    }

    async fn refused(&self, scene: &Scene, guarded: &S::Client) -> Result<(), Unmet> {
        let (outcome, bare) = call(scene, &self.client(scene, None).await?).await;
        failed(outcome)?;
        let (outcome, sent) = call(scene, guarded).await;
        let failure = failed(outcome)?;
        ensure(!sent.is_empty() && sent.len() == bare.len(), || {
            format!("{} requests in the place of {}: {:#?}", sent.len(), bare.len(), scene.sent())
        })?;
        check::explained(scene, self.subject.denial_place(), &failure, DenialStage::Refused)
    }

    async fn not_sent(&self, scene: &Scene, guarded: &S::Client, stage: DenialStage) -> Result<(), Unmet> {
        let (outcome, sent) = call(scene, guarded).await;
        let failure = failed(outcome)?;
        ensure(sent.is_empty(), || format!("nothing is sent: {sent:#?}"))?;
        check::explained(scene, self.subject.denial_place(), &failure, stage)
    }

    async fn keeps_kind(&self) -> Result<(), Unmet> {
        let scene = self.scene(Held::Another).await?;
        let expected = failed(self.client(&scene, None).await?.perform(Operation::Call).await)?.kind;
        for mode in [GuardMode::Warn, GuardMode::Deny] {
            if mode == GuardMode::Deny && self.subject.cannot(Scenario::Denied).is_some() {
                continue;
            }
            let kind = failed(self.client(&scene, Some(mode)).await?.perform(Operation::Call).await)?.kind;
            ensure(kind == expected, || format!("{mode:?}: {kind} in the place of {expected}"))?;
        }
        Ok(())
    }

    async fn upload(&self, operation: Operation, least: usize) -> Result<(), Unmet> {
        let scene = self.scene(Held::Enough).await?;
        succeeded(self.client(&scene, Some(GuardMode::Confirm)).await?.perform(operation).await)?;
        ensure(scene.sent().len() >= least, || format!("{least} requests: {:#?}", scene.sent()))?;
        check::stored(&scene)
    }

    async fn download(&self) -> Result<(), Unmet> {
        let scene = self.scene(Held::Enough).await?;
        scene.google().put_object(Scene::BUCKET, Scene::LARGE, Scene::content());
        let guarded = self.client(&scene, Some(GuardMode::Confirm)).await?;
        let bytes = succeeded(guarded.perform(Operation::Download).await)?.bytes;
        ensure(bytes == Scene::content(), || format!("{} bytes came down, or others", bytes.len()))
    }

    /// One request in two fails. What the client makes of that, it makes with the guard too.
    async fn retries(&self) -> Result<(), Unmet> {
        let scene = self.scene(Held::Enough).await?;
        let clients =
            [self.client(&scene, None).await?, self.client(&scene, Some(GuardMode::Confirm)).await?];
        let mut seen = Vec::new();
        for client in clients {
            scene.google().fault(scene.api().service, Fault::Flaky { failures: 1, of: 2 });
            seen.push(call(&scene, &client).await);
        }
        let [(expected, bare), (outcome, sent)] = &seen[..] else { return Ok(()) };
        ensure(bare.len() == sent.len(), || {
            format!("{} requests in the place of {}", sent.len(), bare.len())
        })?;
        check::same(expected, outcome)
    }

    async fn cancelled(&self) -> Result<(), Unmet> {
        let scene = self.scene(Held::Enough).await?;
        let guarded = self.client(&scene, Some(GuardMode::Deny)).await?;
        let (service, google) = (scene.api().service, scene.google());
        google.fault(service, Fault::Hang);
        let is_here = google.wait_for(|all| all.iter().any(|request| request.service() == service));
        if let Either::Left((outcome, _)) =
            select(pin!(guarded.perform(Operation::Call)), pin!(is_here)).await
        {
            return Err(Unmet(format!("a hanging call ended: {outcome:?}")));
        }
        google.heal(service);
        succeeded(guarded.perform(Operation::Call).await).map(drop)
    }

    async fn concurrent(&self) -> Result<(), Unmet> {
        let scene = self.scene(Held::Enough).await?;
        let guarded = self.client(&scene, Some(GuardMode::Deny)).await?;
        for outcome in join_all((0..32).map(|_| guarded.perform(Operation::Call))).await {
            succeeded(outcome)?;
        }
        ensure(scene.sent().len() >= 32, || format!("every call is sent: {}", scene.sent().len()))
    }

    async fn cloned(&self) -> Result<(), Unmet> {
        let scene = self.scene(Held::Another).await?;
        let guarded = self.client(&scene, Some(GuardMode::Confirm)).await?;
        self.refused(&scene, &guarded).await?;
        match self.subject.cannot(Scenario::Confirmed) {
            Some(_) => self.refused(&scene, &guarded.clone()).await,
            None => self.not_sent(&scene, &guarded.clone(), DenialStage::Confirmed).await,
        }
    }
}

/// What a call gives its caller, and the requests that it sends.
async fn call(
    scene: &Scene,
    client: &impl SubjectClient,
) -> (Result<Received, Failure>, Vec<RecordedRequest>) {
    let before = scene.sent().len();
    let outcome = client.perform(Operation::Call).await;
    (outcome, scene.sent().into_iter().skip(before).collect())
}
