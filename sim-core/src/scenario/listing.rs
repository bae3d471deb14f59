//! What a list of scenarios shows of a file, read without building the scenario.

use super::document;
use super::error::{Problems, ScenarioErrors};
use super::limits;
use super::model::{Languages, Twin};
use super::read;
use super::section::Section;
use super::source::{Source, Texts};
use crate::config::Release;

/// A scenario as a list shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing {
    /// The file's name without its ending.
    pub name: String,
    /// Title, question, answer, what to try.
    pub text: Languages,
    /// For the library.
    pub tags: Vec<String>,
    /// Gives defaults and rules.
    pub profile: Release,
    /// The contrasts, with their texts.
    pub twins: Vec<Twin>,
}

impl Listing {
    /// Reads what a list shows; the rest of the file needs to be TOML, no more.
    ///
    /// # Errors
    /// All that is wrong with the parts that are read.
    pub fn read(source: &Source) -> Result<Listing, ScenarioErrors> {
        let (mut texts, problems) = (Texts::default(), Problems::default());
        let listing = document::parse(&source.name, &source.bytes, &mut texts, &problems).and_then(|root| {
            let top = Section::open(&root, "the file", &read::TOP, &problems)?;
            Some(Listing {
                name: source.scenario_name().to_owned(),
                text: top
                    .node("text")
                    .map(|node| read::languages(node, "[text]", &problems))
                    .unwrap_or_default(),
                tags: read::tags(&top),
                profile: read::profile(&root, &problems).unwrap_or(Release::NEWEST),
                twins: read::twins(top.tables("twins", limits::TWINS), &problems),
            })
        });
        problems.finish(listing, &texts)
    }
}
