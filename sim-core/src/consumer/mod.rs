//! A consumer that reads to the high watermark.
