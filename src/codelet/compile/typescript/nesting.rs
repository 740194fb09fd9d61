//! How deep and how often will the parser go? Decided before it starts, because nothing can stop it.
//!
//! The parser is a recursive descent over untrusted text with no limit of its own. Two things can go
//! wrong, and both are bounded here in one pass over the tokens:
//!
//! * **Depth.** `((((…`, `!!!!…` and `a + a + a + …` each recurse once per token, in the parser or
//!   in the walks over its tree. [`Shape::depth`] is never below that depth, in units of which one
//!   costs about [`STACK_PER_UNIT`] bytes of stack.
//! * **Repetition.** TypeScript cannot be read without guessing: `f<…` may be a call with type
//!   arguments, `(…` an arrow function, `infer X extends …` a constraint; a wrong guess is read
//!   again. Guesses inside guesses multiply, and where an expression sits inside a type (computed
//!   member name, parameter default) they do so without bound: 220 bytes can cost seconds and
//!   gigabytes. Every token is charged the most often it can be read; ordinary code averages below
//!   ten readings, [`READINGS`] is what a source may cost.

use super::text::Text;
use super::tokens::{Bracket, Kind, Refused, Token, Tokens};

/// Upper bound of the stack one unit of depth takes, in bytes. Unoptimised builds need far more.
pub(super) const STACK_PER_UNIT: usize = if cfg!(debug_assertions) { 8 * 1024 } else { 1024 };

/// Deepest source that is accepted, in units.
pub(super) const MAX_DEPTH: u32 = 20_000;

/// Units for one open bracket; every other token counts one.
const BRACKET: u32 = 3;

/// Readings allowed to any source, in tokens.
const READINGS: u64 = 100_000;

/// Further readings allowed per byte of source (a token and its space are about four bytes).
const READINGS_PER_BYTE: u64 = 8;

/// Largest power of two a token is charged; beyond it every source is refused anyway.
const MAX_DOUBLINGS: u32 = 40;

/// What one pass over the tokens found out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// Upper bound of the recursion depth, in units.
    pub(super) depth: u32,
}

/// Measures a source, or says where it goes too far.
pub(super) fn measure(source: &str) -> Result<Shape, Refused> {
    let text = Text::new(source);
    let mut tokens = Tokens::new(text);
    let mut walk = Walk::new(source);
    while let Some(token) = tokens.next()? {
        walk.step(token)?;
    }
    Ok(Shape { depth: walk.depth })
}

/// Counts for one open bracket. What is inside one statement or list item is counted up and
/// forgotten at its end; what the brackets around it hold is inherited.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    bracket: Option<Bracket>,
    /// Depth of everything outside this bracket.
    outer_depth: u32,
    /// Tokens since the statement or item began: each may be one recursion.
    chain: u32,
    /// Tokens that nest statements without brackets (`if`, `else`, `a:` …): `;` does not end those.
    nesting: u32,
    /// Guesses of the brackets around.
    outer_guesses: u32,
    /// `<` not yet closed: guesses that may still fail.
    angles: u32,
    /// Parameter lists whose arrow function is still going on.
    arrows: u32,
    /// This bracket itself may be a parameter list.
    operand: bool,
    /// Doublings of the brackets around, and of this one.
    outer_doublings: u32,
    /// `infer X extends` seen: its constraint may be read twice.
    constraints: u32,
    /// The bracket may be a binding pattern in a parameter list.
    pattern: bool,
    /// A default value has begun.
    default: bool,
}

impl Level {
    fn guesses(&self) -> u32 {
        self.outer_guesses + self.angles + self.arrows + u32::from(self.operand)
    }

    fn doublings(&self) -> u32 {
        let default = self.default && (self.bracket == Some(Bracket::Paren) || self.pattern);
        self.outer_doublings + self.constraints + 2 * u32::from(default)
    }

    /// A statement ended, so no guess reaches beyond this point.
    fn end_statement(&mut self) {
        self.chain = self.nesting;
        self.angles = 0;
        self.arrows = 0;
        self.constraints = 0;
        self.default = false;
    }
}

struct Walk<'s> {
    text: Text<'s>,
    budget: u64,
    depth: u32,
    level: Level,
    outer: Vec<Level>,
    /// The last three tokens, latest first, as kind and word.
    last: [(Option<Kind>, &'s str); 3],
    /// A line break stood before the latest token.
    newline: bool,
    /// The latest closed bracket may have been a parameter list.
    closed_operand: bool,
}

impl<'s> Walk<'s> {
    fn new(source: &'s str) -> Self {
        Self {
            text: Text::new(source),
            budget: READINGS + READINGS_PER_BYTE * source.len() as u64,
            depth: 0,
            level: Level::default(),
            outer: Vec::new(),
            last: [(None, ""); 3],
            newline: false,
            closed_operand: false,
        }
    }

    fn step(&mut self, token: Token) -> Result<(), Refused> {
        let word = match token.kind {
            Kind::Word => self.text.slice(token.start, token.end),
            _ => "",
        };
        if self.begins_statement(token, word) {
            self.level.end_statement();
        }
        self.level.chain += 1;
        self.charge(token)?;
        self.apply(token, word)?;
        self.closed_operand &= matches!(token.kind, Kind::Close(_));
        self.last = [(Some(token.kind), word), self.last[0], self.last[1]];
        self.newline = token.newline;
        Ok(())
    }

    /// Charges the token for every time it may be read.
    fn charge(&mut self, token: Token) -> Result<(), Refused> {
        let doublings = self.level.doublings().min(MAX_DOUBLINGS);
        let readings = u64::from(1 + self.level.guesses()) << doublings;
        self.budget = self.budget.checked_sub(readings).ok_or(Refused {
            at: token.start,
            message: "the types are nested in a way that takes too long to read",
        })?;
        Ok(())
    }

    fn apply(&mut self, token: Token, word: &str) -> Result<(), Refused> {
        match token.kind {
            Kind::Open(bracket) => self.open(bracket, token)?,
            Kind::Close(bracket) => self.close(bracket),
            Kind::Semicolon => self.level.end_statement(),
            // A comma inside type arguments ends neither the list nor the guess.
            Kind::Comma if self.level.angles == 0 => self.level.end_statement(),
            Kind::Less => self.level.angles += 1,
            Kind::Greater => self.level.angles = self.level.angles.saturating_sub(1),
            Kind::Assign => self.level.default = true,
            Kind::Arrow => self.level.arrows += u32::from(self.closed_operand),
            Kind::Colon => {
                self.level.arrows += u32::from(self.closed_operand);
                self.level.nesting += u32::from(self.is_label());
            }
            Kind::Word if self.last[0].0 != Some(Kind::Dot) => match word {
                "if" | "else" | "for" | "while" | "do" | "with" => self.level.nesting += 1,
                "extends" if self.last[1].1 == "infer" => self.level.constraints += 1,
                _ => {}
            },
            Kind::At => {
                return Err(Refused { at: token.start, message: "decorators are not supported" });
            }
            _ => {}
        }
        let depth = self.level.outer_depth.saturating_add(self.level.chain);
        self.depth = self.depth.max(depth);
        if self.depth > MAX_DEPTH {
            return Err(Refused { at: token.start, message: "code is nested too deeply" });
        }
        Ok(())
    }

    fn open(&mut self, bracket: Bracket, token: Token) -> Result<(), Refused> {
        let (before, word) = self.last[0];
        let outer = self.level;
        let operand = !token.newline && is_operand(before, word);
        let follows_pattern = matches!(
            before,
            Some(Kind::Open(_) | Kind::Comma | Kind::Colon | Kind::Spread | Kind::Word)
        );
        // The name in `{ [name]: … }` is an expression, in a type as well. So are the attributes
        // in `import('…', { … })`.
        let expression = match bracket {
            Bracket::Square => {
                outer.bracket == Some(Bracket::Curly)
                    && (token.newline
                        || matches!(
                            before,
                            Some(
                                Kind::Open(_)
                                    | Kind::Close(Bracket::Curly)
                                    | Kind::Semicolon
                                    | Kind::Comma
                                    | Kind::Word
                                    | Kind::Operator
                            )
                        ))
            }
            Bracket::Paren => word == "import",
            _ => false,
        };
        self.level = Level {
            bracket: Some(bracket),
            outer_depth: outer.outer_depth + outer.chain + BRACKET - 1,
            outer_guesses: outer.guesses(),
            operand: bracket == Bracket::Paren && (!operand || word == "async"),
            outer_doublings: outer.doublings() + 2 * u32::from(expression),
            pattern: matches!(bracket, Bracket::Square | Bracket::Curly)
                && follows_pattern
                && (outer.bracket == Some(Bracket::Paren) || outer.pattern),
            ..Level::default()
        };
        self.outer.push(outer);
        if self.outer.len() > MAX_DEPTH as usize {
            return Err(Refused { at: token.start, message: "code is nested too deeply" });
        }
        Ok(())
    }

    /// Leaves the bracket. A closer that does not fit is ignored, as in [`Tokens`].
    fn close(&mut self, bracket: Bracket) {
        if self.level.bracket != Some(bracket) {
            return;
        }
        if let Some(outer) = self.outer.pop() {
            self.closed_operand = self.level.operand;
            self.level = outer;
            // `a()()()` recurses once per call: count the closed group twice.
            self.level.chain += 1;
        }
    }

    /// Whether the token starts a new statement or member although no `;` says so: two operands in
    /// a row, separated by a line break, never belong to one expression or type.
    fn begins_statement(&self, token: Token, word: &str) -> bool {
        let (before, before_word) = self.last[0];
        token.newline
            && matches!(token.kind, Kind::Word | Kind::Literal)
            && !CONTINUES.contains(&word)
            && match before {
                Some(Kind::Literal | Kind::Close(_)) => true,
                Some(Kind::Word) => !EXPECTS_MORE.contains(&before_word),
                _ => false,
            }
    }

    /// Whether the latest word and a `:` after it may be a label.
    fn is_label(&self) -> bool {
        let [(latest, _), (before, _), _] = self.last;
        latest == Some(Kind::Word)
            && match before {
                None
                | Some(
                    Kind::Open(Bracket::Curly)
                    | Kind::Close(_)
                    | Kind::Semicolon
                    | Kind::Colon,
                ) => true,
                Some(Kind::Word | Kind::Literal) => true,
                _ => self.newline,
            }
    }
}

/// Words that continue the expression or type of the line before.
const CONTINUES: &[&str] =
    &["in", "instanceof", "as", "satisfies", "is", "of", "extends", "implements"];

/// Words after which the expression or type goes on.
const EXPECTS_MORE: &[&str] = &[
    "typeof", "keyof", "unique", "readonly", "infer", "new", "abstract", "asserts", "await",
    "yield", "delete", "void", "in", "instanceof", "extends", "as", "satisfies", "is", "of",
    "function", "class", "async", "return", "throw", "case", "default", "export", "import",
    "static", "get", "set", "implements", "declare", "override", "public", "private", "protected",
    "accessor", "const", "let", "var", "type", "interface", "enum", "namespace", "module",
];

fn is_operand(kind: Option<Kind>, word: &str) -> bool {
    match kind {
        Some(Kind::Literal | Kind::Close(_)) => true,
        Some(Kind::Word) => !EXPECTS_MORE.contains(&word) && !matches!(word, "else" | "do"),
        _ => false,
    }
}
