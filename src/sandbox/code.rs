//! The files that a tool's own code consists of.

use std::path::{Path, PathBuf};

use super::files::{Access, Files, resolved};

/// Files that runtimes read as code, or to know how to read it.
const CODE: [&str; 8] = ["ts", "tsx", "mts", "cts", "js", "jsx", "mjs", "cjs"];
const MANIFESTS: [&str; 3] = ["package.json", "tsconfig.json", "jsconfig.json"];

/// What is read to load an entrypoint: its folder, and the packages and manifests from there up to
/// the project's root. Of the root itself, where data and secrets lie beside the code, only the names
/// and the files of code.
///
/// Also gives those of them that were reached by no link.
pub(super) fn code_of(root: &Path, entrypoint: &Path, more: &[PathBuf]) -> (Files, Files) {
    let mut files = Files::default();
    let mut direct = Files::default();
    let mut grant = |path: &Path, access: Access| {
        let real = resolved(path);
        if real == path {
            direct.grant(path, access);
        }
        files.grant(real, access);
    };
    let (root, entrypoint) = (resolved(root), resolved(entrypoint));
    grant(&entrypoint, Access::READ);
    let folder = entrypoint.parent().unwrap_or(&root);
    if folder == root {
        grant(&root, Access::LIST);
        for entry in std::fs::read_dir(&root).into_iter().flatten().flatten() {
            let path = entry.path();
            let is_code = path
                .extension()
                .and_then(|extension| extension.to_str())
                .is_some_and(|extension| CODE.contains(&extension));
            if is_code && path.is_file() {
                grant(&path, Access::READ);
            }
        }
    } else {
        grant(folder, Access::READ | Access::LIST);
    }
    let up = folder.ancestors().take_while(|part| part.starts_with(&root));
    let above = if folder.starts_with(&root) { up.collect() } else { vec![folder] };
    for part in above {
        let packages = part.join("node_modules");
        if packages.is_dir() {
            grant(&packages, Access::READ | Access::LIST);
        }
        for manifest in MANIFESTS.map(|name| part.join(name)) {
            if manifest.is_file() {
                grant(&manifest, Access::READ);
            }
        }
    }
    for path in more {
        grant(&root.join(path), Access::READ | Access::LIST);
    }
    (files, direct)
}
