//! Refusals for other reasons than scopes, with a name in their messages, and names that look like
//! a refusal for lack of scope. Tests of this package and of gcp-scopes-explain use this file.

use serde_json::{Value, json};

/// A refusal for another reason than scopes. In its message, `NAME` is replaced by a name.
pub(crate) struct RefusalExample {
    pub(crate) status: u16,
    /// The one-word reason of older JSON errors, or the code of XML errors.
    pub(crate) reason: &'static str,
    /// The reason of `google.rpc.ErrorInfo`, where the service sends one.
    info: Option<&'static str>,
    pub(crate) message: &'static str,
}

pub(crate) const fn example(
    status: u16,
    reason: &'static str,
    info: Option<&'static str>,
    message: &'static str,
) -> RefusalExample {
    RefusalExample { status, reason, info, message }
}

/// Refusals for other reasons than scopes, and other errors with names in their messages.
pub(crate) const OTHER_REFUSALS: &[RefusalExample] = &[
    example(
        403,
        "objectUnderActiveHold",
        None,
        "Object 'photos/NAME' is under active Temporary hold and cannot be deleted, overwritten \
         or archived until hold is removed.",
    ),
    example(
        403,
        "retentionPolicyNotMet",
        None,
        "Object 'photos/NAME' is subject to bucket's retention policy or object retention and \
         cannot be deleted or overwritten until 2031-01-01T00:00:00Z",
    ),
    example(
        403,
        "forbidden",
        None,
        "reader@my-project.iam.gserviceaccount.com does not have storage.objects.get access to \
         the Google Cloud Storage object 'photos/NAME'. Permission 'storage.objects.get' denied \
         on resource (or it may not exist).",
    ),
    example(
        403,
        "accessDenied",
        None,
        "Access Denied: Table my-project:sales.NAME: User does not have permission to query table \
         my-project:sales.NAME, or perhaps it does not exist.",
    ),
    example(
        403,
        "accessDenied",
        None,
        "Access Denied: Table my-project:sales.NAME: Permission bigquery.tables.getData denied on \
         table my-project:sales.NAME (or it may not exist).",
    ),
    example(
        403,
        "insufficientFilePermissions",
        None,
        "The user does not have sufficient permissions for file NAME.",
    ),
    example(
        403,
        "appNotAuthorizedToFile",
        None,
        "The user has not granted the app 123456789012 write access to the file NAME.",
    ),
    example(
        403,
        "forbidden",
        Some("IAM_PERMISSION_DENIED"),
        "Permission 'pubsub.topics.publish' denied on resource \
         '//pubsub.googleapis.com/projects/my-project/topics/NAME' (or it may not exist).",
    ),
    example(403, "forbidden", None, "User not authorized to perform this action on NAME."),
    example(
        403,
        "Forbidden",
        None,
        "pods \"NAME\" is forbidden: User \"ann@example.com\" cannot get resource \"pods\" in API \
         group \"\" in the namespace \"default\"",
    ),
    example(
        403,
        "rateLimitExceeded",
        None,
        "The rate limit exceeded for table NAME: too many table update operations.",
    ),
    example(
        403,
        "quotaExceeded",
        None,
        "Quota exceeded: the project exceeded its quota for uploads of NAME.",
    ),
    example(
        403,
        "accountDisabled",
        None,
        "The account for the specified project has been disabled. NAME",
    ),
    example(404, "notFound", None, "Not found: object photos/NAME"),
    example(409, "conflict", None, "The bucket NAME exists already."),
    example(400, "invalid", None, "Invalid value for field 'name': NAME"),
    example(412, "conditionNotMet", None, "The precondition of NAME did not hold."),
];

/// Names that look like a refusal for lack of scope.
pub(crate) const NAMES: &[&str] = &[
    // Messages of refusals for lack of scope.
    "Request had insufficient authentication scopes.",
    "Request had insufficient authentication scopes. Acceptable scopes: https://mail.google.com/",
    "REQUEST HAD INSUFFICIENT AUTHENTICATION SCOPES",
    "Provided scope(s) are not authorized",
    "a' Provided scope(s) are not authorized 'b",
    "a\" Request had insufficient authentication scopes. \"b",
    "a` Request had insufficient authentication scopes. `b",
    "a. Request had insufficient authentication scopes. b",
    "a: Insufficient Permission: Request had insufficient authentication scopes.",
    "a\nRequest had insufficient authentication scopes.\nb",
    "\nProvided scope(s) are not authorized",
    "Insufficient Permission",
    "a\nInsufficient Permission\n",
    "Metadata scope does not support 'q' parameter",
    "Permission denied while getting Drive credentials.",
    "requires one of the following scopes: https://mail.google.com/",
    "invalid_scope",
    "Empty or missing scope not allowed.",
    "insufficient scope",
    "scopes during VM creation are not enough",
    // Reasons of refusals for lack of scope.
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
    "a ACCESS_TOKEN_SCOPE_INSUFFICIENT b",
    "reason: ACCESS_TOKEN_SCOPE_INSUFFICIENT",
    "insufficientPermissions",
    " insufficientPermissions ",
    "insufficientScopes",
    " insufficientScopes ",
    // Parts of JSON, of protobuf text, of a header and of a response.
    r#"", "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT", "domain": "googleapis.com"#,
    r#"{"error":{"code":403,"message":"Request had insufficient authentication scopes."}}"#,
    concat!(
        r#"{"error":{"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","#,
        r#""reason":"ACCESS_TOKEN_SCOPE_INSUFFICIENT"}]}}"#,
    ),
    r#"[reason: "ACCESS_TOKEN_SCOPE_INSUFFICIENT" domain: "googleapis.com"]"#,
    r#"WWW-Authenticate: Bearer error="insufficient_scope", scope="https://mail.google.com/""#,
    concat!(
        r#"Bearer error=insufficient_scope scope="https://mail.google.com/ "#,
        r#"https://www.googleapis.com/auth/drive""#,
    ),
    "HTTP/1.1 403 Forbidden\nwww-authenticate: Bearer error=\"insufficient_scope\"\n\nProvided \
     scope(s) are not authorized",
    "\nHTTP/1.1 403 Forbidden\nwww-authenticate: Bearer error=\"insufficient_scope\"\n\nProvided \
     scope(s) are not authorized\n",
    "<Error><Code>AccessDenied</Code><Details>Provided scope(s) are not \
     authorized</Details></Error>",
    "</Message><Details>Provided scope(s) are not authorized</Details><Message>",
    // Lists of scopes.
    "https://www.googleapis.com/auth/drive",
    "Acceptable scopes: https://www.googleapis.com/auth/drive https://mail.google.com/",
    "required scopes: https://www.googleapis.com/auth/drive",
];

impl RefusalExample {
    /// Returns the message with this name in it.
    pub(crate) fn message(&self, name: &str) -> String {
        self.message.replace("NAME", name)
    }

    /// Returns the refusal as a JSON error.
    pub(crate) fn json(&self, name: &str) -> Value {
        let message = self.message(name);
        let mut error = json!({
            "code": self.status,
            "message": message,
            "errors": [{"message": message, "domain": "global", "reason": self.reason}],
        });
        if let Some(info) = self.info {
            error["status"] = json!("PERMISSION_DENIED");
            error["details"] = json!([{
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": info,
                "domain": "googleapis.com",
            }]);
        }
        json!({ "error": error })
    }

    /// Returns the refusal as a JSON error without the reasons.
    pub(crate) fn json_without_reasons(&self, name: &str) -> Value {
        let message = self.message(name);
        json!({"error": {"code": self.status, "message": message, "status": "PERMISSION_DENIED"}})
    }

    /// Returns the refusal as an XML error, with its message in the given element.
    pub(crate) fn xml(&self, name: &str, element: &str) -> String {
        let escaped = escaped(&self.message(name));
        let (first, rest) = self.reason.split_at(1);
        let code = first.to_ascii_uppercase() + rest;
        format!(
            "<?xml version='1.0' \
             encoding='UTF-8'?><Error><Code>{code}</Code><Message>No.</\
             Message><{element}>{escaped}</{element}></Error>"
        )
    }

    /// Returns the refusal as an HTML page.
    pub(crate) fn html(&self, name: &str) -> String {
        format!("<html><body><h1>403</h1><p>{}</p></body></html>", escaped(&self.message(name)))
    }
}

/// Escapes a text for XML and HTML.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Encodes a message for the header `grpc-message`.
pub(crate) fn grpc_message(message: &str) -> String {
    let byte = |byte: u8| match byte {
        b' '..=b'~' if byte != b'%' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    message.bytes().map(byte).collect()
}
