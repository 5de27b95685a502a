//! Which of the accepted scopes to advise.

use crate::catalog::reader;
use crate::scope::{Scope, ScopeSet};

/// The narrowest sensible one of the accepted scopes, if any is accepted.
pub(crate) fn least(accepted: &ScopeSet) -> Option<Scope> {
    accepted.iter().min_by_key(breadth)
}

/// A smallest set of scopes that holds an accepted one for each of several calls: the narrowest for
/// each, without those that the others make needless.
pub(crate) fn least_of(accepted: &[ScopeSet]) -> Vec<Scope> {
    let each: ScopeSet = accepted.iter().filter_map(least).collect();
    let mut chosen = narrowest_first(&each);
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
pub(crate) fn narrowest_first(accepted: &ScopeSet) -> Vec<Scope> {
    let mut scopes: Vec<Scope> = accepted.iter().collect();
    scopes.sort_by_cached_key(breadth);
    scopes
}

/// How much a scope opens, by rules that hold across Google's naming.
///
/// In this order: not the whole platform; read-only; a plain name (`drive.readonly`) before one
/// with a special purpose (`drive.meet.readonly`, which sees only some files); accepted in fewer
/// places; the shorter name.
fn breadth(scope: &Scope) -> impl Ord + use<> {
    let name = scope.short();
    (
        name.starts_with("cloud-platform"),
        !is_read_only(name),
        name.contains("://"),
        name.split('.').count(),
        reach(scope),
        name.len(),
    )
}

/// What Google recommends for a VM: `cloud-platform`, with IAM deciding the rest. Beside it stands
/// what it does not cover: the needed scope where the method does not accept it (Drive, Sheets,
/// Gmail, …), and scopes of such APIs that are held.
/// Source: <https://docs.cloud.google.com/compute/docs/access/service-accounts#accesscopesiam>
pub(crate) fn recommended(accepted: &[ScopeSet], held: Option<&ScopeSet>) -> ScopeSet {
    let platform = Scope::cloud_platform();
    let kept = held.into_iter().flat_map(ScopeSet::iter).filter(|scope| !is_covered(scope));
    let mut set: ScopeSet = kept.chain([platform.clone()]).collect();
    let beyond: Vec<ScopeSet> =
        accepted.iter().filter(|accepted| !accepted.contains(&platform)).cloned().collect();
    set.extend(least_of(&beyond));
    set
}

/// Whether every method that accepts this scope accepts `cloud-platform`, too. Of a scope that no
/// method is known to accept, nobody knows.
fn is_covered(scope: &Scope) -> bool {
    let [only, platform] = [scope.clone(), Scope::cloud_platform()].map(|scope| ScopeSet::from_iter([scope]));
    let sets =
        || (0..reader::set_count()).map(|set| set as u16).filter(|set| reader::set_accepts(*set, &only));
    sets().next().is_some() && sets().all(|set| reader::set_accepts(set, &platform))
}

fn is_read_only(name: &str) -> bool {
    ["readonly", "read_only", "read-only", ".read"].iter().any(|ending| name.ends_with(ending))
}

/// In how many of the catalog's scope sets a scope stands: a measure of how much it opens.
fn reach(scope: &Scope) -> usize {
    let only = ScopeSet::from_iter([scope.clone()]);
    (0..reader::set_count()).filter(|set| reader::set_accepts(*set as u16, &only)).count()
}

#[cfg(all(test, feature = "catalog-full"))]
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
