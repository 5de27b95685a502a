//! The answer is no, for lack of scope: what was refused, what would do, what is held, what to do.
//!
//! A [`Denial`] is facts. Its `Display` is one line for a log; [`Denial::report`] is the long text
//! for a person. It judges nothing: the verdict was made in `guard`, the steps in `remedy`.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use gcp_scopes_catalog::{Endpoints, call::Call, lookup, scope::ScopeSet};
//! # use gcp_scopes_explain::environment::{Environment, Snapshot};
//! # use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
//! # use gcp_scopes_explain::refusal::{Answer, Certainty, Gate};
//! # use gcp_scopes_explain::{denial::DenialKind, explain};
//! # let uri = "https://storage.googleapis.com/upload/storage/v1/b/photos/o?uploadType=media&name=cat.jpg".parse()?;
//! # let call = lookup(&Call::new(&http::Method::POST, &uri), &Endpoints::new());
//! # let held = ScopeSet::from_scope_text("https://www.googleapis.com/auth/devstorage.read_only");
//! # let held = GrantedScopes::known(held, GrantSource::Metadata);
//! # let body = br##"{"error":{"code":403,"message":"Request had insufficient authentication scopes."}}"##;
//! # let here = Environment::from_snapshot(&Snapshot::new().with_env("CLOUD_RUN_JOB", "nightly")).into();
//! # let denial = explain(&call, &held, &here, &Answer::new(body).with_status(403)).ok_or("a denial")?;
//! // One line for a log, the whole story for a person, one object for machines.
//! eprintln!("{denial}");
//! eprintln!("{}", denial.report());
//! let object = serde_json::to_value(&denial)?;
//! assert_eq!(object["method"], "storage.objects.insert");
//! # Ok(()) }
//! ```

mod answer;
mod error;
mod facts;
mod report;
mod serialize;

use std::error::Error as StdError;
use std::fmt;
use std::sync::{Arc, OnceLock};

use gcp_scopes_catalog::scope::{Scope, ScopeSet};
use gcp_scopes_catalog::{ApiMethod, Catalog, for_every_call};

pub use answer::{AnswerForm, gap_after};
pub use error::DenialError;
pub use facts::DenialKind;

use crate::environment::{Credential, Environment};
use crate::granted::{GrantSource, GrantedScopes};
use crate::layout::Layout;
use crate::refusal::{Certainty, Gate, Refusal, ScopeRefusal};
use crate::remedy::{Remedy, Step};
use facts::Facts;

/// A call that was refused, or would be, because its token lacks an OAuth scope.
///
/// Cheap to clone. Find one in any error with [`Denial::find`].
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use gcp_scopes_catalog::{Endpoints, call::Call, lookup, scope::ScopeSet};
/// # use gcp_scopes_explain::environment::{Environment, Snapshot};
/// # use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
/// # use gcp_scopes_explain::refusal::{Answer, Certainty, Gate};
/// # use gcp_scopes_explain::{denial::DenialKind, explain};
/// # let uri = "https://storage.googleapis.com/upload/storage/v1/b/photos/o?uploadType=media&name=cat.jpg".parse()?;
/// # let call = lookup(&Call::new(&http::Method::POST, &uri), &Endpoints::new());
/// # let held = ScopeSet::from_scope_text("https://www.googleapis.com/auth/devstorage.read_only");
/// # let held = GrantedScopes::known(held, GrantSource::Metadata);
/// # let body = br##"{"error":{"code":403,"message":"Request had insufficient authentication scopes."}}"##;
/// # let here = Environment::from_snapshot(&Snapshot::new().with_env("CLOUD_RUN_JOB", "nightly")).into();
/// # let denial = explain(&call, &held, &here, &Answer::new(body).with_status(403)).ok_or("a denial")?;
/// assert_eq!(denial.method().map(|method| method.id()), Some("storage.objects.insert"));
/// assert!(denial.accepted().contains(&"devstorage.read_write".parse()?));
/// assert!(!denial.granted().scopes().is_some_and(|held| held.intersects(denial.accepted())));
/// eprintln!("{}", denial.report());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Denial(Arc<Facts>);

impl Denial {
    /// Before a call: what the catalog, the token's known scopes and earlier answers say.
    /// A call that was not sent, or would be refused: `accepted` are the scopes of which any one is enough.
    #[must_use]
    pub fn predicted(
        kind: DenialKind,
        method: impl Into<Option<ApiMethod>>,
        accepted: ScopeSet,
        granted: GrantedScopes,
        environment: Arc<Environment>,
    ) -> Self {
        Self::assemble(kind, method.into(), accepted, granted, environment, None)
    }

    /// After a call: what the server said. The server's list of scopes adds to the catalog's, or to the
    /// caller's own.
    /// A call that was refused: `needed` are the scopes that its caller says it needs, if it says so.
    #[must_use]
    pub fn refused(
        method: Option<ApiMethod>,
        needed: Option<&ScopeSet>,
        granted: GrantedScopes,
        environment: Arc<Environment>,
        refusal: Refusal,
    ) -> Self {
        let method = method.or_else(|| named(&refusal));
        let listed = needed.cloned().or_else(|| Some(method?.accepted())).unwrap_or_default();
        let accepted = accepted_after(&listed, &granted, &refusal);
        let is_from_other_identity = granted.is_unknown() && would_do(&environment, &accepted, &refusal);
        let environment = if is_from_other_identity { Environment::unknown_place() } else { environment };
        Self::assemble(DenialKind::Refused, method, accepted, granted, environment, Some(refusal))
    }

    fn assemble(
        kind: DenialKind,
        method: Option<ApiMethod>,
        accepted: ScopeSet,
        granted: GrantedScopes,
        environment: Arc<Environment>,
        refusal: Option<Refusal>,
    ) -> Self {
        let environment = environment.for_token(&granted);
        let remedy = OnceLock::new();
        Self(Arc::new(Facts { kind, method, accepted, granted, environment, refusal, remedy }))
    }

    /// The same denial with the steps for another place, for a tool that explains what somebody else's
    /// program was refused.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_catalog::{Endpoints, call::Call, lookup, scope::ScopeSet};
    /// # use gcp_scopes_explain::environment::{Environment, Snapshot};
    /// # use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
    /// # use gcp_scopes_explain::refusal::{Answer, Certainty, Gate};
    /// # use gcp_scopes_explain::{denial::DenialKind, explain};
    /// # let uri = "https://storage.googleapis.com/upload/storage/v1/b/photos/o?uploadType=media&name=cat.jpg".parse()?;
    /// # let call = lookup(&Call::new(&http::Method::POST, &uri), &Endpoints::new());
    /// # let held = ScopeSet::from_scope_text("https://www.googleapis.com/auth/devstorage.read_only");
    /// # let held = GrantedScopes::known(held, GrantSource::Metadata);
    /// # let body = br##"{"error":{"code":403,"message":"Request had insufficient authentication scopes."}}"##;
    /// # let here = Environment::from_snapshot(&Snapshot::new().with_env("CLOUD_RUN_JOB", "nightly")).into();
    /// # let denial = explain(&call, &held, &here, &Answer::new(body).with_status(403)).ok_or("a denial")?;
    /// use gcp_scopes_explain::environment::{Credential, Platform};
    ///
    /// // A colleague's log line, explained on a laptop.
    /// let vm = Environment::new(Platform::ComputeEngine, Credential::MetadataServer).with_instance("web-1")?;
    /// let there = denial.with_environment(vm);
    /// assert!(there.steps()[0].command_line().is_some_and(|command| command.contains("instances stop web-1")));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn with_environment(&self, environment: Environment) -> Self {
        let Facts { kind, method, accepted, granted, refusal, .. } = &*self.0;
        let (accepted, granted, refusal) = (accepted.clone(), granted.clone(), refusal.clone());
        Self::assemble(*kind, *method, accepted, granted, Arc::new(environment), refusal)
    }

    /// Whether the call was sent and refused, or not sent at all.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_catalog::{Endpoints, call::Call, lookup, scope::ScopeSet};
    /// # use gcp_scopes_explain::environment::{Environment, Snapshot};
    /// # use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
    /// # use gcp_scopes_explain::refusal::{Answer, Certainty, Gate};
    /// # use gcp_scopes_explain::{denial::DenialKind, explain};
    /// # let uri = "https://storage.googleapis.com/upload/storage/v1/b/photos/o?uploadType=media&name=cat.jpg".parse()?;
    /// # let call = lookup(&Call::new(&http::Method::POST, &uri), &Endpoints::new());
    /// # let held = ScopeSet::from_scope_text("https://www.googleapis.com/auth/devstorage.read_only");
    /// # let held = GrantedScopes::known(held, GrantSource::Metadata);
    /// # let body = br##"{"error":{"code":403,"message":"Request had insufficient authentication scopes."}}"##;
    /// # let here = Environment::from_snapshot(&Snapshot::new().with_env("CLOUD_RUN_JOB", "nightly")).into();
    /// # let denial = explain(&call, &held, &here, &Answer::new(body).with_status(403)).ok_or("a denial")?;
    /// assert_eq!(denial.kind(), DenialKind::Refused);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn kind(&self) -> DenialKind {
        self.0.kind
    }

    /// Which gate is closed. Always [`Gate::Scope`] in this version.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_catalog::{Endpoints, call::Call, lookup, scope::ScopeSet};
    /// # use gcp_scopes_explain::environment::{Environment, Snapshot};
    /// # use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
    /// # use gcp_scopes_explain::refusal::{Answer, Certainty, Gate};
    /// # use gcp_scopes_explain::{denial::DenialKind, explain};
    /// # let uri = "https://storage.googleapis.com/upload/storage/v1/b/photos/o?uploadType=media&name=cat.jpg".parse()?;
    /// # let call = lookup(&Call::new(&http::Method::POST, &uri), &Endpoints::new());
    /// # let held = ScopeSet::from_scope_text("https://www.googleapis.com/auth/devstorage.read_only");
    /// # let held = GrantedScopes::known(held, GrantSource::Metadata);
    /// # let body = br##"{"error":{"code":403,"message":"Request had insufficient authentication scopes."}}"##;
    /// # let here = Environment::from_snapshot(&Snapshot::new().with_env("CLOUD_RUN_JOB", "nightly")).into();
    /// # let denial = explain(&call, &held, &here, &Answer::new(body).with_status(403)).ok_or("a denial")?;
    /// assert_eq!(denial.gate(), Gate::Scope);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn gate(&self) -> Gate {
        Gate::Scope
    }

    /// How sure it is that the scope gate refused.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_catalog::{Endpoints, call::Call, lookup, scope::ScopeSet};
    /// # use gcp_scopes_explain::environment::{Environment, Snapshot};
    /// # use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
    /// # use gcp_scopes_explain::refusal::{Answer, Certainty, Gate};
    /// # use gcp_scopes_explain::{denial::DenialKind, explain};
    /// # let uri = "https://storage.googleapis.com/upload/storage/v1/b/photos/o?uploadType=media&name=cat.jpg".parse()?;
    /// # let call = lookup(&Call::new(&http::Method::POST, &uri), &Endpoints::new());
    /// # let held = ScopeSet::from_scope_text("https://www.googleapis.com/auth/devstorage.read_only");
    /// # let held = GrantedScopes::known(held, GrantSource::Metadata);
    /// # let body = br##"{"error":{"code":403,"message":"Request had insufficient authentication scopes."}}"##;
    /// # let here = Environment::from_snapshot(&Snapshot::new().with_env("CLOUD_RUN_JOB", "nightly")).into();
    /// # let denial = explain(&call, &held, &here, &Answer::new(body).with_status(403)).ok_or("a denial")?;
    /// assert_eq!(denial.certainty(), Certainty::Certain);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn certainty(&self) -> Certainty {
        self.0.refusal.as_ref().map_or(Certainty::Likely, Refusal::certainty)
    }

    /// The API method that was called, where the catalog knows it.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_catalog::{Endpoints, call::Call, lookup, scope::ScopeSet};
    /// # use gcp_scopes_explain::environment::{Environment, Snapshot};
    /// # use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
    /// # use gcp_scopes_explain::refusal::{Answer, Certainty, Gate};
    /// # use gcp_scopes_explain::{denial::DenialKind, explain};
    /// # let uri = "https://storage.googleapis.com/upload/storage/v1/b/photos/o?uploadType=media&name=cat.jpg".parse()?;
    /// # let call = lookup(&Call::new(&http::Method::POST, &uri), &Endpoints::new());
    /// # let held = ScopeSet::from_scope_text("https://www.googleapis.com/auth/devstorage.read_only");
    /// # let held = GrantedScopes::known(held, GrantSource::Metadata);
    /// # let body = br##"{"error":{"code":403,"message":"Request had insufficient authentication scopes."}}"##;
    /// # let here = Environment::from_snapshot(&Snapshot::new().with_env("CLOUD_RUN_JOB", "nightly")).into();
    /// # let denial = explain(&call, &held, &here, &Answer::new(body).with_status(403)).ok_or("a denial")?;
    /// assert_eq!(denial.method().map(|method| method.id()), Some("storage.objects.insert"));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn method(&self) -> Option<ApiMethod> {
        self.0.method
    }

    /// The scopes any one of which would do: the catalog's, and those the server listed.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_catalog::{Endpoints, call::Call, lookup, scope::ScopeSet};
    /// # use gcp_scopes_explain::environment::{Environment, Snapshot};
    /// # use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
    /// # use gcp_scopes_explain::refusal::{Answer, Certainty, Gate};
    /// # use gcp_scopes_explain::{denial::DenialKind, explain};
    /// # let uri = "https://storage.googleapis.com/upload/storage/v1/b/photos/o?uploadType=media&name=cat.jpg".parse()?;
    /// # let call = lookup(&Call::new(&http::Method::POST, &uri), &Endpoints::new());
    /// # let held = ScopeSet::from_scope_text("https://www.googleapis.com/auth/devstorage.read_only");
    /// # let held = GrantedScopes::known(held, GrantSource::Metadata);
    /// # let body = br##"{"error":{"code":403,"message":"Request had insufficient authentication scopes."}}"##;
    /// # let here = Environment::from_snapshot(&Snapshot::new().with_env("CLOUD_RUN_JOB", "nightly")).into();
    /// # let denial = explain(&call, &held, &here, &Answer::new(body).with_status(403)).ok_or("a denial")?;
    /// let names: Vec<String> = denial.accepted().iter().map(|scope| scope.short().to_owned()).collect();
    /// assert_eq!(names, ["cloud-platform", "devstorage.full_control", "devstorage.read_write"]);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn accepted(&self) -> &ScopeSet {
        &self.0.accepted
    }

    /// What the token holds, and how that is known.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_catalog::{Endpoints, call::Call, lookup, scope::ScopeSet};
    /// # use gcp_scopes_explain::environment::{Environment, Snapshot};
    /// # use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
    /// # use gcp_scopes_explain::refusal::{Answer, Certainty, Gate};
    /// # use gcp_scopes_explain::{denial::DenialKind, explain};
    /// # let uri = "https://storage.googleapis.com/upload/storage/v1/b/photos/o?uploadType=media&name=cat.jpg".parse()?;
    /// # let call = lookup(&Call::new(&http::Method::POST, &uri), &Endpoints::new());
    /// # let held = ScopeSet::from_scope_text("https://www.googleapis.com/auth/devstorage.read_only");
    /// # let held = GrantedScopes::known(held, GrantSource::Metadata);
    /// # let body = br##"{"error":{"code":403,"message":"Request had insufficient authentication scopes."}}"##;
    /// # let here = Environment::from_snapshot(&Snapshot::new().with_env("CLOUD_RUN_JOB", "nightly")).into();
    /// # let denial = explain(&call, &held, &here, &Answer::new(body).with_status(403)).ok_or("a denial")?;
    /// assert_eq!(denial.granted().source(), Some(GrantSource::Metadata));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn granted(&self) -> &GrantedScopes {
        &self.0.granted
    }

    /// Where the program runs and which credential it uses.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_catalog::{Endpoints, call::Call, lookup, scope::ScopeSet};
    /// # use gcp_scopes_explain::environment::{Environment, Snapshot};
    /// # use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
    /// # use gcp_scopes_explain::refusal::{Answer, Certainty, Gate};
    /// # use gcp_scopes_explain::{denial::DenialKind, explain};
    /// # let uri = "https://storage.googleapis.com/upload/storage/v1/b/photos/o?uploadType=media&name=cat.jpg".parse()?;
    /// # let call = lookup(&Call::new(&http::Method::POST, &uri), &Endpoints::new());
    /// # let held = ScopeSet::from_scope_text("https://www.googleapis.com/auth/devstorage.read_only");
    /// # let held = GrantedScopes::known(held, GrantSource::Metadata);
    /// # let body = br##"{"error":{"code":403,"message":"Request had insufficient authentication scopes."}}"##;
    /// # let here = Environment::from_snapshot(&Snapshot::new().with_env("CLOUD_RUN_JOB", "nightly")).into();
    /// # let denial = explain(&call, &held, &here, &Answer::new(body).with_status(403)).ok_or("a denial")?;
    /// assert_eq!(denial.environment().resource(), Some("nightly"));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn environment(&self) -> &Environment {
        &self.0.environment
    }

    /// What the server answered, where it was asked.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_catalog::{Endpoints, call::Call, lookup, scope::ScopeSet};
    /// # use gcp_scopes_explain::environment::{Environment, Snapshot};
    /// # use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
    /// # use gcp_scopes_explain::refusal::{Answer, Certainty, Gate};
    /// # use gcp_scopes_explain::{denial::DenialKind, explain};
    /// # let uri = "https://storage.googleapis.com/upload/storage/v1/b/photos/o?uploadType=media&name=cat.jpg".parse()?;
    /// # let call = lookup(&Call::new(&http::Method::POST, &uri), &Endpoints::new());
    /// # let held = ScopeSet::from_scope_text("https://www.googleapis.com/auth/devstorage.read_only");
    /// # let held = GrantedScopes::known(held, GrantSource::Metadata);
    /// # let body = br##"{"error":{"code":403,"message":"Request had insufficient authentication scopes."}}"##;
    /// # let here = Environment::from_snapshot(&Snapshot::new().with_env("CLOUD_RUN_JOB", "nightly")).into();
    /// # let denial = explain(&call, &held, &here, &Answer::new(body).with_status(403)).ok_or("a denial")?;
    /// let said = denial.refusal().and_then(|refusal| refusal.server_message());
    /// assert_eq!(said, Some("Request had insufficient authentication scopes."));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        self.0.refusal.as_ref()
    }

    /// What to do, in order. Never empty.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_catalog::{Endpoints, call::Call, lookup, scope::ScopeSet};
    /// # use gcp_scopes_explain::environment::{Environment, Snapshot};
    /// # use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
    /// # use gcp_scopes_explain::refusal::{Answer, Certainty, Gate};
    /// # use gcp_scopes_explain::{denial::DenialKind, explain};
    /// # let uri = "https://storage.googleapis.com/upload/storage/v1/b/photos/o?uploadType=media&name=cat.jpg".parse()?;
    /// # let call = lookup(&Call::new(&http::Method::POST, &uri), &Endpoints::new());
    /// # let held = ScopeSet::from_scope_text("https://www.googleapis.com/auth/devstorage.read_only");
    /// # let held = GrantedScopes::known(held, GrantSource::Metadata);
    /// # let body = br##"{"error":{"code":403,"message":"Request had insufficient authentication scopes."}}"##;
    /// # let here = Environment::from_snapshot(&Snapshot::new().with_env("CLOUD_RUN_JOB", "nightly")).into();
    /// # let denial = explain(&call, &held, &here, &Answer::new(body).with_status(403)).ok_or("a denial")?;
    /// for (number, step) in denial.steps().iter().enumerate() {
    ///     println!("{}. {}", number + 1, step.text());
    /// }
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.0.remedy().steps
    }

    /// The whole story for a person: the two gates, what is held, what would do, and the steps.
    ///
    /// Several lines of at most 80 columns, commands unbroken. Holds the server's own words, bounded and escaped,
    /// and beside them no token, object name or query.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_catalog::{Endpoints, call::Call, lookup, scope::ScopeSet};
    /// # use gcp_scopes_explain::environment::{Environment, Snapshot};
    /// # use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
    /// # use gcp_scopes_explain::refusal::{Answer, Certainty, Gate};
    /// # use gcp_scopes_explain::{denial::DenialKind, explain};
    /// # let uri = "https://storage.googleapis.com/upload/storage/v1/b/photos/o?uploadType=media&name=cat.jpg".parse()?;
    /// # let call = lookup(&Call::new(&http::Method::POST, &uri), &Endpoints::new());
    /// # let held = ScopeSet::from_scope_text("https://www.googleapis.com/auth/devstorage.read_only");
    /// # let held = GrantedScopes::known(held, GrantSource::Metadata);
    /// # let body = br##"{"error":{"code":403,"message":"Request had insufficient authentication scopes."}}"##;
    /// # let here = Environment::from_snapshot(&Snapshot::new().with_env("CLOUD_RUN_JOB", "nightly")).into();
    /// # let denial = explain(&call, &held, &here, &Answer::new(body).with_status(403)).ok_or("a denial")?;
    /// let page = denial.report();
    /// assert!(page.starts_with("storage.objects.insert was refused for lack of an OAuth scope."));
    /// assert!(page.contains("What to do"));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn report(&self) -> String {
        self.report_in(&Layout::new())
    }

    /// The same, laid out for the reader: for a terminal's width, in colours, or for a screen reader.
    ///
    /// ```
    /// use gcp_scopes_explain::{Denial, layout::Layout};
    ///
    /// fn show(denial: &Denial) {
    ///     eprintln!("{}", denial.report_in(&Layout::new().plain()));
    /// }
    /// ```
    #[must_use]
    pub fn report_in(&self, layout: &Layout) -> String {
        report::text(&self.0, *layout)
    }

    /// The same denial with something to do first that only the client's adapter knows of.
    #[must_use]
    pub fn with_first_step(&self, step: Step) -> Self {
        let Facts { kind, method, accepted, granted, environment, refusal, .. } = &*self.0;
        let remedy = self.0.remedy();
        let brief = step.code_line().map(|code| format!("Ask for another scope in the call: {code}. "));
        let summary = brief.unwrap_or_default() + &remedy.summary;
        let steps = std::iter::once(step).chain(remedy.steps.iter().cloned()).collect();
        Self(Arc::new(Facts {
            kind: *kind,
            method: *method,
            accepted: accepted.clone(),
            granted: granted.clone(),
            environment: Arc::clone(environment),
            refusal: refusal.clone(),
            remedy: Remedy { summary, steps }.into(),
        }))
    }

    /// What to do, in one sentence: the steps have the details.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_catalog::{Endpoints, call::Call, lookup, scope::ScopeSet};
    /// # use gcp_scopes_explain::environment::{Environment, Snapshot};
    /// # use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
    /// # use gcp_scopes_explain::refusal::{Answer, Certainty, Gate};
    /// # use gcp_scopes_explain::{denial::DenialKind, explain};
    /// # let uri = "https://storage.googleapis.com/upload/storage/v1/b/photos/o?uploadType=media&name=cat.jpg".parse()?;
    /// # let call = lookup(&Call::new(&http::Method::POST, &uri), &Endpoints::new());
    /// # let held = ScopeSet::from_scope_text("https://www.googleapis.com/auth/devstorage.read_only");
    /// # let held = GrantedScopes::known(held, GrantSource::Metadata);
    /// # let body = br##"{"error":{"code":403,"message":"Request had insufficient authentication scopes."}}"##;
    /// # let here = Environment::from_snapshot(&Snapshot::new().with_env("CLOUD_RUN_JOB", "nightly")).into();
    /// # let denial = explain(&call, &held, &here, &Answer::new(body).with_status(403)).ok_or("a denial")?;
    /// assert!(!denial.summary().contains('\n'));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn summary(&self) -> &str {
        &self.0.remedy().summary
    }
}

/// The method by the server's own name for it, where the call did not tell it.
fn named(refusal: &Refusal) -> Option<ApiMethod> {
    Catalog::built_in().method_by_server_name(refusal.service()?, refusal.rpc_method()?)
}

/// What would have opened the gate. If the token holds a scope that the catalog lists, the catalog is
/// wrong about this call, and only the server's own list counts; if it is one that some calls of the method
/// are content with, this call is another.
fn accepted_after(listed: &ScopeSet, granted: &GrantedScopes, refusal: &Refusal) -> ScopeSet {
    if refusal.scope_refusal() == Some(ScopeRefusal::ScopeOrShare) {
        return DRIVE.iter().map(|uri| Scope::from_uri(uri)).collect();
    }
    let said = refusal.alternatives();
    let own = for_every_call(listed);
    let holds_others = granted.scopes().is_some_and(|held| held.intersects(listed) && !held.intersects(&own));
    let listed = if holds_others { &own } else { listed };
    let contradicted = granted.scopes().is_some_and(|held| held.intersects(listed) && !held.intersects(said));
    let is_unverified = granted.source().is_some_and(GrantSource::is_unverified);
    match contradicted && !(said.is_empty() && is_unverified) {
        true => said.clone(),
        false => listed.union(said),
    }
}

/// Whether the machine's own list of scopes would have opened the gate, so that a refused token of which
/// nothing is known cannot be the machine's. What the server says counts more than the catalog.
fn would_do(environment: &Environment, accepted: &ScopeSet, refusal: &Refusal) -> bool {
    let is_missing = refusal.scope_refusal() == Some(ScopeRefusal::Missing);
    let said = refusal.alternatives();
    let opens = if said.is_empty() { &for_every_call(accepted) } else { said };
    let is_attached = is_missing && environment.credential() == Credential::MetadataServer;
    is_attached && environment.scopes().is_some_and(|scopes| scopes.intersects(opens))
}

/// What a query over a file in Drive needs beside its own scope.
/// Source: <https://docs.cloud.google.com/bigquery/docs/external-data-drive>
const DRIVE: [&str; 2] =
    ["https://www.googleapis.com/auth/drive.readonly", "https://www.googleapis.com/auth/drive"];

/// One line: what was refused, what would do, what is held, and what to do about it.
impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        report::line(&self.0, f)
    }
}

impl fmt::Debug for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Denial")
            .field("kind", &self.0.kind)
            .field("method", &self.0.method.map(|method| method.id()))
            .field("accepted", &self.0.accepted)
            .field("granted", &self.0.granted)
            .finish_non_exhaustive()
    }
}

impl StdError for Denial {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Snapshot;
    use crate::refusal::classify_text;

    #[test]
    fn a_machine_whose_scopes_would_do_is_not_to_be_changed_for_a_token_of_another() {
        let vm = |scope: &str| {
            Arc::new(Environment::from_snapshot(
                &Snapshot::new()
                    .with_metadata("instance/name", "web-1")
                    .with_metadata("instance/zone", "projects/123/zones/us-central1-a")
                    .with_metadata("instance/service-accounts/default/email", "a@b.iam.gserviceaccount.com")
                    .with_metadata(
                        "instance/service-accounts/default/scopes",
                        Scope::to_string(&scope.parse().unwrap()),
                    ),
            ))
        };
        let said = |more: &str| {
            let text =
                format!("HTTP/1.1 403 Forbidden\n{more}\nRequest had insufficient authentication scopes.");
            classify_text(&text).unwrap()
        };
        let only_pubsub = "www-authenticate: Bearer error=\"insufficient_scope\", scope=\"https://www.googleapis.com/auth/pubsub\"\n";
        let get = ApiMethod::by_id("storage.objects.get").unwrap();
        let rows =
            [("cloud-platform", "", false), ("pubsub", "", true), ("cloud-platform", only_pubsub, true)];
        for (scope, more, names_the_machine) in rows {
            let nothing = GrantedScopes::unknown("nobody said");
            let denial = Denial::refused(Some(get), None, nothing, vm(scope), said(more));
            let told = denial.report().contains("web-1");
            assert_eq!(told, names_the_machine, "{scope} {more}: {}", denial.report());
            assert_eq!(denial.to_string().contains("web-1"), names_the_machine, "{denial}");
        }
    }
}
