//! One line of a report: one need, or one resource.

use crate::refusal::Gate;
use crate::scope::ScopeSet;

/// Whether a gate lets a call through, as far as can be told.
///
/// ```
/// use gcp_scopes::self_check::GateState;
///
/// // Ordered, so that the worst of several is their maximum.
/// assert!(GateState::Open < GateState::Unknown && GateState::Unknown < GateState::Closed);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum GateState {
    /// It does.
    Open,
    /// Nobody can say, or nobody did in time.
    Unknown,
    /// It does not.
    Closed,
    /// What was asked for cannot be checked: a misspelt method, a resource of an unknown kind.
    Invalid,
}

impl GateState {
    /// The state as one word, for logs and machines.
    ///
    /// ```
    /// assert_eq!(gcp_scopes::self_check::GateState::Closed.as_str(), "closed");
    /// ```
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Unknown => "unknown",
            Self::Closed => "closed",
            Self::Invalid => "invalid",
        }
    }
}

/// What was found out about one need or one resource.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use gcp_scopes::Guard;
/// use gcp_scopes::self_check::GateState;
///
/// let report = Guard::builder().build().self_check().needs("storage.objects.insrt").run().await;
/// let finding = &report.findings()[0];
/// assert_eq!(finding.state(), GateState::Invalid);
/// # #[cfg(feature = "catalog-full")]
/// assert!(finding.why().unwrap().contains("did you mean `storage.objects.insert`"));
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub(super) gate: Gate,
    pub(super) subject: String,
    pub(super) state: GateState,
    pub(super) why: Option<String>,
    pub(super) accepted: ScopeSet,
    pub(super) asked: Vec<String>,
    pub(super) missing: Vec<String>,
}

impl Finding {
    pub(super) fn new(gate: Gate, subject: &str, state: GateState) -> Self {
        let (accepted, asked, missing) = (ScopeSet::new(), Vec::new(), Vec::new());
        Self { gate, subject: subject.to_owned(), state, why: None, accepted, asked, missing }
    }

    pub(super) fn because(self, why: impl Into<String>) -> Self {
        Self { why: Some(why.into()), ..self }
    }

    /// Which gate it is about: [`Gate::Scope`] for a need, [`Gate::Iam`] for a resource.
    ///
    /// ```
    /// # use gcp_scopes::{refusal::Gate, self_check::GateState};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let check = gcp_scopes::Guard::builder().build().self_check();
    /// let report = check.needs("storage.objects.insrt").run().await;
    /// let finding = &report.findings()[0];
    /// assert_eq!(finding.gate(), Gate::Scope);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn gate(&self) -> Gate {
        self.gate
    }

    /// The need or the resource, as the program named it, without a query.
    ///
    /// ```
    /// # use gcp_scopes::{refusal::Gate, self_check::GateState};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let check = gcp_scopes::Guard::builder().build().self_check();
    /// let report = check.needs("storage.objects.insrt").run().await;
    /// let finding = &report.findings()[0];
    /// assert_eq!(finding.subject(), "storage.objects.insrt");
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Whether the gate is open.
    ///
    /// ```
    /// # use gcp_scopes::{refusal::Gate, self_check::GateState};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let check = gcp_scopes::Guard::builder().build().self_check();
    /// let report = check.needs("storage.objects.insrt").run().await;
    /// let finding = &report.findings()[0];
    /// assert_eq!(finding.state(), GateState::Invalid);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn state(&self) -> GateState {
        self.state
    }

    /// Why it could not be told, or cannot be checked; for some closed gates, more about it.
    ///
    /// ```
    /// # use gcp_scopes::{refusal::Gate, self_check::GateState};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let check = gcp_scopes::Guard::builder().build().self_check();
    /// let report = check.needs("storage.objects.insrt").run().await;
    /// let finding = &report.findings()[0];
    /// assert!(finding.why().is_some_and(|why| why.contains("unknown method")));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn why(&self) -> Option<&str> {
        self.why.as_deref()
    }

    /// For a closed scope gate: the scopes of which any one would open it. Empty if the methods of an API
    /// differ in this.
    #[must_use]
    pub fn accepted(&self) -> &ScopeSet {
        &self.accepted
    }

    /// For a resource: the permissions that were asked about.
    #[must_use]
    pub fn permissions(&self) -> &[String] {
        &self.asked
    }

    /// What is behind a closed gate: the permissions that IAM does not grant, or of an API that is open in
    /// part the methods whose scopes the token lacks.
    #[must_use]
    pub fn missing(&self) -> &[String] {
        &self.missing
    }
}
