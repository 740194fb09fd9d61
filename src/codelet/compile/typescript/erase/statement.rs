//! Statements that are only type, and namespaces.

use oxc_ast::ast::{
    Declaration, ExportDefaultDeclarationKind, Statement, TSImportEqualsDeclaration, TSModuleBlock,
    TSModuleReference, TSNamespaceDeclaration, TSNamespaceDeclarationBody, VariableDeclarationKind,
};
use oxc_ast_visit::walk_js;
use oxc_span::GetSpan;

use super::{Eraser, end};

impl<'a> Eraser<'a> {
    pub(super) fn statement(&mut self, it: &Statement<'a>) {
        if self.is_type(it) {
            self.blank_statement(it.span());
            return;
        }
        let outer_end = std::mem::replace(&mut self.end, end(it.span()));
        let module_level = self.module_level;
        self.module_level &=
            matches!(it, Statement::TSNamespaceDeclaration(_) | Statement::ExportDeclaration(_));
        walk_js::walk_statement(self, it);
        self.module_level = module_level;
        self.end = outer_end;
    }

    /// Whether nothing of the statement is left at run time.
    fn is_type(&self, it: &Statement<'a>) -> bool {
        match it {
            Statement::TSNamespaceExportDeclaration(_) => true,
            Statement::ImportDeclaration(it) => it.import_kind.is_type(),
            Statement::ExportAllDeclaration(it) => it.export_kind.is_type(),
            Statement::ExportNamedDeclaration(it) => it.export_kind.is_type(),
            Statement::ExportFromDeclaration(it) => it.export_kind.is_type(),
            Statement::ExportDeclaration(it) => is_type_declaration(&it.declaration),
            Statement::ExportDefaultDeclaration(it) => match &it.declaration {
                ExportDefaultDeclarationKind::TSInterfaceDeclaration(_) => true,
                ExportDefaultDeclarationKind::FunctionDeclaration(it) => it.body.is_none(),
                ExportDefaultDeclarationKind::Identifier(it) => {
                    self.type_names.contains(it.name.as_str())
                }
                _ => false,
            },
            _ => it.as_declaration().is_some_and(is_type_declaration),
        }
    }

    pub(super) fn namespace(&mut self, it: &TSNamespaceDeclaration<'a>) {
        if !self.module_level {
            self.refuse(it.span, "a namespace is allowed only at the top level of a module");
        }
        self.object(&it.id);
        walk_js::walk_ts_namespace_declaration(self, it);
    }

    pub(super) fn module_block(&mut self, it: &TSModuleBlock<'a>) {
        for statement in &it.body {
            let Statement::ExportDeclaration(export) = statement else { continue };
            match &export.declaration {
                Declaration::VariableDeclaration(it)
                    if it.kind != VariableDeclarationKind::Const && !it.declare =>
                {
                    self.refuse(export.span, "a namespace can export only `const` variables");
                }
                // The parser lets it pass, the rewriting does not survive it.
                Declaration::ClassDeclaration(it) if it.id.is_none() => {
                    self.refuse(export.span, "a class exported from a namespace needs a name");
                }
                _ => {}
            }
        }
        self.module_level = true;
        walk_js::walk_ts_module_block(self, it);
    }

    pub(super) fn import_equals(&mut self, it: &TSImportEqualsDeclaration<'a>) {
        if let TSModuleReference::ExternalModuleReference(_) = &it.module_reference {
            self.refuse(
                it.span,
                "`import = require()` is not supported; use an `import` declaration",
            );
        }
        self.rewrite = true;
    }
}

pub(super) fn is_type_declaration(it: &Declaration) -> bool {
    match it {
        Declaration::TSTypeAliasDeclaration(_)
        | Declaration::TSInterfaceDeclaration(_)
        | Declaration::TSGlobalDeclaration(_)
        | Declaration::TSExternalModuleDeclaration(_) => true,
        Declaration::VariableDeclaration(it) => it.declare,
        Declaration::FunctionDeclaration(it) => it.declare || it.body.is_none(),
        Declaration::ClassDeclaration(it) => it.declare,
        Declaration::TSEnumDeclaration(it) => it.declare,
        Declaration::TSNamespaceDeclaration(it) => it.declare || is_only_types(it),
        Declaration::TSImportEqualsDeclaration(it) => it.import_kind.is_type(),
    }
}

/// Whether a namespace declares nothing but types, so that TypeScript makes no object for it.
fn is_only_types(it: &TSNamespaceDeclaration) -> bool {
    let is_type = |declaration: &Declaration| match declaration {
        Declaration::TSTypeAliasDeclaration(_) | Declaration::TSInterfaceDeclaration(_) => true,
        Declaration::TSNamespaceDeclaration(it) => is_only_types(it),
        _ => false,
    };
    match &it.body {
        TSNamespaceDeclarationBody::TSNamespaceDeclaration(it) => is_only_types(it),
        TSNamespaceDeclarationBody::TSModuleBlock(block) => {
            block.body.iter().all(|statement| match statement {
                Statement::ExportDeclaration(it) => is_type(&it.declaration),
                // Without `export` an alias is seen by nobody but the types around it.
                Statement::TSImportEqualsDeclaration(_) => true,
                _ => statement.as_declaration().is_some_and(is_type),
            })
        }
    }
}
