//! Reads a world: a directory that describes the environment of a program and a call that was
//! refused. The files of a world:
//!
//! - `env`: environment variables, `NAME=VALUE`; a value that begins with `./` is a path in the
//!   directory
//! - `fake`: the VM of a fake Google, `property: value`; its metadata server is used over a real
//!   socket
//! - `metadata`: instead of `fake`, values of the metadata server, `path: value`, with spaces for
//!   line ends
//! - `credential`: the credential that the program declares
//! - `held`: the scopes of the token, if the metadata server does not list them; an empty file
//!   stands for a VM without an account, whose server has no token
//! - `request`: verb and URL of the call
//! - `refusal`: the response to the call: status, headers and body
//! - `text`: instead of `request` and `refusal`, what a client printed about a refusal for which a
//!   missing scope is only one of the causes
//! - `report`: the expected report, recorded by
//!   `UPDATE_WORLDS=1 cargo test --all-features --test worlds`
//!
//! Credential files are at the paths in `env`. Without `fake` or `metadata` there is no metadata
//! server.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use gcp_scopes::call::Call;
use gcp_scopes::environment::{Credential, Environment, Snapshot};
use gcp_scopes::granted::{GrantSource, GrantedScopes};
use gcp_scopes::layout::Layout;
use gcp_scopes::refusal::{ErrorResponse, classify_text};
use gcp_scopes::remedy::{self, RemedyOption};
use gcp_scopes::{Denial, Guard, ScopeSet};
use gcp_scopes_testing::{FakeGoogle, FakePlatform, Vm};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri};

/// The credentials that a program can declare.
const CREDENTIALS: [Credential; 4] = [
    Credential::DomainWideDelegation,
    Credential::GcloudUser,
    Credential::OauthClient,
    Credential::Declared,
];

/// The platforms of the fake Google's VMs.
const PLATFORMS: [FakePlatform; 12] = [
    FakePlatform::ComputeEngine,
    FakePlatform::ManagedInstanceGroup,
    FakePlatform::GkeNode,
    FakePlatform::GkeWorkloadIdentity,
    FakePlatform::CloudRunService,
    FakePlatform::CloudRunJob,
    FakePlatform::CloudRunWorkerPool,
    FakePlatform::CloudFunctions,
    FakePlatform::AppEngineStandard,
    FakePlatform::Dataproc,
    FakePlatform::Dataflow,
    FakePlatform::Workbench,
];

/// How the guard explains the refusal of a world.
pub(crate) enum Explained {
    Denial(Denial),
    /// The options for a refusal for which a missing scope is only one of the causes.
    Options(Arc<Environment>, Vec<RemedyOption>),
}

impl Explained {
    pub(crate) fn options(&self) -> &[RemedyOption] {
        match self {
            Self::Denial(denial) => denial.options(),
            Self::Options(_, options) => options,
        }
    }

    pub(crate) fn environment(&self) -> &Environment {
        match self {
            Self::Denial(denial) => denial.environment(),
            Self::Options(environment, _) => environment,
        }
    }

    pub(crate) fn report_in(&self, layout: &Layout) -> String {
        match self {
            Self::Denial(denial) => denial.report_in(layout),
            Self::Options(_, options) => layout.options("What to do:", options),
        }
    }
}

/// A directory of `tests/worlds`.
pub(crate) struct World(PathBuf);

impl World {
    /// Returns all worlds, sorted by name.
    pub(crate) fn all() -> Result<Vec<Self>> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/worlds");
        let mut paths: Vec<PathBuf> =
            fs::read_dir(root)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
        paths.retain(|path| path.is_dir());
        paths.sort();
        Ok(paths.into_iter().map(Self).collect())
    }

    pub(crate) fn name(&self) -> String {
        self.0.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Returns the path of a file in the directory.
    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.0.join(file)
    }

    /// Explains the refusal.
    ///
    /// # Errors
    /// A file is missing or malformed, or the guard does not explain the response as a scope
    /// refusal.
    pub(crate) async fn explain(&self) -> Result<Explained> {
        self.try_explain().await.with_context(|| format!("in the world {}", self.name()))
    }

    async fn try_explain(&self) -> Result<Explained> {
        let guard = self.guard().await?;
        if let Some(text) = self.text("text") {
            let refusal = classify_text(&text).context("the text should be a refusal")?;
            let environment = guard.environment();
            let options = remedy::for_refusal(&refusal, &environment);
            return Ok(Explained::Options(Arc::clone(&environment), options));
        }
        let request = self.text("request").context("there is no file `request`")?;
        let (verb, url) =
            request.trim().split_once(' ').context("`request` should contain a verb and a URL")?;
        let (verb, url): (Method, Uri) = (verb.parse()?, url.parse()?);
        let refusal = self.text("refusal").context("there is no file `refusal`")?;
        let (status, headers, body) = response(&refusal)?;
        let answer = ErrorResponse::new(body.as_bytes()).with_status(status).with_headers(&headers);
        let denial = guard.explain(&Call::new(&verb, &url), &self.granted(&guard), &answer);
        let denial = denial.context("the guard should take the response for a scope refusal")?;
        Ok(Explained::Denial(denial))
    }

    /// Returns the scopes of the token: from the file `held`, or from the metadata server if the
    /// token is that of the attached account.
    fn granted(&self, guard: &Guard) -> GrantedScopes {
        let held = self.text("held").map(|text| {
            if text.trim().is_empty() {
                return GrantedScopes::without_account();
            }
            let scopes = text.split_whitespace().map(|scope| scope.parse().expect("not a scope"));
            GrantedScopes::known(scopes.collect::<ScopeSet>(), GrantSource::Declared)
        });
        let environment = guard.environment();
        let listed =
            environment.scopes().filter(|_| environment.credential() == Credential::MetadataServer);
        let from_metadata = || Some(GrantedScopes::known(listed?.clone(), GrantSource::Metadata));
        held.or_else(from_metadata)
            .unwrap_or_else(|| GrantedScopes::unknown("no source was queried"))
    }

    /// Creates a guard that has detected the environment of this world.
    async fn guard(&self) -> Result<Guard> {
        let snapshot = match self.text("credential") {
            Some(name) => {
                let known = CREDENTIALS.into_iter().find(|known| known.as_str() == name.trim());
                Snapshot::new().with_credential(known.with_context(|| {
                    format!("a program cannot declare the credential `{}`", name.trim())
                })?)
            }
            None => Snapshot::new(),
        };
        let builder = Guard::builder().snapshot(snapshot).env(self.env()?);
        let Some(fake) = self.text("fake") else {
            let server = self.text("metadata").map(|text| pairs(&text, ": ")).transpose()?;
            let server = Arc::new(Server(server));
            let fetch = move |request| {
                let server = Arc::clone(&server);
                async move { server.respond(request).await }
            };
            return Ok(builder.fetch(fetch).detect().await);
        };
        let google = google(&fake).await?;
        Ok(builder.env(google.env()).detect().await)
    }

    fn env(&self) -> Result<Vec<(String, String)>> {
        let pairs = pairs(&self.text("env").unwrap_or_default(), "=")?.into_iter();
        Ok(pairs.map(|(name, value)| (name, self.absolute(value))).collect())
    }

    /// Resolves a value that starts with `./` against the directory.
    fn absolute(&self, value: String) -> String {
        value.strip_prefix("./").map(|path| self.path(path).display().to_string()).unwrap_or(value)
    }

    /// Returns the content of a file, or `None` if the file does not exist.
    fn text(&self, file: &str) -> Option<String> {
        fs::read_to_string(self.path(file)).ok()
    }
}

/// Splits each line that is not empty into a name and a value at the first `separator`.
fn pairs(text: &str, separator: &str) -> Result<BTreeMap<String, String>> {
    let lines = text.lines().filter(|line| !line.is_empty());
    let pairs = lines.map(|line| {
        line.split_once(separator).with_context(|| format!("no `{separator}` in `{line}`"))
    });
    pairs.map(|pair| pair.map(|(name, value)| (name.to_owned(), value.to_owned()))).collect()
}

/// Starts the fake Google that the file `fake` describes.
async fn google(text: &str) -> Result<FakeGoogle> {
    let facts = pairs(text, ": ")?;
    let fact = |name: &str| facts.get(name).cloned();
    let mut vm = Vm::new(fact("name").unwrap_or_else(|| "web-1".to_owned()));
    for (name, value) in &facts {
        vm = match name.as_str() {
            "name" => vm,
            "platform" => {
                let known = PLATFORMS.into_iter().find(|known| format!("{known:?}") == *value);
                vm.platform(known.with_context(|| format!("there is no platform `{value}`"))?)
            }
            "zone" => vm.zone(value),
            "account" if value == "none" => vm.no_account(),
            "account" => vm.account(value),
            "scopes" => vm.scopes(value.split(' ')),
            other => match other.strip_prefix("attribute ") {
                Some(attribute) => vm.attribute(attribute, value),
                None => bail!("a VM has no property `{other}`"),
            },
        };
    }
    Ok(FakeGoogle::builder().vm(vm).start().await?)
}

/// Parses a response of HTTP/1.1 into its status, headers and body.
fn response(text: &str) -> Result<(u16, HeaderMap, String)> {
    let (head, body) = text.split_once("\n\n").context("no empty line after the headers")?;
    let mut lines = head.lines();
    let status =
        lines.next().and_then(|line| line.split(' ').nth(1)).context("no status")?.parse()?;
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(": ").context("no header")?;
        headers.append(HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
    }
    Ok((status, headers, body.to_owned()))
}

/// A metadata server with these values by path, or an unreachable one if `None`.
struct Server(Option<BTreeMap<String, String>>);

impl Server {
    /// Returns the response body for `path`, or `None` if there is no such value.
    fn value(&self, path: &str) -> Option<String> {
        let values = self.0.as_ref()?;
        let attributes =
            || values.keys().filter_map(|path| path.strip_prefix("instance/attributes/"));
        match path {
            "instance/attributes/" => Some(attributes().collect::<Vec<_>>().join("\n")),
            path => values.get(path).map(|value| value.replace(' ', "\n")),
        }
    }
}

impl Server {
    async fn respond(
        &self,
        request: Request<Bytes>,
    ) -> Result<Response<Bytes>, Box<dyn std::error::Error + Send + Sync>> {
        if self.0.is_none() {
            return Err("no route to host".into());
        }
        let value = self.value(request.uri().path().trim_start_matches("/computeMetadata/v1/"));
        let status = if value.is_some() { 200 } else { 404 };
        let response = Response::builder().status(status).header("metadata-flavor", "Google");
        Ok(response.body(Bytes::from(value.unwrap_or_default()))?)
    }
}
