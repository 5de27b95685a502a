//! Checks the shell commands of reports with [brush-parser](https://docs.rs/brush-parser), the
//! parser of a shell.
//!
//! A command that people paste must do what its author wrote, whatever names it contains. So the
//! parser must find only the commands, operators and expansions of the product, and outside of
//! quotes only characters that no shell interprets.

use std::cell::RefCell;
use std::collections::HashSet;

use brush_parser::ast::{
    AndOr, AssignmentName, AssignmentValue, Command, CommandPrefixOrSuffixItem, CompoundList,
    Pipeline, Program, SeparatorOperator, SimpleCommand,
};
use brush_parser::word::{self, Parameter, ParameterExpr, WordPiece, WordPieceWithSource};
use brush_parser::{ParserOptions, parse_tokens, uncached_tokenize_str};

/// The programs that commands run. `sudo` runs `scontrol` on the controller of a Slurm cluster.
const PROGRAMS: [&str; 10] = [
    "export",
    "gcloud",
    "gcluster",
    "gcp-scopes",
    "kubectl",
    "ls",
    "sudo",
    "terraform",
    "test",
    "unset",
];

/// The flags that only the code writes, and not the texts of reports.
const FLAGS: [&str; 4] = ["--iam-account", "--keyring", "--location", "--region"];

/// The texts of all reports. Commands may expand only the variables that these files name.
const ADVICE: [&str; 9] = [
    include_str!("../../crates/explain/src/remedy/advice/anywhere.txt"),
    include_str!("../../crates/explain/src/remedy/advice/credentials.txt"),
    include_str!("../../crates/explain/src/remedy/advice/gates.txt"),
    include_str!("../../crates/explain/src/remedy/advice/machines.txt"),
    include_str!("../../crates/explain/src/remedy/advice/owners.txt"),
    include_str!("../../crates/explain/src/remedy/advice/people.txt"),
    include_str!("../../crates/explain/src/remedy/advice/products.txt"),
    include_str!("../../crates/explain/src/remedy/advice/programs.txt"),
    include_str!("../../crates/explain/src/remedy/advice/registries.txt"),
];

/// The maximum number of commands that are remembered as checked. Parsing takes ten times as long
/// as writing a report, and most reports have the same commands.
const REMEMBERED: usize = 100_000;

thread_local! {
    /// The commands that were checked.
    static CHECKED: RefCell<HashSet<String>> = RefCell::default();
}

/// Checks that the command is one that the product wrote: a list of calls of known programs.
///
/// # Panics
/// Panics if the command is no such list.
pub fn check_command(command: &str) {
    if !CHECKED.with_borrow(|checked| checked.contains(command)) {
        check(command);
        CHECKED.with_borrow_mut(|checked| {
            checked.len() < REMEMBERED && checked.insert(command.to_owned())
        });
    }
}

/// Parses and checks a command.
fn check(command: &str) {
    parse(command).complete_commands.iter().for_each(check_list);
}

/// Checks commands that run one after the other.
fn check_list(list: &CompoundList) {
    for item in &list.0 {
        assert!(matches!(item.1, SeparatorOperator::Sequence), "{list}: in the background");
        let rest = item.0.additional.iter().map(|next| match next {
            AndOr::And(pipeline) | AndOr::Or(pipeline) => pipeline,
        });
        std::iter::once(&item.0.first).chain(rest).for_each(check_pipeline);
    }
}

fn parse(command: &str) -> Program {
    let options = options();
    let tokens = uncached_tokenize_str(command, &options.tokenizer_options());
    let tokens = tokens.unwrap_or_else(|error| panic!("{command}: {error}"));
    let end = tokens.last().map_or(0, |token| token.location().end.index);
    assert_eq!(end, command.chars().count(), "{command}: a shell skips the rest");
    parse_tokens(&tokens, &options).unwrap_or_else(|error| panic!("{command}: {error}"))
}

/// Returns the options for a POSIX shell.
fn options() -> ParserOptions {
    ParserOptions {
        enable_extended_globbing: false,
        posix_mode: true,
        sh_mode: true,
        ..Default::default()
    }
}

fn check_pipeline(pipeline: &Pipeline) {
    assert!(!pipeline.bang, "{pipeline}");
    for (index, command) in pipeline.seq.iter().enumerate() {
        let Command::Simple(command) = command else { panic!("{command} is no simple command") };
        // The first words show which pipe of the product it is.
        let text = command.to_string();
        let words: Vec<&str> = text.split(' ').take(2).collect();
        let pipe = format!("| {}", words.join(" "));
        let is_of_product = ADVICE.iter().any(|advice| advice.contains(&pipe));
        assert!(index == 0 || is_of_product, "{pipeline}");
        check_simple_command(command);
    }
}

/// Checks a call of a program, or an assignment of the output of a program.
fn check_simple_command(command: &SimpleCommand) {
    let prefix = command.prefix.iter().flat_map(|prefix| &prefix.0);
    let suffix = command.suffix.iter().flat_map(|suffix| &suffix.0);
    for item in prefix.chain(suffix) {
        match item {
            CommandPrefixOrSuffixItem::Word(word) => check_word(&word.value, false),
            CommandPrefixOrSuffixItem::AssignmentWord(assignment, word) => {
                assert!(is_product_variable(&assignment.name), "{word}");
                match &assignment.value {
                    AssignmentValue::Scalar(value) => check_word(&value.value, true),
                    AssignmentValue::Array(_) => panic!("{word} is no word of a POSIX shell"),
                }
            }
            other => panic!("{command}: {other}"),
        }
    }
    let program = command.word_or_name.as_ref().map(|word| word.value.as_str());
    let is_assignment = command.prefix.is_some() && program.is_none();
    assert!(
        is_assignment || program.is_some_and(|program| PROGRAMS.contains(&program)),
        "{command}"
    );
}

/// Checks a word. Only in an assignment may an expansion be outside of quotes, because a shell
/// splits the value everywhere else.
fn check_word(text: &str, is_assignment: bool) {
    let flag = text.split('=').next().filter(|flag| flag.starts_with('-'));
    assert!(flag.is_none_or(is_product_flag), "{text} is no flag of the product");
    let pieces = word::parse(text, &options()).unwrap_or_else(|error| panic!("{text}: {error}"));
    for piece in &pieces {
        match &piece.piece {
            WordPiece::Text(plain) => {
                assert!(plain.bytes().all(is_inert), "{text}: {plain} is not quoted")
            }
            WordPiece::SingleQuotedText(_) => {}
            WordPiece::DoubleQuotedSequence(quoted) => {
                quoted.iter().for_each(|piece| check_expansion(text, piece));
            }
            _ if is_assignment => check_expansion(text, piece),
            other => panic!("{text}: {other:?} is not quoted"),
        }
    }
}

/// Checks an expansion in double quotes or in an assignment.
fn check_expansion(text: &str, piece: &WordPieceWithSource) {
    match &piece.piece {
        WordPiece::Text(_) => {}
        WordPiece::CommandSubstitution(command) => {
            // The first words show which command of the product it is.
            let words: Vec<&str> = command.split(' ').take(4).collect();
            let start = format!("$({}", words.join(" "));
            assert!(ADVICE.iter().any(|advice| advice.contains(&start)), "{text}: {command}");
            check(command);
        }
        WordPiece::ParameterExpansion(ParameterExpr::Parameter {
            parameter: Parameter::Named(name),
            indirect: false,
        }) if is_variable_of_advice(name) => {}
        other => panic!("{text}: {other:?}"),
    }
}

fn is_product_flag(flag: &str) -> bool {
    FLAGS.contains(&flag) || ADVICE.iter().any(|text| text.contains(flag))
}

/// Returns whether a command of the texts of reports sets a variable of this name.
fn is_product_variable(name: &AssignmentName) -> bool {
    let AssignmentName::VariableName(name) = name else { return false };
    let assignment = format!(" {name}=");
    ADVICE.iter().any(|text| text.contains(&assignment))
}

/// Returns whether the texts of reports expand a variable of this name.
fn is_variable_of_advice(name: &str) -> bool {
    let uses = [format!("${name}"), format!("${{{name}}}")];
    ADVICE.iter().any(|text| uses.iter().any(|expansion| text.contains(expansion)))
}

/// Returns whether no shell gives the byte a meaning.
fn is_inert(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/:.-_@,=%+".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_of_reports_are_accepted() {
        for command in [
            "gcloud compute instances stop web-1 --zone=us-central1-a && gcloud compute instances \
             list",
            "gcloud logging read 'protoPayload.violationReason:*' --project=shop-prod",
            "gcp-scopes whoami",
        ] {
            check(command);
        }
    }

    #[test]
    fn what_a_name_could_add_is_found() {
        for command in [
            "gcloud projects list; reboot",
            "gcloud projects list | sh",
            "gcloud projects list &",
            "gcloud projects list > f",
            "gcloud projects describe $(reboot)",
            "gcloud projects describe \"$(reboot)\"",
            "gcloud projects describe `reboot`",
            "gcloud projects describe $HOME",
            "gcloud projects describe \"$HOME\"",
            "gcloud projects describe it's",
            "gcloud projects describe a\\ b",
            "gcloud projects describe *",
            "gcloud projects describe ~",
            "gcloud projects describe {a,b}",
            "gcloud projects describe #a",
            "gcloud projects list --flags-file=f",
            "PATH=. gcloud projects list",
            "(gcloud projects list)",
            "if true; then gcloud projects list; fi",
        ] {
            assert!(std::panic::catch_unwind(|| check(command)).is_err(), "{command}");
        }
    }
}
