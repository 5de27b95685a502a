//! `cargo xtask deep reliability`: runs the tests that docs/reliability.md names, and prints for
//! each row of the tables whether the row holds, with a figure.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::fuzzing;
use super::tools::run;

const PAGE: &str = "docs/reliability.md";

/// The packages with the tests that the page names in its tables.
const PACKAGES: [&str; 4] =
    ["gcp-scopes", "gcp-scopes-explain", "gcp-scopes-catalog", "gcp-scopes-tonic"];

/// A row of a table that names tests or a fuzz target.
struct ReliabilityRow {
    title: String,
    proof: Proof,
}

/// What shows that a row holds.
enum Proof {
    Tests(Vec<String>),
    /// All tests in a file in `tests/`.
    File(String),
    /// The program in `abort/`, which is built with `panic = "abort"`.
    Abort,
    /// The row holds because the workspace compiles.
    Compiler,
    /// The number of executions of a fuzz target, and of those under AddressSanitizer.
    Executions([u64; 2]),
}

/// Runs the tests, and prints each row.
///
/// # Errors
/// An error if a test fails or does not exist.
pub(crate) fn check() -> Result<()> {
    let rows = rows(Path::new("."))?;
    let results = run_tests(&rows)?;
    let mut failed = 0;
    for row in &rows {
        let (result, figure) = outcome(row, &results)?;
        println!("{:<8} {figure:<45} {}", result.word(), row.title);
        failed += usize::from(result == RowResult::Fails);
    }
    match failed {
        0 => Ok(()),
        failed => bail!("{failed} of {} rows of {PAGE} do not hold here", rows.len()),
    }
}

/// Whether a row holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RowResult {
    Holds,
    Fails,
    /// A fuzz target was executed less often in this checkout than the page states.
    NotRun,
}

impl RowResult {
    fn word(self) -> &'static str {
        match self {
            Self::Holds => "PASS",
            Self::Fails => "FAIL",
            Self::NotRun => "NOT RUN",
        }
    }
}

impl From<bool> for RowResult {
    fn from(holds: bool) -> Self {
        if holds { Self::Holds } else { Self::Fails }
    }
}

/// Returns whether a row holds, and its figure.
fn outcome(row: &ReliabilityRow, results: &BTreeMap<String, bool>) -> Result<(RowResult, String)> {
    Ok(match &row.proof {
        Proof::Tests(names) => {
            let passed = names.iter().filter(|name| results.get(*name) == Some(&true)).count();
            ((passed == names.len()).into(), format!("{passed} of {} tests", names.len()))
        }
        Proof::File(file) => bail!("the tests in {file} were not read"),
        Proof::Abort => {
            let arguments = ["run", "--locked", "--quiet", "--manifest-path", "abort/Cargo.toml"];
            let ended = run(Command::new("cargo").args(arguments)).is_ok();
            (ended.into(), "the program ends normally".to_owned())
        }
        Proof::Compiler => (RowResult::Holds, "the workspace compiles".to_owned()),
        Proof::Executions(stated) => {
            let here = fuzzing::executed(&row.title)?;
            let is_enough = here.iter().zip(stated).all(|(here, stated)| here >= stated);
            let result = if is_enough { RowResult::Holds } else { RowResult::NotRun };
            (result, format!("{} executions here, {} sanitized", here[0], here[1]))
        }
    })
}

/// Runs the tests of all rows. Returns for each test that ran whether it passed.
///
/// # Errors
/// An error if the tests do not compile.
fn run_tests(rows: &[ReliabilityRow]) -> Result<BTreeMap<String, bool>> {
    run(tests_of_packages().arg("--no-run"))?;
    let mut command = tests_of_packages();
    command.args(["--no-fail-fast", "--", "--include-ignored"]).args(rows.iter().flat_map(tests));
    println!("==> {command:?}");
    let output = command.stderr(Stdio::inherit()).output()?;
    Ok(results(&String::from_utf8_lossy(&output.stdout)))
}

fn tests_of_packages() -> Command {
    let mut command = Command::new("cargo");
    command.args(["test", "--lib", "--tests"]);
    PACKAGES.iter().for_each(|package| _ = command.args(["--package", package]));
    command
}

/// Returns the tests that a row names.
fn tests(row: &ReliabilityRow) -> &[String] {
    match &row.proof {
        Proof::Tests(names) => names,
        Proof::File(_) | Proof::Abort | Proof::Compiler | Proof::Executions(_) => &[],
    }
}

/// Reads the output of a test program. A test that runs in two packages passes if it passes in
/// both.
fn results(output: &str) -> BTreeMap<String, bool> {
    let mut results = BTreeMap::new();
    for line in output.lines().filter_map(|line| line.strip_prefix("test ")) {
        let Some((path, result)) = line.split_once(" ... ") else { continue };
        let name = path.rsplit("::").next().unwrap_or(path);
        *results.entry(name.to_owned()).or_insert(true) &= result.starts_with("ok");
    }
    results
}

/// Reads the rows of the page in the checkout `top`. A row that names only a file stands for all
/// tests in the file.
fn rows(top: &Path) -> Result<Vec<ReliabilityRow>> {
    let mut rows = rows_of(&fs::read_to_string(top.join(PAGE))?)?;
    for row in &mut rows {
        if let Proof::File(file) = &row.proof {
            row.proof = Proof::Tests(tests_in(&fs::read_to_string(top.join("tests").join(file))?));
        }
    }
    Ok(rows)
}

/// Returns the names of the tests in a file.
fn tests_in(code: &str) -> Vec<String> {
    let attributes = ["#[test]", "#[tokio::test"];
    let is_test =
        |(attribute, _): &(&str, &str)| attributes.iter().any(|it| attribute.starts_with(it));
    let functions = code.lines().zip(code.lines().skip(1)).filter(is_test);
    let name = |line: &str| Some(line.split_once("fn ")?.1.split_once('(')?.0.to_owned());
    functions.filter_map(|(_, line)| name(line)).collect()
}

/// Reads the rows of the tables whose last column is `Test` or a number of executions.
fn rows_of(page: &str) -> Result<Vec<ReliabilityRow>> {
    let mut rows = Vec::new();
    let mut columns: Vec<&str> = Vec::new();
    for line in page.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        match cells.as_slice() {
            ["", cells @ .., ""] if columns.is_empty() => columns = cells.to_vec(),
            ["", separator, .., ""] if separator.starts_with("---") => {}
            ["", cells @ .., ""] => rows.extend(row(&columns, cells)?),
            _ => columns.clear(),
        }
    }
    Ok(rows)
}

/// Reads a row; `None` if the page has no proof of it in this table.
fn row(columns: &[&str], cells: &[&str]) -> Result<Option<ReliabilityRow>> {
    let (Some(title), Some(last)) = (cells.first(), cells.last()) else { return Ok(None) };
    let proof = match columns.last() {
        Some(&"Test") => proof(last).with_context(|| format!("{PAGE}: {title}"))?,
        Some(&"under AddressSanitizer") => {
            Proof::Executions([number(cells[cells.len() - 2])?, number(last)?])
        }
        _ => return Ok(None),
    };
    Ok(Some(ReliabilityRow { title: title.replace('`', ""), proof }))
}

/// Reads what shows that a row holds.
fn proof(cell: &str) -> Result<Proof> {
    // Every second part is between backquotes.
    let quoted = cell.split('`').skip(1).step_by(2);
    let is_test = |name: &&str| {
        name.contains('_') && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let tests: Vec<String> = quoted.filter(is_test).map(str::to_owned).collect();
    match cell {
        _ if !tests.is_empty() => Ok(Proof::Tests(tests)),
        _ if cell.contains("`abort/`") => Ok(Proof::Abort),
        _ if cell.starts_with('`') && cell.ends_with(".rs`") => {
            Ok(Proof::File(cell.replace('`', "")))
        }
        "the compiler" => Ok(Proof::Compiler),
        _ => bail!("no test in: {cell}"),
    }
}

/// Reads a number with commas.
fn number(text: &str) -> Result<u64> {
    text.replace(',', "").parse().with_context(|| format!("{PAGE}: not a number: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_name_their_proof() {
        let page = "\
| Failure | Guarantee | Test |\n|---|---|---|\n\
| slow | waits | `a.rs`: `it_waits`; `and_ends`, with `--ignored` |\n\
| no TLS | none | `abort/` |\n\ntext\n\n\
| target | what | executions | under AddressSanitizer |\n|---|---|---|---|\n\
| `jwt` | tokens | 10,000,000 | 1,000 |\n\n\
| The server | other |\n|---|---|\n| hangs | hangs |\n";
        let rows = rows_of(page).unwrap();
        let titles: Vec<&str> = rows.iter().map(|row| row.title.as_str()).collect();
        assert_eq!(titles, ["slow", "no TLS", "jwt"]);
        assert_eq!(super::tests(&rows[0]), ["it_waits", "and_ends"]);
        assert!(matches!(rows[1].proof, Proof::Abort));
        assert!(matches!(rows[2].proof, Proof::Executions([10_000_000, 1_000])));
    }

    #[test]
    fn a_failed_or_absent_test_fails_its_row() {
        let output = "running 4 tests\ntest a::good ... ok\ntest a::torn ... ok\n\
            test bad ... FAILED\ntest b::torn ... FAILED\n";
        let results = results(output);
        for (name, expected) in [
            ("good", RowResult::Holds),
            ("torn", RowResult::Fails),
            ("bad", RowResult::Fails),
            ("absent", RowResult::Fails),
        ] {
            let row =
                ReliabilityRow { title: String::new(), proof: Proof::Tests(vec![name.to_owned()]) };
            assert_eq!(outcome(&row, &results).unwrap().0, expected, "{name}");
        }
    }

    /// The page may name no test that was renamed or removed.
    #[test]
    fn every_test_on_the_page_exists() {
        let top = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        let code = all_code(top.as_ref());
        for row in rows(top.as_ref()).unwrap() {
            let has_tests = !matches!(row.proof, Proof::Tests(ref names) if names.is_empty());
            assert!(has_tests, "{}", row.title);
            for name in super::tests(&row) {
                assert!(code.contains(&format!("fn {name}(")), "{PAGE}: no test {name}");
            }
        }
    }

    /// Returns the text of all files with tests of [`PACKAGES`].
    fn all_code(folder: &Path) -> String {
        let mut code = String::new();
        for part in ["src", "tests", "crates"] {
            read_into(&folder.join(part), &mut code);
        }
        code
    }

    fn read_into(folder: &Path, code: &mut String) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read_into(&path, code);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                code.push_str(&fs::read_to_string(&path).unwrap());
            }
        }
    }
}
