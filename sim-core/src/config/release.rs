//! Releases of Kafka, compared: a rule holds from one release on, or up to one.

use std::fmt;

/// A minor release, `kafka-4.1`. What changed in a patch release counts for the whole minor release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Release {
    major: u8,
    minor: u8,
}

impl Release {
    /// The newest release that there is a profile of.
    pub const NEWEST: Release = Release::new(4, 3);

    /// Every profile, oldest first.
    pub const ALL: [Release; 26] = [
        Release::new(0, 11),
        Release::new(1, 0),
        Release::new(1, 1),
        Release::new(2, 0),
        Release::new(2, 1),
        Release::new(2, 2),
        Release::new(2, 3),
        Release::new(2, 4),
        Release::new(2, 5),
        Release::new(2, 6),
        Release::new(2, 7),
        Release::new(2, 8),
        Release::new(3, 0),
        Release::new(3, 1),
        Release::new(3, 2),
        Release::new(3, 3),
        Release::new(3, 4),
        Release::new(3, 5),
        Release::new(3, 6),
        Release::new(3, 7),
        Release::new(3, 8),
        Release::new(3, 9),
        Release::new(4, 0),
        Release::new(4, 1),
        Release::new(4, 2),
        Release::new(4, 3),
    ];

    /// Release `major.minor`.
    pub const fn new(major: u8, minor: u8) -> Release {
        Release { major, minor }
    }

    /// Whether this is `major.minor` or newer.
    pub const fn at_least(self, major: u8, minor: u8) -> bool {
        self.major > major || (self.major == major && self.minor >= minor)
    }

    /// `4.1`, as the tables write it, whether or not there is a profile of it.
    pub(crate) fn parse(text: &str) -> Option<Release> {
        let (major, minor) = text.split_once('.')?;
        Some(Release::new(major.parse().ok()?, minor.parse().ok()?))
    }

    /// The release behind a profile's name, `kafka-4.1`, if there is such a profile.
    pub fn by_profile(name: &str) -> Option<Release> {
        Release::ALL.into_iter().find(|release| release.to_string() == name)
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "kafka-{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_in_order_and_end_with_the_newest() {
        assert!(Release::ALL.is_sorted());
        assert_eq!(Release::ALL.last(), Some(&Release::NEWEST));
        assert_eq!(Release::by_profile("kafka-2.8"), Some(Release::new(2, 8)));
        assert_eq!(Release::by_profile("kafka-2.9"), None);
    }

    #[test]
    fn releases_compare_by_number_not_by_text() {
        assert!(Release::new(0, 11) < Release::new(1, 0));
        assert!(Release::new(4, 1).at_least(3, 7) && !Release::new(3, 6).at_least(3, 7));
    }
}
