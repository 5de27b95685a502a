//! The fuzz target for reports: everything that people read and paste after a refusal.

use std::sync::Arc;

use gcp_scopes_catalog::call::Call;
use gcp_scopes_catalog::{Endpoints, lookup};

use super::fuzzed_world::{FuzzedWorld, ReportedAs};
use crate::decide::{decide, explain};
use crate::denial::Denial;
use crate::layout::Layout;
use crate::refusal::{Refusal, classify, classify_text};
use crate::remedy::{self, RemedyOption, Step};

/// Writes the reports of a world in one of their forms. Checks that no text has a control character
/// or an invisible character. Checks that no name ends a string in a line of code, and that no
/// address contains a character that a browser would interpret. Returns the shell commands of the
/// reports.
///
/// An input chooses one form, because a run with all forms takes twice as long.
///
/// # Panics
/// Panics if a check fails.
pub fn reports(data: &[u8]) -> Vec<String> {
    let world = FuzzedWorld::new(data);
    let refusal = match world.form {
        ReportedAs::Answer => classify(&world.answer()),
        ReportedAs::PastedText => classify_text(world.text()),
        ReportedAs::Denial => None,
    };
    let mut options: Vec<RemedyOption> =
        refusal.iter().flat_map(|refusal| options_of(&world, refusal)).collect();
    if world.form == ReportedAs::Denial {
        let denials = denials(&world);
        options.extend(denials.iter().flat_map(|denial| check_denial(denial, &world.layout)));
    }
    let steps = || options.iter().flat_map(RemedyOption::steps);
    steps().for_each(check_step);
    let mut commands: Vec<String> =
        steps().filter_map(Step::command_line).map(str::to_owned).collect();
    commands.sort_unstable();
    commands.dedup();
    commands
}

/// Returns the options for a refusal by any gate.
fn options_of(world: &FuzzedWorld, refusal: &Refusal) -> Vec<RemedyOption> {
    let mut options = remedy::for_refusal(refusal, &world.environment);
    assert!(options.first().is_some_and(RemedyOption::is_recommended), "no recommended option");
    if let Some(uri) = &world.uri {
        let call = Call::new(&world.method, uri);
        options.extend(remedy::for_refused_call(refusal, &world.environment, &call));
    }
    assert!(options.iter().all(|option| !option.steps().is_empty()), "an option without a step");
    check_page(&world.layout.options("What to do:", &options));
    options
}

/// Returns the denials of the call: after the refusal, and before the call if it is predicted.
fn denials(world: &FuzzedWorld) -> Vec<Denial> {
    let here = Arc::new(world.environment.clone());
    let Some(uri) = &world.uri else { return Vec::new() };
    let call = lookup(&Call::new(&world.method, uri), &Endpoints::new());
    let predicted = decide(&call, &world.granted, &here).ok().flatten();
    predicted.into_iter().chain(explain(&call, &world.granted, &here, &world.answer())).collect()
}

/// Checks all texts of a denial. Returns its options.
fn check_denial(denial: &Denial, layout: &Layout) -> Vec<RemedyOption> {
    let report = denial.report_in(layout);
    check_page(&report);
    assert!(report.len() < 32 * 1024, "a report of 32 KiB");
    let json = serde_json::to_string(denial).expect("the denial cannot be serialized");
    let response = denial.to_response().into_body();
    let lines = [denial.to_string(), format!("{denial:?}"), json, response.replace('\n', " ")];
    lines.iter().chain([&denial.summary().to_owned()]).for_each(|line| check_line(line));
    assert!(denial.options().iter().all(|option| !option.steps().is_empty()));
    denial.options().to_vec()
}

fn check_page(page: &str) {
    page.lines().for_each(check_line);
}

/// Checks that a terminal shows the line as it is.
fn check_line(line: &str) {
    // Most lines have only printable ASCII characters.
    if line.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return;
    }
    let hidden = line.chars().find(|character| character.is_control() || is_invisible(*character));
    assert_eq!(hidden, None, "{line:?}");
}

/// Returns whether the character has the general category Cf, Zl or Zp of Unicode 16: it is
/// invisible, or changes how the characters beside it are shown. Source:
/// <https://www.unicode.org/Public/16.0.0/ucd/extracted/DerivedGeneralCategory.txt>.
fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}'
        | '\u{8e2}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0001}' | '\u{e0020}'..='\u{e007f}')
}

/// Checks the texts of a step, and that no name ends a string in code or an address.
fn check_step(step: &Step) {
    let pasted = [step.command_line(), step.code_line(), step.console_url()];
    let pasted = pasted.into_iter().flatten().flat_map(str::lines);
    pasted.chain([step.text()]).for_each(check_line);
    for literal in step.code_line().into_iter().flat_map(|code| code.split('"').skip(1).step_by(2))
    {
        assert!(literal.bytes().all(is_word_byte), "{:?}", step.code_line());
    }
    if let Some(page) = step.console_url() {
        let is_plain = |byte| is_word_byte(byte) || b"?&=;()".contains(&byte);
        let is_google = CONSOLES.iter().any(|console| page.starts_with(console));
        assert!(page.bytes().all(is_plain) && is_google, "{page}");
    }
}

/// The web sites to which steps refer people.
const CONSOLES: [&str; 2] = ["https://console.cloud.google.com/", "https://admin.google.com/"];

/// Returns whether neither a shell nor Rust nor a browser gives the byte a meaning.
fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/:.-_@,".contains(&byte)
}
