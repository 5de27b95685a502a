//! The HTTP status that corresponds to a gRPC status.

/// Returns the HTTP status that Google's front ends send for a gRPC status. Returns 500 for the
/// error statuses with which Google never refuses calls. Source:
/// <https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto>
pub(super) fn http_status(code: u16) -> u16 {
    match code {
        0 => 200,
        3 | 9 | 11 => 400,
        7 => 403,
        8 => 429,
        16 => 401,
        _ => 500,
    }
}
