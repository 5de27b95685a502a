//! Sends each request of the table in `docs/fake-metadata-server.md` to the fake metadata server,
//! and tests that a request can wait for a change.

use std::time::Duration;

use gcp_scopes_testing::{FakeGoogle, Vm};
use ureq::http::{Request, Response};
use ureq::{Agent, Body};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

async fn google() -> Result<FakeGoogle> {
    let vm = Vm::new("web-1").scopes(["pubsub"]).attribute("team", "photos");
    Ok(FakeGoogle::builder().vm(vm).start().await?)
}

fn agent() -> Agent {
    let config = Agent::config_builder().http_status_as_error(false).proxy(None).max_redirects(0);
    config.max_redirects_will_error(false).build().new_agent()
}

/// Sends the request that the first column of a row describes.
fn send(google: &FakeGoogle, description: &str) -> Result<Response<Body>> {
    let (verb, rest) = description.split_once('`').ok_or("no path in backticks")?;
    let (path, condition) = rest.split_once('`').ok_or("no path in backticks")?;
    let root = if path.starts_with('/') { "" } else { "/computeMetadata/v1/" };
    let uri = format!("http://{}{root}{path}", google.metadata_host());
    let verb = if verb.is_empty() { "GET" } else { verb.trim() };
    let request = Request::builder().method(verb).uri(uri);
    let request = match condition {
        " without `Metadata-Flavor`" => request,
        " with `X-Forwarded-For`" => request.header("x-forwarded-for", "192.0.2.1"),
        "" => request.header("metadata-flavor", "Google"),
        other => return Err(format!("an unknown condition: {other}").into()),
    };
    Ok(agent().run(request.body(())?)?)
}

/// Checks whether a response matches the text of the table, in which `…` stands for any text.
fn matches(expected: &str, actual: &str) -> bool {
    let mut parts = expected.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = actual.strip_prefix(first) else { return false };
    let mut last = "";
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { return false };
        (rest, last) = (after, part);
    }
    // Only a final `…` allows further text at the end.
    let is_open = expected.ends_with('…') && last.is_empty();
    is_open || rest.is_empty()
}

#[tokio::test]
async fn every_row_of_the_page_holds() -> Result<()> {
    let page = include_str!("../../../docs/fake-metadata-server.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| ")).skip(1);
    let mut count = 0;
    for row in rows {
        let cells: Vec<&str> = row.split(" | ").collect();
        let [request, status, expected, _] = cells[..] else {
            return Err(format!("not four cells: {row}").into());
        };
        let mut response = send(&google().await?, request)?;
        assert_eq!(response.status().as_str(), status, "{request}");
        let flavor = response.headers().get("metadata-flavor").map(|value| value.as_bytes());
        assert_eq!(flavor, Some(&b"Google"[..]), "{request}");
        let expected = expected.trim_matches('`').replace("\\n", "\n");
        let actual = response.body_mut().read_to_string()?;
        assert!(matches(&expected, &actual), "{request}: expected {expected}, got {actual}");
        count += 1;
    }
    // Fewer rows mean that the page has changed its format, and that this test skips rows.
    assert!(count > 50, "only {count} rows");
    Ok(())
}

#[tokio::test]
async fn a_request_waits_until_the_value_changes() -> Result<()> {
    let google = google().await?;
    let first = send(&google, "`instance/attributes/team`")?;
    let etag = first.headers()["etag"].to_str()?.to_owned();
    let path = "instance/attributes/team?wait_for_change=true&timeout_sec=600&last_etag=";
    let url = format!("http://{}/computeMetadata/v1/{path}{etag}", google.metadata_host());
    let waiting = std::thread::spawn(move || -> Result<String> {
        let mut response = agent().get(url).header("metadata-flavor", "Google").call()?;
        Ok(response.body_mut().read_to_string()?)
    });
    google.wait_for(|requests| requests.len() == 2).await;
    // Another change does not end the wait.
    google.vm("web-1").set_attribute("other", "value")?;
    google.vm("web-1").set_attribute("team", "films")?;
    let result = tokio::task::spawn_blocking(|| waiting.join());
    let text = tokio::time::timeout(Duration::from_secs(60), result).await??;
    assert_eq!(text.map_err(|_| "the request panicked")??, "films");
    Ok(())
}
