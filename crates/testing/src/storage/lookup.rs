//! Which method a call is.

use http::Method;

use super::methods::{METHODS, MethodRow};

/// The method behind a verb and the decoded segments of a path, `upload` and `download` included,
/// with the names in the path.
pub(super) fn find(verb: &Method, segments: &[String]) -> Option<(&'static MethodRow, Vec<String>)> {
    let after = segments.iter().skip_while(|segment| *segment != "storage").skip(2);
    let segments: Vec<&str> = after.map(String::as_str).collect();
    let method = METHODS.iter().find(|method| method.verb == *verb && fits(method.path, &segments))?;
    let stars = method.path.split('/').zip(&segments).filter(|(part, _)| *part == "*");
    Some((method, stars.map(|(_, name)| (*name).to_owned()).collect()))
}

fn fits(path: &str, segments: &[&str]) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    parts.len() == segments.len()
        && parts
            .iter()
            .zip(segments)
            .all(|(part, segment)| *part == "*" && !segment.is_empty() || part == segment)
}
