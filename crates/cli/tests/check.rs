//! Tests of `gcp-scopes check`, run as a program.

#[path = "support/command.rs"]
mod command;

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use command::{Finished, finish};
use gcp_scopes_testing::{FakeGoogle, FakePlatform, Fault, Service, Vm};
use serde_json::Value;

const ACCOUNT: &str = "123456789012-compute@developer.gserviceaccount.com";

/// Returns the command `gcp-scopes check`, which uses the fake for the metadata server and for all
/// APIs. The command has no other environment variables than those of the fake.
fn command(google: &FakeGoogle, args: &[&str]) -> Command {
    let mut command = command::command(&["check"]);
    command.args(args).envs(google.env());
    for (api, service) in
        [("storage", Service::Storage), ("pubsub", Service::OtherApi), ("oauth2", Service::OAuth)]
    {
        command.arg("--endpoint").arg(format!("{api}={}", google.url_of(service)));
    }
    command
}

/// Runs `gcp-scopes check` until the metadata server answers in time, at most 20 times: detection
/// waits one second for the server, which is too short on a busy machine.
fn check_with_retries(google: &FakeGoogle, args: &[&str]) -> Result<Finished> {
    for _ in 0..20 {
        let finished = finish(command(google, args).args(["--timeout", "1m"]), b"");
        if !finished.words().contains("metadata server did not") {
            return Ok(finished);
        }
    }
    anyhow::bail!("the fake metadata server never answered in time")
}

/// Starts a fake in which the account of the VM may read and write the bucket `photos`.
async fn google(vm: Vm) -> Result<FakeGoogle> {
    Ok(FakeGoogle::builder()
        .vm(vm)
        .bucket("photos")
        .iam("photos", ACCOUNT, "roles/storage.objectUser")
        .start()
        .await?)
}

/// Permissions that IAM grants in the fake.
const IAM: &str = "gs://photos=storage.objects.create,storage.objects.get";

#[tokio::test]
async fn the_exit_code_distinguishes_open_closed_and_unknown() -> Result<()> {
    let open = google(Vm::new("web-1").scopes(["cloud-platform"])).await?;
    let narrow = google(Vm::new("web-1")).await?;
    let no_account = google(Vm::new("web-1").no_account()).await?;
    let upload = "storage.objects.insert";
    // Each row contains a fake, the arguments, the expected exit code, and a part of the report.
    let rows: [(&FakeGoogle, &[&str], i32, &str); 9] = [
        (&open, &["--need", upload, "--iam", IAM], 0, "Ready"),
        (&open, &["--iam", "gs://photos=storage.buckets.get"], 1, "lacks storage.buckets.get"),
        (&open, &["--api", "pubsub"], 0, "pubsub (write)"),
        (
            &narrow,
            &["--need", upload],
            1,
            "--scopes=cloud-platform && gcloud compute instances start web-1",
        ),
        (&narrow, &["--need", "storage.objects.get", "--iam", IAM], 0, "Ready"),
        (
            &narrow,
            &["--need", "GET https://storage.googleapis.com/storage/v1/b/{b}/o/{o}"],
            0,
            "open",
        ),
        (&narrow, &["--api", "pubsub=write"], 1, "closed for all"),
        (&no_account, &["--need", upload], 1, "no service account"),
        (&narrow, &["--need", "GET https://example.com/x"], 2, "no API that the catalog knows"),
    ];
    for (google, args, code, words) in rows {
        let finished = check_with_retries(google, args)?;
        ensure!(
            finished.code == code && finished.words().contains(words),
            "{args:?}: {finished:?}"
        );
        let out = finished.out;
        ensure!(!out.contains('\u{1b}') && !out.contains("ya29"), "{out}");
    }
    Ok(())
}

#[tokio::test]
async fn wrong_arguments_exit_with_64_and_a_hint() -> Result<()> {
    let google = google(Vm::new("web-1")).await?;
    let rows: [(&[&str], &str); 15] = [
        (&[], "--need storage.objects.insert"),
        (&["--need", "storage.objects.insrt"], "did you mean `storage.objects.insert`"),
        (&["--api", "pubsbu=read"], "did you mean `pubsub`"),
        (&["--api", "pubsub=wriet"], "did you mean pubsub=write?"),
        (&["--api", "pubsub=xyz"], "expected pubsub=read"),
        (&["--api", "bogus"], "names read like `pubsub`"),
        (&["--iam", "gs://photos"], "gs://BUCKET=storage.objects.create"),
        (&["--iam", "photos=storage.objects.get"], "gs://{bucket}"),
        (&["--iam", "gs://photos=pubsub.topics.publish"], "`storage.`"),
        (
            &["--iam", "gs://photos="],
            "no permission of the bucket is named; those begin with `storage.`",
        ),
        (&["--need", "ya29.SECRET"], "--token-stdin"),
        (&["--need", "storage.objects.get", "--timeout", "2"], "500ms, 2s or 1m"),
        (&["--need", "storage.objects.get", "--timeout", "0s"], "at least 1ms"),
        (&["--need", "storage.objects.get", "--endpoint", "storage"], "http://127.0.0.1:4443"),
        (&["--neeed", "storage.objects.get"], "--need"),
    ];
    for (args, hint) in rows {
        let Finished { code: status, out, err: error } = finish(&mut command(&google, args), b"");
        ensure!(
            status == 64 && error.contains(hint) && out.is_empty(),
            "{args:?}: {status:?}\n{out}{error}"
        );
        ensure!(!error.contains("SECRET"), "{error}");
    }
    Ok(())
}

#[tokio::test]
async fn json_is_one_object_on_one_line() -> Result<()> {
    let google = google(Vm::new("web-1")).await?;
    let Finished { code, out, .. } =
        check_with_retries(&google, &["--need", "storage.objects.insert", "--format", "json"])?;
    let json: Value = serde_json::from_str(&out)?;
    ensure!(code == 1 && out.lines().count() == 1, "{out}");
    ensure!(
        json["state"] == "closed" && json["findings"][0]["subject"] == "storage.objects.insert",
        "{json}"
    );
    Ok(())
}

#[tokio::test]
async fn the_timeout_holds_when_every_server_hangs() -> Result<()> {
    for platform in [FakePlatform::ComputeEngine, FakePlatform::CloudRunService] {
        let google = google(Vm::new("web-1").platform(platform)).await?;
        for service in [Service::Metadata, Service::OAuth, Service::Storage] {
            google.set_fault(service, Fault::Hang);
        }
        let started = Instant::now();
        let args = ["--need", "storage.objects.get", "--iam", IAM, "--timeout", "300ms"];
        let Finished { code, out, .. } = finish(&mut command(&google, &args), b"");
        ensure!(code == 2, "{out}");
        // The limit is far more than 300 ms, because the machine may be busy, and still shows that
        // the command does not hang.
        ensure!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    }
    Ok(())
}

#[tokio::test]
async fn a_token_from_standard_input_replaces_the_token_of_the_machine() -> Result<()> {
    let google = google(Vm::new("web-1").scopes(["cloud-platform"])).await?;
    let token = google.mint("me@example.com", ["drive.readonly"]);
    let args = [
        "--need",
        "drive.files.list",
        "--need",
        "storage.objects.get",
        "--token-stdin",
        "--timeout",
        "1m",
    ];
    let Finished { code, out, .. } =
        finish(&mut command(&google, &args), format!("{token}\n").as_bytes());
    ensure!(code == 1 && out.contains("open     drive.files.list"), "{out}");
    ensure!(out.contains("credential  the token from standard input"), "{out}");
    ensure!(out.contains("CLOSED   storage.objects.get") && !out.contains(&token), "{out}");
    ensure!(
        !out.contains("web-1"),
        "the report names the machine, whose token was not used: {out}"
    );
    Ok(())
}

#[tokio::test]
async fn completions_of_every_shell_contain_verbs_and_flags() -> Result<()> {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (code, script, _) = command::run(&["completions", shell], b"");
        ensure!(code == 0, "{shell}");
        for word in ["check", "whoami", "explain", "--need", "--token-stdin"] {
            let word = if shell == "fish" { word.trim_start_matches('-') } else { word };
            ensure!(script.contains(word), "{shell}: no {word}");
        }
    }
    Ok(())
}

/// A plan with one VM that has these scopes; a `null` in the list is unknown until the plan is
/// applied.
fn plan(service_account: &Value) -> String {
    let vm = serde_json::json!({
        "address": "google_compute_instance.web",
        "mode": "managed",
        "type": "google_compute_instance",
        "change": {
            "actions": ["create"],
            "after": { "service_account": service_account },
            "after_unknown": {},
        },
    });
    serde_json::json!({ "format_version": "1.2", "resource_changes": [vm] }).to_string()
}

/// Writes a needs file into the folder for files of tests. Returns its path.
fn needs_file(name: &str, text: &str) -> Result<String> {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text)?;
    Ok(path.display().to_string())
}

#[test]
fn a_plan_is_compared_with_a_needs_file() -> Result<()> {
    let needs = r#"{"needs": [{"method": "storage.objects.insert"}]}"#;
    let needs = needs_file("needs-of-plan.json", needs)?;
    let account = |scopes: &str| serde_json::json!([{ "scopes": [scopes] }]);
    // Each row contains the account of the VM, the exit code, and a part of the page.
    let rows = [
        (account("storage-rw"), 0, "1 with the scopes for every call"),
        (account("storage-ro"), 1, "\"https://www.googleapis.com/auth/devstorage.read_write\","),
        (serde_json::json!([]), 1, "1 without a service account"),
        (serde_json::json!([{}]), 2, "not known until the plan is applied"),
    ];
    for (account, code, part) in rows {
        let args = ["check", "--needs-file", needs.as_str(), "--plan", "-"];
        let input = plan(&account);
        let page = finish(&mut command::command(&args), input.as_bytes());
        ensure!(page.code == code && page.words().contains(part), "{account}: {page:?}");
        for format in ["json", "sarif", "github"] {
            let mut command = command::command(&args);
            let found = finish(command.args(["--format", format]), input.as_bytes());
            ensure!(found.code == code && found.err.is_empty(), "{format}: {found:?}");
            if format != "github" {
                serde_json::from_str::<Value>(&found.out)?;
            }
        }
    }
    Ok(())
}

#[test]
fn machines_that_exist_are_compared_with_a_needs_file() -> Result<()> {
    let needs = r#"{"needs": [{"method": "storage.objects.insert"}]}"#;
    let needs = needs_file("needs-of-machines.json", needs)?;
    let vm = br#"[{"kind": "compute#instance", "name": "web", "serviceAccounts": []}]"#;
    let args = ["check", "--needs-file", &needs, "--instances", "-"];
    let found = finish(&mut command::command(&args), vm);
    ensure!(found.code == 1 && found.words().contains("web: no service account"), "{found:?}");
    Ok(())
}

#[test]
fn unusable_files_and_flags_have_exit_code_64() -> Result<()> {
    let good = needs_file("good.json", r#"{"needs": [{"method": "storage.objects.get"}]}"#)?;
    let wrong = needs_file("wrong.json", r#"{"needs": [{"method": "storage.objects.gt"}]}"#)?;
    let empty = needs_file("empty.json", r#"{"needs": []}"#)?;
    let rows: [(&[&str], &str); 7] = [
        (&["--needs-file", &wrong, "--plan", "-"], "needs[0]: unknown method"),
        (&["--needs-file", &empty, "--plan", "-"], "it names no method"),
        (&["--needs-file", &good, "--plan", "-"], "terraform show -json"),
        (&["--needs-file", &good, "--instances", "-"], "object 1: expected an instance"),
        (&["--needs-file", &good, "--plan", "no-such-file"], "cannot read --plan"),
        (&["--plan", "-"], "--needs-file"),
        (&["--needs-file", &good, "--format", "sarif"], "need --plan or --instances"),
    ];
    for (args, part) in rows {
        let found = finish(command::command(&["check"]).args(args), b"{\"a\": 1}");
        ensure!(found.code == 64 && found.err.contains(part), "{args:?}: {found:?}");
        ensure!(found.out.is_empty(), "{args:?}: {found:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_needs_file_alone_is_compared_with_the_token_of_this_machine() -> Result<()> {
    let narrow = google(Vm::new("web-1")).await?;
    let needs = r#"{"needs": [{"method": "storage.objects.insert", "resource": "gs://photos",
        "permissions": ["storage.objects.create"]}]}"#;
    let needs = needs_file("needs-of-machine.json", needs)?;
    let found = check_with_retries(&narrow, &["--needs-file", &needs])?;
    ensure!(found.code == 1 && found.words().contains("gs://photos"), "{found:?}");
    Ok(())
}

/// The folder of the example on the page `docs/before-you-deploy.md`.
const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/before_you_deploy");
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/before-you-deploy.md");

#[test]
fn the_page_shows_what_the_example_prints() -> Result<()> {
    let needs = format!("{EXAMPLE}/gcp-needs.json");
    let plan = format!("{EXAMPLE}/plan.json");
    let args = ["check", "--needs-file", &needs, "--plan", &plan];
    let found = finish(&mut command::command(&args), b"");
    ensure!(found.code == 1, "{found:?}");
    let page = std::fs::read_to_string(PAGE)?;
    ensure!(page.contains(&format!("```text\n{}```\n", found.out)), "{}", found.out);
    Ok(())
}
