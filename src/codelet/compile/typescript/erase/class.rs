//! Classes: modifiers, members without a body, and the line breaks between members.

use oxc_ast::ast::{
    AccessorProperty, AccessorPropertyType, Class, ClassBody, ClassElement, MethodDefinition,
    MethodDefinitionType, PropertyDefinition, PropertyDefinitionType, PropertyKey, Span,
};
use oxc_ast_visit::VisitJs;
use oxc_span::GetSpan;

use super::{Eraser, end, start};

impl<'a> Eraser<'a> {
    pub(super) fn class(&mut self, it: &Class<'a>) {
        let mut at = start(it.span);
        if it.r#abstract {
            let after = self.text.word_end(at);
            self.blanks.blank(at, after);
            at = self.text.token_at(after);
        }
        at = it.id.as_ref().map_or(self.text.word_end(at), |id| end(id.span));
        if let Some(types) = &it.type_parameters {
            self.blank(types.span);
            at = end(types.span);
        }
        if let Some(heritage) = &it.heritage {
            at = end(heritage.expression.span());
            if let Some(types) = &heritage.type_arguments {
                self.blank(types.span);
                at = end(types.span);
            }
        }
        if let Some(last) = it.implements.last() {
            let keyword = self.text.token_at(at);
            if self.text.word(keyword) == "implements" {
                self.blanks.blank(keyword, end(last.span));
            } else {
                self.rewrite = true;
            }
        }
    }

    /// Visits the members in order, because a field without `;` may run on into the next member
    /// once that has lost its modifiers.
    pub(super) fn class_body(&mut self, it: &ClassBody<'a>) {
        let outer_end = self.end;
        let module_level = std::mem::replace(&mut self.module_level, false);
        let mut open = false;
        for element in &it.body {
            let span = element.span();
            if is_type(element) {
                self.blank_statement(span);
                open = false;
                continue;
            }
            if let Some(key) = key(element) {
                self.modifiers(start(span), start(key), open);
            }
            self.end = end(span);
            self.visit_class_element(element);
            open = is_field(element) && !self.ends_with_semicolon(span);
        }
        self.module_level = module_level;
        self.end = outer_end;
    }

    /// Blanks the TypeScript modifiers between `at` and the name of a member. `open` says that the
    /// field before has no `;`, so that a `;` takes the place of the first modifier.
    fn modifiers(&mut self, at: usize, name: usize, open: bool) {
        let mut open = open;
        let mut at = self.text.token_at(at);
        while at < name {
            let after = self.text.word_end(at);
            match self.text.slice(at, after) {
                "public" | "private" | "protected" | "readonly" | "override" if open => {
                    self.blanks.blank_but(at, after, ';');
                }
                "public" | "private" | "protected" | "readonly" | "override" => {
                    self.blanks.blank(at, after);
                }
                // Not a word: `*` or the `[` of a computed name.
                "" => return,
                _ => {}
            }
            open = false;
            at = self.text.token_at(after);
        }
    }

    pub(super) fn method(&mut self, it: &MethodDefinition<'a>) {
        if it.optional {
            self.blank_sign(self.name_end(&it.key, it.computed), b'?');
        }
    }

    pub(super) fn property(&mut self, it: &PropertyDefinition<'a>) {
        let name_end = self.name_end(&it.key, it.computed);
        let mut sign = None;
        if it.optional {
            sign = self.blank_sign(name_end, b'?');
        } else if it.definite {
            sign = self.blank_sign(name_end, b'!');
        }
        let annotation = it.type_annotation.as_ref().map(|annotation| annotation.span);
        self.blank_type(annotation);
        // `get: T` and a line break must not become the accessor `get`.
        let first = sign.or(annotation.map(start));
        if let (None, Some(first)) = (&it.value, first)
            && !self.ends_with_semicolon(it.span)
        {
            self.blanks.mark(first, ';');
        }
    }

    pub(super) fn accessor(&mut self, it: &AccessorProperty<'a>) {
        if it.definite {
            self.blank_sign(self.name_end(&it.key, it.computed), b'!');
        }
        self.blank_type(it.type_annotation.as_ref().map(|annotation| annotation.span));
    }

    fn name_end(&self, key: &PropertyKey<'a>, computed: bool) -> usize {
        let at = end(key.span());
        if computed { self.text.token_at(at) + 1 } else { at }
    }

    fn ends_with_semicolon(&self, span: Span) -> bool {
        self.text.byte(end(span) - 1) == b';'
            || self.text.byte(self.text.token_at(end(span))) == b';'
    }
}

fn key(element: &ClassElement<'_>) -> Option<Span> {
    match element {
        ClassElement::MethodDefinition(it) => Some(it.key.span()),
        ClassElement::PropertyDefinition(it) => Some(it.key.span()),
        ClassElement::AccessorProperty(it) => Some(it.key.span()),
        ClassElement::StaticBlock(_) | ClassElement::TSIndexSignature(_) => None,
    }
}

fn is_field(element: &ClassElement) -> bool {
    matches!(element, ClassElement::PropertyDefinition(_) | ClassElement::AccessorProperty(_))
}

/// Whether nothing of the member is left at run time.
fn is_type(element: &ClassElement) -> bool {
    match element {
        ClassElement::TSIndexSignature(_) => true,
        ClassElement::StaticBlock(_) => false,
        ClassElement::MethodDefinition(it) => {
            it.r#type == MethodDefinitionType::TSAbstractMethodDefinition || it.value.body.is_none()
        }
        ClassElement::PropertyDefinition(it) => {
            it.declare || it.r#type == PropertyDefinitionType::TSAbstractPropertyDefinition
        }
        ClassElement::AccessorProperty(it) => {
            it.r#type == AccessorPropertyType::TSAbstractAccessorProperty
        }
    }
}
