//! The scenarios themselves: a client without a guard passes those that a guard must not disturb, and
//! none that takes a guard.

use std::error::Error;

use gcp_scopes_testing::scenarios::{
    Failure, GuardMode, Operation, Received, Scenario, Scene, Subject, SubjectClient, play,
};

/// ureq, and what stands in the place of a guard inside it.
struct Ureq {
    never_sends: bool,
}

#[derive(Clone)]
struct Objects {
    agent: ureq::Agent,
    base: String,
    bearer: String,
    never_sends: bool,
}

impl Subject for Ureq {
    type Client = Objects;

    fn cannot(&self, scenario: Scenario) -> Option<&'static str> {
        (scenario == Scenario::Http2).then_some("it speaks HTTP/1.1 only")
    }

    async fn make(
        &self,
        scene: &Scene,
        mode: Option<GuardMode>,
    ) -> Result<Objects, Box<dyn Error + Send + Sync>> {
        // 308 is an answer of a resumable upload, and no redirect.
        let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).max_redirects(0);
        Ok(Objects {
            agent: agent.build().new_agent(),
            base: scene.url(),
            bearer: format!("Bearer {}", scene.token()),
            never_sends: self.never_sends && mode.is_some(),
        })
    }
}

impl SubjectClient for Objects {
    async fn perform(&self, operation: Operation) -> Result<Received, Failure> {
        let client = self.clone();
        let performed = tokio::task::spawn_blocking(move || client.block(operation)).await;
        performed.unwrap_or_else(|panic| Err(Failure::new("panic", &panic)))
    }
}

impl Objects {
    fn block(&self, operation: Operation) -> Result<Received, Failure> {
        let objects = format!("{}/storage/v1/b/{}/o", self.base, Scene::BUCKET);
        let insert = format!("{}/upload/storage/v1/b/{}/o?name={}", self.base, Scene::BUCKET, Scene::NEW);
        match operation {
            Operation::Call => self.get(&format!("{objects}/{}", Scene::OBJECT)),
            Operation::Download => self.get(&format!("{objects}/{}?alt=media", Scene::LARGE)),
            Operation::Upload(bytes) => self.send("POST", &format!("{insert}&uploadType=media"), &[], &bytes),
            Operation::Resumable(bytes) => {
                let begun = self.send("POST", &format!("{insert}&uploadType=resumable"), &[], b"")?;
                let half = bytes.len() / 2;
                let ranges = [
                    format!("bytes 0-{}/{}", half - 1, bytes.len()),
                    format!("bytes {half}-{}/{}", bytes.len() - 1, bytes.len()),
                ];
                let location = String::from_utf8_lossy(&begun.bytes).into_owned();
                self.send("PUT", &location, &[("content-range", &ranges[0])], &bytes[..half])?;
                self.send("PUT", &location, &[("content-range", &ranges[1])], &bytes[half..])
            }
            other => unimplemented!("{other:?}"),
        }
    }

    fn get(&self, url: &str) -> Result<Received, Failure> {
        self.send("GET", url, &[], b"")
    }

    fn send(
        &self,
        verb: &str,
        url: &str,
        headers: &[(&str, &str)],
        bytes: &[u8],
    ) -> Result<Received, Failure> {
        if self.never_sends {
            return Err(Failure::new("guard", &std::io::Error::other("not sent")));
        }
        let mut request =
            http::Request::builder().method(verb).uri(url).header("authorization", &self.bearer);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let sent = request.body(bytes).map_err(|error| Failure::new("request", &error))?;
        let mut answer = self.agent.run(sent).map_err(|error| Failure::new("ureq", &error))?;
        let body = answer.body_mut().with_config().limit(1 << 24).read_to_vec();
        let body = body.map_err(|error| Failure::new("body", &error))?;
        match (answer.status().as_u16(), answer.headers().get("location")) {
            (200, Some(location)) => Ok(Received::new(location.as_bytes().to_vec())),
            (200 | 308, None) => Ok(Received::new(body)),
            _ => Err(Failure::of_answer(answer.status(), String::from_utf8_lossy(&body))),
        }
    }
}

/// What takes a guard.
const GUARDED: [Scenario; 8] = [
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
async fn without_a_guard_only_what_takes_one_fails() {
    let client = Ureq { never_sends: false };
    for scenario in Scenario::ALL.into_iter().filter(|it| client.cannot(*it).is_none()) {
        let played = play(&client, scenario).await;
        assert_eq!(played.is_err(), GUARDED.contains(&scenario), "{}: {played:?}", scenario.name());
    }
}

#[tokio::test]
async fn a_guard_that_holds_back_what_is_allowed_fails() {
    let client = Ureq { never_sends: true };
    let unmet = play(&client, Scenario::Allowed).await.expect_err("a call that is allowed is not sent");
    assert!(unmet.to_string().contains("other requests went out"), "{unmet}");
    for scenario in [Scenario::Iam, Scenario::Upload, Scenario::Retries, Scenario::Concurrent] {
        assert!(play(&client, scenario).await.is_err(), "{}", scenario.name());
    }
}

#[test]
fn every_scenario_has_a_name_of_its_own() {
    let names: std::collections::BTreeSet<_> = Scenario::ALL.map(Scenario::name).into();
    assert_eq!(names.len(), Scenario::ALL.len());
}
