//! One row of the overrides, and what it says of a call.

use crate::call::AbstainReason;

/// One fact about some methods.
#[derive(Debug)]
#[non_exhaustive]
pub struct Override {
    /// Method ids; a trailing `*` stands for any rest.
    pub methods: &'static [&'static str],
    /// What the fact changes.
    pub effect: Effect,
    /// Where Google, or someone who tried it, says so.
    pub source: &'static str,
}

/// What the fact changes.
#[derive(Debug)]
#[non_exhaustive]
pub enum Effect {
    /// These scopes are accepted as well, by those of the methods whose documents list `listed` (by
    /// all of them, if there is none). Silences nothing.
    AlsoAccepts {
        /// A scope that the documents list.
        listed: Option<&'static str>,
        /// What is added to it.
        scopes: &'static [&'static str],
    },
    /// There is no verdict, for this reason.
    NoVerdict(AbstainReason),
    /// There is no verdict if the query matches.
    NoVerdictWhen(Query, AbstainReason),
    /// There is no verdict for a token that holds this scope if the query matches.
    NoVerdictWith(&'static str, Query, AbstainReason),
}

/// A condition on the query.
#[derive(Debug)]
#[non_exhaustive]
pub enum Query {
    /// The key is there.
    Has(&'static str),
    /// The key is absent, or has none of these values.
    IsNot(&'static str, &'static [&'static str]),
}

impl Query {
    /// Whether a raw query (without `?`) matches. A key that is percent-encoded counts as any key.
    fn matches(&self, query: &str) -> bool {
        match self {
            Self::Has(key) => values(query, key).next().is_some(),
            Self::IsNot(key, allowed) => {
                values(query, key).next().is_none()
                    || values(query, key).any(|value| !allowed.contains(&value))
            }
        }
    }
}

fn values<'q>(query: &'q str, wanted: &str) -> impl Iterator<Item = &'q str> {
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.filter(move |(key, _)| *key == wanted || key.contains('%')).map(|(_, value)| value)
}

/// Why there is no verdict on a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Silence {
    pub(crate) reason: AbstainReason,
    /// Only on tokens that hold this scope, by its name after Google's prefix.
    pub(crate) only_with: Option<&'static str>,
}

impl Effect {
    /// Whether the fact keeps back a verdict on a call with this query.
    pub(crate) fn silences(&self, query: &str) -> Option<Silence> {
        let applies = match self {
            Self::AlsoAccepts { .. } | Self::NoVerdict(_) => true,
            Self::NoVerdictWhen(when, _) | Self::NoVerdictWith(_, when, _) => when.matches(query),
        };
        self.silence().filter(|_| applies)
    }

    /// The verdict that the fact keeps back on some calls.
    pub(crate) fn silence(&self) -> Option<Silence> {
        let (reason, only_with) = match self {
            Self::AlsoAccepts { .. } => return None,
            Self::NoVerdict(reason) | Self::NoVerdictWhen(_, reason) => (reason, None),
            Self::NoVerdictWith(scope, _, reason) => (reason, Some(*scope)),
        };
        Some(Silence { reason: *reason, only_with })
    }

    /// Whether the fact keeps back the verdict on some calls of a method, and leaves it on others.
    pub fn depends_on_query(&self) -> bool {
        matches!(self, Self::NoVerdictWhen(..) | Self::NoVerdictWith(..))
    }
}

impl Override {
    /// Whether all scopes of the methods it marks are its own, because Google's documents list none.
    pub fn is_unlisted(&self) -> bool {
        matches!(self.effect, Effect::AlsoAccepts { .. })
    }

    /// Whether the row speaks of this method.
    pub fn covers(&self, id: &str) -> bool {
        self.methods.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(prefix) => id.starts_with(prefix),
            None => *pattern == id,
        })
    }
}
