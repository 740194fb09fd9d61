//! Casts and type arguments in expressions.

use oxc_ast::ast::{
    BinaryExpression, BinaryOperator, Expression, LogicalExpression, LogicalOperator, Span,
    TSTypeAssertion,
};
use oxc_span::GetSpan;

use super::{Eraser, end, start};

impl<'a> Eraser<'a> {
    /// Blanks what follows `expression` in `span`: `as T`, `satisfies T` or `<T>`. If it ended a
    /// statement, a `;` still does: the next line may begin with `(` or `[`.
    pub(super) fn suffix(&mut self, expression: &Expression<'a>, span: Span) {
        let from = end(expression.span());
        if end(span) == self.end {
            self.blanks.blank_but(from, end(span), ';');
        } else {
            self.blanks.blank(from, end(span));
        }
    }

    /// Blanks the `<T>` of `<T>expression`, unless that would begin a statement with `{` or the
    /// like, or leave a line break where `return` would stop at it.
    pub(super) fn assertion(&mut self, it: &TSTypeAssertion<'a>) {
        let (from, to) = (start(it.span), start(it.expression.span()));
        let first = self.text.token_at(to);
        let unsafe_start = matches!(self.text.byte(first), b'{' | b'[' | b'<')
            || matches!(self.text.word(first), "function" | "class" | "let" | "async");
        if self.text.has_newline(from, to) || (self.fragile == Some(from) && unsafe_start) {
            self.rewrite = true;
        }
        self.blanks.blank(from, to);
    }

    /// A cast binds as tightly as `<`, so `a + b as T * c` is `(a + b) * c`.
    pub(super) fn binary(&mut self, it: &BinaryExpression<'a>) {
        let (inner, cast) = without_casts(&it.left);
        if !cast {
            return;
        }
        self.rewrite |= match inner {
            _ if it.operator == BinaryOperator::Exponential => true,
            Expression::BinaryExpression(inner) => {
                tightness(inner.operator) < tightness(it.operator)
            }
            _ => false,
        };
    }

    /// `a ?? b as T || c` is allowed, `a ?? b || c` is not.
    pub(super) fn logical(&mut self, it: &LogicalExpression<'a>) {
        let coalesce = it.operator == LogicalOperator::Coalesce;
        for side in [&it.left, &it.right] {
            if let (Expression::LogicalExpression(inner), _) = without_casts(side) {
                self.rewrite |= (inner.operator == LogicalOperator::Coalesce) != coalesce;
            }
        }
    }
}

/// The expression inside any number of `as` and `satisfies`, and whether there were any.
fn without_casts<'e, 'a>(expression: &'e Expression<'a>) -> (&'e Expression<'a>, bool) {
    let mut inner = expression;
    let mut cast = false;
    loop {
        inner = match inner {
            Expression::TSAsExpression(it) => &it.expression,
            Expression::TSSatisfiesExpression(it) => &it.expression,
            _ => return (inner, cast),
        };
        cast = true;
    }
}

/// How tightly an operator binds; 0 for all that bind no tighter than a cast.
fn tightness(operator: BinaryOperator) -> u8 {
    match operator {
        BinaryOperator::Exponential => 4,
        BinaryOperator::Multiplication | BinaryOperator::Division | BinaryOperator::Remainder => 3,
        BinaryOperator::Addition | BinaryOperator::Subtraction => 2,
        BinaryOperator::ShiftLeft
        | BinaryOperator::ShiftRight
        | BinaryOperator::ShiftRightZeroFill => 1,
        _ => 0,
    }
}
