//! Reads the Discovery documents, which describe Google's REST APIs, from a package of Python (a
//! wheel).
//!
//! Format: <https://developers.google.com/discovery/v1/reference/apis>

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

const FOLDER: &str = "googleapiclient/discovery_cache/documents/";

/// A Discovery document, which describes one version of one API.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Document {
    pub(crate) name: String,
    pub(crate) version: String,
    #[serde(default)]
    pub(crate) revision: String,
    pub(crate) root_url: String,
    pub(crate) service_path: String,
    #[serde(default)]
    pub(crate) documentation_link: String,
    #[serde(default)]
    auth: Auth,
    #[serde(flatten)]
    top: Resource,
    /// Whether Google's directory of APIs marks this version as the preferred one.
    #[serde(skip)]
    pub(crate) preferred: bool,
}

#[derive(Debug, Default, Deserialize)]
struct Auth {
    #[serde(default)]
    oauth2: OAuth2,
}

#[derive(Debug, Default, Deserialize)]
struct OAuth2 {
    #[serde(default)]
    scopes: BTreeMap<String, serde::de::IgnoredAny>,
}

#[derive(Debug, Default, Deserialize)]
struct Resource {
    #[serde(default)]
    methods: BTreeMap<String, Method>,
    #[serde(default)]
    resources: BTreeMap<String, Self>,
}

/// A method that a Discovery document describes.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Method {
    pub(crate) id: String,
    pub(crate) http_method: String,
    pub(crate) path: String,
    #[serde(default)]
    pub(crate) scopes: BTreeSet<String>,
    #[serde(default)]
    pub(crate) parameters: BTreeMap<String, MethodParameter>,
    #[serde(default)]
    media_upload: MediaUpload,
    #[serde(default)]
    pub(crate) use_media_download_service: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct MethodParameter {
    pub(crate) pattern: Option<String>,
}

#[derive(Debug, Default, Clone, Deserialize)]
struct MediaUpload {
    #[serde(default)]
    protocols: BTreeMap<String, Protocol>,
}

#[derive(Debug, Clone, Deserialize)]
struct Protocol {
    path: String,
}

#[derive(Debug, Deserialize)]
struct Directory {
    items: Vec<DirectoryItem>,
}

#[derive(Debug, Deserialize)]
struct DirectoryItem {
    id: String,
    preferred: bool,
}

impl Document {
    /// Returns the name and version, such as `storage.v1`.
    pub(crate) fn api(&self) -> String {
        format!("{}.{}", self.name, self.version)
    }

    /// Returns the host, such as `storage.googleapis.com`.
    pub(crate) fn host(&self) -> Result<&str> {
        let host = self.root_url.strip_prefix("https://").and_then(|rest| rest.strip_suffix('/'));
        host.filter(|host| host.ends_with(".googleapis.com") && !host.contains('/')).with_context(
            || {
                format!(
                    "{}: rootUrl is {}, not a host of googleapis.com",
                    self.api(),
                    self.root_url
                )
            },
        )
    }

    /// Returns the methods of all resources, nested ones included.
    pub(crate) fn methods(&self) -> Vec<&Method> {
        let mut methods = Vec::new();
        let mut open = vec![&self.top];
        while let Some(resource) = open.pop() {
            methods.extend(resource.methods.values());
            open.extend(resource.resources.values());
        }
        methods
    }

    /// Returns the scopes that the document declares, whether or not a method accepts them.
    pub(crate) fn declared(&self) -> impl Iterator<Item = &String> {
        self.auth.oauth2.scopes.keys()
    }
}

/// Returns the calls that the documents describe: host, verb and path.
pub(crate) fn calls(documents: &[Document]) -> Result<BTreeSet<(String, String, String)>> {
    let mut calls = BTreeSet::new();
    for document in documents {
        for method in document.methods() {
            let path = format!("/{}{}", document.service_path, method.path);
            calls.insert((document.host()?.to_owned(), method.http_method.clone(), path));
        }
    }
    Ok(calls)
}

impl Method {
    /// Returns the paths for uploads, which begin with `/`.
    pub(crate) fn uploads(&self) -> impl Iterator<Item = &str> {
        self.media_upload.protocols.values().map(|protocol| protocol.path.as_str())
    }
}

/// Reads all documents of a wheel, sorted by API. Of two documents of one API version, the newer
/// one is kept.
pub(crate) fn read(wheel: &Path) -> Result<Vec<Document>> {
    let mut archive = zip::ZipArchive::new(File::open(wheel)?)?;
    let mut documents = BTreeMap::<String, Document>::new();
    let mut preferred = BTreeSet::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index)?;
        let Some(name) = entry.name().strip_prefix(FOLDER).filter(|name| name.ends_with(".json"))
        else {
            continue;
        };
        let name = name.to_owned();
        let mut text = Vec::new();
        entry.read_to_end(&mut text)?;
        if name == "index.json" {
            let directory: Directory = serde_json::from_slice(&text)?;
            preferred.extend(
                directory.items.into_iter().filter(|item| item.preferred).map(|item| item.id),
            );
            continue;
        }
        let document: Document = serde_json::from_slice(&text).with_context(|| name)?;
        let known = documents.get(&document.api());
        if known.is_none_or(|known| known.revision < document.revision) {
            documents.insert(document.api(), document);
        }
    }
    ensure!(!documents.is_empty(), "{} has no documents in {FOLDER}", wheel.display());
    let mut documents: Vec<_> = documents.into_values().collect();
    for document in &mut documents {
        document.preferred = preferred.contains(&format!("{}:{}", document.name, document.version));
    }
    Ok(documents)
}
