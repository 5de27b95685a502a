//! Runs the compiled command `gcp-scopes` with no environment variables but those that a test sets.
#![allow(clippy::unwrap_used, reason = "clippy.toml allows it in tests, but not in what they call")]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};

/// Returns the command with arguments, an empty environment, and pipes for its outputs.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gcp-scopes"));
    command
        .env_clear()
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// The exit code of a command, and its outputs, which are UTF-8.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Finished {
    /// Returns standard output with single spaces in place of line breaks and indentation, so that
    /// a test does not depend on where lines are wrapped.
    #[allow(dead_code, reason = "some tests read JSON alone")]
    pub(crate) fn words(&self) -> String {
        self.out.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// Runs a command to its end, with `input` on its standard input.
pub(crate) fn finish(command: &mut Command, input: &[u8]) -> Finished {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // Writing fails if the command ends without reading its input, which is allowed.
    let writer = std::thread::spawn(move || stdin.write_all(&input).ok());
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let finished = Finished { code: status.code().unwrap(), out: text(stdout), err: text(stderr) };
    finished.out.lines().for_each(assert_fits_schema);
    finished
}

/// The published description of the JSON that the command prints.
const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/schema/gcp-scopes.json");

/// The description of the findings about machines.
const PLAN_SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/schema/plan-1.json");

/// The description of SARIF, as far as the command writes it.
const SARIF_SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/sarif-2.1.0.json");

thread_local! {
    /// The compiled description of each form.
    static FORMS: (boon::Schemas, BTreeMap<&'static str, boon::SchemaIndex>) = forms();
}

fn forms() -> (boon::Schemas, BTreeMap<&'static str, boon::SchemaIndex>) {
    let (mut compiler, mut schemas) = (boon::Compiler::new(), boon::Schemas::new());
    compiler.enable_format_assertions();
    for (name, path) in [("schema", SCHEMA), ("plan", PLAN_SCHEMA), ("sarif", SARIF_SCHEMA)] {
        let schema = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        compiler.add_resource(&format!("memory:///{name}.json"), schema).unwrap();
    }
    let names = ["explain", "explain_all", "denial", "method", "self_check", "error"];
    let forms = names.map(|name| {
        let form = format!("memory:///schema.json#/$defs/{name}");
        (name, compiler.compile(&form, &mut schemas).unwrap())
    });
    let others = ["plan", "sarif"].map(|name| {
        let form = compiler.compile(&format!("memory:///{name}.json"), &mut schemas);
        (name, form.unwrap())
    });
    (schemas, forms.into_iter().chain(others).collect())
}

/// Asserts that a line of JSON that names its form has that form. SARIF names its version.
#[allow(dead_code, reason = "one test serializes a value of the library")]
pub(crate) fn assert_fits_schema(line: &str) {
    let Some(value) = serde_json::from_str::<serde_json::Value>(line).ok() else { return };
    let form = match value["schema"].as_str().and_then(|name| name.split('/').nth(1)) {
        Some("check" | "whoami") => "self_check",
        Some(name) => name,
        None if value["version"] == "2.1.0" => "sarif",
        None => return,
    };
    FORMS.with(|(schemas, forms)| {
        let result = schemas.validate(&value, forms[form]);
        assert!(result.is_ok(), "{}\n{line}", result.unwrap_err());
    });
}

/// Runs the command with arguments and an input. Returns the exit code, standard output and
/// standard error.
#[allow(dead_code, reason = "some tests set variables, too")]
pub(crate) fn run(args: &[&str], input: &[u8]) -> (i32, String, String) {
    let Finished { code, out, err } = finish(&mut command(args), input);
    (code, out, err)
}
