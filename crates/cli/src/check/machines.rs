//! Checks the machines of a plan or an inventory.

use std::fs::File;
use std::io::{self, Read};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use gcp_scopes_cli::answer::findings_page::FindingsPage;
use gcp_scopes_needs::format::{FindingFormat, FindingsWriter};
use gcp_scopes_needs::{FindingStatus, MachineFinding, NeedsError, NeedsFile, Summary};
use gcp_scopes_reader::shown;

use crate::output;
use crate::style::StyleArgs;

/// What the machines are compared with, where they are described, and how to print the answer.
#[derive(Debug, Args)]
pub(super) struct MachinesArgs {
    /// A file with the methods that a service needs: gcp-needs.json.
    #[arg(long, value_name = "FILE")]
    pub(super) needs_file: Option<String>,
    /// Check the machines of a Terraform or OpenTofu plan or state, as `terraform show -json`
    /// prints it; - for standard input. Nothing is sent anywhere.
    #[arg(long, value_name = "FILE", requires = "needs_file")]
    #[arg(conflicts_with_all = ["instances", "need", "api", "iam", "token_stdin"])]
    plan: Option<String>,
    /// Check machines that exist: the JSON of `gcloud compute instances list --format=json`, of
    /// instance templates, node pools or clusters, or an export of Cloud Asset Inventory; - for
    /// standard input. Nothing is sent anywhere.
    #[arg(long, value_name = "FILE", requires = "needs_file")]
    #[arg(conflicts_with_all = ["need", "api", "iam", "token_stdin"])]
    instances: Option<String>,
    /// How to print the answer.
    #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
    pub(super) format: CheckFormat,
}

/// How `check` prints its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum CheckFormat {
    /// Text for reading.
    Text,
    /// One JSON object.
    Json,
    /// SARIF 2.1.0, of --plan and --instances.
    Sarif,
    /// Workflow commands of GitHub Actions, of --plan and --instances.
    Github,
}

impl MachinesArgs {
    /// Checks whether a plan or an inventory is given.
    pub(super) fn has_input(&self) -> bool {
        self.plan.is_some() || self.instances.is_some()
    }
}

/// The name of a file that stands for standard input.
const STDIN: &str = "-";

/// Prints a finding for each machine, and returns the exit code.
pub(super) fn run(args: &MachinesArgs, style: &StyleArgs) -> Result<ExitCode, String> {
    let path = args.needs_file.as_deref().unwrap_or_default();
    let needs = NeedsFile::parse(&read_text("--needs-file", path)?);
    let needs = needs.map_err(|error| format!("unusable --needs-file {}: {error}", shown(path)))?;
    if needs.needs().is_empty() {
        return Err(format!("unusable --needs-file {}: it names no method", shown(path)));
    }
    let mut worst = Worst::default();
    match args.format {
        CheckFormat::Text => print_page(args, style, &needs, &mut worst)?,
        CheckFormat::Json => write(args, FindingFormat::Json, &needs, &mut worst)?,
        CheckFormat::Sarif => write(args, FindingFormat::Sarif, &needs, &mut worst)?,
        CheckFormat::Github => write(args, FindingFormat::Github, &needs, &mut worst)?,
    }
    Ok(worst.exit_code())
}

/// The statuses of the findings that decide the exit code.
#[derive(Default)]
struct Worst {
    is_closed: bool,
    is_unknown: bool,
}

impl Worst {
    fn add(&mut self, status: FindingStatus) {
        match status {
            FindingStatus::Ok => {}
            FindingStatus::Lacking | FindingStatus::NoAccount => self.is_closed = true,
            _ => self.is_unknown = true,
        }
    }

    fn exit_code(&self) -> ExitCode {
        ExitCode::from(match (self.is_closed, self.is_unknown) {
            (true, _) => 1,
            (false, true) => 2,
            (false, false) => 0,
        })
    }
}

/// Passes the findings of the input to a function.
fn findings(
    args: &MachinesArgs,
    needs: &NeedsFile,
    on_finding: &mut dyn FnMut(MachineFinding),
) -> Result<Summary, String> {
    let (flag, path) = input_of(args);
    let unusable = |error: NeedsError| format!("unusable {flag} {}: {error}", shown(path));
    if flag == "--instances" {
        return needs.check_inventory(open(flag, path)?, on_finding).map_err(unusable);
    }
    let mut json = Vec::new();
    let result = open(flag, path)?.read_to_end(&mut json);
    result.map_err(|error| unreadable(flag, path, &error))?;
    needs.check_plan(&json, on_finding).map_err(unusable)
}

fn input_of(args: &MachinesArgs) -> (&'static str, &str) {
    match (&args.plan, &args.instances) {
        (Some(plan), _) => ("--plan", plan),
        (None, instances) => ("--instances", instances.as_deref().unwrap_or_default()),
    }
}

/// Prints the findings as a page of text.
fn print_page(
    args: &MachinesArgs,
    style: &StyleArgs,
    needs: &NeedsFile,
    worst: &mut Worst,
) -> Result<(), String> {
    let mut page = FindingsPage::new(style.layout());
    let summary = findings(args, needs, &mut |finding| {
        worst.add(finding.status);
        page.add(&finding);
    })?;
    // Standard output may be closed; the exit code still shows the result.
    let _ = output::print(&page.text(&summary));
    Ok(())
}

/// Writes the findings in a format for programs.
fn write(
    args: &MachinesArgs,
    format: FindingFormat,
    needs: &NeedsFile,
    worst: &mut Worst,
) -> Result<(), String> {
    let out = io::BufWriter::new(io::stdout().lock());
    let mut writer = FindingsWriter::new(out, format, input_of(args).1);
    let mut result = Ok(());
    let summary = findings(args, needs, &mut |finding| {
        worst.add(finding.status);
        if result.is_ok() {
            result = writer.write(&finding);
        }
    })?;
    // Standard output may be closed; the exit code still shows the result.
    let _ = result.and_then(|()| writer.finish(&summary));
    Ok(())
}

/// Reads a text file, or standard input.
pub(super) fn read_text(flag: &str, path: &str) -> Result<String, String> {
    let mut text = String::new();
    let result = open(flag, path)?.read_to_string(&mut text);
    result.map_err(|error| unreadable(flag, path, &error))?;
    Ok(text)
}

fn open(flag: &str, path: &str) -> Result<Box<dyn Read>, String> {
    if path == STDIN {
        return Ok(Box::new(io::stdin().lock()));
    }
    let file = File::open(path).map_err(|error| unreadable(flag, path, &error))?;
    Ok(Box::new(file))
}

fn unreadable(flag: &str, path: &str, error: &io::Error) -> String {
    format!("cannot read {flag} {}: {error}", shown(path))
}
