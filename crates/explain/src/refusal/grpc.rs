//! Reads the gRPC status, message and details from headers and trailers.
//!
//! Sources: <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md> for the header names
//! and the percent-encoding, <https://github.com/googleapis/googleapis/tree/master/google/rpc> for
//! the field numbers.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::HeaderMap;
use percent_encoding::percent_decode_str;

use super::protobuf::{self, Field};
use super::response_facts::ResponseFacts;
use super::status::http_status;

/// Accepts padded and unpadded values: the gRPC protocol allows both. Ignores the bits after the
/// last byte, which some encoders do not set to zero.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The longest binary value that is read, in base64 characters. It is far above the 8 KiB that the
/// protocol suggests for all headers together.
const VALUE_LIMIT: usize = 64 * 1024;

/// Reads the gRPC status, message and details. Does nothing if the response is not a gRPC response.
pub(super) fn read(headers: &HeaderMap, facts: &mut ResponseFacts) {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(code) = text("grpc-status").and_then(|code| code.trim().parse().ok()) {
        // The HTTP status of a gRPC response is 200 even for an error, so this status replaces it.
        facts.status = Some(http_status(code));
    }
    if let Some(message) = text("grpc-message") {
        facts.add_message(&percent_decode_str(message).decode_utf8_lossy());
    }
    for status in binary_values(headers, "grpc-status-details-bin") {
        read_status(&status, facts);
    }
    for info in binary_values(headers, "google.rpc.errorinfo-bin") {
        read_detail("ErrorInfo", &info, facts);
    }
}

/// Decodes the values of a binary header.
fn binary_values(headers: &HeaderMap, name: &str) -> Vec<Vec<u8>> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values
        // The protocol allows the values of a repeated header to be joined by commas, which base64
        // does not contain.
        .flat_map(|value| value.split(','))
        .filter(|value| value.len() <= VALUE_LIMIT)
        .filter_map(|value| BASE64.decode(value.trim()).ok())
        .collect()
}

/// Reads a `google.rpc.Status`.
fn read_status(status: &[u8], facts: &mut ResponseFacts) {
    for field in protobuf::fields(status) {
        // The numbers of `google.rpc.Status`:
        // <https://github.com/googleapis/googleapis/blob/master/google/rpc/status.proto>.
        match field.number {
            2 => facts.add_message(&field.text()),
            3 => read_any(&field, facts),
            _ => {}
        }
    }
}

/// Reads a `google.protobuf.Any`: the name of a message type and the encoded message.
fn read_any(any: &Field<'_>, facts: &mut ResponseFacts) {
    let mut kind = String::new();
    for field in protobuf::fields(any.bytes) {
        // The numbers of `google.protobuf.Any`:
        // <https://protobuf.dev/reference/protobuf/google.protobuf/#any>.
        match field.number {
            1 => kind = field.text(),
            2 => read_detail(kind.rsplit('.').next().unwrap_or_default(), field.bytes, facts),
            _ => {}
        }
    }
}

/// Reads a message of one of the types in `google/rpc/error_details.proto`.
fn read_detail(kind: &str, detail: &[u8], facts: &mut ResponseFacts) {
    for field in protobuf::fields(detail) {
        // The numbers of
        // <https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto>.
        match (kind, field.number) {
            ("ErrorInfo", 1) => facts.add_reason(&field.text()),
            ("ErrorInfo", 2) => facts.add_metadata("domain", &field.text()),
            ("ErrorInfo", 3) => read_metadata(field.bytes, facts),
            // Field 1 is the type, field 2 the subject, and field 3 a sentence.
            ("PreconditionFailure", 1) => protobuf::fields(field.bytes)
                .filter(|part| part.number <= 2)
                .for_each(|part| facts.add_violation(&part.text(), part.number == 2)),
            ("QuotaFailure", 1) => facts.add_violation(kind, false),
            ("RequestInfo", 1) => facts.details.add("requestId", &field.text()),
            ("LocalizedMessage", 2) => facts.add_message(&field.text()),
            _ => {}
        }
    }
}

/// Reads one entry of the map `ErrorInfo.metadata`.
fn read_metadata(entry: &[u8], facts: &mut ResponseFacts) {
    let mut key = String::new();
    for field in protobuf::fields(entry) {
        // An entry of a map is a message with the key as field 1 and the value as field 2:
        // <https://protobuf.dev/programming-guides/encoding/#maps>.
        match field.number {
            1 => key = field.text(),
            2 => facts.add_metadata(&key, &field.text()),
            _ => {}
        }
    }
}
