//! [`Finding`]: the result for one need or one resource, which is one line of a report.

use serde::{Serialize, Serializer};

use crate::refusal::Gate;
use crate::scope::ScopeSet;

/// Whether a gate (the token's scopes, or IAM) allows the calls of a need.
///
/// ```
/// use gcp_scopes::self_check::GateState;
///
/// // The order is by severity: the maximum of several states is the worst.
/// assert!(GateState::Open < GateState::Unknown && GateState::Unknown < GateState::Closed);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GateState {
    /// The gate allows the calls.
    Open,
    /// It is not known whether the gate allows the calls, for example because no server responded
    /// in time.
    Unknown,
    /// The gate refuses the calls.
    Closed,
    /// The need or resource cannot be checked, for example because of a misspelt method or an
    /// unknown kind of resource.
    Invalid,
}

impl GateState {
    /// Returns the state as one word, for logs and machines.
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

    /// Returns whether the state is open or closed.
    pub(super) fn is_known(self) -> bool {
        matches!(self, Self::Open | Self::Closed)
    }
}

/// The result of a check for one need or one resource.
///
/// In the `serde` value, names are strings, scopes are full URIs, and unknown values are null.
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
    /// Why the state is unknown or invalid, or more details for some closed gates.
    pub(super) why: Option<String>,
    pub(super) accepted: ScopeSet,
    pub(super) permissions: Vec<String>,
    pub(super) missing: Vec<String>,
}

impl Finding {
    /// Creates a finding without a reason and without details.
    pub(super) fn new(gate: Gate, subject: &str, state: GateState) -> Self {
        let (subject, accepted) = (subject.to_owned(), ScopeSet::new());
        let (permissions, missing) = (Vec::new(), Vec::new());
        Self { gate, subject, state, why: None, accepted, permissions, missing }
    }

    pub(super) fn with_reason(self, why: impl Into<String>) -> Self {
        Self { why: Some(why.into()), ..self }
    }

    /// Returns which gate was checked: [`Gate::Scope`] for a need, [`Gate::Iam`] for a resource.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let check = gcp_scopes::Guard::builder().build().self_check();
    /// let report = check.needs("storage.objects.insrt").run().await;
    /// let finding = &report.findings()[0];
    /// assert_eq!(finding.gate(), gcp_scopes::refusal::Gate::Scope);
    /// # }
    /// ```
    #[must_use]
    pub fn gate(&self) -> Gate {
        self.gate
    }

    /// Returns the need or the resource as the program named it, without the query of a URL.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let check = gcp_scopes::Guard::builder().build().self_check();
    /// let report = check.needs("storage.objects.insrt").run().await;
    /// let finding = &report.findings()[0];
    /// assert_eq!(finding.subject(), "storage.objects.insrt");
    /// # }
    /// ```
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Returns the state of the gate.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let check = gcp_scopes::Guard::builder().build().self_check();
    /// let report = check.needs("storage.objects.insrt").run().await;
    /// let finding = &report.findings()[0];
    /// assert_eq!(finding.state(), gcp_scopes::self_check::GateState::Invalid);
    /// # }
    /// ```
    #[must_use]
    pub fn state(&self) -> GateState {
        self.state
    }

    /// Returns why the state is unknown or invalid. For some closed gates, returns more details.
    /// Returns `None` for all other findings.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let check = gcp_scopes::Guard::builder().build().self_check();
    /// let report = check.needs("storage.objects.insrt").run().await;
    /// let finding = &report.findings()[0];
    /// assert!(finding.why().is_some_and(|why| why.contains("unknown method")));
    /// # }
    /// ```
    #[must_use]
    pub fn why(&self) -> Option<&str> {
        self.why.as_deref()
    }

    /// Returns the scopes of which any one would be sufficient, if the scope gate is closed. Empty
    /// for all other findings, and if the methods of an API need different scopes.
    ///
    /// ```
    /// use gcp_scopes::self_check::Report;
    ///
    /// fn print_scopes(report: &Report) {
    ///     for finding in report.findings() {
    ///         for scope in finding.accepted().iter() {
    ///             println!("{} accepts {}", finding.subject(), scope.short());
    ///         }
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn accepted(&self) -> &ScopeSet {
        &self.accepted
    }

    /// Returns the permissions for which IAM was queried. Empty for a need.
    #[must_use]
    pub fn permissions(&self) -> &[String] {
        &self.permissions
    }

    /// Returns what is missing if the gate is closed: the permissions that IAM does not grant, or
    /// the methods for which the token's scopes are not sufficient, if they are sufficient for
    /// other methods of the API.
    ///
    /// ```
    /// use gcp_scopes::self_check::Report;
    ///
    /// fn print_missing(report: &Report) {
    ///     for finding in report.findings() {
    ///         for permission in finding.missing() {
    ///             println!("{}: {permission}", finding.subject());
    ///         }
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn missing(&self) -> &[String] {
        &self.missing
    }
}

/// Serializes a gate as its name.
fn gate_name<S: Serializer>(gate: &Gate, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(gate.as_str())
}
