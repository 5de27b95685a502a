//! Checks over real sockets what the guard learns from a refusal: which evidence counts against the
//! known scopes of a token, and that a response to one token does not change the reports for other
//! tokens.
#![cfg(all(feature = "reqwest-middleware", feature = "catalog-full"))]
#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows unwrap in test functions only, not in their helper functions"
)]

#[path = "support/builder.rs"]
mod builder;
#[path = "support/log.rs"]
mod log;
#[path = "support/plain.rs"]
mod plain;

use builder::builder;
use gcp_scopes::call::{AbstainReason, Call};
use gcp_scopes::denial::DenialKind;
use gcp_scopes::granted::{AccessToken, GrantSource, GrantedScopes};
use gcp_scopes::{Denial, Guard, Preflight, ScopeSet};
use gcp_scopes_testing::{FakeGoogle, RefusalForm, Service, Vm};
use http::{Method, Response, Uri};
use log::Log;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};

const PUBSUB: &str = "https://www.googleapis.com/auth/pubsub";
const DRIVE: &str = "https://www.googleapis.com/auth/drive";
/// A message that begins with the name of an object. The name is `Request had insufficient
/// authentication scopes.txt`, so the message seems to begin with Google's sentence about scopes.
const NAME_FIRST: &str =
    "Request had insufficient authentication scopes.txt is under active Temporary hold.";

/// A guarded program that calls Pub/Sub.
struct TenantProgram {
    google: FakeGoogle,
    guard: Guard,
    client: ClientWithMiddleware,
}

impl TenantProgram {
    /// Starts a program on a VM with these scopes.
    async fn on_vm(preflight: Preflight, scopes: &[&str]) -> Self {
        let vm = Vm::new("web-1").scopes(scopes);
        let google = FakeGoogle::builder().vm(vm).start().await.unwrap();
        let guard = builder(&google).preflight(preflight).detect().await;
        let client = ClientBuilder::new(plain::client()).with(guard.middleware()).build();
        Self { google, guard, client }
    }

    fn url(&self) -> String {
        format!(
            "{}/v1/projects/my-project/topics/orders:publish",
            self.google.url_of(Service::OtherApi)
        )
    }

    async fn publish(&self, token: &str) -> Result<reqwest::Response, Denial> {
        let result = self.client.post(self.url()).bearer_auth(token).body("{}").send().await;
        result.map_err(|error| Denial::find(&error).unwrap_or_else(|| panic!("{error:?}")).clone())
    }

    /// Makes a call, and returns the status, or the kind of the denial.
    async fn outcome(&self, token: &str) -> Result<u16, DenialKind> {
        match self.publish(token).await {
            Ok(response) => Ok(response.status().as_u16()),
            Err(denial) => Err(denial.kind()),
        }
    }

    /// Scripts a refusal with this message and without other evidence.
    fn refuse(&self, message: &str) -> String {
        let body = serde_json::json!({"error": {
            "code": 403, "message": message,
            "errors": [{"message": message, "reason": "forbidden"}],
        }});
        self.google
            .other_api()
            .respond(Response::builder().status(403).body(body.to_string()).unwrap());
        body.to_string()
    }

    /// Returns what the guard decides about a call whose token holds this scope.
    fn decide(&self, scope: &str) -> Result<Option<Denial>, AbstainReason> {
        let uri: Uri = self.url().parse().unwrap();
        self.guard.decide(&Call::new(&Method::POST, &uri), &known(scope, GrantSource::Tokeninfo))
    }

    /// Counts the requests to the API.
    fn requests(&self) -> usize {
        self.google
            .requests()
            .iter()
            .filter(|request| request.service() == Service::OtherApi)
            .count()
    }
}

fn known(scopes: &str, source: GrantSource) -> GrantedScopes {
    GrantedScopes::known(ScopeSet::from_scope_text(scopes), source)
}

/// Returns the number of events with these words.
fn events(log: &Log, words: &str) -> usize {
    log.text().matches(words).count()
}

#[tokio::test]
async fn a_sentence_beside_other_words_gives_way_to_every_source() {
    let program = TenantProgram::on_vm(Preflight::Confirm, &["pubsub"]).await;
    let of_vm = program.google.token();
    let minted = program.google.mint("somebody", ["cloud-platform"]);
    // A refusal that may be for lack of scope makes the guard query tokeninfo.
    program.google.other_api().respond_with(RefusalForm::ScopeRestricting);
    assert_eq!(program.outcome(&minted).await, Err(DenialKind::Refused));
    program
        .guard
        .declare(AccessToken::new("ya29.own").unwrap(), known(PUBSUB, GrantSource::Declared));
    for token in [&of_vm, &minted, "ya29.own"] {
        let log = Log::default();
        let capturing = log.capture();
        for _ in 0..5 {
            let body = program.refuse(NAME_FIRST);
            let response = program.publish(token).await.unwrap();
            assert_eq!((response.status().as_u16(), response.text().await.unwrap()), (403, body));
        }
        drop(capturing);
        assert_eq!(events(&log, "mentions scopes beside"), 1, "{}", log.text());
        assert_eq!(events(&log, "WARN gcp_scopes"), 1, "{}", log.text());
        // Nothing was learned: the token counts as sufficient, and its next call is sent.
        assert!(matches!(program.decide(PUBSUB), Ok(None)));
        assert_eq!(program.outcome(token).await, Ok(200));
    }
    // The scopes of this token are unknown.
    program.refuse(NAME_FIRST);
    assert_eq!(program.outcome("ya29.unknown").await, Err(DenialKind::Refused));
    assert_eq!(program.outcome("ya29.unknown").await, Ok(200));
}

#[tokio::test]
async fn a_structured_refusal_counts_in_spite_of_the_known_scopes() {
    let forms = [
        RefusalForm::Scope,
        RefusalForm::ScopeErrorInfoOnly,
        RefusalForm::ScopeMessageOnly,
        RefusalForm::ScopeNoErrorInfo,
        RefusalForm::ScopeForbidden,
        RefusalForm::ScopeLegacyMessage,
        RefusalForm::ScopeLegacy,
        RefusalForm::ScopeStorage,
        RefusalForm::ScopeStorageXml,
        RefusalForm::ScopeInArray,
    ];
    for form in forms {
        let program = TenantProgram::on_vm(Preflight::Confirm, &["pubsub"]).await;
        let (token, log) = (program.google.token(), Log::default());
        assert!(matches!(program.decide(PUBSUB), Ok(None)));
        let capturing = log.capture();
        for _ in 0..3 {
            program.google.other_api().respond_with(form);
            let denial = program.publish(&token).await.unwrap_err();
            assert_eq!(denial.kind(), DenialKind::Refused, "{form:?}");
            assert_eq!(denial.granted().source(), Some(GrantSource::Metadata));
        }
        drop(capturing);
        assert_eq!(events(&log, "makes no more predictions"), 1, "{form:?}: {}", log.text());
        assert_eq!(events(&log, r#"evidence="contradicted""#), 1, "{form:?}: {}", log.text());
        // The catalog's list is in doubt, so it leads to no verdict on any token.
        for scope in [PUBSUB, "openid"] {
            let decision = program.decide(scope);
            assert!(matches!(decision, Err(AbstainReason::Contradicted)), "{decision:?}");
        }
        let lacking = program.google.mint("somebody", ["logging.write"]);
        for _ in 0..2 {
            program.google.other_api().respond_with(form);
            assert_eq!(program.outcome(&lacking).await, Err(DenialKind::Refused), "{form:?}");
        }
    }
}

#[tokio::test]
async fn a_token_without_limits_does_not_put_the_list_in_doubt() {
    let program = TenantProgram::on_vm(Preflight::Confirm, &["pubsub"]).await;
    let token = AccessToken::new("ya29.own").unwrap();
    program.guard.declare(token, GrantedScopes::unrestricted(GrantSource::Jwt));
    program.google.other_api().respond_with(RefusalForm::Scope);
    assert_eq!(program.outcome("ya29.own").await, Err(DenialKind::Refused));
    assert!(matches!(program.decide("openid"), Ok(Some(_))));
}

#[tokio::test]
async fn calls_are_stopped_only_by_a_structured_refusal_or_a_verified_source() {
    let lacks = "https://www.googleapis.com/auth/logging.write";
    for source in
        [GrantSource::Declared, GrantSource::Custom, GrantSource::Tokeninfo, GrantSource::Jwt]
    {
        let program = TenantProgram::on_vm(Preflight::Confirm, &["pubsub"]).await;
        program.guard.declare(AccessToken::new("ya29.own").unwrap(), known(lacks, source));
        program.refuse(NAME_FIRST);
        assert_eq!(program.outcome("ya29.own").await, Err(DenialKind::Refused));
        // With an unverified source, the refusal above stops no call, because its message contains
        // other words beside the sentence.
        let is_sent = source.is_unverified();
        program.refuse("Request had insufficient authentication scopes.");
        let expected = if is_sent { DenialKind::Refused } else { DenialKind::Confirmed };
        assert_eq!(program.outcome("ya29.own").await, Err(expected), "{source:?}");
        assert_eq!(program.outcome("ya29.own").await, Err(DenialKind::Confirmed), "{source:?}");
        assert_eq!(program.requests(), 1 + usize::from(is_sent), "{source:?}");
    }
}

#[tokio::test]
async fn an_iam_refusal_contradicts_the_catalog_only_by_its_reason() {
    let program = TenantProgram::on_vm(Preflight::Confirm, &["logging.write"]).await;
    let token = program.google.token();
    // The guard learns the scopes of the token to explain this refusal.
    program.google.other_api().respond_with(RefusalForm::ScopeRestricting);
    assert_eq!(program.outcome(&token).await, Err(DenialKind::Refused));
    // The name of the object contains words of IAM.
    for name in
        ["x: the caller does not have permission", "x does not have storage.objects.get access"]
    {
        program.refuse(&format!("The object {name} is on hold."));
        assert_eq!(program.outcome(&token).await, Ok(403));
        assert!(matches!(program.decide("openid"), Ok(Some(_))), "{name}");
    }
    program.google.other_api().respond_with(RefusalForm::IamDenied);
    assert_eq!(program.outcome(&token).await, Ok(403));
    let decision = program.decide("openid");
    assert!(matches!(decision, Err(AbstainReason::Contradicted)), "{decision:?}");
}

/// The response to a batch call contains a whole HTTP response for each of its calls. Here the name
/// of an object imitates such a response.
#[tokio::test]
async fn a_name_at_the_beginning_of_a_text_is_no_batch() {
    let program = TenantProgram::on_vm(Preflight::Confirm, &["pubsub"]).await;
    let name = format!(
        "--x\r\nHTTP/1.1 403 Forbidden\r\nWWW-Authenticate: Bearer error=\"insufficient_scope\", \
         scope=\"{DRIVE}\"\r\n\r\n{{\"error\":{{\"code\":403,\"message\":\"Request had \
         insufficient authentication scopes.\"}}}}"
    );
    for (token, kind) in
        [(program.google.token().as_str(), "text/plain"), ("ya29.unknown", "text/csv")]
    {
        let response = Response::builder().status(403).header("content-type", kind);
        program.google.other_api().respond(response.body(format!("{name} is on hold.")).unwrap());
        assert_eq!(program.outcome(token).await, Ok(403), "{token}");
    }
    assert!(matches!(program.decide(PUBSUB), Ok(None)));
    assert!(matches!(program.decide(DRIVE), Ok(Some(_))));
}

/// Scripts a structured refusal whose header lists `scopes`.
fn refuse_with_header(google: &FakeGoogle, scopes: &str) {
    let realm = "https://accounts.google.com/";
    let challenge =
        format!(r#"Bearer realm="{realm}", error="insufficient_scope", scope="{scopes}""#);
    let body = r#"{"error":{"code":403,"message":"Request had insufficient authentication scopes.",
        "status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo",
        "reason":"ACCESS_TOKEN_SCOPE_INSUFFICIENT","domain":"googleapis.com"}]}}"#;
    let response = Response::builder().status(403).header("www-authenticate", challenge);
    google.other_api().respond(response.body(body).unwrap());
}

#[tokio::test]
async fn scopes_named_in_a_refusal_only_withdraw_a_verdict() {
    let program = TenantProgram::on_vm(Preflight::Confirm, &["logging.write"]).await;
    let is_lacking = |scope| matches!(program.decide(scope), Ok(Some(_)));
    let is_doubtful = |scope| matches!(program.decide(scope), Err(AbstainReason::Contradicted));
    assert!(is_lacking(DRIVE));
    refuse_with_header(&program.google, &format!("{DRIVE} {PUBSUB}"));
    assert_eq!(program.outcome(&program.google.token()).await, Err(DenialKind::Refused));
    assert!(is_doubtful(DRIVE) && is_lacking("openid"));
    // A later refusal that lists other scopes removes neither the scopes of the first refusal nor
    // the scopes of the catalog.
    refuse_with_header(&program.google, "https://www.googleapis.com/auth/gmail.send");
    let calendar = program.google.mint("somebody", ["calendar"]);
    assert_eq!(program.outcome(&calendar).await, Err(DenialKind::Refused));
    assert!(is_doubtful(DRIVE) && matches!(program.decide(PUBSUB), Ok(None)));
    // If the token holds a named scope, the guard sends every call, even after refusals.
    let token = program.google.mint("somebody", ["drive"]);
    for _ in 0..3 {
        refuse_with_header(&program.google, DRIVE);
        assert_eq!(program.outcome(&token).await, Err(DenialKind::Refused));
    }
}

/// Returns all texts in which a denial names scopes.
fn texts(denial: &Denial) -> String {
    format!("{denial} {} {}", denial.report(), serde_json::to_string(denial).unwrap())
}

#[tokio::test]
async fn a_poisoned_header_does_not_change_what_another_tenant_reads() {
    for preflight in [Preflight::Confirm, Preflight::Deny] {
        let program = TenantProgram::on_vm(preflight, &["logging.write"]).await;
        let [first, second] = ["ya29.first", "ya29.second"];
        refuse_with_header(
            &program.google,
            "https://mail.google.com/ https://www.googleapis.com/auth/drive",
        );
        assert_eq!(program.outcome(first).await, Err(DenialKind::Refused));
        let scopes = known("https://www.googleapis.com/auth/logging.write", GrantSource::Tokeninfo);
        program.guard.declare(AccessToken::new(second).unwrap(), scopes);
        let log = Log::default();
        let capturing = log.capture();
        // With `Confirm` the first of these calls is sent and refused. All others are stopped.
        for _ in 0..3 {
            program.google.other_api().respond_with(RefusalForm::ScopeMessageOnly);
            let denial = program.publish(second).await.unwrap_err();
            let text = texts(&denial);
            assert!(
                !text.contains("mail.google") && !text.contains("drive"),
                "{preflight:?}: {text}"
            );
            assert!(
                denial.accepted().iter().all(|scope| scope.short().starts_with("pubsub")
                    || scope.short().starts_with("cloud-platform")),
                "{denial:?}"
            );
        }
        drop(capturing);
        assert!(
            !log.text().contains("mail.google") && !log.text().contains("drive"),
            "{}",
            log.text()
        );
    }
}
