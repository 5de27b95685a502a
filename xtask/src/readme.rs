//! `cargo xtask readme`: writes into README.md and docs/command.md what programs print.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::printed;

/// A block of a page between `<!-- mark -->` and `<!-- /mark -->`, which shows the output of a
/// command.
struct OutputBlock {
    page: &'static str,
    mark: &'static str,
    /// The language of the code block.
    fence: &'static str,
    /// The text before the output.
    prompt: &'static str,
    program: ShownProgram,
    arguments: &'static [&'static str],
    /// The texts in the output before and after the shown part; empty for the whole output.
    around: [&'static str; 2],
}

/// The program whose output a block shows.
enum ShownProgram {
    Cargo,
    /// The command of this project.
    GcpScopes,
}

const BLOCKS: [OutputBlock; 2] = [
    OutputBlock {
        page: "README.md",
        mark: "report",
        fence: "text",
        prompt: "",
        program: ShownProgram::Cargo,
        arguments: &["run", "--quiet", "--example", "quickstart"],
        around: ["== With the guard\n", "== The fix is applied"],
    },
    OutputBlock {
        page: "docs/command.md",
        mark: "method",
        fence: "console",
        prompt: "$ gcp-scopes method POST \
            'https://storage.googleapis.com/upload/storage/v1/b/B/o?uploadType=media&name=x'\n",
        program: ShownProgram::GcpScopes,
        arguments: &[
            "method",
            "POST",
            "https://storage.googleapis.com/upload/storage/v1/b/B/o?uploadType=media&name=x",
        ],
        around: ["", ""],
    },
];

/// Writes the generated blocks into their pages.
pub(crate) fn write() -> Result<()> {
    BLOCKS.iter().try_for_each(|block| Ok(fs::write(block.page, block.generate()?)?))
}

/// Returns an error if a block differs from its generated content.
pub(crate) fn check() -> Result<()> {
    for block in &BLOCKS {
        if fs::read_to_string(block.page)? != block.generate()? {
            bail!(
                "{} differs from what the programs print: run `cargo xtask readme` and check the \
                 difference",
                block.page
            );
        }
    }
    println!("readme: the generated blocks are up to date");
    Ok(())
}

impl OutputBlock {
    /// Returns the text of the page with the block generated anew.
    fn generate(&self) -> Result<String> {
        let Self { page, mark, .. } = self;
        let text = fs::read_to_string(page)?;
        let (open, close) = (format!("<!-- {mark} -->"), format!("<!-- /{mark} -->"));
        let (before, rest) =
            text.split_once(&open).with_context(|| format!("{page} has no {open}"))?;
        let (_, after) =
            rest.split_once(&close).with_context(|| format!("{page} has no {close}"))?;
        Ok(format!("{before}{open}\n{}\n{close}{after}", self.content()?))
    }

    fn content(&self) -> Result<String> {
        let printed = match self.program {
            ShownProgram::Cargo => printed::output(self.arguments)?,
            ShownProgram::GcpScopes => printed::command_output(self.arguments)?,
        };
        let [start, end] = self.around;
        let (_, shown) = printed.split_once(start).with_context(|| format!("no `{start}`"))?;
        let shown = if end.is_empty() { shown } else { shown.split(end).next().unwrap_or(shown) };
        Ok(format!("```{}\n{}{}\n```", self.fence, self.prompt, shown.trim()))
    }
}
