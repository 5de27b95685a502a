//! What a denial says about the scopes that a call needs, if the method, the service or the scopes
//! are not known.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gcp_scopes_catalog::call::{AbstainReason, Call};
use gcp_scopes_catalog::scope::{Scope, ScopeSet};
use gcp_scopes_catalog::{ApiMethod, Catalog, Endpoints, Lookup, lookup};
use gcp_scopes_explain::denial::{Denial, RequiredScopes};
use gcp_scopes_explain::environment::{Credential, Environment, Platform, Snapshot};
use gcp_scopes_explain::granted::{GrantSource, GrantedScopes};
use gcp_scopes_explain::layout::Layout;
use gcp_scopes_explain::refusal::{ErrorResponse, classify, classify_text};
use gcp_scopes_explain::remedy::{Step, for_refusal};
use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, HeaderValue, Method};

const PLATFORMS: [Platform; 24] = [
    Platform::ComputeEngine,
    Platform::ManagedInstanceGroup,
    Platform::GkeNode,
    Platform::GkeWorkloadIdentity,
    Platform::CloudRunService,
    Platform::CloudRunJob,
    Platform::CloudRunWorkerPool,
    Platform::CloudFunctions,
    Platform::AppEngineStandard,
    Platform::AppEngineFlexible,
    Platform::Dataproc,
    Platform::Dataflow,
    Platform::Composer,
    Platform::Workbench,
    Platform::CloudShell,
    Platform::CloudBuild,
    Platform::CloudBatch,
    Platform::TpuVm,
    Platform::Workstations,
    Platform::VertexCustomJob,
    Platform::ColabEnterprise,
    Platform::SlurmNode,
    Platform::DataprocServerless,
    Platform::Unknown,
];

const CREDENTIALS: [Credential; 11] = [
    Credential::MetadataServer,
    Credential::UserAdc,
    Credential::GcloudUser,
    Credential::ExternalUser,
    Credential::ServiceAccountKey,
    Credential::ExternalAccount,
    Credential::Impersonated,
    Credential::DomainWideDelegation,
    Credential::OauthClient,
    Credential::Declared,
    Credential::Unknown,
];

/// Returns every platform with every credential.
fn environments() -> impl Iterator<Item = Environment> {
    let pairs = PLATFORMS
        .into_iter()
        .flat_map(|platform| CREDENTIALS.map(|credential| (platform, credential)));
    pairs.map(|(platform, credential)| Environment::new(platform, credential))
}

fn set(names: &[&str]) -> ScopeSet {
    names.iter().map(|name| name.parse::<Scope>().unwrap()).collect()
}

/// Returns the scopes of each service, by the name that servers report. The services of APIs at
/// `www.googleapis.com` are named after the APIs. Methods that need several scopes at once do not
/// count.
fn scopes_by_service() -> BTreeMap<String, ScopeSet> {
    let mut scopes = BTreeMap::new();
    let catalog = Catalog::built_in();
    let methods = (0..catalog.method_count()).map_while(|index| catalog.method_at(index));
    for method in methods.filter(|method| !method.needs_every_scope()) {
        let service = match method.host() {
            "www.googleapis.com" => {
                format!("{}.googleapis.com", method.api().split('.').next().unwrap())
            }
            host => host.to_owned(),
        };
        let all: &mut ScopeSet = scopes.entry(service.to_ascii_lowercase()).or_default();
        all.extend(method.accepted().iter());
    }
    scopes
}

/// Returns the services that list scopes, of which none is `cloud-platform`.
fn services_without_cloud_platform() -> BTreeMap<String, ScopeSet> {
    let mut services = scopes_by_service();
    services.retain(|_, scopes| !scopes.is_empty() && !scopes.contains(&Scope::cloud_platform()));
    services
}

/// Returns the denial of a call that a server refused. The response names the service, if there is
/// one, and no method.
fn refused(call: &Lookup, service: Option<&str>, granted: &GrantedScopes) -> Denial {
    let refusal = classify(&ErrorResponse::new(body(service).as_bytes()).with_status(403)).unwrap();
    let environment = Environment::from_snapshot(&Snapshot::new());
    Denial::from_refusal(call, granted.clone(), Arc::new(environment), refusal)
}

/// Returns the body of a refusal for lack of scope, whose `ErrorInfo` names the service.
fn body(service: Option<&str>) -> String {
    let metadata = service.map(|service| format!(r#","metadata":{{"service":"{service}"}}"#));
    format!(
        r#"{{"error":{{"code":403,"message":"Request had insufficient authentication scopes.",
        "details":[{{"@type":"type.googleapis.com/google.rpc.ErrorInfo",
        "reason":"ACCESS_TOKEN_SCOPE_INSUFFICIENT","domain":"googleapis.com"{}}}]}}}}"#,
        metadata.unwrap_or_default()
    )
}

fn without_method() -> Lookup {
    Lookup::without_method(AbstainReason::Method)
}

fn unknown() -> GrantedScopes {
    GrantedScopes::unknown("a test")
}

/// Parts of the sentences that name `cloud-platform` and do not offer it: it does not help, or it
/// lets a token impersonate an account.
const NO_OFFER: [&str; 8] = [
    "not cover",
    "not enough",
    "helps for APIs of Google Cloud only",
    "Without a list the token holds",
    "its token holds cloud-platform",
    "holds cloud-platform by itself",
    "It takes a token with cloud-platform or iam",
    "it must hold cloud-platform or iam itself",
];

/// Checks that no step offers `cloud-platform` without one of the scopes that the service has.
#[track_caller]
fn assert_no_offer(steps: &[Step], own: &ScopeSet, context: &str) {
    for step in steps {
        for text in [step.command_line(), step.code_line()].into_iter().flatten() {
            let has_own = own.iter().any(|scope| text.contains(scope.as_str()));
            assert!(!text.contains("cloud-platform") || has_own, "{context}: {text}");
        }
        for sentence in
            step.text().split(". ").filter(|sentence| sentence.contains("cloud-platform"))
        {
            let is_no_offer = NO_OFFER.iter().any(|part| sentence.contains(part));
            assert!(is_no_offer, "{context}: {sentence}");
        }
    }
}

/// Parts of commands that stop, replace or delete what runs.
const CHANGES: [&str; 7] =
    ["stop", "set-service-account", "create", "delete", "update", "rolling-action", "login"];

/// Checks that no command changes anything.
#[track_caller]
fn assert_no_change(steps: &[Step], context: &str) {
    for command in steps.iter().filter_map(Step::command_line) {
        assert!(!CHANGES.iter().any(|change| command.contains(change)), "{context}: {command}");
    }
}

#[test]
fn no_step_offers_cloud_platform_for_a_service_that_does_not_accept_it() {
    let services = services_without_cloud_platform();
    // The catalog has at least 82 of these services. Fewer would mean that the filter is wrong.
    assert!(services.len() >= 82, "{}", services.len());
    let held = set(&["logging.write", "devstorage.read_only"]);
    let known = GrantedScopes::known(held, GrantSource::Metadata);
    let all: Vec<Environment> = environments().collect();
    // Known scopes make a difference only for a token of the machine.
    let of_machines = all.iter().filter(|here| here.credential() == Credential::MetadataServer);
    let of_machines: Vec<Environment> = of_machines.cloned().collect();
    for (service, own) in &services {
        for (granted, environments) in [(unknown(), &all), (known.clone(), &of_machines)] {
            let granted = &granted;
            let denial = refused(&without_method(), Some(service), granted);
            let accepted = denial.accepted();
            assert!(!accepted.is_empty(), "{service}");
            assert!(accepted.iter().all(|scope| own.contains(&scope)), "{service}: {accepted:?}");
            for environment in environments {
                let denial = denial.with_environment(environment.clone());
                let context = format!("{service} on {environment:?}");
                assert_no_offer(denial.steps(), own, &context);
                assert!(
                    !denial.summary().contains("cloud-platform"),
                    "{context}: {}",
                    denial.summary()
                );
                if matches!(denial.required_scopes(), RequiredScopes::OneOf(_)) {
                    assert_no_change(denial.steps(), &context);
                }
            }
        }
    }
}

/// Google lists no scopes for these services: most of them accept an API key.
#[test]
fn no_step_offers_a_scope_for_a_service_without_scopes() {
    let mut services = scopes_by_service();
    services.retain(|name, scopes| scopes.is_empty() && name.ends_with(".googleapis.com"));
    assert!(!services.is_empty());
    for service in services.into_keys() {
        let denial = refused(&without_method(), Some(&service), &unknown());
        assert_eq!(denial.required_scopes(), &RequiredScopes::Unknown, "{service}");
        for environment in environments() {
            let context = format!("{service} on {environment:?}");
            let denial = denial.with_environment(environment);
            assert_no_change(denial.steps(), &context);
            let no_hint =
                denial.steps().iter().filter(|step| !step.text().contains("is not enough"));
            let offers = no_hint.filter(|step| step.text().contains("cloud-platform")).count();
            assert_eq!(offers, 0, "{context}");
        }
    }
}

#[test]
fn the_url_of_a_call_gives_the_same_scopes_as_the_service_in_the_response() {
    for service in services_without_cloud_platform().into_keys() {
        let uri = format!("https://{service}/v0/no/such/method").parse().unwrap();
        let call = lookup(&Call::new(&Method::GET, &uri), &Endpoints::new());
        // A service that is named after its API has no host of this name.
        let Some(host) = call.host() else { continue };
        assert_eq!((call.method(), host), (None, &*service));
        let by_url = refused(&call, None, &unknown());
        let by_response = refused(&without_method(), Some(&service), &unknown());
        assert_eq!(by_url.required_scopes(), by_response.required_scopes(), "{service}");
    }
}

#[test]
fn without_an_api_nothing_is_offered_and_nothing_is_changed() {
    let refusal = classify(&ErrorResponse::new(body(None).as_bytes()).with_status(403)).unwrap();
    for environment in environments() {
        let denial =
            refused(&without_method(), None, &unknown()).with_environment(environment.clone());
        assert_eq!(denial.required_scopes(), &RequiredScopes::Unknown);
        let options = for_refusal(&refusal, &environment);
        for steps in [denial.steps(), options[0].steps()] {
            let context = format!("{environment:?}");
            assert_no_offer(steps, &ScopeSet::new(), &context);
            assert_no_change(steps, &context);
            let texts: Vec<&str> = steps.iter().map(Step::text).collect();
            assert!(texts.concat().contains("helps for APIs of Google Cloud only"), "{texts:?}");
        }
        let report = denial.report_in(&Layout::new().verbose());
        assert!(
            report.contains("not known: neither the catalog nor the server names a scope"),
            "{report}"
        );
        // A person has no IAM roles for the data of a product.
        let is_for_person = environment.credential() == Credential::DomainWideDelegation;
        assert!(is_for_person || report.contains("[ gate 2: IAM, or the API's rules"), "{report}");
    }
}

/// On some platforms, a token holds `cloud-platform` unless the program requests a list of scopes.
/// So if the program requests none, the refusal shows that `cloud-platform` is not enough.
#[test]
fn the_refusal_of_a_default_token_shows_that_cloud_platform_is_not_enough() {
    let with_hint: BTreeSet<&str> = environments()
        .filter(|environment| {
            let denial =
                refused(&without_method(), None, &unknown()).with_environment(environment.clone());
            let hint = "this refusal shows that cloud-platform is not enough";
            denial.steps().iter().any(|step| step.text().contains(hint))
        })
        .map(|environment| {
            assert_eq!(environment.credential(), Credential::MetadataServer);
            environment.platform().as_str()
        })
        .collect();
    let expected = [
        "app_engine_flexible",
        "app_engine_standard",
        "cloud_functions",
        "cloud_run_job",
        "cloud_run_service",
        "cloud_run_worker_pool",
        "gke_workload_identity",
    ];
    assert_eq!(with_hint, BTreeSet::from(expected));
}

#[test]
fn the_scopes_of_a_service_are_those_for_every_method_or_candidates() {
    let service = |name| refused(&without_method(), Some(name), &unknown());
    // The service, and what is known of the scopes.
    let rows = [
        (
            "sheets.googleapis.com",
            RequiredScopes::EveryMethod(set(&["spreadsheets", "drive", "drive.file"])),
        ),
        (
            "siteverification.googleapis.com",
            RequiredScopes::EveryMethod(set(&["siteverification"])),
        ),
        ("pubsub.googleapis.com", RequiredScopes::EveryMethod(set(&["pubsub", "cloud-platform"]))),
        ("brandnew.googleapis.com", RequiredScopes::Unknown),
    ];
    for (name, expected) in rows {
        assert_eq!(service(name).required_scopes(), &expected, "{name}");
    }
    let gmail = service("gmail.googleapis.com");
    assert_eq!(gmail.required_scopes().as_str(), "one_of");
    assert!(gmail.accepted().contains(&"gmail.send".parse().unwrap()));
    assert!(gmail.steps()[0].text().contains("gmail."), "{}", gmail.steps()[0].text());
    // The scopes in a response are those of the call, not of the service.
    let mut headers = HeaderMap::new();
    let challenge =
        r#"Bearer error="insufficient_scope", scope="https://www.googleapis.com/auth/gmail.send""#;
    headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    let text = body(Some("gmail.googleapis.com"));
    let response = ErrorResponse::new(text.as_bytes()).with_status(403).with_headers(&headers);
    let here = Arc::new(Environment::from_snapshot(&Snapshot::new()));
    let refusal = classify(&response).unwrap();
    let denial = Denial::from_refusal(&without_method(), unknown(), here, refusal);
    assert_eq!(denial.required_scopes(), &RequiredScopes::AnyOf(set(&["gmail.send"])));
}

#[test]
fn a_scope_that_depends_on_the_request_is_not_chosen() {
    let run = ApiMethod::by_id("script.scripts.run").unwrap();
    for environment in environments() {
        let denial = refused(&run.into(), None, &unknown()).with_environment(environment.clone());
        assert_eq!(denial.required_scopes(), &RequiredScopes::OneOf(run.accepted()));
        assert_eq!(denial.required_scopes().least(), None);
        assert_no_change(denial.steps(), &format!("{environment:?}"));
        assert!(denial.steps()[0].text().contains("depends on the request"), "{environment:?}");
    }
    // A scope in the response is certain.
    let text = "HTTP/1.1 403 Forbidden\nwww-authenticate: Bearer error=\"insufficient_scope\", \
                scope=\"https://www.googleapis.com/auth/documents\"\n\n\
                Request had insufficient authentication scopes.";
    let here = Arc::new(Environment::from_snapshot(&Snapshot::new()));
    let refusal = classify_text(text).unwrap();
    let denial = Denial::from_refusal(&run.into(), unknown(), here, refusal);
    assert_eq!(denial.required_scopes(), &RequiredScopes::AnyOf(set(&["documents"])));
}

/// Equally many methods accept each of these scopes, so none of them is the narrowest.
#[test]
fn scopes_that_are_equally_narrow_are_all_named() {
    // The method, and what the summary names.
    let rows = [
        ("storage.objects.get", "add devstorage.read_only to them"),
        (
            "bigtableadmin.projects.instances.tables.create",
            "add bigtable.admin.table or cloud-bigtable.admin.table to",
        ),
        ("dataportability.accessType.check", "others) to its access scopes"),
    ];
    for (id, part) in rows {
        let vm = Environment::new(Platform::ComputeEngine, Credential::MetadataServer);
        let method = ApiMethod::by_id(id).unwrap();
        let denial = refused(&method.into(), None, &unknown()).with_environment(vm);
        assert!(denial.summary().contains(part), "{}", denial.summary());
    }
}

#[test]
fn the_scopes_of_a_whole_service_are_not_those_of_a_method() {
    let search = ApiMethod::by_id("photoslibrary.mediaItems.search").unwrap();
    let required = RequiredScopes::from(search);
    assert_eq!(required, RequiredScopes::OneOf(search.accepted()));
    // Every method of a service of Google Cloud accepts `cloud-platform`.
    let read = ApiMethod::by_id("google.bigtable.v2.Bigtable.ReadRows").unwrap();
    assert_eq!(RequiredScopes::from(read).as_str(), "any_of");
}

#[test]
fn the_gemini_api_has_scopes_of_its_own() {
    let uri = "https://generativelanguage.googleapis.com/v1beta/models/m:generateContent"
        .parse()
        .unwrap();
    let by_url = lookup(&Call::new(&Method::POST, &uri), &Endpoints::new());
    assert_eq!(by_url.host(), Some("generativelanguage.googleapis.com"));
    for call in [by_url, without_method()] {
        let denial = refused(&call, Some("generativelanguage.googleapis.com"), &unknown());
        let names: Vec<String> =
            denial.accepted().iter().map(|scope| scope.short().to_owned()).collect();
        assert!(
            !names.is_empty() && names.iter().all(|name| name.starts_with("generative-language"))
        );
        for environment in environments() {
            let denial = denial.with_environment(environment.clone());
            assert_no_offer(denial.steps(), denial.accepted(), &format!("{environment:?}"));
        }
    }
}

#[test]
fn a_method_that_needs_several_scopes_gets_all_of_them() {
    for id in ["health.users.dataTypes.dataPoints.exportExerciseTcx", "firebaseio.data.update"] {
        assert_all_of(ApiMethod::by_id(id).unwrap());
    }
}

fn assert_all_of(method: ApiMethod) {
    let both = method.accepted();
    assert_eq!(both.len(), 2);
    // Neither one of the scopes nor both together lead to a verdict.
    let call = Lookup::from(method);
    for held in
        both.iter().map(|scope| ScopeSet::from_iter([scope])).chain([both.clone(), ScopeSet::new()])
    {
        assert_eq!(call.accepts(&held), Err(AbstainReason::Several), "{held:?}");
    }
    for environment in environments() {
        let denial = refused(&call, None, &unknown()).with_environment(environment.clone());
        assert_eq!(denial.required_scopes(), &RequiredScopes::AllOf(both.clone()));
        let json = serde_json::to_value(&denial).unwrap();
        assert_eq!(json["all_of"], serde_json::to_value(&both).unwrap());
        assert_eq!(json["accepted"], serde_json::json!([]));
        // Each command and each code that requests or sets one of the scopes has the other one,
        // too.
        for step in denial.steps() {
            for text in [step.command_line(), step.code_line()].into_iter().flatten() {
                let is_named = |scope: &Scope| {
                    let names = [Some(scope.as_str()), scope.gcloud_alias()];
                    names.into_iter().flatten().any(|name| text.contains(name))
                };
                let named = both.iter().filter(is_named).count();
                assert!(named != 1, "{environment:?}: {text}");
            }
        }
        let report = denial.report_in(&Layout::new().verbose());
        assert!(report.contains("all of these at once:"), "{report}");
    }
    // A token with one of them lacks the other one; a token with both was refused for another
    // reason.
    let one = ScopeSet::from_iter(both.iter().take(1));
    for (held, is_contradicted) in [(one, false), (both, true)] {
        let denial = refused(&call, None, &GrantedScopes::known(held, GrantSource::Declared));
        assert_eq!(denial.report().contains("which the refusal contradicts"), is_contradicted);
    }
}
