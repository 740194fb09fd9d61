//! From words to statements.

use super::words::{Word, words_of};

/// How deep brackets and blocks may nest.
const MAX_DEPTH: u32 = 500;

/// Signs that give a name a value, and the operator in them.
const ASSIGNMENTS: &[(&str, &str)] =
    &[("=", "="), ("+=", "+"), ("-=", "-"), ("*=", "*"), ("/=", "/"), ("%=", "%"), ("^=", "^")];

/// A name, or an element of an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Name(String),
    Element(String, Box<Expression>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expression {
    Number(String),
    Place(Place),
    Negated(Box<Expression>),
    Not(Box<Expression>),
    Two(&'static str, Box<Expression>, Box<Expression>),
    /// With `=`, or an operator before it.
    Assigned(&'static str, Place, Box<Expression>),
    /// By one; true for what gives the value after it.
    Stepped(&'static str, Place, bool),
    Call(String, Vec<Argument>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Argument {
    Value(Expression),
    Array(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Function {
    /// Names; true for arrays.
    pub(super) parameters: Vec<(String, bool)>,
    pub(super) own: Vec<(String, bool)>,
    pub(super) body: Vec<Statement>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Statement {
    /// Printed, unless it is an assignment.
    Value(Expression),
    Text(String),
    Print(Vec<Statement>),
    Block(Vec<Statement>),
    If(Expression, Box<Statement>, Option<Box<Statement>>),
    While(Expression, Box<Statement>),
    For([Option<Expression>; 3], Box<Statement>),
    Break,
    Continue,
    Return(Option<Expression>),
    Define(String, Function),
    Quit,
}

type Parsed<T> = Result<T, String>;

pub(super) struct Parser {
    words: Vec<(u32, Result<Word, String>)>,
    at: usize,
    depth: u32,
}

impl Parser {
    pub(super) fn new(text: &str) -> Parser {
        Parser { words: words_of(text), at: 0, depth: 0 }
    }

    /// The statements of the next line; of one that is none, its number and what is wrong.
    pub(super) fn next_line(&mut self) -> Option<Result<Vec<Statement>, (u32, String)>> {
        while matches!(self.peek(), Some(Word::Line | Word::Sign(";"))) {
            self.at += 1;
        }
        let (line, _) = self.words.get(self.at)?;
        let line = *line;
        self.depth = 0;
        let mut statements = Vec::new();
        loop {
            match self.statement() {
                Ok(statement) => statements.push(statement),
                Err(problem) => {
                    let at = self.words.get(self.at).map_or(line, |(at, _)| *at);
                    self.skip_line();
                    return Some(Err((at, problem)));
                }
            }
            match self.peek() {
                Some(Word::Sign(";")) => self.at += 1,
                Some(Word::Line) => return Some(Ok(statements)),
                None if self.at >= self.words.len() => return Some(Ok(statements)),
                // What follows a definition needs no separator.
                _ if matches!(statements.last(), Some(Statement::Define(..))) => {}
                _ => {
                    self.skip_line();
                    return Some(Err((line, "syntax error".to_owned())));
                }
            }
            if matches!(self.peek(), Some(Word::Line)) || self.at >= self.words.len() {
                return Some(Ok(statements));
            }
        }
    }

    fn peek(&self) -> Option<&Word> {
        self.words.get(self.at).and_then(|(_, word)| word.as_ref().ok())
    }

    fn is(&self, sign: &str) -> bool {
        matches!(self.peek(), Some(Word::Sign(found)) if *found == sign)
    }

    fn takes(&mut self, sign: &str) -> bool {
        let is = self.is(sign);
        self.at += usize::from(is);
        is
    }

    fn expects(&mut self, sign: &str) -> Parsed<()> {
        if self.takes(sign) { Ok(()) } else { Err(self.wrong()) }
    }

    fn wrong(&self) -> String {
        match self.words.get(self.at) {
            Some((_, Err(problem))) => problem.clone(),
            _ => "syntax error".to_owned(),
        }
    }

    fn name(&mut self) -> Parsed<String> {
        match self.peek() {
            Some(Word::Name(name)) => {
                let name = name.clone();
                self.at += 1;
                Ok(name)
            }
            _ => Err(self.wrong()),
        }
    }

    /// Past the rest of a line that is none.
    fn skip_line(&mut self) {
        while !matches!(self.words.get(self.at), None | Some((_, Ok(Word::Line)))) {
            self.at += 1;
        }
    }

    fn skip_lines(&mut self) {
        while matches!(self.peek(), Some(Word::Line)) {
            self.at += 1;
        }
    }

    fn deeper<T>(&mut self, work: impl FnOnce(&mut Parser) -> Parsed<T>) -> Parsed<T> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("nesting too deep, over {MAX_DEPTH} levels"));
        }
        let done = work(self);
        self.depth -= 1;
        done
    }

    fn statement(&mut self) -> Parsed<Statement> {
        self.deeper(Parser::one_statement)
    }

    fn one_statement(&mut self) -> Parsed<Statement> {
        if let Some(Word::Text(text)) = self.peek() {
            let text = text.clone();
            self.at += 1;
            return Ok(Statement::Text(text));
        }
        if self.takes("{") {
            return Ok(Statement::Block(self.block()?));
        }
        let Some(Word::Name(name)) = self.peek() else {
            return Ok(Statement::Value(self.expression()?));
        };
        let statement = match name.as_str() {
            "quit" | "halt" => Statement::Quit,
            "break" => Statement::Break,
            "continue" => Statement::Continue,
            "if" | "while" | "for" | "return" | "define" | "print" => {
                let keyword = self.name()?;
                return self.keyword(&keyword);
            }
            _ => return Ok(Statement::Value(self.expression()?)),
        };
        self.at += 1;
        Ok(statement)
    }

    fn keyword(&mut self, keyword: &str) -> Parsed<Statement> {
        match keyword {
            "if" => {
                let condition = self.condition()?;
                let then = Box::new(self.body()?);
                // `else` may come in the next line of a block only; here it stands behind.
                let back = self.at;
                if self.depth > 1 {
                    self.skip_lines();
                }
                if matches!(self.peek(), Some(Word::Name(name)) if name == "else") {
                    self.at += 1;
                    return Ok(Statement::If(condition, then, Some(Box::new(self.body()?))));
                }
                self.at = back;
                Ok(Statement::If(condition, then, None))
            }
            "while" => {
                let condition = self.condition()?;
                Ok(Statement::While(condition, Box::new(self.body()?)))
            }
            "for" => {
                self.expects("(")?;
                let mut parts = [None, None, None];
                for (at, end) in [";", ";", ")"].into_iter().enumerate() {
                    if !self.is(end) {
                        parts[at] = Some(self.expression()?);
                    }
                    self.expects(end)?;
                }
                Ok(Statement::For(parts, Box::new(self.body()?)))
            }
            "return" => {
                let ends =
                    matches!(self.peek(), None | Some(Word::Line)) || self.is(";") || self.is("}");
                let value = if ends { None } else { Some(self.expression()?) };
                Ok(Statement::Return(value))
            }
            "print" => {
                let mut parts = Vec::new();
                loop {
                    match self.peek() {
                        Some(Word::Text(text)) => {
                            parts.push(Statement::Text(text.clone()));
                            self.at += 1;
                        }
                        _ => parts.push(Statement::Value(self.expression()?)),
                    }
                    if !self.takes(",") {
                        return Ok(Statement::Print(parts));
                    }
                }
            }
            _ => self.definition(),
        }
    }

    fn condition(&mut self) -> Parsed<Expression> {
        self.expects("(")?;
        let condition = self.expression()?;
        self.expects(")")?;
        Ok(condition)
    }

    fn body(&mut self) -> Parsed<Statement> {
        self.skip_lines();
        self.statement()
    }

    /// What stands up to the closing brace.
    fn block(&mut self) -> Parsed<Vec<Statement>> {
        let mut statements = Vec::new();
        loop {
            while matches!(self.peek(), Some(Word::Line)) || self.is(";") {
                self.at += 1;
            }
            if self.takes("}") {
                return Ok(statements);
            }
            if self.at >= self.words.len() {
                return Err(self.wrong());
            }
            statements.push(self.statement()?);
            let ended = matches!(self.peek(), Some(Word::Line)) || self.is(";") || self.is("}");
            if !ended {
                return Err(self.wrong());
            }
        }
    }

    fn names(&mut self, end: &str) -> Parsed<Vec<(String, bool)>> {
        let mut names = Vec::new();
        while !self.takes(end) {
            let name = self.name()?;
            let is_array = self.takes("[");
            if is_array {
                self.expects("]")?;
            }
            names.push((name, is_array));
            if !self.is(end) {
                self.expects(",")?;
            }
        }
        Ok(names)
    }

    fn definition(&mut self) -> Parsed<Statement> {
        let mut name = self.name()?;
        if name == "void" {
            name = self.name()?;
        }
        self.expects("(")?;
        let parameters = self.names(")")?;
        self.skip_lines();
        self.expects("{")?;
        while matches!(self.peek(), Some(Word::Line)) || self.is(";") {
            self.at += 1;
        }
        let mut own = Vec::new();
        if matches!(self.peek(), Some(Word::Name(name)) if name == "auto") {
            self.at += 1;
            loop {
                let name = self.name()?;
                let is_array = self.takes("[");
                if is_array {
                    self.expects("]")?;
                }
                own.push((name, is_array));
                if !self.takes(",") {
                    break;
                }
            }
        }
        let body = self.block()?;
        Ok(Statement::Define(name, Function { parameters, own, body }))
    }

    pub(super) fn expression(&mut self) -> Parsed<Expression> {
        self.deeper(|parser| parser.binary(0))
    }

    /// Operators by how tightly they bind, the loosest first.
    fn binary(&mut self, level: usize) -> Parsed<Expression> {
        const LEVELS: &[&[&str]] = &[
            &["||"],
            &["&&"],
            &["!"],
            &["<=", ">=", "==", "!=", "<", ">"],
            &["+", "-"],
            &["*", "/", "%"],
        ];
        let Some(signs) = LEVELS.get(level) else { return self.power() };
        if *signs == ["!"] {
            if self.takes("!") {
                let value = self.deeper(|parser| parser.binary(level))?;
                return Ok(Expression::Not(Box::new(value)));
            }
            return self.binary(level + 1);
        }
        let mut left = self.binary(level + 1)?;
        while let Some(sign) = signs.iter().find(|sign| self.is(sign)) {
            self.at += 1;
            let right = self.binary(level + 1)?;
            left = Expression::Two(sign, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    /// Binds to the right.
    fn power(&mut self) -> Parsed<Expression> {
        let base = self.unary()?;
        if self.takes("^") {
            let power = self.deeper(Parser::power)?;
            return Ok(Expression::Two("^", Box::new(base), Box::new(power)));
        }
        Ok(base)
    }

    fn unary(&mut self) -> Parsed<Expression> {
        if self.takes("-") {
            return Ok(Expression::Negated(Box::new(self.deeper(Parser::unary)?)));
        }
        for sign in ["++", "--"] {
            if self.takes(sign) {
                return match self.primary()? {
                    Expression::Place(place) => Ok(Expression::Stepped(step(sign), place, true)),
                    _ => Err(self.wrong()),
                };
            }
        }
        let value = self.primary()?;
        let Expression::Place(place) = &value else { return Ok(value) };
        for (sign, operator) in ASSIGNMENTS {
            if self.takes(sign) {
                let given = self.expression()?;
                return Ok(Expression::Assigned(operator, place.clone(), Box::new(given)));
            }
        }
        for sign in ["++", "--"] {
            if self.takes(sign) {
                return Ok(Expression::Stepped(step(sign), place.clone(), false));
            }
        }
        Ok(value)
    }

    fn primary(&mut self) -> Parsed<Expression> {
        if self.takes("(") {
            let inner = self.expression()?;
            self.expects(")")?;
            // In brackets, an assignment is a value that is printed.
            return Ok(match inner {
                Expression::Assigned(..) => {
                    let zero = Expression::Number("0".to_owned());
                    Expression::Two("+", Box::new(inner), Box::new(zero))
                }
                // Nor is a name in brackets one that can be given a value.
                Expression::Place(_) => Expression::Two(
                    "+",
                    Box::new(inner),
                    Box::new(Expression::Number("0".to_owned())),
                ),
                other => other,
            });
        }
        if let Some(Word::Number(number)) = self.peek() {
            let number = number.clone();
            self.at += 1;
            return Ok(Expression::Number(number));
        }
        let name = self.name()?;
        if self.takes("[") {
            let index = self.expression()?;
            self.expects("]")?;
            return Ok(Expression::Place(Place::Element(name, Box::new(index))));
        }
        if !self.takes("(") {
            return Ok(Expression::Place(Place::Name(name)));
        }
        let mut arguments = Vec::new();
        while !self.takes(")") {
            let array = match (self.words.get(self.at), self.words.get(self.at + 1)) {
                (Some((_, Ok(Word::Name(array)))), Some((_, Ok(Word::Sign("["))))) => {
                    let closes = self.words.get(self.at + 2);
                    let empty = matches!(closes, Some((_, Ok(Word::Sign("]")))));
                    empty.then(|| array.clone())
                }
                _ => None,
            };
            if let Some(array) = array {
                self.at += 3;
                arguments.push(Argument::Array(array));
            } else {
                arguments.push(Argument::Value(self.expression()?));
            }
            if !self.is(")") {
                self.expects(",")?;
            }
        }
        Ok(Expression::Call(name, arguments))
    }
}

fn step(sign: &str) -> &'static str {
    if sign == "++" { "+" } else { "-" }
}
