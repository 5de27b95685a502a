//! [`Report`]: the result of a self-check, and the error that stops the start-up.

use std::sync::Arc;
use std::time::Duration;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::finding::{Finding, GateState};
use crate::environment::Environment;
use crate::granted::GrantedScopes;
use crate::remedy::Step;

/// The result of a self-check: where the program runs, the scopes of its token, the finding for
/// each need and resource, and the steps after which all closed gates are open.
///
/// `Display` prints a page of at most 80 columns for people, which ends with a newline; commands
/// are not wrapped. The `serde` value is one object for a log: names are strings, scopes are full
/// URIs, and unknown values are null. A report contains no token.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use gcp_scopes::Guard;
/// use gcp_scopes::self_check::GateState;
///
/// // The scopes of the token are unknown here. Unknown scopes do not stop the program.
/// let report = Guard::builder().build().self_check().needs("storage.objects.insert").run().await;
/// assert_eq!(report.state(), GateState::Unknown);
/// eprintln!("{}", report.styled_for(&std::io::stderr()));
/// let report = report.into_result()?;
/// assert_eq!(report.findings().len(), 1);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a report that is not read stops nothing: use `state()`, or `into_result()?`"]
pub struct Report {
    pub(super) environment: Arc<Environment>,
    /// The name of the credential that the program set for the page.
    pub(super) credential: Option<&'static str>,
    pub(super) granted: GrantedScopes,
    /// The remaining lifetime of the token at the time of the check.
    pub(super) remaining: Option<Duration>,
    /// Whether the check requested the token without naming scopes, from a metadata server that
    /// issues tokens with the requested scopes. If so, the program may get tokens with other
    /// scopes.
    pub(super) is_for_no_scope: bool,
    pub(super) findings: Vec<Finding>,
    /// One sentence about the missing scopes. `None` if the token lacks no scope that was checked.
    pub(super) summary: Option<String>,
    pub(super) steps: Vec<Step>,
    /// The titles of all options except the recommended option, to which the steps belong.
    pub(super) other_options: Vec<String>,
}

impl Report {
    /// Returns the worst state of all findings, or open if there are none.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let check = gcp_scopes::Guard::builder().build().self_check();
    /// let report = check.needs("storage.objects.insrt").run().await;
    /// assert_eq!(report.state(), gcp_scopes::self_check::GateState::Invalid);
    /// # }
    /// ```
    #[must_use]
    pub fn state(&self) -> GateState {
        self.findings.iter().map(Finding::state).max().unwrap_or(GateState::Open)
    }

    /// Returns whether all findings are open.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let check = gcp_scopes::Guard::builder().build().self_check();
    /// let report = check.needs("storage.objects.insrt").run().await;
    /// assert!(!report.is_open());
    /// # }
    /// ```
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state() == GateState::Open
    }

    /// Returns one finding for each need, then one for each resource, in the order in which they
    /// were added.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let check = gcp_scopes::Guard::builder().build().self_check();
    /// let report = check.needs("storage.objects.insrt").run().await;
    /// assert_eq!(report.findings().len(), 1);
    /// # }
    /// ```
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Returns where the program runs and which credential it uses.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let check = gcp_scopes::Guard::builder().build().self_check();
    /// let report = check.needs("storage.objects.insrt").run().await;
    /// let platform = report.environment().platform();
    /// assert_eq!(platform, gcp_scopes::environment::Platform::Unknown);
    /// # }
    /// ```
    #[must_use]
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Returns the scopes of the token and the source that reported them. The scopes are unknown if
    /// calls use tokens with different scopes.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use gcp_scopes::Guard;
    ///
    /// let report = Guard::builder().build().self_check().run().await;
    /// assert!(report.granted().is_unknown()); // the check has no token
    /// # }
    /// ```
    #[must_use]
    pub fn granted(&self) -> &GrantedScopes {
        &self.granted
    }

    /// Returns the steps that open all closed gates, in order. Empty if no gate is closed.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let check = gcp_scopes::Guard::builder().build().self_check();
    /// let report = check.needs("storage.objects.insrt").run().await;
    /// assert!(report.steps().is_empty()); // no gate is closed
    /// # }
    /// ```
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Returns the report itself, unless a gate is closed or a need is invalid. An unknown state is
    /// not an error, because a client cannot know better than the server.
    ///
    /// # Errors
    /// The closed gates and the invalid needs. `Display` of the error is one line;
    /// [`SelfCheckError::report`] returns this report.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let check = gcp_scopes::Guard::builder().build().self_check();
    /// let report = check.needs("storage.objects.insrt").run().await;
    /// let closed = report.into_result().unwrap_err();
    /// assert!(closed.to_string().contains("storage.objects.insrt"));
    /// # }
    /// ```
    pub fn into_result(self) -> Result<Self, SelfCheckError> {
        if self.state() < GateState::Closed {
            Ok(self)
        } else {
            Err(SelfCheckError(Box::new(self)))
        }
    }
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (environment, granted) = (&self.environment, &self.granted);
        let mut value = serializer.serialize_struct("Report", 17)?;
        value.serialize_field("state", self.state().as_str())?;
        value.serialize_field("platform", environment.platform().otel_name())?;
        value.serialize_field("runs_on", environment.platform().as_str())?;
        value.serialize_field("project", &environment.project())?;
        value
            .serialize_field("location", &environment.zone().or_else(|| environment.location()))?;
        value.serialize_field("instance", &environment.instance())?;
        value
            .serialize_field("name", &environment.resource().or_else(|| environment.instance()))?;
        value.serialize_field("credential", environment.credential().as_str())?;
        value.serialize_field("account", &environment.account())?;
        value.serialize_field("granted", &granted.scopes())?;
        value.serialize_field("granted_unlimited", &granted.is_unrestricted())?;
        value.serialize_field("granted_why_unknown", &granted.why_unknown())?;
        value.serialize_field("grant_source", &granted.source().map(|source| source.as_str()))?;
        value.serialize_field(
            "expires_in_seconds",
            &self.remaining.map(|remaining| remaining.as_secs()),
        )?;
        value.serialize_field("findings", &self.findings)?;
        value.serialize_field("steps", &self.steps)?;
        value.serialize_field("other_options", &self.other_options)?;
        value.end()
    }
}

/// The error of a self-check that found a closed gate or a need that cannot be checked.
///
/// `Display` prints one line with the closed gates and what to do. `Debug` prints the complete
/// report, because a `main` function that returns the error prints its `Debug` output.
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
pub struct SelfCheckError(Box<Report>);

impl SelfCheckError {
    /// Returns the complete report.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let check = gcp_scopes::Guard::builder().build().self_check();
    /// let report = check.needs("storage.objects.insrt").run().await;
    /// let closed = report.into_result().unwrap_err();
    /// assert_eq!(closed.report().findings().len(), 1);
    /// # }
    /// ```
    pub fn report(&self) -> &Report {
        &self.0
    }
}
