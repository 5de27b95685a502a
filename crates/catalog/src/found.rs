//! A method that a call is, and what keeps the catalog from judging by it.

use crate::blob::{PROTOS, TWIN};
use crate::call::AbstainReason;
use crate::catalog::Catalog;
use crate::least::for_every_call;
use crate::method::ApiMethod;
use crate::overrides::{self, Override};
use crate::scope::{Scope, ScopeSet};

/// Eight bytes, because it is copied with every call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) method: ApiMethod,
    /// The number of the set of scopes that the method accepts.
    set: u16,
    /// Why the call cannot be judged although its method is known; none if it can.
    pub(crate) doubt: Option<AbstainReason>,
    /// Place in the table of overrides plus one of the row that keeps a verdict back, or 0.
    silent: u8,
}

impl Found {
    /// A method with what the data and the overrides say about a call with this query.
    #[inline(always)]
    pub(crate) fn new(catalog: Catalog, method: ApiMethod, query: &str) -> Self {
        let row = catalog.blob().row(method.row());
        let found = Self { method, set: row.set, doubt: None, silent: 0 };
        let doubt = match row.basis {
            _ if row.set == 0 => Some(AbstainReason::Empty),
            PROTOS if !method.is_inferred() => Some(AbstainReason::Coarse),
            basis => (method.is_inferred() || basis == TWIN).then_some(AbstainReason::Inferred),
        };
        match row.special {
            0 => Self { doubt, ..found },
            special => found.marked(special, doubt, query),
        }
    }

    /// Adds what a row of the overrides says about the method.
    fn marked(self, special: u8, doubt: Option<AbstainReason>, query: &str) -> Self {
        if !self.method.catalog().data().knows_overrides {
            return Self { doubt: doubt.or(Some(AbstainReason::Request)), ..self };
        }
        let row = overrides::at(special);
        let doubt = match row.is_some_and(Override::is_unlisted) {
            true if self.set != 0 => Some(AbstainReason::Inferred),
            _ => doubt,
        };
        let Some(silence) = row.and_then(|row| row.effect.silences(query)) else {
            return Self { doubt, ..self };
        };
        let always = silence.only_with.is_none().then_some(silence.reason);
        Self { doubt: always.or(doubt), silent: special, ..self }
    }

    /// A call of which the method is known and the request is not.
    pub(crate) fn named(method: ApiMethod) -> Self {
        let found = Self::new(method.catalog(), method, "");
        let found = if method.is_rpc() { found.doubted(AbstainReason::Grpc) } else { found };
        let depends_on_query = method.special().is_some_and(|row| row.effect.depends_on_query());
        if depends_on_query { found.doubted(AbstainReason::Request) } else { found }
    }

    /// Adds a doubt, unless there is one already.
    pub(crate) fn doubted(self, reason: AbstainReason) -> Self {
        Self { doubt: self.doubt.or(Some(reason)), ..self }
    }

    /// Whether one of these scopes is listed for the method.
    #[inline]
    pub(crate) fn lists_any_of(&self, held: &ScopeSet) -> bool {
        self.method.catalog().set_accepts(self.set, held)
    }

    /// The verdict on a token with these scopes: see [`Lookup::accepts`](crate::Lookup::accepts).
    pub(crate) fn accepts(&self, held: &ScopeSet) -> Result<bool, AbstainReason> {
        if let Some(reason) = self.doubt.filter(|reason| !reason.is_one_sided()) {
            return Err(reason);
        }
        if let Some(reason) = self.silenced(held) {
            return Err(reason);
        }
        if self.lists_any_of(held) {
            return if self.suits_some_calls(held) { Err(AbstainReason::Request) } else { Ok(true) };
        }
        match self.doubt {
            Some(reason) => Err(reason),
            None if !held.is_all_known() || held.holds_unlisted() => Err(AbstainReason::Unheard),
            None if self.is_accepted_by_another_version(held) => Err(AbstainReason::Ambiguous),
            None => Ok(false),
        }
    }

    /// Whether only some calls of the method are content with the listed scopes that the token holds.
    fn suits_some_calls(&self, held: &ScopeSet) -> bool {
        let listed = self.method.accepted();
        let own = for_every_call(&listed);
        let counts = |scope: &Scope| own.contains(scope) || !listed.contains(scope);
        own.len() < listed.len() && !self.lists_any_of(&held.iter().filter(counts).collect())
    }

    /// One of the two documents may be older than the scope.
    fn is_accepted_by_another_version(&self, held: &ScopeSet) -> bool {
        self.method.other_versions().any(|other| other.catalog().set_accepts(other.set_index(), held))
    }

    /// Why the overrides keep the verdict back for a token with these scopes.
    fn silenced(&self, held: &ScopeSet) -> Option<AbstainReason> {
        let silence = overrides::at(self.silent)?.effect.silence()?;
        let holds = |short| held.iter().any(|scope| scope.short() == short);
        silence.only_with.is_none_or(holds).then_some(silence.reason)
    }
}
