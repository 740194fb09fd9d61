//! Path one: finds every span that is only type, and the places where blanking it would change
//! the meaning of what is left.
//!
//! Blanking is not always enough. A statement that ended because a type ended may run on into the
//! next line, so a `;` takes the place of a blanked character; a parenthesis that must stay on the
//! line of its arrow moves into a blanked type. Where no blanked character is at hand, or the
//! syntax has a value (`enum`, `namespace`, parameter properties), the program is left to path two.

mod class;
mod enumeration;
mod expression;
mod function;
mod module;
mod statement;

use std::collections::{HashMap, HashSet};

use oxc_ast::ast::{
    AccessorProperty, ArrowFunctionExpression, BinaryExpression, BindingIdentifier, CallExpression,
    CatchParameter, Class, ClassBody, ClassElement, ExportDefaultDeclaration,
    ExportFromDeclaration, ExportNamedDeclaration, ExpressionStatement, FormalParameter,
    FormalParameterRest, Function, ImportDeclaration, LogicalExpression, MethodDefinition,
    NewExpression, Program, PropertyDefinition, Span, Statement, TSAsExpression, TSEnumDeclaration,
    TSEnumMember, TSExportAssignment, TSImportEqualsDeclaration, TSInstantiationExpression,
    TSModuleBlock, TSNamespaceDeclaration, TSNonNullExpression, TSSatisfiesExpression,
    TSTypeAssertion, TaggedTemplateExpression, VariableDeclarator,
};
use oxc_ast_visit::{VisitJs, walk_js};
use oxc_semantic::ScopeFlags;

use super::blanks::Blanks;
use super::text::Text;
use super::tokens::Refused;

/// What became of a program.
#[derive(Debug)]
pub(super) enum Erasure {
    /// Blanking these spans leaves JavaScript with the same meaning.
    Blanked(Blanks),
    /// Blanking cannot express it: path two has to rewrite it.
    Rewrite,
    /// The syntax is not supported at all.
    Refused(Refused),
}

/// Walks a program that was parsed without errors.
pub(super) fn erase<'a>(source: &'a str, program: &Program<'a>) -> Erasure {
    let mut eraser = Eraser::new(source);
    eraser.visit_program(program);
    match eraser {
        Eraser { refused: Some(refused), .. } => Erasure::Refused(refused),
        Eraser { rewrite: true, .. } => Erasure::Rewrite,
        Eraser { blanks, .. } => Erasure::Blanked(blanks),
    }
}

/// Enums and namespaces that may be merged into one, or share a name by chance.
const MAX_OBJECTS: usize = 100;

struct Eraser<'a> {
    text: Text<'a>,
    blanks: Blanks,
    rewrite: bool,
    refused: Option<Refused>,
    /// Where the innermost statement or class member ends.
    end: usize,
    /// Where a statement or arrow body begins that must not begin with `{` or `function`.
    fragile: Option<usize>,
    /// The statement list at hand belongs to the module or a namespace.
    module_level: bool,
    /// Names the module binds as types and not as values.
    type_names: HashSet<&'a str>,
    /// Enums and namespaces so far, by name.
    objects: HashMap<&'a str, usize>,
    /// The longest text the enum members of a name may stand for.
    members: HashMap<&'a str, usize>,
    /// Bytes of text copied to work the values of enum members out.
    copied: usize,
}

impl<'a> Eraser<'a> {
    fn new(source: &'a str) -> Self {
        Self {
            text: Text::new(source),
            blanks: Blanks::default(),
            rewrite: false,
            refused: None,
            end: 0,
            fragile: None,
            module_level: false,
            type_names: HashSet::new(),
            objects: HashMap::new(),
            members: HashMap::new(),
            copied: 0,
        }
    }

    fn refuse(&mut self, span: Span, message: &'static str) {
        let at = start(span);
        if self.refused.is_none_or(|earlier| at < earlier.at) {
            self.refused = Some(Refused { at, message });
        }
    }

    /// Notes an enum or namespace. Path two looks through all that share a name, for each of them.
    fn object(&mut self, name: &BindingIdentifier<'a>) {
        self.rewrite = true;
        let objects = self.objects.entry(name.name.as_str()).or_default();
        *objects += 1;
        if *objects > MAX_OBJECTS {
            self.refuse(name.span, "more than 100 enums or namespaces of the same name");
        }
    }

    fn blank(&mut self, span: Span) {
        self.blanks.blank(start(span), end(span));
    }

    /// Blanks what `annotation` covers, if there is any.
    fn blank_type(&mut self, annotation: Option<Span>) {
        if let Some(span) = annotation {
            self.blank(span);
        }
    }

    /// Blanks a whole statement or class member. Its `;` stays behind: the line before may rely on
    /// a statement having started here.
    fn blank_statement(&mut self, span: Span) {
        self.blanks.blank_but(start(span), end(span), ';');
    }

    /// Blanks one list item and the comma after it.
    fn blank_item(&mut self, span: Span) {
        let comma = self.text.token_at(end(span));
        let end = if self.text.byte(comma) == b',' { comma + 1 } else { end(span) };
        self.blanks.blank(start(span), end);
    }

    /// Blanks the `?` or `!` that may follow offset `at`, and says where it was.
    fn blank_sign(&mut self, at: usize, sign: u8) -> Option<usize> {
        let at = self.text.token_at(at);
        let found = self.text.byte(at) == sign;
        found.then(|| {
            self.blanks.blank(at, at + 1);
            at
        })
    }
}

fn start(span: Span) -> usize {
    span.start as usize
}

fn end(span: Span) -> usize {
    span.end as usize
}

impl<'a> VisitJs<'a> for Eraser<'a> {
    fn visit_program(&mut self, it: &Program<'a>) {
        self.type_names = module::type_names(it);
        self.module_level = true;
        walk_js::walk_program(self, it);
    }

    fn visit_statement(&mut self, it: &Statement<'a>) {
        self.statement(it);
    }

    fn visit_expression_statement(&mut self, it: &ExpressionStatement<'a>) {
        self.fragile = Some(start(it.span));
        walk_js::walk_expression_statement(self, it);
    }

    fn visit_export_default_declaration(&mut self, it: &ExportDefaultDeclaration<'a>) {
        use oxc_span::GetSpan;
        self.fragile = Some(start(it.declaration.span()));
        walk_js::walk_export_default_declaration(self, it);
    }

    fn visit_variable_declarator(&mut self, it: &VariableDeclarator<'a>) {
        use oxc_span::GetSpan;
        if it.definite {
            self.blank_sign(end(it.id.span()), b'!');
        }
        self.blank_type(it.type_annotation.as_ref().map(|annotation| annotation.span));
        walk_js::walk_variable_declarator(self, it);
    }

    fn visit_catch_parameter(&mut self, it: &CatchParameter<'a>) {
        self.blank_type(it.type_annotation.as_ref().map(|annotation| annotation.span));
        walk_js::walk_catch_parameter(self, it);
    }

    fn visit_import_declaration(&mut self, it: &ImportDeclaration<'a>) {
        self.import(it);
    }

    fn visit_export_named_declaration(&mut self, it: &ExportNamedDeclaration<'a>) {
        self.export_specifiers(&it.specifiers, true);
    }

    fn visit_export_from_declaration(&mut self, it: &ExportFromDeclaration<'a>) {
        self.export_specifiers(&it.specifiers, false);
    }

    fn visit_ts_enum_declaration(&mut self, it: &TSEnumDeclaration<'a>) {
        self.object(&it.id);
        walk_js::walk_ts_enum_declaration(self, it);
    }

    fn visit_ts_enum_member(&mut self, it: &TSEnumMember<'a>) {
        self.enum_member(it);
        walk_js::walk_ts_enum_member(self, it);
    }

    fn visit_ts_namespace_declaration(&mut self, it: &TSNamespaceDeclaration<'a>) {
        self.namespace(it);
    }

    fn visit_ts_module_block(&mut self, it: &TSModuleBlock<'a>) {
        self.module_block(it);
    }

    fn visit_ts_import_equals_declaration(&mut self, it: &TSImportEqualsDeclaration<'a>) {
        self.import_equals(it);
    }

    fn visit_ts_export_assignment(&mut self, it: &TSExportAssignment<'a>) {
        self.refuse(it.span, "`export =` is not supported; use `export default`");
    }

    fn visit_function(&mut self, it: &Function<'a>, flags: ScopeFlags) {
        self.function(it);
        walk_js::walk_function(self, it, flags);
    }

    fn visit_arrow_function_expression(&mut self, it: &ArrowFunctionExpression<'a>) {
        self.arrow_function(it);
        walk_js::walk_arrow_function_expression(self, it);
    }

    fn visit_formal_parameter(&mut self, it: &FormalParameter<'a>) {
        self.parameter(it);
        walk_js::walk_formal_parameter(self, it);
    }

    fn visit_formal_parameter_rest(&mut self, it: &FormalParameterRest<'a>) {
        self.blank_type(it.type_annotation.as_ref().map(|annotation| annotation.span));
        walk_js::walk_formal_parameter_rest(self, it);
    }

    fn visit_class(&mut self, it: &Class<'a>) {
        self.class(it);
        walk_js::walk_class(self, it);
    }

    fn visit_class_body(&mut self, it: &ClassBody<'a>) {
        self.class_body(it);
    }

    fn visit_class_element(&mut self, it: &ClassElement<'a>) {
        walk_js::walk_class_element(self, it);
    }

    fn visit_method_definition(&mut self, it: &MethodDefinition<'a>) {
        self.method(it);
        walk_js::walk_method_definition(self, it);
    }

    fn visit_property_definition(&mut self, it: &PropertyDefinition<'a>) {
        self.property(it);
        walk_js::walk_property_definition(self, it);
    }

    fn visit_accessor_property(&mut self, it: &AccessorProperty<'a>) {
        self.accessor(it);
        walk_js::walk_accessor_property(self, it);
    }

    fn visit_call_expression(&mut self, it: &CallExpression<'a>) {
        self.blank_type(it.type_arguments.as_ref().map(|arguments| arguments.span));
        walk_js::walk_call_expression(self, it);
    }

    fn visit_new_expression(&mut self, it: &NewExpression<'a>) {
        self.blank_type(it.type_arguments.as_ref().map(|arguments| arguments.span));
        walk_js::walk_new_expression(self, it);
    }

    fn visit_tagged_template_expression(&mut self, it: &TaggedTemplateExpression<'a>) {
        self.blank_type(it.type_arguments.as_ref().map(|arguments| arguments.span));
        walk_js::walk_tagged_template_expression(self, it);
    }

    fn visit_ts_as_expression(&mut self, it: &TSAsExpression<'a>) {
        self.suffix(&it.expression, it.span);
        walk_js::walk_ts_as_expression(self, it);
    }

    fn visit_ts_satisfies_expression(&mut self, it: &TSSatisfiesExpression<'a>) {
        self.suffix(&it.expression, it.span);
        walk_js::walk_ts_satisfies_expression(self, it);
    }

    fn visit_ts_instantiation_expression(&mut self, it: &TSInstantiationExpression<'a>) {
        self.suffix(&it.expression, it.span);
        walk_js::walk_ts_instantiation_expression(self, it);
    }

    fn visit_ts_non_null_expression(&mut self, it: &TSNonNullExpression<'a>) {
        self.blanks.blank(end(it.span) - 1, end(it.span));
        walk_js::walk_ts_non_null_expression(self, it);
    }

    fn visit_ts_type_assertion(&mut self, it: &TSTypeAssertion<'a>) {
        self.assertion(it);
        walk_js::walk_ts_type_assertion(self, it);
    }

    fn visit_binary_expression(&mut self, it: &BinaryExpression<'a>) {
        self.binary(it);
        walk_js::walk_binary_expression(self, it);
    }

    fn visit_logical_expression(&mut self, it: &LogicalExpression<'a>) {
        self.logical(it);
        walk_js::walk_logical_expression(self, it);
    }
}
