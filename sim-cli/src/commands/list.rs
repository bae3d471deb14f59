//! `inflight list`: the library, with the question each scenario answers.

use anstyle::Style;
use serde::Serialize;
use sim_core::scenario::Listing;

use crate::args::{Format, Lang, ListArgs};
use crate::error::{CliError, Ending};
use crate::library;
use crate::output::{DIM, HEADING, Page, paint, print_json};
use crate::text::either;

/// A scenario as programs read it.
#[derive(Serialize)]
struct Entry<'a> {
    name: &'a str,
    title: &'a str,
    question: &'a str,
    tags: &'a [String],
    profile: String,
    twins: Vec<&'a str>,
}

pub(crate) fn list(lang: Lang, args: &ListArgs) -> Result<Ending, CliError> {
    let mut listings = Vec::new();
    for name in library::names() {
        let listing =
            Listing::read(&library::open(name)?).map_err(|errors| CliError::input(errors.to_string()))?;
        if args.tag.as_ref().is_none_or(|tag| listing.tags.contains(tag)) {
            listings.push(listing);
        }
    }
    match args.format {
        Format::Json => print_json(&listings.iter().map(|listing| entry(lang, listing)).collect::<Vec<_>>())?,
        Format::Text => page(lang, &listings).print()?,
    }
    Ok(Ending::Done)
}

fn entry(lang: Lang, listing: &Listing) -> Entry<'_> {
    let text = &listing.text;
    Entry {
        name: &listing.name,
        title: either(lang, &text.en.title, &text.ko.title),
        question: either(lang, &text.en.question, &text.ko.question),
        tags: &listing.tags,
        profile: listing.profile.to_string(),
        twins: listing.twins.iter().map(|twin| twin.name.as_str()).collect(),
    }
}

fn page(lang: Lang, listings: &[Listing]) -> Page {
    let mut page = Page::default();
    for listing in listings {
        let entry = entry(lang, listing);
        let tags =
            if entry.tags.is_empty() { String::new() } else { format!("  [{}]", entry.tags.join(", ")) };
        page.line(format!("{}{}", paint(HEADING, entry.name), paint(DIM, tags)));
        page.prose("", 4, Style::new(), entry.question);
        if !entry.twins.is_empty() {
            page.prose("", 4, DIM, &format!("--twin {}", entry.twins.join(", ")));
        }
    }
    page
}
