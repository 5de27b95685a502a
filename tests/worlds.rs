//! Checks the reports on every platform with every credential. Each directory of `tests/worlds`
//! describes one "world": the environment of a program and a call that was refused, with the
//! recorded report. See `worlds/world.rs` for the files.
#![cfg(all(feature = "reqwest", feature = "catalog-full"))]
#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows unwrap in test functions only, not in their helper functions"
)]

#[path = "worlds/world.rs"]
mod world;

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Result, ensure};
use gcp_scopes::call::Call;
use gcp_scopes::environment::Snapshot;
use gcp_scopes::granted::GrantedScopes;
use gcp_scopes::layout::Layout;
use gcp_scopes::refusal::ErrorResponse;
use gcp_scopes::remedy::Step;
use gcp_scopes::{Denial, Guard};
use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, HeaderValue, Method, Uri};
use tokio::sync::OnceCell;
use world::{Explained, World};

/// Explains the refusals of all worlds, with the worlds' names. They are explained once for all
/// tests, because a metadata server is started for each world.
async fn explained() -> Result<&'static [(String, Explained)]> {
    static EXPLAINED: OnceCell<Vec<(String, Explained)>> = OnceCell::const_new();
    let all = EXPLAINED.get_or_try_init(|| async {
        let mut all = Vec::new();
        for world in World::all()? {
            all.push((world.name(), world.explain().await?));
        }
        anyhow::Ok(all)
    });
    Ok(all.await?)
}

/// Returns the text that is compared with the recorded one: the platform, the credential, the
/// one-line message and the report.
fn report_text(explained: &Explained) -> String {
    let environment = explained.environment();
    let (platform, credential) =
        (environment.platform().as_str(), environment.credential().as_str());
    let line = match explained {
        Explained::Denial(denial) => format!("{denial}\n\n"),
        Explained::Options(..) => String::new(),
    };
    let report = explained.report_in(&Layout::new().verbose());
    format!("platform: {platform}\ncredential: {credential}\n\n{line}{report}")
}

#[tokio::test]
async fn every_world_has_the_recorded_report() -> Result<()> {
    let update = std::env::var("UPDATE_WORLDS").is_ok_and(|value| value == "1");
    let mut wrong = Vec::new();
    for (world, (_, explained)) in World::all()?.iter().zip(explained().await?) {
        let actual = report_text(explained);
        let expected = fs::read_to_string(world.path("report")).unwrap_or_default();
        if actual != expected {
            wrong.push(world.name());
            match update {
                true => fs::write(world.path("report"), actual)?,
                false => println!("== {}\n{actual}", world.name()),
            }
        }
    }
    ensure!(
        update || wrong.is_empty(),
        "reports differ from the recorded ones (UPDATE_WORLDS=1 records them): {wrong:?}"
    );
    Ok(())
}

#[tokio::test]
async fn every_platform_and_every_credential_has_a_world() -> Result<()> {
    let (mut platforms, mut credentials) = (BTreeSet::new(), BTreeSet::new());
    for (_, denial) in explained().await? {
        platforms.insert(denial.environment().platform().as_str());
        credentials.insert(denial.environment().credential().as_str());
    }
    // All platforms except Dataproc Serverless, which is never recognized, and all credentials.
    ensure!(platforms.len() == 23, "{platforms:?}");
    ensure!(credentials.len() == 11, "{credentials:?}");
    Ok(())
}

#[tokio::test]
async fn the_plain_layout_has_no_drawing_and_all_steps() -> Result<()> {
    for (name, denial) in explained().await? {
        let text = denial.report_in(&Layout::new().plain().verbose());
        let is_denial = matches!(denial, Explained::Denial(_));
        let gate = "Gate 1, OAuth scopes of the token: closed.";
        ensure!(text.contains(gate) == is_denial, "{name}: {text}");
        let code: Vec<&str> =
            steps(denial).filter_map(|step| step.code_line()).flat_map(str::lines).collect();
        let is_pasted = |line: &&str| {
            line.starts_with("Command: ") || line.starts_with("Code: ") || code.contains(line)
        };
        for line in text.lines().filter(|line| !is_pasted(line)) {
            let drawn = ["---", "[ ", " ]", "|", "  ", "==", "->", "<-"];
            ensure!(!drawn.iter().any(|mark| line.contains(mark)), "{name}: {line}");
        }
        for step in steps(denial) {
            let command = step.command_line().map(|command| format!("\nCommand: {command}\n"));
            let parts =
                [Some(step.text().to_owned()), command, step.code_line().map(str::to_owned)];
            ensure!(parts.iter().flatten().all(|part| text.contains(part)), "{name}: {text}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn commands_have_no_shell_syntax_and_lines_fit_the_width() -> Result<()> {
    for (name, denial) in explained().await? {
        ensure!(denial.options().iter().all(|option| !option.steps().is_empty()), "{name}");
        for step in steps(denial) {
            let command = step.command_line().unwrap_or_default();
            let is_harmless =
                |c: char| c.is_ascii_alphanumeric() || " -_=.,:/@'()[]&|\"$".contains(c);
            ensure!(command.chars().all(is_harmless), "{name}: {command}");
            // The limit of 420 bytes keeps the text of a step to about five lines of a report.
            ensure!(
                !step.text().contains('\n') && step.text().len() < 420,
                "{name}: {}",
                step.text()
            );
        }
        for columns in [50, 80, 100] {
            let layout = Layout::new().width(columns).verbose();
            for line in denial.report_in(&layout).lines() {
                let unwrapped = ["       ", "     http", "     console: "];
                let is_whole = unwrapped[1..].iter().any(|start| line.starts_with(start));
                let is_pasted = |step: &Step| {
                    let pasted = [step.command_line(), step.code_line()].into_iter().flatten();
                    pasted.flat_map(str::lines).any(|pasted| line.ends_with(pasted))
                };
                let is_code = steps(denial).any(is_pasted);
                // The renderer never breaks a word.
                let is_word = line.split_whitespace().count() <= 2;
                ensure!(line.len() < columns || is_whole || is_code || is_word, "{name}: {line}");
            }
        }
    }
    Ok(())
}

/// A command that sets scopes replaces the present list of scopes. So each command that adds a
/// scope reads the present list itself, or comes after a step that shows the list.
#[tokio::test]
async fn unknown_scopes_of_a_machine_are_looked_up_before_a_change() -> Result<()> {
    let mut looked_up = 0;
    for (name, denial) in explained().await? {
        for option in denial.options() {
            let mut shown = false;
            for step in option.steps() {
                let pasted = [step.command_line(), step.code_line()];
                for line in pasted.into_iter().flatten() {
                    let title = option.title();
                    shown |= [" describe ", " export "].iter().any(|verb| line.contains(verb));
                    let reads_itself = line.starts_with("S=$(gcloud ") && line.contains("test -n");
                    ensure!(!line.contains("$S") || reads_itself, "{name}: {line}");
                    ensure!(!line.contains("SCOPES_IT_HAS") || shown, "{name}, {title}: {line}");
                    looked_up += usize::from(line.contains("$S") || line.contains("SCOPES_IT_HAS"));
                }
            }
        }
    }
    ensure!(looked_up > 1, "in only {looked_up} worlds the scopes of the machine are unknown");
    Ok(())
}

/// Words in capitals that are values or names, not placeholders. `SCOPE` replaces a scope that a
/// shell would interpret.
const CAPITALS: [&str; 9] = [
    "GKE_METADATA",
    "GCE_METADATA",
    "PROACTIVE",
    "REPLACE",
    "GET",
    "S",
    "SCOPE",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "CLOUDSDK_CONFIG",
];

#[tokio::test]
async fn every_word_in_capitals_is_a_declared_placeholder() -> Result<()> {
    for (name, denial) in explained().await? {
        for step in steps(denial) {
            let pasted = [step.command_line(), step.code_line()];
            for line in pasted.into_iter().flatten() {
                let words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                let is_capital = |word: &&str| {
                    word.starts_with(|c: char| c.is_ascii_uppercase())
                        && !word.contains(|c: char| c.is_ascii_lowercase())
                };
                for word in words.filter(is_capital).filter(|word| !CAPITALS.contains(word)) {
                    let is_declared = step.placeholders().iter().any(|name| name.contains(word));
                    ensure!(is_declared, "{name}: {word} in {line}");
                }
            }
        }
    }
    Ok(())
}

/// Returns the steps of all options.
fn steps(denial: &Explained) -> impl Iterator<Item = &Step> {
    denial.options().iter().flat_map(|option| option.steps())
}

/// Hostile parts of names. A shell command with one of these parts unquoted would run the program
/// `pwned` or pass a flag whose name begins with `pwned`. U+0435 is a Cyrillic letter that looks
/// like `e`.
const HOSTILE: [&str; 13] = [
    "; pwned",
    "a; pwned",
    "`pwned`",
    "a$(pwned)",
    "a\npwned",
    "--pwned",
    "-pwned=a",
    "x/--pwned",
    "a|pwned",
    "a&&pwned",
    "a'pwned",
    "a\"pwned\"",
    "pwn\u{435}d pwned",
];

/// The number of a step depends on the steps before it, so no text may refer to a step by number.
#[tokio::test]
async fn no_step_refers_to_another_by_number() -> Result<()> {
    for (name, denial) in explained().await? {
        for step in steps(denial) {
            let has_number =
                step.text().split("step ").skip(1).any(|rest| rest.starts_with(char::is_numeric));
            ensure!(!has_number, "{name}: {}", step.text());
        }
    }
    Ok(())
}

/// Checks whether the name `tried` is valid, although the name contains a hostile part. A valid
/// name may appear in a command.
fn is_valid_name(tried: &str) -> bool {
    let tried = tried.strip_prefix("cloud.google.com/gke-nodepool=").unwrap_or(tried);
    let is_path = |text: &str| text.split('/').all(|part| !part.starts_with('-'));
    tried.chars().all(|c| c.is_ascii_alphanumeric() || "-./:@".contains(c))
        && (tried.starts_with("https://") || is_path(tried))
}

/// Returns metadata values for every name that a report can contain.
fn all_metadata() -> Vec<(&'static str, &'static str)> {
    vec![
        ("project/project-id", "my-project"),
        ("project/numeric-project-id", "123456789012"),
        ("instance/zone", "projects/123456789012/zones/us-central1-a"),
        ("instance/region", "projects/123456789012/regions/us-central1"),
        ("instance/name", "web-1"),
        ("instance/service-accounts/default/email", "robot@my-project.iam.gserviceaccount.com"),
        (
            "instance/service-accounts/default/scopes",
            "https://www.googleapis.com/auth/logging.write",
        ),
    ]
}

/// For each platform, the environment variables and the attributes by which the guard detects the
/// platform.
const PLATFORMS: [&[(&str, &str)]; 9] = [
    &[],
    &[(
        "instance/attributes/created-by",
        "projects/1/zones/us-central1-a/instanceGroupManagers/web",
    )],
    &[
        ("instance/attributes/cluster-name", "prod"),
        ("instance/attributes/cluster-location", "us-central1"),
        ("instance/attributes/kube-labels", "cloud.google.com/gke-nodepool=pool-1"),
    ],
    &[
        ("instance/attributes/dataproc-cluster-name", "spark"),
        ("instance/attributes/dataproc-region", "us-west1"),
    ],
    &[("instance/attributes/job_id", "1")],
    &[("instance/attributes/proxy-url", "x.notebooks.googleusercontent.com")],
    &[
        ("KUBERNETES_SERVICE_HOST", "10.0.0.1"),
        ("COMPOSER_ENVIRONMENT", "flows"),
        ("COMPOSER_LOCATION", "us-central1"),
        ("instance/attributes/cluster-name", "prod"),
    ],
    &[("K_SERVICE", "web"), ("GOOGLE_CLOUD_PROJECT", "my-project")],
    &[("BUILDER_OUTPUT", "/builder"), ("DEVSHELL_PROJECT_ID", "my-project")],
];

/// Creates a snapshot. A fact with a slash in its name is a metadata value, any other an
/// environment variable.
fn snapshot(facts: &[(&str, &str)]) -> Snapshot {
    facts.iter().fold(Snapshot::new(), |snapshot, (name, value)| match name.contains('/') {
        true => snapshot.with_metadata(*name, *value),
        false => snapshot.with_env(*name, *value),
    })
}

/// Returns the denial of a call that was refused with `challenge` in its `www-authenticate` header.
fn denied(snapshot: Snapshot, challenge: &str) -> Denial {
    let body =
        br#"{"error":{"code":403,"message":"Request had insufficient authentication scopes.",
        "status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo",
        "reason":"ACCESS_TOKEN_SCOPE_INSUFFICIENT","domain":"googleapis.com"}]}}"#;
    let headers =
        HeaderMap::from_iter([(WWW_AUTHENTICATE, HeaderValue::from_str(challenge).unwrap())]);
    let answer = ErrorResponse::new(body).with_status(403).with_headers(&headers);
    let guard = Guard::builder().snapshot(snapshot).build();
    let uri = Uri::from_static("https://pubsub.googleapis.com/v1/no/such/method");
    let call = Call::new(&Method::POST, &uri);
    guard.explain(&call, &GrantedScopes::unknown("a test"), &answer).expect("no scope refusal")
}

/// Checks that no command, code or URL of the denial contains `pwned`.
fn assert_harmless(denial: &Denial, input: &str) {
    for step in denial.options().iter().flat_map(|option| option.steps()) {
        for text in
            [step.command_line(), step.code_line(), step.console_url()].into_iter().flatten()
        {
            assert!(!text.contains("pwned"), "{input}: {text}");
        }
    }
}

/// A `www-authenticate` header without hostile parts.
const CHALLENGE: &str =
    r#"Bearer error="insufficient_scope", scope="https://www.googleapis.com/auth/pubsub""#;

#[test]
fn a_hostile_name_enters_no_command() {
    for kind in PLATFORMS {
        let facts: Vec<_> = all_metadata().into_iter().chain(kind.iter().copied()).collect();
        for (index, (name, value)) in facts.iter().enumerate() {
            for hostile in HOSTILE {
                let tried =
                    [hostile.to_owned(), format!("{value}{hostile}"), format!("{hostile}{value}")];
                for tried in tried.into_iter().filter(|tried| !is_valid_name(tried)) {
                    let mut changed = facts.clone();
                    changed[index].1 = &tried;
                    assert_harmless(
                        &denied(snapshot(&changed), CHALLENGE),
                        &format!("{name} = {tried}"),
                    );
                }
            }
        }
    }
}

#[test]
fn a_hostile_credential_file_enters_no_command() {
    let fields = [
        "client_email",
        "client_id",
        "project_id",
        "quota_project_id",
        "service_account_impersonation_url",
    ];
    let kinds =
        ["service_account", "authorized_user", "external_account", "impersonated_service_account"];
    let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    for kind in kinds {
        for field in fields {
            for hostile in HOSTILE.map(quoted) {
                let text = format!(r#"{{"type":"{kind}","{field}":"{hostile}"}}"#);
                let snapshot =
                    Snapshot::new().with_env("GOOGLE_APPLICATION_CREDENTIALS", "/k.json");
                assert_harmless(&denied(snapshot.with_file("/k.json", &text), CHALLENGE), &text);
            }
        }
    }
}

#[test]
fn a_hostile_list_of_scopes_enters_no_command() {
    for kind in PLATFORMS {
        let facts: Vec<_> = all_metadata().into_iter().chain(kind.iter().copied()).collect();
        for mark in [";", "`", "$(", "'", "&&", "|"] {
            let scope = format!("https://www.googleapis.com/auth/x{mark}pwned");
            let challenge = format!(r#"Bearer error="insufficient_scope", scope="{scope}""#);
            assert_harmless(&denied(snapshot(&facts), &challenge), &challenge);
        }
    }
}
