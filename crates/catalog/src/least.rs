//! Which of the accepted scopes to advise.

use std::cmp::Ordering;

use crate::beside::{Beside, FOR_SOME_CALLS, NOT_FIRST};
use crate::catalog::Catalog;
use crate::scope::{Scope, ScopeSet};

/// The accepted scopes without those that only some calls of the method are content with.
///
/// ```
/// use gcp_scopes_catalog::for_every_call;
/// use gcp_scopes_catalog::scope::{Scope, ScopeSet};
///
/// // Jobs of BigQuery that load from a bucket accept a scope of Cloud Storage; queries do not.
/// let listed: ScopeSet = ["bigquery", "devstorage.read_only"].iter().map(|name| name.parse().unwrap()).collect();
/// assert_eq!(for_every_call(&listed).iter().map(|scope| scope.short().to_owned()).collect::<Vec<_>>(), ["bigquery"]);
/// ```
#[must_use]
pub fn for_every_call(accepted: &ScopeSet) -> ScopeSet {
    without(accepted, &FOR_SOME_CALLS)
}

/// The accepted scopes of which one may be advised.
fn sensible(accepted: &ScopeSet) -> ScopeSet {
    without(&for_every_call(accepted), &NOT_FIRST)
}

fn without(accepted: &ScopeSet, rows: &[Beside]) -> ScopeSet {
    let applies = |(own, _): &&Beside| accepted.iter().any(|scope| scope.short() == *own);
    let starts: Vec<&str> = rows.iter().filter(applies).flat_map(|(_, starts)| *starts).copied().collect();
    accepted.iter().filter(|scope| !starts.iter().any(|start| scope.short().starts_with(start))).collect()
}

/// The narrowest of the accepted scopes that is worth advising; none if none is accepted.
///
/// ```
/// # #[cfg(feature = "full")] {
/// use gcp_scopes_catalog::{ApiMethod, least};
///
/// let accepted = ApiMethod::by_id("drive.files.list")?.accepted();
/// assert_eq!(least(&accepted), Some("drive.readonly".parse()?));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn least(accepted: &ScopeSet) -> Option<Scope> {
    narrowest(&sensible(accepted))
}

fn narrowest(scopes: &ScopeSet) -> Option<Scope> {
    scopes.iter().min_by(narrower)
}

/// A smallest set of scopes that is enough for each of several calls: the narrowest scope for each call,
/// without those that the other scopes make needless.
///
/// ```
/// # #[cfg(feature = "full")] {
/// use gcp_scopes_catalog::{ApiMethod, least_of};
///
/// let accepted = |id| ApiMethod::by_id(id).map(|method| method.accepted());
/// let several = [accepted("storage.objects.get")?, accepted("storage.objects.insert")?];
/// assert_eq!(least_of(&several), ["devstorage.read_write".parse()?]);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn least_of(accepted: &[ScopeSet]) -> Vec<Scope> {
    let accepted: Vec<ScopeSet> = accepted.iter().map(sensible).collect();
    let mut chosen: Vec<Scope> = accepted.iter().filter_map(narrowest).collect::<ScopeSet>().iter().collect();
    chosen.sort_by(narrower);
    let opens = |chosen: &[Scope], set: &ScopeSet| chosen.iter().any(|scope| set.contains(scope));
    // The narrow ones first: a wide one that is needed anyway often does for them.
    for scope in chosen.clone() {
        let others: Vec<Scope> = chosen.iter().filter(|other| **other != scope).cloned().collect();
        if accepted.iter().all(|set| set.is_empty() || opens(&others, set)) {
            chosen = others;
        }
    }
    chosen
}

/// The accepted scopes in the order in which to advise them.
///
/// ```
/// use gcp_scopes_catalog::narrowest_first;
/// use gcp_scopes_catalog::scope::ScopeSet;
///
/// let accepted: ScopeSet = ["cloud-platform".parse()?, "devstorage.read_only".parse()?].into_iter().collect();
/// assert_eq!(narrowest_first(&accepted)[0], "devstorage.read_only".parse()?);
/// # Ok::<(), gcp_scopes_catalog::Error>(())
/// ```
#[must_use]
pub fn narrowest_first(accepted: &ScopeSet) -> Vec<Scope> {
    let (mut scopes, sensible): (Vec<Scope>, _) = (accepted.iter().collect(), sensible(accepted));
    let second = |scope: &Scope| !sensible.contains(scope);
    scopes.sort_by(|a, b| second(a).cmp(&second(b)).then_with(|| narrower(a, b)));
    scopes
}

/// Which of two scopes opens less, by rules that hold across Google's naming.
///
/// In this order: not the whole platform; read-only; a plain name (`drive.readonly`) before one
/// with a special purpose (`drive.meet.readonly`, which sees only some files); accepted in fewer
/// places, which is counted only if the names leave it open; the shorter name.
fn narrower(a: &Scope, b: &Scope) -> Ordering {
    let by_name = |scope: &Scope| {
        let name = scope.short();
        let words = name.split('.').count();
        (name.starts_with("cloud-platform"), !is_read_only(name), name.contains("://"), words)
    };
    let by_reach = || reach(a).cmp(&reach(b));
    by_name(a).cmp(&by_name(b)).then_with(by_reach).then(a.short().len().cmp(&b.short().len()))
}

/// What Google recommends for a VM: `cloud-platform`, with IAM deciding the rest. Beside it stands
/// what it does not cover: the needed scope where the method does not accept it (Drive, Sheets,
/// Gmail, …), and scopes of such APIs that are held
/// (<https://docs.cloud.google.com/compute/docs/access/service-accounts#accesscopesiam>).
///
/// ```
/// # #[cfg(feature = "full")] {
/// use gcp_scopes_catalog::{ApiMethod, recommended};
///
/// let files = ApiMethod::by_id("drive.files.list")?.accepted();
/// let set = recommended(&[files], None);
/// assert!(set.contains(&"cloud-platform".parse()?) && set.contains(&"drive.readonly".parse()?));
/// # }
/// # Ok::<(), gcp_scopes_catalog::Error>(())
/// ```
#[must_use]
pub fn recommended(accepted: &[ScopeSet], held: Option<&ScopeSet>) -> ScopeSet {
    let platform = Scope::cloud_platform();
    let kept = held.into_iter().flat_map(ScopeSet::iter).filter(|scope| !is_covered(scope));
    let mut set: ScopeSet = kept.chain([platform.clone()]).collect();
    let beyond: Vec<ScopeSet> =
        accepted.iter().filter(|accepted| !accepted.contains(&platform)).cloned().collect();
    set.extend(least_of(&beyond));
    set
}

/// Whether every method that accepts this scope accepts `cloud-platform`, too. Not so for a scope that no
/// method is known to accept.
fn is_covered(scope: &Scope) -> bool {
    let (mut sets, platform) = (sets_with(scope).peekable(), ScopeSet::from_iter([Scope::cloud_platform()]));
    sets.peek().is_some() && sets.all(|set| Catalog::built_in().set_accepts(set, &platform))
}

fn is_read_only(name: &str) -> bool {
    ["readonly", "read_only", "read-only", ".read"].iter().any(|ending| name.ends_with(ending))
}

/// In how many of the catalog's scope sets a scope is: a measure of how much it opens.
fn reach(scope: &Scope) -> usize {
    sets_with(scope).count()
}

fn sets_with(scope: &Scope) -> impl Iterator<Item = u16> + use<> {
    let (catalog, only) = (Catalog::built_in(), ScopeSet::from_iter([scope.clone()]));
    let sets = (0..catalog.blob().set_count()).map_while(|set| u16::try_from(set).ok());
    sets.filter(move |set| catalog.set_accepts(*set, &only))
}

#[cfg(all(test, feature = "full"))]
mod tests {
    use super::*;

    #[test]
    fn the_recommended_list_keeps_what_cloud_platform_does_not_cover() {
        let rows = [
            ("pubsub cloud-platform", "devstorage.read_only logging.write", "cloud-platform"),
            ("pubsub cloud-platform", "devstorage.read_only drive", "cloud-platform drive"),
            ("drive drive.readonly", "cloud-platform", "cloud-platform drive.readonly"),
            ("drive drive.readonly", "calendar", "cloud-platform drive.readonly calendar"),
            (
                "pubsub cloud-platform",
                "https://example.com/unheard",
                "cloud-platform https://example.com/unheard",
            ),
        ];
        let set = |text: &str| text.split(' ').map(|name| name.parse().unwrap()).collect::<ScopeSet>();
        for (accepted, held, expected) in rows {
            let recommended = recommended(&[set(accepted)], Some(&set(held)));
            assert_eq!(recommended, set(expected), "{accepted}, {held}");
        }
    }

    #[test]
    fn a_scope_of_another_api_or_for_a_part_of_the_data_is_not_the_one_to_advise() {
        let rows = [
            ("bigquery.jobs.insert", "bigquery"),
            ("compute.images.insert", "compute"),
            ("slides.presentations.batchUpdate", "presentations"),
            ("drive.v2:drive.files.insert", "drive"),
            ("drive.files.copy", "drive"),
            ("forms.forms.get", "forms.body.readonly"),
            ("forms.forms.create", "forms.body"),
            ("youtube.captions.insert", "youtube.force-ssl"),
            // As ever, where a scope is all there is, or the one that fits.
            ("drive.apps.list", "drive.apps.readonly"),
            ("drive.files.list", "drive.readonly"),
            ("storage.objects.get", "devstorage.read_only"),
            ("sheets.spreadsheets.values.get", "spreadsheets.readonly"),
        ];
        for (id, expected) in rows {
            let accepted = crate::method::ApiMethod::by_id(id).unwrap().accepted();
            let first = narrowest_first(&accepted).into_iter().next().unwrap();
            assert_eq!((least(&accepted).unwrap().short(), first.short()), (expected, expected), "{id}");
        }
        let both = ["bigquery.jobs.insert", "storage.objects.get"];
        let both = both.map(|id| crate::method::ApiMethod::by_id(id).unwrap().accepted());
        let names: Vec<_> = least_of(&both).iter().map(|scope| scope.short().to_owned()).collect();
        assert_eq!(names, ["devstorage.read_only", "bigquery"]);
    }

    #[test]
    fn for_several_calls_no_scope_is_named_that_the_others_make_needless() {
        let storage = "devstorage.read_write devstorage.full_control cloud-platform";
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
        let set =
            |text: &str| text.split_whitespace().map(|name| name.parse().unwrap()).collect::<ScopeSet>();
        for (accepted, expected) in rows {
            let accepted: Vec<ScopeSet> = accepted.iter().map(|text| set(text)).collect();
            let chosen: ScopeSet = least_of(&accepted).into_iter().collect();
            assert_eq!(chosen, set(&expected.join(" ")), "{accepted:?}");
        }
    }
}
