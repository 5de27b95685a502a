//! The verb `check`: compares what a service needs with the scopes that a token holds and the
//! permissions that IAM grants, or with the scopes of machines in a plan or an inventory.

mod machines;

use std::process::ExitCode;

use clap::Args;
use gcp_scopes::self_check::{GateState, SelfCheck};
use gcp_scopes_reader::{looks_secret, nearest_name, shown};

use machines::{CheckFormat, MachinesArgs};

use crate::exit_code::EX_USAGE;
use crate::output::OutputFormat;
use crate::self_check::{self, SelfCheckArgs};
use crate::style::StyleArgs;

/// Check whether this machine's token holds the scopes that a service needs, and whether IAM grants
/// what it needs.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// A method that the service calls: its id (storage.objects.insert), or 'VERB URL' with {name}
    /// for any name. May be repeated.
    #[arg(long, value_name = "NEED")]
    need: Vec<String>,
    /// All methods of an API that read, or all others: pubsub=read, pubsub=write; without either,
    /// both. May be repeated.
    #[arg(long, value_name = "API[=read|write]")]
    api: Vec<String>,
    /// Permissions on a resource, by its full name, or gs://BUCKET. Asks IAM. May be repeated.
    #[arg(long, value_name = "RESOURCE=PERMISSION,…")]
    iam: Vec<String>,
    #[command(flatten)]
    machines: MachinesArgs,
    #[command(flatten)]
    self_check: SelfCheckArgs,
}

pub(crate) const HELP: &str = "\
Asks this machine's metadata server for a token, and asks the server that knows
the token's scopes: the metadata server on a VM, Google's tokeninfo elsewhere.
--iam asks the resource's API, with that token. Nothing is changed, and no token
is printed.

Examples:
  gcp-scopes check --need storage.objects.insert --need pubsub.projects.topics.publish
  gcp-scopes check --need \
'GET https://storage.googleapis.com/storage/v1/b/{bucket}/o/{object}' --timeout 5s
  gcp-scopes check --api pubsub=write --iam \
//pubsub.googleapis.com/projects/P/topics/T=pubsub.topics.publish
  gcp-scopes check --iam gs://photos=storage.objects.create,storage.objects.get --format json
  gcloud auth application-default print-access-token | \
gcp-scopes check --need drive.files.list --token-stdin

Before a service is deployed (nothing is sent anywhere):
  gcp-scopes check --needs-file gcp-needs.json --plan plan.json
  gcp-scopes check --needs-file gcp-needs.json --instances vms.json
  The plan is the output of: terraform show -json PLAN
  The VMs are the output of: gcloud compute instances list --format=json

Resources:
  Buckets and objects (gs://B, gs://B/O), Pub/Sub topics and subscriptions,
  projects, secrets, BigQuery tables, Cloud Tasks queues, KMS keys, Spanner
  instances and databases, by their full resource names:
  https://docs.cloud.google.com/iam/docs/full-resource-names

Exit codes:
   0  every gate that was checked is open; every machine has the scopes
   1  a gate is closed; a machine lacks a scope, or has no service account
   2  no gate is known to be closed, but the state of some is not known
  64  the arguments or the input cannot be used";

pub(crate) fn run(args: &CheckArgs, style: &StyleArgs) -> Result<ExitCode, String> {
    if args.machines.has_input() {
        return machines::run(&args.machines, style);
    }
    let format = match args.machines.format {
        CheckFormat::Text => OutputFormat::Text,
        CheckFormat::Json => OutputFormat::Json,
        CheckFormat::Sarif | CheckFormat::Github => {
            return Err("--format sarif and github need --plan or --instances".to_owned());
        }
    };
    if args.machines.needs_file.is_none()
        && args.need.is_empty()
        && args.api.is_empty()
        && args.iam.is_empty()
    {
        let error = "nothing to check; name a need, such as --need storage.objects.insert";
        return Err(error.to_owned());
    }
    let report = args.self_check.run(|check| args.with_needs(check))?;
    self_check::print("check", &args.self_check, format, style, &report);
    Ok(ExitCode::from(match report.state() {
        GateState::Open => 0,
        GateState::Closed => 1,
        GateState::Invalid => EX_USAGE,
        _ => 2,
    }))
}

impl CheckArgs {
    /// Adds the methods, APIs and permissions of the arguments to a check. Returns an error for an
    /// argument that cannot be used, and for one that may be a token.
    fn with_needs(&self, mut check: SelfCheck) -> Result<SelfCheck, String> {
        let values = [&self.need, &self.api, &self.iam];
        if let Some(secret) = values.into_iter().flatten().find(|text| looks_secret(text)) {
            return Err(format!(
                "{} may be a token; give it to standard input, with --token-stdin",
                shown(secret)
            ));
        }
        if let Some(path) = &self.machines.needs_file {
            check = check.needs_of(machines::read_text("--needs-file", path)?);
        }
        for need in &self.need {
            check = check.needs(need);
        }
        for api in &self.api {
            let (name, access) = parse_api(api)?;
            if access != SelectedMethods::Write {
                check = check.needs_read_of(name);
            }
            if access != SelectedMethods::Read {
                check = check.needs_write_to(name);
            }
        }
        for iam in &self.iam {
            let (resource, permissions) = parse_iam(iam)?;
            check = check.iam(resource, permissions);
        }
        check.validated().map_err(|error| error.to_string())
    }
}

/// The methods of an API that `--api` selects: those that read, the others, or all.
#[derive(PartialEq, Eq)]
enum SelectedMethods {
    Read,
    Write,
    Both,
}

/// Splits a value of `--api` into the name of an API and the kind of its methods.
fn parse_api(text: &str) -> Result<(&str, SelectedMethods), String> {
    let (name, access) = text.split_once('=').unwrap_or((text, ""));
    let access = match access {
        "" => SelectedMethods::Both,
        "read" => SelectedMethods::Read,
        "write" => SelectedMethods::Write,
        other => {
            let nearest = nearest_name(other, ["read", "write"].into_iter());
            let hint = match nearest {
                Some(nearest) => format!("did you mean {name}={nearest}?"),
                None => format!("expected {name}=read, {name}=write, or {name} for both"),
            };
            return Err(format!("unknown access {} of --api; {hint}", shown(other)));
        }
    };
    Ok((name, access))
}

/// Splits a value of `--iam` into a resource and its permissions, at the last `=`: the name of an
/// object may contain that sign, the name of a permission may not.
fn parse_iam(text: &str) -> Result<(&str, Vec<String>), String> {
    let (resource, permissions) = text.rsplit_once('=').ok_or_else(|| {
        let shown = shown(text);
        format!("no permission in --iam {shown}; write it as gs://BUCKET=storage.objects.create")
    })?;
    let permissions = permissions.split(',').map(str::trim).filter(|name| !name.is_empty());
    Ok((resource, permissions.map(str::to_owned).collect()))
}
