//! `cargo xtask readme`: writes into README.md what programs print, and figures from
//! `docs/performance.md`.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::printed::output;

const README: &str = "README.md";

/// A block of README between `<!-- mark -->` and `<!-- /mark -->`, whose content is generated.
struct ReadmeBlock {
    mark: &'static str,
    content: BlockContent,
}

enum BlockContent {
    /// The output of a command.
    Output {
        /// The language of the code block.
        fence: &'static str,
        /// The text before the output.
        prompt: &'static str,
        /// The arguments of cargo.
        command: &'static [&'static str],
    },
    /// A table of the page [`FIGURES`], given by the first line of the table.
    Table(&'static str),
}

/// The page with the figures of speed and size, and with the commands that measure the figures.
const FIGURES: &str = "docs/performance.md";

const BLOCKS: [ReadmeBlock; 4] = [
    ReadmeBlock {
        mark: "quickstart",
        content: BlockContent::Output {
            fence: "text",
            prompt: "",
            command: &["run", "--quiet", "--example", "quickstart"],
        },
    },
    ReadmeBlock {
        mark: "method",
        content: BlockContent::Output {
            fence: "console",
            prompt: "$ gcp-scopes method POST \
                'https://storage.googleapis.com/upload/storage/v1/b/B/o?uploadType=media&name=x'\n",
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
    ReadmeBlock { mark: "costs", content: BlockContent::Table("| what | figure | command |") },
    ReadmeBlock {
        mark: "layer",
        content: BlockContent::Table("| layer | least ns | of `TraceLayer` | instructions |"),
    },
];

/// Writes the generated blocks into README.
pub(crate) fn write() -> Result<()> {
    fs::write(README, generate()?)?;
    Ok(())
}

/// Returns an error if a block of README differs from its generated content.
pub(crate) fn check() -> Result<()> {
    if fs::read_to_string(README)? != generate()? {
        bail!(
            "README.md differs from what the programs print or from the tables of {FIGURES}: run \
             `cargo xtask readme` and check the difference"
        );
    }
    println!("readme: the generated blocks are up to date");
    Ok(())
}

/// Returns the text of README with all blocks generated anew.
fn generate() -> Result<String> {
    BLOCKS.iter().try_fold(fs::read_to_string(README)?, |text, block| {
        let (open, close) =
            (format!("<!-- {} -->", block.mark), format!("<!-- /{} -->", block.mark));
        let (before, rest) =
            text.split_once(&open).with_context(|| format!("README.md has no {open}"))?;
        let (_, after) =
            rest.split_once(&close).with_context(|| format!("README.md has no {close}"))?;
        Ok(format!("{before}{open}\n{}\n{close}{after}", block.content.text()?))
    })
}

impl BlockContent {
    fn text(&self) -> Result<String> {
        match self {
            Self::Output { fence, prompt, command } => {
                Ok(format!("```{fence}\n{prompt}{}\n```", output(command)?.trim_end()))
            }
            Self::Table(head) => {
                let page = fs::read_to_string(FIGURES).context(FIGURES)?;
                let table = page
                    .lines()
                    .skip_while(|line| line != head)
                    .take_while(|line| line.starts_with('|'));
                let rows: Vec<&str> = table.collect();
                if rows.len() < 3 {
                    bail!("{FIGURES} has no table that begins with `{head}`");
                }
                Ok(rows.join("\n"))
            }
        }
    }
}
