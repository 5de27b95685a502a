//! Runs the examples and compares what they print with what is written down beside them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::printed;

const FOLDERS: [&str; 2] = ["examples", "clients/examples"];
/// README shows what the first prints, and the second judges its own figures.
const CHECKED_ELSEWHERE: [&str; 2] = ["quickstart", "soak"];

/// Writes down what each example prints.
pub(crate) fn write() -> Result<()> {
    for example in examples()? {
        let written = example.written();
        fs::create_dir_all(written.parent().context("a file in no folder")?)?;
        fs::write(written, example.printed()?)?;
    }
    Ok(())
}

/// Fails if an example prints something else than is written down, or if nothing is.
pub(crate) fn check() -> Result<()> {
    let examples = examples()?;
    for example in &examples {
        let (path, printed) = (example.written(), example.printed()?);
        let written = fs::read_to_string(&path).unwrap_or_default();
        if printed != written {
            let same = printed.lines().zip(written.lines()).take_while(|(new, old)| new == old).count();
            bail!(
                "line {} of {} says:\n  {}\nbut `{}` prints:\n  {}\nRun `cargo xtask examples` and look at the difference.",
                same + 1,
                path.display(),
                written.lines().nth(same).unwrap_or_default(),
                example.command,
                printed.lines().nth(same).unwrap_or_default(),
            );
        }
    }
    println!("examples: {} print what is written down beside them", examples.len());
    Ok(())
}

struct Example {
    file: PathBuf,
    /// The command that the file's own first lines give.
    command: String,
}

impl Example {
    fn written(&self) -> PathBuf {
        let folder = self.file.with_file_name("output");
        folder.join(self.file.file_name().unwrap_or_default()).with_extension("txt")
    }

    fn printed(&self) -> Result<String> {
        let words: Vec<&str> = self.command.split(' ').skip(2).collect();
        printed::output(&[&["run", "--quiet"], words.as_slice()].concat())
    }
}

fn examples() -> Result<Vec<Example>> {
    let mut examples = Vec::new();
    for folder in FOLDERS {
        for entry in fs::read_dir(folder)? {
            let file = entry?.path();
            let name = file.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
            if file.extension().is_some_and(|ending| ending == "rs") && !CHECKED_ELSEWHERE.contains(&name) {
                examples.push(Example { command: command(&file)?, file });
            }
        }
    }
    examples.sort_by(|one, other| one.file.cmp(&other.file));
    Ok(examples)
}

/// The first `cargo run …` in the file's first lines.
fn command(file: &Path) -> Result<String> {
    let text = fs::read_to_string(file)?;
    let (_, rest) = text
        .split_once("`cargo run ")
        .with_context(|| format!("{} does not say how to run it: `cargo run …`", file.display()))?;
    let (words, _) = rest.split_once('`').context("an open backtick")?;
    Ok(format!("cargo run {words}"))
}
