//! Doing statements.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use super::functions;
use super::number::Number;
use super::parse::{Argument, Expression, Function, Place, Statement};

/// Calls of functions inside one another.
const MAX_CALLS: usize = 500;
/// Letters of a line; longer numbers go on in the next one.
const LINE: usize = 70;
const MAX_SCALE: u32 = 1 << 20;
const MAX_INDEX: i64 = 16_777_215;
/// What one line may print.
const MAX_PRINTED: usize = 64 << 20;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Flow {
    On,
    Break,
    Continue,
    Return(Number),
    Quit,
}

type Done<T> = Result<T, String>;
type Array = HashMap<i64, Number>;

pub(super) struct Calculator {
    scale: u32,
    input_base: u32,
    output_base: u32,
    last: Number,
    values: HashMap<String, Number>,
    arrays: HashMap<String, Array>,
    functions: HashMap<String, Arc<Function>>,
    has_library: bool,
    calls: usize,
    printed: String,
    /// Letters in the line that is being printed.
    column: usize,
}

impl Calculator {
    pub(super) fn new(has_library: bool) -> Calculator {
        Calculator {
            scale: if has_library { 20 } else { 0 },
            input_base: 10,
            output_base: 10,
            last: Number::zero(),
            values: HashMap::new(),
            arrays: HashMap::new(),
            functions: HashMap::new(),
            has_library,
            calls: 0,
            printed: String::new(),
            column: 0,
        }
    }

    pub(super) fn take_printed(&mut self) -> String {
        std::mem::take(&mut self.printed)
    }

    pub(super) fn run(&mut self, statements: &[Statement]) -> Done<Flow> {
        self.calls = 0;
        self.all(statements)
    }

    fn all(&mut self, statements: &[Statement]) -> Done<Flow> {
        for statement in statements {
            match self.one(statement)? {
                Flow::On => {}
                other => return Ok(other),
            }
        }
        Ok(Flow::On)
    }

    fn one(&mut self, statement: &Statement) -> Done<Flow> {
        match statement {
            Statement::Value(expression) => {
                let value = self.value(expression)?;
                let silent = matches!(expression, Expression::Assigned(..));
                if !silent {
                    self.print_number(&value)?;
                    self.end_line();
                    self.last = value;
                }
            }
            Statement::Text(text) => self.print(text)?,
            Statement::Print(parts) => {
                for part in parts {
                    match part {
                        Statement::Text(text) => self.print(&unescaped(text))?,
                        Statement::Value(expression) => {
                            let value = self.value(expression)?;
                            self.print_number(&value)?;
                            self.last = value;
                        }
                        _ => {}
                    }
                }
            }
            Statement::Block(statements) => return self.all(statements),
            Statement::If(condition, then, other) => {
                if !self.value(condition)?.is_zero() {
                    return self.one(then);
                }
                if let Some(other) = other {
                    return self.one(other);
                }
            }
            Statement::While(condition, body) => {
                return self.repeat(Some(condition), None, body);
            }
            Statement::For([first, condition, step], body) => {
                if let Some(first) = first {
                    self.value(first)?;
                }
                return self.repeat(condition.as_ref(), step.as_ref(), body);
            }
            Statement::Break => return Ok(Flow::Break),
            Statement::Continue => return Ok(Flow::Continue),
            Statement::Return(value) => {
                let value = value.as_ref().map_or(Ok(Number::zero()), |value| self.value(value))?;
                return Ok(Flow::Return(value));
            }
            Statement::Define(name, function) => {
                self.functions.insert(name.clone(), Arc::new(function.clone()));
            }
            Statement::Quit => return Ok(Flow::Quit),
        }
        Ok(Flow::On)
    }

    fn repeat(
        &mut self,
        condition: Option<&Expression>,
        step: Option<&Expression>,
        body: &Statement,
    ) -> Done<Flow> {
        loop {
            if let Some(condition) = condition
                && self.value(condition)?.is_zero()
            {
                return Ok(Flow::On);
            }
            match self.one(body)? {
                Flow::On | Flow::Continue => {}
                Flow::Break => return Ok(Flow::On),
                other => return Ok(other),
            }
            if let Some(step) = step {
                self.value(step)?;
            }
        }
    }

    /// Nothing is printed of a function that gives nothing; there are none yet.
    fn value(&mut self, expression: &Expression) -> Done<Number> {
        match expression {
            Expression::Number(text) => Ok(Number::read(text, self.input_base)),
            Expression::Place(place) => self.read(place),
            Expression::Negated(inner) => Ok(self.value(inner)?.negated()),
            Expression::Not(inner) => Ok(Number::truth(self.value(inner)?.is_zero())),
            Expression::Two(sign, left, right) => {
                let left = self.value(left)?;
                // Both sides are worked out, as the usual one does.
                let right = self.value(right)?;
                self.two(sign, &left, &right)
            }
            Expression::Assigned(operator, place, given) => {
                let given = self.value(given)?;
                let given = if *operator == "=" {
                    given
                } else {
                    let before = self.read(place)?;
                    self.two(operator, &before, &given)?
                };
                self.write(place, given.clone())?;
                Ok(given)
            }
            Expression::Stepped(sign, place, gives_new) => {
                let before = self.read(place)?;
                let after = self.two(sign, &before, &Number::whole(1))?;
                self.write(place, after.clone())?;
                Ok(if *gives_new { after } else { before })
            }
            Expression::Call(name, arguments) => self.call(name, arguments),
        }
    }

    fn two(&self, sign: &str, left: &Number, right: &Number) -> Done<Number> {
        let order = |accepted: &[Ordering]| Number::truth(accepted.contains(&left.compare(right)));
        let answer = match sign {
            "+" => Ok(left.add(right)),
            "-" => Ok(left.add(&right.negated())),
            "*" => Ok(left.multiplied(right, self.scale)),
            "/" => left.divided(right, self.scale),
            "%" => left.rest(right, self.scale),
            "^" => left.raised(right, self.scale),
            "<" => Ok(order(&[Ordering::Less])),
            "<=" => Ok(order(&[Ordering::Less, Ordering::Equal])),
            ">" => Ok(order(&[Ordering::Greater])),
            ">=" => Ok(order(&[Ordering::Greater, Ordering::Equal])),
            "==" => Ok(order(&[Ordering::Equal])),
            "!=" => Ok(order(&[Ordering::Less, Ordering::Greater])),
            "&&" => Ok(Number::truth(!left.is_zero() && !right.is_zero())),
            _ => Ok(Number::truth(!left.is_zero() || !right.is_zero())),
        };
        answer.map_err(failed)
    }

    fn index(&mut self, index: &Expression) -> Done<i64> {
        let index = self.value(index)?.to_count();
        index.filter(|index| (0..=MAX_INDEX).contains(index)).ok_or_else(|| failed("bad subscript"))
    }

    fn read(&mut self, place: &Place) -> Done<Number> {
        let found = match place {
            Place::Name(name) => match name.as_str() {
                "scale" => Some(Number::whole(self.scale)),
                "ibase" => Some(Number::whole(self.input_base)),
                "obase" => Some(Number::whole(self.output_base)),
                "last" => Some(self.last.clone()),
                name => self.values.get(name).cloned(),
            },
            Place::Element(name, index) => {
                let index = self.index(index)?;
                self.arrays.get(name).and_then(|array| array.get(&index)).cloned()
            }
        };
        Ok(found.unwrap_or_else(Number::zero))
    }

    fn write(&mut self, place: &Place, value: Number) -> Done<()> {
        let count = value.to_count().and_then(|count| u32::try_from(count).ok());
        match place {
            Place::Name(name) => match name.as_str() {
                "scale" => {
                    let scale = count.filter(|scale| *scale <= MAX_SCALE);
                    self.scale = scale.ok_or_else(|| failed("bad scale"))?;
                }
                "ibase" => self.input_base = count.unwrap_or(16).clamp(2, 16),
                "obase" => self.output_base = count.unwrap_or(999).clamp(2, 999_999),
                "last" => self.last = value,
                name => drop(self.values.insert(name.to_owned(), value)),
            },
            Place::Element(name, index) => {
                let index = self.index(index)?;
                self.arrays.entry(name.clone()).or_default().insert(index, value);
            }
        }
        Ok(())
    }

    fn call(&mut self, name: &str, arguments: &[Argument]) -> Done<Number> {
        if let Some(function) = self.functions.get(name).cloned() {
            return self.call_defined(name, &function, arguments);
        }
        let [Argument::Value(argument)] = arguments else {
            return match (name, arguments) {
                ("length", [Argument::Array(array)]) => {
                    let array = self.arrays.get(array);
                    Ok(Number::whole(array.map_or(0, HashMap::len)))
                }
                ("read", []) => Ok(Number::zero()),
                _ => Err(failed(&format!("Function {name} not defined"))),
            };
        };
        let value = self.value(argument)?;
        let scale = self.scale;
        match name {
            "length" => Ok(Number::whole(value.length())),
            "scale" => Ok(Number::whole(value.scale)),
            "sqrt" => value.root(scale).map_err(failed),
            "s" | "c" | "a" | "l" | "e" if self.has_library => {
                functions::of(name, &value, scale).map_err(failed)
            }
            _ => Err(failed(&format!("Function {name} not defined"))),
        }
    }

    fn call_defined(
        &mut self,
        name: &str,
        function: &Function,
        arguments: &[Argument],
    ) -> Done<Number> {
        if arguments.len() != function.parameters.len() {
            return Err(failed("Parameter number mismatch"));
        }
        if self.calls == MAX_CALLS {
            return Err(failed(&format!("recursion level exceeded in {name}")));
        }
        let mut values = Vec::new();
        let mut arrays = Vec::new();
        for ((parameter, is_array), argument) in function.parameters.iter().zip(arguments) {
            match argument {
                Argument::Value(value) if !is_array => values.push((parameter, self.value(value)?)),
                Argument::Array(array) if *is_array => {
                    arrays.push((parameter, self.arrays.get(array).cloned().unwrap_or_default()));
                }
                _ => return Err(failed("Parameter type mismatch")),
            }
        }
        for (own, is_array) in &function.own {
            if *is_array {
                arrays.push((own, Array::new()));
            } else {
                values.push((own, Number::zero()));
            }
        }
        // Names mean the caller's again afterwards.
        let kept: Vec<_> = values.iter().map(|(name, _)| self.values.get(*name).cloned()).collect();
        let kept_arrays: Vec<_> =
            arrays.iter().map(|(name, _)| self.arrays.get(*name).cloned()).collect();
        let names: Vec<String> = values.iter().map(|(name, _)| (*name).clone()).collect();
        let array_names: Vec<String> = arrays.iter().map(|(name, _)| (*name).clone()).collect();
        self.values.extend(values.into_iter().map(|(name, value)| (name.clone(), value)));
        self.arrays.extend(arrays.into_iter().map(|(name, array)| (name.clone(), array)));
        self.calls += 1;
        let flow = self.all(&function.body);
        self.calls -= 1;
        for (name, value) in names.into_iter().zip(kept) {
            match value {
                Some(value) => drop(self.values.insert(name, value)),
                None => drop(self.values.remove(&name)),
            }
        }
        for (name, array) in array_names.into_iter().zip(kept_arrays) {
            match array {
                Some(array) => drop(self.arrays.insert(name, array)),
                None => drop(self.arrays.remove(&name)),
            }
        }
        match flow? {
            Flow::Return(value) => Ok(value),
            _ => Ok(Number::zero()),
        }
    }

    fn print(&mut self, text: &str) -> Done<()> {
        if self.printed.len() + text.len() > MAX_PRINTED {
            return Err(failed("output limit exceeded"));
        }
        self.printed.push_str(text);
        self.column = match text.rfind('\n') {
            Some(at) => text.len() - at - 1,
            None => self.column + text.len(),
        };
        Ok(())
    }

    fn print_number(&mut self, number: &Number) -> Done<()> {
        let text = number.written(self.output_base);
        let mut wrapped = String::with_capacity(text.len() + text.len() / LINE * 2);
        for letter in text.chars() {
            if self.column == LINE - 2 {
                wrapped.push_str("\\\n");
                self.column = 0;
            }
            wrapped.push(letter);
            self.column += 1;
        }
        let column = self.column;
        self.print(&wrapped)?;
        self.column = column;
        Ok(())
    }

    fn end_line(&mut self) {
        self.printed.push('\n');
        self.column = 0;
    }
}

fn failed(problem: &str) -> String {
    format!("Runtime error (func=(main), adr=0): {problem}")
}

/// `\n` and its like, which `print` alone knows.
fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            plain.push(letter);
            continue;
        }
        match letters.next() {
            Some('a') => plain.push('\u{7}'),
            Some('b') => plain.push('\u{8}'),
            Some('f') => plain.push('\u{c}'),
            Some('n') => plain.push('\n'),
            Some('q') => plain.push('"'),
            Some('r') => plain.push('\r'),
            Some('t') => plain.push('\t'),
            Some('\\') => plain.push('\\'),
            _ => {}
        }
    }
    plain
}
