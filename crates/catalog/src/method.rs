//! The methods of the catalog.

use std::fmt;

use crate::blob::{DISCOVERY, PROTOS, SAME, TWIN};
use crate::error::{Error, ErrorKind};
use crate::name;
use crate::overrides;
use crate::reader::BLOB;
use crate::scope::{Scope, ScopeSet};
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
    /// With [`INFERRED`], or without.
    row: u32,
}

/// Marks a row that stands for a request which Google documents only by this method. Rows are fewer.
const INFERRED: u32 = 1 << 31;

/// Where a method's scopes are from.
///
/// ```
/// # #[cfg(not(feature = "full"))] fn main() {}
/// # #[cfg(feature = "full")] fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use gcp_scopes_catalog::{ApiMethod, Basis};
///
/// // Discovery does not have Bigtable's data API; its proto lists scopes for the service as a whole.
/// let rpc = ApiMethod::by_id("google.bigtable.v2.Bigtable.ReadRows")?;
/// assert_eq!(rpc.basis(), Basis::Protos);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Basis {
    /// Google's Discovery document lists them for this very method, or for the REST method that has
    /// the HTTP binding of this gRPC method.
    Discovery,
    /// Google's protos list them for the whole service: coarser than the truth may be.
    Protos,
    /// Taken over from the equivalent JSON method, because Google's documents do not say: the XML API
    /// of Cloud Storage, and its gRPC API.
    Inferred,
}

impl ApiMethod {
    /// The method with this Discovery id, such as `storage.objects.insert`.
    ///
    /// Versions of an API share ids: this gives the generally available one, and of several the
    /// one that Google's directory prefers, then the newest. `compute.beta:compute.instances.get`
    /// (what [`api`](Self::api) says, a colon, the id) names a version.
    ///
    /// ```
    /// # #[cfg(not(feature = "full"))] fn main() {}
    /// # #[cfg(feature = "full")] fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_catalog::ApiMethod;
    /// assert_eq!(ApiMethod::by_id("compute.instances.get")?.api(), "compute.v1");
    /// assert_eq!(ApiMethod::by_id("compute.beta:compute.instances.get")?.api(), "compute.beta");
    /// let error = ApiMethod::by_id("storage.objects.insrt").unwrap_err();
    /// assert!(error.to_string().contains("did you mean `storage.objects.insert`"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// An id that the catalog does not have; the message names the nearest ones.
    pub fn by_id(id: &str) -> Result<Self, Error> {
        let (api, bare) = match id.split_once(':') {
            Some((api, bare)) => (Some(api), bare),
            None => (None, id),
        };
        Self::versions(bare)
            .find(|method| api.is_none_or(|api| method.api() == api))
            .ok_or_else(|| Error::new(ErrorKind::UnknownMethod, miss(id, bare)))
    }

    /// The method of this id in every version that has it, the one of [`by_id`](Self::by_id) first.
    ///
    /// ```
    /// # #[cfg(not(feature = "full"))] fn main() {}
    /// # #[cfg(feature = "full")] fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_catalog::ApiMethod;
    /// let apis: Vec<&str> = ApiMethod::versions("compute.instances.get").map(|method| method.api()).collect();
    /// assert_eq!(apis[0], "compute.v1");
    /// assert!(apis.contains(&"compute.beta"));
    /// # Ok(()) }
    /// ```
    pub fn versions(id: &str) -> impl Iterator<Item = Self> {
        let first = BLOB.search(id);
        let rest = first.map_or(0..0, |first| first..BLOB.rest_count());
        let same = rest
            .take_while(move |row| first.is_some_and(|first| BLOB.row_name(*row) == BLOB.row_name(first)));
        let rpc = id.rsplit_once('.').and_then(|(service, method)| BLOB.rpc(service, method));
        same.chain(rpc).map(Self::of_row)
    }

    /// How many methods the catalog has, each version of an API counted.
    ///
    /// ```
    /// use gcp_scopes_catalog::ApiMethod;
    ///
    /// assert!(ApiMethod::at(ApiMethod::count()).is_none());
    /// ```
    #[must_use]
    pub fn count() -> usize {
        BLOB.row_count() as usize
    }

    /// The method with this [index](Self::index).
    #[must_use]
    pub fn at(index: usize) -> Option<Self> {
        u32::try_from(index).ok().filter(|row| *row < BLOB.row_count()).map(Self::of_row)
    }

    /// Its place among all methods of the catalog, which is below their [count](Self::count).
    ///
    /// ```
    /// # #[cfg(not(feature = "full"))] fn main() {}
    /// # #[cfg(feature = "full")] fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gcp_scopes_catalog::ApiMethod;
    ///
    /// let method = ApiMethod::by_id("pubsub.projects.topics.publish")?;
    /// assert_eq!(ApiMethod::at(method.index()), Some(method));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn index(self) -> usize {
        self.row() as usize
    }

    /// Which row of the catalog this is.
    pub(crate) fn row(self) -> u32 {
        self.row & !INFERRED
    }

    /// The same method in the other versions of its API.
    pub(crate) fn other_versions(self) -> impl Iterator<Item = Self> {
        let (row, name) = (self.row(), BLOB.row_name(self.row()));
        let is_same = move |other: &u32| BLOB.row_name(*other) == name;
        let before = (0..row).rev().take_while(is_same);
        before.chain((row + 1..BLOB.rest_count()).take_while(is_same)).map(Self::of_row)
    }

    pub(crate) fn is_inferred(self) -> bool {
        self.row & INFERRED != 0
    }

    /// Whether this is a gRPC method.
    pub(crate) fn is_rpc(self) -> bool {
        self.row() >= BLOB.rest_count()
    }

    pub(crate) fn of_row(row: u32) -> Self {
        Self { row: row & !INFERRED }
    }

    /// The Discovery id, which has no version: `storage.objects.insert`. Of a gRPC method, its full
    /// name: `google.pubsub.v1.Publisher.Publish`.
    ///
    /// ```
    /// # #[cfg(not(feature = "full"))] fn main() {}
    /// # #[cfg(feature = "full")] fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_catalog::ApiMethod;
    /// assert_eq!(ApiMethod::by_id("compute.beta:compute.instances.get")?.id(), "compute.instances.get");
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn id(&self) -> &'static str {
        name::of(self.row())
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
        let row = BLOB.row(self.row());
        match row.basis {
            DISCOVERY => Some(self.id()),
            SAME => row.target.map(name::of),
            _ => None,
        }
    }

    /// The API and its version: `storage.v1`. Of a gRPC method that Discovery does not have, the
    /// package: `google.bigtable.v2`.
    ///
    /// ```
    /// # #[cfg(not(feature = "full"))] fn main() {}
    /// # #[cfg(feature = "full")] fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_catalog::ApiMethod;
    /// assert_eq!(ApiMethod::by_id("storage.objects.get")?.api(), "storage.v1");
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn api(&self) -> &'static str {
        BLOB.api_name(BLOB.row(self.row()).api)
    }

    /// The host of the API: `storage.googleapis.com`.
    ///
    /// ```
    /// # #[cfg(not(feature = "full"))] fn main() {}
    /// # #[cfg(feature = "full")] fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_catalog::ApiMethod;
    /// assert_eq!(ApiMethod::by_id("bigquery.jobs.query")?.host(), "bigquery.googleapis.com");
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn host(&self) -> &'static str {
        BLOB.api_host(BLOB.row(self.row()).api)
    }

    /// The HTTP verb of the method as REST: `POST`.
    ///
    /// ```
    /// # #[cfg(not(feature = "full"))] fn main() {}
    /// # #[cfg(feature = "full")] fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_catalog::ApiMethod;
    /// assert_eq!(ApiMethod::by_id("storage.objects.patch")?.verb(), "PATCH");
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn verb(&self) -> &'static str {
        BLOB.row(self.row()).verb
    }

    /// Where Google documents the API.
    ///
    /// ```
    /// # #[cfg(not(feature = "full"))] fn main() {}
    /// # #[cfg(feature = "full")] fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_catalog::ApiMethod;
    /// let link = ApiMethod::by_id("storage.objects.get")?.doc_url();
    /// assert!(link.is_some_and(|link| link.starts_with("https://")));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn doc_url(&self) -> Option<&'static str> {
        Some(BLOB.api_doc(BLOB.row(self.row()).api)).filter(|url| !url.is_empty())
    }

    /// The scopes of which the method accepts any one, as Google's documents list them. Empty if
    /// they list none, which says nothing about what the method needs.
    ///
    /// A scope that is known to work but that no document lists is not named here, so that nobody is
    /// advised to use it, unless it is all there is; the guard lets it pass all the same.
    ///
    /// ```
    /// # #[cfg(not(feature = "full"))] fn main() {}
    /// # #[cfg(feature = "full")] fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_catalog::ApiMethod;
    /// let accepted = ApiMethod::by_id("pubsub.projects.topics.publish")?.accepted();
    /// let names: Vec<String> = accepted.iter().map(|scope| scope.short().to_owned()).collect();
    /// assert_eq!(names, ["cloud-platform", "pubsub"]);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn accepted(&self) -> ScopeSet {
        let all = || BLOB.set(self.set_index()).map(Scope::numbered);
        let listed: ScopeSet = all().filter(|scope| !overrides::is_hidden(scope.short())).collect();
        if listed.is_empty() { all().collect() } else { listed }
    }

    /// Where [`accepted`](Self::accepted) is from.
    ///
    /// ```
    /// # #[cfg(not(feature = "full"))] fn main() {}
    /// # #[cfg(feature = "full")] fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use gcp_scopes_catalog::{ApiMethod, Basis};
    /// assert_eq!(ApiMethod::by_id("storage.objects.get")?.basis(), Basis::Discovery);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn basis(&self) -> Basis {
        match (self.is_inferred(), BLOB.row(self.row()).basis) {
            (true, _) | (false, TWIN) => Basis::Inferred,
            (false, PROTOS) => Basis::Protos,
            _ => Basis::Discovery,
        }
    }

    /// Whether a token with these scopes holds one that the method accepts.
    #[cfg(test)]
    pub(crate) fn accepts(&self, granted: &ScopeSet) -> bool {
        crate::reader::set_accepts(self.set_index(), granted)
    }

    /// The number of the method's scope set, so that "this token satisfies set n" can be computed
    /// once per token. Set 0 is the empty one and never a verdict.
    pub(crate) fn set_index(&self) -> u16 {
        BLOB.row(self.row()).set
    }

    /// The same method, for a request that Google documents only by its JSON equivalent.
    #[must_use]
    pub(crate) fn inferred(self) -> Self {
        Self { row: self.row | INFERRED }
    }

    /// What the hand table says about when this method has no verdict.
    pub(crate) fn special(&self) -> Option<&'static overrides::Override> {
        overrides::at(BLOB.row(self.row()).special)
    }

    /// Whether a verdict hangs on the query, says the hand table.
    pub(crate) fn depends_on_query(&self) -> bool {
        self.special().is_some_and(|special| special.effect.depends_on_query())
    }

    /// Why the hand table keeps back a verdict on a call of this method with this query.
    #[cfg(test)]
    pub(crate) fn silenced(&self, query: &str) -> Option<overrides::Silence> {
        self.special()?.effect.silences(query)
    }
}

impl fmt::Debug for ApiMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "ApiMethod({}:{}{})",
            self.api(),
            self.id(),
            if self.is_inferred() { ", inferred" } else { "" }
        )
    }
}

/// The method's id.
impl fmt::Display for ApiMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// What to say about an id that is not there.
fn miss(id: &str, bare: &str) -> String {
    if BLOB.row_count() == 0 {
        return format!(
            "unknown method `{id}`: no catalog is compiled in; enable the feature `catalog-full`"
        );
    }
    let apis: Vec<_> = ApiMethod::versions(bare).map(|method| format!("`{}:{bare}`", method.api())).collect();
    let near = if apis.is_empty() { nearest(bare) } else { apis };
    match near.as_slice() {
        [] => format!("unknown method `{id}`; ids read like `storage.objects.insert`"),
        near => format!("unknown method `{id}`; did you mean {}?", near.join(", ")),
    }
}

/// At most three ids: those that end in the text, else those that one may have mistyped.
fn nearest(text: &str) -> Vec<String> {
    let mut near: Vec<_> = (0..BLOB.row_count())
        .map(name::text)
        .filter_map(|id| match id.strip_suffix(text) {
            Some(rest) if rest.ends_with('.') => Some((0, id)),
            _ => typos(text, &id).map(|edits| (edits, id)),
        })
        .collect();
    near.sort_by(|(a, left), (b, right)| (a, left.len(), left).cmp(&(b, right.len(), right)));
    near.dedup();
    let best = near.first().map_or(0, |(edits, _)| *edits);
    near.into_iter()
        .take_while(|(edits, _)| *edits == best)
        .take(3)
        .map(|(_, id)| format!("`{id}`"))
        .collect()
}
