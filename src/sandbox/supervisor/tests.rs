//! The thread, with children that make calls.
