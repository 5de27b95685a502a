//! The recommended option as a shell script, for `--script`.

use gcp_scopes_explain::remedy::{RemedyOption, Step};

/// Returns a script that carries out an option. The script stops as long as a placeholder is not
/// replaced, and asks before a command that stops or destroys something.
pub(crate) fn of(option: &RemedyOption) -> String {
    let steps = option.steps().iter().enumerate();
    let steps: String = steps.map(|(index, step)| of_step(index + 1, step)).collect();
    [
        "#!/usr/bin/env bash\n".to_owned(),
        comment(option.title()),
        comment("Read the script before you run it. It was made by gcp-scopes."),
        option.runs_as().map(comment).unwrap_or_default(),
        "set -euo pipefail\n".to_owned(),
        stop_at_placeholders(option),
        option.destroys().map(ask).unwrap_or_default(),
        steps,
    ]
    .concat()
}

/// Returns a step: its text as a comment, and its command. Program code becomes a comment. So does
/// a command of gcp-scopes, which must run where the program runs, and not where the script runs.
fn of_step(number: usize, step: &Step) -> String {
    let code = step.code_line().map(comment).unwrap_or_default();
    let pages = [step.console_url(), step.doc_url()].into_iter().flatten();
    let command = step.command_line().map(|line| match line {
        _ if line.starts_with("gcp-scopes ") => comment(line),
        // The part after `||` starts a stopped machine again. The script must not go on after it.
        _ => match line.split_once(" || ") {
            Some((parts, rescue)) => format!("{parts} || {{ {rescue}; exit 1; }}\n"),
            None => format!("{line}\n"),
        },
    });
    let command = command.unwrap_or_default();
    format!("\n{}{code}", comment(&format!("{number}. {}", step.text())))
        + &pages.map(comment).collect::<String>()
        + &command
}

/// Returns lines that end the script as long as a step contains a placeholder for an unknown name.
fn stop_at_placeholders(option: &RemedyOption) -> String {
    let mut open: Vec<&str> =
        option.steps().iter().flat_map(|step| step.placeholders()).copied().collect();
    open.sort_unstable();
    open.dedup();
    if open.is_empty() {
        return String::new();
    }
    let text = format!("replace these words first, then delete this line: {}", open.join(" "));
    format!("\necho {} >&2; exit 2\n", quoted(&text))
}

/// Returns lines that ask before the commands run, unless the argument `--yes` is given.
fn ask(destroys: &str) -> String {
    format!(
        "\nif [ \"${{1:-}}\" != --yes ]; then\n  echo {} >&2\n  printf 'Go on? [y/N] ' >&2\n  \
         read -r answer || answer=\n  [ \"$answer\" = y ] || exit 1\nfi\n",
        quoted(destroys)
    )
}

/// Returns a text as comment lines.
fn comment(text: &str) -> String {
    text.lines().map(|line| format!("# {line}").trim_end().to_owned() + "\n").collect()
}

/// Returns a text as one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
