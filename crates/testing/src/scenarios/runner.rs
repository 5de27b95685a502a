//! Runs a scenario with an adapter.

use std::pin::pin;

use futures_util::future::{Either, join_all, select};
use http::Version;

use super::api::ApiFormat;
use super::check::{self, CheckResult, ensure, expect_failure, expect_success};
use super::outcome::{DenialStage, Outcome};
use super::plan::{Expected, Plan};
use super::scenario::Scenario;
use super::scene::{Scene, TokenScope};
use super::scripted_refusal;
use super::subject::{GuardMode, Operation, Subject, SubjectClient};
use crate::fault::Fault;
use crate::recorded::RecordedRequest;

pub use super::check::UnmetExpectation;

/// Runs a scenario with an adapter. See the [module documentation](super).
///
/// The run has no timeout. Use `tokio::time::timeout` to limit it.
///
/// # Errors
/// Returns an error if an expectation of the scenario is not met. The message, which is for people,
/// contains the expectation and the actual outcome.
pub async fn run_scenario<S: Subject>(
    subject: &S,
    scenario: Scenario,
) -> Result<(), UnmetExpectation> {
    let runner = Runner { subject, version: version(subject, scenario) };
    for plan in scenario.plans() {
        runner.run_plan(plan).await?;
    }
    match scenario {
        Scenario::KeepsErrorKind => runner.keeps_error_kind().await,
        Scenario::Upload => runner.upload(Operation::Upload(Scene::content()), 1).await,
        Scenario::Resumable => runner.upload(Operation::Resumable(Scene::content()), 3).await,
        Scenario::Download => runner.download().await,
        Scenario::Retries => runner.retries().await,
        Scenario::Cancelled => runner.cancelled().await,
        Scenario::Concurrent => runner.concurrent().await,
        Scenario::Cloned => runner.cloned().await,
        _ => Ok(()),
    }
}

/// Returns the HTTP version of a scenario: HTTP/2 for gRPC and for [`Scenario::Http2`].
fn version(subject: &impl Subject, scenario: Scenario) -> Version {
    let is_grpc = subject.api().format == ApiFormat::Grpc && scenario != Scenario::Http1;
    if is_grpc || scenario == Scenario::Http2 { Version::HTTP_2 } else { Version::HTTP_11 }
}

/// Runs scenarios with one adapter and one HTTP version.
struct Runner<'a, S> {
    subject: &'a S,
    version: Version,
}

impl<S: Subject> Runner<'_, S> {
    /// Starts the fake for a token with this scope.
    async fn scene(&self, token_scope: TokenScope) -> CheckResult<Scene> {
        let scene = Scene::start(self.subject.api(), token_scope, self.version).await;
        let scene =
            scene.map_err(|error| UnmetExpectation(format!("cannot start the fake: {error}")))?;
        self.subject.prepare(scene.google());
        Ok(scene)
    }

    /// Builds the client, with a guard of this mode or without a guard.
    async fn client(&self, scene: &Scene, mode: Option<GuardMode>) -> CheckResult<S::Client> {
        let result = self.subject.build_client(scene, mode).await;
        let with = if mode.is_some() { "with" } else { "without" };
        result.map_err(|error| {
            UnmetExpectation(format!("cannot build the client {with} a guard: {error}"))
        })
    }

    /// Makes the calls of a plan, once for each mode.
    async fn run_plan(&self, plan: &Plan) -> CheckResult {
        let scene = self.scene(plan.token_scope).await?;
        if plan.refusal.is_some_and(|refusal| !scripted_refusal::script(&scene, refusal)) {
            return Ok(());
        }
        if let Some(fault) = plan.fault {
            scene.google().set_fault(scene.api().service, fault);
        }
        for mode in plan.modes {
            let result = self.make_calls(&scene, *mode, plan.calls).await;
            result.map_err(|unmet| UnmetExpectation(format!("{mode:?}: {unmet}")))?;
        }
        check::versions_and_paths(&scene)
    }

    /// Makes the calls of a plan with one guarded client.
    async fn make_calls(&self, scene: &Scene, mode: GuardMode, calls: &[Expected]) -> CheckResult {
        let guarded = self.client(scene, Some(mode)).await?;
        for expected in calls {
            match expected {
                Expected::SameSuccess => {
                    drop(expect_success(self.same_outcome(scene, &guarded).await?)?)
                }
                Expected::SameFailure => {
                    let failure = expect_failure(self.same_outcome(scene, &guarded).await?)?;
                    ensure(failure.denial.is_none(), || {
                        format!("expected no denial: {failure:#?}")
                    })?;
                }
                Expected::Explained => self.explains_refusal(scene, &guarded).await?,
                Expected::NoLeak => {
                    let failure = expect_failure(guarded.perform(Operation::Call).await)?;
                    check::no_leak(&failure, &scene.token())?;
                }
                Expected::NotSent(stage) => self.sends_nothing(scene, &guarded, *stage).await?,
            }
        }
        Ok(())
    }

    /// Checks that a call has the same requests and the same outcome with the guard as without the
    /// guard. Returns the outcome.
    async fn same_outcome(&self, scene: &Scene, guarded: &S::Client) -> CheckResult<Outcome> {
        let (expected, bare) = call(scene, &self.client(scene, None).await?).await;
        let (outcome, sent) = call(scene, guarded).await;
        check::same_requests(&bare, &sent)?;
        check::same_outcome(&expected, &outcome)?;
        Ok(outcome)
    }

    /// Checks that a call sends as many requests as without the guard, and fails with a denial.
    async fn explains_refusal(&self, scene: &Scene, guarded: &S::Client) -> CheckResult {
        let (outcome, bare) = call(scene, &self.client(scene, None).await?).await;
        expect_failure(outcome)?;
        let (outcome, sent) = call(scene, guarded).await;
        let failure = expect_failure(outcome)?;
        // A guard that causes or prevents a retry changes the number of requests.
        ensure(!sent.is_empty() && sent.len() == bare.len(), || {
            format!("expected {} requests, got {}: {:#?}", bare.len(), sent.len(), scene.sent())
        })?;
        check::explained(scene, self.subject.denial_place(), &failure, DenialStage::Refused)
    }

    /// Checks that a call sends nothing, and fails with a denial of this stage.
    async fn sends_nothing(
        &self,
        scene: &Scene,
        guarded: &S::Client,
        stage: DenialStage,
    ) -> CheckResult {
        let (outcome, sent) = call(scene, guarded).await;
        let failure = expect_failure(outcome)?;
        ensure(sent.is_empty(), || format!("expected no request: {sent:#?}"))?;
        check::explained(scene, self.subject.denial_place(), &failure, stage)
    }

    /// Checks that a denial has the error kind of a refusal without the guard, whether the call is
    /// sent or not.
    async fn keeps_error_kind(&self) -> CheckResult {
        let scene = self.scene(TokenScope::Unrelated).await?;
        let expected =
            expect_failure(self.client(&scene, None).await?.perform(Operation::Call).await)?.kind;
        for mode in [GuardMode::Warn, GuardMode::Deny] {
            if mode == GuardMode::Deny && self.subject.skip_reason(Scenario::Denied).is_some() {
                continue;
            }
            let kind = expect_failure(
                self.client(&scene, Some(mode)).await?.perform(Operation::Call).await,
            )?
            .kind;
            ensure(kind == expected, || {
                format!("{mode:?}: expected the error kind {expected}, got {kind}")
            })?;
        }
        Ok(())
    }

    /// Checks that an upload stores its content and sends at least `least` requests.
    async fn upload(&self, operation: Operation, least: usize) -> CheckResult {
        let scene = self.scene(TokenScope::Accepted).await?;
        expect_success(
            self.client(&scene, Some(GuardMode::Confirm)).await?.perform(operation).await,
        )?;
        let sent = scene.sent();
        // The client chooses the size of a part, so it may send more requests.
        ensure(sent.len() >= least, || format!("expected at least {least} requests: {sent:#?}"))?;
        check::stored_content(&scene)
    }

    /// Checks that a download returns the stored content.
    async fn download(&self) -> CheckResult {
        let scene = self.scene(TokenScope::Accepted).await?;
        scene.google().put_object(Scene::BUCKET, Scene::LARGE, Scene::content());
        let guarded = self.client(&scene, Some(GuardMode::Confirm)).await?;
        let bytes = expect_success(guarded.perform(Operation::Download).await)?.bytes;
        ensure(bytes == Scene::content(), || {
            format!("the downloaded content ({} bytes) differs from the stored object", bytes.len())
        })
    }

    /// Checks that the client retries as without the guard, if every other request fails with
    /// status 503.
    async fn retries(&self) -> CheckResult {
        let scene = self.scene(TokenScope::Accepted).await?;
        let clients = [
            self.client(&scene, None).await?,
            self.client(&scene, Some(GuardMode::Confirm)).await?,
        ];
        let mut outcomes = Vec::new();
        for client in clients {
            // Setting the fault again restarts its count, so that both clients see the same
            // responses.
            scene.google().set_fault(scene.api().service, Fault::Flaky { failures: 1, group: 2 });
            outcomes.push(call(&scene, &client).await);
        }
        let [(expected, bare), (outcome, sent)] = &outcomes[..] else { return Ok(()) };
        ensure(bare.len() == sent.len(), || {
            format!("expected {} requests, got {}", bare.len(), sent.len())
        })?;
        check::same_outcome(expected, outcome)
    }

    /// Checks that a call succeeds after an earlier call was cancelled.
    async fn cancelled(&self) -> CheckResult {
        let scene = self.scene(TokenScope::Accepted).await?;
        let guarded = self.client(&scene, Some(GuardMode::Deny)).await?;
        let (service, google) = (scene.api().service, scene.google());
        google.set_fault(service, Fault::Hang);
        // Cancelling the call before its request has arrived would test nothing: such a call holds
        // no state that could block a later call.
        let arrived =
            google.wait_for(|requests| requests.iter().any(|request| request.service() == service));
        if let Either::Left((outcome, _)) =
            select(pin!(guarded.perform(Operation::Call)), pin!(arrived)).await
        {
            return Err(UnmetExpectation(format!(
                "expected the call to hang, but it ended: {outcome:?}"
            )));
        }
        google.clear_fault(service);
        expect_success(guarded.perform(Operation::Call).await).map(drop)
    }

    /// Checks that concurrent calls are all sent and succeed.
    async fn concurrent(&self) -> CheckResult {
        let scene = self.scene(TokenScope::Accepted).await?;
        let guarded = self.client(&scene, Some(GuardMode::Deny)).await?;
        for outcome in join_all((0..CONCURRENT).map(|_| guarded.perform(Operation::Call))).await {
            expect_success(outcome)?;
        }
        let sent = scene.sent().len();
        // One call may send several requests, for example to start an upload.
        ensure(sent >= CONCURRENT, || {
            format!("expected at least {CONCURRENT} requests, got {sent}")
        })
    }

    /// Checks that a clone of the client uses the guard, including the refusals that the guard
    /// remembers.
    async fn cloned(&self) -> CheckResult {
        let scene = self.scene(TokenScope::Unrelated).await?;
        let guarded = self.client(&scene, Some(GuardMode::Confirm)).await?;
        self.explains_refusal(&scene, &guarded).await?;
        match self.subject.skip_reason(Scenario::Confirmed) {
            Some(_) => self.explains_refusal(&scene, &guarded.clone()).await,
            None => self.sends_nothing(&scene, &guarded.clone(), DenialStage::Confirmed).await,
        }
    }
}

/// The number of concurrent calls: enough for several to wait for one token at the same time.
const CONCURRENT: usize = 32;

/// Makes a call, and returns its outcome and the requests that it sent.
async fn call(scene: &Scene, client: &impl SubjectClient) -> (Outcome, Vec<RecordedRequest>) {
    // The record also contains the requests of earlier calls.
    let before = scene.sent().len();
    let outcome = client.perform(Operation::Call).await;
    (outcome, scene.sent().into_iter().skip(before).collect())
}
