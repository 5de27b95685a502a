//! Choosing which of the accepted scopes to advise.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use crate::blob::PAGE;
use crate::catalog::Catalog;
use crate::not_advised::{FOR_SOME_CALLS, NOT_FIRST, NotAdvised};
use crate::scope::{Scope, ScopeSet};

/// Returns the accepted scopes that are enough for every call of the method. Some methods list
/// scopes that are enough for some of their calls only.
///
/// ```
/// use gcp_scopes_catalog::for_every_call;
/// use gcp_scopes_catalog::scope::{Scope, ScopeSet};
///
/// // BigQuery jobs that load from a bucket accept a scope of Cloud Storage; query jobs do not.
/// let listed: ScopeSet =
///     ["bigquery", "devstorage.read_only"].iter().map(|name| name.parse().unwrap()).collect();
/// assert_eq!(
///     for_every_call(&listed).iter().map(|scope| scope.short().to_owned()).collect::<Vec<_>>(),
///     ["bigquery"]
/// );
/// ```
#[must_use]
pub fn for_every_call(accepted: &ScopeSet) -> ScopeSet {
    without_excluded(accepted, &FOR_SOME_CALLS)
}

/// Returns the accepted scopes of which one may be advised.
fn advisable(accepted: &ScopeSet) -> ScopeSet {
    without_excluded(&for_every_call(accepted), &NOT_FIRST)
}

/// Returns the accepted scopes without those that a row of `rows` excludes.
fn without_excluded(accepted: &ScopeSet, rows: &[NotAdvised]) -> ScopeSet {
    let applies = |(name, _): &&NotAdvised| accepted.iter().any(|scope| scope.short() == *name);
    let prefixes: Vec<&str> = rows.iter().filter(applies).flat_map(|row| row.1).copied().collect();
    let is_excluded =
        |scope: &Scope| prefixes.iter().any(|prefix| scope.short().starts_with(prefix));
    accepted.iter().filter(|scope| !is_excluded(scope)).collect()
}

/// Returns the narrowest of the accepted scopes that may be advised; `None` if `accepted` is empty.
///
/// ```
/// # #[cfg(feature = "full")] {
/// use gcp_scopes_catalog::{ApiMethod, least_scope};
///
/// let accepted = ApiMethod::by_id("drive.files.list")?.accepted();
/// assert_eq!(least_scope(&accepted), Some("drive.readonly".parse()?));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn least_scope(accepted: &ScopeSet) -> Option<Scope> {
    narrowest(&advisable(accepted))
}

/// Returns the [least scope](least_scope), and the scopes that the catalog does not distinguish
/// from it: their names are of the same kind, and as many methods accept them.
///
/// ```
/// # #[cfg(feature = "full")] {
/// use gcp_scopes_catalog::{ApiMethod, equally_narrow};
///
/// let get = ApiMethod::by_id("storage.objects.get")?.accepted();
/// assert_eq!(equally_narrow(&get), ["devstorage.read_only".parse()?]);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn equally_narrow(accepted: &ScopeSet) -> Vec<Scope> {
    let advisable = advisable(accepted);
    let Some(least) = narrowest(&advisable) else { return Vec::new() };
    let rest =
        advisable.iter().filter(|scope| *scope != least && breadth(scope) == breadth(&least));
    std::iter::once(least.clone()).chain(rest).collect()
}

/// Returns the widest of the accepted scopes that may be advised; `None` if `accepted` is empty.
/// This is the scope for a call of which only the API is known.
///
/// ```
/// use gcp_scopes_catalog::widest_scope;
///
/// let accepted = ["drive.readonly".parse()?, "drive".parse()?].into_iter().collect();
/// assert_eq!(widest_scope(&accepted), Some("drive".parse()?));
/// # Ok::<(), gcp_scopes_catalog::Error>(())
/// ```
#[must_use]
pub fn widest_scope(accepted: &ScopeSet) -> Option<Scope> {
    advisable(accepted).iter().max_by(compare_breadth)
}

/// Returns the narrowest scope of a set; `None` if the set is empty.
fn narrowest(scopes: &ScopeSet) -> Option<Scope> {
    scopes.iter().min_by(compare_breadth)
}

/// Returns a small set of scopes that contains an accepted scope of each of several calls: the
/// narrowest scope of each call, without the scopes that the rest of the set makes unnecessary.
///
/// ```
/// # #[cfg(feature = "full")] {
/// use gcp_scopes_catalog::{ApiMethod, least_scopes};
///
/// let accepted = |id| ApiMethod::by_id(id).map(|method| method.accepted());
/// let several = [accepted("storage.objects.get")?, accepted("storage.objects.insert")?];
/// assert_eq!(least_scopes(&several), ["devstorage.read_write".parse()?]);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn least_scopes(accepted: &[ScopeSet]) -> Vec<Scope> {
    let accepted: Vec<ScopeSet> = accepted.iter().map(advisable).collect();
    let mut chosen: Vec<Scope> =
        accepted.iter().filter_map(narrowest).collect::<ScopeSet>().iter().collect();
    chosen.sort_by(compare_breadth);
    let is_enough =
        |chosen: &[Scope], set: &ScopeSet| chosen.iter().any(|scope| set.contains(scope));
    // Tries to remove narrow scopes first: a wide scope that one call needs is often enough for
    // other calls.
    for scope in chosen.clone() {
        let others: Vec<Scope> = chosen.iter().filter(|other| **other != scope).cloned().collect();
        if accepted.iter().all(|set| set.is_empty() || is_enough(&others, set)) {
            chosen = others;
        }
    }
    chosen
}

/// Returns the accepted scopes in the order in which to advise them.
///
/// ```
/// use gcp_scopes_catalog::narrowest_first;
/// use gcp_scopes_catalog::scope::ScopeSet;
///
/// let accepted: ScopeSet =
///     ["cloud-platform".parse()?, "devstorage.read_only".parse()?].into_iter().collect();
/// assert_eq!(narrowest_first(&accepted)[0], "devstorage.read_only".parse()?);
/// # Ok::<(), gcp_scopes_catalog::Error>(())
/// ```
#[must_use]
pub fn narrowest_first(accepted: &ScopeSet) -> Vec<Scope> {
    let (mut scopes, advisable): (Vec<Scope>, _) = (accepted.iter().collect(), advisable(accepted));
    let is_last = |scope: &Scope| !advisable.contains(scope);
    scopes.sort_by(|a, b| is_last(a).cmp(&is_last(b)).then_with(|| compare_breadth(a, b)));
    scopes
}

/// Compares two scopes by how much they permit. The narrower scope is `Less`. The first rules
/// follow the names that Google gives its scopes.
///
/// The first of these rules that distinguishes the two scopes decides. The narrower scope
/// 1. is not a scope for the whole platform,
/// 2. is read-only,
/// 3. has a name below Google's prefix instead of a URI of another form,
/// 4. is accepted by fewer methods of the catalog,
/// 5. has fewer words in its name,
/// 6. has a shorter name.
fn compare_breadth(a: &Scope, b: &Scope) -> Ordering {
    let by_name = |scope: &Scope| (scope.short().split('.').count(), scope.short().len());
    breadth(a).cmp(&breadth(b)).then_with(|| by_name(a).cmp(&by_name(b)))
}

/// Returns how much a scope permits: the kind of its name, and how many methods accept it.
fn breadth(scope: &Scope) -> ((bool, bool, bool), u16) {
    let name = scope.short();
    let kind = (name.starts_with("cloud-platform"), !is_read_only(name), name.contains("://"));
    (kind, scope.reach())
}

/// Returns the scopes to set on a VM that makes calls with these accepted scopes.
///
/// Google recommends `cloud-platform` for a VM, and IAM roles to restrict access
/// (<https://docs.cloud.google.com/compute/docs/access/service-accounts#accesscopesiam>). Some
/// APIs, such as Drive, Sheets and Gmail, do not accept `cloud-platform`. For a call of such an API
/// the set contains the narrowest scope, and the set keeps the scopes of such APIs that are in
/// `held`. The set contains `cloud-platform` only if a call accepts it, or `held` contains it.
///
/// ```
/// # #[cfg(feature = "full")] {
/// use gcp_scopes_catalog::{ApiMethod, recommended_scopes};
///
/// let files = ApiMethod::by_id("drive.files.list")?.accepted();
/// let publish = ApiMethod::by_id("pubsub.projects.topics.publish")?.accepted();
/// let drive = ["drive.readonly".parse()?].into_iter().collect();
/// assert_eq!(recommended_scopes(&[files.clone()], None), drive);
/// let both = drive.union(&["cloud-platform".parse()?].into_iter().collect());
/// assert_eq!(recommended_scopes(&[files, publish], None), both);
/// # }
/// # Ok::<(), gcp_scopes_catalog::Error>(())
/// ```
#[must_use]
pub fn recommended_scopes(accepted: &[ScopeSet], held: Option<&ScopeSet>) -> ScopeSet {
    let platform = Scope::cloud_platform();
    let has_platform = accepted.iter().chain(held).any(|scopes| scopes.contains(&platform));
    let is_kept = |scope: &Scope| !has_platform || !is_covered_by_cloud_platform(scope);
    let mut set: ScopeSet = held.into_iter().flat_map(ScopeSet::iter).filter(is_kept).collect();
    set.extend(has_platform.then(|| platform.clone()));
    let not_covered = accepted.iter().filter(|accepted| !accepted.contains(&platform));
    set.extend(least_scopes(&not_covered.cloned().collect::<Vec<_>>()));
    set
}

/// Checks whether every method that accepts this scope accepts `cloud-platform` as well. Returns
/// `false` for a scope that no method of the catalog accepts.
fn is_covered_by_cloud_platform(scope: &Scope) -> bool {
    /// The numbers of the sets that the methods accept, without methods that Discovery does not
    /// have any more.
    static SETS: LazyLock<BTreeSet<u16>> = LazyLock::new(|| {
        let blob = Catalog::built_in().blob();
        let rows = (0..blob.row_count()).map(|row| blob.row(row));
        rows.filter(|row| row.basis != PAGE).map(|row| row.set).collect()
    });
    let [scope, platform] =
        [scope.clone(), Scope::cloud_platform()].map(|scope| ScopeSet::from_iter([scope]));
    let has = |set: u16, scopes: &ScopeSet| Catalog::built_in().set_intersects(set, scopes);
    let mut sets = SETS.iter().filter(|set| has(**set, &scope)).peekable();
    sets.peek().is_some() && sets.all(|set| has(*set, &platform))
}

fn is_read_only(name: &str) -> bool {
    ["readonly", "read_only", "read-only", ".read"].iter().any(|ending| name.ends_with(ending))
}

/// Counts the REST methods that accept one of the scopes `after` and none of the scopes `before`,
/// and the hosts of these methods. Each version of an API counts.
///
/// ```
/// use gcp_scopes_catalog::scope::ScopeSet;
/// use gcp_scopes_catalog::opened_by;
///
/// let set = |name: &str| -> ScopeSet { name.parse().into_iter().collect() };
/// let (read, _) = opened_by(&set("devstorage.read_only"), None);
/// let before = set("devstorage.read_only");
/// let (more, hosts) = opened_by(&set("devstorage.full_control"), Some(&before));
/// assert!(read > 0 && more > 0 && hosts > 0);
/// ```
#[must_use]
pub fn opened_by(after: &ScopeSet, before: Option<&ScopeSet>) -> (usize, usize) {
    /// The numbers of REST methods of each API, by the set of scopes that these methods accept.
    static METHODS: LazyLock<BTreeMap<u16, BTreeMap<u16, usize>>> = LazyLock::new(|| {
        let blob = Catalog::built_in().blob();
        let mut methods = BTreeMap::<u16, BTreeMap<u16, usize>>::new();
        (0..blob.rest_count()).map(|row| blob.row(row)).for_each(|row| {
            *methods.entry(row.set).or_default().entry(row.api).or_default() += 1;
        });
        methods
    });
    let catalog = Catalog::built_in();
    let is_opened = |set| {
        catalog.set_intersects(set, after)
            && !before.is_some_and(|before| catalog.set_intersects(set, before))
    };
    let opened = METHODS.iter().filter(|(set, _)| is_opened(**set)).flat_map(|(_, apis)| apis);
    let (mut count, mut hosts) = (0, BTreeSet::new());
    opened.for_each(|(api, methods)| {
        count += methods;
        hosts.insert(catalog.blob().api(*api)[2]);
    });
    (count, hosts.len())
}

#[cfg(all(test, feature = "full"))]
mod tests {
    use super::*;

    #[test]
    fn scopes_that_as_many_methods_accept_are_equally_narrow() {
        let rows: [(&str, &[&str]); 4] = [
            ("storage.objects.get", &["devstorage.read_only"]),
            ("drive.files.list", &["drive.readonly"]),
            (
                "bigtableadmin.projects.instances.tables.create",
                &["bigtable.admin.table", "cloud-bigtable.admin.table"],
            ),
            // Which of them is enough depends on the data.
            (
                "google.maps.geocode.v4.GeocodeService.GeocodeAddress",
                &[
                    "maps-platform.geocode.address",
                    "maps-platform.geocode.location",
                    "maps-platform.geocode.place",
                ],
            ),
        ];
        for (id, expected) in rows {
            let accepted = crate::method::ApiMethod::by_id(id).unwrap().accepted();
            let equal = equally_narrow(&accepted);
            assert_eq!(equal.first(), least_scope(&accepted).as_ref(), "{id}");
            let mut names: Vec<_> = equal.iter().map(Scope::short).collect();
            names.sort_unstable();
            assert_eq!(names, expected, "{id}");
        }
        assert_eq!(equally_narrow(&ScopeSet::new()), []);
    }

    #[test]
    fn the_recommended_set_keeps_held_scopes_that_cloud_platform_does_not_cover() {
        // The accepted scopes, the held scopes, and the recommended scopes.
        let rows = [
            ("pubsub cloud-platform", "devstorage.read_only logging.write", "cloud-platform"),
            ("pubsub cloud-platform", "devstorage.read_only drive", "cloud-platform drive"),
            ("drive drive.readonly", "cloud-platform", "cloud-platform drive.readonly"),
            ("drive drive.readonly", "calendar pubsub", "drive.readonly calendar pubsub"),
            (
                "pubsub cloud-platform",
                "https://example.com/unheard",
                "cloud-platform https://example.com/unheard",
            ),
        ];
        let set =
            |text: &str| text.split(' ').map(|name| name.parse().unwrap()).collect::<ScopeSet>();
        for (accepted, held, expected) in rows {
            let recommended = recommended_scopes(&[set(accepted)], Some(&set(held)));
            assert_eq!(recommended, set(expected), "{accepted}, {held}");
        }
    }

    #[test]
    fn a_scope_of_another_api_or_for_a_part_of_the_data_is_not_advised() {
        // The method, and the scope that is advised.
        let rows = [
            ("bigquery.jobs.insert", "bigquery"),
            ("compute.images.insert", "compute"),
            ("slides.presentations.batchUpdate", "presentations"),
            ("drive.v2:drive.files.insert", "drive"),
            ("drive.files.copy", "drive"),
            ("forms.forms.get", "forms.body.readonly"),
            ("forms.forms.create", "forms.body"),
            ("youtube.captions.insert", "youtube.force-ssl"),
            ("bigquery.tabledata.insertAll", "bigquery.insertdata"),
            ("monitoring.projects.timeSeries.create", "monitoring.write"),
            ("calendar.events.insert", "calendar.events"),
            ("calendar.events.list", "calendar.events.readonly"),
            ("calendar.calendars.clear", "calendar.calendars"),
            ("youtube.videos.insert", "youtube.upload"),
            ("bigtableadmin.projects.instances.tables.create", "bigtable.admin.table"),
            ("chat.spaces.messages.create", "chat.messages.create"),
            ("chat.spaces.messages.get", "chat.messages.readonly"),
            ("gmail.users.messages.send", "gmail.send"),
            ("gmail.users.messages.list", "gmail.readonly"),
            ("people.people.get", "contacts.readonly"),
            ("classroom.courses.students.create", "classroom.rosters"),
            ("aiplatform.media.upload", "aiplatform"),
            // The exclusions do not change the advice for these methods.
            ("drive.apps.list", "drive.apps.readonly"),
            ("drive.files.list", "drive.readonly"),
            ("storage.objects.get", "devstorage.read_only"),
            ("sheets.spreadsheets.values.get", "spreadsheets.readonly"),
        ];
        for (id, expected) in rows {
            let accepted = crate::method::ApiMethod::by_id(id).unwrap().accepted();
            let first = narrowest_first(&accepted).into_iter().next().unwrap();
            assert_eq!(
                (least_scope(&accepted).unwrap().short(), first.short()),
                (expected, expected),
                "{id}"
            );
        }
        let ids = ["bigquery.jobs.insert", "storage.objects.get"];
        let accepted = ids.map(|id| crate::method::ApiMethod::by_id(id).unwrap().accepted());
        let names: Vec<_> =
            least_scopes(&accepted).iter().map(|scope| scope.short().to_owned()).collect();
        assert_eq!(names, ["devstorage.read_only", "bigquery"]);
    }

    #[test]
    fn the_scopes_for_several_calls_contain_no_needless_scope() {
        let storage = "devstorage.read_write devstorage.full_control cloud-platform";
        // The accepted scopes of each call, and the chosen scopes.
        let rows: [(&[&str], &[&str]); 6] = [
            (&[], &[]),
            (&[""], &[]),
            (
                &["devstorage.read_only devstorage.read_write cloud-platform", storage],
                &["devstorage.read_write"],
            ),
            (
                &["pubsub cloud-platform", storage, "pubsub cloud-platform"],
                &["pubsub", "devstorage.read_write"],
            ),
            (&["pubsub cloud-platform", "cloud-platform"], &["cloud-platform"]),
            (&["drive drive.readonly", "cloud-platform"], &["drive.readonly", "cloud-platform"]),
        ];
        let set = |text: &str| {
            text.split_whitespace().map(|name| name.parse().unwrap()).collect::<ScopeSet>()
        };
        for (accepted, expected) in rows {
            let accepted: Vec<ScopeSet> = accepted.iter().map(|text| set(text)).collect();
            let chosen: ScopeSet = least_scopes(&accepted).into_iter().collect();
            assert_eq!(chosen, set(&expected.join(" ")), "{accepted:?}");
        }
    }
}
