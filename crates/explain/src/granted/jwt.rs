//! Reads the claims of a self-signed JWT. A service account's key signs such a JWT, and Google's
//! APIs accept it in place of an access token (<https://google.aip.dev/auth/4111>).
//!
//! The signature is not checked: the caller sends the claims to Google, and Google checks the
//! signature. Any token that is not clearly a self-signed JWT has unknown scopes.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gcp_scopes_catalog::scope::ScopeSet;
use serde::Deserialize;
use serde_json::Value;

use super::{GrantSource, GrantedScopes};

/// The longest JWT that is read, in bytes. Google's own JWTs have about 1 KiB, and few servers
/// accept a header line longer than this limit.
const MAX_LENGTH: usize = 16 * 1024;

#[derive(Deserialize)]
struct Claims {
    iss: Option<Value>,
    aud: Option<Value>,
    scope: Option<Value>,
    exp: Option<Value>,
}

impl GrantedScopes {
    /// Reads the scopes from the claims of a self-signed JWT. Returns `None` if `token` is not a
    /// JWT. The scopes are unknown if the claims cannot be read, if no service account signed the
    /// JWT, or if it has expired at `now`. The signature is not checked.
    ///
    /// ```
    /// use std::time::SystemTime;
    ///
    /// use gcp_scopes_explain::granted::GrantedScopes;
    ///
    /// assert!(GrantedScopes::from_jwt("ya29.a0AfH6SM", SystemTime::now()).is_none());
    ///
    /// // {"iss":"robot@p.iam.gserviceaccount.com","aud":"https://pubsub.googleapis.com/"}
    /// let claims = "eyJpc3MiOiJyb2JvdEBwLmlhbS5nc2VydmljZWFjY291bnQuY29tIiwi\
    ///               YXVkIjoiaHR0cHM6Ly9wdWJzdWIuZ29vZ2xlYXBpcy5jb20vIn0";
    /// let token = format!("eyJhbGciOiJSUzI1NiJ9.{claims}.c2lnbmF0dXJl");
    /// let granted = GrantedScopes::from_jwt(&token, SystemTime::now());
    /// assert!(granted.is_some_and(|granted| granted.is_unrestricted()));
    /// ```
    #[must_use]
    pub fn from_jwt(token: &str, now: SystemTime) -> Option<Self> {
        let payload = payload(token)?;
        let Some(claims) = claims(payload) else {
            return Some(Self::unknown(
                "the token looks like a JWT, but its claims cannot be read",
            ));
        };
        let granted = granted_by(&claims).unwrap_or_else(Self::unknown);
        Some(match expiry(&claims) {
            Some(at) if at <= now => {
                Self::unknown("the token is a JWT that has expired").with_expiry(at)
            }
            Some(at) => granted.with_expiry(at),
            None => granted,
        })
    }
}

/// Returns the encoded claims of a JWT, or `None` if the text is not a JWT.
fn payload(token: &str) -> Option<&str> {
    // `eyJ` is the base64 encoding of `{"`.
    if token.len() > MAX_LENGTH || !token.starts_with("eyJ") {
        return None;
    }
    let mut parts = token.split('.');
    let (_, payload, signature) = (parts.next()?, parts.next()?, parts.next()?);
    let is_complete = parts.next().is_none() && !payload.is_empty() && !signature.is_empty();
    is_complete.then_some(payload)
}

/// Decodes the claims. Padding is removed, because some writers add it, contrary to RFC 7515 §2.
fn claims(payload: &str) -> Option<Claims> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?).ok()
}

/// Returns the scopes that the claims grant, without regard to the expiry, or why they are unknown.
fn granted_by(claims: &Claims) -> Result<GrantedScopes, &'static str> {
    let issuer = claims.iss.as_ref().map(|iss| iss.as_str().unwrap_or_default());
    if issuer.is_some_and(|iss| !iss.ends_with("gserviceaccount.com")) {
        return Err("the token is a JWT that no service account signed, such as an ID token");
    }
    match (claims.scope.as_ref(), claims.aud.as_ref()) {
        (Some(Value::String(text)), None) => {
            Ok(GrantedScopes::known(ScopeSet::from_scope_text(text), GrantSource::Jwt))
        }
        (None, Some(Value::String(aud))) if is_api(aud) => {
            Ok(GrantedScopes::unrestricted(GrantSource::Jwt))
        }
        // Google's libraries write only one of the two claims. How Google treats a JWT with both
        // claims is not documented.
        (Some(_), Some(_)) => Err("the token is a JWT with a scope and an audience"),
        _ => Err("the token is a JWT without a scope or the audience of a Google API"),
    }
}

/// Checks whether the audience is an API such as `https://pubsub.googleapis.com/`. The token
/// endpoint is not an API: a JWT for the token endpoint is an assertion, which is exchanged for a
/// token.
fn is_api(audience: &str) -> bool {
    let host = audience.strip_prefix("https://").and_then(|rest| rest.split('/').next());
    host.is_some_and(|host| host.ends_with(".googleapis.com") && host != "oauth2.googleapis.com")
}

/// Returns the time of the claim `exp`, or `None` if the claim is missing or invalid.
fn expiry(claims: &Claims) -> Option<SystemTime> {
    let seconds = claims.exp.as_ref()?.as_u64()?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Creates a JWT with these claims and an invalid signature.
    fn jwt(claims: &str) -> String {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.{}", part(r#"{"alg":"RS256","typ":"JWT"}"#), part(claims), part("signature"))
    }

    /// Reads a token 10 seconds after the Unix epoch.
    fn read_at_10(token: &str) -> Option<GrantedScopes> {
        GrantedScopes::from_jwt(token, SystemTime::UNIX_EPOCH + Duration::from_secs(10))
    }

    const ISS: &str = r#""iss":"robot@my-project.iam.gserviceaccount.com""#;

    #[test]
    fn the_scope_claim_contains_the_granted_scopes() {
        let token = jwt(&format!(
            r#"{{{ISS},"scope":"https://www.googleapis.com/auth/pubsub openid","exp":1000}}"#
        ));
        let granted = read_at_10(&token).unwrap();
        let expected = ScopeSet::from_scope_text("openid https://www.googleapis.com/auth/pubsub");
        assert_eq!(granted.scopes(), Some(&expected));
        assert_eq!(granted.source(), Some(GrantSource::Jwt));
        assert_eq!(granted.expires_at(), Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1000)));
    }

    #[test]
    fn padded_base64_is_accepted() {
        // The spaces change the length, so that 0, 1 and 2 padding characters occur.
        for spaces in ["", " ", "  "] {
            let token = jwt(&format!(r#"{{{ISS},"scope":"openid"{spaces}}}"#));
            let (start, signature) = token.rsplit_once('.').unwrap();
            let padding = "=".repeat((4 - start.rsplit('.').next().unwrap().len() % 4) % 4);
            assert!(
                read_at_10(&format!("{start}{padding}.{signature}")).unwrap().scopes().is_some()
            );
        }
    }

    #[test]
    fn a_google_api_as_audience_means_unrestricted() {
        let token = jwt(&format!(r#"{{{ISS},"aud":"https://pubsub.googleapis.com/"}}"#));
        assert!(read_at_10(&token).unwrap().is_unrestricted());
    }

    #[test]
    fn every_other_jwt_is_unknown() {
        let rows = [
            // Not signed by a service account.
            r#"{"iss":"https://accounts.google.com","aud":"https://my-service.run.app"}"#
                .to_owned(),
            r#"{"iss":"https://accounts.google.com","scope":"openid"}"#.to_owned(),
            r#"{"iss":7,"scope":"openid"}"#.to_owned(),
            // The audience is not an API, or there is a scope as well.
            format!(r#"{{{ISS},"aud":"https://oauth2.googleapis.com/token"}}"#),
            format!(r#"{{{ISS},"aud":"https://pubsub.googleapis.com.evil.example/"}}"#),
            format!(r#"{{{ISS},"aud":["https://pubsub.googleapis.com/"]}}"#),
            format!(r#"{{{ISS},"aud":"https://pubsub.googleapis.com/","scope":"openid"}}"#),
            // The scope is ambiguous, empty, or not a text.
            format!(r#"{{{ISS},"scope":"openid","scope":"email"}}"#),
            format!(r#"{{{ISS},"scope":""}}"#),
            format!(r#"{{{ISS},"scope":["openid"]}}"#),
            // Expired: the test reads the token at second 10.
            format!(r#"{{{ISS},"scope":"openid","exp":9}}"#),
            // Neither scope nor audience, or no claims at all.
            format!("{{{ISS}}}"),
            "{".to_owned(),
            "[]".to_owned(),
            "null".to_owned(),
            "[".repeat(10_000),
        ];
        for claims in rows {
            let granted = read_at_10(&jwt(&claims)).unwrap();
            assert!(granted.is_unknown(), "{claims:.100}: {granted:?}");
        }
    }

    #[test]
    fn an_invalid_expiry_is_ignored() {
        for exp in ["-1", "\"soon\"", "1e300", "18446744073709551615", "null"] {
            let granted =
                read_at_10(&jwt(&format!(r#"{{{ISS},"scope":"openid","exp":{exp}}}"#))).unwrap();
            assert!(
                granted.scopes().is_some() && granted.expires_at().is_none(),
                "{exp}: {granted:?}"
            );
        }
    }

    #[test]
    fn an_opaque_token_is_not_a_jwt() {
        let long = jwt(&format!(r#"{{"scope":"{}"}}"#, "x".repeat(MAX_LENGTH)));
        for token in
            ["ya29.c.abc.def", "eyJ", "eyJ.", "eyJ..", "eyJ.a", "eyJ.a.b.c", "eyJ.!.b.c", &long]
        {
            assert!(read_at_10(token).is_none(), "{token:.40}");
        }
    }

    proptest::proptest! {
        #[test]
        fn reading_arbitrary_tokens_does_not_panic(token in "[!-~]{1,300}", claims in ".{0,300}") {
            // Any text, a text that begins like a JWT, and a JWT with any claims.
            read_at_10(&token);
            read_at_10(&format!("eyJ{token}"));
            read_at_10(&jwt(&claims));
        }
    }
}
