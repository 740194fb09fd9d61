//! Functions, their parameters, and the line breaks an arrow does not survive.

use oxc_ast::ast::{ArrowFunctionBody, ArrowFunctionExpression, FormalParameter, Function};
use oxc_span::GetSpan;

use super::{Eraser, end, start};

impl<'a> Eraser<'a> {
    pub(super) fn function(&mut self, it: &Function<'a>) {
        self.blank_type(it.type_parameters.as_ref().map(|parameters| parameters.span));
        if let Some(this) = &it.this_param {
            self.blank_item(this.span);
        }
        self.blank_type(it.return_type.as_ref().map(|annotation| annotation.span));
    }

    pub(super) fn parameter(&mut self, it: &FormalParameter<'a>) {
        // A modifier makes it a property of the class.
        self.rewrite |= it.accessibility.is_some() || it.readonly || it.r#override;
        if it.optional {
            self.blank_sign(end(it.pattern.span()), b'?');
        }
        self.blank_type(it.type_annotation.as_ref().map(|annotation| annotation.span));
    }

    /// No line may end between `async` and `(`, nor between `)` and `=>`. A type may hold line
    /// breaks in both places, so the parenthesis moves to the other side of the type.
    pub(super) fn arrow_function(&mut self, it: &ArrowFunctionExpression<'a>) {
        let parameters = it.params.span;
        if let Some(types) = &it.type_parameters {
            if self.text.has_newline(start(types.span), start(parameters)) {
                self.blanks.blank_but(start(types.span), start(parameters) + 1, '(');
            } else {
                self.blank(types.span);
            }
        }
        if let Some(result) = &it.return_type {
            let paren = end(parameters) - 1;
            if self.text.has_newline(paren, end(result.span)) {
                self.blanks.blank(paren, end(result.span));
                let last = self.text.slice(paren, end(result.span)).chars().next_back();
                self.blanks.mark(end(result.span) - last.map_or(1, char::len_utf8), ')');
            } else {
                self.blank(result.span);
            }
        }
        if !matches!(it.body, ArrowFunctionBody::FunctionBody(_)) {
            self.fragile = Some(start(it.body.span()));
        }
    }
}
