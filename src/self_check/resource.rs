//! Resources whose IAM gate can be asked about, and how.
//!
//! `testIamPermissions` answers which of the named permissions the caller has. It asks for an OAuth
//! scope itself, like any other method, and says nothing of the scopes that the permission's own
//! methods ask for.

use bytes::Bytes;
use http::{Method, Uri};
use serde_json::json;

use crate::granted::fetch::percent_encoded;

/// How one kind of resource is named, asked about, and opened.
pub(super) struct Kind {
    /// What a person calls it.
    pub(super) what: &'static str,
    host: &'static str,
    /// Its name behind the host in a full resource name,
    /// <https://docs.cloud.google.com/iam/docs/full-resource-names>.
    name: &'static str,
    verb: Method,
    /// The path of `testIamPermissions`.
    path: &'static str,
    /// How its permissions begin; none if it takes those of every service.
    permissions: &'static [&'static str],
    /// The command that grants a role on it, or on what carries its policy.
    binding: &'static str,
    /// Where Google documents the method.
    #[cfg_attr(not(test), expect(dead_code, reason = "a row carries its source"))]
    source: &'static str,
}

/// A name with a slash stands before its own prefix.
static KINDS: [Kind; 11] = [
    Kind {
        what: "object",
        host: "storage.googleapis.com",
        name: "projects/_/buckets/{bucket}/objects/{object}",
        verb: Method::GET,
        path: "/storage/v1/b/{bucket}/o/{object}/iam/testPermissions",
        permissions: &["storage.objects."],
        binding: "gcloud storage buckets add-iam-policy-binding gs://{bucket}",
        source: "https://docs.cloud.google.com/storage/docs/json_api/v1/objects/testIamPermissions",
    },
    Kind {
        what: "bucket",
        host: "storage.googleapis.com",
        name: "projects/_/buckets/{bucket}",
        verb: Method::GET,
        path: "/storage/v1/b/{bucket}/iam/testPermissions",
        permissions: &["storage."],
        binding: "gcloud storage buckets add-iam-policy-binding gs://{bucket}",
        source: "https://docs.cloud.google.com/storage/docs/json_api/v1/buckets/testIamPermissions",
    },
    Kind {
        what: "topic",
        host: "pubsub.googleapis.com",
        name: "projects/{project}/topics/{topic}",
        verb: Method::POST,
        path: "/v1/projects/{project}/topics/{topic}:testIamPermissions",
        permissions: &["pubsub.topics."],
        binding: "gcloud pubsub topics add-iam-policy-binding {topic} --project={project}",
        source: "https://docs.cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics/testIamPermissions",
    },
    Kind {
        what: "subscription",
        host: "pubsub.googleapis.com",
        name: "projects/{project}/subscriptions/{subscription}",
        verb: Method::POST,
        path: "/v1/projects/{project}/subscriptions/{subscription}:testIamPermissions",
        permissions: &["pubsub.subscriptions."],
        binding: "gcloud pubsub subscriptions add-iam-policy-binding {subscription} --project={project}",
        source: "https://docs.cloud.google.com/pubsub/docs/reference/rest/v1/projects.subscriptions/testIamPermissions",
    },
    Kind {
        what: "project",
        host: "cloudresourcemanager.googleapis.com",
        name: "projects/{project}",
        verb: Method::POST,
        path: "/v3/projects/{project}:testIamPermissions",
        permissions: &[],
        binding: "gcloud projects add-iam-policy-binding {project}",
        source: "https://docs.cloud.google.com/resource-manager/reference/rest/v3/projects/testIamPermissions",
    },
    Kind {
        what: "secret",
        host: "secretmanager.googleapis.com",
        name: "projects/{project}/secrets/{secret}",
        verb: Method::POST,
        path: "/v1/projects/{project}/secrets/{secret}:testIamPermissions",
        permissions: &["secretmanager."],
        binding: "gcloud secrets add-iam-policy-binding {secret} --project={project}",
        source: "https://docs.cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets/testIamPermissions",
    },
    Kind {
        what: "table",
        host: "bigquery.googleapis.com",
        name: "projects/{project}/datasets/{dataset}/tables/{table}",
        verb: Method::POST,
        path: "/bigquery/v2/projects/{project}/datasets/{dataset}/tables/{table}:testIamPermissions",
        permissions: &["bigquery.tables.", "bigquery.rowAccessPolicies."],
        // bq takes its flags before the name:
        // https://docs.cloud.google.com/bigquery/docs/reference/bq-cli-reference#bq_add-iam-policy-binding
        binding: "bq add-iam-policy-binding {grant} --table=true {project}:{dataset}.{table}",
        source: "https://docs.cloud.google.com/bigquery/docs/reference/rest/v2/tables/testIamPermissions",
    },
    Kind {
        what: "queue",
        host: "cloudtasks.googleapis.com",
        name: "projects/{project}/locations/{location}/queues/{queue}",
        verb: Method::POST,
        path: "/v2/projects/{project}/locations/{location}/queues/{queue}:testIamPermissions",
        permissions: &["cloudtasks."],
        binding: "gcloud tasks queues add-iam-policy-binding {queue} --location={location} --project={project}",
        source: "https://docs.cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues/testIamPermissions",
    },
    Kind {
        what: "key",
        host: "cloudkms.googleapis.com",
        name: "projects/{project}/locations/{location}/keyRings/{ring}/cryptoKeys/{key}",
        verb: Method::POST,
        path: "/v1/projects/{project}/locations/{location}/keyRings/{ring}/cryptoKeys/{key}:testIamPermissions",
        permissions: &["cloudkms.cryptoKeys.", "cloudkms.cryptoKeyVersions."],
        binding: "gcloud kms keys add-iam-policy-binding {key} --keyring={ring} --location={location} \
                  --project={project}",
        source: "https://docs.cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys/testIamPermissions",
    },
    Kind {
        what: "database",
        host: "spanner.googleapis.com",
        name: "projects/{project}/instances/{instance}/databases/{database}",
        verb: Method::POST,
        path: "/v1/projects/{project}/instances/{instance}/databases/{database}:testIamPermissions",
        permissions: &["spanner."],
        binding: "gcloud spanner databases add-iam-policy-binding {database} --instance={instance} \
                  --project={project}",
        source: "https://docs.cloud.google.com/spanner/docs/reference/rest/v1/projects.instances.databases/testIamPermissions",
    },
    Kind {
        what: "instance",
        host: "spanner.googleapis.com",
        name: "projects/{project}/instances/{instance}",
        verb: Method::POST,
        path: "/v1/projects/{project}/instances/{instance}:testIamPermissions",
        permissions: &["spanner."],
        binding: "gcloud spanner instances add-iam-policy-binding {instance} --project={project}",
        source: "https://docs.cloud.google.com/spanner/docs/reference/rest/v1/projects.instances/testIamPermissions",
    },
];

/// Google's own limit for one question.
/// Source: <https://docs.cloud.google.com/iam/docs/testing-permissions>
const MOST: usize = 100;
/// What is longer is no name.
const LONG: usize = 2048;

/// A resource and the permissions on it, or why they cannot be asked about.
#[derive(Clone)]
pub(super) struct Wanted {
    pub(super) subject: String,
    pub(super) permissions: Vec<String>,
    pub(super) resource: Result<Resource, String>,
}

impl Wanted {
    pub(super) fn read(resource: &str, permissions: Vec<String>) -> Self {
        let resource = resource.trim();
        let subject: String = resource.chars().take(300).collect();
        let read = Resource::read(resource).and_then(|read| read.taking(&permissions));
        Self { subject: subject.escape_debug().to_string(), permissions, resource: read }
    }
}

/// A resource by its kind and the names in its own.
#[derive(Clone)]
pub(super) struct Resource {
    pub(super) kind: &'static Kind,
    names: Vec<(&'static str, String)>,
}

impl Resource {
    /// A full resource name, or `gs://BUCKET` and `gs://BUCKET/OBJECT`.
    fn read(text: &str) -> Result<Self, String> {
        let full = match text.strip_prefix("gs://").map(|rest| rest.trim_end_matches('/')) {
            Some(rest) => match rest.split_once('/') {
                Some((bucket, object)) => format!("{STORAGE}{bucket}/objects/{object}"),
                None => format!("{STORAGE}{rest}"),
            },
            None => text.to_owned(),
        };
        let parts = full.strip_prefix("//").and_then(|rest| rest.split_once('/'));
        let (host, name) = parts.ok_or_else(|| expected(""))?;
        let read = |kind: &'static Kind| names(kind.name, name).map(|names| Self { kind, names });
        let mut on_host = KINDS.iter().filter(|kind| kind.host == host && full.len() <= LONG);
        on_host.find_map(read).ok_or_else(|| expected(host))
    }

    /// The same, if these are permissions that such a resource has. Others are never granted on it, so
    /// that the answer would look like a closed gate.
    fn taking(self, permissions: &[String]) -> Result<Self, String> {
        let Kind { what, permissions: starts, .. } = self.kind;
        let start = starts.first().copied().unwrap_or("SERVICE.RESOURCE.");
        match permissions.len() {
            0 => return Err(format!("no permission of the {what} is named; those begin with `{start}`")),
            1..=MOST => {}
            count => {
                return Err(format!(
                    "{count} permissions; Google answers at most {MOST} at once: name the resource again for the rest"
                ));
            }
        }
        let fits = |permission: &str| {
            let is_name = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric());
            let is_permission = permission.split('.').count() > 2 && permission.split('.').all(is_name);
            is_permission && (starts.is_empty() || starts.iter().any(|start| permission.starts_with(start)))
        };
        let Some(odd) = permissions.iter().find(|permission| !fits(permission)) else { return Ok(self) };
        let odd: String = odd.chars().take(100).collect();
        Err(format!("`{}` is no permission of a {what}; those begin with `{start}`", odd.escape_debug()))
    }

    /// The question: verb, path with its query as Google has it, and body.
    pub(super) fn question(&self, permissions: &[String]) -> (Method, String, Bytes) {
        let path = filled(self.kind.path, &self.names, percent_encoded);
        if self.kind.verb == Method::POST {
            return (Method::POST, path, Bytes::from(json!({ "permissions": permissions }).to_string()));
        }
        let query: Vec<String> = permissions.iter().map(|name| format!("permissions={name}")).collect();
        (Method::GET, format!("{path}?{}", query.join("&")), Bytes::new())
    }

    pub(super) fn verb(&self) -> &'static Method {
        &self.kind.verb
    }

    /// The host of the API that is asked.
    pub(super) fn host(&self) -> &'static str {
        self.kind.host
    }

    /// The question's URL, as Google knows it.
    pub(super) fn uri(&self) -> Option<Uri> {
        format!("https://{}{}", self.kind.host, filled(self.kind.path, &self.names, percent_encoded))
            .parse()
            .ok()
    }

    pub(super) fn binding(&self) -> String {
        filled(self.kind.binding, &self.names, str::to_owned)
    }
}

const STORAGE: &str = "//storage.googleapis.com/projects/_/buckets/";

/// What would have done: the names at this host, else the hosts.
fn expected(host: &str) -> String {
    let forms = KINDS.iter().filter(|kind| kind.host == host);
    let forms: Vec<String> = forms.map(|kind| format!("//{host}/{}", kind.name)).collect();
    if !forms.is_empty() {
        return format!("not a resource that can be asked about; expected {}", forms.join(" or "));
    }
    let mut hosts: Vec<&str> = KINDS.iter().map(|kind| kind.host).collect();
    hosts.dedup();
    format!(
        "not a resource that can be asked about; expected gs://{{bucket}}, or a full resource name such as \
         //pubsub.googleapis.com/projects/{{project}}/topics/{{topic}}, at one of {}",
        hosts.join(", ")
    )
}

/// The names that stand at the placeholders. The last placeholder takes what is left if it is an
/// object's, whose name may be anything; other names go into commands, and are plain.
fn names(template: &'static str, text: &str) -> Option<Vec<(&'static str, String)>> {
    let parts: Vec<&'static str> = template.split('/').collect();
    let segments: Vec<&str> = match template.ends_with(OBJECT) {
        true => text.splitn(parts.len(), '/').collect(),
        false => text.split('/').collect(),
    };
    if segments.len() != parts.len() {
        return None;
    }
    let mut names = Vec::new();
    for (part, segment) in parts.into_iter().zip(segments) {
        match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            Some(name) if is_plain(segment) || (part == OBJECT && !segment.is_empty()) => {
                names.push((name, segment.to_owned()));
            }
            None if part == segment => {}
            _ => return None,
        }
    }
    Some(names)
}

const OBJECT: &str = "{object}";

fn is_plain(name: &str) -> bool {
    let is_start = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:~+%".contains(&byte);
    name.bytes().next().is_some_and(is_start) && name.bytes().all(is_part)
}

fn filled(template: &str, names: &[(&'static str, String)], shape: impl Fn(&str) -> String) -> String {
    names.iter().fold(template.to_owned(), |text, (name, value)| {
        text.replacen(&format!("{{{name}}}"), &shape(value), 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(resource: &str, permission: &str) -> Result<Resource, String> {
        Wanted::read(resource, vec![permission.to_owned()]).resource
    }

    const EACH: [(&str, &str, &str, &str); 13] = [
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
            "/storage/v1/b/photos/o/2026%2Fa%20b.jpg/iam/testPermissions?permissions=storage.objects.get",
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
    fn each_kind_is_asked_at_its_own_url_in_its_own_way() {
        for (resource, permission, verb, path) in EACH {
            let read = read(resource, permission).expect(resource);
            let asked = read.question(&[permission.to_owned()]);
            assert_eq!((asked.0.as_str(), asked.1.as_str()), (verb, path));
            let body =
                if verb == "POST" { format!(r#"{{"permissions":["{permission}"]}}"#) } else { String::new() };
            assert_eq!(asked.2, body);
        }
        assert_eq!(EACH.len(), KINDS.len() + 2, "every kind has a row");
        assert!(KINDS.iter().all(|kind| kind.source.starts_with("https://docs.cloud.google.com/")));
    }

    #[cfg(feature = "catalog-full")]
    #[test]
    fn each_question_is_a_method_of_googles() {
        use crate::call::Call;
        use crate::catalog::{Endpoints, lookup};
        for (resource, permission, ..) in EACH {
            let read = read(resource, permission).unwrap();
            let uri = read.uri().unwrap();
            let found = lookup(&Call::new(&read.kind.verb, &uri), &Endpoints::new()).expect(resource);
            assert!(found.method().id().ends_with("testIamPermissions"), "{resource}: {}", found.method());
            assert!(!found.method().accepted().is_empty(), "{resource}");
        }
    }

    #[test]
    fn what_cannot_be_asked_about_is_refused_with_what_can() {
        for (resource, permission, hint) in [
            ("photos", "storage.objects.get", "gs://{bucket}"),
            ("//storage.googleapis.com/photos", "storage.objects.get", "projects/_/buckets/{bucket}"),
            ("//pubsub.googleapis.com/projects/p/topics/$(x)", "pubsub.topics.publish", "/topics/{topic}"),
            ("//pubsub.googleapis.com/projects/p/topics/-t", "pubsub.topics.publish", "/topics/{topic}"),
            ("//pubsub.googleapis.com/projects/p/topics/", "pubsub.topics.publish", "/topics/{topic}"),
            ("//example.com/projects/p", "a.b.c", "cloudtasks.googleapis.com"),
            ("gs://photos", "pubsub.topics.publish", "`storage.`"),
            ("gs://photos", "storage.objects.*", "no permission of a bucket"),
            ("gs://photos", "roles/storage.admin", "no permission of a bucket"),
            ("//cloudresourcemanager.googleapis.com/projects/p", "jobs.create", "no permission of a project"),
            (
                "//bigquery.googleapis.com/projects/p/datasets/d/tables/t",
                "bigquery.jobs.create",
                "`bigquery.tables.`",
            ),
        ] {
            let error = read(resource, permission).err().expect(resource);
            assert!(error.contains(hint), "{resource}: {error}");
        }
        assert!(Wanted::read("gs://photos", vec![]).resource.is_err());
        assert!(Wanted::read("gs://photos", vec!["storage.objects.get".to_owned(); 101]).resource.is_err());
    }

    #[test]
    fn a_binding_holds_the_names() {
        let key = "//cloudkms.googleapis.com/projects/p/locations/l/keyRings/r/cryptoKeys/k";
        let binding = read(key, "cloudkms.cryptoKeys.get").unwrap().binding();
        assert_eq!(binding, "gcloud kms keys add-iam-policy-binding k --keyring=r --location=l --project=p");
        assert!(KINDS.iter().all(|kind| kind.binding.contains('{')));
    }
}
