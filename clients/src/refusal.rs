//! Refusals by other gates than the scopes, in the form that an API speaks.

use bytes::Bytes;
use gcp_scopes_testing::Wire;
use http::Response;

use crate::case::Case;
use crate::kind::Speaks;
use crate::world::World;

/// What is said, where the fake has no form of its own for it.
struct Said {
    wire: Wire,
    message: &'static str,
    /// A status of gRPC, <https://grpc.io/docs/guides/status-codes/>.
    grpc: u8,
}

/// Makes every call of this world meet the refusal of a case.
pub(crate) fn script(world: &World, case: Case) {
    let said = said(case);
    let script = world.google().on(world.api().service).times(usize::MAX);
    match world.api().speaks {
        Speaks::Json => script.respond_with(said.wire),
        Speaks::Xml => script.respond(xml(&said)),
        Speaks::Grpc => script.respond(grpc(&said)),
    }
}

fn said(case: Case) -> Said {
    let (wire, message, grpc) = match case {
        Case::ApiDisabled => (Wire::ServiceDisabled, "The API has not been used in project 1 before.", 7),
        Case::Billing => (Wire::Billing, "This API method requires billing to be enabled.", 7),
        Case::VpcSc => (Wire::VpcSc, "Request is prohibited by organization's policy.", 7),
        Case::QuotaProject => {
            (Wire::QuotaProject, "Caller does not have required permission to use project my-project.", 7)
        }
        Case::RateLimit => (Wire::RateLimit, "Rate Limit Exceeded", 8),
        _ => (Wire::IamDenied, "The caller does not have permission", 7),
    };
    Said { wire, message, grpc }
}

fn xml(said: &Said) -> Response<Bytes> {
    let body = format!(
        "<?xml version='1.0' encoding='UTF-8'?><Error><Code>AccessDenied</Code>\
         <Message>Access denied.</Message><Details>{}</Details></Error>",
        said.message
    );
    answer("application/xml; charset=UTF-8", 403, body.into())
}

/// All in the headers, as servers refuse a call that has not begun.
fn grpc(said: &Said) -> Response<Bytes> {
    let mut answer = answer("application/grpc", 200, Bytes::new());
    answer.headers_mut().insert("grpc-status", u16::from(said.grpc).into());
    let message = said.message.parse().expect("the messages above are ASCII");
    answer.headers_mut().insert("grpc-message", message);
    answer
}

/// Makes every call meet a refusal for lack of scope that is larger than what the guard looks at. Whether
/// the API has such answers: gRPC's are in headers.
pub(crate) fn script_large(world: &World) -> bool {
    let filling = "0".repeat(1 << 17);
    let words = "Request had insufficient authentication scopes.";
    let (content_type, body) = match world.api().speaks {
        Speaks::Json => {
            let errors = r#"[{"message":"Insufficient Permission","domain":"global","reason":"insufficientPermissions"}]"#;
            let error = format!(r#""code":403,"message":"{words}","errors":{errors},"filling":"{filling}""#);
            ("application/json; charset=UTF-8", format!(r#"{{"error":{{{error}}}}}"#))
        }
        Speaks::Xml => {
            let words = "<Details>Provided scope(s) are not authorized</Details>";
            let error = format!("<Code>AccessDenied</Code><Message>Access denied.</Message>{words}");
            ("application/xml; charset=UTF-8", format!("<Error>{error}<Filling>{filling}</Filling></Error>"))
        }
        Speaks::Grpc => return false,
    };
    let script = world.google().on(world.api().service).times(usize::MAX);
    script.respond(answer(content_type, 403, body.into()));
    true
}

fn answer(content_type: &'static str, status: u16, body: Bytes) -> Response<Bytes> {
    let mut answer = Response::new(body);
    *answer.status_mut() = status.try_into().expect("a status of HTTP");
    answer.headers_mut().insert("content-type", http::HeaderValue::from_static(content_type));
    answer
}
