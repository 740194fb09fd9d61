//! Tools: functions of an entrypoint, each call in a process of its own.

pub(crate) mod yaml;
