//! Finding the scopes of an API whose method is not known.

use std::collections::BTreeSet;

use crate::blob::{PAGE, Row};
use crate::call::AbstainReason;
use crate::catalog::Catalog;
use crate::least::for_every_call;
use crate::overrides;
use crate::scope::ScopeSet;
use crate::server_names::APIS;
use crate::walk::WWW;

impl Catalog {
    /// Returns the scopes that at least one method of a service accepts. `service` is its host,
    /// such as `pubsub.googleapis.com`; servers report this name as `service`. The set is empty if
    /// the catalog lists no scope for the service.
    ///
    /// The function reads all rows of the catalog: do not call it for every request.
    ///
    /// ```
    /// use gcp_scopes_catalog::Catalog;
    /// use gcp_scopes_catalog::scope::Scope;
    ///
    /// let catalog = Catalog::built_in();
    /// # #[cfg(feature = "full")]
    /// assert!(catalog.scopes_of_service("gmail.googleapis.com").contains(&"gmail.send".parse()?));
    /// assert!(catalog.scopes_of_service("brandnew.googleapis.com").is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn scopes_of_service(self, service: &str) -> ScopeSet {
        let (sets, _) = self.sets_of_service(service);
        let lists = sets.into_iter().map(|set| self.documented_scopes(set));
        lists.fold(ScopeSet::new(), |all, list| all.union(&list))
    }

    /// Returns the scopes of which any one is enough for every method of a service for which Google
    /// lists scopes. The set is empty if the methods have no scope in common, and if which scope is
    /// enough depends on the request.
    ///
    /// The function reads all rows of the catalog: do not call it for every request.
    ///
    /// ```
    /// # #[cfg(feature = "full")] {
    /// use gcp_scopes_catalog::Catalog;
    ///
    /// let scopes = Catalog::built_in().scopes_for_every_method("sheets.googleapis.com");
    /// // Every method of Sheets accepts this scope. Only the methods that read accept the other
    /// // one.
    /// assert!(scopes.contains(&"spreadsheets".parse()?));
    /// assert!(!scopes.contains(&"spreadsheets.readonly".parse()?));
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn scopes_for_every_method(self, service: &str) -> ScopeSet {
        let (sets, depends_on_requests) = self.sets_of_service(service);
        let lists = sets.into_iter().map(|set| for_every_call(&self.documented_scopes(set)));
        let lists: Vec<ScopeSet> = lists.filter(|_| !depends_on_requests).collect();
        let Some(first) = lists.first() else { return ScopeSet::new() };
        first.iter().filter(|scope| lists.iter().all(|list| list.contains(scope))).collect()
    }

    /// Returns the numbers of the sets of scopes that the methods of a service accept, and whether
    /// the accepted scopes of a method depend on the request.
    ///
    /// Methods that need several scopes at once do not count. Rows that come from a page, or from
    /// an API version that Discovery does not have any more, count only if the service has no other
    /// rows with scopes: the lists of retired versions lack scopes that are accepted today.
    fn sets_of_service(self, service: &str) -> (BTreeSet<u16>, bool) {
        let (mut sets, mut of_pages) = (BTreeSet::new(), BTreeSet::new());
        let mut depends_on_requests = false;
        for row in self.rows_of_service(service) {
            let silence = self.silence_of(&row);
            depends_on_requests |= silence == Some(AbstainReason::Request);
            if row.set != 0 && silence != Some(AbstainReason::Several) {
                if row.basis == PAGE { &mut of_pages } else { &mut sets }.insert(row.set);
            }
        }
        (if sets.is_empty() { of_pages } else { sets }, depends_on_requests)
    }

    /// Returns the rows of the methods of a service.
    fn rows_of_service(self, service: &str) -> impl Iterator<Item = Row> {
        let blob = self.blob();
        // Each API has many rows, so its names are compared once.
        let apis: Vec<bool> = blob.apis().map(|api| is_api_of(api, service)).collect();
        let is_of = move |row: &Row| apis.get(usize::from(row.api)) == Some(&true);
        (0..blob.row_count()).map(move |row| blob.row(row)).filter(is_of)
    }

    /// Returns the reason for which no call of the row's method gets a verdict; `None` if a call
    /// may get one.
    fn silence_of(self, row: &Row) -> Option<AbstainReason> {
        if row.special != 0 && !self.data().knows_overrides {
            return Some(AbstainReason::Request);
        }
        overrides::at(row.special)?.effect.silence_for_all()
    }
}

/// Checks whether an API belongs to the service with this name. The older APIs share the host
/// `www.googleapis.com`, and their services are named after the APIs.
fn is_api_of([api, _, host]: [&str; 3], service: &str) -> bool {
    if host != WWW {
        return host == service;
    }
    let named = APIS.iter().find(|(host, ..)| *host == service).map(|(_, api, _)| *api);
    let name = named.or_else(|| service.strip_suffix(".googleapis.com"));
    let api = api.split_once('.').map_or(api, |(api, _)| api);
    name.is_some_and(|name| name.eq_ignore_ascii_case(api))
}

#[cfg(all(test, feature = "full"))]
mod tests {
    use super::*;

    fn names(scopes: &ScopeSet) -> Vec<String> {
        scopes.iter().map(|scope| scope.short().to_owned()).collect()
    }

    #[test]
    fn a_scope_for_every_method_is_accepted_by_every_method() {
        // The service, and the scopes that are enough for every method.
        let rows: [(&str, &[&str]); 10] = [
            // A retired version of this API lists one of the scopes only.
            ("storage.googleapis.com", &["cloud-platform", "devstorage.full_control"]),
            ("sheets.googleapis.com", &["drive", "drive.file", "spreadsheets"]),
            ("pubsub.googleapis.com", &["cloud-platform", "pubsub"]),
            // These APIs are at `www.googleapis.com`.
            ("siteverification.googleapis.com", &["siteverification"]),
            ("calendar-json.googleapis.com", &["calendar"]),
            // Each of these APIs has two methods that accept no common scope.
            ("gmail.googleapis.com", &[]),
            ("youtube.googleapis.com", &[]),
            ("admin.googleapis.com", &[]),
            // Which of the scopes is enough depends on the body of the request.
            ("workspaceevents.googleapis.com", &[]),
            ("drive.googleapis.com", &[]),
        ];
        for (service, expected) in rows {
            let catalog = Catalog::built_in();
            assert_eq!(names(&catalog.scopes_for_every_method(service)), expected, "{service}");
            assert!(!catalog.scopes_of_service(service).is_empty(), "{service}");
        }
    }

    #[test]
    fn a_name_that_is_no_service_has_no_scopes() {
        for name in
            ["www.googleapis.com", "brandnew.googleapis.com", "sheets", "", "googleapis.com"]
        {
            let catalog = Catalog::built_in();
            assert!(catalog.scopes_of_service(name).is_empty(), "{name}");
            assert!(catalog.scopes_for_every_method(name).is_empty(), "{name}");
        }
    }
}
