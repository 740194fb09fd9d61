//! A lexer that is never fooled: it reads exactly the tokens the parser will read, or refuses.
//!
//! Only one thing in the language cannot be lexed without parsing: whether a `/` divides or opens
//! a regular expression. Where the previous token decides it, it is decided. Where it does not
//! (after `}`, after a line break that may end a type, …) both readings are allowed as long as they
//! see the same brackets and quotes; otherwise the source is refused. That happens to no ordinary
//! code, and it is what lets [`super::nesting`] promise bounds for hostile code.

use super::text::{Text, is_line_terminator};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bracket {
    Paren,
    Square,
    Curly,
    /// `${ … }` inside a template literal.
    Template,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// An identifier or keyword, also a private name.
    Word,
    /// A number, string, regular expression, or template without substitutions.
    Literal,
    Open(Bracket),
    Close(Bracket),
    Arrow,
    /// `=` alone; the `=` of `>=` too, because it may follow a closing `>` of a type.
    Assign,
    Less,
    Greater,
    Comma,
    Semicolon,
    Colon,
    Question,
    Bang,
    /// `.` or `?.`
    Dot,
    Spread,
    /// `++` or `--`
    Step,
    At,
    Operator,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
    /// A line terminator lies between this token and the one before.
    pub(super) newline: bool,
}

/// Why the source was refused, and where.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refused {
    pub(super) at: usize,
    pub(super) message: &'static str,
}

/// What the tokens so far say about a `/` that comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    /// An operand is missing: only a regular expression fits.
    Operator,
    /// An operand is complete: only a division fits, unless a line break intervenes.
    Operand,
    Unsure,
}

#[derive(Debug)]
pub(super) struct Tokens<'s> {
    text: Text<'s>,
    at: usize,
    before: Before,
    /// The next word is a property name, so never a keyword.
    after_dot: bool,
    /// The previous token if it was a keyword or identifier, else `""`.
    word: &'s str,
    /// The word before that one.
    earlier_word: &'s str,
    /// Open brackets; `true` for a `(` that belongs to `if`, `while`, `for` or `with`.
    open: Vec<(Bracket, bool)>,
    /// A template chunk ended in `${`, whose opening is still to be reported.
    substitution: Option<(usize, usize)>,
    /// End of a span that may be a regular expression or two divisions.
    unsure_until: usize,
    /// Bytes that may still be searched for the ends of such spans.
    search: usize,
}

/// Bytes searched for regular expressions nobody can be sure of. Keeps the lexer linear.
const SEARCH: usize = 1 << 20;

impl<'s> Tokens<'s> {
    pub(super) fn new(text: Text<'s>) -> Self {
        let at = if text.starts_with(0, "#!") { text.line_end(0) } else { 0 };
        Self {
            text,
            at,
            before: Before::Operator,
            after_dot: false,
            word: "",
            earlier_word: "",
            open: Vec::new(),
            substitution: None,
            unsure_until: 0,
            search: SEARCH,
        }
    }

    /// The next token; `None` at the end and where the parser is certain to stop as well
    /// (an unterminated literal).
    pub(super) fn next(&mut self) -> Result<Option<Token>, Refused> {
        if let Some((start, end)) = self.substitution.take() {
            let token = Token { kind: Kind::Open(Bracket::Template), start, end, newline: false };
            return Ok(Some(self.accept(token)));
        }
        let (start, newline) = self.text.skip_trivia(self.at);
        if start >= self.text.len() {
            return Ok(None);
        }
        let Some((kind, end)) = self.read(start, newline)? else { return Ok(None) };
        Ok(Some(self.accept(Token { kind, start, end, newline })))
    }

    fn read(&mut self, start: usize, newline: bool) -> Result<Option<(Kind, usize)>, Refused> {
        let text = self.text;
        let next = text.byte(start + 1);
        let one = |kind| Some((kind, start + 1));
        Ok(match text.byte(start) {
            b'(' => one(Kind::Open(Bracket::Paren)),
            b'[' => one(Kind::Open(Bracket::Square)),
            b'{' => one(Kind::Open(Bracket::Curly)),
            b')' => one(Kind::Close(Bracket::Paren)),
            b']' => one(Kind::Close(Bracket::Square)),
            b'}' if self.open.last().is_some_and(|top| top.0 == Bracket::Template) => {
                self.template_chunk(start + 1).map(|end| (Kind::Close(Bracket::Template), end))
            }
            b'}' => one(Kind::Close(Bracket::Curly)),
            b',' => one(Kind::Comma),
            b';' => one(Kind::Semicolon),
            b':' => one(Kind::Colon),
            b'@' => one(Kind::At),
            b'>' => one(Kind::Greater),
            b'"' | b'\'' => self.string(start).map(|end| (Kind::Literal, end)),
            b'`' => self.template_chunk(start + 1).map(|end| match self.substitution {
                // The head and its `${` are one token: there is nothing between them.
                Some(_) => {
                    self.substitution = None;
                    (Kind::Open(Bracket::Template), end)
                }
                None => (Kind::Literal, end),
            }),
            b'/' => return self.slash(start, newline),
            b'.' if next.is_ascii_digit() => Some((Kind::Literal, self.number(start))),
            b'.' if text.starts_with(start, "...") => Some((Kind::Spread, start + 3)),
            b'.' => one(Kind::Dot),
            b'?' if next == b'.' && !text.byte(start + 2).is_ascii_digit() => {
                Some((Kind::Dot, start + 2))
            }
            b'?' if next != b'?' => one(Kind::Question),
            b'=' if next == b'>' => Some((Kind::Arrow, start + 2)),
            b'=' if next != b'=' => one(Kind::Assign),
            b'<' if newline && text.starts_with(start, "<!--") => {
                return Err(Refused {
                    at: start,
                    message: "HTML-like comments are not allowed in a module",
                });
            }
            b'<' if next != b'=' => one(Kind::Less),
            b'!' if next != b'=' => one(Kind::Bang),
            byte @ (b'+' | b'-') if next == byte => Some((Kind::Step, start + 2)),
            b'0'..=b'9' => Some((Kind::Literal, self.number(start))),
            b'#' => Some((Kind::Word, text.word_end(start + 1))),
            byte if OPERATORS.contains(&byte) => Some((Kind::Operator, self.operator(start))),
            _ => {
                let end = text.word_end(start);
                let end = if end > start { end } else { start + self.char_len(start) };
                Some((Kind::Word, end))
            }
        })
    }

    /// Records what a token says about the next one, and moves past it.
    fn accept(&mut self, token: Token) -> Token {
        let word = match token.kind {
            Kind::Word if !self.after_dot => self.text.slice(token.start, token.end),
            _ => "",
        };
        let before = match token.kind {
            Kind::Word => before_after_word(word),
            Kind::Literal => Before::Operand,
            Kind::Open(bracket) => {
                let head = matches!(self.word, "if" | "while" | "for" | "with")
                    || (self.word == "await" && self.earlier_word == "for");
                self.open.push((bracket, head));
                Before::Operator
            }
            Kind::Close(bracket) => self.close(bracket),
            Kind::Greater | Kind::Step => Before::Unsure,
            // Postfix on the same line, prefix otherwise.
            Kind::Bang if self.before == Before::Operand && token.newline => Before::Operator,
            Kind::Bang => self.before,
            _ => Before::Operator,
        };
        self.before = if token.end <= self.unsure_until { Before::Unsure } else { before };
        self.after_dot = token.kind == Kind::Dot;
        self.earlier_word = self.word;
        self.word = word;
        self.at = token.end;
        token
    }

    /// Pops the bracket if it is the one that is open. A wrong closer pops nothing, so the depth
    /// is over-counted rather than under-counted.
    fn close(&mut self, bracket: Bracket) -> Before {
        let Some(&(open, head)) = self.open.last() else { return Before::Unsure };
        if open != bracket {
            return Before::Unsure;
        }
        self.open.pop();
        match bracket {
            Bracket::Paren if head => Before::Operator,
            Bracket::Curly => Before::Unsure,
            _ => Before::Operand,
        }
    }

    /// The end of a one- to three-character operator.
    fn operator(&self, start: usize) -> usize {
        let byte = self.text.byte(start);
        let mut end = start + 1;
        if matches!(byte, b'*' | b'&' | b'|' | b'?') && self.text.byte(end) == byte {
            end += 1;
        }
        while self.text.byte(end) == b'=' && end < start + 3 {
            end += 1;
        }
        end
    }

    fn string(&self, start: usize) -> Option<usize> {
        let quote = self.text.byte(start);
        let mut at = start + 1;
        while at < self.text.len() {
            match self.text.byte(at) {
                b'\\' if self.text.starts_with(at + 1, "\r\n") => at += 3,
                b'\\' => at += 2,
                b'\n' | b'\r' => return None,
                byte if byte == quote => return Some(at + 1),
                _ => at += 1,
            }
        }
        None
    }

    /// Reads template text from `start` to the closing backtick or just past `${`.
    fn template_chunk(&mut self, start: usize) -> Option<usize> {
        let mut at = start;
        while at < self.text.len() {
            match self.text.byte(at) {
                b'\\' => at += 2,
                b'`' => return Some(at + 1),
                b'$' if self.text.byte(at + 1) == b'{' => {
                    self.substitution = Some((at, at + 2));
                    return Some(at + 2);
                }
                _ => at += 1,
            }
        }
        None
    }

    fn number(&self, start: usize) -> usize {
        let mut at = start;
        loop {
            let end = self.text.word_end(at);
            if self.text.byte(end) != b'.' {
                return end;
            }
            at = end + 1;
        }
    }

    fn slash(&mut self, start: usize, newline: bool) -> Result<Option<(Kind, usize)>, Refused> {
        let divide = Some((Kind::Operator, start + 1));
        match self.before {
            Before::Operator => {
                let end = self.regex_end(start);
                return Ok(end.map(|end| (Kind::Literal, self.text.word_end(end))));
            }
            Before::Operand if !newline => return Ok(divide),
            _ => {}
        }
        let unclear = Refused {
            at: start,
            message: "it is unclear whether this `/` divides or starts a regular expression; \
                      put the expression in parentheses",
        };
        // Without a second `/` on the line it cannot be a regular expression.
        let end = self.regex_end(start);
        let searched = end.unwrap_or_else(|| self.text.line_end(start)) - start;
        self.search = self.search.checked_sub(searched).ok_or(unclear)?;
        let Some(end) = end else { return Ok(divide) };
        if !self.text.slice(start + 1, end - 1).chars().all(is_neutral) {
            return Err(unclear);
        }
        self.unsure_until = self.unsure_until.max(end);
        Ok(divide)
    }

    /// The offset after the `/` that would close a regular expression opened at `start`.
    fn regex_end(&self, start: usize) -> Option<usize> {
        let mut escaped = false;
        let mut class = false;
        for (offset, c) in self.text.slice(start + 1, self.text.len()).char_indices() {
            match c {
                _ if is_line_terminator(c) => return None,
                _ if escaped => escaped = false,
                '/' if !class => return Some(start + 1 + offset + 1),
                '[' => class = true,
                ']' => class = false,
                '\\' => escaped = true,
                _ => {}
            }
        }
        None
    }

    fn char_len(&self, at: usize) -> usize {
        self.text.char(at).map_or(1, char::len_utf8)
    }
}

/// Characters that mean the same to the nesting count inside and outside a regular expression.
fn is_neutral(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | ' ' | '\t' | '.' | '+' | '-' | '*' | '%')
}

const OPERATORS: &[u8] = b"+-*%&|^~?!=<";

fn before_after_word(word: &str) -> Before {
    match word {
        // Reserved everywhere, and each needs an operand.
        "return" | "typeof" | "case" | "delete" | "void" | "throw" | "new" | "in"
        | "instanceof" | "else" | "do" | "extends" | "default" => Before::Operator,
        // Keywords in one place, identifiers in another.
        "await" | "yield" | "of" => Before::Unsure,
        _ => Before::Operand,
    }
}
