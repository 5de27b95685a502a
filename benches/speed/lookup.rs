//! Times the look-up of the API method of a request, in comparison with the router matchit.

use std::collections::HashMap;

use gcp_scopes::call::Call;
use gcp_scopes::catalog::{Endpoints, lookup};
use http::{Method, Uri};
use matchit::Router;

use crate::calls::READS;
use crate::catalog::templates::{self, RequestTemplate};
use crate::harness::TimedCase;

/// The URL that is looked up in the catalog and in a router for version 1 of the Compute API.
const COMPUTE: &str = READS[2];

/// Creates a router of the templates. Templates that matchit rejects, because they conflict with an
/// earlier route, are left out.
fn router<'t>(templates: impl Iterator<Item = &'t RequestTemplate>) -> Router<u32> {
    let mut router = Router::new();
    for (number, template) in (0..).zip(templates) {
        // A matchit route has no verb, so two methods with the same path conflict, too.
        let _ = router.insert(template.route(), number);
    }
    router
}

/// Creates a case that looks up the method of a GET request for each URL.
fn lookups(name: &'static str, urls: &[&str]) -> TimedCase {
    let uris: Vec<Uri> = urls.iter().map(|url| url.parse().unwrap()).collect();
    let endpoints = Endpoints::new();
    TimedCase::new(name, uris.len(), move || {
        uris.iter()
            .filter(|uri| lookup(&Call::new(&Method::GET, uri), &endpoints).method().is_some())
            .count()
    })
}

/// Returns the cases of the group `lookup`: a few requests, repeated, so that the data is in the
/// CPU's cache.
pub(crate) fn cases() -> Vec<TimedCase> {
    let templates = templates::all();
    let compute = |template: &&RequestTemplate| {
        template.host == "compute.googleapis.com"
            && template.segments[1] == "v1"
            && template.custom.is_none()
    };
    let compute = router(templates.iter().filter(compute));
    let uri: Uri = COMPUTE.parse().unwrap();
    vec![
        TimedCase::new("lookup/matchit with compute v1 only, one call", 1, move || {
            compute.at(uri.path()).map(|found| *found.value).unwrap()
        }),
        lookups("lookup/whole catalog, the same call", &[COMPUTE]),
        lookups("lookup/whole catalog, eight calls", &READS),
    ]
}

/// Returns the cases of the group `cold`: one request for each method of the catalog, so that most
/// of the data is not in the CPU's cache.
pub(crate) fn cold() -> Vec<TimedCase> {
    let templates = templates::all();
    let mut hosts = HashMap::<&'static str, Vec<&RequestTemplate>>::new();
    templates.iter().for_each(|template| hosts.entry(template.host).or_default().push(template));
    let routers: HashMap<&str, Router<u32>> =
        hosts.into_iter().map(|(host, templates)| (host, router(templates.into_iter()))).collect();
    let requests: Vec<(Method, Uri)> =
        shuffled(&templates).into_iter().map(|t| (t.verb(), t.uri())).collect();
    let (matchit_requests, count) = (requests.clone(), requests.len());
    let endpoints = Endpoints::new();
    let uris = requests.clone();
    vec![
        TimedCase::new("cold/matchit, one router a host", count, move || {
            let at = |(_, uri): &&(Method, Uri)| {
                routers.get(uri.host().unwrap()).is_some_and(|router| router.at(uri.path()).is_ok())
            };
            matchit_requests.iter().filter(at).count()
        }),
        TimedCase::new("cold/whole catalog", count, move || {
            requests
                .iter()
                .filter(|(verb, uri)| lookup(&Call::new(verb, uri), &endpoints).method().is_some())
                .count()
        }),
        TimedCase::new("cold/reading the host and the path of these requests", count, move || {
            let read = |(_, uri): &(Method, Uri)| uri.host().map_or(0, str::len) + uri.path().len();
            uris.iter().map(read).sum::<usize>()
        }),
    ]
}

/// Returns the templates in a pseudorandom order, which is the same in every run.
fn shuffled(templates: &[RequestTemplate]) -> Vec<&RequestTemplate> {
    let mut shuffled: Vec<_> = templates.iter().collect();
    // A linear congruential generator with the multiplier of Knuth's MMIX. Any seed would do. The
    // low bits of such a generator are not random, so only the high bits are used.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for index in (1..shuffled.len()).rev() {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        shuffled.swap(index, (state >> 33) as usize % (index + 1));
    }
    shuffled
}
