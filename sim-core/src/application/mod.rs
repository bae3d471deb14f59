//! The application: streams of records, and what it was told about each.
