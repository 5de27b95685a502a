//! Writes findings for programs: as JSON, as SARIF, and as workflow commands of GitHub Actions.
//!
//! A writer writes each finding as it arrives, so the memory that it needs does not grow with their
//! number.

mod github;
mod message;
mod sarif;

use std::io::{self, Write};

use crate::finding::{MachineFinding, Summary};

/// A format for programs.
///
/// ```
/// use gcp_scopes_needs::format::FindingFormat;
///
/// assert_ne!(FindingFormat::Json, FindingFormat::Sarif);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FindingFormat {
    /// One JSON object, `gcp-scopes/plan/1`.
    Json,
    /// SARIF 2.1.0, which code scanning services read.
    Sarif,
    /// Workflow commands that GitHub Actions shows as annotations.
    Github,
}

/// Writes findings in one format.
///
/// ```
/// use gcp_scopes_needs::NeedsFile;
/// use gcp_scopes_needs::format::{FindingFormat, FindingsWriter};
///
/// let needs = NeedsFile::parse(r#"{"needs": [{"method": "storage.objects.get"}]}"#)?;
/// let mut text = Vec::new();
/// let mut writer = FindingsWriter::new(&mut text, FindingFormat::Json, "plan.json");
/// let mut findings = Vec::new();
/// let plan = br#"{"format_version": "1.2"}"#;
/// let summary = needs.check_plan(plan, &mut |finding| findings.push(finding))?;
/// findings.iter().try_for_each(|finding| writer.write(finding))?;
/// writer.finish(&summary)?;
/// assert!(text.starts_with(br#"{"schema":"gcp-scopes/plan/1","findings":["#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct FindingsWriter<W> {
    out: W,
    format: FindingFormat,
    input: String,
    has_written: bool,
}

impl<W: Write> FindingsWriter<W> {
    /// Creates a writer. `input` is the path of the plan or inventory, to which SARIF and GitHub
    /// attach the findings.
    pub fn new(out: W, format: FindingFormat, input: impl Into<String>) -> Self {
        Self { out, format, input: input.into(), has_written: false }
    }

    /// Writes a finding.
    ///
    /// # Errors
    /// Returns the error of the underlying writer.
    pub fn write(&mut self, finding: &MachineFinding) -> io::Result<()> {
        let text = match self.format {
            FindingFormat::Json => Some(serde_json::to_string(finding)?),
            FindingFormat::Sarif => sarif::result(finding, &self.input),
            FindingFormat::Github => github::command(finding, &self.input),
        };
        let Some(text) = text else { return Ok(()) };
        self.begin()?;
        self.out.write_all(text.as_bytes())
    }

    /// Writes what follows the last finding.
    ///
    /// # Errors
    /// Returns the error of the underlying writer.
    pub fn finish(mut self, summary: &Summary) -> io::Result<()> {
        if !self.has_written {
            self.out.write_all(self.prefix().as_bytes())?;
        }
        match self.format {
            FindingFormat::Json => {
                let count: usize = summary.always_cloud_platform().values().sum();
                writeln!(self.out, "],\"always_cloud_platform\":{count}}}")?;
            }
            FindingFormat::Sarif => writeln!(self.out, "]}}]}}")?,
            FindingFormat::Github if self.has_written => writeln!(self.out)?,
            FindingFormat::Github => {}
        }
        self.out.flush()
    }

    /// Writes what precedes a finding.
    fn begin(&mut self) -> io::Result<()> {
        let separator = match (self.has_written, self.format) {
            (false, _) => self.prefix(),
            (true, FindingFormat::Github) => "\n".to_owned(),
            (true, _) => ",".to_owned(),
        };
        self.has_written = true;
        self.out.write_all(separator.as_bytes())
    }

    fn prefix(&self) -> String {
        match self.format {
            FindingFormat::Json => "{\"schema\":\"gcp-scopes/plan/1\",\"findings\":[".to_owned(),
            FindingFormat::Sarif => sarif::prefix(),
            FindingFormat::Github => String::new(),
        }
    }
}
