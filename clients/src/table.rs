//! Runs the scenarios with the clients, and prints the results as a table.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use gcp_scopes_testing::scenarios::{Scenario, run_scenario};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::kind::{Kind, Shows};
use crate::subject::KindSubject;

/// How long one scenario may take with one client. A scenario that takes longer counts as failed.
/// The slowest scenarios include the pauses that a client makes between retries.
const TIME_LIMIT: Duration = Duration::from_secs(60);
/// How many scenarios run at the same time. With more, a scenario could exceed
/// [`TIME_LIMIT`] on a small machine.
const MAX_CONCURRENT: usize = 4;

/// The results of every scenario with every client.
#[derive(Debug)]
pub struct Table {
    columns: Vec<&'static str>,
    rows: Vec<(Scenario, Vec<Cell>)>,
}

#[derive(Debug, Clone, Default)]
enum Cell {
    /// Not run to the end: the task that runs all scenarios ended first.
    #[default]
    Missing,
    Ok,
    /// Passed, and the client's user gets the denial's message but not the denial.
    OkInText,
    /// Not run, for the reason that [`Kind::skip_reason`] returns.
    Skipped(&'static str),
    /// What the scenario expected and did not find.
    Failed(String),
}

/// Runs the scenarios whose names contain `scenario` with the clients whose names contain
/// `client`.
pub async fn run(client: &str, scenario: &str) -> Table {
    // Several of the clients use rustls and leave the choice of a crypto provider to the program.
    // An error means that a provider is already installed, which is sufficient.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let kinds = crate::all_kinds().into_iter().filter(|kind| kind.name().contains(client));
    let kinds: Vec<Arc<dyn Kind>> = kinds.map(Arc::from).collect();
    let is_chosen = |candidate: &Scenario| candidate.name().contains(scenario);
    let scenarios: Vec<Scenario> = Scenario::ALL.into_iter().filter(is_chosen).collect();
    let mut cells = vec![vec![Cell::Missing; kinds.len()]; scenarios.len()];
    let (mut tasks, permits) = (JoinSet::new(), Arc::new(Semaphore::new(MAX_CONCURRENT)));
    for (row, scenario) in scenarios.iter().copied().enumerate() {
        for (column, kind) in kinds.iter().cloned().enumerate() {
            let permits = permits.clone();
            tasks.spawn(async move {
                let _permit = permits.acquire_owned().await;
                (row, column, run_cell(kind, scenario).await)
            });
        }
    }
    while let Some(Ok((row, column, cell))) = tasks.join_next().await {
        if let Cell::Failed(_) = cell {
            eprintln!("FAILED {}", scenarios.get(row).map_or("", |scenario| scenario.name()));
        }
        if let Some(slot) = cells.get_mut(row).and_then(|row| row.get_mut(column)) {
            *slot = cell;
        }
    }
    let columns = kinds.iter().map(|kind| kind.name()).collect();
    Table { columns, rows: scenarios.into_iter().zip(cells).collect() }
}

/// Returns the names of all clients and of all scenarios, which the arguments of [`run`] select
/// from.
#[must_use]
pub fn names() -> (Vec<&'static str>, Vec<&'static str>) {
    (
        crate::all_kinds().iter().map(|kind| kind.name()).collect(),
        Scenario::ALL.iter().map(|scenario| scenario.name()).collect(),
    )
}

/// Runs one scenario with one client.
async fn run_cell(kind: Arc<dyn Kind>, scenario: Scenario) -> Cell {
    if let Some(reason) = kind.skip_reason(scenario) {
        return Cell::Skipped(reason);
    }
    let in_text = kind.shows() == Shows::Text && requires_a_denial(scenario);
    // The scenario runs in a separate task, so that a panic fails this cell only.
    let task = tokio::spawn(async move { run_scenario(&KindSubject(kind), scenario).await });
    match tokio::time::timeout(TIME_LIMIT, task).await {
        Ok(Ok(Ok(()))) if in_text => Cell::OkInText,
        Ok(Ok(Ok(()))) => Cell::Ok,
        Ok(Ok(Err(unmet))) => Cell::Failed(format!("{unmet:#}")),
        Ok(Err(panic)) => Cell::Failed(panic.to_string()),
        Err(_) => Cell::Failed(format!("not done after {TIME_LIMIT:?}")),
    }
}

/// Checks whether a scenario requires that the client's user can find a denial.
fn requires_a_denial(scenario: Scenario) -> bool {
    let requiring = [
        Scenario::Refused,
        Scenario::Denied,
        Scenario::Confirmed,
        Scenario::ChunkedBody,
        Scenario::Cloned,
    ];
    requiring.contains(&scenario)
}

impl Table {
    /// Checks whether at least one scenario was chosen, and whether every chosen scenario passed
    /// with every chosen client that can run the scenario.
    #[must_use]
    pub fn is_green(&self) -> bool {
        !self.cells().any(|cell| matches!(cell, Cell::Failed(_) | Cell::Missing))
            && self.cells().next().is_some()
    }

    fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.rows.iter().flat_map(|(_, cells)| cells)
    }

    /// Returns each footnote once, in the order in which the cells refer to the footnotes.
    fn footnotes(&self) -> Vec<&'static str> {
        let mut footnotes = Vec::new();
        for cell in self.cells() {
            let footnote = match cell {
                Cell::Skipped(reason) => reason,
                Cell::OkInText => IN_TEXT,
                _ => continue,
            };
            if !footnotes.contains(&footnote) {
                footnotes.push(footnote);
            }
        }
        footnotes
    }
}

const IN_TEXT: &str = "the denial is in the text of the error; the client keeps no more of it";

/// Prints the table in Markdown, then the footnotes, then the failures.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let footnotes = self.footnotes();
        let number = |text: &str| {
            footnotes.iter().position(|footnote| *footnote == text).map_or(0, |index| index + 1)
        };
        writeln!(f, "| scenario | {} |", self.columns.join(" | "))?;
        writeln!(f, "|---|{}", "---|".repeat(self.columns.len()))?;
        for (scenario, cells) in &self.rows {
            write!(f, "| {} |", scenario.name())?;
            for cell in cells {
                match cell {
                    Cell::Missing => write!(f, " ? |")?,
                    Cell::Ok => write!(f, " ok |")?,
                    Cell::OkInText => write!(f, " ok [{}] |", number(IN_TEXT))?,
                    Cell::Skipped(reason) => write!(f, " [{}] |", number(reason))?,
                    Cell::Failed(_) => write!(f, " FAILED |")?,
                }
            }
            writeln!(f)?;
        }
        writeln!(f)?;
        for (index, footnote) in footnotes.iter().enumerate() {
            writeln!(f, "[{}] {footnote}", index + 1)?;
        }
        for (scenario, cells) in &self.rows {
            for (column, cell) in self.columns.iter().zip(cells) {
                if let Cell::Failed(reason) = cell {
                    writeln!(f, "\nFAILED {column}, {}:\n{reason}", scenario.name())?;
                }
            }
        }
        Ok(())
    }
}
