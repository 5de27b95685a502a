//! Short values of an answer that steps and reports show. Each is kept only if it has the syntax
//! that Google documents for it.

use super::syntax;
use super::text;
use super::words::{CALLED_PERMISSION_AFTER, CALLED_PERMISSION_BEFORE, NO_SERVICE, PERMISSION_WORDS};

/// How many bytes around a dotted name are searched for words such as `permission`.
const NEAR: usize = 60;

/// How many bytes of quotes, brackets and spaces may separate a name from the word that calls it a
/// permission.
const CALLED_PERMISSION_WITHIN: usize = 4;

/// What Apps Script writes before the name of a method: `API call to drive.files.list failed`.
const BEFORE_A_METHOD: &str = "API call to ";

/// The values that a refusal keeps.
#[derive(Clone, Default)]
pub(super) struct Details {
    pub(super) service: Option<String>,
    pub(super) method: Option<String>,
    pub(super) permission: Option<String>,
    /// Whether the answer calls it a permission. Other dotted names have the same syntax.
    pub(super) is_called_permission: bool,
    pub(super) project: Option<String>,
    pub(super) constraint: Option<String>,
    pub(super) vpc_sc_id: Option<String>,
    pub(super) request_id: Option<String>,
    pub(super) server_message: Option<String>,
}

impl Details {
    /// Adds the value of a field of `ErrorInfo`'s metadata or of `RequestInfo`, by the name of the
    /// field.
    pub(super) fn add(&mut self, key: &str, value: &str) {
        let (slot, is_good): (_, fn(&str) -> bool) = match key {
            "service" => (&mut self.service, syntax::is_host),
            "method" => (&mut self.method, syntax::is_rpc_method),
            "uid" => (&mut self.vpc_sc_id, syntax::is_vpc_sc_id),
            "requestId" | "request_id" => (&mut self.request_id, syntax::is_id),
            "consumer" => return self.add_project(value.strip_prefix("projects/").unwrap_or_default()),
            "permission" => return self.add_permission(value),
            _ => return,
        };
        if slot.is_none() && is_good(value) {
            *slot = Some(value.to_owned());
        }
    }

    /// Looks for names in prose, where fields did not give them.
    pub(super) fn find(&mut self, prose: &str) {
        text::values(prose, "vpcServiceControlsUniqueIdentifier").for_each(|id| self.add("uid", id));
        let mut previous = "";
        for (place, word) in text::names(prose) {
            if !self.is_called_permission {
                self.find_permission(prose, place, word);
            }
            self.add_path(word);
            // A plain word may follow "project" too; ids of projects mostly have more than letters.
            if previous.eq_ignore_ascii_case("project")
                && word.contains(|c: char| c == '-' || c.is_ascii_digit())
            {
                self.add_project(word);
            }
            previous = word;
        }
    }

    fn add_path(&mut self, word: &str) {
        if let Some(constraint) = word.find("constraints/").and_then(|start| word.get(start..)) {
            if self.constraint.is_none() && syntax::is_constraint(constraint) {
                self.constraint = Some(constraint.to_owned());
            }
        }
        if let Some((_, path)) = word.split_once("projects/") {
            self.add_project(path.split('/').next().unwrap_or_default());
        }
        let api =
            |part: &&str| part.strip_suffix(".googleapis.com").is_some_and(|api| !NO_SERVICE.contains(&api));
        word.split('/').find(api).into_iter().for_each(|host| self.add("service", host));
    }

    fn add_project(&mut self, word: &str) {
        if self.project.is_none() && syntax::is_project(word) {
            self.project = Some(word.to_owned());
        }
    }

    fn add_permission(&mut self, word: &str) {
        self.permission = self.permission.take().or_else(|| syntax::permission(word));
        self.is_called_permission = self.permission.is_some();
    }

    /// Commands, methods and loggers have dotted names too, so a name that is called a permission
    /// counts more than one near words such as `permission`.
    fn find_permission(&mut self, prose: &str, place: usize, word: &str) {
        let Some(name) = syntax::permission(word) else { return };
        let (before, rest) = prose.split_at_checked(place).unwrap_or_default();
        let after = rest.get(word.len()..).unwrap_or_default();
        self.is_called_permission = is_called_permission(before, after);
        let is_near = || self.permission.is_none() && is_near_permission_words(prose, place, word.len());
        if self.is_called_permission || (!before.ends_with(BEFORE_A_METHOD) && is_near()) {
            self.permission = Some(name);
        }
    }
}

fn is_called_permission(before: &str, after: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let between = |from: &str, to: &str| from.len() - to.len() <= CALLED_PERMISSION_WITHIN;
    let (start, end) =
        (before.trim_end_matches(|c| !is_letter(c)), after.trim_start_matches(|c| !is_letter(c)));
    let first = start.rsplit(|c| !is_letter(c)).next().filter(|_| between(before, start));
    let next = end.split(|c| !is_letter(c)).next().filter(|_| between(after, end));
    let is_one_of = |word: Option<&str>, known: &[&str]| {
        word.is_some_and(|word| known.iter().any(|known| word.eq_ignore_ascii_case(known)))
    };
    is_one_of(first, &CALLED_PERMISSION_BEFORE) || is_one_of(next, &CALLED_PERMISSION_AFTER)
}

fn is_near_permission_words(prose: &str, place: usize, length: usize) -> bool {
    let window = place.saturating_sub(NEAR)..(place + length + NEAR).min(prose.len());
    let near = String::from_utf8_lossy(prose.as_bytes().get(window).unwrap_or_default()).to_ascii_lowercase();
    PERMISSION_WORDS.iter().any(|word| near.contains(word))
}
