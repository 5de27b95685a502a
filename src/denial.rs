//! The answer is no, for lack of scope: what was refused, what would do, what is held, what to do.
//!
//! A [`Denial`] is facts. Its `Display` is one line for a log; [`Denial::report`] is the long text
//! for a person. It judges nothing: the verdict was made in `guard`, the steps in `remedy`.
//!
//! ```
#![doc = a_denial!()]
//! // One line for a log, the whole story for a person, one object for machines.
//! eprintln!("{denial}");
//! eprintln!("{}", denial.report());
//! let object = serde_json::to_value(&denial)?;
//! assert_eq!(object["method"], "storage.objects.insert");
#![doc = done!()]
//! ```

pub(crate) mod answer;
pub(crate) mod report;
mod serialize;

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use gcp_scopes_catalog::for_every_call;

use crate::catalog::ApiMethod;
use crate::environment::{Credential, Environment, Platform};
use crate::granted::{GrantSource, GrantedScopes};
use crate::layout::Layout;
use crate::refusal::{Certainty, Gate, Refusal, ScopeRefusal};
use crate::remedy::{self, Remedy, Step};
use crate::scope::{Scope, ScopeSet};

/// A call that was refused, or would be, because its token lacks an OAuth scope.
///
/// Cheap to clone. Find one in any error with [`Denial::of`].
///
/// ```
#[doc = a_denial!()]
/// assert_eq!(denial.method().map(|method| method.id()), Some("storage.objects.insert"));
/// assert!(denial.accepted().contains(&"devstorage.read_write".parse()?));
/// assert!(!denial.granted().scopes().is_some_and(|held| held.intersects(denial.accepted())));
/// eprintln!("{}", denial.report());
#[doc = done!()]
/// ```
#[derive(Clone)]
pub struct Denial(Arc<Facts>);

/// How a [`Denial`] came about.
///
/// ```
/// use gcp_scopes::denial::DenialKind;
///
/// /// Whether Google saw the call.
/// fn was_sent(denial: &gcp_scopes::Denial) -> bool {
///     denial.kind() == DenialKind::Refused
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DenialKind {
    /// Nothing was sent: the token's scopes are known, and the method accepts none of them.
    Predicted,
    /// Nothing was sent: Google has refused this method with this token before.
    Confirmed,
    /// Google answered, and refused the call for lack of scope.
    Refused,
}

impl DenialKind {
    /// The kind as one word.
    ///
    /// ```
    /// assert_eq!(gcp_scopes::denial::DenialKind::Predicted.as_str(), "predicted");
    /// ```
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Predicted => "predicted",
            Self::Confirmed => "confirmed",
            Self::Refused => "refused",
        }
    }
}

pub(crate) struct Facts {
    pub(crate) kind: DenialKind,
    pub(crate) method: Option<ApiMethod>,
    pub(crate) accepted: ScopeSet,
    pub(crate) granted: GrantedScopes,
    pub(crate) environment: Arc<Environment>,
    pub(crate) refusal: Option<Refusal>,
    /// Whether a scope that would do is among those that the refused token is said to hold.
    pub(crate) is_contradicted: bool,
    pub(crate) remedy: Remedy,
}

impl Denial {
    /// Before a call: what the catalog, the token's known scopes and earlier answers say.
    pub(crate) fn predicted(
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
    pub(crate) fn refused(
        method: Option<ApiMethod>,
        needed: Option<&ScopeSet>,
        granted: GrantedScopes,
        environment: Arc<Environment>,
        refusal: Refusal,
    ) -> Self {
        let method = method.or_else(|| named(&refusal));
        let listed = needed.cloned().or_else(|| Some(method?.accepted())).unwrap_or_default();
        let accepted = accepted_after(&listed, &granted, &refusal);
        let is_anothers = granted.is_unknown() && would_do(&environment, &accepted, &refusal);
        let environment = if is_anothers { unknown_place() } else { environment };
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
        let environment = of_this_token(environment, &granted);
        let case = remedy::Case {
            kind: refusal.as_ref().and_then(Refusal::scope_refusal).unwrap_or(ScopeRefusal::Missing),
            accepted: std::slice::from_ref(&accepted),
            held: granted.scopes(),
            environment: &environment,
        };
        let (is_contradicted, remedy) = (case.is_contradicted(), remedy::remedy(&case));
        Self(Arc::new(Facts {
            kind,
            method,
            accepted,
            granted,
            environment,
            refusal,
            is_contradicted,
            remedy,
        }))
    }

    /// The same denial with the steps for another place, for a tool that explains what somebody else's
    /// program was refused.
    ///
    /// ```
    #[doc = a_denial!()]
    /// use gcp_scopes::environment::{Credential, Environment, Platform};
    ///
    /// // A colleague's log line, explained on a laptop.
    /// let vm = Environment::told(Platform::ComputeEngine, Credential::MetadataServer).with_instance("web-1")?;
    /// let there = denial.elsewhere(vm);
    /// assert!(there.steps()[0].command_line().is_some_and(|command| command.contains("instances stop web-1")));
    #[doc = done!()]
    /// ```
    #[must_use]
    pub fn elsewhere(&self, environment: Environment) -> Self {
        let Facts { kind, method, accepted, granted, refusal, .. } = &*self.0;
        let (accepted, granted, refusal) = (accepted.clone(), granted.clone(), refusal.clone());
        Self::assemble(*kind, *method, accepted, granted, Arc::new(environment), refusal)
    }

    /// Finds the denial in an error, however deep a client has wrapped it: like Go's `errors.As`.
    ///
    /// Walks [`source`](StdError::source) from `error` on. With `anyhow`, pass `&*error`.
    ///
    /// ```
    /// # fn show(error: &(dyn std::error::Error + 'static)) {
    /// if let Some(denial) = gcp_scopes::Denial::of(error) {
    ///     eprintln!("{}", denial.report());
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn of<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            let found = error.downcast_ref::<Self>().or_else(|| Some(&error.downcast_ref::<Shell>()?.0));
            if found.is_some() {
                return found;
            }
            next = error.source();
        }
        None
    }

    /// Whether the call was sent and refused, or not sent at all.
    ///
    /// ```
    #[doc = a_denial!()]
    /// assert_eq!(denial.kind(), DenialKind::Refused);
    #[doc = done!()]
    /// ```
    #[must_use]
    pub fn kind(&self) -> DenialKind {
        self.0.kind
    }

    /// Which gate is closed. Always [`Gate::Scope`] in this version.
    ///
    /// ```
    #[doc = a_denial!()]
    /// assert_eq!(denial.gate(), Gate::Scope);
    #[doc = done!()]
    /// ```
    #[must_use]
    pub fn gate(&self) -> Gate {
        Gate::Scope
    }

    /// How sure it is that the scope gate refused.
    ///
    /// ```
    #[doc = a_denial!()]
    /// assert_eq!(denial.certainty(), Certainty::Certain);
    #[doc = done!()]
    /// ```
    #[must_use]
    pub fn certainty(&self) -> Certainty {
        self.0.refusal.as_ref().map_or(Certainty::Likely, Refusal::certainty)
    }

    /// The API method that was called, where the catalog knows it.
    ///
    /// ```
    #[doc = a_denial!()]
    /// assert_eq!(denial.method().map(|method| method.id()), Some("storage.objects.insert"));
    #[doc = done!()]
    /// ```
    #[must_use]
    pub fn method(&self) -> Option<ApiMethod> {
        self.0.method
    }

    /// The scopes any one of which would do: the catalog's, and those the server listed.
    ///
    /// ```
    #[doc = a_denial!()]
    /// let names: Vec<String> = denial.accepted().iter().map(|scope| scope.short().to_owned()).collect();
    /// assert_eq!(names, ["cloud-platform", "devstorage.full_control", "devstorage.read_write"]);
    #[doc = done!()]
    /// ```
    #[must_use]
    pub fn accepted(&self) -> &ScopeSet {
        &self.0.accepted
    }

    /// What the token holds, and how that is known.
    ///
    /// ```
    #[doc = a_denial!()]
    /// assert_eq!(denial.granted().source(), Some(GrantSource::Metadata));
    #[doc = done!()]
    /// ```
    #[must_use]
    pub fn granted(&self) -> &GrantedScopes {
        &self.0.granted
    }

    /// Where the program runs and which credential it uses.
    ///
    /// ```
    #[doc = a_denial!()]
    /// assert_eq!(denial.environment().resource(), Some("nightly"));
    #[doc = done!()]
    /// ```
    #[must_use]
    pub fn environment(&self) -> &Environment {
        &self.0.environment
    }

    /// What the server answered, where it was asked.
    ///
    /// ```
    #[doc = a_denial!()]
    /// let said = denial.refusal().and_then(|refusal| refusal.server_message());
    /// assert_eq!(said, Some("Request had insufficient authentication scopes."));
    #[doc = done!()]
    /// ```
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        self.0.refusal.as_ref()
    }

    /// What to do, in order. Never empty.
    ///
    /// ```
    #[doc = a_denial!()]
    /// for (number, step) in denial.steps().iter().enumerate() {
    ///     println!("{}. {}", number + 1, step.text());
    /// }
    #[doc = done!()]
    /// ```
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.0.remedy.steps
    }

    /// The whole story for a person: the two gates, what is held, what would do, and the steps.
    ///
    /// Several lines of at most 80 columns, commands unbroken. Holds the server's own words, bounded and escaped,
    /// and beside them no token, object name or query.
    ///
    /// ```
    #[doc = a_denial!()]
    /// let page = denial.report();
    /// assert!(page.starts_with("storage.objects.insert was refused for lack of an OAuth scope."));
    /// assert!(page.contains("What to do"));
    #[doc = done!()]
    /// ```
    #[must_use]
    pub fn report(&self) -> String {
        self.report_in(&Layout::new())
    }

    /// The same, laid out for the reader: for a terminal's width, in colours, or for a screen reader.
    ///
    /// ```
    /// use gcp_scopes::{Denial, layout::Layout};
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
    pub(crate) fn with_first_step(&self, step: Step) -> Self {
        let Facts { kind, method, accepted, granted, environment, refusal, is_contradicted, remedy } =
            &*self.0;
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
            is_contradicted: *is_contradicted,
            remedy: Remedy { summary, steps },
        }))
    }

    /// What to do, in one sentence: the steps have the details.
    ///
    /// ```
    #[doc = a_denial!()]
    /// assert!(!denial.summary().contains('\n'));
    #[doc = done!()]
    /// ```
    #[must_use]
    pub fn summary(&self) -> &str {
        &self.0.remedy.summary
    }

    /// A span that carries gate, method, scopes and remedy as fields, for the event with which a service
    /// itself reports its failure. Most formatters print a span's fields beside every event in it.
    ///
    /// ```
    /// use gcp_scopes::Denial;
    /// use tracing::Span;
    ///
    /// fn report(error: &(dyn std::error::Error + 'static)) {
    ///     let span = Denial::of(error).map_or_else(Span::none, Denial::span);
    ///     span.in_scope(|| tracing::error!(error, "the upload failed"));
    /// }
    /// ```
    ///
    /// The fields are listed in the repository's `docs/logs.md`.
    #[must_use]
    pub fn span(&self) -> tracing::Span {
        crate::telemetry::span(self)
    }

    /// The denial as an error to hand to a client, which a walk of `source()` finds again.
    pub(crate) fn into_error(self) -> Shell {
        Shell(self)
    }
}

/// The method by the server's own name for it, where the call did not tell it.
fn named(refusal: &Refusal) -> Option<ApiMethod> {
    ApiMethod::by_server_name(refusal.service()?, refusal.rpc_method()?)
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
    let is_hearsay = granted.source().is_some_and(GrantSource::is_hearsay);
    match contradicted && !(said.is_empty() && is_hearsay) {
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

/// Where a token was made that is not the machine's is not known, so that no command may name the machine.
fn unknown_place() -> Arc<Environment> {
    Arc::new(Environment::told(Platform::Unknown, Credential::Declared))
}

/// The environment of a program whose token, on a machine with an account of its own, is known to be
/// another one's: what is done to the machine would not help. It may be another one's also where nobody
/// knows what it holds and the machine does not know it; an old one of its own is not known, either.
pub(crate) fn of_this_token(environment: Arc<Environment>, granted: &GrantedScopes) -> Arc<Environment> {
    if environment.credential() != Credential::MetadataServer {
        return environment;
    }
    let is_not_its = environment.scopes().is_some_and(|scopes| granted.scopes() != Some(scopes));
    match granted.source() {
        Some(GrantSource::Jwt) => {
            Arc::new((*environment).clone().with_credential(Credential::ServiceAccountKey))
        }
        Some(GrantSource::Declared | GrantSource::Custom | GrantSource::Tokeninfo) if is_not_its => {
            unknown_place()
        }
        None if granted.is_anothers() => {
            Arc::new((*environment).clone().with_credential(Credential::Unknown))
        }
        _ => environment,
    }
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

/// What a client is handed: an error whose source is the denial.
///
/// Several clients (reqwest-middleware's `Error::Middleware` among them) are transparent: their
/// `source()` skips the error they were given and starts one level below it. So the denial stands
/// one level below. Display repeats its line, for clients that print one level only.
#[derive(Debug)]
pub(crate) struct Shell(Denial);

impl fmt::Display for Shell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for Shell {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.0)
    }
}

#[cfg(test)]
#[cfg(feature = "catalog-full")]
mod tests {
    use super::*;
    use crate::environment::Snapshot;
    use crate::refusal::classify_text;

    #[test]
    fn a_machine_whose_scopes_would_do_is_not_to_be_changed_for_a_token_of_another() {
        let vm = |scope: &str| {
            Arc::new(Environment::of(
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
