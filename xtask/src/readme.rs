//! Keeps what README shows equal to what the programs print.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::printed::output;

const README: &str = "README.md";

/// A marked block of README and the command whose output it shows.
struct Block {
    mark: &'static str,
    fence: &'static str,
    /// What stands before the output.
    prompt: &'static str,
    command: &'static [&'static str],
}

const BLOCKS: [Block; 2] = [
    Block {
        mark: "quickstart",
        fence: "text",
        prompt: "",
        command: &["run", "--quiet", "--example", "quickstart", "--features", "reqwest-middleware,testing"],
    },
    Block {
        mark: "method",
        fence: "console",
        prompt: "$ gcp-scopes method POST 'https://storage.googleapis.com/upload/storage/v1/b/B/o?uploadType=media&name=x'\n",
        command: &[
            "run",
            "--quiet",
            "--bin",
            "gcp-scopes",
            "--features",
            "cli",
            "--",
            "method",
            "POST",
            "https://storage.googleapis.com/upload/storage/v1/b/B/o?uploadType=media&name=x",
        ],
    },
];

/// Writes the outputs into README.
pub(crate) fn write() -> Result<()> {
    fs::write(README, fresh()?)?;
    Ok(())
}

/// Fails if README shows something else than the programs print.
pub(crate) fn check() -> Result<()> {
    if fs::read_to_string(README)? != fresh()? {
        bail!(
            "README.md does not show what the programs print: run `cargo xtask readme` and look at the difference"
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
        let shown = format!("```{}\n{}{}\n```", block.fence, block.prompt, output(block.command)?.trim_end());
        Ok(format!("{before}{open}\n{shown}\n{close}{after}"))
    })
}
