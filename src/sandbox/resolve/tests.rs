//! Looking up names.
