//! Finding in the caller's text what the engine does not say: where a refused import stands, and
//! whether a failed write went to a global name.

use super::position::position_of;
use crate::codelet::guest::frames::Position;

/// Where `specifier` is imported by a static import or export-from.
pub(in crate::codelet) fn import_position(source: &str, specifier: &str) -> Option<Position> {
    let mut from = 0;
    while let Some(found) = source[from..].find(specifier) {
        let at = from + found;
        let quote_before = source[..at].chars().next_back();
        let quote_after = source[at + specifier.len()..].chars().next();
        if quote_before == quote_after && matches!(quote_before, Some('\'' | '"')) {
            let front = source[..at - 1].trim_end();
            if front.ends_with("from") || front.ends_with("import") || front.ends_with("import(") {
                return Some(position_of(source, at - 1));
            }
        }
        from = at + specifier.len().max(1);
        if !source.is_char_boundary(from) {
            break;
        }
    }
    None
}

/// A hostile source may hold a name many times: more are not looked at.
const MAX_MATCHES: usize = 1000;
/// How far before a name its declaration is looked for.
const WINDOW: usize = 256;

/// True when the line at `position` writes to the bare name `name`. The engine reports such a
/// write as a plain type error; together with its text this tells that a frozen global was meant.
pub(in crate::codelet) fn is_global_assignment(
    source: &str,
    position: Position,
    name: &str,
) -> bool {
    if declares_constant(source, name) {
        return false;
    }
    let index = usize::try_from(position.line.saturating_sub(1)).unwrap_or(0);
    let Some(line) = source.lines().nth(index) else { return false };
    let word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    line.match_indices(name).take(MAX_MATCHES).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let rest = line[at + name.len()..].trim_start();
        let stands_alone = !before.is_some_and(|c| word(c) || c == '.');
        let assigns = (rest.starts_with('=') && !rest.starts_with("==") && !rest.starts_with("=>"))
            || rest.starts_with("++")
            || rest.starts_with("--")
            || [
                "+=", "-=", "*=", "/=", "%=", "**=", "&=", "|=", "^=", "<<=", ">>=", ">>>=", "&&=",
                "||=", "??=",
            ]
            .iter()
            .any(|operator| rest.starts_with(operator))
            || line[..at].trim_end().ends_with("++")
            || line[..at].trim_end().ends_with("--");
        stands_alone && assigns
    })
}

/// True when the source declares a constant or imports a binding of this name somewhere: then a
/// failed write may well be to that.
fn declares_constant(source: &str, name: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    source.match_indices(name).take(MAX_MATCHES).any(|(at, _)| {
        let before = source[..at].chars().next_back();
        let after = source[at + name.len()..].chars().next();
        if before.is_some_and(|c| word(c) || c == '.') || after.is_some_and(word) {
            return false;
        }
        // What the statement around the name begins with; a brace may belong to a pattern.
        let window = source.floor_char_boundary(at.saturating_sub(WINDOW));
        let start = source[window..at].rfind([';', '\n', '{', '}']);
        let start = start.map_or(window, |end| window + end + 1);
        let statement = source[start..at].trim_start();
        let pattern = source[window..start].strip_suffix('{').map_or("", str::trim_end);
        if pattern.ends_with("const") || pattern.ends_with("import") {
            return true;
        }
        ["const ", "import ", "class ", "export const "].iter().any(|word| statement.contains(word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_static_import_is_found() {
        let source = "const fs = 'fs';\nimport x from 'fs';\n";
        assert_eq!(import_position(source, "fs"), Some(Position { line: 2, column: 15 }));
        assert_eq!(import_position("const a = 'fs'", "fs"), None);
    }

    #[test]
    fn only_writes_to_the_bare_name_count() {
        let at = |line| Position { line, column: 1 };
        assert!(is_global_assignment("  Math = 1", at(1), "Math"));
        assert!(is_global_assignment("x;\nundefined ??= 3", at(2), "undefined"));
        assert!(!is_global_assignment("a.Math = 1", at(1), "Math"));
        assert!(!is_global_assignment("Math == 1", at(1), "Math"));
        assert!(!is_global_assignment("const Math = 1\nMath = 2", at(2), "Math"));
        assert!(!is_global_assignment("const { Math } = x\nMath = 2", at(2), "Math"));
        assert!(is_global_assignment("const f = () => { Math = 2 }", at(1), "Math"));
        assert!(!is_global_assignment("MyMath = 1", at(1), "Math"));
    }
}
