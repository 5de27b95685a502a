//! [`SelfCheck`]: collects what a service needs, and runs the check.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use gcp_scopes_needs::NeedsFile;

use super::ask::{CheckRequests, send_requests};
use super::finding::{Finding, GateState};
use super::judge::{Judge, Lacking};
use super::need::{Access, Need};
use super::report::Report;
use super::resource::IamNeed;
use crate::catalog::ApiMethod;
use crate::environment::{Credential, Platform};
use crate::error::Error;
use crate::granted::GrantedScopes;
use crate::guard::Guard;
use crate::recorder::Recorder;
use crate::refusal::Gate;
use crate::remedy;
use crate::scope::{Scope, ScopeSet};
use crate::token_source::{DynTokenSource, TokenSource, scope_for};

/// The default time limit for all requests together.
const LIMIT: Duration = Duration::from_secs(2);

/// A check of what a service needs, which [`run`](Self::run) starts. Created by
/// [`Guard::self_check`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use gcp_scopes::Guard;
/// use std::time::Duration;
///
/// let guard = Guard::builder().build();
/// let check = guard.self_check().needs("storage.objects.insert").timeout(Duration::from_secs(5));
/// let report = check.run().await; // takes at most five seconds
/// # }
/// ```
#[derive(Clone)]
#[must_use]
pub struct SelfCheck {
    guard: Guard,
    needs: Vec<Need>,
    resources: Vec<IamNeed>,
    /// The source of the program's tokens. `None` for tokens of the metadata server.
    source: Option<Arc<dyn DynTokenSource>>,
    /// The name of the credential that the program set.
    credential: Option<&'static str>,
    /// The time limit for all requests together.
    limit: Duration,
}

impl Guard {
    /// Creates a check of what a service needs: see [`self_check`](crate::self_check).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let guard = gcp_scopes::Guard::builder().build();
    /// let report = guard.self_check().needs("pubsub.projects.topics.publish").run().await;
    /// report.into_result()?; // stops the start-up if a gate is closed
    /// # Ok(()) }
    /// ```
    pub fn self_check(&self) -> SelfCheck {
        let (guard, needs, resources) = (self.clone(), Vec::new(), Vec::new());
        SelfCheck { guard, needs, resources, source: None, credential: None, limit: LIMIT }
    }
}

impl SelfCheck {
    /// Adds a method that the service calls. `need` is an id (`storage.objects.insert`, or
    /// `compute.beta:compute.instances.get` with a version), a full gRPC name, or an HTTP method
    /// and a URL. In the URL, each placeholder in braces, such as `{bucket}`, stands for a name.
    ///
    /// The need is [`GateState::Invalid`] in the report if the catalog contains no method with the
    /// id, if no method matches the URL, or if the text is neither an id nor a URL. The report then
    /// contains the reason and similar ids, and [`Report::into_result`] returns an error.
    ///
    /// ```
    /// use gcp_scopes::Guard;
    ///
    /// let check = Guard::builder()
    ///     .build()
    ///     .self_check()
    ///     .needs("storage.objects.insert")
    ///     .needs("google.pubsub.v1.Publisher.Publish")
    ///     .needs("GET https://storage.googleapis.com/storage/v1/b/{bucket}/o/{object}");
    /// # #[cfg(feature = "catalog-full")]
    /// assert!(check.validated().is_ok());
    /// ```
    pub fn needs(mut self, need: impl AsRef<str>) -> Self {
        self.needs.push(Need::parse(need.as_ref(), &self.guard.state().endpoints));
        self
    }

    /// Adds all methods of an API that only read, which are those with `GET`. `api` is a name such
    /// as `pubsub`, or `compute.beta` with a version.
    ///
    /// The need is [`GateState::Open`] in the report only if the token's scopes are sufficient for
    /// every one of these methods. Most services need fewer methods: in Cloud Storage, for example,
    /// the methods for access control lists need another scope than the methods for objects. If so,
    /// name the methods with [`needs`](Self::needs).
    ///
    /// ```
    /// use gcp_scopes::Guard;
    ///
    /// let check = Guard::builder().build().self_check().needs_read_of("pubsub");
    /// # #[cfg(feature = "catalog-full")]
    /// assert!(check.validated().is_ok());
    /// ```
    pub fn needs_read_of(mut self, api: impl AsRef<str>) -> Self {
        self.needs.push(Need::for_api(api.as_ref(), Access::Read));
        self
    }

    /// Adds all methods of an API except those of [`needs_read_of`](Self::needs_read_of).
    ///
    /// ```
    /// use gcp_scopes::Guard;
    ///
    /// let check = Guard::builder().build().self_check().needs_write_to("pubsub");
    /// # #[cfg(feature = "catalog-full")]
    /// assert!(check.validated().is_ok());
    /// ```
    pub fn needs_write_to(mut self, api: impl AsRef<str>) -> Self {
        self.needs.push(Need::for_api(api.as_ref(), Access::Write));
        self
    }

    /// Adds every method that `recorder` has recorded.
    ///
    /// ```
    /// use gcp_scopes::Guard;
    ///
    /// let guard = Guard::builder().build();
    /// let recorder = guard.recorder();
    /// // … some calls …
    /// let check = guard.self_check().needs_recorded(&recorder);
    /// ```
    pub fn needs_recorded(mut self, recorder: &Recorder) -> Self {
        self.needs.extend(recorder.methods().into_iter().map(Need::for_method));
        self
    }

    /// Adds the methods of a [needs file](crate::recorder), and requests to IAM for the resources
    /// that the file names, as [`needs_on`](Self::needs_on) does.
    ///
    /// If the file cannot be used, the need is [`GateState::Invalid`] in the report.
    ///
    /// ```
    /// use gcp_scopes::Guard;
    ///
    /// let file = r#"{"needs": [
    ///     {"method": "storage.objects.insert", "resource": "gs://photos"}
    /// ]}"#;
    /// // In a program: `include_str!("gcp-needs.json")`.
    /// let check = Guard::builder().build().self_check().needs_of(file);
    /// # #[cfg(feature = "catalog-full")]
    /// assert!(check.validated().is_ok());
    /// ```
    pub fn needs_of(mut self, file: impl AsRef<str>) -> Self {
        let file = match NeedsFile::parse(file.as_ref()) {
            Ok(file) => file,
            Err(error) => {
                self.needs.push(Need::invalid("the needs file", error.to_string()));
                return self;
            }
        };
        self.needs.extend(file.needs().iter().map(|need| Need::for_method(need.method())));
        let resources = file.permissions_by_resource().into_iter();
        resources.fold(self, |check, (resource, permissions)| check.iam(resource, permissions))
    }

    /// Adds a method that the service calls on a resource. The check covers both gates of the call:
    /// it also queries IAM for the permissions that the method always needs
    /// ([`gcp_scopes_needs::permissions_of`]). If these permissions are not known, the check does
    /// not query IAM: name the permissions with [`iam`](Self::iam).
    ///
    /// ```
    /// use gcp_scopes::Guard;
    ///
    /// let check = Guard::builder().build().self_check();
    /// let check = check.needs_on("storage.objects.insert", "gs://photos");
    /// # #[cfg(feature = "catalog-full")]
    /// assert!(check.validated().is_ok());
    /// ```
    pub fn needs_on(self, need: impl AsRef<str>, resource: impl AsRef<str>) -> Self {
        let method = ApiMethod::by_id(need.as_ref().trim()).ok();
        let check = self.needs(need);
        let permissions = method.map(gcp_scopes_needs::permissions_of).unwrap_or_default();
        if permissions.is_empty() { check } else { check.iam(resource, permissions) }
    }

    /// Adds a request to IAM: whether the account has these permissions on this resource.
    ///
    /// `resource` is the [full resource
    /// name](https://docs.cloud.google.com/iam/docs/full-resource-names) of a bucket, an object, a
    /// topic, a subscription, a project, a secret, a BigQuery table, a Cloud Tasks queue, a KMS
    /// key, or a Spanner instance or database. `gs://BUCKET` for a bucket and `gs://BUCKET/OBJECT`
    /// for an object are accepted as well.
    ///
    /// ```
    /// use gcp_scopes::Guard;
    ///
    /// let topic = "//pubsub.googleapis.com/projects/shop-prod/topics/orders";
    /// let check = Guard::builder()
    ///     .build()
    ///     .self_check()
    ///     .iam("gs://photos", ["storage.objects.create", "storage.objects.get"])
    ///     .iam(topic, ["pubsub.topics.publish"]);
    /// assert!(check.validated().is_ok());
    /// ```
    pub fn iam<P: Into<String>>(
        mut self,
        resource: impl AsRef<str>,
        permissions: impl IntoIterator<Item = P>,
    ) -> Self {
        let permissions = permissions.into_iter().map(Into::into).collect();
        self.resources.push(IamNeed::parse(resource.as_ref(), permissions));
        self
    }

    /// Sets the source of the tokens, which should be the source that the program's clients use.
    /// The check requests one token for each scope for which the program's calls would request a
    /// token.
    ///
    /// ```
    /// use gcp_scopes::{BoxError, Guard};
    /// use gcp_scopes::token_source::TokenSource;
    ///
    /// struct Broker;
    ///
    /// impl TokenSource for Broker {
    ///     async fn token_for(&self, _: &str) -> Result<String, BoxError> {
    ///         Ok("ya29.a0AfH6SM".to_owned())
    ///     }
    /// }
    ///
    /// let check = Guard::builder().build().self_check().with_token(Broker);
    /// ```
    pub fn with_token(mut self, tokens: impl TokenSource + 'static) -> Self {
        self.source = Some(Arc::new(tokens));
        self
    }

    /// Sets what the report calls the credential, such as `the token from standard input`. Use it
    /// if the tokens of [`with_token`](Self::with_token) do not belong to the credential that the
    /// guard detected.
    pub fn credential_named(mut self, name: &'static str) -> Self {
        self.credential = Some(name);
        self
    }

    /// Sets the time limit for all requests together. Default: 2 seconds; at most one hour.
    ///
    /// ```
    /// use gcp_scopes::Guard;
    /// use std::time::Duration;
    ///
    /// // For a readiness probe that runs every second.
    /// let check = Guard::builder().build().self_check().timeout(Duration::from_millis(800));
    /// ```
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Validates all needs and resources now. Without this call, only the report of the check shows
    /// which needs and resources are invalid.
    ///
    /// # Errors
    /// An error if a need or a resource is [`GateState::Invalid`]; the message names each invalid
    /// value and what would be valid.
    ///
    /// ```
    /// # #[cfg(feature = "catalog-full")] {
    /// let guard = gcp_scopes::Guard::builder().build();
    /// let error = guard.self_check().needs("storage.objects.insrt").validated().unwrap_err();
    /// assert!(error.to_string().contains("did you mean `storage.objects.insert`"));
    /// # }
    /// ```
    pub fn validated(self) -> Result<Self, Error> {
        let needs = self.needs.iter().map(|need| (&need.subject, need.lookups.as_ref().err()));
        let resources = self.resources.iter();
        let resources = resources.map(|need| (&need.subject, need.resource.as_ref().err()));
        let problems = needs.chain(resources).filter_map(|(subject, why)| match why? {
            // This message already contains the subject.
            why if why.starts_with("unknown ") => Some(why.clone()),
            why => Some(format!("cannot check `{subject}`: {why}")),
        });
        let mut problems: Vec<String> = problems.collect();
        // `needs_read_of` and `needs_write_to` report the same message for an unknown API.
        problems.dedup();
        if problems.is_empty() { Ok(self) } else { Err(Error::invalid(problems.join("; "))) }
    }

    /// Runs the check. Never fails, and ends at the time limit at the latest. The future can be
    /// awaited on any executor; the requests run on the guard's thread.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use gcp_scopes::{Guard, self_check::GateState};
    ///
    /// let report = Guard::builder().build().self_check().run().await;
    /// assert_eq!(report.state(), GateState::Open); // there was nothing to check
    /// # }
    /// ```
    pub async fn run(self) -> Report {
        let (granted, replies) = send_requests(&self.guard, self.requests()).await;
        let judge = Judge { guard: &self.guard, granted: &granted };
        let (mut findings, lacking): (Vec<_>, Vec<_>) =
            self.needs.iter().map(|need| judge.need(need)).unzip();
        let resources = self.resources.iter().zip(&replies);
        findings.extend(resources.map(|(need, reply)| judge.resource(need, reply)));
        let lacking: Vec<Lacking> = lacking.into_iter().flatten().collect();
        self.report(findings, judge.common(), &lacking)
    }

    /// Returns the requests that the check needs, and the scopes of their tokens.
    fn requests(&self) -> CheckRequests {
        let (source, limit) = (self.source.clone(), self.limit);
        let endpoints = &self.guard.state().token_endpoints;
        let iam: Vec<_> = self.resources.iter().map(|need| need.request(endpoints)).collect();
        let resources = iam.iter().flatten().map(|(scope, _)| scope.clone());
        let methods = self.needs.iter().flat_map(|need| need.lookups.iter().flatten());
        let mut scopes: BTreeSet<Scope> = methods.map(scope_for).chain(resources).collect();
        if scopes.is_empty() {
            // Without a need, the report still shows the scopes of a token. A token for
            // `cloud-platform` reveals most about a credential.
            scopes.insert(Scope::cloud_platform());
        }
        CheckRequests { source, scopes, iam, limit }
    }

    /// Creates the report from the findings, with steps for all closed gates. `granted` are the
    /// scopes of all tokens, or unknown scopes if the tokens differ.
    fn report(
        &self,
        findings: Vec<Finding>,
        granted: GrantedScopes,
        lacking: &[Lacking],
    ) -> Report {
        let held = lacking.first().map_or(&granted, |first| &first.granted);
        let environment = self.guard.environment().for_token(held);
        let has_no_account = environment.credential() == Credential::MetadataServer
            && granted.scopes().is_some_and(ScopeSet::is_empty);
        let for_scopes = (has_no_account || !lacking.is_empty()).then(|| {
            let accepted: Vec<ScopeSet> =
                lacking.iter().map(|method| method.accepted.clone()).collect();
            let has_answered = has_iam_answered(&findings, lacking);
            remedy::for_calls(&accepted, held.scopes(), &environment, has_answered)
        });
        let (summary, options) = for_scopes.unzip();
        let mut options = options.unwrap_or_default().into_iter();
        let mut steps = options.next().map(|first| first.steps().to_vec()).unwrap_or_default();
        let other_options = options.map(|option| option.title().to_owned()).collect();
        let iam_findings = findings.iter().filter(|finding| finding.gate == Gate::Iam);
        for (finding, need) in iam_findings.zip(&self.resources) {
            if let (GateState::Closed, Ok(resource)) = (finding.state, &need.resource) {
                let binding = resource.binding();
                steps.extend(remedy::for_permissions(&finding.missing, &binding, &environment));
            }
        }
        let remaining = granted.expires_at();
        let remaining =
            remaining.map(|at| at.duration_since(SystemTime::now()).unwrap_or_default());
        let (platform, credential) = (environment.platform(), self.credential);
        let issues_requested_scopes = environment.credential() == Credential::MetadataServer
            && platform != Platform::Unknown
            && !platform.has_fixed_scopes();
        let is_for_no_scope = self.source.is_none() && issues_requested_scopes;
        Report {
            environment,
            credential,
            granted,
            remaining,
            is_for_no_scope,
            findings,
            summary,
            steps,
            other_options,
        }
    }
}

/// Returns whether IAM responded for every service for which the token lacks a scope. If so, the
/// report contains IAM's response, and no step has to mention IAM.
fn has_iam_answered(findings: &[Finding], lacking: &[Lacking]) -> bool {
    lacking.iter().all(|lacking| {
        let service = lacking.method.split('.').next();
        let has_service = |permission: &String| permission.split('.').next() == service;
        let matching =
            findings.iter().filter(|finding| finding.permissions.iter().any(has_service));
        // If no finding matches, `min` is `None`: IAM has not responded.
        matching.map(|finding| finding.state.is_known()).min() == Some(true)
    })
}

impl fmt::Debug for SelfCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let needs: Vec<&String> = self.needs.iter().map(|need| &need.subject).collect();
        let resources: Vec<&String> = self.resources.iter().map(|need| &need.subject).collect();
        let mut check = f.debug_struct("SelfCheck");
        check.field("needs", &needs).field("resources", &resources).field("timeout", &self.limit);
        check.finish_non_exhaustive()
    }
}
