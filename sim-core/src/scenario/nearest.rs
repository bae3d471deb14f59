//! "Did you mean": the known word nearest to a mistyped one.

/// The known word that is nearest to `word`, if one is near enough to be meant.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = plain(word);
    // A word so long is no slip of the pen, and comparing it would take long.
    if plain.len() > 64 {
        return None;
    }
    let allowed = (plain.len() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| (distance(&plain, &self::plain(candidate)), candidate))
        .filter(|&(distance, _)| distance <= allowed)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// Help for an unknown word: the nearest one, else all of them if they are few.
pub(crate) fn suggestion(word: &str, known: &[&str]) -> String {
    match nearest(word, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "there is none".to_owned(),
        None => {
            let shown: Vec<String> = known.iter().take(24).map(|word| format!("`{word}`")).collect();
            let rest = if known.len() > shown.len() { " ..." } else { "" };
            format!("known here: {}{rest}", shown.join(", "))
        }
    }
}

/// Case and the choice of separator are no difference worth a suggestion's rank.
fn plain(word: &str) -> Vec<char> {
    word.chars().map(|c| if c == '_' || c == '.' { '-' } else { c.to_ascii_lowercase() }).collect()
}

/// Insertions, deletions, replacements and swaps of neighbours that turn one word into the other.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found_and_strangers_are_not() {
        let known = ["latency", "bandwidth", "connect", "links"];
        assert_eq!(nearest("latnecy", known), Some("latency"));
        assert_eq!(nearest("band_width", known), Some("bandwidth"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(nearest(&"x".repeat(100_000), known), None);
    }

    #[test]
    fn another_separator_is_no_difference() {
        assert_eq!(nearest("replication_factor", ["replication-factor"]), Some("replication-factor"));
    }

    #[test]
    fn without_a_near_word_the_few_known_ones_are_listed() {
        assert_eq!(suggestion("colour", &["from", "until"]), "known here: `from`, `until`");
    }
}
