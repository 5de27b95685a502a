//! Finds the Cloud Storage bucket of a refused call.

use crate::environment::names;
use crate::refusal::Refusal;
use gcp_scopes_catalog::call::Call;

/// The words before the name of a bucket: in the name of a resource, and in the messages of gcloud.
const BEFORE_BUCKET: [&str; 2] = ["buckets/", "access b instance ["];

/// Returns the bucket that the name of the resource or the server's message contains.
pub(super) fn in_refusal(refusal: &Refusal) -> Option<&str> {
    let texts = [refusal.resource(), refusal.server_message()];
    let is_end = |c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit() && !"-_.".contains(c);
    texts.into_iter().flatten().find_map(|text| {
        let (_, rest) = BEFORE_BUCKET.iter().find_map(|mark| text.split_once(mark))?;
        names::bucket(rest.split(is_end).next()?)
    })
}

/// Returns the bucket in the URL of a call, if the URL contains exactly one bucket.
pub(super) fn in_url(call: &Call<'_>) -> Option<String> {
    call.bucket().filter(|name| names::bucket(name).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bucket_in_a_url_is_found() {
        let rows = [
            ("storage.googleapis.com/storage/v1/b/photos", Some("photos")),
            ("storage.googleapis.com/upload/storage/v1/b/photos/o?name=x", Some("photos")),
            (
                "storage.googleapis.com/download/storage/v1/b/my_pics.2/o/cat?alt=media",
                Some("my_pics.2"),
            ),
            ("www.googleapis.com/storage/v1/b/photos/o", Some("photos")),
            ("storage.us-central1.rep.googleapis.com/storage/v1/b/photos/o", Some("photos")),
            ("storage.googleapis.com/photos/cats/one.jpg", Some("photos")),
            ("photos.storage.googleapis.com/cats/one.jpg", Some("photos")),
            ("PHOTOS.storage.googleapis.com/storage/v1/b/object", Some("photos")),
            ("photos.storage.us-central1.rep.googleapis.com/cats", Some("photos")),
            ("storage.googleapis.com/storage/v1/b?project=my-project", None),
            ("storage.googleapis.com/storage/v1/b/photos/o/cat/rewriteTo/b/other/o/cat", None),
            ("storage.googleapis.com/storage/v1/b/$(reboot)/o", None),
            ("storage.googleapis.com/storage/v2/photos", None),
            ("www.googleapis.com/photos/cat", None),
            ("photos.example.com/storage/v1/b/photos", None),
            ("pubsub.googleapis.com/photos/cat", None),
            ("storage.googleapis.com/", None),
        ];
        for (url, expected) in rows {
            let uri: http::Uri = format!("https://{url}").parse().unwrap();
            let named = in_url(&Call::new(&http::Method::GET, &uri));
            assert_eq!(named.as_deref(), expected, "{url}");
        }
    }
}
