//! The API method that a request calls, and the verdict on a token for that method.

use crate::blob::{PAGE, PROTOS, TWIN};
use crate::call::AbstainReason;
use crate::catalog::Catalog;
use crate::least::for_every_call;
use crate::method::ApiMethod;
use crate::overrides::{self, Override};
use crate::scope::{Scope, ScopeSet};

/// The match of a request, or the reason why no method can be named for the request.
pub(crate) type MatchResult = Result<Match, AbstainReason>;

/// The API method that a request calls. `abstain_reason` is set if the listed scopes of the method
/// do not decide whether Google accepts the request.
///
/// The struct has eight bytes: a [`Lookup`](crate::Lookup) copies it for every call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Match {
    pub(crate) method: ApiMethod,
    /// The number of the set of scopes that the method accepts.
    set: u16,
    /// Why the call cannot be judged although its method is known; `None` if the call can be
    /// judged.
    pub(crate) abstain_reason: Option<AbstainReason>,
    /// The number of the override that prevents a verdict: the index of the override plus one, or 0
    /// for no override.
    override_number: u8,
    /// Whether the call is, or may be, a gRPC call.
    is_grpc: bool,
}

impl Match {
    /// Creates the match of a request that calls this method with this query. The scopes come from
    /// the data. The reason to abstain comes from the data or the overrides.
    #[inline(always)]
    pub(crate) fn new(catalog: Catalog, method: ApiMethod, query: &str) -> Self {
        let row = catalog.blob().row(method.row());
        let found =
            Self { method, set: row.set, abstain_reason: None, override_number: 0, is_grpc: false };
        let abstain_reason = match row.basis {
            _ if row.set == 0 => Some(AbstainReason::Empty),
            PROTOS if !method.is_inferred() => Some(AbstainReason::Coarse),
            basis => {
                let is_inferred = method.is_inferred() || matches!(basis, TWIN | PAGE);
                is_inferred.then_some(AbstainReason::Inferred)
            }
        };
        match row.special {
            0 => Self { abstain_reason, ..found },
            number => found.with_override(number, abstain_reason, query),
        }
    }

    /// Applies the row of the overrides with this number.
    fn with_override(self, number: u8, reason: Option<AbstainReason>, query: &str) -> Self {
        // The override numbers of an opened catalog may refer to another table. Then the meaning of
        // a number is not known.
        if !self.method.catalog().data().knows_overrides {
            return Self { abstain_reason: reason.or(Some(AbstainReason::Request)), ..self };
        }
        let row = overrides::at(number);
        let reason = match row.is_some_and(Override::is_unlisted) {
            true if self.set != 0 => Some(AbstainReason::Inferred),
            _ => reason,
        };
        let Some(silence) = row.and_then(|row| row.effect.silence_for(query)) else {
            return Self { abstain_reason: reason, ..self };
        };
        let for_every_token = silence.only_with.is_empty().then_some(silence.reason);
        Self { abstain_reason: for_every_token.or(reason), override_number: number, ..self }
    }

    /// Creates the match of a call of which the method is known, and the request is not.
    pub(crate) fn without_request(method: ApiMethod) -> Self {
        let found = Self::new(method.catalog(), method, "");
        let found = if method.is_rpc() { found.over_grpc() } else { found };
        let depends_on_query =
            method.override_row().is_some_and(|row| row.effect.depends_on_query());
        if depends_on_query { found.or_abstain(AbstainReason::Request) } else { found }
    }

    /// Sets the reason to abstain, unless the match has one already.
    pub(crate) fn or_abstain(self, reason: AbstainReason) -> Self {
        Self { abstain_reason: self.abstain_reason.or(Some(reason)), ..self }
    }

    /// Checks whether one of these scopes is listed for the method.
    #[inline]
    pub(crate) fn lists_any_of(&self, held: &ScopeSet) -> bool {
        self.method.catalog().set_intersects(self.set, held)
    }

    /// Returns the verdict on a token with these scopes, as
    /// [`Lookup::accepts`](crate::Lookup::accepts) documents it.
    pub(crate) fn accepts(&self, held: &ScopeSet) -> Result<bool, AbstainReason> {
        if let Some(reason) = self.abstain_reason.filter(|reason| !reason.is_one_sided()) {
            let is_lacking = reason == AbstainReason::Coarse && self.is_stranger(held);
            return if is_lacking { Ok(false) } else { Err(reason) };
        }
        // If two sources contradict each other about a scope, the other scopes still decide.
        let is_listed = self.lists_any_of(held);
        let decides = |reason: &AbstainReason| *reason != AbstainReason::Ambiguous || !is_listed;
        if let Some(reason) = self.override_reason(held).filter(decides) {
            return Err(reason);
        }
        if is_listed {
            return if self.fits_only_some_calls(held) {
                Err(AbstainReason::Request)
            } else {
                Ok(true)
            };
        }
        match self.abstain_reason {
            Some(reason) => Err(reason),
            None if !held.is_all_known() || held.holds_unlisted() => {
                Err(AbstainReason::UnlistedScope)
            }
            None if self.is_accepted_by_another_version(held) => Err(AbstainReason::Ambiguous),
            None => Ok(false),
        }
    }

    /// Returns the match for a gRPC call of the method.
    pub(crate) fn over_grpc(self) -> Self {
        Self { is_grpc: true, ..self.or_abstain(AbstainReason::Grpc) }
    }

    /// Checks whether a token with these scopes has nothing to do with the service of the method. A
    /// coarse row does not show which method accepts which scope. But if no method of the service
    /// accepts any scope of the token, the token certainly lacks a scope.
    fn is_stranger(&self, held: &ScopeSet) -> bool {
        let (catalog, host) = (self.method.catalog(), self.method.host());
        !self.is_grpc
            && held.is_all_known()
            && !held.holds_unlisted()
            && self.override_number == 0
            && catalog.set_of_host(host).is_some_and(|any| !catalog.set_intersects(any, held))
            && !self.lists_any_of(held)
            && !held.iter().any(|scope| may_belong_to(host, scope.short()))
    }

    /// Checks whether the listed scopes in `held` are enough for some calls of the method only.
    fn fits_only_some_calls(&self, held: &ScopeSet) -> bool {
        let listed = self.method.accepted();
        let enough = for_every_call(&listed);
        // A scope that is accepted and not listed comes from the overrides and is enough for every
        // call.
        let counts = |scope: &Scope| enough.contains(scope) || !listed.contains(scope);
        enough.len() < listed.len() && !self.lists_any_of(&held.iter().filter(counts).collect())
    }

    /// Checks whether another version of the API accepts one of these scopes for the method.
    /// Google's document of this version may be older than the scope. Rows with the basis [`PAGE`]
    /// do not count: their versions are older than the documents in Discovery.
    fn is_accepted_by_another_version(&self, held: &ScopeSet) -> bool {
        self.method.other_versions().any(|other| {
            let row = other.record();
            row.basis != PAGE && other.catalog().set_intersects(row.set, held)
        })
    }

    /// Returns why the overrides prevent a verdict on a token with these scopes; `None` if the
    /// overrides do not prevent a verdict.
    fn override_reason(&self, held: &ScopeSet) -> Option<AbstainReason> {
        let silence = overrides::at(self.override_number)?.effect.silence()?;
        let holds = |short: &&str| held.iter().any(|scope| scope.short() == *short);
        let applies = silence.only_with.is_empty() || silence.only_with.iter().any(holds);
        applies.then_some(silence.reason)
    }
}

/// Checks whether Google may accept a scope at a host although no document lists the scope there.
///
/// These scopes were missing from the documents of a year and listed in those of the next: narrow
/// scopes named like their API, `cloud-platform.read-only`, those of BigQuery for its transfers,
/// and for Workspace events those of the applications whose events they are
/// (google-api-python-client 2.187.0 and 2.202.0).
fn may_belong_to(host: &str, short: &str) -> bool {
    let service = host.split('.').next().unwrap_or_default();
    let area = short.split(['.', '-', '_']).next().unwrap_or_default();
    // A shorter area, such as `ads`, begins the names of unrelated services.
    let is_named_like = area.len() >= 4 && (service.starts_with(area) || area.starts_with(service));
    // A subscription needs a scope of the product whose events it reports:
    // <https://developers.google.com/workspace/events/guides/auth>.
    let is_source = matches!(area, "chat" | "drive" | "meetings") && service == "workspaceevents";
    short.starts_with("cloud-platform") || is_named_like || is_source
}
