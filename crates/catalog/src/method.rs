//! The methods of the catalog.

use std::fmt;

use crate::blob::{DISCOVERY, PROTOS, Row, SAME, TWIN};
use crate::catalog::Catalog;
use crate::error::{Error, ErrorKind, NO_CATALOG};
use crate::name;
use crate::overrides;
use crate::scope::ScopeSet;
use crate::typo::typos;

/// One method of one version of a Google API: a small handle into the catalog.
///
/// ```
/// # #[cfg(feature = "full")] {
/// use gcp_scopes_catalog::ApiMethod;
///
/// let method = ApiMethod::by_id("storage.objects.insert")?;
/// assert_eq!(method.api(), "storage.v1");
/// assert_eq!(method.host(), "storage.googleapis.com");
/// assert!(method.accepted().contains(&"devstorage.read_write".parse()?));
/// # }
/// # Ok::<(), gcp_scopes_catalog::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ApiMethod {
    /// The row in the lower 24 bits, then the number of its catalog, and [`INFERRED`] or not.
    bits: u32,
}

/// Marks a row that stands for a request which Google documents only by this method.
const INFERRED: u32 = 1 << 31;
/// Rows are fewer: a node of the data names one in three bytes.
const ROW_MASK: u32 = 0xff_ffff;

impl Catalog {
    /// The method with this Discovery id, as [`ApiMethod::by_id`] gives it of the built-in catalog.
    ///
    /// ```
    /// # #[cfg(feature = "full")] {
    /// use gcp_scopes_catalog::{ApiMethod, Catalog};
    ///
    /// let method = Catalog::built_in().method("storage.objects.get")?;
    /// assert_eq!(method, ApiMethod::by_id("storage.objects.get")?);
    /// # }
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    ///
    /// # Errors
    /// An id that the catalog does not have; the message names the nearest ones.
    pub fn method(self, id: &str) -> Result<ApiMethod, Error> {
        let (api, bare) = match id.split_once(':') {
            Some((api, bare)) => (Some(api), bare),
            None => (None, id),
        };
        self.versions(bare)
            .find(|method| api.is_none_or(|api| method.api() == api))
            .ok_or_else(|| unknown_method(self, id, bare))
    }

    /// The method of this id in every version that has it, the one of [`method`](Self::method) first.
    ///
    /// ```
    /// # #[cfg(feature = "full")] {
    /// use gcp_scopes_catalog::Catalog;
    ///
    /// let versions = Catalog::built_in().versions("compute.instances.get");
    /// let apis: Vec<&str> = versions.map(|method| method.api()).collect();
    /// assert!(apis[0] == "compute.v1" && apis.contains(&"compute.beta"));
    /// # }
    /// ```
    pub fn versions(self, id: &str) -> impl Iterator<Item = ApiMethod> {
        let blob = self.blob();
        let first = blob.search(id);
        let rest = first.map_or(0..0, |first| first..blob.rest_count());
        let same = rest
            .take_while(move |row| first.is_some_and(|first| blob.row_name(*row) == blob.row_name(first)));
        let rpc = id.rsplit_once('.').and_then(|(service, method)| blob.rpc(service, method));
        same.chain(rpc).map(move |row| ApiMethod::from_row(self, row))
    }

    /// How many methods there are, each version of an API counted.
    ///
    /// ```
    /// use gcp_scopes_catalog::Catalog;
    ///
    /// let catalog = Catalog::built_in();
    /// assert!(catalog.method_at(catalog.method_count()).is_none());
    /// ```
    #[must_use]
    pub fn method_count(self) -> usize {
        self.blob().row_count() as usize
    }

    /// The method with this [index](ApiMethod::index).
    ///
    /// ```
    /// use gcp_scopes_catalog::Catalog;
    ///
    /// assert_eq!(Catalog::built_in().method_at(usize::MAX), None);
    /// ```
    #[must_use]
    pub fn method_at(self, index: usize) -> Option<ApiMethod> {
        let row = u32::try_from(index).ok().filter(|row| *row < self.blob().row_count())?;
        Some(ApiMethod::from_row(self, row))
    }
}

impl ApiMethod {
    /// The method with this Discovery id, such as `storage.objects.insert`.
    ///
    /// Versions of an API share ids: this gives the generally available one, and of several the
    /// one that Google's directory prefers, then the newest. `compute.beta:compute.instances.get`
    /// (what [`api`](Self::api) says, a colon, the id) names a version.
    ///
    /// ```
    /// # #[cfg(feature = "full")] {
    /// # use gcp_scopes_catalog::ApiMethod;
    /// assert_eq!(ApiMethod::by_id("compute.instances.get")?.api(), "compute.v1");
    /// assert_eq!(ApiMethod::by_id("compute.beta:compute.instances.get")?.api(), "compute.beta");
    /// let error = ApiMethod::by_id("storage.objects.insrt").unwrap_err();
    /// assert!(error.to_string().contains("did you mean `storage.objects.insert`"));
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// An id that the catalog does not have; the message names the nearest ones.
    pub fn by_id(id: &str) -> Result<Self, Error> {
        Catalog::built_in().method(id)
    }

    /// Its place among all methods of the catalog, which is below their [count](Catalog::method_count).
    ///
    /// ```
    /// # #[cfg(feature = "full")] {
    /// use gcp_scopes_catalog::Catalog;
    ///
    /// let method = Catalog::built_in().method("pubsub.projects.topics.publish")?;
    /// assert_eq!(Catalog::built_in().method_at(method.index()), Some(method));
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn index(self) -> usize {
        self.row() as usize
    }

    /// Which row of the catalog this is.
    pub(crate) fn row(self) -> u32 {
        self.bits & ROW_MASK
    }

    /// The same method in the other versions of its API.
    pub(crate) fn other_versions(self) -> impl Iterator<Item = Self> {
        let (row, blob) = (self.row(), self.catalog().blob());
        let name = blob.row_name(row);
        let is_same = move |other: &u32| blob.row_name(*other) == name;
        let before = (0..row).rev().take_while(is_same);
        let after = (row.saturating_add(1)..blob.rest_count()).take_while(is_same);
        before.chain(after).map(move |row| Self::from_row(self.catalog(), row))
    }

    pub(crate) fn is_inferred(self) -> bool {
        self.bits & INFERRED != 0
    }

    /// Whether this is a gRPC method.
    pub(crate) fn is_rpc(self) -> bool {
        self.row() >= self.catalog().blob().rest_count()
    }

    pub(crate) const fn from_row(catalog: Catalog, row: u32) -> Self {
        Self { bits: row & ROW_MASK | (catalog.0 as u32) << 24 }
    }

    /// The catalog that it is of.
    ///
    /// ```
    /// # #[cfg(feature = "full")] {
    /// use gcp_scopes_catalog::{ApiMethod, Catalog};
    ///
    /// assert_eq!(ApiMethod::by_id("storage.objects.get")?.catalog(), Catalog::built_in());
    /// # }
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub const fn catalog(&self) -> Catalog {
        Catalog((self.bits >> 24) as u8 & 0x7f)
    }

    fn record(self) -> Row {
        self.catalog().blob().row(self.row())
    }

    /// The Discovery id, which has no version: `storage.objects.insert`. Of a gRPC method, its full
    /// name: `google.pubsub.v1.Publisher.Publish`.
    ///
    /// ```
    /// # #[cfg(feature = "full")] {
    /// # use gcp_scopes_catalog::ApiMethod;
    /// assert_eq!(ApiMethod::by_id("compute.beta:compute.instances.get")?.id(), "compute.instances.get");
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn id(&self) -> &'static str {
        name::id(self.catalog(), self.row())
    }

    /// The Discovery id of the REST method that this is: of a gRPC method, the one with the same HTTP
    /// binding. None for a gRPC method that Discovery does not have.
    ///
    /// ```
    /// # #[cfg(feature = "full")] {
    /// # use gcp_scopes_catalog::ApiMethod;
    /// let rpc = ApiMethod::by_id("google.pubsub.v1.Publisher.Publish")?;
    /// assert_eq!(rpc.discovery_id(), Some("pubsub.projects.topics.publish"));
    /// # }
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn discovery_id(&self) -> Option<&'static str> {
        let row = self.record();
        match row.basis {
            DISCOVERY => Some(self.id()),
            SAME => row.target.map(|target| name::id(self.catalog(), target)),
            _ => None,
        }
    }

    /// The API and its version: `storage.v1`. Of a gRPC method that Discovery does not have, the
    /// package: `google.bigtable.v2`.
    ///
    /// ```
    /// # #[cfg(feature = "full")] {
    /// # use gcp_scopes_catalog::ApiMethod;
    /// assert_eq!(ApiMethod::by_id("storage.objects.get")?.api(), "storage.v1");
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn api(&self) -> &'static str {
        let [name, ..] = self.catalog().blob().api(self.record().api);
        name
    }

    /// The host of the API: `storage.googleapis.com`.
    ///
    /// ```
    /// # #[cfg(feature = "full")] {
    /// # use gcp_scopes_catalog::ApiMethod;
    /// assert_eq!(ApiMethod::by_id("bigquery.jobs.query")?.host(), "bigquery.googleapis.com");
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn host(&self) -> &'static str {
        let [.., host] = self.catalog().blob().api(self.record().api);
        host
    }

    /// The HTTP verb of the method as REST: `POST`.
    ///
    /// ```
    /// # #[cfg(feature = "full")] {
    /// # use gcp_scopes_catalog::ApiMethod;
    /// assert_eq!(ApiMethod::by_id("storage.objects.patch")?.verb(), "PATCH");
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn verb(&self) -> &'static str {
        self.record().verb
    }

    /// Where Google documents the API.
    ///
    /// ```
    /// # #[cfg(feature = "full")] {
    /// # use gcp_scopes_catalog::ApiMethod;
    /// let link = ApiMethod::by_id("storage.objects.get")?.doc_url();
    /// assert!(link.is_some_and(|link| link.starts_with("https://")));
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn doc_url(&self) -> Option<&'static str> {
        let [_, doc, _] = self.catalog().blob().api(self.record().api);
        Some(doc).filter(|url| !url.is_empty())
    }

    /// The scopes of which the method accepts any one, as Google's documents list them. Empty if
    /// they list none, which says nothing about what the method needs.
    ///
    /// A scope that is known to work but that no document lists is not named here, so that it is
    /// not advised, unless it is all there is. [`Lookup::accepts`](crate::Lookup::accepts) counts it.
    ///
    /// ```
    /// # #[cfg(feature = "full")] {
    /// # use gcp_scopes_catalog::ApiMethod;
    /// let accepted = ApiMethod::by_id("pubsub.projects.topics.publish")?.accepted();
    /// let names: Vec<String> = accepted.iter().map(|scope| scope.short().to_owned()).collect();
    /// assert_eq!(names, ["cloud-platform", "pubsub"]);
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn accepted(&self) -> ScopeSet {
        let all = || self.catalog().scopes_of_set(self.set_index());
        let listed: ScopeSet = all().filter(|scope| !overrides::is_undocumented(scope.short())).collect();
        if listed.is_empty() { all().collect() } else { listed }
    }

    /// Where the [accepted](Self::accepted) scopes are from:
    ///
    /// - `discovery`: Google's Discovery document lists them for this very method, or for the REST method
    ///   that has the HTTP binding of this gRPC method.
    /// - `protos`: Google's protos list them for the whole service, coarser than the truth may be.
    /// - `inferred`: Google's documents do not say, so they are those of the equivalent JSON method: the XML
    ///   API of Cloud Storage, and its gRPC API.
    ///
    /// ```
    /// # #[cfg(feature = "full")] {
    /// use gcp_scopes_catalog::ApiMethod;
    ///
    /// assert_eq!(ApiMethod::by_id("storage.objects.get")?.basis(), "discovery");
    /// // Discovery does not have Bigtable's data API; its proto lists scopes for the service as a whole.
    /// assert_eq!(ApiMethod::by_id("google.bigtable.v2.Bigtable.ReadRows")?.basis(), "protos");
    /// # }
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn basis(&self) -> &'static str {
        match (self.is_inferred(), self.record().basis) {
            (true, _) | (false, TWIN) => "inferred",
            (false, PROTOS) => "protos",
            _ => "discovery",
        }
    }

    /// Whether a token with these scopes holds one that the method accepts.
    #[cfg(all(test, feature = "full"))]
    pub(crate) fn accepts(&self, granted: &ScopeSet) -> bool {
        self.catalog().set_intersects(self.set_index(), granted)
    }

    /// The number of the method's scope set, so that "this token satisfies set n" can be computed
    /// once per token. Set 0 is the empty one and never a verdict.
    pub(crate) fn set_index(&self) -> u16 {
        self.record().set
    }

    /// The same method, for a request that Google documents only by its JSON equivalent.
    #[must_use]
    pub(crate) fn into_inferred(self) -> Self {
        Self { bits: self.bits | INFERRED }
    }

    /// What the table of overrides says about when this method has no verdict.
    pub(crate) fn override_row(&self) -> Option<&'static overrides::Override> {
        overrides::at(self.record().special).filter(|_| self.catalog().data().knows_overrides)
    }

    /// Why the table of overrides keeps back a verdict on a call of this method with this query.
    #[cfg(all(test, feature = "full"))]
    pub(crate) fn silence_for(&self, query: &str) -> Option<&'static overrides::Silence> {
        self.override_row()?.effect.silence_for(query)
    }
}

impl fmt::Debug for ApiMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inferred = if self.is_inferred() { ", inferred" } else { "" };
        write!(f, "ApiMethod({}:{}{inferred})", self.api(), self.id())
    }
}

/// The method's id.
impl fmt::Display for ApiMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

fn unknown_method(catalog: Catalog, id: &str, bare: &str) -> Error {
    let apis: Vec<_> = catalog.versions(bare).map(|method| format!("{}:{bare}", method.api())).collect();
    let near = if apis.is_empty() { nearest_ids(catalog, bare) } else { apis };
    let hint = match catalog.method_count() {
        0 => NO_CATALOG,
        _ => "; ids read like `storage.objects.insert`",
    };
    Error::unknown(ErrorKind::UnknownMethod, "method", id, &near, hint)
}

/// At most three ids: those that end in the text, else those that one may have mistyped.
fn nearest_ids(catalog: Catalog, text: &str) -> Vec<String> {
    let mut near: Vec<_> = (0..catalog.blob().row_count())
        .map(|row| name::id_text(catalog, row))
        .filter_map(|id| match id.strip_suffix(text) {
            Some(rest) if rest.ends_with('.') => Some((0, id.len(), id)),
            _ => typos(text, &id).map(|edits| (edits, id.len(), id)),
        })
        .collect();
    near.sort();
    near.dedup();
    let best = near.first().map_or(0, |(edits, ..)| *edits);
    let near = near.into_iter().take_while(|(edits, ..)| *edits == best);
    near.take(3).map(|(.., id)| id.into_owned()).collect()
}
