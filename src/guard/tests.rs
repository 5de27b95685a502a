//! What a guard says of an answer, with and without the call that it answers.

use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};

use super::*;
use crate::granted::GrantSource;

const SCOPE: &[u8] = br#"{"error":{"code":403,"message":"Request had insufficient authentication scopes.","details":[
    {"reason":"ACCESS_TOKEN_SCOPE_INSUFFICIENT","metadata":{"service":"pubsub.googleapis.com","method":"google.pubsub.v1.Publisher.Publish"}}]}}"#;
const IAM: &[u8] = br#"{"error":{"code":403,"message":"The caller does not have permission"}}"#;

fn publish() -> Uri {
    Uri::from_static("https://pubsub.googleapis.com/v1/projects/p/topics/t:publish")
}

fn held(scopes: &str) -> GrantedScopes {
    GrantedScopes::known(ScopeSet::from_scope_text(scopes), GrantSource::Declared)
}

#[test]
fn only_a_refusal_for_lack_of_scope_is_explained() {
    let (guard, uri) = (Guard::builder().build(), publish());
    let unknown = GrantedScopes::unknown("a test");
    let explained = |body| guard.explain(&Call::new(&Method::POST, &uri), &unknown, &Answer::new(body));
    let denial = explained(SCOPE).unwrap();
    assert_eq!(denial.kind(), DenialKind::Refused);
    assert_eq!(denial.method().unwrap().id(), "pubsub.projects.topics.publish");
    assert!(explained(IAM).is_none());
}

#[test]
fn a_header_alone_is_believed_if_the_token_is_known_to_lack_the_scope() {
    let (guard, uri) = (Guard::builder().build(), publish());
    let challenge = HeaderValue::from_static(r#"Bearer error="insufficient_scope""#);
    let headers = HeaderMap::from_iter([(WWW_AUTHENTICATE, challenge)]);
    let answer = Answer::new(b"").with_status(403).with_headers(&headers);
    let is_explained = |granted| guard.explain(&Call::new(&Method::POST, &uri), &granted, &answer).is_some();
    assert!(is_explained(held("openid")));
    assert!(!is_explained(held("https://www.googleapis.com/auth/pubsub")));
    assert!(!is_explained(GrantedScopes::unknown("a test")));
}

#[test]
fn an_answer_without_its_call_is_explained_as_far_as_it_names_it() {
    let guard = Guard::builder().build();
    let denial = guard.explain_alone(&Answer::new(SCOPE)).unwrap();
    assert_eq!(denial.method().unwrap().id(), "google.pubsub.v1.Publisher.Publish");
    assert!(denial.granted().is_unknown());
    let nameless = guard.explain_alone(&Answer::new(b"Request had insufficient authentication scopes."));
    assert!(nameless.unwrap().method().is_none());
    assert!(guard.explain_alone(&Answer::new(IAM)).is_none());
}

#[test]
fn what_a_method_accepts_grows_by_what_google_has_named() {
    let guard = Guard::builder().build();
    let method = catalog::ApiMethod::by_id("pubsub.projects.topics.publish").unwrap();
    assert_eq!(guard.accepted(method), method.accepted());
    let openid = ScopeSet::from_scope_text("openid");
    guard.0.lessons.named(method, &openid);
    assert_eq!(guard.accepted(method), method.accepted().union(&openid));
}

#[test]
fn where_the_call_is_nobodys_or_the_token_not_limited_its_scopes_do_not_matter() {
    let (guard, google, other) =
        (Guard::builder().build(), publish(), Uri::from_static("https://kite.example/"));
    let not_limited = || GrantedScopes::not_limited(GrantSource::Jwt);
    let decide = |uri, granted| guard.decide(&Call::new(&Method::POST, uri), &granted);
    assert!(matches!(decide(&google, not_limited()), Decision::Allow));
    assert!(matches!(decide(&other, not_limited()), Decision::Abstain(Why::Host)));
    assert!(matches!(decide(&other, GrantedScopes::unknown("")), Decision::Abstain(Why::Host)));
    assert!(matches!(decide(&google, GrantedScopes::unknown("")), Decision::Abstain(Why::Granted)));
    assert!(matches!(decide(&google, held("openid")), Decision::Lacking(_)));
    let newer = held("https://www.googleapis.com/auth/newer.than.this");
    assert!(matches!(decide(&google, newer), Decision::Abstain(Why::Unheard)));
}

#[test]
fn a_doubt_keeps_back_what_it_is_about() {
    let guard = Guard::builder().build();
    let told =
        |uri, scopes| match guard.decide(&Call::new(&Method::PUT, &Uri::from_static(uri)), &held(scopes)) {
            Decision::Allow => "allow",
            Decision::Abstain(why) => why.as_str(),
            Decision::Lacking(_) => "lacking",
        };
    // The session of an upload may do without the scope, but with it nothing is in doubt.
    let session = "https://storage.googleapis.com/upload/storage/v1/b/photos/o?upload_id=u";
    assert_eq!(told(session, "https://www.googleapis.com/auth/devstorage.read_write"), "allow");
    assert_eq!(told(session, "openid"), "session");
    // An administrator needs another scope than a user, for the same method.
    let chat = "https://chat.googleapis.com/v1/spaces/s?updateMask=*&useAdminAccess=true";
    let told = |scopes| guard.decide(&Call::new(&Method::PATCH, &Uri::from_static(chat)), &held(scopes));
    let spaces = told("https://www.googleapis.com/auth/chat.spaces");
    assert!(matches!(spaces, Decision::Abstain(Why::Request)), "{spaces:?}");
}

#[test]
fn the_method_of_a_call_that_its_token_opens_is_found_when_it_is_refused_all_the_same() {
    let (guard, uri) = (Guard::builder().build(), publish());
    let all = held("https://www.googleapis.com/auth/cloud-platform");
    guard.declare(AccessToken::new("mine").unwrap(), all);
    let headers = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static("Bearer mine"))]);
    let (mut checked, mut line) = (Checked::NONE, Line::EMPTY);
    let call = Call::new(&Method::POST, &uri);
    assert!(matches!(guard.before_keeping(&call, &headers, &mut checked, &mut line), Before::Go(())));
    let settled = guard.settled(checked, &line);
    let words = b"Request had insufficient authentication scopes.";
    let denial = guard.after_at_once(&settled, StatusCode::FORBIDDEN, &HeaderMap::new(), words).unwrap();
    assert_eq!(denial.method().unwrap().id(), "pubsub.projects.topics.publish");
}
