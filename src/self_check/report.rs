//! What a self-check found, and the error that stops a start-up.

use std::sync::Arc;
use std::time::Duration;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::finding::{Finding, GateState};
use crate::environment::Environment;
use crate::granted::GrantedScopes;
use crate::remedy::Step;

/// What a self-check found: where the program runs, what its token holds, each gate that was asked
/// about, and one set of steps that opens all that are closed.
///
/// `Display` is a page of at most 80 columns for a person, with commands unbroken; it ends in a
/// line end. As a `serde` value it is one object for a log: names are strings, scopes full URIs,
/// and what is not known is null. It holds no token.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use gcp_scopes::Guard;
/// use gcp_scopes::self_check::GateState;
///
/// // Nothing is known of the token here, and that is no reason to stop.
/// let report = Guard::builder().build().self_check().needs("storage.objects.insert").run().await;
/// assert_eq!(report.state(), GateState::Unknown);
/// eprintln!("{}", report.on(&std::io::stderr()));
/// let report = report.into_result()?;
/// assert_eq!(report.findings().len(), 1);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[must_use = "unread, a report stops nothing: look at `state()`, or fail with `into_result()?`"]
pub struct Report {
    pub(super) environment: Arc<Environment>,
    /// What the reader calls the credential.
    pub(super) credential: Option<&'static str>,
    pub(super) granted: GrantedScopes,
    /// How long the token was still valid when it was looked at.
    pub(super) left: Option<Duration>,
    /// Whether a metadata server minted the token for no scope in particular, although it mints
    /// tokens for the scopes that it is asked for.
    pub(super) is_for_no_scope: bool,
    pub(super) findings: Vec<Finding>,
    pub(super) summary: Option<String>,
    pub(super) steps: Vec<Step>,
}

impl Report {
    /// The worst state of any gate that was asked about; open if none was.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # let check = gcp_scopes::Guard::builder().build().self_check();
    /// let report = check.needs("storage.objects.insrt").run().await;
    /// assert_eq!(report.state(), gcp_scopes::self_check::GateState::Invalid);
    /// # }
    /// ```
    #[must_use]
    pub fn state(&self) -> GateState {
        self.findings.iter().map(Finding::state).max().unwrap_or(GateState::Open)
    }

    /// Whether every gate that was asked about is open.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # let check = gcp_scopes::Guard::builder().build().self_check();
    /// let report = check.needs("storage.objects.insrt").run().await;
    /// assert!(!report.is_open());
    /// # }
    /// ```
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state() == GateState::Open
    }

    /// One for each need and each resource, in the order in which they were named.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # let check = gcp_scopes::Guard::builder().build().self_check();
    /// let report = check.needs("storage.objects.insrt").run().await;
    /// assert_eq!(report.findings().len(), 1);
    /// # }
    /// ```
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Where the program runs and which credential it uses.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # let check = gcp_scopes::Guard::builder().build().self_check();
    /// let report = check.needs("storage.objects.insrt").run().await;
    /// let platform = report.environment().platform();
    /// assert_eq!(platform, gcp_scopes::environment::Platform::Unknown);
    /// # }
    /// ```
    #[must_use]
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// What the token holds, and how that is known. Unknown where calls get a token each.
    #[must_use]
    pub fn granted(&self) -> &GrantedScopes {
        &self.granted
    }

    /// What opens all closed gates at once, in order. Empty if none is closed.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # let check = gcp_scopes::Guard::builder().build().self_check();
    /// let report = check.needs("storage.objects.insrt").run().await;
    /// assert!(report.steps().is_empty()); // no gate is closed
    /// # }
    /// ```
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The report itself, unless a gate is closed or a need is invalid. An unknown state is no
    /// reason to stop: a client cannot know better than the server.
    ///
    /// # Errors
    /// The closed gates and the invalid needs. Its `Display` is one line, its
    /// [`report`](ClosedGates::report) this report.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # let check = gcp_scopes::Guard::builder().build().self_check();
    /// let report = check.needs("storage.objects.insrt").run().await;
    /// let closed = report.into_result().unwrap_err();
    /// assert!(closed.to_string().contains("storage.objects.insrt"));
    /// # }
    /// ```
    pub fn into_result(self) -> Result<Self, ClosedGates> {
        if self.state() < GateState::Closed { Ok(self) } else { Err(ClosedGates(Box::new(self))) }
    }
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (here, granted) = (&self.environment, &self.granted);
        let mut value = serializer.serialize_struct("Report", 14)?;
        value.serialize_field("state", self.state().as_str())?;
        value.serialize_field("platform", here.platform().as_str())?;
        value.serialize_field("project", &here.project())?;
        value.serialize_field("location", &here.zone().or_else(|| here.location()))?;
        value.serialize_field("name", &here.resource().or_else(|| here.instance()))?;
        value.serialize_field("credential", here.credential().as_str())?;
        value.serialize_field("account", &here.account())?;
        value.serialize_field("granted", &granted.scopes())?;
        value.serialize_field("granted_unlimited", &granted.is_unrestricted())?;
        value.serialize_field("granted_why_unknown", &granted.why_unknown())?;
        value.serialize_field("grant_source", &granted.source().map(|source| source.as_str()))?;
        value.serialize_field("expires_in_seconds", &self.left.map(|left| left.as_secs()))?;
        value.serialize_field("findings", &self.findings)?;
        value.serialize_field("steps", &self.steps)?;
        value.end()
    }
}

/// A self-check found a closed gate, or a need that cannot be checked.
///
/// `Display` is one line: which, and what to do. `Debug`, which a `main` that returns it prints, is
/// the whole report.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use gcp_scopes::Guard;
///
/// let check = Guard::builder().build().self_check().needs("storage.objects.insrt");
/// let closed = check.run().await.into_result().unwrap_err();
/// assert!(closed.to_string().contains("storage.objects.insrt"));
/// assert!(closed.report().findings()[0].why().is_some());
/// assert!(format!("{closed:?}").ends_with(&closed.report().to_string()));
/// # }
/// ```
pub struct ClosedGates(Box<Report>);

impl ClosedGates {
    /// Everything that was found.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # let check = gcp_scopes::Guard::builder().build().self_check();
    /// let report = check.needs("storage.objects.insrt").run().await;
    /// let closed = report.into_result().unwrap_err();
    /// assert_eq!(closed.report().findings().len(), 1);
    /// # }
    /// ```
    pub fn report(&self) -> &Report {
        &self.0
    }
}
