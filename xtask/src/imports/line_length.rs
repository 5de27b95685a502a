//! Finds lines that are longer than the `max_width` of `rustfmt.toml`.

/// The maximum number of characters of a line.
const MAX_WIDTH: usize = 100;

/// Returns a text for each long line of a file. A line with a URL that begins the line or follows
/// one word, such as `//`, may be long: a URL within two lines could not be opened.
pub(super) fn violations(file: &str, text: &str) -> Vec<String> {
    let is_long = |line: &str| line.chars().count() > MAX_WIDTH && !is_url(line);
    let lines = text.lines().enumerate().filter(|(_, line)| is_long(line));
    lines
        .map(|(index, _)| format!("{file}:{} has more than {MAX_WIDTH} columns", index + 1))
        .collect()
}

fn is_url(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    words.len() <= 2 && words.last().is_some_and(|word| word.contains("://"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_a_violation_unless_it_is_a_url() {
        let url = format!("https://example.com/{}", "a".repeat(100));
        let text = format!("{}\n{}\n// see {url}", "ä".repeat(100), "ä".repeat(101));
        let expected = ["a.rs:2 has more than 100 columns", "a.rs:3 has more than 100 columns"];
        assert_eq!(violations("a.rs", &text), expected);
        let urls = format!("/// <{url}>\n    source: \"{url}\",\n    \"{url}\",");
        assert_eq!(violations("a.rs", &urls), Vec::<String>::new());
    }
}
