//! The recommended option as a shell script, for `--script`.

use gcp_scopes_explain::remedy::{RemedyOption, Step};

/// Returns a script that carries out an option. The script stops while a placeholder is open, and
/// asks before what stops or destroys something.
pub(crate) fn of(option: &RemedyOption) -> String {
    let steps = option.steps().iter().enumerate();
    let steps: String = steps.map(|(index, step)| of_step(index + 1, step)).collect();
    [
        "#!/usr/bin/env bash\n".to_owned(),
        comment(option.title()),
        comment("Read the script before you run it. It was made by gcp-scopes."),
        option.runs_as().map(comment).unwrap_or_default(),
        "set -euo pipefail\n".to_owned(),
        if has_parts(option) { PART_BY_PART.to_owned() } else { String::new() },
        stop_at_placeholders(option),
        option.destroys().map(ask).unwrap_or_default(),
        steps,
    ]
    .concat()
}

/// The function that a command of several parts begins with. Without it, `set -e` would end the
/// command at the first part that fails, and leave a stopped machine stopped.
const PART_BY_PART: &str = "
# Runs the other parts of a command after one has failed, and ends the script after them.
part_by_part() { set +e -E; trap 'trap \"exit 1\" EXIT' ERR; }
";

/// Returns whether a command of the option has several parts.
fn has_parts(option: &RemedyOption) -> bool {
    option.steps().iter().filter_map(Step::command_line).any(|line| line.contains("; "))
}

/// Returns a step: its text as a comment, and its command. Code of a program stays a comment, and
/// so does a command of gcp-scopes, which is for the place where the program runs.
fn of_step(number: usize, step: &Step) -> String {
    let code = step.code_line().map(comment).unwrap_or_default();
    let pages = [step.console_url(), step.doc_url()].into_iter().flatten();
    let command = step.command_line().map(|line| match line {
        _ if line.starts_with("gcp-scopes ") => comment(line),
        _ if line.contains("; ") => format!("(part_by_part; {line})\n"),
        _ => format!("{line}\n"),
    });
    let command = command.unwrap_or_default();
    format!("\n{}{code}", comment(&format!("{number}. {}", step.text())))
        + &pages.map(comment).collect::<String>()
        + &command
}

/// Returns lines that end the script while words stand for names that are not known.
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
