//! Finding methods in the catalog, and reading their properties.

use std::fmt;

use crate::blob::{DISCOVERY, PAGE, PROTOS, Row, SAME, TWIN};
use crate::call::AbstainReason;
use crate::catalog::Catalog;
use crate::error::{CatalogErrorKind, Error};
use crate::name;
use crate::overrides;
use crate::scope::ScopeSet;
use crate::typo::typos;

/// One method of one version of a Google API: a handle into the catalog that is cheap to copy.
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
    /// The number of the row (24 bits), the number of the catalog (7 bits), and the flag
    /// [`INFERRED`].
    bits: u32,
}

/// The flag of a method that stands for another call: an equivalent call for which Google documents
/// no scopes.
const INFERRED: u32 = 1 << 31;
/// The bits of the number of the row. The data refers to a row by three bytes.
const ROW_MASK: u32 = 0xff_ffff;

impl Catalog {
    /// Returns the method with this Discovery id. [`ApiMethod::by_id`] does the same for the
    /// built-in catalog.
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
    /// Returns an error if the catalog does not have the id; the message contains the nearest ids.
    pub fn method(self, id: &str) -> Result<ApiMethod, Error> {
        let (api, bare_id) = match id.split_once(':') {
            Some((api, bare_id)) => (Some(api), bare_id),
            None => (None, id),
        };
        self.versions(bare_id)
            .find(|method| api.is_none_or(|api| method.api() == api))
            .ok_or_else(|| unknown_method(self, id, bare_id))
    }

    /// Returns the methods with this id, one for each version of the API that has the id. The first
    /// one is the method that [`method`](Self::method) returns.
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
        let same = rest.take_while(move |row| {
            first.is_some_and(|first| blob.row_name(*row) == blob.row_name(first))
        });
        let rpc = id.rsplit_once('.').and_then(|(service, method)| blob.rpc(service, method));
        let rpcs = rpc.into_iter().flat_map(move |first| self.rows_of_rpc(first));
        same.chain(rpcs).map(move |row| ApiMethod::from_row(self, row))
    }

    /// Returns the number of methods. A method that several versions of an API have is counted once
    /// for each version.
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

    /// Returns the method with this [index](ApiMethod::index); `None` if the index is too large.
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
    /// Returns the method with this Discovery id, such as `storage.objects.insert`.
    ///
    /// The versions of an API share ids. An id alone stands for the generally available version. If
    /// several versions are generally available, the id stands for the version that Google's
    /// directory prefers, otherwise for the newest version. To select a version, write
    /// [`api`](Self::api), a colon and the id: `compute.beta:compute.instances.get`.
    ///
    /// ```
    /// # #[cfg(feature = "full")] {
    /// use gcp_scopes_catalog::ApiMethod;
    ///
    /// assert_eq!(ApiMethod::by_id("compute.instances.get")?.api(), "compute.v1");
    /// assert_eq!(ApiMethod::by_id("compute.beta:compute.instances.get")?.api(), "compute.beta");
    /// let error = ApiMethod::by_id("storage.objects.insrt").unwrap_err();
    /// assert!(error.to_string().contains("did you mean `storage.objects.insert`"));
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the catalog does not have the id; the message contains the nearest ids.
    pub fn by_id(id: &str) -> Result<Self, Error> {
        Catalog::built_in().method(id)
    }

    /// Returns the index of the method in its catalog. The index is less than
    /// [`Catalog::method_count`].
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

    /// Returns the number of the method's row in the data.
    pub(crate) fn row(self) -> u32 {
        self.bits & ROW_MASK
    }

    /// Returns the methods with the same id in the other versions of the API.
    pub(crate) fn other_versions(self) -> impl Iterator<Item = Self> {
        let (row, blob) = (self.row(), self.catalog().blob());
        let name = blob.row_name(row);
        let is_same = move |other: &u32| blob.row_name(*other) == name;
        let before = (0..row).rev().take_while(is_same);
        let after = (row.saturating_add(1)..blob.rest_count()).take_while(is_same);
        before.chain(after).map(move |row| Self::from_row(self.catalog(), row))
    }

    /// Checks whether this method is the equivalent of a call for which Google documents no scopes.
    pub(crate) fn is_inferred(self) -> bool {
        self.bits & INFERRED != 0
    }

    /// Checks whether this is a gRPC method.
    ///
    /// ```
    /// # #[cfg(feature = "full")] {
    /// use gcp_scopes_catalog::ApiMethod;
    ///
    /// assert!(ApiMethod::by_id("google.pubsub.v1.Publisher.Publish")?.is_rpc());
    /// assert!(!ApiMethod::by_id("pubsub.projects.topics.publish")?.is_rpc());
    /// # }
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn is_rpc(self) -> bool {
        self.row() >= self.catalog().blob().rest_count()
    }

    /// Creates the handle of a row.
    pub(crate) const fn from_row(catalog: Catalog, row: u32) -> Self {
        Self { bits: row & ROW_MASK | (catalog.0 as u32) << 24 }
    }

    /// Returns the catalog that contains the method.
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

    /// Returns the fields of the method in the data.
    pub(crate) fn record(self) -> Row {
        self.catalog().blob().row(self.row())
    }

    /// Returns the Discovery id, which contains no version: `storage.objects.insert`. The id of a
    /// gRPC method is its full name: `google.pubsub.v1.Publisher.Publish`.
    ///
    /// ```
    /// # #[cfg(feature = "full")] {
    /// use gcp_scopes_catalog::ApiMethod;
    ///
    /// assert_eq!(
    ///     ApiMethod::by_id("compute.beta:compute.instances.get")?.id(),
    ///     "compute.instances.get"
    /// );
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn id(&self) -> &'static str {
        name::id(self.catalog(), self.row())
    }

    /// Returns the Discovery id of the method. A gRPC method has the Discovery id of the REST
    /// method with the same HTTP binding. Returns `None` if Discovery has no such REST method.
    ///
    /// ```
    /// # #[cfg(feature = "full")] {
    /// use gcp_scopes_catalog::ApiMethod;
    ///
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

    /// Returns the path of the gRPC method with the same HTTP binding, without the first slash, as
    /// Google's Rust clients name methods in events. Returns `None` for a REST method without such
    /// a gRPC method. Searches all gRPC methods, so do not call it for every request.
    ///
    /// ```
    /// # #[cfg(feature = "full")] {
    /// use gcp_scopes_catalog::ApiMethod;
    ///
    /// let method = ApiMethod::by_id("pubsub.projects.topics.publish")?;
    /// assert_eq!(method.rpc_path().as_deref(), Some("google.pubsub.v1.Publisher/Publish"));
    /// # }
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn rpc_path(&self) -> Option<String> {
        let blob = self.catalog().blob();
        let binds_here = |row: &u32| {
            let rpc = blob.row(*row);
            rpc.basis == SAME && rpc.target == Some(self.row())
        };
        let row = match self.is_rpc() {
            true => Some(self.row()),
            false => (blob.rest_count()..blob.row_count()).find(binds_here),
        };
        let (service, method) = name::id(self.catalog(), row?).rsplit_once('.')?;
        Some(format!("{service}/{method}"))
    }

    /// Returns the name of the API with its version: `storage.v1`. For a gRPC method that Discovery
    /// does not have, returns the package: `google.bigtable.v2`.
    ///
    /// ```
    /// # #[cfg(feature = "full")] {
    /// use gcp_scopes_catalog::ApiMethod;
    ///
    /// assert_eq!(ApiMethod::by_id("storage.objects.get")?.api(), "storage.v1");
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn api(&self) -> &'static str {
        let [name, ..] = self.catalog().blob().api(self.record().api);
        name
    }

    /// Returns the host of the API: `storage.googleapis.com`.
    ///
    /// ```
    /// # #[cfg(feature = "full")] {
    /// use gcp_scopes_catalog::ApiMethod;
    ///
    /// assert_eq!(ApiMethod::by_id("bigquery.jobs.query")?.host(), "bigquery.googleapis.com");
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn host(&self) -> &'static str {
        let [.., host] = self.catalog().blob().api(self.record().api);
        host
    }

    /// Returns the HTTP verb of the REST method: `POST`.
    ///
    /// ```
    /// # #[cfg(feature = "full")] {
    /// use gcp_scopes_catalog::ApiMethod;
    ///
    /// assert_eq!(ApiMethod::by_id("storage.objects.patch")?.verb(), "PATCH");
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn verb(&self) -> &'static str {
        self.record().verb
    }

    /// Returns the URL of Google's documentation of the API; `None` if the Discovery document has
    /// no such URL.
    ///
    /// ```
    /// # #[cfg(feature = "full")] {
    /// use gcp_scopes_catalog::ApiMethod;
    ///
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

    /// Returns the scopes that Google's documents list for the method. Any one of them is enough,
    /// unless the method [needs all of them](Self::needs_every_scope). If the set is empty, it is
    /// not known which scope the method needs.
    ///
    /// Some scopes are accepted although no document lists them. The set contains such scopes only
    /// if the documents list no other scope for the method, so that they are not advised.
    /// [`Lookup::accepts`](crate::Lookup::accepts) takes such scopes into account.
    ///
    /// ```
    /// # #[cfg(feature = "full")] {
    /// use gcp_scopes_catalog::ApiMethod;
    ///
    /// let accepted = ApiMethod::by_id("pubsub.projects.topics.publish")?.accepted();
    /// let names: Vec<String> = accepted.iter().map(|scope| scope.short().to_owned()).collect();
    /// assert_eq!(names, ["cloud-platform", "pubsub"]);
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn accepted(&self) -> ScopeSet {
        self.catalog().documented_scopes(self.set_index())
    }

    /// Checks whether it depends on each request which of the [accepted](Self::accepted) scopes is
    /// enough.
    ///
    /// ```
    /// # #[cfg(feature = "full")] {
    /// use gcp_scopes_catalog::ApiMethod;
    ///
    /// // A script needs the scopes of the services that it uses.
    /// assert!(ApiMethod::by_id("script.scripts.run")?.needs_scope_by_request());
    /// assert!(!ApiMethod::by_id("storage.objects.get")?.needs_scope_by_request());
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn needs_scope_by_request(&self) -> bool {
        self.silence() == Some(AbstainReason::Request)
    }

    /// Returns the reason for which no call of the method gets a verdict; `None` if a call may get
    /// one.
    fn silence(&self) -> Option<AbstainReason> {
        self.override_row()?.effect.silence_for_all()
    }

    /// Checks whether a call needs all of the [accepted](Self::accepted) scopes at once. Most calls
    /// need any one of them.
    ///
    /// ```
    /// # #[cfg(feature = "full")] {
    /// use gcp_scopes_catalog::ApiMethod;
    ///
    /// // Firebase Realtime Database needs a scope for the data and a scope for the user's address.
    /// assert!(ApiMethod::by_id("firebaseio.data.get")?.needs_every_scope());
    /// # }
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn needs_every_scope(&self) -> bool {
        self.silence() == Some(AbstainReason::Several)
    }

    /// Returns sets of scopes. A call of the method needs one scope of each set: there is one set,
    /// or one for each scope if the method [needs every scope](Self::needs_every_scope).
    ///
    /// ```
    /// # #[cfg(feature = "full")] {
    /// use gcp_scopes_catalog::ApiMethod;
    ///
    /// let get = ApiMethod::by_id("storage.objects.get")?;
    /// assert_eq!(get.scope_sets(), [get.accepted()]);
    /// # }
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn scope_sets(&self) -> Vec<ScopeSet> {
        match self.needs_every_scope() {
            true => self.accepted().iter().map(|scope| ScopeSet::from_iter([scope])).collect(),
            false => vec![self.accepted()],
        }
    }

    /// Returns the source of the [accepted](Self::accepted) scopes:
    ///
    /// - `discovery`: Google's Discovery document lists the scopes for the method, or for the REST
    ///   method with the HTTP binding of this gRPC method.
    /// - `protos`: Google's protos, or a page of Google, list the scopes for the whole service, of
    ///   which the method may accept fewer. Methods that only a client of Google lists, and not
    ///   Discovery, have this source too.
    /// - `inferred`: Google documents no scopes for the call. The accepted scopes are those of the
    ///   equivalent JSON method. Calls of Cloud Storage's XML API and gRPC API have this source.
    ///
    /// ```
    /// # #[cfg(feature = "full")] {
    /// use gcp_scopes_catalog::ApiMethod;
    ///
    /// assert_eq!(ApiMethod::by_id("storage.objects.get")?.basis(), "discovery");
    /// // Discovery has no data API of Bigtable; its proto lists scopes for the whole service.
    /// assert_eq!(ApiMethod::by_id("google.bigtable.v2.Bigtable.ReadRows")?.basis(), "protos");
    /// # }
    /// # Ok::<(), gcp_scopes_catalog::Error>(())
    /// ```
    #[must_use]
    pub fn basis(&self) -> &'static str {
        match (self.is_inferred(), self.record().basis) {
            (true, _) | (false, TWIN) => "inferred",
            (false, PROTOS | PAGE) => "protos",
            _ => "discovery",
        }
    }

    /// Checks whether the method accepts one of these scopes.
    #[cfg(all(test, feature = "full"))]
    pub(crate) fn accepts(&self, granted: &ScopeSet) -> bool {
        self.catalog().set_intersects(self.set_index(), granted)
    }

    /// Returns the number of the set of scopes that the method accepts. Set 0 is empty; a method
    /// with set 0 is not judged.
    pub(crate) fn set_index(&self) -> u16 {
        self.record().set
    }

    /// Returns the method as the equivalent of a call for which Google documents no scopes.
    #[must_use]
    pub(crate) fn into_inferred(self) -> Self {
        Self { bits: self.bits | INFERRED }
    }

    /// Returns the override that covers the method.
    pub(crate) fn override_row(&self) -> Option<&'static overrides::Override> {
        overrides::at(self.record().special).filter(|_| self.catalog().data().knows_overrides)
    }

    /// Returns why the override prevents a verdict on a call with this query.
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

/// Prints the id of the method.
impl fmt::Display for ApiMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// Creates the error for an unknown id. `bare` is the id without the API. The error contains the
/// versions of the API that have this id, otherwise the nearest ids.
fn unknown_method(catalog: Catalog, id: &str, bare: &str) -> Error {
    let ids: Vec<_> =
        catalog.versions(bare).map(|method| format!("{}:{bare}", method.api())).collect();
    let near = if ids.is_empty() { nearest_ids(catalog, bare) } else { ids };
    let hint = catalog.lack().unwrap_or("; ids read like `storage.objects.insert`");
    Error::unknown(CatalogErrorKind::UnknownMethod, "method", id, &near, hint)
}

/// Returns at most three ids: the shortest ids that end in the text, otherwise the ids of which the
/// text may be a mistyped form.
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
