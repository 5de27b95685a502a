//! Runs the cases and shows what came of them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use gcp_scopes_testing::scenarios::{Scenario, run_scenario};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::kind::{Kind, Shows};
use crate::subject::KindSubject;

/// A case that takes longer hangs. The slowest one waits for a client's own pauses between retries.
const LIMIT: Duration = Duration::from_secs(60);
/// Cases that are played at once.
const AT_ONCE: usize = 4;

/// What came of every case with every client.
#[derive(Debug)]
pub struct Table {
    heads: Vec<&'static str>,
    rows: Vec<(Scenario, Vec<Cell>)>,
}

#[derive(Debug, Clone, Default)]
enum Cell {
    #[default]
    Open,
    Ok,
    /// The text says it all, and the client keeps nothing else.
    OkInText,
    Cannot(&'static str),
    Failed(String),
}

/// Plays every case with every client whose names hold these words.
pub async fn run(client: &str, case: &str) -> Table {
    // Several of the clients bring rustls without a crypto provider. Somebody else's choice would be as
    // good as this one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let kinds = crate::all().into_iter().filter(|kind| kind.name().contains(client));
    let kinds: Vec<Arc<dyn Kind>> = kinds.map(Arc::from).collect();
    let cases: Vec<Scenario> = Scenario::ALL.into_iter().filter(|row| row.name().contains(case)).collect();
    let mut cells = vec![vec![Cell::Open; kinds.len()]; cases.len()];
    let (mut playing, places) = (JoinSet::new(), Arc::new(Semaphore::new(AT_ONCE)));
    for (row, case) in cases.iter().copied().enumerate() {
        for (column, kind) in kinds.iter().cloned().enumerate() {
            let places = places.clone();
            playing.spawn(async move {
                let _place = places.acquire_owned().await;
                (row, column, cell(kind, case).await)
            });
        }
    }
    while let Some(Ok((row, column, cell))) = playing.join_next().await {
        if let Cell::Failed(_) = cell {
            eprintln!("FAILED {}", cases.get(row).map_or("", |case| case.name()));
        }
        if let Some(place) = cells.get_mut(row).and_then(|row| row.get_mut(column)) {
            *place = cell;
        }
    }
    let heads = kinds.iter().map(|kind| kind.name()).collect();
    Table { heads, rows: cases.into_iter().zip(cells).collect() }
}

/// The names that the words of [`run`] are looked for in: of the clients, and of the cases.
#[must_use]
pub fn names() -> (Vec<&'static str>, Vec<&'static str>) {
    (
        crate::all().iter().map(|kind| kind.name()).collect(),
        Scenario::ALL.iter().map(|case| case.name()).collect(),
    )
}

async fn cell(kind: Arc<dyn Kind>, case: Scenario) -> Cell {
    if let Some(why) = kind.cannot(case) {
        return Cell::Cannot(why);
    }
    let in_text = kind.shows() == Shows::Text && tells_why(case);
    // A task of its own, so that a panic is a cell of the table.
    let played = tokio::spawn(async move { run_scenario(&KindSubject(kind), case).await });
    match tokio::time::timeout(LIMIT, played).await {
        Ok(Ok(Ok(()))) if in_text => Cell::OkInText,
        Ok(Ok(Ok(()))) => Cell::Ok,
        Ok(Ok(Err(why))) => Cell::Failed(format!("{why:#}")),
        Ok(Err(panic)) => Cell::Failed(panic.to_string()),
        Err(_) => Cell::Failed(format!("not done after {LIMIT:?}")),
    }
}

/// Whether a case demands that a user is told why.
fn tells_why(case: Scenario) -> bool {
    let told =
        [Scenario::Refused, Scenario::Denied, Scenario::Confirmed, Scenario::ChunkedBody, Scenario::Cloned];
    told.contains(&case)
}

impl Table {
    /// Whether every case held with every client that can show it.
    #[must_use]
    pub fn is_green(&self) -> bool {
        !self.cells().any(|cell| matches!(cell, Cell::Failed(_) | Cell::Open))
            && self.cells().next().is_some()
    }

    fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.rows.iter().flat_map(|(_, cells)| cells)
    }

    /// The sentences below the table, each once.
    fn notes(&self) -> Vec<&'static str> {
        let mut notes = Vec::new();
        for cell in self.cells() {
            let why = match cell {
                Cell::Cannot(why) => why,
                Cell::OkInText => IN_TEXT,
                _ => continue,
            };
            if !notes.contains(&why) {
                notes.push(why);
            }
        }
        notes
    }
}

const IN_TEXT: &str = "in the error's text; the client keeps no more of it";

/// The table in Markdown, its notes, and what failed.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let notes = self.notes();
        let number = |why: &str| notes.iter().position(|note| *note == why).map_or(0, |place| place + 1);
        writeln!(f, "| case | {} |", self.heads.join(" | "))?;
        writeln!(f, "|---|{}", "---|".repeat(self.heads.len()))?;
        for (case, cells) in &self.rows {
            write!(f, "| {} |", case.name())?;
            for cell in cells {
                match cell {
                    Cell::Open => write!(f, " ? |")?,
                    Cell::Ok => write!(f, " ok |")?,
                    Cell::OkInText => write!(f, " ok [{}] |", number(IN_TEXT))?,
                    Cell::Cannot(why) => write!(f, " [{}] |", number(why))?,
                    Cell::Failed(_) => write!(f, " FAILED |")?,
                }
            }
            writeln!(f)?;
        }
        writeln!(f)?;
        for (place, note) in notes.iter().enumerate() {
            writeln!(f, "[{}] {note}", place + 1)?;
        }
        for (case, cells) in &self.rows {
            for (head, cell) in self.heads.iter().zip(cells) {
                if let Cell::Failed(why) = cell {
                    writeln!(f, "\nFAILED {head}, {}:\n{why}", case.name())?;
                }
            }
        }
        Ok(())
    }
}
