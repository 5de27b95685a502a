//! Keeps what README shows equal to what the programs print.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::printed::output;

const README: &str = "README.md";

/// A marked block of README, and where what it shows comes from.
struct Block {
    mark: &'static str,
    shows: Shows,
}

enum Shows {
    /// What a command prints.
    Output {
        fence: &'static str,
        /// What stands before the output.
        prompt: &'static str,
        command: &'static [&'static str],
    },
    /// The table of [`FIGURES`] that begins with this line.
    Table(&'static str),
}

/// Where the figures of speed and size are kept, with how they were measured.
const FIGURES: &str = "docs/performance.md";

const BLOCKS: [Block; 4] = [
    Block {
        mark: "quickstart",
        shows: Shows::Output {
            fence: "text",
            prompt: "",
            command: &["run", "--quiet", "--example", "quickstart"],
        },
    },
    Block {
        mark: "method",
        shows: Shows::Output {
            fence: "console",
            prompt: "$ gcp-scopes method POST 'https://storage.googleapis.com/upload/storage/v1/b/B/o?uploadType=media&name=x'\n",
            command: &[
                "run",
                "--quiet",
                "--package",
                "gcp-scopes-cli",
                "--",
                "method",
                "POST",
                "https://storage.googleapis.com/upload/storage/v1/b/B/o?uploadType=media&name=x",
            ],
        },
    },
    Block { mark: "costs", shows: Shows::Table("| what | figure | command |") },
    Block { mark: "layer", shows: Shows::Table("| layer | least ns | of `TraceLayer` | instructions |") },
];

/// Writes the outputs and the figures into README.
pub(crate) fn write() -> Result<()> {
    fs::write(README, fresh()?)?;
    Ok(())
}

/// Fails if README shows something else than the programs print and the pages say.
pub(crate) fn check() -> Result<()> {
    if fs::read_to_string(README)? != fresh()? {
        bail!(
            "README.md does not show what the programs print, or what {FIGURES} says: run `cargo xtask readme` and look at the difference"
        );
    }
    println!("readme: shows what the programs print");
    Ok(())
}

fn fresh() -> Result<String> {
    BLOCKS.iter().try_fold(fs::read_to_string(README)?, |text, block| {
        let (open, close) = (format!("<!-- {} -->", block.mark), format!("<!-- /{} -->", block.mark));
        let (before, rest) = text.split_once(&open).with_context(|| format!("README.md has no {open}"))?;
        let (_, after) = rest.split_once(&close).with_context(|| format!("README.md has no {close}"))?;
        Ok(format!("{before}{open}\n{}\n{close}{after}", block.shows.text()?))
    })
}

impl Shows {
    fn text(&self) -> Result<String> {
        match self {
            Self::Output { fence, prompt, command } => {
                Ok(format!("```{fence}\n{prompt}{}\n```", output(command)?.trim_end()))
            }
            Self::Table(head) => {
                let page = fs::read_to_string(FIGURES).context(FIGURES)?;
                let table =
                    page.lines().skip_while(|line| line != head).take_while(|line| line.starts_with('|'));
                let rows: Vec<&str> = table.collect();
                if rows.len() < 3 {
                    bail!("{FIGURES} has no table that begins with `{head}`");
                }
                Ok(rows.join("\n"))
            }
        }
    }
}
