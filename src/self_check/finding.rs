//! One line of a report: one need, or one resource.

use serde::{Serialize, Serializer};

use crate::refusal::Gate;
use crate::scope::ScopeSet;

/// Whether a gate lets a call through, as far as is known.
///
/// ```
/// use gcp_scopes::self_check::GateState;
///
/// // Ordered, so that the worst of several is their maximum.
/// assert!(GateState::Open < GateState::Unknown && GateState::Unknown < GateState::Closed);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GateState {
    /// It does.
    Open,
    /// No server or source has an answer, or none came in time.
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

    /// Whether the gate was found open or closed.
    pub(super) fn is_known(self) -> bool {
        matches!(self, Self::Open | Self::Closed)
    }
}

/// What was found out about one need or one resource.
///
/// As a `serde` value, names are strings and scopes are full URIs; what is not known is null.
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    #[serde(serialize_with = "gate_name")]
    pub(super) gate: Gate,
    pub(super) subject: String,
    pub(super) state: GateState,
    pub(super) why: Option<String>,
    pub(super) accepted: ScopeSet,
    pub(super) permissions: Vec<String>,
    pub(super) missing: Vec<String>,
}

impl Finding {
    pub(super) fn new(gate: Gate, subject: &str, state: GateState) -> Self {
        let (subject, accepted) = (subject.to_owned(), ScopeSet::new());
        let (permissions, missing) = (Vec::new(), Vec::new());
        Self { gate, subject, state, why: None, accepted, permissions, missing }
    }

    pub(super) fn because(self, why: impl Into<String>) -> Self {
        Self { why: Some(why.into()), ..self }
    }

    /// Which gate it is about: [`Gate::Scope`] for a need, [`Gate::Iam`] for a resource.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # let check = gcp_scopes::Guard::builder().build().self_check();
    /// let report = check.needs("storage.objects.insrt").run().await;
    /// let finding = &report.findings()[0];
    /// assert_eq!(finding.gate(), gcp_scopes::refusal::Gate::Scope);
    /// # }
    /// ```
    #[must_use]
    pub fn gate(&self) -> Gate {
        self.gate
    }

    /// The need or the resource, as the program named it, without a query.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # let check = gcp_scopes::Guard::builder().build().self_check();
    /// let report = check.needs("storage.objects.insrt").run().await;
    /// let finding = &report.findings()[0];
    /// assert_eq!(finding.subject(), "storage.objects.insrt");
    /// # }
    /// ```
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Whether the gate is open.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # let check = gcp_scopes::Guard::builder().build().self_check();
    /// let report = check.needs("storage.objects.insrt").run().await;
    /// let finding = &report.findings()[0];
    /// assert_eq!(finding.state(), gcp_scopes::self_check::GateState::Invalid);
    /// # }
    /// ```
    #[must_use]
    pub fn state(&self) -> GateState {
        self.state
    }

    /// Why the state is unknown, or the need cannot be checked; more about some closed gates.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # let check = gcp_scopes::Guard::builder().build().self_check();
    /// let report = check.needs("storage.objects.insrt").run().await;
    /// let finding = &report.findings()[0];
    /// assert!(finding.why().is_some_and(|why| why.contains("unknown method")));
    /// # }
    /// ```
    #[must_use]
    pub fn why(&self) -> Option<&str> {
        self.why.as_deref()
    }

    /// For a closed scope gate: the scopes of which any one would open it. Empty if the methods of
    /// an API differ in this.
    #[must_use]
    pub fn accepted(&self) -> &ScopeSet {
        &self.accepted
    }

    /// For a resource: the permissions that were asked about.
    #[must_use]
    pub fn permissions(&self) -> &[String] {
        &self.permissions
    }

    /// What is behind a closed gate: the permissions that IAM does not grant, or the methods of an
    /// API for which the token lacks the scopes if it has those of others.
    #[must_use]
    pub fn missing(&self) -> &[String] {
        &self.missing
    }
}

fn gate_name<S: Serializer>(gate: &Gate, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(gate.as_str())
}
