//! What the command says, in English and Korean: one table, filled in with names and numbers.

mod reasons;
mod table;

pub(crate) use reasons::because;
pub(crate) use table::Phrase;

use crate::args::Lang;

impl Lang {
    /// What was asked for, or what the locale says.
    pub(crate) fn of(asked: Option<Lang>) -> Lang {
        asked.unwrap_or_else(|| {
            let variables = ["LC_ALL", "LC_MESSAGES", "LANG"];
            let locale =
                variables.iter().filter_map(|name| std::env::var(name).ok()).find(|value| !value.is_empty());
            if locale.is_some_and(|locale| locale.starts_with("ko")) { Lang::Ko } else { Lang::En }
        })
    }

    /// A phrase without gaps.
    pub(crate) fn plain(self, phrase: Phrase) -> &'static str {
        let (english, korean) = phrase.texts();
        match self {
            Lang::En => english,
            Lang::Ko => korean,
        }
    }

    /// A phrase with its gaps, `{name}`, filled in; `{s:name}` is an `s` unless `name` is 1.
    pub(crate) fn say(self, phrase: Phrase, values: &[(&str, &str)]) -> String {
        let template = self.plain(phrase);
        let mut said = String::with_capacity(template.len() + 32);
        for (at, piece) in template.split('{').enumerate() {
            if at == 0 {
                said.push_str(piece);
                continue;
            }
            let (gap, rest) = piece.split_once('}').unwrap_or((piece, ""));
            let value =
                |name: &str| values.iter().find(|(known, _)| *known == name).map_or("?", |(_, value)| value);
            match gap.split_once(':') {
                // The ending of a word that depends on a number.
                Some((ending, number)) if value(number) != "1" => said.push_str(ending),
                Some(_) => {}
                None => said.push_str(value(gap)),
            }
            said.push_str(rest);
        }
        said
    }
}

/// The text in this language, or in the other one where there is none.
pub(crate) fn either<'a>(lang: Lang, english: &'a str, korean: &'a str) -> &'a str {
    match lang {
        Lang::Ko if !korean.is_empty() => korean,
        Lang::En if english.is_empty() => korean,
        _ => english,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gaps(text: &str) -> Vec<&str> {
        let pieces = text.split('{').skip(1).filter_map(|piece| piece.split_once('}'));
        let mut gaps: Vec<&str> = pieces.map(|(gap, _)| gap).filter(|gap| !gap.contains(':')).collect();
        gaps.sort_unstable();
        gaps
    }

    #[test]
    fn both_languages_fill_the_same_gaps() {
        for &phrase in Phrase::ALL {
            let (english, korean) = phrase.texts();
            assert_eq!(gaps(english), gaps(korean), "{phrase:?}");
        }
    }

    /// The glossary's style: no exclamation marks.
    #[test]
    fn nothing_is_shouted() {
        for &phrase in Phrase::ALL {
            let (english, korean) = phrase.texts();
            assert!(!english.contains('!') && !korean.contains('!'), "{phrase:?}");
        }
    }

    #[test]
    fn gaps_are_filled_by_name() {
        let said = Lang::En.say(Phrase::BrokerStops, &[("by", "crash"), ("broker", "2")]);
        assert_eq!(said, "broker 2 stops (crash)");
    }

    #[test]
    fn english_has_a_plural() {
        let sent = |retries| Lang::En.say(Phrase::RequestLine, &[("requests", "21"), ("retries", retries)]);
        assert_eq!(sent("1"), "21 Produce requests, 1 batch sent again");
        assert_eq!(sent("0"), "21 Produce requests, 0 batches sent again");
    }

    #[test]
    fn a_missing_text_is_taken_from_the_other_language() {
        assert_eq!(either(Lang::Ko, "a", ""), "a");
        assert_eq!(either(Lang::En, "", "가"), "가");
        assert_eq!(either(Lang::Ko, "a", "가"), "가");
    }
}
