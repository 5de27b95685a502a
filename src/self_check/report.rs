//! What a self-check found, and the error that stops a start-up.

use std::error::Error as StdError;
use std::fmt;
use std::io::IsTerminal;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::ask::Tokens;
use super::finding::{Finding, GateState};
use super::judge::Lacking;
use super::{SelfCheck, text};
use crate::environment::{Credential, Environment, Platform};
use crate::granted::GrantedScopes;
use crate::layout::Layout;
use crate::refusal::Gate;
use crate::remedy::{self, Step};
use crate::scope::ScopeSet;

/// What a self-check found: where the program runs, what its token holds, each gate that was asked
/// about, and one set of steps that opens all that are closed.
///
/// `Display` is a page of at most 80 columns for a person, with commands unbroken; it ends in a line end.
/// As `serde` value it is one object for a log.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
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
#[must_use = "a report that nobody reads stops nothing: look at `state()`, or fail with `into_result()?`"]
pub struct Report {
    pub(super) environment: Arc<Environment>,
    pub(super) named: Option<&'static str>,
    pub(super) granted: GrantedScopes,
    /// How long the token lasted when it was looked at.
    pub(super) left: Option<Duration>,
    /// Whether the token is the one of a metadata server that would have heeded scopes.
    pub(super) is_unasked: bool,
    pub(super) findings: Vec<Finding>,
    pub(super) summary: Option<String>,
    pub(super) steps: Vec<Step>,
}

impl Report {
    /// The worst state of any gate that was asked about; open if none was.
    ///
    /// ```
    /// # use gcp_scopes::{refusal::Gate, self_check::GateState};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let check = gcp_scopes::Guard::builder().build().self_check();
    /// let report = check.needs("storage.objects.insrt").run().await;
    /// assert_eq!(report.state(), GateState::Invalid);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn state(&self) -> GateState {
        self.findings.iter().map(Finding::state).max().unwrap_or(GateState::Open)
    }

    /// Whether every gate that was asked about is open.
    ///
    /// ```
    /// # use gcp_scopes::{refusal::Gate, self_check::GateState};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let check = gcp_scopes::Guard::builder().build().self_check();
    /// let report = check.needs("storage.objects.insrt").run().await;
    /// assert!(!report.is_open());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state() == GateState::Open
    }

    /// One for each need and each resource, in the order in which they were named.
    ///
    /// ```
    /// # use gcp_scopes::{refusal::Gate, self_check::GateState};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let check = gcp_scopes::Guard::builder().build().self_check();
    /// let report = check.needs("storage.objects.insrt").run().await;
    /// assert_eq!(report.findings().len(), 1);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Where the program runs and which credential it uses.
    ///
    /// ```
    /// # use gcp_scopes::{refusal::Gate, self_check::GateState};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let check = gcp_scopes::Guard::builder().build().self_check();
    /// let report = check.needs("storage.objects.insrt").run().await;
    /// assert_eq!(report.environment().platform(), gcp_scopes::environment::Platform::Unknown);
    /// # Ok(()) }
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
    /// # use gcp_scopes::{refusal::Gate, self_check::GateState};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let check = gcp_scopes::Guard::builder().build().self_check();
    /// let report = check.needs("storage.objects.insrt").run().await;
    /// assert!(report.steps().is_empty()); // no gate is closed
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The report itself, unless a gate is closed or a need is invalid. What is unknown is no reason to
    /// stop: a client cannot know better than the server.
    ///
    /// # Errors
    /// The closed gates and the invalid needs. Its `Display` is one line, its
    /// [`report`](ClosedGates::report) this report.
    ///
    /// ```
    /// # use gcp_scopes::{refusal::Gate, self_check::GateState};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let check = gcp_scopes::Guard::builder().build().self_check();
    /// let report = check.needs("storage.objects.insrt").run().await;
    /// assert!(report.into_result().is_err_and(|closed| closed.to_string().contains("storage.objects.insrt")));
    /// # Ok(()) }
    /// ```
    pub fn into_result(self) -> Result<Self, ClosedGates> {
        if self.state() < GateState::Closed { Ok(self) } else { Err(ClosedGates(Box::new(self))) }
    }

    /// The page as it looks best on this stream: with colours if it is a terminal, and the environment
    /// variable `NO_COLOR` is not set (<https://no-color.org>).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # let guard = gcp_scopes::Guard::builder().build();
    /// let report = guard.self_check().run().await;
    /// eprint!("{}", report.on(&std::io::stderr()));
    /// # }
    /// ```
    pub fn on(&self, stream: &impl IsTerminal) -> impl fmt::Display + '_ {
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let colours = stream.is_terminal() && !is_set("NO_COLOR") && !is_dumb;
        let layout = if colours { Layout::new().colours() } else { Layout::new() };
        Laid { report: self, layout }
    }

    /// The page, laid out for the reader: for a terminal's width, in colours, or for a screen reader.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # let guard = gcp_scopes::Guard::builder().build();
    /// use gcp_scopes::layout::Layout;
    ///
    /// let report = guard.self_check().run().await;
    /// assert!(report.page_in(&Layout::new().plain()).starts_with("credential: "));
    /// # }
    /// ```
    #[must_use]
    pub fn page_in(&self, layout: &Layout) -> String {
        text::page(self, *layout)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.page_in(&Layout::new()))
    }
}

struct Laid<'a> {
    report: &'a Report,
    layout: Layout,
}

impl fmt::Display for Laid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.report.page_in(&self.layout))
    }
}

/// A self-check found a closed gate, or a need that cannot be checked.
///
/// `Display` is one line: which, and what to do. `Debug`, which is what a `main` that returns it prints,
/// is the whole report.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use gcp_scopes::Guard;
///
/// let report = Guard::builder().build().self_check().needs("storage.objects.insrt").run().await;
/// let closed = report.into_result().unwrap_err();
/// assert!(closed.to_string().contains("storage.objects.insrt"));
/// assert!(closed.report().findings()[0].why().is_some());
/// assert!(format!("{closed:?}").ends_with(&closed.report().to_string()));
/// # Ok(()) }
/// ```
pub struct ClosedGates(Box<Report>);

impl ClosedGates {
    /// Everything that was found.
    ///
    /// ```
    /// # use gcp_scopes::{refusal::Gate, self_check::GateState};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let check = gcp_scopes::Guard::builder().build().self_check();
    /// let report = check.needs("storage.objects.insrt").run().await;
    /// let closed = report.into_result().unwrap_err();
    /// assert_eq!(closed.report().findings().len(), 1);
    /// # Ok(()) }
    /// ```
    pub fn report(&self) -> &Report {
        &self.0
    }
}

impl fmt::Display for ClosedGates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text::line(&self.0))
    }
}

impl fmt::Debug for ClosedGates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}\n\n{}", self.0)
    }
}

impl StdError for ClosedGates {}

impl SelfCheck {
    pub(super) fn report(&self, findings: Vec<Finding>, tokens: &Tokens, lacking: &[Lacking]) -> Report {
        let granted = of_all(tokens);
        let told = lacking.first().map_or(&granted, |lacking| &lacking.granted);
        let environment = Arc::clone(&self.guard.state().environment).of_token(told);
        let accepted: Vec<ScopeSet> = lacking.iter().map(|lacking| lacking.accepted.clone()).collect();
        let has_iam_answered = has_iam_told(&findings, lacking);
        let remedy = (!lacking.is_empty())
            .then(|| remedy::for_calls(&accepted, told.scopes(), &environment, has_iam_answered));
        let summary = remedy.as_ref().map(|remedy| remedy.summary().to_owned());
        let mut steps = remedy.map(|remedy| remedy.steps().to_vec()).unwrap_or_default();
        let resources = findings.iter().filter(|finding| finding.gate == Gate::Iam);
        for (finding, wanted) in resources.zip(&self.wanted) {
            if let (GateState::Closed, Ok(resource)) = (finding.state, &wanted.resource) {
                steps.extend(remedy::for_permissions(&finding.missing, &resource.binding(), &environment));
            }
        }
        let left = granted.expires_at().map(|at| at.duration_since(SystemTime::now()).unwrap_or_default());
        let is_unasked = self.is_unasked(&environment);
        Report { environment, named: self.named, granted, left, is_unasked, findings, summary, steps }
    }

    fn is_unasked(&self, environment: &Environment) -> bool {
        let is_attached = environment.credential() == Credential::MetadataServer;
        let here = environment.platform();
        self.tokens.is_none() && is_attached && here != Platform::Unknown && !here.grants_its_scopes()
    }
}

/// Whether IAM has answered about every service whose scope gate is closed: what it said stands in the report.
fn has_iam_told(findings: &[Finding], lacking: &[Lacking]) -> bool {
    let is_of_service = |name: &str, other: &str| name.split('.').next() == other.split('.').next();
    let answered = |told: bool, method: &str| {
        let is_told =
            |finding: &&Finding| matches!(finding.state, GateState::Open | GateState::Closed) == told;
        let of_iam = findings.iter().filter(|finding| finding.gate == Gate::Iam).filter(is_told);
        of_iam.flat_map(|finding| &finding.asked).any(|permission| is_of_service(permission, method))
    };
    lacking.iter().all(|lacking| answered(true, lacking.method) && !answered(false, lacking.method))
}

/// What the token holds, or that there are several which differ.
fn of_all(tokens: &Tokens) -> GrantedScopes {
    let mut all = tokens.0.iter().map(|held| &held.granted);
    let Some(first) = all.next() else { return GrantedScopes::unknown("there is no token") };
    let same = |other: &GrantedScopes| {
        other.scopes() == first.scopes() && other.is_not_limited() == first.is_not_limited()
    };
    match all.all(same) {
        true => first.clone(),
        false => GrantedScopes::unknown("each call gets a token of its own, for the scope it asks for"),
    }
}
