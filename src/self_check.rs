//! Checks at start-up that the gates are open which a service needs: the OAuth scopes of its token,
//! and, where it is asked to, the IAM permissions of its account.
//!
//! ```
//! use gcp_scopes::Guard;
//! use gcp_scopes::self_check::Access;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! # let guard = Guard::builder().build();
//! // let guard = Guard::from_env().await;
//! let report = guard
//!     .self_check()
//!     .needs("storage.objects.insert")
//!     .needs("GET https://storage.googleapis.com/storage/v1/b/{bucket}/o/{object}")
//!     .needs_api("pubsub", Access::Write)
//!     .iam("//storage.googleapis.com/projects/_/buckets/my-bucket", ["storage.objects.create"])
//!     .run()
//!     .await;
//! println!("{report}");
//! if let Err(closed) = report.into_result() {
//!     // Fail fast, or refuse readiness and go on.
//!     eprintln!("{closed}");
//! }
//! # }
//! ```
//!
//! # What it does
//!
//! 1. It gets a token as the program does: from the source given to [`SelfCheck::with_token`], else
//!    from the metadata server if the program's credential is the attached account. A credential in a
//!    file is not minted from: without a source its scopes are unknown.
//! 2. It finds out what the token holds, from the guard's sources and, where they do not know, from
//!    tokeninfo, under the guard's rules.
//! 3. Each need is judged as the guard judges a call. What cannot be said is *unknown*, never closed.
//! 4. Each resource is asked about by its `testIamPermissions`. That is a call to Google, and takes an
//!    OAuth scope itself: if the token lacks that one, the report says so and does not blame IAM. A
//!    permission that is granted says nothing of the scopes that its methods need.
//! 5. Everything runs at once, under one deadline of 2 seconds. What has no answer by then is unknown.
//!    Nothing is retried.
//!
//! Where tokens are minted for the scopes that a program asks for (Cloud Run, GKE Workload Identity, …),
//! the token that is looked at is the one for which nothing is asked.
//!
//! A report holds no token. It shows the names of resources that the program gave.

mod ask;
mod finding;
mod judge;
mod need;
mod parallel;
mod report;
mod resource;
mod serialize;
mod text;

use std::fmt;
use std::time::Duration;

use crate::error::Error;
use crate::guard::Guard;
use crate::recorder::Recorder;
use crate::scope::Scope;
use crate::token_source::{SharedTokenSource, TokenSource, scope_for};
use judge::Lacking;
use need::Need;
use resource::Wanted;

pub use finding::{Finding, GateState};
pub use report::{ClosedGates, Report};

/// How long everything may take, if the user does not say.
const LIMIT: Duration = Duration::from_secs(2);
/// More than anybody waits for; without a bound the time itself could overflow.
const LONGEST: Duration = Duration::from_secs(3600);

/// Which of an API's methods a program needs.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use gcp_scopes::Guard;
/// use gcp_scopes::self_check::Access;
///
/// let report = Guard::builder().build().self_check().needs_api("pubsub", Access::Read).run().await;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Access {
    /// Those that only read: by `GET`.
    Read,
    /// All others.
    Write,
}

impl Access {
    /// The access as one word.
    ///
    /// ```
    /// assert_eq!(gcp_scopes::self_check::Access::Write.as_str(), "write");
    /// ```
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

/// Says what a service needs, and [runs](Self::run) the check. Made by [`Guard::self_check`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use gcp_scopes::Guard;
/// use std::time::Duration;
///
/// let check = Guard::builder().build().self_check().needs("storage.objects.insert").timeout(Duration::from_secs(5));
/// let report = check.run().await; // at most five seconds later
/// # let _ = report;
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[must_use]
pub struct SelfCheck {
    guard: Guard,
    needs: Vec<Need>,
    wanted: Vec<Wanted>,
    tokens: Option<SharedTokenSource>,
    named: Option<&'static str>,
    limit: Duration,
}

impl Guard {
    /// Checks at start-up whether the gates are open that a service needs: see
    /// [`self_check`](crate::self_check).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let guard = gcp_scopes::Guard::builder().build();
    /// let report = guard.self_check().needs("pubsub.projects.topics.publish").run().await;
    /// report.into_result()?; // stops the start-up if a gate is closed
    /// # Ok(()) }
    /// ```
    pub fn self_check(&self) -> SelfCheck {
        SelfCheck::new(self.clone())
    }
}

impl SelfCheck {
    pub(crate) fn new(guard: Guard) -> Self {
        Self { guard, needs: Vec::new(), wanted: Vec::new(), tokens: None, named: None, limit: LIMIT }
    }

    /// A method that the service calls: by its id (`storage.objects.insert`, or
    /// `compute.beta:compute.instances.get` with a version), by its full gRPC name, or as verb and URL,
    /// in which `{name}` stands for any one name.
    ///
    /// An id that the catalog does not have is [`GateState::Invalid`] in the report, with the nearest
    /// names, and [`Report::into_result`] fails.
    ///
    /// ```
    /// # use gcp_scopes::Guard;
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
        self.needs.push(Need::read(need.as_ref(), &self.guard.state().endpoints));
        self
    }

    /// All methods of an API that read, or all others: `pubsub`, or `compute.beta` with a version.
    ///
    /// The gate is open if it is for every one of them. That is more than most services need (of Cloud
    /// Storage, access lists take a scope of their own), so name methods where it asks for too much.
    ///
    /// ```
    /// # use gcp_scopes::{Guard, self_check::Access};
    /// let check = Guard::builder().build().self_check().needs_api("pubsub", Access::Write);
    /// # #[cfg(feature = "catalog-full")]
    /// assert!(check.validated().is_ok());
    /// ```
    pub fn needs_api(mut self, api: impl AsRef<str>, access: Access) -> Self {
        self.needs.push(Need::of_api(api.as_ref(), access));
        self
    }

    /// Every method that was recorded in a run.
    ///
    /// ```
    /// # use gcp_scopes::Guard;
    /// let guard = Guard::builder().build();
    /// let recorder = guard.recorder();
    /// // … some calls …
    /// let check = guard.self_check().needs_recorded(&recorder);
    /// ```
    pub fn needs_recorded(mut self, recorder: &Recorder) -> Self {
        self.needs.extend(recorder.methods().into_iter().map(Need::of));
        self
    }

    /// Asks IAM whether the account has these permissions on this resource.
    ///
    /// The resource is a bucket, an object, a topic, a subscription, a project, a secret, a BigQuery
    /// table, a Cloud Tasks queue, a KMS key, or a Spanner instance or database, by its
    /// [full resource name](https://docs.cloud.google.com/iam/docs/full-resource-names); for a bucket
    /// and an object `gs://BUCKET` and `gs://BUCKET/OBJECT` do, too.
    ///
    /// ```
    /// # use gcp_scopes::Guard;
    /// let check = Guard::builder()
    ///     .build()
    ///     .self_check()
    ///     .iam("gs://photos", ["storage.objects.create", "storage.objects.get"])
    ///     .iam("//pubsub.googleapis.com/projects/shop-prod/topics/orders", ["pubsub.topics.publish"]);
    /// assert!(check.validated().is_ok());
    /// ```
    pub fn iam<P: Into<String>>(
        mut self,
        resource: impl AsRef<str>,
        permissions: impl IntoIterator<Item = P>,
    ) -> Self {
        let permissions = permissions.into_iter().map(Into::into).collect();
        self.wanted.push(Wanted::read(resource.as_ref(), permissions));
        self
    }

    /// Looks at tokens from here, which should be where the program's clients get theirs: one for
    /// each scope that a call would be given one for.
    ///
    /// ```
    /// use std::future::Future;
    /// use std::pin::Pin;
    ///
    /// use gcp_scopes::Guard;
    /// use gcp_scopes::token_source::TokenSource;
    ///
    /// struct Ours;
    ///
    /// impl TokenSource for Ours {
    ///     async fn token_for(&self, _: &str) -> Result<String, gcp_scopes::error::BoxError> {
    ///         Ok("ya29.a0AfH6SM".to_owned())
    ///     }
    /// }
    ///
    /// let check = Guard::builder().build().self_check().with_token(Ours);
    /// ```
    pub fn with_token(mut self, tokens: impl TokenSource + 'static) -> Self {
        self.tokens = Some(SharedTokenSource::new(tokens));
        self
    }

    /// What the page calls the credential, where its reader knows the tokens of
    /// [`with_token`](Self::with_token) by another name, such as `the token from standard input`.
    pub fn credential_named(mut self, name: &'static str) -> Self {
        self.named = Some(name);
        self
    }

    /// How long everything together may take. Default: 2 seconds; at most an hour.
    ///
    /// ```
    /// # use gcp_scopes::Guard;
    /// use std::time::Duration;
    ///
    /// // A readiness probe that is asked every second.
    /// let check = Guard::builder().build().self_check().timeout(Duration::from_millis(800));
    /// ```
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Refuses at once what cannot be checked, instead of in the report.
    ///
    /// # Errors
    /// A need or a resource is [`GateState::Invalid`]; the message names each, with what would do.
    ///
    /// ```
    /// # #[cfg(feature = "catalog-full")] {
    /// let guard = gcp_scopes::Guard::builder().build();
    /// let error = guard.self_check().needs("storage.objects.insrt").validated().unwrap_err();
    /// assert!(error.to_string().contains("did you mean `storage.objects.insert`"));
    /// # }
    /// ```
    pub fn validated(self) -> Result<Self, Error> {
        let needs = self.needs.iter().filter_map(|need| Some((&need.subject, need.probes.as_ref().err()?)));
        let resources = self.wanted.iter();
        let resources =
            resources.filter_map(|wanted| Some((&wanted.subject, wanted.resource.as_ref().err()?)));
        let told = |(subject, why): (&String, &String)| match why.starts_with("unknown ") {
            // It names what was asked for.
            true => why.clone(),
            false => format!("cannot check `{subject}`: {why}"),
        };
        let mut problems: Vec<String> = needs.chain(resources).map(told).collect();
        // Both kinds of access to an API that is not known are one mistake.
        problems.dedup();
        if problems.is_empty() { Ok(self) } else { Err(Error::invalid(problems.join("; "))) }
    }

    /// Checks everything at once. Never fails, and takes no longer than the deadline. Any executor can
    /// drive it; what is asked is asked on the guard's own thread.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes::{Guard, self_check::GateState};
    /// let report = Guard::builder().build().self_check().run().await;
    /// assert_eq!(report.state(), GateState::Open); // nothing was asked about
    /// # Ok(()) }
    /// ```
    pub async fn run(self) -> Report {
        let (tokens, told) = self.answers().await;
        let needs = self.needs.iter().map(|need| self.judge_need(need, &tokens));
        let (mut findings, lacking): (Vec<Finding>, Vec<_>) = needs.unzip();
        let lacking: Vec<Lacking> = lacking.into_iter().flatten().collect();
        let resources = self.wanted.iter().zip(&told);
        findings.extend(resources.map(|(wanted, told)| self.judge_resource(wanted, told, &tokens)));
        self.report(findings, &tokens, &lacking)
    }

    /// Without anything to check it is the one that says most about a credential.
    fn scopes_to_ask_for(&self) -> Vec<Scope> {
        let probes = self.needs.iter().flat_map(Need::probes).map(scope_for);
        let resources = self.wanted.iter().filter_map(|wanted| wanted.resource.as_ref().ok());
        let tests = resources.map(|resource| self.scope_to_test(resource));
        let mut scopes: Vec<Scope> = probes.chain(tests).collect();
        scopes.sort();
        scopes.dedup();
        if scopes.is_empty() { vec![Scope::cloud_platform()] } else { scopes }
    }
}

impl fmt::Debug for SelfCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let needs: Vec<&str> = self.needs.iter().map(|need| need.subject.as_str()).collect();
        let resources: Vec<&str> = self.wanted.iter().map(|wanted| wanted.subject.as_str()).collect();
        f.debug_struct("SelfCheck")
            .field("needs", &needs)
            .field("resources", &resources)
            .field("timeout", &self.limit)
            .finish_non_exhaustive()
    }
}

/// The code in the guide is compiled.
#[cfg(doctest)]
#[doc = include_str!("../docs/self-check.md")]
struct Guide;
