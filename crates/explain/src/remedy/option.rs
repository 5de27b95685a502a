//! A remedy, and its options: each is one complete way to mend a refusal.

use gcp_scopes_catalog::opened_by;
use gcp_scopes_catalog::scope::ScopeSet;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::step::Step;

/// The remedy for a refusal: alternatives, of which the first one is recommended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Remedy {
    /// The recommended option in one sentence.
    pub(crate) summary: String,
    pub(crate) options: Vec<RemedyOption>,
}

impl Remedy {
    /// Creates a remedy whose first option is recommended.
    pub(super) fn new(summary: String, mut options: Vec<RemedyOption>) -> Self {
        for (index, option) in options.iter_mut().enumerate() {
            option.is_recommended = index == 0;
        }
        Self { summary, options }
    }

    /// Returns the steps of the recommended option.
    pub(crate) fn steps(&self) -> &[Step] {
        self.options.first().map(RemedyOption::steps).unwrap_or_default()
    }

    /// Inserts a step before the steps of the recommended option.
    pub(crate) fn insert_first(&mut self, step: Step) {
        if let Some(option) = self.options.first_mut() {
            option.steps.insert(0, step);
        }
    }
}

/// One complete way to fix a refusal. The options of a refusal are alternatives; the first one is
/// recommended.
///
/// ```
/// use gcp_scopes_catalog::ApiMethod;
/// use gcp_scopes_explain::Denial;
/// use gcp_scopes_explain::environment::{Credential, Environment, Platform};
///
/// let vm = Environment::new(Platform::ComputeEngine, Credential::MetadataServer)
///     .with_instance("web-1")?;
/// let denial = Denial::for_method(ApiMethod::by_id("storage.objects.insert")?);
/// for option in denial.with_environment(vm).options() {
///     println!("{}", option.title());
///     if let Some(interruption) = option.destroys() {
///         println!("  {interruption}"); // Stops web-1 for a few minutes: …
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemedyOption {
    pub(super) title: String,
    pub(super) is_recommended: bool,
    pub(super) why: Option<String>,
    /// The scopes of the token after the option is carried out, and the scopes of the refused
    /// token, if they are known.
    pub(super) scopes: Option<(ScopeSet, Option<ScopeSet>)>,
    pub(super) destroys: Option<String>,
    pub(super) runs_as: Option<String>,
    pub(super) steps: Vec<Step>,
}

impl RemedyOption {
    /// Creates an option that consists of a title and steps.
    pub(super) fn new(title: String, steps: Vec<Step>) -> Self {
        Self {
            title,
            is_recommended: false,
            why: None,
            scopes: None,
            destroys: None,
            runs_as: None,
            steps,
        }
    }

    /// Returns what the option does, in one phrase.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Returns whether this is the option to choose if nothing speaks against it.
    #[must_use]
    pub fn is_recommended(&self) -> bool {
        self.is_recommended
    }

    /// Returns why the option is recommended, or when to choose it instead of the recommended one;
    /// `None` if the advice does not state it.
    #[must_use]
    pub fn why(&self) -> Option<&str> {
        self.why.as_deref()
    }

    /// Returns how many methods the token can call after the change and could not call before, as
    /// a text such as `12 more methods of 2 services`. The methods are counted in the catalog,
    /// where each version of an API counts separately. If the scopes of the refused token are
    /// unknown, all methods count that accept one of the new scopes. Returns `None` if the new
    /// scopes are not known, or if the number is 0.
    #[must_use]
    pub fn opens(&self) -> Option<String> {
        let (after, before) = self.scopes.as_ref()?;
        let (methods, services) = opened_by(after, before.as_ref());
        if methods == 0 {
            return None;
        }
        let more = if before.is_some() { "more " } else { "" };
        let (of_method, of_service) = (plural(methods), plural(services));
        Some(format!("{methods} {more}method{of_method} of {services} service{of_service}"))
    }

    /// Returns what the option stops, replaces or destroys. `None` if it interrupts nothing.
    #[must_use]
    pub fn destroys(&self) -> Option<&str> {
        self.destroys.as_deref()
    }

    /// Returns who carries out the option, from where, and with which permissions; `None` if the
    /// advice does not state it.
    #[must_use]
    pub fn runs_as(&self) -> Option<&str> {
        self.runs_as.as_deref()
    }

    /// Returns the steps, in the order in which to take them.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }
}

impl Serialize for RemedyOption {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut value = serializer.serialize_struct("RemedyOption", 7)?;
        value.serialize_field("title", self.title())?;
        value.serialize_field("recommended", &self.is_recommended())?;
        value.serialize_field("why", &self.why())?;
        value.serialize_field("opens", &self.opens())?;
        value.serialize_field("destroys", &self.destroys())?;
        value.serialize_field("runs_as", &self.runs_as())?;
        value.serialize_field("steps", self.steps())?;
        value.end()
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}
