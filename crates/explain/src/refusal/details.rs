//! Short values that one line of help needs. Each is kept only if it looks as Google says it does.

use super::syntax;
use super::text;
use super::words::{CALLED_SO_AFTER, CALLED_SO_BEFORE, NO_SERVICE, PERMISSION_WORDS};

/// How far from a permission's name the words stand that make it one, in bytes.
const NEAR: usize = 60;

/// How many quotes, brackets and spaces may stand between, in bytes.
const CALLED_SO_WITHIN: usize = 4;

/// Before the name of a method, in the words of Apps Script: `API call to drive.files.list failed`.
const BEFORE_A_METHOD: &str = "API call to ";

/// The parts of an answer that outlive the judgement.
#[derive(Clone, Default)]
pub(super) struct Details {
    pub(super) service: Option<String>,
    pub(super) method: Option<String>,
    pub(super) permission: Option<String>,
    /// Whether the answer calls it a permission, so that it is no other name that has its form.
    pub(super) is_called_permission: bool,
    pub(super) project: Option<String>,
    pub(super) constraint: Option<String>,
    pub(super) vpc_sc_id: Option<String>,
    pub(super) request_id: Option<String>,
    pub(super) server_message: Option<String>,
}

impl Details {
    /// Adds the value of a field that has one of the names of `ErrorInfo`'s metadata or of `RequestInfo`.
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
            // "project" alone is followed by plain words too; ids of projects mostly have more than letters.
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

    /// Commands, methods and loggers have dotted names too, so what is called a permission comes first.
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
    let between = |from: &str, to: &str| from.len() - to.len() <= CALLED_SO_WITHIN;
    let (start, end) =
        (before.trim_end_matches(|c| !is_letter(c)), after.trim_start_matches(|c| !is_letter(c)));
    let first = start.rsplit(|c| !is_letter(c)).next().filter(|_| between(before, start));
    let next = end.split(|c| !is_letter(c)).next().filter(|_| between(after, end));
    let is_one_of = |word: Option<&str>, known: &[&str]| {
        word.is_some_and(|word| known.iter().any(|known| word.eq_ignore_ascii_case(known)))
    };
    is_one_of(first, &CALLED_SO_BEFORE) || is_one_of(next, &CALLED_SO_AFTER)
}

fn is_near_permission_words(prose: &str, place: usize, length: usize) -> bool {
    let window = place.saturating_sub(NEAR)..(place + length + NEAR).min(prose.len());
    let near = String::from_utf8_lossy(prose.as_bytes().get(window).unwrap_or_default()).to_ascii_lowercase();
    PERMISSION_WORDS.iter().any(|word| near.contains(word))
}
