//! A [`Denial`] explains that a token lacks an OAuth scope for a call, and what to do about it.
//!
//! A denial contains facts: the API method, the scopes that the method accepts, the scopes that the
//! token holds, and where the program runs. `Display` writes the denial as one line for a log,
//! [`Denial::report`] returns a page for a person, and `Serialize` writes one object for machines.
//! [`decide`](crate::decide()) returns a denial for a call that is not sent yet,
//! [`explain`](crate::explain) for a call that was refused.
//!
//! ```
//! use gcp_scopes_catalog::ApiMethod;
//! use gcp_scopes_explain::Denial;
//!
//! // An adapter returns such an error for a call that it did not send.
//! let method = ApiMethod::by_id("storage.objects.insert")?;
//! let error = Denial::for_method(method).into_error();
//!
//! let denial = Denial::find(&error).ok_or("an error for another reason")?;
//! eprintln!("{denial}");
//! eprintln!("{}", denial.report());
//! assert_eq!(serde_json::to_value(denial)?["method"], "storage.objects.insert");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A service whose own call to Google was refused responds to its clients with an error of its own,
//! here with `application/problem+json` (RFC 9457). The clients cannot fix the refusal, so the
//! response contains the method and no name of a VM, a project or an account:
//!
//! ```
//! use gcp_scopes_explain::Denial;
//! use http::Response;
//! use serde_json::json;
//!
//! fn problem(denial: &Denial) -> http::Result<Response<String>> {
//!     let problem = json!({
//!         "title": "This service lacks an OAuth scope for a Google API",
//!         "status": 502,
//!         "google_method": denial.method().map(|method| method.id()),
//!     });
//!     let response = Response::builder().status(502);
//!     response.header("content-type", "application/problem+json").body(problem.to_string())
//! }
//! ```

mod error;
mod error_body;
mod facts;
mod report;
mod serialize;

use std::error::Error as StdError;
use std::fmt;
use std::sync::{Arc, OnceLock};

use gcp_scopes_catalog::scope::ScopeSet;
use gcp_scopes_catalog::{ApiMethod, Lookup, for_every_call};

pub use error::DenialError;
pub use error_body::separator_after;
pub use facts::DenialKind;

#[doc(inline)]
pub use crate::required_scopes::RequiredScopes;

use crate::environment::{Credential, Environment, Platform};
use crate::granted::GrantedScopes;
use crate::layout::Layout;
use crate::refusal::{Certainty, Refusal, ScopeProblem};
use crate::remedy::{RemedyOption, Step};
use facts::Facts;

/// The explanation of a call that was refused, or was not sent because it would be refused, for
/// lack of an OAuth scope.
///
/// [`Denial::find`] finds the denial in an error that a client with gcp-scopes returns:
///
/// ```
/// use gcp_scopes_explain::Denial;
///
/// fn show(error: &(dyn std::error::Error + 'static)) {
///     match Denial::find(error) {
///         Some(denial) => eprintln!("{}", denial.report()),
///         None => eprintln!("{error}"),
///     }
/// }
/// ```
///
/// A clone shares the facts, so cloning is cheap.
#[derive(Clone)]
// The second field is true for a `HEAD` request. It is not one of the facts, because a guard keeps
// the facts of a method for later calls, which may have another verb.
pub struct Denial(Arc<Facts>, bool);

impl Denial {
    /// Creates the denial of a call to this method that was not sent. The token and the environment
    /// are unknown. Use this function to test how a program handles a denial.
    ///
    /// ```
    /// use gcp_scopes_catalog::ApiMethod;
    /// use gcp_scopes_explain::Denial;
    ///
    /// let denial = Denial::for_method(ApiMethod::by_id("storage.objects.insert")?);
    /// assert!(denial.to_string().starts_with("storage.objects.insert was not sent: "));
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn for_method(method: ApiMethod) -> Self {
        let granted = GrantedScopes::unknown("nothing is known of the token");
        let environment = Environment::new(Platform::Unknown, Credential::Unknown);
        Self::new(DenialKind::Predicted, method, method, granted, environment.into())
    }

    /// Creates the denial of a call that is not sent. `required` are the scopes that the call
    /// needs: a [`ScopeSet`] of which any one is enough, or the scopes that the catalog lists for a
    /// method.
    ///
    /// ```
    /// use gcp_scopes_catalog::ApiMethod;
    /// use gcp_scopes_catalog::scope::ScopeSet;
    /// use gcp_scopes_explain::denial::{Denial, DenialKind};
    /// use gcp_scopes_explain::environment::{Credential, Environment, Platform};
    /// use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
    ///
    /// let publish = ApiMethod::by_id("pubsub.projects.topics.publish")?;
    /// let held = ScopeSet::from_scope_text("https://www.googleapis.com/auth/logging.write");
    /// let granted = GrantedScopes::known(held, GrantSource::Metadata);
    /// let vm = Environment::new(Platform::ComputeEngine, Credential::MetadataServer);
    /// let denial = Denial::new(DenialKind::Predicted, publish, publish, granted, vm.into());
    /// assert!(denial.to_string().contains("its token holds logging.write, but the method needs"));
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn new(
        kind: DenialKind,
        method: impl Into<Option<ApiMethod>>,
        required: impl Into<RequiredScopes>,
        granted: GrantedScopes,
        environment: Arc<Environment>,
    ) -> Self {
        Self::from_facts(Facts {
            kind,
            host: None,
            method: method.into(),
            required: required.into(),
            granted,
            environment,
            refusal: None,
            remedy: OnceLock::new(),
        })
    }

    /// Creates the denial of a call that Google refused. The scopes that the call needs are those
    /// that the caller states, else those that the catalog lists for the method. The scopes that
    /// the response lists are added to them. If neither the caller nor the catalog lists scopes for
    /// the call, the scopes are those that the response lists, else those of the service.
    ///
    /// ```
    /// use gcp_scopes_catalog::Lookup;
    /// use gcp_scopes_catalog::call::AbstainReason;
    /// use gcp_scopes_explain::Denial;
    /// use gcp_scopes_explain::environment::{Credential, Environment, Platform};
    /// use gcp_scopes_explain::granted::GrantedScopes;
    /// use gcp_scopes_explain::refusal::classify_text;
    ///
    /// let refusal = classify_text("Error 403: Request had insufficient authentication scopes.");
    /// let granted = GrantedScopes::unknown("the log does not contain the scopes");
    /// let vm = Environment::new(Platform::ComputeEngine, Credential::MetadataServer);
    /// let call = Lookup::without_method(AbstainReason::Method);
    /// let denial = Denial::from_refusal(&call, granted, vm.into(), refusal.expect("no refusal"));
    /// assert!(denial.report().starts_with("The call was refused: its token lacks a"));
    /// ```
    #[must_use]
    pub fn from_refusal(
        call: &Lookup,
        granted: GrantedScopes,
        environment: Arc<Environment>,
        refusal: Refusal,
    ) -> Self {
        let method = call.method().or_else(|| refusal.method());
        let required = RequiredScopes::of_refused_call(call, method, &granted, &refusal);
        let is_from_other_identity =
            granted.is_unknown() && machine_holds_enough(&environment, &required, &refusal);
        let environment = if is_from_other_identity {
            Environment::unknown_with_given_token()
        } else {
            environment
        };
        Self::from_facts(Facts {
            kind: DenialKind::Refused,
            host: call.host(),
            method,
            required,
            granted,
            environment,
            refusal: Some(refusal),
            remedy: OnceLock::new(),
        })
    }

    fn from_facts(facts: Facts) -> Self {
        let environment = Arc::clone(&facts.environment).for_token(&facts.granted);
        Self(Arc::new(Facts { environment, ..facts }), false)
    }

    /// Returns the denial with the steps for another environment. Tools call this function to
    /// explain a refused call of a program that runs on another machine.
    ///
    /// ```
    /// use gcp_scopes_catalog::ApiMethod;
    /// use gcp_scopes_explain::Denial;
    /// use gcp_scopes_explain::environment::{Credential, Environment, Platform};
    ///
    /// let denial = Denial::for_method(ApiMethod::by_id("storage.objects.insert")?);
    /// let vm = Environment::new(Platform::ComputeEngine, Credential::MetadataServer);
    /// let denial = denial.with_environment(vm.with_instance("web-1")?);
    /// let commands: Vec<&str> =
    ///     denial.steps().iter().filter_map(|step| step.command_line()).collect();
    /// assert!(commands.iter().any(|command| command.contains("instances stop web-1")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_environment(&self, environment: Environment) -> Self {
        let facts = Facts::clone(&self.0);
        let changed = Self::from_facts(Facts {
            environment: Arc::new(environment),
            remedy: OnceLock::new(),
            ..facts
        });
        Self(changed.0, self.1)
    }

    /// Returns the denial with one more step, which precedes all other steps. An adapter calls this
    /// function if its client has a method that sets the scopes of a call.
    ///
    /// ```
    /// use gcp_scopes_catalog::ApiMethod;
    /// use gcp_scopes_explain::Denial;
    ///
    /// let denial = Denial::for_method(ApiMethod::by_id("storage.objects.insert")?);
    /// let step = denial.steps()[0].clone();
    /// let with_step = denial.with_first_step(step.clone());
    /// assert_eq!(with_step.steps()[0], step);
    /// assert_eq!(with_step.steps()[1..], *denial.steps());
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn with_first_step(&self, step: Step) -> Self {
        let mut remedy = self.0.remedy().clone();
        if let Some(code) = step.code_line() {
            let lead = format!("Set another scope in the call: {code}. ");
            remedy.summary.insert_str(0, &lead);
        }
        remedy.insert_first(step);
        let facts = Facts { remedy: remedy.into(), ..Facts::clone(&self.0) };
        Self(Arc::new(facts), self.1)
    }

    /// Returns whether the call was sent and refused, or was not sent.
    ///
    /// ```
    /// use gcp_scopes_catalog::ApiMethod;
    /// use gcp_scopes_explain::Denial;
    /// use gcp_scopes_explain::denial::DenialKind;
    ///
    /// let denial = Denial::for_method(ApiMethod::by_id("storage.objects.insert")?);
    /// assert_eq!(denial.kind(), DenialKind::Predicted); // it was not sent
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn kind(&self) -> DenialKind {
        self.0.kind
    }

    /// Returns how certain it is that the token lacks a scope.
    ///
    /// ```
    /// use gcp_scopes_catalog::ApiMethod;
    /// use gcp_scopes_explain::Denial;
    /// use gcp_scopes_explain::refusal::Certainty;
    ///
    /// let denial = Denial::for_method(ApiMethod::by_id("storage.objects.insert")?);
    /// assert_eq!(denial.certainty(), Certainty::Likely); // the call was not sent
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn certainty(&self) -> Certainty {
        // A prediction is never certain, because Google's lists are not complete: some calls accept
        // `bigquery.readonly`, which no Discovery document has
        // (<https://github.com/googleapis/nodejs-bigquery/issues/1362>).
        self.0.refusal.as_ref().map_or(Certainty::Likely, Refusal::certainty)
    }

    /// Returns the API method of the call, if the catalog contains the method.
    ///
    /// ```
    /// use gcp_scopes_catalog::ApiMethod;
    /// use gcp_scopes_explain::Denial;
    ///
    /// let method = ApiMethod::by_id("storage.objects.insert")?;
    /// let denial = Denial::for_method(method);
    /// assert_eq!(denial.method().map(|method| method.id()), Some("storage.objects.insert"));
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn method(&self) -> Option<ApiMethod> {
        self.0.method
    }

    /// Returns the scopes that the call needs, as far as they are known: those that the catalog
    /// lists for the method and those that the response lists.
    ///
    /// ```
    /// # let method = gcp_scopes_catalog::ApiMethod::by_id("storage.objects.insert")?;
    /// # let denial = gcp_scopes_explain::Denial::for_method(method);
    /// use gcp_scopes_explain::denial::RequiredScopes;
    ///
    /// match denial.required_scopes() {
    ///     RequiredScopes::AnyOf(scopes) => {
    ///         assert!(scopes.contains(&"devstorage.read_write".parse()?));
    ///     }
    ///     other => unreachable!("{other:?}"),
    /// }
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn required_scopes(&self) -> &RequiredScopes {
        &self.0.required
    }

    /// Returns the scopes of which the token needs one. The set is empty if the call needs several
    /// scopes at once, and if no scope is known: [`required_scopes`](Self::required_scopes)
    /// distinguishes the two. If the method is not known, these are the scopes of the service.
    ///
    /// ```
    /// use gcp_scopes_catalog::ApiMethod;
    /// use gcp_scopes_explain::Denial;
    ///
    /// let denial = Denial::for_method(ApiMethod::by_id("storage.objects.insert")?);
    /// assert!(denial.accepted().contains(&"devstorage.read_write".parse()?));
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn accepted(&self) -> &ScopeSet {
        self.0.required.accepted()
    }

    /// Returns the scopes that the token holds, as far as they are known.
    ///
    /// ```
    /// use gcp_scopes_catalog::ApiMethod;
    /// use gcp_scopes_explain::Denial;
    ///
    /// let denial = Denial::for_method(ApiMethod::by_id("storage.objects.insert")?);
    /// assert_eq!(denial.granted().why_unknown(), Some("nothing is known of the token"));
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn granted(&self) -> &GrantedScopes {
        &self.0.granted
    }

    /// Returns where the program runs and which credential the program uses.
    ///
    /// ```
    /// use gcp_scopes_catalog::ApiMethod;
    /// use gcp_scopes_explain::Denial;
    /// use gcp_scopes_explain::environment::Platform;
    ///
    /// let denial = Denial::for_method(ApiMethod::by_id("storage.objects.insert")?);
    /// assert_eq!(denial.environment().platform(), Platform::Unknown);
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn environment(&self) -> &Environment {
        &self.0.environment
    }

    /// Returns Google's refusal; `None` for a call that was not sent.
    ///
    /// ```
    /// use gcp_scopes_catalog::ApiMethod;
    /// use gcp_scopes_explain::Denial;
    ///
    /// let denial = Denial::for_method(ApiMethod::by_id("storage.objects.insert")?);
    /// assert!(denial.refusal().is_none());
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        self.0.refusal.as_ref()
    }

    /// Marks the denial as one of a `HEAD` request, to which a response has no body
    /// (<https://www.rfc-editor.org/rfc/rfc9110#section-9.3.2>). A guard does this for each `HEAD`
    /// request that it denies.
    ///
    /// ```
    /// # let method = gcp_scopes_catalog::ApiMethod::by_id("storage.objects.get")?;
    /// # let denial = gcp_scopes_explain::Denial::for_method(method);
    /// assert!(!denial.is_for_head_request());
    /// assert!(denial.for_head_request().is_for_head_request());
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn for_head_request(self) -> Self {
        Self(self.0, true)
    }

    /// Returns whether the denied request is a `HEAD` request, to which a response has no body.
    ///
    /// ```
    /// use gcp_scopes_explain::Denial;
    ///
    /// /// Returns the body of the response with which a proxy answers a denied request.
    /// fn body(denial: &Denial) -> String {
    ///     match denial.is_for_head_request() {
    ///         true => String::new(),
    ///         false => denial.to_response().into_body(),
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn is_for_head_request(&self) -> bool {
        self.1
    }

    /// Returns whether the known scopes of the token contradict the refusal, because they are
    /// enough for the call. Then the call was probably sent with another token.
    ///
    /// ```
    /// use gcp_scopes_catalog::ApiMethod;
    /// use gcp_scopes_explain::Denial;
    ///
    /// // The scopes of the token are not known.
    /// let denial = Denial::for_method(ApiMethod::by_id("storage.objects.insert")?);
    /// assert!(!denial.is_contradicted());
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn is_contradicted(&self) -> bool {
        self.0.is_contradicted()
    }

    /// Returns the ways to mend the refusal. They are alternatives, and the first one is
    /// recommended. There is at least one option, and each has at least one step.
    ///
    /// ```
    /// use gcp_scopes_catalog::ApiMethod;
    /// use gcp_scopes_explain::Denial;
    ///
    /// let denial = Denial::for_method(ApiMethod::by_id("storage.objects.insert")?);
    /// let [recommended, ..] = denial.options() else { unreachable!() };
    /// assert!(recommended.is_recommended());
    /// assert_eq!(recommended.steps(), denial.steps());
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn options(&self) -> &[RemedyOption] {
        &self.0.remedy().options
    }

    /// Returns the steps of the recommended option, in order. There is at least one step.
    ///
    /// ```
    /// use gcp_scopes_catalog::ApiMethod;
    /// use gcp_scopes_explain::Denial;
    ///
    /// let denial = Denial::for_method(ApiMethod::by_id("storage.objects.insert")?);
    /// for (index, step) in denial.steps().iter().enumerate() {
    ///     println!("{}. {}", index + 1, step.text());
    /// }
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        self.0.remedy().steps()
    }

    /// Returns the recommended option in one sentence.
    ///
    /// ```
    /// use gcp_scopes_catalog::ApiMethod;
    /// use gcp_scopes_explain::Denial;
    ///
    /// let denial = Denial::for_method(ApiMethod::by_id("storage.objects.insert")?);
    /// assert!(!denial.summary().contains('\n'));
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn summary(&self) -> &str {
        &self.0.remedy().summary
    }

    /// Returns a page for a person. The page shows the two checks that a call must pass (the gates:
    /// first the scopes of the token, then IAM roles or the rules of the product), the scopes that
    /// the token holds, the scopes of which the token needs one, and the [`steps`](Self::steps).
    ///
    /// The lines of the page have at most 80 columns, except for commands and addresses. The page
    /// quotes the server's message, shortened and escaped, which may name resources. The rest of
    /// the page does not name objects, and the page contains no token.
    ///
    /// ```
    /// use gcp_scopes_catalog::ApiMethod;
    /// use gcp_scopes_explain::Denial;
    ///
    /// let denial = Denial::for_method(ApiMethod::by_id("storage.objects.insert")?);
    /// let page = denial.report();
    /// assert!(page.starts_with("storage.objects.insert was not sent: its token lacks"));
    /// assert!(page.contains("What to do:"));
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn report(&self) -> String {
        self.report_in(&Layout::new())
    }

    /// Returns the [`report`](Self::report) in another layout: for a terminal of another width,
    /// with colours, or for a screen reader.
    ///
    /// ```
    /// use gcp_scopes_catalog::ApiMethod;
    /// use gcp_scopes_explain::Denial;
    /// use gcp_scopes_explain::layout::Layout;
    ///
    /// let denial = Denial::for_method(ApiMethod::by_id("storage.objects.insert")?);
    /// eprintln!("{}", denial.report_in(&Layout::new().plain()));
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn report_in(&self, layout: &Layout) -> String {
        report::page(&self.0, *layout)
    }
}

/// Returns whether the scopes of the machine's service account were enough for the call. Then a
/// refused token with unknown scopes is not a token of the machine. Scopes that the response lists
/// take precedence over those of the catalog.
fn machine_holds_enough(
    environment: &Environment,
    required: &RequiredScopes,
    refusal: &Refusal,
) -> bool {
    let is_missing = refusal.problem() == Some(ScopeProblem::Missing);
    let by_server = refusal.alternatives();
    let enough = |scopes: &ScopeSet| match by_server.is_empty() {
        true => required.sets().iter().all(|set| scopes.intersects(&for_every_call(set))),
        false => scopes.intersects(by_server),
    };
    let is_attached = is_missing && environment.credential() == Credential::MetadataServer;
    is_attached && environment.scopes().is_some_and(enough)
}

/// Writes one line: the call, the scopes that the token holds, the scopes that the method accepts,
/// and the remedy.
impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        report::write_line(&self.0, f)
    }
}

/// The denial in one line, because some clients print `Debug` of the sources of their errors.
impl fmt::Debug for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Denial({self})")
    }
}

impl StdError for Denial {}

#[cfg(test)]
mod tests {
    use gcp_scopes_catalog::scope::Scope;

    use super::*;
    use crate::environment::Snapshot;
    use crate::refusal::classify_text;

    #[test]
    fn steps_do_not_change_a_machine_with_sufficient_scopes() {
        let vm = |scope: &str| {
            Arc::new(Environment::from_snapshot(
                &Snapshot::new()
                    .with_metadata("instance/name", "web-1")
                    .with_metadata("instance/zone", "projects/123/zones/us-central1-a")
                    .with_metadata(
                        "instance/service-accounts/default/email",
                        "a@b.iam.gserviceaccount.com",
                    )
                    .with_metadata(
                        "instance/service-accounts/default/scopes",
                        Scope::to_string(&scope.parse().unwrap()),
                    ),
            ))
        };
        let refused = |header: &str| {
            let text = format!(
                "HTTP/1.1 403 Forbidden\n{header}\nRequest had insufficient authentication scopes."
            );
            classify_text(&text).unwrap()
        };
        let only_pubsub = "www-authenticate: Bearer error=\"insufficient_scope\", \
            scope=\"https://www.googleapis.com/auth/pubsub\"\n";
        let get = ApiMethod::by_id("storage.objects.get").unwrap();
        // The scope of the VM, the header of the response, and whether the steps change the VM.
        let rows = [
            ("cloud-platform", "", false),
            ("pubsub", "", true),
            ("cloud-platform", only_pubsub, true),
        ];
        for (scope, header, names_machine) in rows {
            let unknown = GrantedScopes::unknown("no source was queried");
            let denial = Denial::from_refusal(&get.into(), unknown, vm(scope), refused(header));
            let report = denial.report();
            assert_eq!(report.contains("web-1"), names_machine, "{scope} {header}: {report}");
            assert_eq!(denial.to_string().contains("web-1"), names_machine, "{denial}");
        }
    }
}
