//! Reads the gRPC services from Google's protos, compiled to a `FileDescriptorSet`.
//!
//! The module decodes the wire format itself, because it needs few fields of few messages:
//! <https://protobuf.dev/programming-guides/encoding/>. The field numbers are those of
//! `google/protobuf/descriptor.proto`, `google/api/client.proto` and `google/api/http.proto`.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};

use super::template::PathTemplate;

/// A method of a gRPC service.
#[derive(Debug, Clone)]
pub(crate) struct Rpc {
    /// The protobuf package, such as `google.pubsub.v1`.
    pub(crate) package: String,
    /// The full name, such as `google.pubsub.v1.Publisher.Publish`.
    pub(crate) id: String,
    /// The value of `google.api.default_host`, or an empty string.
    pub(crate) host: String,
    /// The scopes in `google.api.oauth_scopes`, which hold for the whole service.
    pub(crate) scopes: BTreeSet<String>,
    /// The HTTP bindings of `google.api.http`: HTTP verbs, each with a path template.
    pub(crate) bindings: Vec<(String, PathTemplate)>,
}

/// Extension numbers of `google/api/client.proto` and `google/api/annotations.proto`.
const DEFAULT_HOST: u64 = 1049;
const OAUTH_SCOPES: u64 = 1050;
const HTTP: u64 = 72_295_728;

/// Reads the rpcs of a serialized `FileDescriptorSet`.
pub(crate) fn read(set: &[u8]) -> Result<Vec<Rpc>> {
    let mut rpcs = Vec::new();
    for file in messages(set, 1)? {
        let package = text(file, 2)?;
        for service in messages(file, 6)? {
            rpcs.extend(service_rpcs(&package, service)?);
        }
    }
    Ok(rpcs)
}

/// Reads the rpcs of a `ServiceDescriptorProto`.
fn service_rpcs(package: &str, service: &[u8]) -> Result<Vec<Rpc>> {
    let options = messages(service, 3)?.concat();
    let scopes = text(&options, OAUTH_SCOPES)?;
    let scopes: BTreeSet<_> = scopes
        .split(',')
        .map(str::trim)
        .filter(|scope| !scope.is_empty())
        .map(str::to_owned)
        .collect();
    let (host, name) = (text(&options, DEFAULT_HOST)?, text(service, 1)?);
    let rpc = |method: &[u8]| -> Result<Rpc> {
        let id = format!("{package}.{name}.{}", text(method, 1)?);
        let rules = messages(&messages(method, 4)?.concat(), HTTP)?.concat();
        let bindings = bindings(&rules).with_context(|| id.clone())?;
        Ok(Rpc {
            package: package.to_owned(),
            id,
            host: host.clone(),
            scopes: scopes.clone(),
            bindings,
        })
    };
    messages(service, 2)?.into_iter().map(rpc).collect()
}

/// Returns the binding of a `google.api.HttpRule`, and its additional bindings.
fn bindings(rule: &[u8]) -> Result<Vec<(String, PathTemplate)>> {
    let mut all = Vec::new();
    for (field, value) in fields(rule)? {
        let verb = match field {
            2 => "GET",
            3 => "PUT",
            4 => "POST",
            5 => "DELETE",
            6 => "PATCH",
            11 => {
                all.extend(bindings(value)?);
                continue;
            }
            _ => continue,
        };
        all.push((verb.to_owned(), PathTemplate::from_http_rule(std::str::from_utf8(value)?)?));
    }
    Ok(all)
}

/// Returns the value of a string field, or an empty string. The last value counts, as the wire
/// format prescribes.
fn text(message: &[u8], wanted: u64) -> Result<String> {
    let last = messages(message, wanted)?.pop().unwrap_or_default();
    Ok(std::str::from_utf8(last)?.to_owned())
}

/// Returns the values of a field that is a message or a string.
fn messages(message: &[u8], wanted: u64) -> Result<Vec<&[u8]>> {
    Ok(fields(message)?
        .into_iter()
        .filter(|(field, _)| *field == wanted)
        .map(|(_, value)| value)
        .collect())
}

/// Returns the numbers and values of the length-delimited fields of a message, which are its
/// strings and messages. Other fields are skipped.
fn fields(mut rest: &[u8]) -> Result<Vec<(u64, &[u8])>> {
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let tag = varint(&mut rest)?;
        let skip = match tag & 7 {
            0 => {
                varint(&mut rest)?;
                continue;
            }
            1 => 8,
            2 => usize::try_from(varint(&mut rest)?)?,
            5 => 4,
            other => bail!("a field has the wire type {other}, which is not known"),
        };
        let (value, after) =
            rest.split_at_checked(skip).context("a field is longer than its message")?;
        if tag & 7 == 2 {
            fields.push((tag >> 3, value));
        }
        rest = after;
    }
    Ok(fields)
}

/// Reads a variable-length integer from the start of `rest`.
fn varint(rest: &mut &[u8]) -> Result<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first().context("a number has no last byte")?;
        *rest = after;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    bail!("a number has more than 64 bits")
}
