//! Tests the scenarios. A client without a guard must pass every scenario that requires unchanged
//! behavior, and fail every scenario that requires a guard.

use std::error::Error;

use gcp_scopes_testing::scenarios::{
    Failure, GuardMode, Operation, Received, Scenario, Scene, Subject, SubjectClient, run_scenario,
};

/// The client ureq.
struct PlainUreq {
    /// Whether the client imitates a guard that denies every call: in a scenario with a guard, the
    /// client sends nothing.
    imitates_denying_guard: bool,
}

#[derive(Clone)]
struct StorageClient {
    agent: ureq::Agent,
    base: String,
    bearer: String,
    /// Whether every call fails before it is sent.
    denies_every_call: bool,
}

impl Subject for PlainUreq {
    type Client = StorageClient;

    fn skip_reason(&self, scenario: Scenario) -> Option<&'static str> {
        (scenario == Scenario::Http2).then_some("ureq supports HTTP/1.1 only")
    }

    async fn build_client(
        &self,
        scene: &Scene,
        mode: Option<GuardMode>,
    ) -> Result<StorageClient, Box<dyn Error + Send + Sync>> {
        // A resumable upload uses status 308 for its progress, not for a redirect.
        let agent =
            ureq::Agent::config_builder().http_status_as_error(false).proxy(None).max_redirects(0);
        Ok(StorageClient {
            agent: agent.build().new_agent(),
            base: scene.url(),
            bearer: format!("Bearer {}", scene.token()),
            denies_every_call: self.imitates_denying_guard && mode.is_some(),
        })
    }
}

impl SubjectClient for StorageClient {
    async fn perform(&self, operation: Operation) -> Result<Received, Failure> {
        let client = self.clone();
        let result = tokio::task::spawn_blocking(move || client.perform_blocking(operation)).await;
        result.unwrap_or_else(|panic| Err(Failure::new("panic", &panic)))
    }
}

impl StorageClient {
    fn perform_blocking(&self, operation: Operation) -> Result<Received, Failure> {
        let list_url = format!("{}/storage/v1/b/{}/o", self.base, Scene::BUCKET);
        let insert_url =
            format!("{}/upload/storage/v1/b/{}/o?name={}", self.base, Scene::BUCKET, Scene::NEW);
        match operation {
            Operation::Call => self.get(&format!("{list_url}/{}", Scene::OBJECT)),
            Operation::Download => self.get(&format!("{list_url}/{}?alt=media", Scene::LARGE)),
            Operation::Upload(bytes) => {
                self.send("POST", &format!("{insert_url}&uploadType=media"), &[], &bytes)
            }
            Operation::Resumable(bytes) => {
                let session =
                    self.send("POST", &format!("{insert_url}&uploadType=resumable"), &[], b"")?;
                let half = bytes.len() / 2;
                let ranges = [
                    format!("bytes 0-{}/{}", half - 1, bytes.len()),
                    format!("bytes {half}-{}/{}", bytes.len() - 1, bytes.len()),
                ];
                // `send` returns the `Location` header instead of the body.
                let location = String::from_utf8_lossy(&session.bytes).into_owned();
                self.send("PUT", &location, &[("content-range", &ranges[0])], &bytes[..half])?;
                self.send("PUT", &location, &[("content-range", &ranges[1])], &bytes[half..])
            }
            other => unimplemented!("{other:?}"),
        }
    }

    fn get(&self, url: &str) -> Result<Received, Failure> {
        self.send("GET", url, &[], b"")
    }

    /// Sends a request. Returns the `Location` header if the response has one, otherwise the body.
    fn send(
        &self,
        verb: &str,
        url: &str,
        headers: &[(&str, &str)],
        bytes: &[u8],
    ) -> Result<Received, Failure> {
        if self.denies_every_call {
            return Err(Failure::new("guard", &std::io::Error::other("not sent")));
        }
        let mut request =
            http::Request::builder().method(verb).uri(url).header("authorization", &self.bearer);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(bytes).map_err(|error| Failure::new("request", &error))?;
        let mut response = self.agent.run(request).map_err(|error| Failure::new("ureq", &error))?;
        let body = response.body_mut().with_config().limit(1 << 24).read_to_vec();
        let body = body.map_err(|error| Failure::new("body", &error))?;
        match (response.status().as_u16(), response.headers().get("location")) {
            (200, Some(location)) => Ok(Received::new(location.as_bytes().to_vec())),
            (200 | 308, None) => Ok(Received::new(body)),
            _ => Err(Failure::from_response(response.status(), String::from_utf8_lossy(&body))),
        }
    }
}

/// The scenarios that require a guard.
const NEEDS_GUARD: [Scenario; 8] = [
    Scenario::Refused,
    Scenario::Denied,
    Scenario::Confirmed,
    Scenario::LargeBody,
    Scenario::ChunkedBody,
    Scenario::Cloned,
    Scenario::Http1,
    Scenario::Http2,
];

#[tokio::test]
async fn a_client_without_guard_fails_only_the_scenarios_for_guards() {
    let client = PlainUreq { imitates_denying_guard: false };
    for scenario in
        Scenario::ALL.into_iter().filter(|scenario| client.skip_reason(*scenario).is_none())
    {
        let result = run_scenario(&client, scenario).await;
        assert_eq!(
            result.is_err(),
            NEEDS_GUARD.contains(&scenario),
            "{}: {result:?}",
            scenario.name()
        );
    }
}

#[tokio::test]
async fn a_guard_that_denies_allowed_calls_fails_the_scenarios() {
    let client = PlainUreq { imitates_denying_guard: true };
    let unmet =
        run_scenario(&client, Scenario::Allowed).await.expect_err("the scenario should fail");
    assert!(unmet.to_string().contains("the requests with the guard differ"), "{unmet}");
    for scenario in [Scenario::Iam, Scenario::Upload, Scenario::Retries, Scenario::Concurrent] {
        assert!(run_scenario(&client, scenario).await.is_err(), "{}", scenario.name());
    }
}

#[test]
fn scenario_names_are_unique() {
    let names: std::collections::BTreeSet<_> = Scenario::ALL.map(Scenario::name).into();
    assert_eq!(names.len(), Scenario::ALL.len());
}
