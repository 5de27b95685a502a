//! Finds the API method of a request.

use http::Method;

use super::methods::{METHODS, MethodRow};

/// Returns the method for an HTTP method and the decoded segments of a path, with the bucket and
/// object names of the path. The path may begin with `upload` or `download`.
pub(super) fn find(
    verb: &Method,
    segments: &[String],
) -> Option<(&'static MethodRow, Vec<String>)> {
    // Skips everything up to `storage/v1`.
    let after_version = segments.iter().skip_while(|segment| *segment != "storage").skip(2);
    let segments: Vec<&str> = after_version.map(String::as_str).collect();
    let method =
        METHODS.iter().find(|row| row.verb == *verb && matches_path(row.path, &segments))?;
    let names = method.path.split('/').zip(&segments).filter(|(part, _)| *part == "*");
    Some((method, names.map(|(_, name)| (*name).to_owned()).collect()))
}

/// Checks whether the segments match a path of [`METHODS`].
fn matches_path(path: &str, segments: &[&str]) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    parts.len() == segments.len()
        && parts
            .iter()
            .zip(segments)
            .all(|(part, name)| *part == "*" && !name.is_empty() || part == name)
}
