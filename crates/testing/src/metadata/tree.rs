//! The metadata of a machine as a tree, and its formats.
//!
//! A JSON object is a directory. A list is a directory too, and the name of each entry is its
//! index. The lists in [`VALUES`] are values instead.

use serde_json::{Map, Value, json};

use crate::vm::{Machine, Project};

/// The lists that are values, and not directories.
const VALUES: [&str; 4] = ["aliases", "dns-servers", "scopes", "tags"];

/// Builds the whole tree of a machine. The names are those of the paths.
pub(super) fn build(machine: &Machine) -> Value {
    let mut instance = json!({
        "attributes": machine.attributes, "id": machine.id(), "service-accounts": accounts(machine),
    });
    for (name, value) in machine.filled(machine.platform.metadata()) {
        let is_json = value.starts_with(['[', '{']);
        let parsed = serde_json::from_str(&value).ok().filter(|_| is_json);
        instance[name] = parsed.unwrap_or_else(|| value.into());
    }
    let Project { id, number } = &machine.project;
    let project = json!({"attributes": {}, "numeric-project-id": number, "project-id": id});
    let universe = json!({"universe-domain": "googleapis.com"});
    json!({"computeMetadata": {
        "v1": {"instance": instance, "project": project, "universe": universe}
    }})
}

fn accounts(machine: &Machine) -> Value {
    let Some(email) = &machine.account else { return json!({}) };
    let scopes = machine.listed_scopes();
    let account = json!({"aliases": ["default"], "email": email, "scopes": scopes});
    json!({"default": account, email.as_str(): account})
}

/// Returns the child of a directory with this name.
pub(super) fn child<'a>(node: &'a Value, name: &str) -> Option<&'a Value> {
    node.get(name).or_else(|| node.get(name.parse::<usize>().ok()?))
}

/// Returns the children of a directory, or `None` for a value. `name` is the name of `node`.
pub(super) fn children<'a>(name: &str, node: &'a Value) -> Option<Vec<(String, &'a Value)>> {
    match node {
        Value::Object(children) => {
            Some(children.iter().map(|(name, child)| (name.clone(), child)).collect())
        }
        Value::Array(list) if !VALUES.contains(&name) => {
            let name_of = |(index, child): (usize, &'a Value)| (index.to_string(), child);
            Some(list.iter().enumerate().map(name_of).collect())
        }
        _ => None,
    }
}

/// Lists the names in a directory, one per line. Names of subdirectories end with a slash.
pub(super) fn listing(node: &Value, children: &[(String, &Value)]) -> String {
    let line = |(name, child): &(String, &Value)| match self::children(name, child) {
        Some(_) => format!("{name}/\n"),
        None => format!("{name}\n"),
    };
    let mut lines: Vec<String> = children.iter().map(line).collect();
    // Only the directory of a service account contains `aliases`. The entries `identity` and
    // `token` of this directory are not nodes of the tree: each request generates them.
    if node.get("aliases").is_some() {
        lines.extend(["identity\n".to_owned(), "token\n".to_owned()]);
    }
    lines.sort();
    lines.concat()
}

/// Formats everything below a directory as text: a line with the path and the value of each value.
pub(super) fn lines(name: &str, node: &Value, path: &str) -> String {
    let Some(children) = children(name, node) else {
        return leaf_text(node).lines().map(|line| format!("{path} {line}\n")).collect();
    };
    let below =
        |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
    children.iter().map(|(name, child)| lines(name, child, &below(name))).collect()
}

/// Formats a value as text: a list has one line per item.
pub(super) fn leaf_text(leaf: &Value) -> String {
    match leaf {
        Value::Array(list) => {
            list.iter().filter_map(Value::as_str).map(|line| format!("{line}\n")).collect()
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Converts names such as `service-accounts` to `serviceAccounts`, as in the JSON of
/// `?recursive=true`. `name` is the name of `node`. The names of attributes and of accounts stay
/// unchanged, because users choose them.
pub(super) fn json(name: &str, node: &Value) -> Value {
    let keeps_names = matches!(name, "attributes" | "service-accounts");
    let converted = |key: &String| if keeps_names { key.clone() } else { camel_case(key) };
    match node {
        Value::Object(children) => {
            let children = children.iter().map(|(key, child)| (converted(key), json(key, child)));
            Value::Object(children.collect::<Map<_, _>>())
        }
        Value::Array(list) => list.iter().map(|child| json("", child)).collect(),
        leaf => leaf.clone(),
    }
}

fn camel_case(kebab: &str) -> String {
    let mut parts = kebab.split('-');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |name, part| {
        let (head, tail) = part.split_at_checked(1).unwrap_or((part, ""));
        name + &head.to_ascii_uppercase() + tail
    })
}
