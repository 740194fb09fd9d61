//! Texts made fit to be shown, for those that JavaScript itself makes.

use napi_derive::napi;

use crate::tool::host_paths::HostPaths;
use crate::tool::redact::Redactor;

/// A text without folders of the host: the roots become `.`, other absolute paths their last
/// component.
#[napi(catch_unwind)]
pub fn hide_host_paths(text: String, roots: Vec<String>) -> String {
    HostPaths::new(roots).hide(&text).into_owned()
}

/// A text without what looks like a secret and without the given values.
#[napi(catch_unwind)]
pub fn redact_text(text: String, values: Vec<String>) -> String {
    Redactor::new(values).redact(&text).into_owned()
}
