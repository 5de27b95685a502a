//! A refused call and the place in which it was made, both read from the input of a fuzz target.

use http::header::{HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use http::{Method, Uri};
use serde_json::{Value, json};

use gcp_scopes_catalog::scope::ScopeSet;

use crate::environment::{Credential, Environment, Snapshot, metadata};
use crate::granted::{GrantSource, GrantedScopes};
use crate::layout::Layout;
use crate::refusal::ErrorResponse;

/// The form in which a program or a person learns of a refusal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum ReportedAs {
    /// The response of a server, of which the call may be unknown.
    Answer,
    /// The text of a response, as people paste it.
    PastedText,
    /// The error that the guard makes of a response, or of a call before it is sent.
    Denial,
}

/// A world: an environment, a token, a call and its refusal. Its names come from other people.
#[derive(Debug)]
pub(super) struct FuzzedWorld {
    pub(super) form: ReportedAs,
    pub(super) environment: Environment,
    pub(super) granted: GrantedScopes,
    pub(super) method: Method,
    pub(super) uri: Option<Uri>,
    pub(super) layout: Layout,
    status: u16,
    headers: HeaderMap,
    body: String,
}

/// The names in a world, in the order of the parts of the input. An empty part of the input stands
/// for this name.
const NAMES: [(&str, &str); 12] = [
    ("project", "shop-prod"),
    ("number", "123456789012"),
    ("instance", "web-1"),
    ("zone", "us-central1-a"),
    ("resource", "prod"),
    ("location", "us-central1"),
    ("pool", "pool-1"),
    ("account", "robot@shop-prod.iam.gserviceaccount.com"),
    ("id", "103456789012345678901"),
    ("named", "photos"),
    ("scopes", "https://www.googleapis.com/auth/devstorage.read_only"),
    ("permission", "storage.objects.get"),
];

/// The names of a world by their keys in [`NAMES`].
struct Names(Vec<String>);

impl Names {
    fn get(&self, key: &str) -> &str {
        let place = NAMES.iter().position(|(known, _)| *known == key);
        &self.0[place.expect("a known key")]
    }
}

/// URLs of calls, in which `named` is replaced by a name.
const URLS: [(Method, &str); 10] = [
    (Method::GET, "https://storage.googleapis.com/storage/v1/b/named/o/cat.jpg"),
    (Method::PUT, "https://storage.googleapis.com/named/cat.jpg"),
    (Method::POST, "https://pubsub.googleapis.com/v1/projects/named/topics/t:publish"),
    (Method::GET, "https://www.googleapis.com/drive/v3/files/named"),
    (Method::POST, "https://gmail.googleapis.com/gmail/v1/users/named/messages/send"),
    (Method::POST, "https://bigquery.googleapis.com/bigquery/v2/projects/named/queries"),
    (
        Method::GET,
        "https://secretmanager.googleapis.com/v1/projects/named/secrets/s/versions/1:access",
    ),
    (Method::POST, "https://generativelanguage.googleapis.com/v1beta/models/named:generateContent"),
    (Method::GET, "https://compute.googleapis.com/compute/v1/projects/named/zones/z/instances/i"),
    (Method::GET, "https://api.acme.example/named"),
];

/// The one-word reasons of older JSON errors.
const REASONS: [&str; 8] = [
    "insufficientPermissions",
    "forbidden",
    "accessNotConfigured",
    "rateLimitExceeded",
    "accountDisabled",
    "accessDenied",
    "required",
    "authError",
];

/// The reasons of `google.rpc.ErrorInfo`; an empty reason stands for an error without details.
const INFOS: [&str; 8] = [
    "",
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
    "IAM_PERMISSION_DENIED",
    "SERVICE_DISABLED",
    "BILLING_DISABLED",
    "SECURITY_POLICY_VIOLATED",
    "USER_PROJECT_DENIED",
    "CONSUMER_INVALID",
];

/// Messages of refusals by each gate. `NAME`, `PROJECT`, `ACCOUNT` and `PERMISSION` are replaced by
/// names.
const MESSAGES: [&str; 28] = [
    "Request had insufficient authentication scopes.",
    "Provided scope(s) are not authorized",
    "Insufficient Permission: Request had insufficient authentication scopes.",
    "Access Denied: BigQuery BigQuery: Permission denied while getting Drive credentials.",
    "Metadata scope does not support 'q' parameter",
    "Request requires one of the following scopes: NAME",
    "ACCOUNT does not have PERMISSION access to the Google Cloud Storage object. Permission \
        'PERMISSION' denied on resource (or it may not exist).",
    "ACCOUNT does not have PERMISSION access to the Google Cloud Storage bucket NAME.",
    "Permission 'PERMISSION' denied on resource \
        '//pubsub.googleapis.com/projects/PROJECT/topics/NAME' (or it may not exist).",
    "Required 'PERMISSION' permission for 'projects/PROJECT/zones/z/instances/NAME'",
    "Access Denied: Table PROJECT:sales.NAME: User does not have permission to query table \
        PROJECT:sales.NAME.",
    "Cloud Pub/Sub API has not been used in project PROJECT before or it is disabled. Enable it \
        by visiting \
        https://console.developers.google.com/apis/api/NAME/overview?project=PROJECT then \
        retry.",
    "NAME API has not been used in project PROJECT before or it is disabled.",
    "This API method requires billing to be enabled. Please enable billing on project #PROJECT \
        by visiting https://console.developers.google.com/billing/enable?project=PROJECT then \
        retry.",
    "Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: NAME",
    "Operation denied by org policy on resource 'projects/PROJECT': ['constraints/NAME': the \
        policy]",
    "Constraint constraints/NAME violated for project PROJECT.",
    "Your application is authenticating by using local Application Default Credentials. The \
        NAME API requires a quota project, which is not set by default.",
    "Caller does not have required permission to use project PROJECT. Grant the caller the \
        roles/serviceusage.serviceUsageConsumer role, or a custom role with the \
        serviceusage.services.use permission.",
    "Requests from referer NAME are blocked.",
    "API key not valid. Please pass a valid API key.",
    "The caller does not have permission iam.serviceaccounts.actAs on ACCOUNT",
    "Anonymous caller does not have PERMISSION access to NAME.",
    "Your client does not have permission to get URL NAME from this server.",
    "Missing or insufficient permissions.",
    "Project NAME has been suspended.",
    "unauthorized_client: Client is unauthorized to retrieve access tokens using this method, \
        or client not authorized for any of the scopes requested. NAME",
    "NAME",
];

impl FuzzedWorld {
    /// Reads a world: eight bytes with choices, then the names, divided by zero bytes.
    pub(super) fn new(data: &[u8]) -> Self {
        let (choices, rest) = data.split_at(data.len().min(8));
        let choice = |place: usize| choices.get(place).map_or(0, |byte| usize::from(*byte));
        let mut parts = rest.split(|byte| *byte == 0).map(String::from_utf8_lossy);
        let part = |(_, usual): &(&str, &str)| match parts.next() {
            Some(part) if !part.is_empty() => part.into_owned(),
            _ => (*usual).to_owned(),
        };
        let names = Names(NAMES.iter().map(part).collect());
        let snapshot = with_credential(place(choice(0), &names), choice(1), &names);
        let message = filled(MESSAGES[choice(2) % MESSAGES.len()], &names);
        let (method, url) = &URLS[choice(3) % URLS.len()];
        let forms = [ReportedAs::Answer, ReportedAs::PastedText, ReportedAs::Denial];
        let json = error_json(&message, REASONS[choice(4) % 8], INFOS[choice(5) % 8], &names);
        Self {
            form: forms[choice(3) / URLS.len() % forms.len()],
            environment: Environment::from_snapshot(&snapshot),
            granted: granted(choice(6) % 8, &names),
            method: method.clone(),
            layout: layout(choice(7) / 16 % 4),
            uri: url.replace("named", names.get("named")).parse().ok(),
            status: [403, 403, 401, 400][choice(6) / 8 % 4],
            headers: headers(choice(7), &names),
            body: in_form(choice(7) % 8, &message, &json),
        }
    }

    /// Returns the refusal of the call.
    pub(super) fn answer(&self) -> ErrorResponse<'_> {
        ErrorResponse::new(self.body.as_bytes())
            .with_status(self.status)
            .with_headers(&self.headers)
    }

    /// Returns the text of the refusal, as people paste it.
    pub(super) fn text(&self) -> &str {
        &self.body
    }
}

/// Returns one of the layouts in which people read reports.
fn layout(choice: usize) -> Layout {
    match choice {
        0 => Layout::new(),
        1 => Layout::new().plain(),
        2 => Layout::new().width(30),
        _ => Layout::new().width(100),
    }
}

/// Returns the snapshot of one of the places in which programs run.
fn place(choice: usize, names: &Names) -> Snapshot {
    let (resource, location) = (names.get("resource"), names.get("location"));
    let attribute = |machine: Snapshot, name: &str, value: &str| {
        machine.with_metadata(format!("instance/attributes/{name}"), value)
    };
    let cluster = || {
        let machine =
            attribute(attribute(vm(names), "cluster-name", resource), "cluster-location", location);
        attribute(
            machine,
            "kube-labels",
            &format!("cloud.google.com/gke-nodepool={}", names.get("pool")),
        )
    };
    let pod = || cluster().with_env("KUBERNETES_SERVICE_HOST", "10.0.0.1");
    match choice % 20 {
        0 => vm(names),
        1 => {
            let group =
                format!("projects/1/zones/{}/instanceGroupManagers/{resource}", names.get("zone"));
            attribute(vm(names), "created-by", &group)
        }
        2 => cluster(),
        3 => pod().with_metadata(metadata::EMAIL, "shop-prod.svc.id.goog"),
        4 => pod(),
        5 => {
            pod().with_env("COMPOSER_ENVIRONMENT", resource).with_env("COMPOSER_LOCATION", location)
        }
        6 => attribute(
            attribute(vm(names), "dataproc-cluster-name", resource),
            "dataproc-region",
            location,
        ),
        7 => attribute(vm(names), "job_id", &format!("2026-01-01_{resource}")),
        8 => attribute(vm(names), "proxy-url", "x-dot-us-central1.notebooks.googleusercontent.com"),
        9 => vm(names).with_env("K_SERVICE", resource).with_env("K_CONFIGURATION", resource),
        10 => vm(names).with_env("CLOUD_RUN_JOB", resource),
        11 => vm(names).with_env("CLOUD_RUN_WORKER_POOL", resource),
        12 => vm(names).with_env("FUNCTION_TARGET", "f").with_env("K_SERVICE", resource),
        13 => vm(names).with_env("GAE_ENV", "standard").with_env("GAE_SERVICE", resource),
        14 => vm(names).with_env("GAE_ENV", "flex").with_env("GAE_SERVICE", resource),
        15 => vm(names)
            .with_env("CLOUD_SHELL", "true")
            .with_env("DEVSHELL_PROJECT_ID", names.get("project")),
        16 => vm(names).with_env("BUILDER_OUTPUT", "/builder/outputs"),
        17 => vm(names).with_metadata("instance/region", format!("projects/1/regions/{location}")),
        _ => Snapshot::new().with_env("GOOGLE_CLOUD_PROJECT", names.get("project")),
    }
}

/// Returns the snapshot of a VM.
fn vm(names: &Names) -> Snapshot {
    Snapshot::new()
        .with_metadata("project/project-id", names.get("project"))
        .with_metadata("project/numeric-project-id", names.get("number"))
        .with_metadata("instance/zone", format!("projects/1/zones/{}", names.get("zone")))
        .with_metadata("instance/name", names.get("instance"))
        .with_metadata(metadata::EMAIL, names.get("account"))
        .with_metadata(metadata::SCOPES, names.get("scopes"))
}

/// Adds a credential file, or declares a credential.
fn with_credential(snapshot: Snapshot, choice: usize, names: &Names) -> Snapshot {
    let (account, project) = (names.get("account"), names.get("project"));
    let accounts = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts";
    let url = format!("{accounts}/{account}:generateAccessToken");
    let file = match choice % 20 {
        0 => {
            json!({"type": "authorized_user", "refresh_token": "1//x", "quota_project_id": project})
        }
        1 => {
            json!({"type": "service_account", "client_email": account, "client_id": names.get("id"),
            "project_id": project})
        }
        2 => {
            json!({"type": "service_account", "client_email": account, "client_id": names.get("id"),
            "subject": names.get("named")})
        }
        3 => {
            let kind = "impersonated_service_account";
            json!({"type": kind, "service_account_impersonation_url": url})
        }
        4 => json!({"type": "external_account", "service_account_impersonation_url": url}),
        5 => json!({"type": "external_account_authorized_user"}),
        6 => json!({"type": names.get("named")}),
        other => {
            return match declared(other) {
                Some(credential) => snapshot.with_credential(credential),
                None => snapshot,
            };
        }
    };
    snapshot
        .with_env("GOOGLE_APPLICATION_CREDENTIALS", "/key.json")
        .with_file("/key.json", &file.to_string())
}

/// Returns the credential that the program declares; `None` if it declares none.
fn declared(choice: usize) -> Option<Credential> {
    Some(match choice {
        7 => Credential::MetadataServer,
        8 => Credential::ServiceAccountKey,
        9 => Credential::UserAdc,
        10 => Credential::ExternalAccount,
        11 => Credential::ExternalUser,
        12 => Credential::Impersonated,
        13 => Credential::DomainWideDelegation,
        14 => Credential::GcloudUser,
        15 => Credential::Declared,
        16 => Credential::Unknown,
        _ => return None,
    })
}

/// Returns what is known of the token.
fn granted(choice: usize, names: &Names) -> GrantedScopes {
    let cloud_platform = "https://www.googleapis.com/auth/cloud-platform";
    let held = |text: &str, source| GrantedScopes::known(ScopeSet::from_scope_text(text), source);
    match choice {
        0 => held(names.get("scopes"), GrantSource::Metadata),
        1 => held(names.get("scopes"), GrantSource::Declared),
        2 => held(cloud_platform, GrantSource::Custom),
        3 => held(&format!("{cloud_platform} {}", names.get("scopes")), GrantSource::Tokeninfo),
        4 => GrantedScopes::unrestricted(GrantSource::Jwt),
        5 => GrantedScopes::unknown(names.get("named").to_owned()),
        _ => GrantedScopes::unknown("no source was queried"),
    }
}

/// Replaces the marks of a message.
fn filled(message: &str, names: &Names) -> String {
    let marks = [
        ("PERMISSION", "permission"),
        ("PROJECT", "project"),
        ("ACCOUNT", "account"),
        ("NAME", "named"),
    ];
    // The first mark is replaced first, so that a name which contains a mark may be filled, too.
    marks.iter().fold(message.to_owned(), |text, (mark, key)| text.replace(mark, names.get(key)))
}

/// Returns the refusal as a JSON error.
fn error_json(message: &str, reason: &str, info: &str, names: &Names) -> Value {
    let mut error = json!({
        "code": 403,
        "message": message,
        "errors": [{"message": message, "domain": "global", "reason": reason}],
        "status": "PERMISSION_DENIED",
    });
    if !info.is_empty() {
        error["details"] = json!([{
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": info,
            "domain": "googleapis.com",
            "metadata": {
                "service": "storage.googleapis.com",
                "method": names.get("named"),
                "permission": names.get("permission"),
                "consumer": format!("projects/{}", names.get("project")),
                "containerInfo": names.get("number"),
                "resource": names.get("named"),
                "uid": names.get("id"),
            },
        }]);
    }
    json!({ "error": error })
}

/// Returns the refusal in one of the forms in which servers send it.
fn in_form(choice: usize, message: &str, json: &Value) -> String {
    let escaped = || message.replace('&', "&amp;").replace('<', "&lt;");
    match choice {
        0..=3 => json.to_string(),
        4 => format!(
            "<Error><Code>AccessDenied</Code><Message>Denied.</Message><Details>{}</Details></\
             Error>",
            escaped()
        ),
        5 => format!("<html><body><h1>403</h1><p>{}</p></body></html>", escaped()),
        _ => message.to_owned(),
    }
}

/// Returns the headers of the refusal: none, or a list of scopes.
fn headers(choice: usize, names: &Names) -> HeaderMap {
    let challenge =
        format!("Bearer error=\"insufficient_scope\", scope=\"{}\"", names.get("scopes"));
    let value = HeaderValue::from_str(&challenge).ok().filter(|_| choice / 8 % 2 == 1);
    HeaderMap::from_iter(value.map(|value| (WWW_AUTHENTICATE, value)))
}
