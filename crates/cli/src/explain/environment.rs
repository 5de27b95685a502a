//! The arguments that describe the environment of the refused call and the scopes of its token.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::error::{ContextKind, ContextValue};
use clap::{Arg, Args, Command};
use gcp_scopes::ScopeSet;
use gcp_scopes::environment::{Credential, Environment, Platform};
use gcp_scopes::granted::{GrantSource, GrantedScopes};
use gcp_scopes_cli::answer::places::{CREDENTIALS, PLACES};
use gcp_scopes_explain::Error;

/// The arguments that describe where the call was made. The steps of an explanation depend on
/// these arguments.
#[derive(Debug, Args)]
#[command(next_help_heading = "Where it happened")]
pub(crate) struct EnvironmentArgs {
    /// What the program runs on, or whose credential it uses elsewhere.
    #[arg(long, value_name = "PLACE", value_parser = PlaceParser)]
    on: Option<PlaceRow>,
    /// The kind of credential, if it is not the environment's own.
    #[arg(long, value_name = "KIND", value_parser = credentials())]
    credential: Option<String>,
    /// The id of the project it runs in.
    #[arg(long)]
    project: Option<String>,
    /// The zone, such as us-central1-a.
    #[arg(long, requires = "on")]
    zone: Option<String>,
    /// The region, such as us-central1.
    #[arg(long, alias = "location", requires = "on")]
    region: Option<String>,
    /// The name of the VM.
    #[arg(long, alias = "vm", requires = "on")]
    instance: Option<String>,
    /// The name of the instance group, cluster, service, job or function.
    #[arg(long, visible_aliases = NAME_ALIASES, requires = "on")]
    name: Option<String>,
    /// The name of the node pool of a GKE cluster.
    #[arg(long, requires = "on")]
    node_pool: Option<String>,
    /// The e-mail of the service account.
    #[arg(long)]
    account: Option<String>,
    /// The tool that manages the machine: its next run reverts changes that another tool made. The
    /// variable GCP_SCOPES_MANAGED_BY does the same.
    #[arg(long, value_name = "TOOL", env = "GCP_SCOPES_MANAGED_BY", hide_env = true)]
    managed_by: Option<String>,
    /// Scopes that the token holds: full URIs, short names, gcloud's aliases or a list of a
    /// configuration, as in `method --granted`. May be repeated; commas and spaces separate.
    #[arg(long, value_name = "SCOPES", alias = "granted", allow_hyphen_values = true)]
    held: Vec<String>,
}

const NAME_ALIASES: [&str; 5] = ["cluster", "group", "service", "job", "function"];

/// A value of `--on`, its platform, and the credential that programs on that platform use by
/// default.
type PlaceRow = (&'static str, Platform, Credential);

/// Parses a value of `--on`. The help lists the values with their meanings.
#[derive(Debug, Clone)]
struct PlaceParser;

impl TypedValueParser for PlaceParser {
    type Value = PlaceRow;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<PlaceRow, clap::Error> {
        let parser = PossibleValuesParser::new(PLACES.map(possible_value));
        let name = parser.parse_ref(command, arg, value).map_err(|mut error| {
            // clap suggests one name, the nearest. The word `gke` begins two names: suggest both.
            if let Some(names) = value.to_str().and_then(names_beginning_with) {
                error.insert(ContextKind::SuggestedValue, names);
            }
            error
        })?;
        Ok(PLACES
            .into_iter()
            .find(|row| possible_value(*row).matches(&name, false))
            .expect("clap should accept only the names of places"))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(PLACES.into_iter().map(possible_value)))
    }
}

/// Returns the values of `--on` whose first word is `word`; `None` if there are none.
fn names_beginning_with(word: &str) -> Option<ContextValue> {
    let names = PLACES.iter().map(|(name, ..)| *name);
    let matching: Vec<String> =
        names.filter(|name| name.split('-').next() == Some(word)).map(str::to_owned).collect();
    (!matching.is_empty()).then_some(ContextValue::Strings(matching))
}

/// Returns a value of `--on` with its help. `vm` is an alias of `gce`.
fn possible_value((name, platform, credential): PlaceRow) -> PossibleValue {
    let value = match (platform, credential) {
        (Platform::Unknown, Credential::Unknown) => {
            PossibleValue::new(name).help("none of these, or not known")
        }
        (Platform::Unknown, _) => PossibleValue::new(name).help(credential.to_string()),
        _ => PossibleValue::new(name).help(platform.to_string()),
    };
    if name == "gce" { value.alias("vm") } else { value }
}

/// Returns a parser of the values of `--credential`.
fn credentials() -> PossibleValuesParser {
    let value = |(name, kind): (_, Credential)| PossibleValue::new(name).help(kind.to_string());
    PossibleValuesParser::new(CREDENTIALS.map(value))
}

/// A setter of [`Environment`], which returns an error for a name that Google does not allow.
type SetName = fn(Environment, &str) -> Result<Environment, Error>;

impl EnvironmentArgs {
    /// Checks whether `--on` or `--credential` is given.
    pub(crate) fn is_given(&self) -> bool {
        self.on.is_some() || self.credential.is_some()
    }

    /// Checks whether an argument shows where the call was made, or with which account.
    pub(crate) fn names_environment(&self) -> bool {
        self.is_given() || self.project.is_some() || self.account.is_some()
    }

    /// Returns the environment of the call, or an error for a name that Google does not allow.
    pub(crate) fn environment(&self) -> Result<Environment, String> {
        let unknown = ("", Platform::Unknown, Credential::Unknown);
        let (_, platform, default_credential) = self.on.unwrap_or(unknown);
        let name = self.credential.as_deref();
        let row = CREDENTIALS.into_iter().find(|(known, _)| name == Some(known));
        let credential = row.map_or(default_credential, |(_, credential)| credential);
        // `with_names` sets a zone, and a zone implies a region. `with_location` runs afterwards,
        // because `--region` must overwrite that region.
        let environment = self
            .with_names(Environment::new(platform, credential))
            .and_then(|environment| self.with_location(environment, platform))
            .map_err(|error| error.to_string())?;
        Ok(match self.held()? {
            Some(scopes) => environment.with_scopes(scopes),
            None => environment,
        })
    }

    fn with_names(&self, environment: Environment) -> Result<Environment, Error> {
        let names: [(&Option<String>, SetName); 7] = [
            (&self.project, Environment::with_project),
            (&self.zone, Environment::with_zone),
            (&self.instance, Environment::with_instance),
            (&self.name, Environment::with_resource),
            (&self.node_pool, Environment::with_node_pool),
            (&self.account, Environment::with_account),
            (&self.managed_by, Environment::with_managed_by),
        ];
        names.into_iter().try_fold(environment, |environment, (value, set_name)| match value {
            Some(value) => set_name(environment, value),
            None => Ok(environment),
        })
    }

    /// Sets the location of the instance group, the cluster or the service.
    ///
    /// Instance groups and clusters are in a zone or in a region, so `--region` (`--location`) may
    /// name a zone, and `--zone` is their location. Other resources are in a region.
    fn with_location(&self, environment: Environment, on: Platform) -> Result<Environment, Error> {
        let may_be_zonal = matches!(on, Platform::ManagedInstanceGroup | Platform::GkeNode);
        match (&self.region, &self.zone) {
            // The name of a zone has two hyphens (us-central1-a), the name of a region one.
            (Some(zone), None) if zone.matches('-').count() == 2 => {
                environment.with_zone(zone)?.with_location(zone)
            }
            (Some(region), _) => environment.with_region(region),
            (None, Some(zone)) if may_be_zonal => environment.with_location(zone),
            (None, _) => Ok(environment),
        }
    }

    /// Returns the scopes of the token; unknown without `--held`.
    pub(crate) fn granted(&self) -> Result<GrantedScopes, String> {
        Ok(match self.held()? {
            Some(scopes) => GrantedScopes::known(scopes, GrantSource::Declared),
            None => GrantedScopes::unknown("give them with --held"),
        })
    }

    /// Parses the values of `--held`. Returns `None` if there are none.
    fn held(&self) -> Result<Option<ScopeSet>, String> {
        let held = self.held.iter().map(String::as_str);
        let scopes = (!self.held.is_empty()).then(|| gcp_scopes_reader::scopes(held));
        scopes.transpose().map_err(|error| format!("unusable --held: {error}"))
    }
}
