//! Which method a call is.

use http::Method;

use super::methods::{METHODS, MethodRow};

/// A method and the names in the path, decoded.
pub(super) struct Found {
    pub(super) method: &'static MethodRow,
    pub(super) bucket: String,
    pub(super) object: String,
    /// Names after the object: the target of a copy.
    pub(super) rest: Vec<String>,
}

/// The method behind a verb and the decoded segments of a path, `upload` and `download` included.
pub(super) fn find(verb: &Method, segments: &[String]) -> Option<Found> {
    let after = segments.iter().skip_while(|segment| *segment != "storage").skip(2);
    let segments: Vec<&str> = after.map(String::as_str).collect();
    let method = METHODS.iter().find(|method| method.verb == *verb && fits(method.path, &segments))?;
    let stars = method.path.split('/').zip(&segments).filter(|(part, _)| *part == "*");
    let mut names = stars.map(|(_, name)| (*name).to_owned());
    let (bucket, object) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
    Some(Found { method, bucket, object, rest: names.collect() })
}

fn fits(path: &str, segments: &[&str]) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    parts.len() == segments.len()
        && parts
            .iter()
            .zip(segments)
            .all(|(part, segment)| *part == "*" && !segment.is_empty() || part == segment)
}
