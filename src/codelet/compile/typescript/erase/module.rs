//! Imports and exports. As in Node's type stripping and TypeScript's `verbatimModuleSyntax`, only
//! what is marked `type` goes; an exported name goes as well if the module binds it as a type.

use std::collections::HashSet;

use oxc_ast::ast::{
    BindingIdentifier, Declaration, ExportSpecifier, ImportDeclaration, ImportDeclarationSpecifier,
    ModuleExportName, Program, Statement,
};
use oxc_ast_visit::VisitJs;

use super::Eraser;
use super::statement::is_type_declaration;

impl<'a> Eraser<'a> {
    pub(super) fn import(&mut self, it: &ImportDeclaration<'a>) {
        for specifier in it.specifiers.iter().flatten() {
            if let ImportDeclarationSpecifier::ImportSpecifier(specifier) = specifier
                && specifier.import_kind.is_type()
            {
                self.blank_item(specifier.span);
            }
        }
    }

    /// `local` says that the names are those of this module, not of another one.
    pub(super) fn export_specifiers(&mut self, specifiers: &[ExportSpecifier<'a>], local: bool) {
        for specifier in specifiers {
            let is_type = match &specifier.local {
                ModuleExportName::IdentifierReference(it) if local => {
                    self.type_names.contains(it.name.as_str())
                }
                _ => false,
            };
            if is_type || specifier.export_kind.is_type() {
                self.blank_item(specifier.span);
            }
        }
    }
}

/// The names a module binds as types and not also as values. Empty unless something is exported by
/// name, which is the only use.
pub(super) fn type_names<'a>(program: &Program<'a>) -> HashSet<&'a str> {
    let (mut types, mut values) = (Names::default(), Names::default());
    let exports = program.body.iter().any(|statement| {
        matches!(
            statement,
            Statement::ExportNamedDeclaration(_) | Statement::ExportDefaultDeclaration(_)
        )
    });
    if !exports {
        return types.0;
    }
    for statement in &program.body {
        let declaration = match statement {
            Statement::ImportDeclaration(it) => {
                for specifier in it.specifiers.iter().flatten() {
                    let is_type = it.import_kind.is_type()
                        || matches!(
                            specifier,
                            ImportDeclarationSpecifier::ImportSpecifier(it)
                                if it.import_kind.is_type()
                        );
                    let names = if is_type { &mut types } else { &mut values };
                    names.visit_import_declaration_specifier(specifier);
                }
                continue;
            }
            Statement::ExportDeclaration(it) => Some(&it.declaration),
            _ => statement.as_declaration(),
        };
        if let Some(declaration) = declaration {
            let names = if is_type_declaration(declaration) { &mut types } else { &mut values };
            names.declaration(declaration);
        }
    }
    types.0.retain(|name| !values.0.contains(name));
    types.0
}

/// The names bound by the declarations visited.
#[derive(Default)]
struct Names<'a>(HashSet<&'a str>);

impl<'a> Names<'a> {
    fn declaration(&mut self, it: &Declaration<'a>) {
        let id = match it {
            Declaration::VariableDeclaration(it) => {
                for declarator in &it.declarations {
                    self.visit_binding_pattern(&declarator.id);
                }
                return;
            }
            Declaration::FunctionDeclaration(it) => it.id.as_ref(),
            Declaration::ClassDeclaration(it) => it.id.as_ref(),
            Declaration::TSEnumDeclaration(it) => Some(&it.id),
            Declaration::TSNamespaceDeclaration(it) => Some(&it.id),
            Declaration::TSImportEqualsDeclaration(it) => Some(&it.id),
            Declaration::TSTypeAliasDeclaration(it) => Some(&it.id),
            Declaration::TSInterfaceDeclaration(it) => Some(&it.id),
            Declaration::TSExternalModuleDeclaration(_) | Declaration::TSGlobalDeclaration(_) => {
                None
            }
        };
        if let Some(id) = id {
            self.visit_binding_identifier(id);
        }
    }
}

impl<'a> VisitJs<'a> for Names<'a> {
    fn visit_binding_identifier(&mut self, it: &BindingIdentifier<'a>) {
        self.0.insert(it.name.as_str());
    }
}
