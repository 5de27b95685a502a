//! Parses resources, and creates the requests that check their IAM permissions.
//!
//! The method `testIamPermissions` returns which of the named permissions the caller has. Like
//! every other method, `testIamPermissions` requires an OAuth scope. The response does not depend
//! on whether the token has the scopes of the methods that need the permissions.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Method, Request, Uri};
use serde_json::json;

use super::kinds::{KINDS, ResourceKind};
use crate::call::{AbstainReason, Call};
use crate::catalog::{Endpoints, Lookup, lookup};
use crate::granted::fetch::percent_encoded;
use crate::scope::Scope;
use crate::token_source::scope_for;

/// The largest number of permissions that Google accepts in one request. Source:
/// <https://docs.cloud.google.com/iam/docs/testing-permissions>
const MAX_PERMISSIONS: usize = 100;
/// The longest full resource name that is accepted, in bytes; Google's names are shorter.
const MAX_NAME: usize = 2048;

/// The permissions that a service needs on a resource, or why they cannot be checked.
#[derive(Clone)]
pub(super) struct IamNeed {
    pub(super) subject: String,
    pub(super) permissions: Vec<String>,
    pub(super) resource: Result<IamResource, String>,
}

impl IamNeed {
    /// Parses the name of a resource, and checks the permissions. Reports show at most 300
    /// characters of the name, so that an invalid text cannot fill a page.
    pub(super) fn parse(resource: &str, permissions: Vec<String>) -> Self {
        let resource = resource.trim();
        let subject = format!("{resource:.300}").escape_debug().to_string();
        Self { subject, resource: IamResource::parse(resource, &permissions), permissions }
    }

    /// Returns the request to IAM, and the scope of its token.
    pub(super) fn request(&self, endpoints: &Endpoints) -> Result<(Scope, Request<Bytes>), String> {
        let resource = self.resource.as_ref().map_err(String::clone)?;
        let base = endpoints.base_url(resource.kind.host);
        Ok((scope_for(&resource.method()), resource.request(&base, &self.permissions)?))
    }
}

/// A resource: its kind and the parts of its name.
#[derive(Clone)]
pub(super) struct IamResource {
    pub(super) kind: &'static ResourceKind,
    /// The values of the placeholders in the templates of `kind`, by placeholder.
    names: Vec<(&'static str, String)>,
}

impl IamResource {
    /// Parses a full resource name, `gs://BUCKET` or `gs://BUCKET/OBJECT`.
    fn parse(text: &str, permissions: &[String]) -> Result<Self, String> {
        let full = match text.strip_prefix("gs://").map(|name| name.trim_end_matches('/')) {
            Some(name) => format!("{STORAGE}{}", name.replacen('/', "/objects/", 1)),
            None => text.to_owned(),
        };
        let parts = full.strip_prefix("//").and_then(|rest| rest.split_once('/'));
        let (host, name) = parts.ok_or_else(|| expected_forms(""))?;
        let mut kinds = kinds_at(host).filter(|_| full.len() <= MAX_NAME);
        let resource =
            kinds.find_map(|kind| Some(Self { kind, names: match_names(kind.name, name)? }));
        let resource = resource.ok_or_else(|| expected_forms(host))?;
        check_permissions(resource.kind, permissions).map(|()| resource)
    }

    /// Creates the request that returns which of these permissions the account has. Contains no
    /// token.
    fn request(&self, base: &str, permissions: &[String]) -> Result<Request<Bytes>, String> {
        let (mut url, mut body) = (format!("{base}{}", self.path()), String::new());
        match self.kind.verb == Method::POST {
            true => body = json!({ "permissions": permissions }).to_string(),
            false => url = format!("{url}?permissions={}", permissions.join("&permissions=")),
        }
        let request = Request::builder().method(&self.kind.verb).uri(url);
        let request = request.header(CONTENT_TYPE, "application/json").body(Bytes::from(body));
        request.map_err(|_| "its name cannot be part of a URL".to_owned())
    }

    /// Looks up the method of the request to IAM.
    pub(super) fn method(&self) -> Lookup {
        let uri: Result<Uri, _> = format!("https://{}{}", self.kind.host, self.path()).parse();
        match uri {
            Ok(uri) => lookup(&Call::new(&self.kind.verb, &uri), &Endpoints::new()),
            Err(_) => Lookup::without_method(AbstainReason::Method),
        }
    }

    /// Returns the command that grants a role on the resource.
    pub(super) fn binding(&self) -> String {
        self.fill(self.kind.binding, str::to_owned)
    }

    /// Returns the URL path of the request to IAM.
    fn path(&self) -> String {
        self.fill(self.kind.path, percent_encoded)
    }

    /// Replaces the placeholders of a template by the parts of the resource's name.
    fn fill(&self, template: &str, encode: impl Fn(&str) -> String) -> String {
        self.names.iter().fold(template.to_owned(), |text, (name, value)| {
            text.replacen(&format!("{{{name}}}"), &encode(value), 1)
        })
    }
}

/// Rejects permissions that do not exist for this kind of resource. IAM never grants such
/// permissions, so the response would look like a closed gate.
fn check_permissions(kind: &ResourceKind, permissions: &[String]) -> Result<(), String> {
    let ResourceKind { what, permissions: starts, .. } = kind;
    let start = starts.first().copied().unwrap_or("SERVICE.RESOURCE.");
    let invalid = permissions.iter().find(|permission| !is_permission(permission, starts));
    match (permissions.len(), invalid) {
        (0, _) => Err(format!("no permission of the {what} is named; those begin with `{start}`")),
        (1..=MAX_PERMISSIONS, None) => Ok(()),
        (1..=MAX_PERMISSIONS, Some(invalid)) => {
            let invalid = format!("{invalid:.100}").escape_debug().to_string();
            Err(format!("`{invalid}` is not a permission of a {what}; those begin with `{start}`"))
        }
        (many, _) => Err(format!(
            "{many} permissions; Google checks at most {MAX_PERMISSIONS} per request: name the \
             others with a second entry for the same resource"
        )),
    }
}

/// Returns whether a text has the form of a permission and one of the prefixes.
fn is_permission(permission: &str, starts: &[&str]) -> bool {
    let is_name = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric());
    let is_permission = permission.split('.').count() > 2 && permission.split('.').all(is_name);
    is_permission && (starts.is_empty() || starts.iter().any(|start| permission.starts_with(start)))
}

const STORAGE: &str = "//storage.googleapis.com/projects/_/buckets/";

/// Returns the kinds of resources of this API host.
fn kinds_at(host: &str) -> impl Iterator<Item = &'static ResourceKind> {
    KINDS.iter().map(|(kind, _)| kind).filter(move |kind| kind.host == host)
}

/// Returns a message with the expected forms of a name: those for this host, or all hosts if the
/// host is unknown.
fn expected_forms(host: &str) -> String {
    let forms: Vec<String> = kinds_at(host).map(|kind| format!("//{host}/{}", kind.name)).collect();
    if !forms.is_empty() {
        return format!(
            "not a resource whose permissions can be checked; expected {}",
            forms.join(" or ")
        );
    }
    let mut hosts: Vec<&str> = KINDS.iter().map(|(kind, _)| kind.host).collect();
    hosts.dedup();
    format!(
        "not a resource whose permissions can be checked; expected gs://{{bucket}}, or a full \
         resource name such as //pubsub.googleapis.com/projects/{{project}}/topics/{{topic}}, at \
         one of {}",
        hosts.join(", ")
    )
}

/// Matches a name with a template, and returns the parts that match the placeholders. Returns
/// `None` if the name does not match. An object's name may contain any characters. The other parts
/// are used in shell commands, so they may contain only characters that need no quoting.
fn match_names(template: &'static str, text: &str) -> Option<Vec<(&'static str, String)>> {
    let parts: Vec<&'static str> = template.split('/').collect();
    // The last segment keeps its slashes, because the name of an object may contain slashes.
    let segments: Vec<&str> = text.splitn(parts.len(), '/').collect();
    let mut names = Vec::new();
    for (part, segment) in parts.iter().zip(&segments) {
        match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            Some(name) if is_plain(segment) || (name == "object" && !segment.is_empty()) => {
                names.push((name, (*segment).to_owned()));
            }
            None if part == segment => {}
            _ => return None,
        }
    }
    (segments.len() == parts.len()).then_some(names)
}

/// Returns whether a name needs no quoting in a shell command.
fn is_plain(name: &str) -> bool {
    let is_start = |char: char| char.is_ascii_alphanumeric() || char == '_';
    name.starts_with(is_start) && name.chars().all(|char| is_start(char) || "-.:~+%".contains(char))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(resource: &str, permission: &str) -> Result<IamResource, String> {
        IamNeed::parse(resource, vec![permission.to_owned()]).resource
    }

    /// Rows: a resource, a permission, and the HTTP method and path of the request.
    const ROWS: [(&str, &str, &str, &str); 13] = [
        (
            "gs://photos",
            "storage.objects.create",
            "GET",
            "/storage/v1/b/photos/iam/testPermissions?permissions=storage.objects.create",
        ),
        (
            "//storage.googleapis.com/projects/_/buckets/photos",
            "storage.buckets.get",
            "GET",
            "/storage/v1/b/photos/iam/testPermissions?permissions=storage.buckets.get",
        ),
        (
            "gs://photos/2026/a b.jpg",
            "storage.objects.get",
            "GET",
            "/storage/v1/b/photos/o/2026%2Fa%20b.jpg/iam/testPermissions?permissions=storage.\
             objects.get",
        ),
        (
            "//pubsub.googleapis.com/projects/p/topics/t",
            "pubsub.topics.publish",
            "POST",
            "/v1/projects/p/topics/t:testIamPermissions",
        ),
        (
            "//pubsub.googleapis.com/projects/p/topics/a%2Bb",
            "pubsub.topics.publish",
            "POST",
            "/v1/projects/p/topics/a%252Bb:testIamPermissions",
        ),
        (
            "//pubsub.googleapis.com/projects/p/subscriptions/s",
            "pubsub.subscriptions.consume",
            "POST",
            "/v1/projects/p/subscriptions/s:testIamPermissions",
        ),
        (
            "//cloudresourcemanager.googleapis.com/projects/p",
            "bigquery.jobs.create",
            "POST",
            "/v3/projects/p:testIamPermissions",
        ),
        (
            "//secretmanager.googleapis.com/projects/p/secrets/s",
            "secretmanager.versions.access",
            "POST",
            "/v1/projects/p/secrets/s:testIamPermissions",
        ),
        (
            "//bigquery.googleapis.com/projects/p/datasets/d/tables/t",
            "bigquery.tables.getData",
            "POST",
            "/bigquery/v2/projects/p/datasets/d/tables/t:testIamPermissions",
        ),
        (
            "//cloudtasks.googleapis.com/projects/p/locations/l/queues/q",
            "cloudtasks.tasks.create",
            "POST",
            "/v2/projects/p/locations/l/queues/q:testIamPermissions",
        ),
        (
            "//cloudkms.googleapis.com/projects/p/locations/l/keyRings/r/cryptoKeys/k",
            "cloudkms.cryptoKeyVersions.useToEncrypt",
            "POST",
            "/v1/projects/p/locations/l/keyRings/r/cryptoKeys/k:testIamPermissions",
        ),
        (
            "//spanner.googleapis.com/projects/p/instances/i",
            "spanner.databases.list",
            "POST",
            "/v1/projects/p/instances/i:testIamPermissions",
        ),
        (
            "//spanner.googleapis.com/projects/p/instances/i/databases/d",
            "spanner.databases.read",
            "POST",
            "/v1/projects/p/instances/i/databases/d:testIamPermissions",
        ),
    ];

    #[test]
    fn each_kind_has_its_own_request() {
        for (resource, permission, verb, path) in ROWS {
            let parsed = parse(resource, permission).expect(resource);
            let request = parsed.request("", &[permission.to_owned()]).expect(resource);
            assert_eq!(
                (request.method().as_str(), request.uri().to_string().as_str()),
                (verb, path)
            );
            let body = match verb {
                "POST" => format!(r#"{{"permissions":["{permission}"]}}"#),
                _ => String::new(),
            };
            assert_eq!(*request.body(), body);
        }
        // Buckets and topics have two rows each.
        assert_eq!(ROWS.len(), KINDS.len() + 2, "every kind should have a row");
        let is_google_host = |source: &str| source.starts_with("https://docs.cloud.google.com/");
        assert!(KINDS.iter().all(|(_, source)| is_google_host(source)));
    }

    #[cfg(feature = "catalog-full")]
    #[test]
    fn each_request_is_a_method_of_the_catalog() {
        for (resource, permission, ..) in ROWS {
            let method = parse(resource, permission).unwrap().method().method().expect(resource);
            assert!(method.id().ends_with("testIamPermissions"), "{resource}: {method}");
            assert!(!method.accepted().is_empty(), "{resource}");
        }
    }

    #[test]
    fn errors_for_invalid_resources_contain_a_hint() {
        const GET: &str = "storage.objects.get";
        const PUBLISH: &str = "pubsub.topics.publish";
        const PROJECT: &str = "//cloudresourcemanager.googleapis.com/projects/p";
        for (resource, permission, hint) in [
            ("photos", GET, "gs://{bucket}"),
            ("//storage.googleapis.com/photos", GET, "projects/_/buckets/{bucket}"),
            ("//pubsub.googleapis.com/projects/p/topics/$(x)", PUBLISH, "/topics/{topic}"),
            ("//pubsub.googleapis.com/projects/p/topics/-t", PUBLISH, "/topics/{topic}"),
            ("//pubsub.googleapis.com/projects/p/topics/", PUBLISH, "/topics/{topic}"),
            ("//example.com/projects/p", "a.b.c", "cloudtasks.googleapis.com"),
            ("gs://photos", PUBLISH, "`storage.`"),
            ("gs://photos", "storage.objects.*", "not a permission of a bucket"),
            ("gs://photos", "roles/storage.admin", "not a permission of a bucket"),
            (PROJECT, "jobs.create", "not a permission of a project"),
            (
                "//bigquery.googleapis.com/projects/p/datasets/d/tables/t",
                "bigquery.jobs.create",
                "`bigquery.tables.`",
            ),
        ] {
            let error = parse(resource, permission).err().expect(resource);
            assert!(error.contains(hint), "{resource}: {error}");
        }
        assert!(IamNeed::parse("gs://photos", vec![]).resource.is_err());
        assert!(
            IamNeed::parse("gs://photos", vec![GET.to_owned(); MAX_PERMISSIONS + 1])
                .resource
                .is_err()
        );
    }

    #[test]
    fn a_binding_contains_the_names() {
        let key = "//cloudkms.googleapis.com/projects/p/locations/l/keyRings/r/cryptoKeys/k";
        let binding = parse(key, "cloudkms.cryptoKeys.get").unwrap().binding();
        let expected = "kms keys add-iam-policy-binding k --keyring=r --location=l --project=p";
        assert_eq!(binding, format!("gcloud {expected}"));
        assert!(KINDS.iter().all(|(kind, _)| kind.binding.contains('{')));
    }
}
