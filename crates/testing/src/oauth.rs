//! The token endpoint, documented at
//! <https://developers.google.com/identity/protocols/oauth2/service-account>,
//! and tokeninfo, documented at
//! <https://cloud.google.com/docs/authentication/token-types#access-contents>.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::clock::unix;
use crate::encoding::{jwt_claims, random_hex};
use crate::incoming::{FormData, IncomingRequest};
use crate::response::{FullResponse, html, json};
use crate::state::{Consent, FakeState, Token};

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Responds to a request to the token endpoint or to tokeninfo.
pub(crate) fn respond(state: &mut FakeState, request: &IncomingRequest) -> FullResponse {
    match (&request.verb, request.path.as_str()) {
        // Older clients use the older paths, which Google still serves.
        (&Method::POST, "/token" | "/o/oauth2/token" | "/oauth2/v4/token") => token(state, request),
        (_, "/tokeninfo" | "/oauth2/v3/tokeninfo") => tokeninfo(state, request, &InfoFormat::V3),
        (_, "/oauth2/v1/tokeninfo" | "/oauth2/v2/tokeninfo") => {
            tokeninfo(state, request, &InfoFormat::V1)
        }
        _ => html(StatusCode::NOT_FOUND, "The requested URL was not found on this server."),
    }
}

/// Responds with a new access token, or with an OAuth error.
fn token(state: &mut FakeState, request: &IncomingRequest) -> FullResponse {
    match grant(state, &FormData::from_body(request)) {
        Ok((account, scopes)) => {
            let scope = scopes.join(" ");
            let token = state.mint(&account, scopes);
            let seconds = state.remaining(&token).as_secs();
            let body = json!({
                "access_token": token,
                "expires_in": seconds,
                "scope": scope,
                "token_type": "Bearer",
            });
            json(StatusCode::OK, &body)
        }
        Err((status, error, message)) => {
            json(status, &json!({"error": error, "error_description": message}))
        }
    }
}

/// The account and the scopes of the new token, or the status, `error` and `error_description` of
/// the error response.
type Grant = Result<(String, Vec<String>), (StatusCode, &'static str, &'static str)>;

fn grant(state: &FakeState, form: &FormData) -> Grant {
    match form.get("grant_type") {
        Some(JWT_BEARER) => jwt_grant(form.get("assertion").unwrap_or_default()),
        Some("refresh_token") => refresh_grant(state, form),
        _ => bad_request("unsupported_grant_type", "Invalid grant_type: "),
    }
}

fn bad_request(error: &'static str, description: &'static str) -> Grant {
    Err((StatusCode::BAD_REQUEST, error, description))
}

/// Grants a token to the issuer of a JWT, without checking the JWT's signature.
fn jwt_grant(assertion: &str) -> Grant {
    let claims = jwt_claims(assertion).unwrap_or_default();
    let claim = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let (issuer, subject, scopes) = (claim("iss"), claim("sub"), split_scopes(claim("scope")));
    if issuer.is_empty() {
        return bad_request("invalid_grant", "Invalid JWT Signature.");
    }
    // `sub` names a user whom the service account impersonates. Google allows this only after an
    // administrator has delegated domain-wide authority:
    // <https://developers.google.com/identity/protocols/oauth2/service-account#delegatingauthority>.
    if !subject.is_empty() && subject != issuer {
        return Err((StatusCode::UNAUTHORIZED, "unauthorized_client", IMPERSONATION));
    }
    if scopes.is_empty() {
        return bad_request("invalid_scope", "Empty or missing scope not allowed.");
    }
    Ok((issuer.to_owned(), scopes))
}

const IMPERSONATION: &str = "Client is unauthorized to retrieve access tokens using this method, \
                             or client not authorized for any of the scopes requested.";

/// Grants a token to the user of a refresh token. The request may name fewer scopes than the user
/// consented to, but no scope that the user did not consent to.
fn refresh_grant(state: &FakeState, form: &FormData) -> Grant {
    let Some(consent) = state.consents.get(form.get("refresh_token").unwrap_or_default()) else {
        return bad_request("invalid_grant", "Bad Request");
    };
    let requested = split_scopes(form.get("scope").unwrap_or_default());
    if !requested.iter().all(|scope| consent.scopes.contains(scope)) {
        return bad_request("invalid_scope", "Bad Request");
    }
    let scopes = if requested.is_empty() { consent.scopes.clone() } else { requested };
    Ok((consent.account.clone(), scopes))
}

/// Records that a user has consented to these scopes, and returns a refresh token for them.
pub(crate) fn new_refresh_token(
    state: &mut FakeState,
    account: &str,
    scopes: Vec<String>,
) -> String {
    let token = format!("1//fake-{}", random_hex());
    state.consents.insert(token.clone(), Consent { account: account.to_owned(), scopes });
    token
}

fn split_scopes(text: &str) -> Vec<String> {
    text.split_ascii_whitespace().map(str::to_owned).collect()
}

/// The two formats of a tokeninfo response.
enum InfoFormat {
    /// `/tokeninfo` and version 3: numbers are strings.
    V3,
    /// Versions 1 and 2: numbers are JSON numbers, and some fields have other names.
    V1,
}

/// Responds with information about a token. The request passes the token in the form body, in the
/// query, or in the `Authorization` header.
fn tokeninfo(state: &FakeState, request: &IncomingRequest, format: &InfoFormat) -> FullResponse {
    let form = FormData::from_body(request);
    let text = form
        .get("access_token")
        .or_else(|| request.query.get("access_token"))
        .or_else(|| request.bearer());
    let Some((text, token)) = text.and_then(|text| Some((text, state.valid_token(text)?))) else {
        // Google responds alike to an unknown, an expired and a revoked token.
        let mut body = json!({"error_description": "Invalid Value"});
        if let InfoFormat::V1 = format {
            body["error"] = json!("invalid_token");
        }
        return json(StatusCode::BAD_REQUEST, &body);
    };
    let seconds = state.remaining(text).as_secs();
    json(StatusCode::OK, &token_info(&token, seconds, format))
}

/// Builds the body of a tokeninfo response.
fn token_info(token: &Token, seconds: u64, format: &InfoFormat) -> Value {
    // An arbitrary number that is the same for every token of an account. It has at least twelve
    // digits, as project numbers often have.
    let client = format!("{}", token.account.bytes().map(u64::from).sum::<u64>() + 100_000_000_000);
    let has_email =
        token.scopes.iter().any(|name| name == "email" || name.ends_with("/auth/userinfo.email"));
    let (mut body, verified) = match format {
        InfoFormat::V3 => (
            json!({
                "azp": client, "aud": client, "sub": client,
                "exp": unix(token.expires).to_string(), "expires_in": seconds.to_string(),
            }),
            ("email_verified", json!("true")),
        ),
        InfoFormat::V1 => (
            json!({
                "issued_to": client,
                "audience": client,
                "user_id": client,
                "expires_in": seconds,
            }),
            ("verified_email", json!(true)),
        ),
    };
    body["scope"] = json!(token.scopes.join(" "));
    body["access_type"] = json!("online");
    if has_email {
        body["email"] = json!(token.account);
        body[verified.0] = verified.1;
    }
    body
}
