//! A compiled codelet: the entry module and the virtual ones, ready to be loaded by any isolate.

use std::ffi::CString;

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
        Some(Module { name: name.to_owned(), c_name, bytecode, source, stripped })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn c_name(&self) -> &CString {
        &self.c_name
    }

    /// The place in the caller's text for a place in the compiled text.
    pub(crate) fn original(&self, position: Position) -> Position {
        match &self.stripped {
            None => position,
            Some(stripped) => {
                let (line, column) = stripped.original_position(position.line, position.column);
                Position { line, column }
            }
        }
    }
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
