//! Checks what a guard does at the start of a program, and how it recovers if the metadata server
//! starts later than the program.
#![cfg(all(feature = "reqwest-middleware", feature = "catalog-full"))]
#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows unwrap in test functions only, not in their helper functions"
)]

#[path = "support/builder.rs"]
mod default_builder;
#[path = "support/plain.rs"]
mod plain;

use std::time::Duration;

use gcp_scopes::environment::Platform;
use gcp_scopes::self_check::GateState;
use gcp_scopes::{Denial, Guard, Preflight};
use gcp_scopes_testing::{FakeGoogle, FakePlatform, Fault, RecordedRequest, Service, Vm};
use reqwest_middleware::ClientBuilder;

/// A time limit that no test reaches, even on a busy machine.
const LONG: Duration = Duration::from_secs(60);

async fn google(platform: FakePlatform) -> FakeGoogle {
    let vm = Vm::new("web-1").platform(platform).scopes(["devstorage.read_only"]);
    FakeGoogle::builder().vm(vm).bucket("photos").start().await.unwrap()
}

/// Builds a guard, at most 20 times: detection waits 300 ms for the first response of the metadata
/// server, which may be too short on a busy machine. `rounds` are the numbers of requests that
/// detection has to send in parallel: see [`Fault::Rounds`]. Each attempt begins with the first
/// round.
async fn detect_in_rounds(google: &FakeGoogle, rounds: &'static [u32]) -> Guard {
    for _ in 0..20 {
        google.set_fault(Service::Metadata, Fault::Rounds(rounds));
        let guard = default_builder::builder(google).detect().await;
        if guard.environment().platform() != Platform::Unknown {
            return guard;
        }
    }
    panic!("the environment was not detected with the rounds {rounds:?}")
}

/// Returns how many requests detection sends to the metadata server, and how many of them are for
/// an attribute.
async fn count_requests(platform: FakePlatform) -> (u32, u32) {
    for _ in 0..20 {
        let google = google(platform).await;
        let guard = default_builder::builder(&google).detect().await;
        if guard.environment().platform() != Platform::Unknown {
            let attributes = google.requests().iter().filter_map(attribute).count();
            return (u32::try_from(requests(&google)).unwrap(), u32::try_from(attributes).unwrap());
        }
    }
    panic!("the environment was not detected")
}

/// Returns the name of the attribute that a request is for.
fn attribute(request: &RecordedRequest) -> Option<&str> {
    let name = request.path().strip_prefix("/computeMetadata/v1/instance/attributes/");
    name.filter(|name| !name.is_empty())
}

/// Returns the number of requests that the metadata server has received.
fn requests(google: &FakeGoogle) -> usize {
    google.requests().iter().filter(|request| request.service() == Service::Metadata).count()
}

#[tokio::test]
async fn detection_takes_at_most_three_rounds_of_requests() {
    for platform in
        [FakePlatform::ComputeEngine, FakePlatform::ManagedInstanceGroup, FakePlatform::GkeNode]
    {
        let (all, attributes) = count_requests(platform).await;
        // One request shows whether there is a server. The attributes are requested last, because
        // the server first lists their names.
        let rounds = vec![1, all - 1 - attributes, attributes].leak();
        let google = google(platform).await;
        let guard = detect_in_rounds(&google, rounds).await;
        assert_eq!(guard.environment().zone(), Some("us-central1-a"), "{platform:?}");
    }
}

#[tokio::test]
async fn attributes_are_never_read_in_bulk() {
    let google = google(FakePlatform::GkeNode).await;
    detect_in_rounds(&google, &[]).await;
    let requests = google.requests();
    assert!(
        requests.iter().filter_map(attribute).count() > 1,
        "the node has attributes: {requests:?}"
    );
    let mut in_bulk = requests.iter().filter(|request| request.query().contains("recursive"));
    assert!(in_bulk.all(|request| request.path().ends_with("/instance/disks/")), "{requests:?}");
}

#[tokio::test]
async fn a_readiness_loop_is_right_after_the_metadata_server_has_started() {
    let google = google(FakePlatform::ComputeEngine).await;
    google.set_fault(Service::Metadata, Fault::Drop);
    let guard = default_builder::builder(&google).detect().await;
    let check = || guard.self_check().needs("storage.objects.get").run();
    let report = check().await;
    assert_eq!(report.state(), GateState::Unknown);
    assert_eq!(report.environment().platform(), Platform::Unknown);
    google.clear_fault(Service::Metadata);
    let right = async {
        loop {
            let report = check().await;
            if report.state() != GateState::Unknown {
                break report;
            }
        }
    };
    let report = tokio::time::timeout(LONG, right).await.unwrap();
    assert_eq!(report.state(), GateState::Open, "{report}");
    assert_eq!(report.environment().zone(), Some("us-central1-a"));
}

#[tokio::test]
async fn denials_are_complete_after_the_metadata_server_has_started() {
    let google = google(FakePlatform::ComputeEngine).await;
    google.set_fault(Service::Metadata, Fault::Drop);
    let guard = default_builder::builder(&google).without_tokeninfo().preflight(Preflight::Off);
    let guard = guard.detect().await;
    let client = ClientBuilder::new(plain::client()).with(guard.middleware()).build();
    let url = format!("{}/storage/v1/b/photos/o/cat.jpg", google.storage_url());
    let denial = || async {
        let error = client.delete(&url).bearer_auth(google.token()).send().await.unwrap_err();
        Denial::find(&error).unwrap().clone()
    };
    let first = denial().await;
    assert_eq!(first.environment().platform(), Platform::Unknown);
    let why = first.granted().why_unknown().unwrap();
    assert!(why.contains("the metadata server could not be reached"), "{why}");
    google.clear_fault(Service::Metadata);
    let complete = async {
        loop {
            let denial = denial().await;
            if !denial.granted().is_unknown() {
                break denial;
            }
        }
    };
    let denial = tokio::time::timeout(LONG, complete).await.unwrap();
    assert_eq!(denial.environment().instance(), Some("web-1"));
}

#[tokio::test]
async fn without_the_gce_check_no_request_is_sent() {
    let google = google(FakePlatform::ComputeEngine).await;
    let env = google.env().into_iter().chain([("NO_GCE_CHECK".to_owned(), "true".to_owned())]);
    let guard = Guard::builder().env(env).detect().await;
    let report = guard.self_check().needs("storage.objects.get").run().await;
    assert_eq!((report.state(), requests(&google)), (GateState::Unknown, 0));
}

#[tokio::test]
async fn a_self_check_of_the_vms_own_token_takes_two_rounds_of_requests() {
    let google = google(FakePlatform::ComputeEngine).await;
    let guard = detect_in_rounds(&google, &[]).await;
    google.set_fault(Service::Metadata, Fault::Rounds(&[1, 2]));
    let report = guard.self_check().needs("storage.objects.get").timeout(LONG).run().await;
    assert_eq!(report.state(), GateState::Open, "{report}");
}
