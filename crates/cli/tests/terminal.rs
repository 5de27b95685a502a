//! Tests of the behavior that all verbs of `gcp-scopes` have in common: width, colours, help,
//! errors, and exit codes.
#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![cfg(unix)]

#[path = "support/command.rs"]
mod command;

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use command::{Finished, command, finish, run};
use gcp_scopes::catalog::{SOURCES, VERSION};
use gcp_scopes_testing::{FakeGoogle, Service, Vm};

const VERBS: [&str; 7] = ["method", "explain", "check", "whoami", "emulate", "completions", "man"];
const REFUSAL: &str = "403 POST https://storage.googleapis.com/upload/storage/v1/b/photos/o\
    ?name=x: Request had insufficient authentication scopes.\n";
/// Arguments that explain a refusal on a VM.
const ON_A_VM: [&str; 9] = [
    "explain",
    "--on=gce",
    "--project=my-project",
    "--zone=us-central1-a",
    "--instance=web-1",
    "--held=default",
    "--account=123-compute@developer.gserviceaccount.com",
    "--color=auto",
    "-",
];

/// Returns the report about a refusal on a VM.
fn report(variables: &[(&str, &str)], flags: &[&str]) -> String {
    let Finished { code, out, err } =
        finish(command(&ON_A_VM).args(flags).envs(variables.to_vec()), REFUSAL.as_bytes());
    assert_eq!((code, err.as_str()), (0, ""));
    out
}

/// Returns the width of the widest line of prose.
fn widest_prose(report: &str) -> usize {
    // Commands are not wrapped, and neither is a line of at most two words, such as a fact's name
    // and its value.
    let is_prose = |line: &&str| !line.contains("gcloud ") && line.split_whitespace().count() > 2;
    let prose = report.lines().filter(is_prose);
    prose.map(|line| line.chars().count()).max().unwrap()
}

#[test]
fn reports_follow_columns_and_prose_has_at_most_100_columns() {
    // Each row contains a value of COLUMNS, and the expected width of the widest line of prose.
    let rows = [("50", 40..50), ("80", 70..80), ("100", 80..100), ("400", 80..100), ("1", 25..30)];
    for (columns, widths) in rows {
        let text = report(&[("COLUMNS", columns)], &[]);
        assert!(
            widths.contains(&widest_prose(&text)),
            "{columns}: {}\n{text}",
            widest_prose(&text)
        );
        let commands = text.lines().filter(|line| line.contains("gcloud "));
        assert!(
            commands.count() >= 2 && text.contains("--project=my-project && gcloud compute "),
            "{text}"
        );
    }
    let usual = report(&[], &[]);
    for columns in ["80", "", "0", "wide", "-3"] {
        assert_eq!(report(&[("COLUMNS", columns)], &[]), usual, "{columns}");
    }
}

#[test]
fn colours_need_a_terminal_a_variable_or_a_flag() {
    let is_coloured = |text: &str| text.contains("\u{1b}[");
    type Row = (&'static [(&'static str, &'static str)], &'static [&'static str], bool);
    let rows: [Row; 6] = [
        (&[], &[], false),
        (&[("TERM", "xterm-256color")], &[], false),
        (&[("CLICOLOR_FORCE", "1")], &[], true),
        (&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], &[], false),
        (&[("CLICOLOR_FORCE", "1")], &["--color=never"], false),
        (&[("NO_COLOR", "1")], &["--color", "always"], true),
    ];
    for (variables, flags, coloured) in rows {
        // `flags` may contain `--color`, which clap accepts once.
        let args: Vec<&str> =
            ON_A_VM.iter().filter(|arg| **arg != "--color=auto").copied().collect();
        let Finished { out, .. } = finish(
            command(&args).arg("--verbose").args(flags).envs(variables.to_vec()),
            REFUSAL.as_bytes(),
        );
        assert_eq!(is_coloured(&out), coloured, "{variables:?} {flags:?}: {out}");
        let Finished { err, .. } =
            finish(command(flags).args(["explain", "--on"]).envs(variables.to_vec()), b"");
        assert_eq!(is_coloured(&err), coloured, "{variables:?} {flags:?}: {err}");
    }
    let (code, _, err) = run(&["whoami", "--color", "pink"], b"");
    assert!(code == 64 && err.contains("pink") && err.contains("always"), "{err}");
}

/// Uses `script` of util-linux, which runs a program on a terminal.
#[cfg(target_os = "linux")]
#[test]
fn a_report_on_a_terminal_has_colours_and_its_width() {
    use std::io::Write as _;
    if Command::new("script").arg("--version").output().is_err() {
        writeln!(std::io::stderr(), "SKIPPED: script not found").unwrap();
        return;
    }
    let folder = TestFolder::new("terminal");
    let input = folder.0.join("refusal");
    std::fs::write(&input, REFUSAL).unwrap();
    let show = |columns: u16, variables: &[(&str, &str)]| {
        let program = env!("CARGO_BIN_EXE_gcp-scopes");
        // The last argument, `-` for standard input, is replaced by the name of the file.
        let words = [ON_A_VM[..8].join(" "), input.display().to_string()].join(" ");
        let words = words + " --verbose";
        let line = format!("stty rows 24 cols {columns}; {program} {words}");
        let mut script = Command::new("script");
        script
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("TERM", "xterm")
            .envs(variables.to_vec());
        let output =
            script.args(["-qec", &line, "/dev/null"]).stdin(Stdio::null()).output().unwrap();
        String::from_utf8(output.stdout).unwrap().replace('\r', "")
    };
    assert!(show(90, &[]).contains("\u{1b}[1;31mCLOSED\u{1b}[0m"), "{}", show(90, &[]));
    for columns in [40, 80, 95] {
        let text = show(columns, &[("NO_COLOR", "1")]);
        assert!(!text.contains('\u{1b}'), "{text}");
        assert_eq!(text, report(&[("COLUMNS", &columns.to_string())], &["--verbose"]), "{columns}");
    }
}

#[test]
fn plain_output_of_every_verb_is_sentences() {
    let text = report(&[], &["--plain", "--verbose"]);
    for part in
        ["Gate 1, OAuth scopes of the token: closed.", "\nneeds: any one of", "\nStep 1 of "]
    {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let get = ["--plain", "method", "GET", "https://storage.googleapis.com/storage/v1/b/photos"];
    let (_, method, _) = run(&get, b"");
    let (_, whoami, _) = run(&["whoami", "--plain", "--timeout", "1ms"], b"");
    let (_, iam, _) =
        run(&["explain", "--plain"], b"Required 'compute.instances.list' permission for 'x'");
    for text in [&text, &method, &whoami, &iam] {
        let is_table = |line: &str| line.contains('|') && !line.starts_with("Command: ");
        let drawn = |line: &str| line.starts_with(' ') || line.contains("  ") || is_table(line);
        assert!(!text.lines().any(drawn), "{text}");
        assert!(text.lines().any(|line| line.contains(": ")), "{text}");
    }
}

#[test]
fn plain_is_set_by_flag_or_variable_and_applies_to_json_reports() {
    let is_plain = |text: &str| text.contains("\nmethod: storage.objects.insert");
    type Row = (&'static [(&'static str, &'static str)], &'static [&'static str], bool);
    let rows: [Row; 7] = [
        (&[], &[], false),
        (&[], &["--plain"], true),
        (&[("GCP_SCOPES_PLAIN", "1")], &[], true),
        (&[("GCP_SCOPES_PLAIN", "true")], &[], true),
        (&[("GCP_SCOPES_PLAIN", "0")], &[], false),
        (&[("GCP_SCOPES_PLAIN", "")], &[], false),
        (&[("GCP_SCOPES_PLAIN", "0")], &["--plain"], true),
    ];
    for (variables, flags, plain) in rows {
        assert_eq!(is_plain(&report(variables, flags)), plain, "{variables:?} {flags:?}");
        let json = report(variables, &[&["--format=json"], flags].concat());
        let answer: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(is_plain(answer["report"].as_str().unwrap()), plain, "{variables:?} {flags:?}");
    }
    for text in [run(&["--help"], b"").1, run(&["explain", "--help"], b"").1, run(&["man"], b"").1]
    {
        assert!(text.contains("GCP_SCOPES_PLAIN=1"), "{text}");
    }
}

#[test]
fn without_arguments_the_help_is_printed_and_the_code_is_2() {
    let (code, out, err) = run(&[], b"");
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(
        VERBS.iter().all(|verb| err.contains(&format!("\n  {verb} "))) && err.contains("Examples:"),
        "{err}"
    );
}

#[test]
fn the_version_contains_the_catalogs_version() {
    let (code, out, _) = run(&["--version"], b"");
    let parts = [env!("CARGO_PKG_VERSION"), VERSION, SOURCES];
    assert!(code == 0 && parts.iter().all(|part| out.contains(part)), "{out}");
    assert_eq!(run(&["-V"], b"").1, format!("gcp-scopes {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn help_fits_the_terminal_with_unwrapped_examples() {
    for (columns, widest) in [("80", 80), ("100", 100), ("", 80)] {
        for verb in VERBS {
            let Finished { code, out, .. } =
                finish(command(&[verb, "--help"]).env("COLUMNS", columns), b"");
            let examples = examples(&out);
            let prose = out.lines().filter(|line| !examples.contains(&line.trim().to_owned()));
            let too_wide: Vec<&str> = prose.filter(|line| line.chars().count() > widest).collect();
            assert!(code == 0 && too_wide.is_empty(), "{verb}: {too_wide:#?}");
            assert!(!out.contains('\u{a0}') && !examples.is_empty(), "{verb}: {out}");
        }
    }
}

/// Returns the lines below `Examples:` in a help.
fn examples(help: &str) -> Vec<String> {
    let below = help.lines().skip_while(|line| *line != "Examples:").skip(1);
    below.take_while(|line| line.starts_with("  ")).map(|line| line.trim().to_owned()).collect()
}

/// Returns the commands of the README, without their comments.
fn examples_of_the_readme() -> Vec<String> {
    let lines = include_str!("../README.md").lines().filter(|line| line.starts_with("gcp-scopes "));
    lines.map(|line| line.split(" #").next().unwrap().trim_end().to_owned()).collect()
}

#[tokio::test]
async fn every_example_of_the_readme_and_the_help_runs() {
    let google = FakeGoogle::builder().vm(Vm::new("web-1")).bucket("photos").start().await.unwrap();
    let folder = TestFolder::for_examples(&google);
    let readme = examples_of_the_readme();
    assert_eq!(readme.len(), 4, "{readme:?}");
    let helps =
        VERBS.iter().map(|verb| run(&[verb, "--help"], b"").1).chain([run(&["--help"], b"").1]);
    for examples in helps.map(|help| examples(&help)).chain([readme]) {
        for example in examples {
            if example.contains("gcp-scopes emulate") {
                run_emulator(example.split(" > ").next().unwrap());
                continue;
            }
            let line = with_fake_endpoints(&example, &google);
            let mut shell = Command::new("/bin/sh");
            shell.env_clear().envs(google.env()).env("HOME", &folder.0).current_dir(&folder.0);
            shell.env("PATH", format!("{}:/usr/bin:/bin", folder.0.display()));
            let output = shell.args(["-c", &line]).output().unwrap();
            let code = output.status.code().unwrap();
            // The codes 1 and 2 of `check` and `whoami` are results: a gate is closed, or it is not
            // known whether a gate is open.
            let is_expected = match runs_self_check(&example) {
                true => [0, 1, 2].contains(&code),
                false => code == 0,
            };
            assert!(is_expected, "{line}: {output:?}");
            let has_output = !output.stdout.is_empty() || example.contains(" > ");
            assert!(
                has_output && !String::from_utf8_lossy(&output.stderr).contains("error"),
                "{line}: {output:?}"
            );
        }
    }
}

fn runs_self_check(example: &str) -> bool {
    example.contains("gcp-scopes check") || example.contains("gcp-scopes whoami")
}

/// Returns an example of `check` or `whoami` with additional flags, which send the requests to the
/// fake.
fn with_fake_endpoints(example: &str, google: &FakeGoogle) -> String {
    if !runs_self_check(example) {
        return example.to_owned();
    }
    let apis =
        [("storage", Service::Storage), ("pubsub", Service::OtherApi), ("oauth2", Service::OAuth)];
    apis.iter().fold(example.to_owned(), |line, (api, service)| {
        format!("{line} --endpoint {api}={}", google.url_of(*service))
    })
}

/// Starts an example of `emulate`, and sends the signal of Ctrl-C when the variables are printed.
fn run_emulator(example: &str) {
    let words: Vec<&str> = example.split(' ').skip(1).collect();
    let mut child = command(&words).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let variables = lines.take_while(|line| !line.starts_with('#')).count();
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(variables > 5 && kill.success() && child.wait().unwrap().success(), "{example}");
}

/// A folder for one test, which is removed on drop.
struct TestFolder(PathBuf);

impl TestFolder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("gcp-scopes-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Creates a folder with the files that the examples read, and with scripts in place of `curl`
    /// and `gcloud`.
    fn for_examples(google: &FakeGoogle) -> Self {
        let folder = Self::new("examples");
        let question =
            r#"{"verb": "GET", "url": "https://storage.googleapis.com/storage/v1/b/photos"}"#;
        let response =
            r#"{"transport": "text", "status": null, "headers": {}, "body": "Error 403"}"#;
        let answer = r#"{"overallAccessState": "CANNOT_ACCESS", "accessTuple":
            {"principal": "me@example.com", "permission": "storage.objects.get"},
            "allowPolicyExplanation": {"allowAccessState": "ALLOW_ACCESS_STATE_NOT_GRANTED"}}"#;
        let token = google.mint("me@example.com", ["drive.readonly"]);
        let files = [
            ("answer.json", answer),
            ("error.log", REFUSAL),
            ("error.json", REFUSAL),
            ("questions.jsonl", question),
            ("answers.jsonl", response),
            ("curl", "#!/bin/sh\ncat error.log\n"),
            ("gcloud", &format!("#!/bin/sh\necho {token}\n")),
        ];
        for (name, text) in files {
            let path = folder.0.join(name);
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        symlink(env!("CARGO_BIN_EXE_gcp-scopes"), folder.0.join("gcp-scopes")).unwrap();
        for path in
            [".local/share/bash-completion/completions", ".zfunc", ".config/fish/completions"]
        {
            std::fs::create_dir_all(folder.0.join(path)).unwrap();
        }
        std::fs::create_dir_all(folder.0.join(".local/share/man/man1")).unwrap();
        folder
    }
}

impl Drop for TestFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn every_verb_has_a_manual_page() {
    let pages = VERBS.iter().map(|verb| (format!("gcp-scopes-{verb}"), run(&["man", verb], b"")));
    let pages = pages.chain([("gcp-scopes".to_owned(), run(&["man"], b""))]);
    for (title, (code, page, err)) in pages {
        assert_eq!((code, err.as_str()), (0, ""), "{title}");
        assert!(
            page.contains(&format!("\n.TH {title} 1 ")) && page.contains(".SH EXAMPLES"),
            "{page}"
        );
        let is_text = |line: &str| !line.is_empty() && !line.starts_with('.');
        for section in page.split("\n.SH ").skip(1) {
            assert!(section.lines().skip(1).any(is_text), "{title} has an empty section {section}");
        }
    }
    let (_, page, _) = run(&["man"], b"");
    for verb in VERBS {
        assert!(page.contains(&format!("gcp\\-scopes\\-{verb}(1)")), "{verb} is not in {page}");
    }
}

/// Arguments of twelve calls of the command. Some calls read standard input, some send requests,
/// and the others do neither.
const CALLS: [&[&str]; 12] = [
    &["--help"],
    &["--version"],
    &["man"],
    &["completions", "bash"],
    &["explain"],
    &["explain", "--format=json"],
    &["explain", "--jsonl"],
    &["method", "--jsonl"],
    &["method", "GET", "https://storage.googleapis.com/storage/v1/b/photos"],
    &["check", "--need=storage.objects.get", "--timeout=1ms"],
    &["whoami", "--timeout=1ms"],
    &["whoami", "--timeout=1ms", "--token-stdin"],
];

#[test]
fn a_closed_output_pipe_is_no_failure_of_any_verb() {
    for args in CALLS {
        let mut child = command(args).stdin(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut stdin = child.stdin.take().unwrap();
        // Writing fails if the command has ended without reading its input.
        let _ = std::io::Write::write_all(&mut stdin, REFUSAL.as_bytes());
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(
            !err.contains("panicked") && !err.contains("cannot read or write"),
            "{args:?}: {err}"
        );
        assert!(output.status.code().is_some_and(|code| [0, 1, 2, 64].contains(&code)), "{args:?}");
    }
}

/// Linux has a device, `/dev/full`, on which every write fails.
#[cfg(target_os = "linux")]
#[test]
fn an_output_that_cannot_be_written_is_a_failure() {
    // The first six calls fail if their output cannot be written. Some other calls, such as
    // `check`, do not fail, because their exit codes report their results.
    for args in &CALLS[..6] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let Finished { code, err, .. } = finish(command(args).stdout(full), REFUSAL.as_bytes());
        assert!(code == 1 && err.contains("cannot read or write"), "{args:?}: {code} {err}");
    }
}

#[test]
fn no_input_makes_a_verb_panic_or_print_control_characters() {
    // Every byte, in an irregular order: 2654435761 is the multiplier of Knuth's multiplicative
    // hash.
    let noise: Vec<u8> =
        (0..1 << 19).map(|index: u32| (index.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let inputs =
        [Vec::new(), b"\n".to_vec(), vec![0; 100], vec![0xff; 70_000], "\u{feff}".into(), noise];
    // The first four calls are left out, because they print fixed texts and read no input.
    for args in &CALLS[4..] {
        for input in &inputs {
            let Finished { code, out, err } = finish(&mut command(args), input);
            assert!([0, 1, 2, 64].contains(&code), "{args:?}: {code} {err}");
            assert!(!err.contains("panicked") && err.len() < 2000, "{args:?}: {err}");
            let is_control = |c: char| c.is_control() && c != '\n';
            assert!(!out.contains(is_control) && !err.contains(is_control), "{args:?}: {err}");
        }
    }
}

#[test]
fn a_refusal_is_found_at_the_end_of_a_long_log() {
    let log = "2026-01-01T00:00:00Z INFO all is well\n".repeat(20_000);
    let (code, out, _) = run(&["explain"], format!("{log}{REFUSAL}").as_bytes());
    assert!(code == 0 && out.starts_with("storage.objects.insert was refused"), "{out}");
    // An input of any size is read.
    let (code, out, _) = run(&["explain"], &vec![b'x'; (16 << 20) + 1]);
    assert!(code == 1 && out.starts_with("The input contains no refusal"), "{out}");
}

#[test]
fn arguments_that_are_not_utf8_are_refused() {
    for (args, expected) in [
        (&["explain"][..], 2),
        (&["method", "GET"], 2),
        (&["check"], 64),
        (&["whoami"], 64),
        (&[], 2),
    ] {
        let Finished { code, err, .. } =
            finish(command(args).arg(OsStr::from_bytes(b"\xff\xfe")), b"");
        assert!(code == expected && err.starts_with("error: "), "{args:?}: {code} {err}");
    }
}

#[test]
fn every_verb_runs_without_home_and_writes_no_file() {
    let folder = TestFolder::new("nothing");
    for args in CALLS {
        let Finished { code, err, .. } =
            finish(command(args).current_dir(&folder.0), REFUSAL.as_bytes());
        assert!(code != 101 && !err.contains("HOME"), "{args:?}: {err}");
    }
    assert_eq!(Path::new(&folder.0).read_dir().unwrap().count(), 0);
}

#[test]
fn every_error_names_the_input_and_the_expected_form() {
    let url = "https://storage.googleapis.com/storage/v1/b/photos";
    let rows: [(&[&str], &[&str]); 16] = [
        (&["metod"], &["'metod'", "'method'"]),
        (&["method", "GTE", url], &["`GTE`", "expected GET", "did you mean `GET`"]),
        (&["method", "BREW", url], &["`BREW`", "expected GET"]),
        (
            &["method", "GET", "gs://photos/o"],
            &["gs://photos/o", "https://storage.googleapis.com/photos/o"],
        ),
        (&["method", "GET", url, "--granted=storge-ro"], &["`storge-ro`", "`storage-ro`"]),
        (&["method", "GET", url, "--granted=bogus"], &["`bogus`", "devstorage.read_only"]),
        (&["explain", "/no/file"], &["`/no/file`", "pipe it in"]),
        (&["explain", "/"], &["`/`", "pipe it in"]),
        (
            &["explain", "--call=frobnicate", "-"],
            &["`frobnicate`", "POST https://", "Publisher/Publish"],
        ),
        (&["explain", "--on=gec"], &["'gec'", "gce"]),
        (&["explain", "--on=gce", "--zone=us"], &["`us`", "us-central1-a"]),
        (&["check"], &["--need storage.objects.insert"]),
        (&["check", "--need=bogus"], &["`bogus`", "`storage.objects.insert`"]),
        (&["whoami", "--timeout=2"], &["`2`", "500ms, 2s or 1m"]),
        (&["whoami", "--endpoint=storage"], &["`storage`", "storage=http://127.0.0.1:4443"]),
        (&["man", "bogus"], &["'bogus'", "method, explain"]),
    ];
    for (args, parts) in rows {
        let (code, out, err) = run(args, b"x");
        assert!([2, 64].contains(&code) && out.is_empty(), "{args:?}: {code} {out}");
        let parts = parts.iter().chain(&["error: ", "--help"]);
        parts.for_each(|part| assert!(err.contains(part), "{args:?}: {part} is not in {err}"));
        // The API `books` is not similar enough to `bogus` to be suggested.
        assert!(!err.contains("`books`"), "{err}");
    }
}
