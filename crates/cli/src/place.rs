//! Where the refusal happened, as the arguments tell it.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::error::{ContextKind, ContextValue};
use clap::{Arg, Args, Command};
use gcp_scopes::environment::{Credential, Environment, Platform};
use gcp_scopes::granted::{GrantSource, GrantedScopes};
use gcp_scopes_explain::reader::{self, CREDENTIALS, PLACES};

/// Where the call was made, for steps that fit the place.
#[derive(Debug, Args)]
#[command(next_help_heading = "Where it happened")]
pub(crate) struct Place {
    /// What the program runs on, or whose credential it uses elsewhere.
    #[arg(long, value_name = "PLACE", value_parser = Places)]
    on: Option<Row>,
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
    #[arg(long, visible_aliases = ["cluster", "group", "service", "job", "function"], requires = "on")]
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

/// A place by its name, and whose credential programs have there.
type Row = (&'static str, Platform, Credential);

/// The names of places, each told in a few words by `--help`.
#[derive(Debug, Clone)]
struct Places;

impl TypedValueParser for Places {
    type Value = Row;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<Row, clap::Error> {
        let known = PossibleValuesParser::new(PLACES.map(place));
        let name = known.parse_ref(command, arg, value).map_err(|mut error| {
            // clap thinks of the nearest name only; `gke` is half of two.
            if let Some(several) = value.to_str().and_then(beginning_with) {
                error.insert(ContextKind::SuggestedValue, several);
            }
            error
        })?;
        Ok(PLACES
            .into_iter()
            .find(|row| place(*row).matches(&name, false))
            .expect("clap took it for a place"))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(PLACES.into_iter().map(place)))
    }
}

/// The names of which this is the first word.
fn beginning_with(word: &str) -> Option<ContextValue> {
    let names = PLACES.iter().map(|(name, ..)| *name);
    let several: Vec<String> =
        names.filter(|name| name.split('-').next() == Some(word)).map(str::to_owned).collect();
    (!several.is_empty()).then_some(ContextValue::Strings(several))
}

/// The name of a place and what it means; what a beginner writes for the first of them, too.
fn place((name, platform, credential): Row) -> PossibleValue {
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
    PossibleValuesParser::new(CREDENTIALS.map(|(name, kind)| PossibleValue::new(name).help(kind.to_string())))
}

impl Place {
    /// Whether anything is said of the place or of the credential.
    pub(crate) fn is_told(&self) -> bool {
        self.on.is_some() || self.credential.is_some()
    }

    /// The place, with only values that have Google's syntax for them.
    pub(crate) fn environment(&self) -> Result<Environment, String> {
        let (_, platform, credential) = self.on.unwrap_or(("", Platform::Unknown, Credential::Unknown));
        let other = CREDENTIALS.into_iter().find(|(name, _)| self.credential.as_deref() == Some(name));
        let mut there = Environment::told(platform, other.map_or(credential, |(_, credential)| credential));
        // In this order: a region that is told wins over that of the zone.
        type Set = fn(Environment, &str) -> Result<Environment, gcp_scopes_explain::Error>;
        let told: [(&Option<String>, Set); 6] = [
            (&self.project, Environment::with_project),
            (&self.zone, Environment::with_zone),
            (&self.instance, Environment::with_instance),
            (&self.name, Environment::with_resource),
            (&self.node_pool, Environment::with_node_pool),
            (&self.account, Environment::with_account),
        ];
        for (value, set) in told {
            if let Some(value) = value {
                there = set(there, value).map_err(|error| error.to_string())?;
            }
        }
        there = self.located(there, platform)?;
        Ok(match self.held()? {
            Some(scopes) => there.with_scopes(scopes),
            None => there,
        })
    }

    /// Groups and clusters are zonal or regional; everything else has a region.
    fn located(&self, there: Environment, platform: Platform) -> Result<Environment, String> {
        let zonal = matches!(platform, Platform::ManagedInstanceGroup | Platform::GkeNode);
        let located = match (&self.region, &self.zone) {
            (Some(zone), None) if zone.matches('-').count() == 2 => {
                there.with_zone(zone).and_then(|there| there.with_location(zone))
            }
            (Some(region), _) => there.with_region(region),
            (None, Some(zone)) if zonal => there.with_location(zone),
            (None, _) => Ok(there),
        };
        located.map_err(|error| error.to_string())
    }

    /// What the token holds.
    pub(crate) fn granted(&self) -> Result<GrantedScopes, String> {
        Ok(match self.held()? {
            Some(scopes) => GrantedScopes::known(scopes, GrantSource::Declared),
            None => GrantedScopes::unknown("give them with --held"),
        })
    }

    fn held(&self) -> Result<Option<gcp_scopes::ScopeSet>, String> {
        let told = !self.held.is_empty();
        let scopes = told.then(|| reader::scopes(self.held.iter().map(String::as_str)));
        scopes.transpose().map_err(|error| error.to_string())
    }
}
