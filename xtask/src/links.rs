//! `cargo xtask links`: checks that the links of all Markdown files inside the repository lead to
//! files and headings that exist. Links to other sites are not requested.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::workspace;

/// Returns an error that lists the links that lead nowhere.
pub(crate) fn check() -> Result<()> {
    let (mut count, mut broken) = (0, Vec::new());
    for file in markdown_files()? {
        let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        for target in targets(&text) {
            count += 1;
            if !exists(&file, &text, target) {
                let shown = file.strip_prefix(workspace::root()).unwrap_or(&file).display();
                broken.push(format!("{shown}: {target}"));
            }
        }
    }
    if !broken.is_empty() {
        bail!("these links lead nowhere:\n  {}", broken.join("\n  "));
    }
    println!("links: {count} links inside the repository lead to a file or a heading");
    Ok(())
}

/// Returns the Markdown files that git knows.
fn markdown_files() -> Result<Vec<PathBuf>> {
    let arguments = ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"];
    let output = Command::new("git").args(arguments).current_dir(workspace::root()).output();
    let output = output.context("cannot run `git ls-files`")?;
    let names = String::from_utf8(output.stdout)?;
    let files = names.lines().map(|name| workspace::root().join(name));
    // A file that is deleted, but not yet committed, is still listed.
    Ok(files.filter(|file| file.is_file()).collect())
}

/// Returns the targets of links, except those of other sites.
fn targets(text: &str) -> impl Iterator<Item = &str> {
    let links = lines(text).flat_map(|line| line.split("](").skip(1));
    let targets = links.filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
    targets.filter(|target| !target.contains("://") && !target.starts_with("mailto:"))
}

/// Returns the lines outside of code blocks.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

/// Checks whether a link in a file leads to a file or folder, and to a heading of it if the link
/// names one.
fn exists(file: &Path, text: &str, target: &str) -> bool {
    let (path, heading) = target.split_once('#').unwrap_or((target, ""));
    if path.is_empty() {
        return anchors(text).contains(heading);
    }
    let linked = file.parent().unwrap_or(file).join(path);
    if heading.is_empty() {
        return linked.exists();
    }
    fs::read_to_string(linked).is_ok_and(|text| anchors(&text).contains(heading))
}

/// Returns the anchors of a page's headings, as GitHub derives them: in lower case, spaces as
/// hyphens, without punctuation. A heading that occurs again gets a number.
fn anchors(text: &str) -> HashSet<String> {
    let mut anchors = HashSet::new();
    for line in lines(text).filter(|line| line.starts_with('#')) {
        let kept = |c: &char| c.is_alphanumeric() || [' ', '-', '_'].contains(c);
        let title = line.trim_start_matches('#').trim();
        let anchor: String = title.chars().filter(kept).collect();
        let anchor = anchor.to_lowercase().replace(' ', "-");
        let numbered = (1..).map(|number| format!("{anchor}-{number}"));
        let names = std::iter::once(anchor.clone()).chain(numbered);
        let free = names.into_iter().find(|name| !anchors.contains(name));
        anchors.extend(free);
    }
    anchors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_have_the_anchors_of_github() {
        let page = "# The `guard`: a, b\n## A\n## A\n```sh\n# no heading\n```\n";
        let expected = ["the-guard-a-b", "a", "a-1"].map(str::to_owned);
        assert_eq!(anchors(page), HashSet::from(expected));
    }

    #[test]
    fn links_to_other_sites_and_in_code_are_left_out() {
        let page = "[a](b.md#c) [d](https://e.test)\n```\n[f](g)\n```\n![h](i.svg)";
        assert_eq!(targets(page).collect::<Vec<_>>(), ["b.md#c", "i.svg"]);
    }
}
