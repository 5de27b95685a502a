//! The arguments that say where the refusal happened, and with which token.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::error::{ContextKind, ContextValue};
use clap::{Arg, Args, Command};
use gcp_scopes::ScopeSet;
use gcp_scopes::environment::{Credential, Environment, Platform};
use gcp_scopes::granted::{GrantSource, GrantedScopes};
use gcp_scopes_explain::Error;
use gcp_scopes_explain::reader::{self, CREDENTIALS, PLACES};

/// Where the call was made, for steps that fit the place.
#[derive(Debug, Args)]
#[command(next_help_heading = "Where it happened")]
pub(crate) struct PlaceArgs {
    /// What the program runs on, or whose credential it uses elsewhere.
    #[arg(long, value_name = "PLACE", value_parser = PlaceParser)]
    on: Option<PlaceRow>,
    /// Whose credential it uses, if not the place's own.
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
    /// Scopes that the token holds: full URIs, short names or gcloud's aliases, as in `method
    /// --granted`. May be repeated; commas and spaces separate.
    #[arg(long, value_name = "SCOPES", alias = "granted")]
    held: Vec<String>,
}

const NAME_ALIASES: [&str; 5] = ["cluster", "group", "service", "job", "function"];

/// The name of a place, and the credential that programs have there.
type PlaceRow = (&'static str, Platform, Credential);

/// Reads the name of a place. `--help` lists them, each with a few words.
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
        let known = PossibleValuesParser::new(PLACES.map(possible_value));
        let name = known.parse_ref(command, arg, value).map_err(|mut error| {
            // clap suggests the nearest name alone; `gke` is the first word of two.
            if let Some(several) = value.to_str().and_then(names_beginning_with) {
                error.insert(ContextKind::SuggestedValue, several);
            }
            error
        })?;
        Ok(PLACES
            .into_iter()
            .find(|row| possible_value(*row).matches(&name, false))
            .expect("clap accepts the names of places alone"))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(PLACES.into_iter().map(possible_value)))
    }
}

/// The names whose first word this is.
fn names_beginning_with(word: &str) -> Option<ContextValue> {
    let names = PLACES.iter().map(|(name, ..)| *name);
    let several: Vec<String> =
        names.filter(|name| name.split('-').next() == Some(word)).map(str::to_owned).collect();
    (!several.is_empty()).then_some(ContextValue::Strings(several))
}

/// The name of a place and its meaning. `vm` is accepted for `gce`.
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

fn credentials() -> PossibleValuesParser {
    let value = |(name, kind): (_, Credential)| PossibleValue::new(name).help(kind.to_string());
    PossibleValuesParser::new(CREDENTIALS.map(value))
}

type SetName = fn(Environment, &str) -> Result<Environment, Error>;

impl PlaceArgs {
    /// Whether the place or the credential is given.
    pub(crate) fn is_given(&self) -> bool {
        self.on.is_some() || self.credential.is_some()
    }

    /// The environment of the call. A name that Google's syntax does not allow is refused.
    pub(crate) fn environment(&self) -> Result<Environment, String> {
        let unknown = ("", Platform::Unknown, Credential::Unknown);
        let (_, platform, of_place) = self.on.unwrap_or(unknown);
        let name = self.credential.as_deref();
        let row = CREDENTIALS.into_iter().find(|(known, _)| name == Some(known));
        let credential = row.map_or(of_place, |(_, credential)| credential);
        // A region that is given replaces that of the zone, so it is set later.
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
        let names: [(&Option<String>, SetName); 6] = [
            (&self.project, Environment::with_project),
            (&self.zone, Environment::with_zone),
            (&self.instance, Environment::with_instance),
            (&self.name, Environment::with_resource),
            (&self.node_pool, Environment::with_node_pool),
            (&self.account, Environment::with_account),
        ];
        names.into_iter().try_fold(environment, |environment, (value, set)| match value {
            Some(value) => set(environment, value),
            None => Ok(environment),
        })
    }

    /// Groups and clusters are zonal or regional; everything else has a region.
    fn with_location(&self, environment: Environment, on: Platform) -> Result<Environment, Error> {
        let is_zonal = matches!(on, Platform::ManagedInstanceGroup | Platform::GkeNode);
        match (&self.region, &self.zone) {
            (Some(zone), None) if zone.matches('-').count() == 2 => {
                environment.with_zone(zone)?.with_location(zone)
            }
            (Some(region), _) => environment.with_region(region),
            (None, Some(zone)) if is_zonal => environment.with_location(zone),
            (None, _) => Ok(environment),
        }
    }

    /// The scopes of the token.
    pub(crate) fn granted(&self) -> Result<GrantedScopes, String> {
        Ok(match self.held()? {
            Some(scopes) => GrantedScopes::known(scopes, GrantSource::Declared),
            None => GrantedScopes::unknown("give them with --held"),
        })
    }

    fn held(&self) -> Result<Option<ScopeSet>, String> {
        let held = self.held.iter().map(String::as_str);
        let scopes = (!self.held.is_empty()).then(|| reader::scopes(held));
        scopes.transpose().map_err(|error| error.to_string())
    }
}
