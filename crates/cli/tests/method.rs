//! Tests of `gcp-scopes method`, run as a program.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

#[path = "support/command.rs"]
mod command;

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

/// The URL of an upload, whose method is `storage.objects.insert`.
const INSERT: &str =
    "https://storage.googleapis.com/upload/storage/v1/b/B/o?uploadType=media&name=x";
/// The keys of an answer that is not an error.
const KEYS: [&str; 7] = ["accepted", "all_of", "api", "decision", "method", "schema", "why"];

fn run(args: &[&str]) -> (i32, String, String) {
    command::run(args, b"")
}

/// Runs `--jsonl` on an input and returns the answers. Checks that the exit code and standard error
/// report a failure if, and only if, one of the answers is an error.
fn stream(input: &[u8]) -> Vec<Value> {
    let (code, out, err) = command::run(&["method", "--jsonl"], input);
    assert!(out.is_empty() || out.ends_with('\n'));
    let answers: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}")))
        .collect();
    let has_error = answers.iter().any(|answer| answer.get("error").is_some());
    assert_eq!((code, err.is_empty()), (i32::from(has_error), !has_error), "{err}");
    answers
}

/// Returns the answer to one question.
fn answer_to(question: &Value) -> Value {
    let mut answers = stream(question.to_string().as_bytes());
    assert_eq!(answers.len(), 1, "{question}");
    answers.remove(0)
}

/// Checks that an answer is an error whose text contains `named`.
#[track_caller]
fn assert_error(answer: &Value, named: &[&str]) {
    let object = answer.as_object().unwrap();
    assert_eq!((object.len(), &object["schema"]), (2, &json!("gcp-scopes/error/1")), "{answer}");
    let error = object["error"].as_str().unwrap();
    for word in named {
        assert!(error.contains(word), "{word} is not in: {error}");
    }
}

#[test]
fn every_answer_has_all_seven_keys() {
    // Each row contains a question and the expected answer. If the method of a row is `error`, the
    // expected answer is an error.
    for (verb, url, granted, method, decision, why) in [
        (
            "POST",
            INSERT,
            json!(["devstorage.read_only"]),
            json!("storage.objects.insert"),
            "lacking",
            "missing",
        ),
        (
            "POST",
            INSERT,
            json!("https://www.googleapis.com/auth/cloud-platform openid"),
            json!("storage.objects.insert"),
            "allow",
            "accepted",
        ),
        ("POST", INSERT, json!(["default"]), json!("storage.objects.insert"), "lacking", "missing"),
        (
            "POST",
            INSERT,
            json!(["storage-rw"]),
            json!("storage.objects.insert"),
            "allow",
            "accepted",
        ),
        ("POST", INSERT, json!([]), json!("storage.objects.insert"), "lacking", "missing"),
        ("POST", INSERT, json!(null), json!("storage.objects.insert"), "abstain", "granted"),
        (
            "POST",
            INSERT,
            json!(["https://www.googleapis.com/auth/brand.new"]),
            json!("storage.objects.insert"),
            "abstain",
            "unheard",
        ),
        (
            "GET",
            "https://storage.googleapis.com/b1/o?X-Goog-Signature=s",
            json!(["default"]),
            json!(null),
            "abstain",
            "signed",
        ),
        ("GET", "https://example.com/", json!(["default"]), json!(null), "abstain", "host"),
        (
            "GET",
            "http://metadata.google.internal/computeMetadata/v1/",
            json!(null),
            json!(null),
            "abstain",
            "metadata",
        ),
        (
            "POST",
            "https://oauth2.googleapis.com/token",
            json!(null),
            json!(null),
            "abstain",
            "auth",
        ),
        (
            "POST",
            "https://storage.googleapis.com/batch/storage/v1",
            json!(["default"]),
            json!(null),
            "abstain",
            "batch",
        ),
        ("GET", "https://gcr.io/v2/", json!(null), json!(null), "abstain", "registry"),
        ("GET", "https://x-uc.a.run.app/", json!(null), json!(null), "abstain", "workload"),
        ("BREW", "https://storage.googleapis.com/", json!(null), json!("error"), "", ""),
        (
            "get",
            "https://storage.googleapis.com/storage/v1/b/x",
            json!(["gke-default"]),
            json!("storage.buckets.get"),
            "allow",
            "accepted",
        ),
        (
            "DELETE",
            "https://pubsub.googleapis.com/v1/nothing",
            json!(["pubsub"]),
            json!(null),
            "abstain",
            "method",
        ),
    ] {
        let answer = answer_to(&json!({"verb": verb, "url": url, "granted": granted}));
        if method == "error" {
            assert_error(&answer, &[verb]);
            continue;
        }
        let keys: Vec<&String> = answer.as_object().unwrap().keys().collect();
        assert_eq!(keys, KEYS, "{url}");
        assert_eq!(
            (&answer["method"], &answer["decision"], &answer["why"]),
            (&method, &json!(decision), &json!(why)),
            "{url}"
        );
        assert_eq!(answer["api"].is_null(), method.is_null(), "{url}");
        assert_eq!(answer["accepted"].as_array().unwrap().is_empty(), method.is_null(), "{url}");
    }
}

#[test]
fn accepted_scopes_are_sorted_full_uris() {
    let answer = answer_to(&json!({"verb": "POST", "url": INSERT}));
    assert_eq!(answer["api"], "storage.v1");
    let accepted: Vec<&str> =
        answer["accepted"].as_array().unwrap().iter().map(|s| s.as_str().unwrap()).collect();
    assert!(accepted.is_sorted());
    assert!(
        accepted.iter().all(|uri| uri.starts_with("https://www.googleapis.com/auth/")),
        "{accepted:?}"
    );
    for short in ["cloud-platform", "devstorage.full_control", "devstorage.read_write"] {
        assert!(accepted.iter().any(|uri| uri.ends_with(short)), "{short} is not in {accepted:?}");
    }
}

#[test]
fn each_nonblank_line_gets_one_answer_in_order() {
    let good = json!({"verb": "POST", "url": INSERT, "more": {"is": "ignored"}}).to_string();
    let long = "x".repeat(1 << 20);
    let deep = "[".repeat(100_000);
    let mut input = Vec::new();
    let mut expected: Vec<&[&str]> = Vec::new();
    for (line, named) in [
        (good.as_bytes(), &[][..]),
        (b"", &["blank"]),
        (b"  \t \r", &["blank"]),
        (b"not json", &["not json", "verb"]),
        (&[0xff, 0xfe, b'x'], &["UTF-8"]),
        (b"[1]", &["[1]", "object"]),
        (b"null", &["null", "object"]),
        (b"42", &["42", "object"]),
        (b"{}", &["verb", "{\"id\": "]),
        (
            br#"{"id":"storage.objects.insrt"}"#,
            &["storage.objects.insrt", "storage.objects.insert"],
        ),
        (br#"{"id":7}"#, &["`id`", "number"]),
        (br#"{"id":"storage.objects.get","url":"https://example.com"}"#, &["`id`", "URL"]),
        (br#"{"method":"GET","url":"https://example.com"}"#, &["`method`", "URL"]),
        (br#"{"method":"GET"}"#, &["`GET`", "not the id"]),
        (br#"{"verb":"GET"}"#, &["url"]),
        (br#"{"verb":"GET","uri":"https://example.com"}"#, &["url", "uri"]),
        (br#"{"verb":1,"url":"https://example.com"}"#, &["verb", "number"]),
        (br#"{"verb":"GET","url":["x"]}"#, &["url", "list"]),
        (br#"{"verb":"GET","url":null}"#, &["url", "null"]),
        (br#"{"verb":"FETCH","url":"https://example.com"}"#, &["FETCH", "PATCH"]),
        (br#"{"verb":"","url":"https://example.com"}"#, &["verb"]),
        (br#"{"verb":"GE T","url":"https://example.com"}"#, &["GE T"]),
        (br#"{"verb":"GET","url":""}"#, &["URL", "expected"]),
        (
            br#"{"verb":"GET","url":"storage.googleapis.com/b/o"}"#,
            &["`https://storage.googleapis.com/b/o`"],
        ),
        (
            br#"{"verb":"GET","url":"gs://bucket/o"}"#,
            &["gs://bucket/o", "https://storage.googleapis.com/bucket/o"],
        ),
        (br#"{"verb":"GET","url":"https://"}"#, &["https://"]),
        (br#"{"verb":"GET","url":"https://exa mple.com/"}"#, &["exa mple"]),
        (br#"{"verb":"GET","url":"https://example.com:99999/"}"#, &["99999"]),
        (br#"{"verb":"GET","url":"https://example.com","granted":7}"#, &["granted", "number"]),
        (
            br#"{"verb":"GET","url":"https://example.com","granted":["a",7]}"#,
            &["granted", "number"],
        ),
        (
            br#"{"verb":"GET","url":"https://example.com","granted":"devstorage.read_onyl"}"#,
            &["read_onyl", "read_only"],
        ),
        (br#"{"verb":"GET","url":"https://example.com"} trailing"#, &["JSON"]),
        (br#"{"verb":"GET","url":"https://example.com""#, &["JSON"]),
        (deep.as_bytes(), &["JSON"]),
        (long.as_bytes(), &["xxx"]),
        (good.as_bytes(), &[]),
    ] {
        input.extend_from_slice(line);
        input.extend_from_slice(if expected.len() % 2 == 0 { b"\n" } else { b"\r\n" });
        expected.push(named);
    }
    expected.retain(|named| *named != ["blank"]);
    let answers = stream(&input);
    assert_eq!(answers.len(), expected.len());
    for (answer, named) in answers.iter().zip(expected) {
        match named {
            [] => assert_eq!(answer["method"], "storage.objects.insert"),
            named => assert_error(answer, named),
        }
    }
}

#[test]
fn each_random_line_gets_one_answer() {
    let line = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..40),
        "\\PC{0,40}".prop_map(String::into_bytes),
        ("[A-Z]{0,5}", "(https?://)?\\PC{0,30}", "[a-z. ]{0,12}").prop_map(
            |(verb, url, granted)| {
                json!({"verb": verb, "url": url, "granted": granted}).to_string().into_bytes()
            }
        ),
        ("GET|PUT|POST", "[a-zA-Z0-9/:%._~?&=-]{0,40}").prop_map(|(verb, rest)| {
            let url = format!("https://storage.googleapis.com/{rest}");
            json!({"verb": verb, "url": url, "granted": ["default"]}).to_string().into_bytes()
        }),
    ];
    let mut runner = TestRunner::default();
    let lines = proptest::collection::vec(line, 2000).new_tree(&mut runner).unwrap().current();
    let input = lines.join(&b'\n');
    let blank = |line: &&[u8]| std::str::from_utf8(line).is_ok_and(|text| text.trim().is_empty());
    let expected = input.split(|byte| *byte == b'\n').filter(|line| !blank(line)).count();
    let answers = stream(&input);
    assert_eq!(answers.len(), expected);
    for answer in answers {
        let keys: Vec<&String> = answer.as_object().unwrap().keys().collect();
        assert!(keys == KEYS || keys == ["error", "schema"], "{answer}");
    }
}

#[test]
fn long_lines_and_an_unterminated_last_line_are_answered() {
    let url = format!("https://storage.googleapis.com/bucket/{}", "x".repeat(1 << 20));
    let first = json!({"verb": "GET", "url": url}).to_string();
    let padded = format!("{}{}", json!({"verb": "POST", "url": INSERT}), " ".repeat(1 << 20));
    let endless = "x".repeat((16 << 20) + 7);
    let answers = stream(format!("{first}\n{endless}\n{padded}").as_bytes());
    assert_eq!(answers.len(), 3);
    assert_error(&answers[0], &["too long"]);
    assert_error(&answers[1], &["16 MiB"]);
    assert_eq!(answers[2]["method"], "storage.objects.insert");
}

#[test]
fn errors_never_show_a_query() {
    let secret = "ya29.secret";
    for line in [
        format!(r#"{{"verb":"NO","url":"https://h/?access_token={secret}"}}"#),
        format!(r#"{{"verb":"GET","url":"h/?access_token={secret}"}}"#),
        format!(r#"{{"verb":"GET","url":"https://h/?access_token={secret}""#),
        format!(r#"["https://h/?access_token={secret}"]"#),
        format!(r#"{{"verb":"GET","url":"https://h/","granted":"{}{secret}"}}"#, "x".repeat(100)),
    ] {
        let answers = stream(line.as_bytes());
        assert!(!answers[0].to_string().contains(secret), "{}", answers[0]);
        assert_error(&answers[0], &[]);
    }
}

#[test]
fn each_line_is_answered_before_the_next_is_sent() {
    let mut child = command::command(&["method", "--jsonl"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for _ in 0..3 {
        writeln!(stdin, "{}", json!({"verb": "POST", "url": INSERT})).unwrap();
        stdin.flush().unwrap();
        let line = lines.next().unwrap().unwrap();
        assert!(line.contains("storage.objects.insert"));
    }
    drop(stdin);
    assert!(lines.next().is_none());
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_closed_output_pipe_ends_the_stream_quietly() {
    let mut child = command::command(&["method", "--jsonl"]).stdin(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().unwrap();
    let question = format!("{}\n", json!({"verb": "POST", "url": INSERT}));
    // Writing fails once the command has ended, which it does at its first write to the closed
    // pipe.
    let _ = (0..100).try_for_each(|_| stdin.write_all(question.as_bytes()));
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn text_has_the_method_its_scopes_a_link_and_the_decision() {
    let (code, out, err) =
        run(&["method", "POST", INSERT, "--granted", "storage-ro", "--granted", "pubsub,trace"]);
    assert_eq!((code, err.as_str()), (0, ""));
    for part in [
        "storage.objects.insert",
        "storage.v1",
        "auth/devstorage.read_write\n",
        "https://",
        "lacking",
    ] {
        assert!(out.contains(part), "{part} is not in:\n{out}");
    }
    let (code, out, _) = run(&["method", "GET", "https://example.com/x"]);
    assert_eq!(code, 0);
    assert!(out.contains("example.com"), "{out}");
}

#[test]
fn format_json_prints_the_keys_of_jsonl_and_a_link() {
    let (code, out, _) =
        run(&["method", "POST", INSERT, "--format", "json", "--granted=storage-ro"]);
    assert_eq!(code, 0);
    let mut answer: Value = serde_json::from_str(&out).unwrap();
    let doc = answer.as_object_mut().unwrap().remove("doc").unwrap();
    assert!(doc.as_str().unwrap().starts_with("https://"));
    assert_eq!(
        answer,
        answer_to(&json!({"verb": "POST", "url": INSERT, "granted": ["storage-ro"]}))
    );
}

#[test]
fn a_method_id_prints_the_same_as_a_request() {
    let (_, by_url, _) = run(&["method", "POST", INSERT]);
    assert_eq!(run(&["method", "storage.objects.insert"]), (0, by_url, String::new()));
    let json = |args: &[&str]| serde_json::from_str::<Value>(&run(args).1).unwrap();
    let of_url = json(&["method", "POST", INSERT, "--format=json"]);
    assert_eq!(json(&["method", "storage.objects.insert", "--format=json"]), of_url);
    let (code, rpc, _) = run(&["method", "google.pubsub.v1.Publisher.Publish"]);
    assert!(code == 0 && rpc.contains("/auth/pubsub"), "{rpc}");
}

/// Each answer to an id is the answer to a request of the method.
#[test]
fn an_id_is_answered_like_a_request() {
    // The id, the scopes of the token, and the answer.
    let rows = [
        ("storage.objects.insert", "storage-ro", "lacking", "missing"),
        ("storage.objects.insert", "cloud-platform", "allow", "accepted"),
        ("storage.objects.insert", "https://example.com/new", "abstain", "unheard"),
        // Whether the scope is enough depends on the query of the request.
        ("gmail.users.messages.list", "gmail.metadata", "abstain", "request"),
        ("google.pubsub.v1.Publisher/Publish", "pubsub", "allow", "accepted"),
        ("google.pubsub.v1.Publisher.Publish", "openid", "abstain", "grpc"),
    ];
    for (id, granted, decision, why) in rows {
        let answer = answer_to(&json!({"id": id, "granted": granted}));
        assert_eq!((&answer["decision"], &answer["why"]), (&json!(decision), &json!(why)), "{id}");
        assert_eq!(answer_to(&json!({"method": id, "granted": granted})), answer);
        let (code, out, err) = run(&["method", id, "--granted", granted, "--format=json"]);
        let mut printed: Value = serde_json::from_str(&out).unwrap();
        printed.as_object_mut().unwrap().remove("doc");
        assert_eq!((code, printed, &*err), (0, answer, ""), "{id}");
        let (code, text, _) = run(&["method", id, "--granted", granted]);
        assert!(code == 0 && text.contains(decision), "{text}");
    }
    let by_url = answer_to(&json!({"verb": "POST", "url": INSERT, "granted": "storage-ro"}));
    assert_eq!(
        answer_to(&json!({"id": "storage.objects.insert", "granted": "storage-ro"})),
        by_url
    );
}

#[test]
fn a_method_that_needs_several_scopes_has_them_in_all_of() {
    let id = "health.users.dataTypes.dataPoints.exportExerciseTcx";
    let answer = answer_to(&json!({"id": id, "granted": []}));
    assert_eq!(answer["all_of"].as_array().map(Vec::len), Some(2), "{answer}");
    assert_eq!((&answer["accepted"], &answer["why"]), (&json!([]), &json!("several")));
    assert!(run(&["method", id]).1.contains("needs all of\n"));
    assert!(run(&["method", id, "--plain"]).1.contains(" at once"));
    assert_eq!(answer_to(&json!({"id": "storage.objects.get"}))["all_of"], json!([]));
}

#[test]
fn lists_of_scopes_are_read_as_people_have_them() {
    let lists = [
        concat!(
            r#"["https://www.googleapis.com/auth/devstorage.read_only", "#,
            r#""https://www.googleapis.com/auth/pubsub"]"#,
        ),
        "- https://www.googleapis.com/auth/devstorage.read_only\n\
         - https://www.googleapis.com/auth/pubsub",
        "['storage-ro', 'pubsub']",
        "oauth_scopes = [\"storage-ro\", \"pubsub\"]",
    ];
    for list in lists {
        let (code, out, err) = run(&["method", "POST", INSERT, "--granted", list]);
        assert!(code == 0 && out.contains("lacking") && err.is_empty(), "{list}: {out}{err}");
        let answer = answer_to(&json!({"verb": "POST", "url": INSERT, "granted": list}));
        assert_eq!(answer["decision"], "lacking", "{list}");
    }
}

#[test]
fn unusable_arguments_are_named_and_exit_with_2() {
    for (args, named) in [
        (&["method"][..], "VERB"),
        (&["method", "GET"], "a URL is missing"),
        (&["method", "storage.objects.inser"], "storage.objects.insert"),
        (&["method", "--granted=storage-ro"], "VERB"),
        (
            &["method", "storage.objects.insert", "--granted=roles/editor"],
            "`roles/editor` is an IAM role",
        ),
        (
            &["method", "storage.objects.insert", "--granted", "ya29.x"],
            "a token or a key is no scope",
        ),
        (&["method", "BREW", "https://example.com"], "BREW"),
        (&["method", "GET", "example.com/x"], "https://example.com/x"),
        (&["method", "GET", "https://example.com", "--granted", "storage-rx"], "storage-rx"),
        (&["method", "GET", "https://example.com", "--format", "xml"], "xml"),
        (&["method", "GET", "https://example.com", "--jsonl"], "--jsonl"),
        (&["metod"], "metod"),
    ] {
        let (code, out, err) = run(args);
        assert_eq!((code, out.as_str()), (2, ""), "{args:?}");
        assert!(err.contains(named), "{args:?}: {err}");
    }
    let (code, out, _) = run(&["method", "BREW", "https://example.com", "--format", "json"]);
    assert_eq!(code, 2);
    assert_error(&serde_json::from_str(&out).unwrap(), &["BREW"]);
}
