//! A compiled codelet: the entry module and the virtual ones, ready to be loaded by any isolate.

use std::ffi::CString;
use std::sync::OnceLock;

use super::compile::position::{line_starts, utf16_position};
use super::compile::typescript::Stripped;
use super::guest::frames::Position;

/// One module's bytecode and what is needed to speak of its text.
#[derive(Debug)]
pub(crate) struct Module {
    /// The name in stacks and imports, for Rust and for the engine.
    name: String,
    c_name: CString,
    pub(crate) bytecode: Vec<u8>,
    /// The caller's text.
    pub(crate) source: String,
    /// Set when types were stripped: the way back to the caller's positions.
    pub(crate) stripped: Option<Stripped>,
    line_starts: OnceLock<Vec<usize>>,
}

impl Module {
    /// `None` when the name holds a NUL.
    pub(crate) fn new(
        name: &str,
        source: String,
        stripped: Option<Stripped>,
        bytecode: Vec<u8>,
    ) -> Option<Module> {
        let c_name = CString::new(name).ok()?;
        let line_starts = OnceLock::new();
        Some(Module { name: name.to_owned(), c_name, bytecode, source, stripped, line_starts })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn c_name(&self) -> &CString {
        &self.c_name
    }

    /// How many lines the compiled text has.
    pub(crate) fn lines(&self) -> u32 {
        u32::try_from(self.line_starts().len()).unwrap_or(u32::MAX)
    }

    /// Where the lines of the compiled text begin: found once, when a position is first asked for.
    fn line_starts(&self) -> &[usize] {
        let text = self.stripped.as_ref().map_or(&self.source, |stripped| &stripped.code);
        self.line_starts.get_or_init(|| line_starts(text))
    }

    /// The place in the caller's text for a line and a byte column of the compiled text.
    pub(crate) fn original(&self, line: u32, byte_column: u32) -> Position {
        let stripped = self.stripped.as_ref();
        original_position(&self.source, stripped, self.line_starts(), line, byte_column)
    }
}

/// The engine counts columns in bytes of what it compiled, one line further down; callers count
/// UTF-16 units of what they wrote.
pub(crate) fn original_position(
    source: &str,
    stripped: Option<&Stripped>,
    starts: &[usize],
    line: u32,
    byte_column: u32,
) -> Position {
    let line = line.saturating_sub(1).max(1);
    let Some(stripped) = stripped else { return utf16_position(source, starts, line, byte_column) };
    let Position { line, column } = utf16_position(&stripped.code, starts, line, byte_column);
    let (line, column) = stripped.original_position(line, column);
    Position { line, column }
}

/// The modules of one codelet, the entry first.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) modules: Vec<Module>,
}

impl Program {
    /// The module `specifier` means when `importer` imports it, or `None` when it was not given.
    pub(crate) fn resolve(&self, importer: &str, specifier: &str) -> Option<&Module> {
        let name = resolved_name(importer, specifier)?;
        // The entry itself cannot be imported: it is the caller's label, not a name in `modules`.
        self.modules.iter().skip(1).find(|module| module.name() == name)
    }

    /// Memory the cache counts for it.
    pub(crate) fn bytes(&self) -> usize {
        self.modules.iter().map(|module| module.bytecode.len() + module.source.len() + 256).sum()
    }
}

/// Exact names, and `./` and `../` inside the virtual names; above their root there is nothing.
fn resolved_name(importer: &str, specifier: &str) -> Option<String> {
    if !specifier.starts_with("./") && !specifier.starts_with("../") {
        return Some(specifier.to_owned());
    }
    let mut parts: Vec<&str> = importer.split('/').collect();
    parts.pop();
    for part in specifier.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop()?;
            }
            other => parts.push(other),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::resolved_name;

    #[test]
    fn names_are_exact_or_relative_to_the_importer() {
        assert_eq!(resolved_name("codelet.js", "lodash").as_deref(), Some("lodash"));
        assert_eq!(resolved_name("codelet.js", "./util.js").as_deref(), Some("util.js"));
        assert_eq!(resolved_name("lib/a.js", "./u.js").as_deref(), Some("lib/u.js"));
        assert_eq!(resolved_name("lib/deep/a.js", "../u.js").as_deref(), Some("lib/u.js"));
    }

    #[test]
    fn nothing_lies_above_the_root() {
        assert_eq!(resolved_name("codelet.js", "../etc/passwd"), None);
        assert_eq!(resolved_name("lib/a.js", "../../x.js"), None);
    }
}
