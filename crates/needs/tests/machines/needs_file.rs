//! The needs file: reading, merging, writing, comparing.

use gcp_scopes_catalog::ApiMethod;
use gcp_scopes_needs::NeedsFile;

use crate::support::needs;

fn recorded(ids: &[&str]) -> NeedsFile {
    NeedsFile::from_methods(ids.iter().map(|id| ApiMethod::by_id(id).unwrap()))
}

#[test]
fn a_written_file_is_read_as_it_was_and_written_in_the_same_way() {
    let ids = ["storage.objects.insert", "pubsub.projects.topics.publish", "storage.objects.get"];
    let text = recorded(&ids).to_string();
    let again = NeedsFile::parse(&text).unwrap();
    assert_eq!(again.to_string(), text);
    let names: Vec<&str> = again.needs().iter().map(|need| need.name()).collect();
    assert_eq!(names, [ids[1], ids[2], ids[0]], "sorted");
    assert!(text.starts_with("{\n  \"schema\": \"gcp-scopes/needs/1\",\n  \"catalog\": \"20"));
    // Merging methods that the file already has changes nothing.
    assert_eq!(again.merge(&recorded(&ids[..2])).to_string(), text);
}

#[test]
fn a_merge_keeps_what_people_wrote() {
    let text = r#"{"owner": "team-a", "needs": [
        {"method": "storage.objects.insert", "resource": "gs://b", "why": "uploads"},
        {"method": "storage.objects.insert", "resource": "gs://a", "permissions": ["x.y.z"]},
        {"method": "storage.objects.insert", "resource": "gs://a", "permissions": ["x.y.z"]}
    ]}"#;
    let merged = NeedsFile::parse(text).unwrap();
    let merged = merged.merge(&recorded(&["storage.objects.insert", "storage.objects.get"]));
    let names: Vec<_> = merged.needs().iter().map(|n| (n.name(), n.resource())).collect();
    assert_eq!(
        names,
        [
            ("storage.objects.get", None),
            ("storage.objects.insert", Some("gs://a")),
            ("storage.objects.insert", Some("gs://b")),
        ]
    );
    let text = merged.to_string();
    assert!(
        text.contains("\"why\": \"uploads\"") && text.contains("\"owner\": \"team-a\""),
        "{text}"
    );
    assert!(merged.permissions_by_resource()["gs://a"].contains("x.y.z"));
}

#[test]
fn the_error_for_a_file_that_lacks_methods_has_the_lines_to_add() {
    let file = needs(&["storage.objects.get"]);
    assert!(file.require(&recorded(&["storage.objects.get"])).is_ok());
    let recorded = recorded(&["storage.objects.get", "storage.objects.insert"]);
    let error = file.require(&recorded).unwrap_err().to_string();
    let lines = error.split_once(":\n").unwrap().1;
    // The lines, added to the file, make it complete.
    let text = file.to_string().replace("\n  ]", &format!(",\n{lines}\n  ]"));
    let added = NeedsFile::parse(&text).unwrap();
    assert!(added.require(&recorded).is_ok(), "{text}");
    assert_eq!(added.to_string(), text, "the lines have the form of the file");
}

#[test]
fn unusable_files_are_errors_with_the_place() {
    for (text, hint) in [
        ("", "expected `{\"needs\""),
        ("{}", "missing field `needs`"),
        ("{\n\"needs\": [,]}", "line 2"),
        (r#"{"needs": [{"metod": "x"}]}"#, "needs[0]: missing field `method`"),
        (
            r#"{"needs": [{"method": "a"}, {"method": "storage.objects.insrt"}]}"#,
            "needs[1]: unknown method `storage.objects.insrt`; did you mean `storage.objects.in",
        ),
        (r#"{"schema": "gcp-scopes/needs/9", "needs": []}"#, "expected `gcp-scopes/needs/1`"),
        (r#"{"needs": [{"method": "storage.objects.get", "accepted": "x"}]}"#, "needs[0]"),
    ] {
        let error = NeedsFile::parse(text).unwrap_err().to_string();
        assert!(error.contains(hint), "{text}: {error}");
    }
}

#[test]
fn versions_and_grpc_names_keep_their_names() {
    let beta = "compute.beta:compute.instances.get";
    let rpc = "google.pubsub.v1.Publisher.Publish";
    let file = recorded(&[beta, rpc]);
    let names: Vec<&str> = file.needs().iter().map(|need| need.name()).collect();
    assert_eq!(names, [beta, rpc]);
    assert_eq!(NeedsFile::parse(&file.to_string()).unwrap().to_string(), file.to_string());
}
