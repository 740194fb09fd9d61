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
use super::words::Word;

/// Upper bound of the stack one unit of depth takes, in bytes. Unoptimised builds need far more.
pub(super) const STACK_PER_UNIT: usize = if cfg!(debug_assertions) { 4096 } else { 1536 };

/// Deepest source that is accepted, in units.
pub(super) const MAX_DEPTH: u32 = 20_000;

/// Units for one open bracket; every other token counts one.
const BRACKET: u32 = 3;

/// Bytes any source may cost to read, every reading counted.
const READINGS: u64 = 400_000;

/// Further bytes of reading allowed per byte of source.
const READINGS_PER_BYTE: u64 = 48;

/// Least cost of a token, in bytes: the parser works harder on `(((` than on one long word.
const LEAST_COST: u32 = 4;

/// Largest power of two a token is charged; beyond it every source is refused anyway.
const MAX_DOUBLINGS: u32 = 40;

const TOO_DEEP: &str = "code is nested too deeply";

/// What one pass over the tokens found out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// Upper bound of the recursion depth, in units.
    pub(super) depth: u32,
}

/// Measures a source, or says where it goes too far.
pub(super) fn measure(source: &str) -> Result<Shape, Refused> {
    let mut tokens = Tokens::new(Text::new(source));
    let mut walk = Walk::new(READINGS + READINGS_PER_BYTE * source.len() as u64);
    while let Some(token) = tokens.next() {
        walk.step(token)?;
    }
    tokens.refused().map_or(Ok(Shape { depth: walk.depth }), Err)
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
    /// Statements nested without brackets (`if`, `else`, `a:` …); they end together.
    nesting: u32,
    /// `do` of this bracket: what follows its body is still part of it.
    loops: u32,
    /// What the brackets around add to `angles` and to `lists`.
    outer_angles: u32,
    outer_lists: u32,
    /// `<` not yet closed: each may have been taken for type arguments.
    angles: u32,
    /// Parameter lists whose arrow function is still going on: each may turn out to be none.
    lists: u32,
    /// This bracket itself may be a parameter list.
    may_be_list: bool,
    /// Doublings of the brackets around, and of this one.
    outer_doublings: u32,
    /// Where this bracket's part of [`Walk::constraints`] begins.
    first_constraint: usize,
    /// The bracket may be a binding pattern in a parameter list.
    pattern: bool,
    /// A default value has begun.
    default: bool,
}

impl Level {
    fn angles(&self) -> u32 {
        self.outer_angles + self.angles
    }

    fn lists(&self) -> u32 {
        self.outer_lists + self.lists + u32::from(self.may_be_list)
    }

    /// A statement or list item ended, so no guess reaches beyond this point.
    fn end_item(&mut self) {
        self.chain = self.nesting + self.loops;
        self.angles = 0;
        self.lists = 0;
        self.default = false;
    }
}

struct Walk {
    /// Bytes that may still be read.
    budget: u64,
    depth: u32,
    /// End of the latest token.
    end: u32,
    /// Length of the run of `static` up to here.
    statics: u64,
    level: Level,
    outer: Vec<Level>,
    /// For each clause that may be read twice (`infer X extends …` and the head of an interface):
    /// how many `<` were open before it.
    constraints: Vec<u32>,
    /// The last three tokens, latest first.
    last: [Seen; 3],
    /// A line break stood before the latest token.
    newline: bool,
    /// The latest token was a `;`.
    ended: bool,
    /// The latest closed bracket may have been a parameter list.
    closed_list: bool,
}

/// What is remembered of a token.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    kind: Option<Kind>,
    word: Word,
}

impl Walk {
    fn new(budget: u64) -> Self {
        Self {
            budget,
            depth: 0,
            end: 0,
            statics: 0,
            level: Level::default(),
            outer: Vec::new(),
            constraints: Vec::new(),
            last: [Seen::default(); 3],
            newline: false,
            ended: false,
            closed_list: false,
        }
    }

    fn step(&mut self, token: Token) -> Result<(), Refused> {
        self.charge(token)?;
        if self.ended || (token.newline && self.begins_statement(token)) {
            self.ended = false;
            if !token.word.has(Word::ELSE) {
                self.level.nesting = 0;
            }
            self.end_item();
        }
        self.level.chain += 1;
        self.apply(token)?;
        self.closed_list &= matches!(token.kind, Kind::Close(_));
        self.last = [Seen { kind: Some(token.kind), word: token.word }, self.last[0], self.last[1]];
        self.newline = token.newline;
        Ok(())
    }

    /// Charges the token, and the white space before it, for every time it may be read.
    fn charge(&mut self, token: Token) -> Result<(), Refused> {
        // The parser looks past any run of `static` to see what it modifies.
        self.statics = if token.word.has(Word::STATIC) { self.statics + 1 } else { 0 };
        let cost = u64::from((token.end - self.end).max(LEAST_COST));
        self.end = token.end;
        let cost = cost.saturating_mul(self.readings() + self.statics);
        self.budget = self
            .budget
            .checked_sub(cost)
            .ok_or(Refused { at: token.start as usize, message: TOO_DEEP })?;
        Ok(())
    }

    /// How often a token here may be read.
    fn readings(&self) -> u64 {
        // Wrong guesses of one kind add up, those of different kinds multiply.
        let guesses = u64::from(1 + self.level.angles()) * u64::from(1 + self.level.lists());
        guesses.saturating_mul(1 << self.doublings().min(MAX_DOUBLINGS))
    }

    fn doublings(&self) -> u32 {
        let level = &self.level;
        let default = level.default && (level.bracket == Some(Bracket::Paren) || level.pattern);
        let constraints = self.constraints.len() - level.first_constraint;
        let constraints = u32::try_from(constraints).unwrap_or(MAX_DOUBLINGS);
        level.outer_doublings.saturating_add(constraints) + 2 * u32::from(default)
    }

    fn end_item(&mut self) {
        self.level.end_item();
        self.constraints.truncate(self.level.first_constraint);
    }

    /// Ends the constraints that began with at least `angles` open `<`.
    fn end_constraints(&mut self, angles: u32) {
        while self.constraints.len() > self.level.first_constraint
            && self.constraints.last().is_some_and(|&began| began >= angles)
        {
            self.constraints.pop();
        }
    }

    fn apply(&mut self, token: Token) -> Result<(), Refused> {
        match token.kind {
            Kind::Open(bracket) => self.open(bracket, token),
            Kind::Close(bracket) => self.close(bracket),
            Kind::Semicolon => self.ended = true,
            // A comma inside type arguments ends neither the list nor the guess.
            Kind::Comma if self.level.angles == 0 => self.end_item(),
            Kind::Comma | Kind::Question => self.end_constraints(self.level.angles),
            Kind::Less => self.level.angles += 1,
            Kind::Greater => {
                self.end_constraints(self.level.angles);
                self.level.angles = self.level.angles.saturating_sub(1);
            }
            // `1 << 2` holds no type arguments.
            Kind::Literal if self.follows_shift() => {
                self.level.angles = self.level.angles.saturating_sub(2);
            }
            Kind::Assign => self.level.default = true,
            Kind::Arrow => self.level.lists += u32::from(self.closed_list),
            Kind::Colon => {
                self.level.lists += u32::from(self.closed_list);
                self.level.nesting += u32::from(self.is_label());
            }
            Kind::Word if token.word.has(Word::DO) => self.level.loops += 1,
            Kind::Word if token.word.has(Word::NESTS) => self.level.nesting += 1,
            // What an interface extends is read again if it is no type.
            Kind::Word if token.word.has(Word::INTERFACE) => {
                self.constraints.push(self.level.angles);
            }
            Kind::Word if token.word.has(Word::EXTENDS) && self.last[1].word.has(Word::INFER) => {
                self.constraints.push(self.level.angles);
            }
            Kind::At => {
                return Err(Refused {
                    at: token.start as usize,
                    message: "decorators are not supported",
                });
            }
            _ => {}
        }
        let depth = self.level.outer_depth.saturating_add(self.level.chain);
        self.depth = self.depth.max(depth);
        if self.depth > MAX_DEPTH {
            return Err(Refused { at: token.start as usize, message: TOO_DEEP });
        }
        Ok(())
    }

    fn open(&mut self, bracket: Bracket, token: Token) {
        let Seen { kind: before, word } = self.last[0];
        let outer = self.level;
        // In `{ [name]: … }` the name is an expression, in a type as well. So are the attributes
        // in `import('…', { … })`.
        let expression = match bracket {
            Bracket::Square => {
                outer.bracket == Some(Bracket::Curly)
                    && (token.newline
                        || word.has(Word::MODIFIER)
                        || matches!(before, Some(Kind::Open(_) | Kind::Semicolon | Kind::Comma)))
            }
            Bracket::Paren => word.has(Word::IMPORT),
            _ => false,
        };
        let pattern = matches!(bracket, Bracket::Square | Bracket::Curly)
            && (outer.bracket == Some(Bracket::Paren) || outer.pattern)
            && (word.has(Word::MODIFIER)
                || matches!(
                    before,
                    Some(Kind::Open(_) | Kind::Comma | Kind::Colon | Kind::Spread)
                ));
        // After an operand it is a call, except that `async` may begin an arrow function.
        let may_be_list = bracket == Bracket::Paren
            && (token.newline || word.has(Word::ASYNC) || !is_operand(before, word));
        self.level = Level {
            bracket: Some(bracket),
            outer_depth: outer.outer_depth + outer.chain + BRACKET - 1,
            outer_angles: outer.angles(),
            outer_lists: outer.lists(),
            may_be_list,
            outer_doublings: self.doublings() + 2 * u32::from(expression),
            first_constraint: self.constraints.len(),
            pattern,
            ..Level::default()
        };
        self.outer.push(outer);
    }

    /// Leaves the bracket. A closer that does not fit is ignored, as in [`Tokens`].
    fn close(&mut self, bracket: Bracket) {
        if self.level.bracket != Some(bracket) {
            return;
        }
        if let Some(outer) = self.outer.pop() {
            self.closed_list = self.level.may_be_list;
            self.constraints.truncate(self.level.first_constraint);
            self.level = outer;
            // `a()()()` recurses once per call: count the closed group twice.
            self.level.chain += 1;
        }
    }

    fn follows_shift(&self) -> bool {
        self.last[0].kind == Some(Kind::Less) && self.last[1].kind == Some(Kind::Less)
    }

    /// Whether a token on a new line starts a statement or member although no `;` says so: two
    /// operands in a row never belong to one expression or type.
    fn begins_statement(&self, token: Token) -> bool {
        let Seen { kind, word } = self.last[0];
        let complete = match kind {
            Some(Kind::Literal | Kind::Close(_)) => true,
            Some(Kind::Word) => !word.has(Word::UNFINISHED),
            _ => false,
        };
        complete
            && matches!(token.kind, Kind::Word | Kind::Literal)
            && !token.word.has(Word::CONTINUES)
    }

    /// Whether the latest word and a `:` after it may be a label, that is, begin a statement.
    fn is_label(&self) -> bool {
        let [latest, before, _] = self.last;
        latest.kind == Some(Kind::Word)
            && match before.kind {
                None | Some(Kind::Semicolon | Kind::Colon | Kind::Close(_)) => true,
                Some(Kind::Open(bracket)) => bracket == Bracket::Curly,
                Some(Kind::Word) => self.newline || before.word.has(Word::NESTS),
                Some(Kind::Literal | Kind::Step | Kind::Bang | Kind::Greater) => self.newline,
                _ => false,
            }
    }
}

/// Whether a `(` after this token calls it. A `}` may have closed a block.
fn is_operand(kind: Option<Kind>, word: Word) -> bool {
    match kind {
        Some(Kind::Literal) => true,
        Some(Kind::Close(bracket)) => bracket != Bracket::Curly && !word.has(Word::HEAD),
        Some(Kind::Word) => !word.has(Word::UNFINISHED) && !word.has(Word::PREFIX),
        _ => false,
    }
}
