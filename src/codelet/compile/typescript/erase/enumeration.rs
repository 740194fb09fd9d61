//! Enum members whose values would outgrow the source.
//!
//! Path two works constant members out, strings included. `a = 'x', b = a + a, c = b + b, …`
//! doubles with every member, so the text that would be copied is counted first.

use oxc_ast::ast::{Expression, TSEnumMember, TSEnumMemberName};

use super::Eraser;

/// Length of a number written out; the longest has 25 characters.
const NUMBER: usize = 32;

/// Text that may be copied for any source, and for each of its bytes.
const COPIED: usize = 64 * 1024;
const COPIED_PER_BYTE: usize = 64;

impl<'a> Eraser<'a> {
    pub(super) fn enum_member(&mut self, it: &TSEnumMember<'a>) {
        let length = it.initializer.as_ref().map_or(NUMBER, |value| self.text_length(value));
        let name = match &it.id {
            TSEnumMemberName::Identifier(name) => Some(name.name.as_str()),
            TSEnumMemberName::String(name) | TSEnumMemberName::ComputedString(name) => {
                Some(name.value.as_str())
            }
            TSEnumMemberName::ComputedTemplateString(_) => None,
        };
        if let Some(name) = name {
            let longest = self.members.entry(name).or_default();
            *longest = length.max(*longest);
        }
        if self.copied > COPIED + COPIED_PER_BYTE * self.text.len() {
            self.refuse(it.span, "the values of enum members grow too long");
        }
    }

    /// The longest text an expression may stand for, whatever enum its names belong to. Counts
    /// what is copied on the way.
    fn text_length(&mut self, it: &Expression<'a>) -> usize {
        let length = match it {
            Expression::StringLiteral(it) => it.value.len(),
            Expression::TemplateLiteral(it) => {
                let text: usize = it.quasis.iter().map(|part| part.value.raw.len()).sum();
                it.expressions
                    .iter()
                    .fold(text, |length, value| length.saturating_add(self.text_length(value)))
            }
            Expression::BinaryExpression(it) => {
                self.text_length(&it.left).saturating_add(self.text_length(&it.right))
            }
            Expression::UnaryExpression(it) => self.text_length(&it.argument),
            Expression::ParenthesizedExpression(it) => self.text_length(&it.expression),
            Expression::Identifier(it) => self.member_length(it.name.as_str()),
            Expression::StaticMemberExpression(it) => self.member_length(it.property.name.as_str()),
            Expression::ComputedMemberExpression(it) => match &it.expression {
                Expression::StringLiteral(name) => self.member_length(name.value.as_str()),
                _ => 0,
            },
            Expression::NumericLiteral(_) => NUMBER,
            // Everything else is left to run time.
            _ => 0,
        };
        self.copied = self.copied.saturating_add(length);
        length
    }

    fn member_length(&self, name: &str) -> usize {
        self.members.get(name).copied().unwrap_or(NUMBER)
    }
}
