//! A lexer that is never fooled: it reads exactly the tokens the parser will read, or refuses.
//!
//! Only one thing in the language cannot be lexed without parsing: whether a `/` divides or opens
//! a regular expression. Where the previous token decides it, it is decided. Where it does not
//! (after `}`, after a line break that may end a type, …) both readings are allowed as long as they
//! see the same brackets and quotes; otherwise the source is refused. That happens to no ordinary
//! code, and it is what lets [`super::nesting`] promise bounds for hostile code.

use super::text::{Text, is_line_terminator};
use super::words::Word;

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

/// Small enough to be returned in registers; it is made for every token of every source.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) kind: Kind,
    /// A line terminator lies between this token and the one before.
    pub(super) newline: bool,
    /// What is known of a keyword; of a `)`, whether it closes the head of a statement.
    pub(super) word: Word,
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
    /// The previous token if it was a keyword.
    word: Word,
    /// The one before that.
    earlier_word: Word,
    /// Open brackets; `true` for a `(` that belongs to `if`, `while`, `for` or `with`.
    open: Vec<(Bracket, bool)>,
    /// A template chunk ended in `${`, whose opening is still to be reported.
    substitution: Option<(usize, usize)>,
    /// End of a span that may be a regular expression or two divisions.
    unsure_until: usize,
    /// Bytes that may still be searched for the ends of such spans.
    search: usize,
    refused: Option<Refused>,
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
            word: Word::NONE,
            earlier_word: Word::NONE,
            open: Vec::new(),
            substitution: None,
            unsure_until: 0,
            search: SEARCH,
            refused: None,
        }
    }

    /// The next token. `None` at the end, where the parser is certain to stop as well (an
    /// unterminated literal), and where the source is refused.
    pub(super) fn next(&mut self) -> Option<Token> {
        if let Some((start, end)) = self.substitution.take() {
            return Some(self.accept(Kind::Open(Bracket::Template), start, end, false));
        }
        let (start, newline) = self.text.skip_trivia(self.at);
        if start >= self.text.len() {
            return None;
        }
        let (kind, end) = self.read(start, newline)?;
        Some(self.accept(kind, start, end, newline))
    }

    /// Why [`next`](Self::next) ended early, if it did.
    pub(super) fn refused(self) -> Option<Refused> {
        self.refused
    }

    fn refuse(&mut self, at: usize, message: &'static str) -> Option<(Kind, usize)> {
        self.refused = Some(Refused { at, message });
        None
    }

    fn read(&mut self, start: usize, newline: bool) -> Option<(Kind, usize)> {
        let text = self.text;
        let next = text.byte(start + 1);
        let one = |kind| Some((kind, start + 1));
        match text.byte(start) {
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
            b'/' => self.slash(start, newline),
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
                self.refuse(start, "HTML-like comments are not allowed in a module")
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
        }
    }

    /// Records what a token says about the next one, and moves past it.
    fn accept(&mut self, kind: Kind, start: usize, end: usize, newline: bool) -> Token {
        let word = match kind {
            Kind::Word if !self.after_dot => Word::of(self.text.slice(start, end)),
            _ => Word::NONE,
        };
        let before = match kind {
            Kind::Word if word.has(Word::PREFIX) => Before::Operator,
            Kind::Word if word.has(Word::UNSURE) => Before::Unsure,
            Kind::Word | Kind::Literal => Before::Operand,
            Kind::Open(bracket) => {
                let head = self.word.has(Word::HEAD)
                    || (self.word.has(Word::AWAIT) && self.earlier_word.has(Word::FOR));
                self.open.push((bracket, head));
                Before::Operator
            }
            Kind::Close(bracket) => self.close(bracket),
            Kind::Greater | Kind::Step => Before::Unsure,
            // Postfix on the same line, prefix otherwise.
            Kind::Bang if self.before == Before::Operand && newline => Before::Operator,
            Kind::Bang => self.before,
            _ => Before::Operator,
        };
        self.before = if end <= self.unsure_until { Before::Unsure } else { before };
        self.after_dot = kind == Kind::Dot;
        self.earlier_word = self.word;
        self.word = word;
        self.at = end;
        let closes_head = kind == Kind::Close(Bracket::Paren) && before == Before::Operator;
        let word = if closes_head { Word::HEAD } else { word };
        Token { start: offset(start), end: offset(end), kind, newline, word }
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

    fn slash(&mut self, start: usize, newline: bool) -> Option<(Kind, usize)> {
        let divide = Some((Kind::Operator, start + 1));
        match self.before {
            Before::Operator => {
                let end = self.regex_end(start);
                return end.map(|end| (Kind::Literal, self.text.word_end(end)));
            }
            Before::Operand if !newline => return divide,
            _ => {}
        }
        // Without a second `/` on the line it cannot be a regular expression.
        let end = self.regex_end(start);
        let searched = end.unwrap_or_else(|| self.text.line_end(start)) - start;
        let neutral =
            end.is_none_or(|end| self.text.slice(start + 1, end - 1).chars().all(is_neutral));
        if !neutral || searched > self.search {
            return self.refuse(
                start,
                "it is unclear whether this `/` divides or starts a regular expression; put the \
                 expression in parentheses",
            );
        }
        self.search -= searched;
        self.unsure_until = self.unsure_until.max(end.unwrap_or(0));
        divide
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

/// Sources are shorter than 4 GiB; see [`super::strip`].
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Characters that mean the same to the nesting count inside and outside a regular expression.
fn is_neutral(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | ' ' | '\t' | '.' | '+' | '-' | '*' | '%')
}

const OPERATORS: &[u8] = b"+-*%&|^~?!=<";
