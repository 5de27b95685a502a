//! `cargo xtask examples`: compares what the examples print with the committed files in their
//! folder `output`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::printed;

const FOLDERS: [&str; 2] = ["examples", "clients/examples"];
/// Examples without a file: README contains the output of the first, and `cargo xtask deep soak`
/// runs the second, which checks its figures itself.
const CHECKED_ELSEWHERE: [&str; 2] = ["quickstart", "soak"];

/// Writes the output of each example to its file.
pub(crate) fn write() -> Result<()> {
    write_outputs(&examples()?)
}

/// Writes the output of one program to its file.
pub(crate) fn write_one(file: &str) -> Result<()> {
    write_outputs(&[Example::in_file(file.into())?])
}

/// Returns an error if the output of an example differs from its file, or if the file does not
/// exist.
pub(crate) fn check() -> Result<()> {
    check_outputs(&examples()?)
}

/// Checks the output of one program.
pub(crate) fn check_one(file: &str) -> Result<()> {
    check_outputs(&[Example::in_file(file.into())?])
}

fn write_outputs(examples: &[Example]) -> Result<()> {
    for example in examples {
        let file = example.output_file();
        fs::create_dir_all(file.parent().context("this file has no parent folder")?)?;
        fs::write(file, example.output()?)?;
    }
    Ok(())
}

fn check_outputs(examples: &[Example]) -> Result<()> {
    for example in examples {
        let (path, output) = (example.output_file(), example.output()?);
        let committed = fs::read_to_string(&path).unwrap_or_default();
        if output != committed {
            let same =
                output.lines().zip(committed.lines()).take_while(|(new, old)| new == old).count();
            bail!(
                "line {} of {} is:\n  {}\nbut `{}` prints:\n  {}\nRun `cargo xtask examples` and \
                 check the difference.",
                same + 1,
                path.display(),
                committed.lines().nth(same).unwrap_or_default(),
                example.command,
                output.lines().nth(same).unwrap_or_default(),
            );
        }
    }
    println!("examples: {} print what is committed", examples.len());
    Ok(())
}

struct Example {
    file: PathBuf,
    /// The command that runs the example, from the comment at the top of the file.
    command: String,
}

impl Example {
    fn in_file(file: PathBuf) -> Result<Self> {
        Ok(Self { command: command(&file)?, file })
    }

    fn output_file(&self) -> PathBuf {
        let folder = self.file.with_file_name("output");
        folder.join(self.file.file_name().unwrap_or_default()).with_extension("txt")
    }

    fn output(&self) -> Result<String> {
        // Skips the words `cargo run`.
        let words: Vec<&str> = self.command.split(' ').skip(2).collect();
        printed::output(&[&["run", "--quiet"], words.as_slice()].concat())
    }
}

/// Returns the examples with a committed output, sorted by path.
fn examples() -> Result<Vec<Example>> {
    let mut examples = Vec::new();
    for folder in FOLDERS {
        for entry in fs::read_dir(folder)? {
            let file = entry?.path();
            let name = file.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
            if file.extension().is_some_and(|ending| ending == "rs")
                && !CHECKED_ELSEWHERE.contains(&name)
            {
                examples.push(Example::in_file(file)?);
            }
        }
    }
    examples.sort_by(|one, other| one.file.cmp(&other.file));
    Ok(examples)
}

/// Returns the first command `cargo run …` that stands between backticks in a file.
fn command(file: &Path) -> Result<String> {
    let text = fs::read_to_string(file)?;
    let (_, rest) = text.split_once("`cargo run ").with_context(|| {
        format!("{} has no comment with its command, `cargo run …`", file.display())
    })?;
    let (words, _) = rest.split_once('`').context("the command has no closing backtick")?;
    Ok(format!("cargo run {words}"))
}
