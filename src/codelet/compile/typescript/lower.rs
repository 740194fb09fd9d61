//! Path two: rewrites a program whose TypeScript has values of its own, and maps positions back.

use std::path::{Path, PathBuf};

use oxc_allocator::Allocator;
use oxc_ast::ast::Program;
use oxc_codegen::{Codegen, CodegenOptions, CommentOptions};
use oxc_semantic::SemanticBuilder;
use oxc_transformer::{TransformOptions, Transformer, TypeScriptOptions};

use super::position::{Mapping, Positions};
use super::{StripError, Stripped};

/// Lowers the TypeScript of a program and nothing else: classes keep their fields, no syntax is
/// made older, imports stay unless they are marked `type`.
pub(super) fn lower<'a>(
    allocator: &'a Allocator,
    source: &str,
    mut program: Program<'a>,
) -> Result<Stripped, StripError> {
    let options = TransformOptions {
        typescript: TypeScriptOptions {
            only_remove_type_imports: true,
            ..TypeScriptOptions::default()
        },
        ..TransformOptions::default()
    };
    let scoping =
        SemanticBuilder::new().with_enum_eval(true).build(&program).semantic.into_scoping();
    let transformed = Transformer::new(allocator, Path::new("codelet.ts"), &options)
        .build_with_scoping(scoping, &mut program);
    if let Some(diagnostic) = transformed.diagnostics.first() {
        return Err(StripError::from_diagnostic(source, diagnostic));
    }
    let printed = Codegen::new()
        .with_options(CodegenOptions {
            comments: CommentOptions::disabled(),
            source_map_path: Some(PathBuf::from("codelet.ts")),
            // Nobody reads it, and indented nesting grows with the square of its depth.
            indent_width: 0,
            ..CodegenOptions::default()
        })
        .with_scoping(Some(transformed.scoping))
        .build(&program);
    let mut mappings = Vec::new();
    if let Some(map) = &printed.map {
        mappings.extend(map.get_tokens().map(|token| Mapping {
            line: token.get_dst_line(),
            column: token.get_dst_col(),
            original_line: token.get_src_line(),
            original_column: token.get_src_col(),
        }));
    }
    let positions = Positions::mapped(mappings, &printed.code, source);
    Ok(Stripped { positions, code: printed.code })
}
