//! The files that a tool's own code consists of.

use std::path::{Path, PathBuf};

use super::files::{Access, Files, resolved};

/// Files that runtimes read as code, or to know how to read it.
const CODE: [&str; 8] = ["ts", "tsx", "mts", "cts", "js", "jsx", "mjs", "cjs"];
const MANIFESTS: [&str; 3] = ["package.json", "tsconfig.json", "jsconfig.json"];

/// What is read to load an entrypoint: its folder, and the packages and manifests from there up to
/// the project's root. Of the root itself, where data and secrets lie beside the code, only the names
/// and the files of code.
pub(super) fn code_of(root: &Path, entrypoint: &Path, more: &[PathBuf]) -> Files {
    let mut files = Files::default();
    let (root, entrypoint) = (resolved(root), resolved(entrypoint));
    files.grant(&entrypoint, Access::READ);
    let folder = entrypoint.parent().unwrap_or(&root);
    if folder == root {
        files.grant(&root, Access::LIST);
        for entry in std::fs::read_dir(&root).into_iter().flatten().flatten() {
            let path = entry.path();
            let is_code = path
                .extension()
                .and_then(|extension| extension.to_str())
                .is_some_and(|extension| CODE.contains(&extension));
            if is_code && path.is_file() {
                files.grant(resolved(&path), Access::READ);
            }
        }
    } else {
        files.grant(folder, Access::READ | Access::LIST);
    }
    let up = folder.ancestors().take_while(|part| part.starts_with(&root));
    let above = if folder.starts_with(&root) { up.collect() } else { vec![folder] };
    for part in above {
        let packages = part.join("node_modules");
        if packages.is_dir() {
            files.grant(resolved(&packages), Access::READ | Access::LIST);
        }
        for manifest in MANIFESTS.map(|name| part.join(name)) {
            if manifest.is_file() {
                files.grant(resolved(&manifest), Access::READ);
            }
        }
    }
    for path in more {
        files.grant(resolved(&root.join(path)), Access::READ | Access::LIST);
    }
    files
}
