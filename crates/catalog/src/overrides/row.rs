//! One row of the overrides, and its effect on a call.

use crate::call::{AbstainReason, query};

/// One fact about the scopes of some methods.
#[derive(Debug)]
#[non_exhaustive]
pub struct Override {
    /// The ids of the methods; a trailing `*` matches any ending.
    pub methods: &'static [&'static str],
    /// How the fact changes the verdict on a call.
    pub effect: Effect,
    /// The page of Google, or the report of a user, in which the fact is published.
    pub source: &'static str,
}

/// How a fact changes the verdict on a call.
#[derive(Debug)]
#[non_exhaustive]
pub enum Effect {
    /// The methods accept more scopes than Google's documents list. Prevents no verdict.
    AlsoAccepts {
        /// Adds the scopes only to methods whose documents list this scope; `None` adds them to all
        /// methods.
        listed: Option<&'static str>,
        /// The scopes that are added.
        scopes: &'static [&'static str],
    },
    /// The calls that the silence describes get no verdict.
    NoVerdict(Silence),
}

/// The calls that get no verdict, and the reason.
#[derive(Debug)]
#[non_exhaustive]
pub struct Silence {
    /// Why the calls get no verdict.
    pub reason: AbstainReason,
    /// Restricts the silence to calls whose query matches.
    pub when: Option<Query>,
    /// Restricts the silence to tokens that hold one of these scopes, by their names after Google's
    /// prefix. An empty list stands for every token.
    pub only_with: &'static [&'static str],
}

/// A condition on the query of a call.
#[derive(Debug)]
#[non_exhaustive]
pub enum Query {
    /// The query contains the key.
    Has(&'static str),
    /// The query does not contain the key, or contains the key with a value that is not in this
    /// list.
    IsNot(&'static str, &'static [&'static str]),
}

impl Query {
    /// Checks whether a raw query (without `?`) fulfills the condition. A percent-encoded key
    /// matches every key, because the key is not decoded.
    fn matches(&self, query: &str) -> bool {
        match self {
            Self::Has(key) => values(query, key).next().is_some(),
            Self::IsNot(key, allowed) => {
                // Google does not document which of several values counts, so a verdict needs
                // all of them to be allowed.
                values(query, key).next().is_none()
                    || values(query, key).any(|value| !allowed.contains(&value))
            }
        }
    }
}

/// Returns the values in a raw query whose key is `wanted` or is percent-encoded.
fn values<'q>(query: &'q str, wanted: &str) -> impl Iterator<Item = &'q str> {
    let is_wanted = move |(key, _): &(&str, _)| *key == wanted || key.contains('%');
    query::pairs(query).filter(is_wanted).map(|(_, value)| value.unwrap_or_default())
}

impl Effect {
    /// Returns the silence of a [`NoVerdict`](Self::NoVerdict); `None` for every other effect.
    pub(crate) fn silence(&self) -> Option<&Silence> {
        if let Self::NoVerdict(silence) = self { Some(silence) } else { None }
    }

    /// Returns the silence of a [`NoVerdict`](Self::NoVerdict) if the silence covers calls with
    /// this query.
    pub(crate) fn silence_for(&self, query: &str) -> Option<&Silence> {
        self.silence()
            .filter(|silence| silence.when.as_ref().is_none_or(|when| when.matches(query)))
    }

    /// Returns the reason of a [`NoVerdict`](Self::NoVerdict) that covers every call and every
    /// token.
    pub(crate) fn silence_for_all(&self) -> Option<AbstainReason> {
        let silence = self.silence()?;
        (silence.when.is_none() && silence.only_with.is_empty()).then_some(silence.reason)
    }

    /// Checks whether the verdict on a call depends on the query: calls with some queries get no
    /// verdict, and calls with other queries do.
    pub fn depends_on_query(&self) -> bool {
        self.silence().is_some_and(|silence| silence.when.is_some())
    }
}

impl Override {
    /// Checks whether the override adds scopes. Only methods for which Google's documents list no
    /// scope have the number of such an override in their rows, so that the override is the source
    /// of all their scopes.
    pub fn is_unlisted(&self) -> bool {
        matches!(self.effect, Effect::AlsoAccepts { .. })
    }
}
