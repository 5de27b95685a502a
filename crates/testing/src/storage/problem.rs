//! Everything that can be wrong with a call, in Cloud Storage's words, as JSON and as XML.
//!
//! Source of codes and reasons: <https://cloud.google.com/storage/docs/json_api/v1/status-codes>
//! and <https://cloud.google.com/storage/docs/xml-api/reference-status>.

use http::StatusCode;

use super::xml_bodies::{self, ErrorBody};
use crate::reply::{Reply, challenge, empty, json, legacy_error, with, xml};

#[derive(Debug)]
pub(super) enum Problem {
    /// No credentials at all, and the permission they would need.
    Anonymous(&'static str),
    BadToken,
    /// None of the accepted scopes is held.
    Scope(Vec<String>),
    /// IAM refuses, with this message.
    Iam(String),
    NotFound,
    NoBucket,
    NoObject(String),
    Precondition,
    Conflict(&'static str),
    Invalid(&'static str),
    NotImplemented(String),
}

impl Problem {
    pub(super) fn iam(account: &str, permission: &str) -> Self {
        Self::Iam(denied(account, permission))
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Anonymous(_) | Self::BadToken => StatusCode::UNAUTHORIZED,
            Self::Scope(_) | Self::Iam(_) => StatusCode::FORBIDDEN,
            Self::NotFound | Self::NoBucket | Self::NoObject(_) => StatusCode::NOT_FOUND,
            Self::Precondition => StatusCode::PRECONDITION_FAILED,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::NotImplemented(_) => StatusCode::NOT_IMPLEMENTED,
        }
    }

    /// The JSON API's reason and the XML API's code.
    fn names(&self) -> (&'static str, &'static str) {
        match self {
            Self::Anonymous(_) => ("required", "AuthenticationRequired"),
            Self::BadToken => ("authError", "AuthenticationRequired"),
            Self::Scope(_) | Self::Iam(_) => ("forbidden", "AccessDenied"),
            Self::NotFound => ("notFound", "InvalidURI"),
            Self::NoBucket => ("notFound", "NoSuchBucket"),
            Self::NoObject(_) => ("notFound", "NoSuchKey"),
            Self::Precondition => ("conditionNotMet", "PreconditionFailed"),
            Self::Conflict(_) => ("conflict", "BucketNotEmpty"),
            Self::Invalid(_) => ("invalid", "InvalidArgument"),
            Self::NotImplemented(_) => ("notImplemented", "NotImplemented"),
        }
    }

    fn message(&self) -> String {
        match self {
            Self::Anonymous(permission) => denied("Anonymous caller", permission),
            Self::BadToken => "Invalid Credentials".into(),
            Self::Scope(_) => "Provided scope(s) are not authorized".into(),
            Self::Iam(sentence) => sentence.clone(),
            Self::NotFound => "Not Found".into(),
            Self::NoBucket => "The specified bucket does not exist.".into(),
            Self::NoObject(name) => format!("No such object: {name}"),
            Self::Precondition => "At least one of the pre-conditions you specified did not hold.".into(),
            Self::Conflict(message) | Self::Invalid(message) => (*message).into(),
            Self::NotImplemented(id) => format!("The fake Google knows {id} but does not act it out."),
        }
    }

    fn challenge(&self) -> Option<String> {
        const REALM: &str = r#"Bearer realm="https://accounts.google.com/""#;
        match self {
            Self::Anonymous(_) => Some(REALM.to_owned()),
            Self::BadToken => Some(format!(r#"{REALM}, error="invalid_token""#)),
            Self::Scope(accepted) => Some(challenge(accepted)),
            _ => None,
        }
    }

    pub(super) fn json(&self) -> Reply {
        let error = legacy_error(self.status(), self.names().0, &self.message());
        self.challenged(json(self.status(), &error))
    }

    pub(super) fn xml(&self, head: bool) -> Reply {
        if head {
            return self.challenged(empty(self.status()));
        }
        let (message, details) = match self {
            Self::Scope(_) | Self::Iam(_) => ("Access denied.".to_owned(), Some(self.message())),
            Self::Anonymous(_) => ("Authentication required.".to_owned(), None),
            _ => (self.message(), None),
        };
        let body = ErrorBody { code: self.names().1, message, details };
        self.challenged(xml(self.status(), xml_bodies::document(&body)))
    }

    fn challenged(&self, reply: Reply) -> Reply {
        match self.challenge() {
            Some(challenge) => with(reply, "www-authenticate", &challenge),
            None => reply,
        }
    }
}

fn denied(who: &str, permission: &str) -> String {
    let resource = match permission {
        "storage.buckets.list" | "storage.buckets.create" => "Google Cloud project",
        bucket if bucket.starts_with("storage.buckets.") => "Google Cloud Storage bucket",
        _ => "Google Cloud Storage object",
    };
    format!(
        "{who} does not have {permission} access to the {resource}. \
         Permission '{permission}' denied on resource (or it may not exist)."
    )
}
