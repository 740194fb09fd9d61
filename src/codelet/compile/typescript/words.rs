//! What a keyword says about the tokens around it.

/// A set of facts about one word. Identifiers and property names have none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Word(u32);

impl Word {
    pub(super) const NONE: Self = Self(0);
    /// An operand must follow, so a `/` begins a regular expression. Never an identifier.
    pub(super) const PREFIX: Self = Self(1);
    /// A keyword in one place and an identifier in another.
    pub(super) const UNSURE: Self = Self(1 << 1);
    /// `(` after it opens the head of a statement.
    pub(super) const HEAD: Self = Self(1 << 2);
    /// The statement after it is part of its own.
    pub(super) const NESTS: Self = Self(1 << 3);
    /// At the start of a line it continues the expression or type of the line before.
    pub(super) const CONTINUES: Self = Self(1 << 4);
    /// At the end of a line it leaves the expression, type or declaration unfinished.
    pub(super) const UNFINISHED: Self = Self(1 << 5);
    /// May stand before the name of a member or parameter.
    pub(super) const MODIFIER: Self = Self(1 << 6);
    pub(super) const INFER: Self = Self(1 << 7);
    pub(super) const EXTENDS: Self = Self(1 << 8);
    pub(super) const STATIC: Self = Self(1 << 9);
    pub(super) const ASYNC: Self = Self(1 << 10);
    pub(super) const IMPORT: Self = Self(1 << 11);
    pub(super) const AWAIT: Self = Self(1 << 12);
    pub(super) const FOR: Self = Self(1 << 13);
    pub(super) const INTERFACE: Self = Self(1 << 14);
    pub(super) const ELSE: Self = Self(1 << 15);
    pub(super) const DO: Self = Self(1 << 16);

    /// Looks a word up. Case matters; an escaped keyword is no keyword.
    pub(super) fn of(word: &str) -> Self {
        let or = |facts: &[Self]| facts.iter().fold(Self::UNFINISHED, |set, fact| set.or(*fact));
        // Bytes, because a match on them compiles to a decision tree.
        match word.as_bytes() {
            b"if" | b"while" | b"with" => Self::HEAD.or(Self::NESTS),
            b"for" => Self::HEAD.or(Self::NESTS).or(Self::FOR),
            b"else" => Self::PREFIX.or(Self::NESTS).or(Self::ELSE),
            b"do" => Self::PREFIX.or(Self::NESTS).or(Self::DO),
            b"return" | b"typeof" | b"case" | b"delete" | b"void" | b"throw" | b"new"
            | b"default" => or(&[Self::PREFIX]),
            b"in" => or(&[Self::PREFIX, Self::CONTINUES, Self::MODIFIER]),
            b"instanceof" => or(&[Self::PREFIX, Self::CONTINUES]),
            b"extends" => or(&[Self::PREFIX, Self::CONTINUES, Self::EXTENDS]),
            b"await" => or(&[Self::UNSURE, Self::AWAIT]),
            b"yield" => or(&[Self::UNSURE]),
            b"of" => or(&[Self::UNSURE, Self::CONTINUES]),
            b"as" | b"satisfies" | b"is" | b"implements" => or(&[Self::CONTINUES]),
            b"infer" => or(&[Self::INFER]),
            b"import" => or(&[Self::IMPORT]),
            b"async" => or(&[Self::ASYNC, Self::MODIFIER]),
            b"interface" => or(&[Self::INTERFACE]),
            b"static" => or(&[Self::STATIC, Self::MODIFIER]),
            b"get" | b"set" | b"readonly" | b"accessor" | b"public" | b"private" | b"protected"
            | b"override" | b"declare" | b"abstract" | b"export" | b"out" | b"const" => {
                or(&[Self::MODIFIER])
            }
            b"keyof" | b"unique" | b"asserts" | b"function" | b"class" | b"let" | b"var"
            | b"type" | b"enum" | b"namespace" | b"module" => Self::UNFINISHED,
            _ => Self::NONE,
        }
    }

    /// Whether any of `facts` holds.
    pub(super) const fn has(self, facts: Self) -> bool {
        self.0 & facts.0 != 0
    }

    const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
