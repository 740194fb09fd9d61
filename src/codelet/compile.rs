//! From the caller's text to bytecode: language rule, types stripped, modules, positions.

pub(super) mod cache;
mod imports;
pub(super) mod position;
pub(crate) mod typescript;

use std::ffi::CString;

use super::engine::cell::Landing;
use super::engine::compiler::{CompileFault, Compiler};
use super::guest::frames::Position;
use super::program::{Module, Program, original_position};
use super::request::{Language, RunOptions, RunRequest};
use crate::error::Code;
use crate::limits::SOURCE_NESTING;
use crate::outcome::Failure;
use position::position_of;

pub(super) use imports::{import_position, is_global_assignment};

/// The name of code that was given none.
const DEFAULT_NAME: &str = "codelet.js";

/// Why there is no program.
#[derive(Debug)]
pub(super) enum Fault {
    /// The codelet's own fault.
    Failure(Box<Failure>),
    /// The run was abandoned while compiling.
    Left(Landing),
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Fault {
        Fault::Failure(Box::new(failure))
    }
}

/// Compiles the entry and every virtual module.
pub(super) fn compile(
    request: &RunRequest,
    compiler: &mut Compiler,
    run: u64,
) -> Result<Program, Fault> {
    let options = &request.plan.options;
    check_names(options)?;
    let entry = entry_name(options);
    let heap = usize::try_from(options.limits.memory_limit_bytes).unwrap_or(usize::MAX);
    let mut compile = |name: &str, code: &str, language| {
        Task { compiler: &mut *compiler, run, heap, name }.module(code, language)
    };
    let mut modules = vec![compile(entry, &request.plan.code, options.language)?];
    for module in &options.modules {
        modules.push(compile(&module.name, &module.code, module.language)?);
    }
    Ok(Program { modules })
}

/// The entry's name in stacks.
pub(super) fn entry_name(options: &RunOptions) -> &str {
    if options.filename.is_empty() { DEFAULT_NAME } else { &options.filename }
}

/// More source than allowed, as a failure.
pub(super) fn check_size(request: &RunRequest) -> Result<(), Fault> {
    let limit = request.plan.options.limits.max_source_bytes;
    let modules: usize = request.plan.options.modules.iter().map(|module| module.code.len()).sum();
    let size = request.plan.code.len() + modules;
    if u64::try_from(size).unwrap_or(u64::MAX) <= limit {
        return Ok(());
    }
    let message =
        format!("the source has {size} bytes: max_source_bytes allows {limit}, modules included");
    Err(Failure::new(Code::PolicyViolation, message)
        .with("limit", "max_source_bytes")
        .with("limitValue", limit)
        .into())
}

fn check_names(options: &RunOptions) -> Result<(), Fault> {
    let entry = entry_name(options);
    let mut seen = std::collections::HashSet::from([entry]);
    for module in &options.modules {
        if module.name.is_empty() || module.name.contains('\0') || module.name.starts_with('.') {
            return Err(invalid(&format!(
                "the module name {:?} cannot be imported: names are not empty, hold no NUL \
                 character and do not start with a dot (`./x` inside a codelet finds `x`)",
                module.name
            )));
        }
        if !seen.insert(&module.name) {
            return Err(invalid(&format!(
                "the module name {:?} is given twice, or is the name of the codelet itself",
                module.name
            )));
        }
    }
    if entry.contains('\0') {
        return Err(invalid("filename holds a NUL character"));
    }
    Ok(())
}

fn invalid(message: &str) -> Fault {
    Failure::new(Code::InvalidArgument, message).into()
}

/// One module's compilation.
struct Task<'a> {
    compiler: &'a mut Compiler,
    run: u64,
    heap: usize,
    name: &'a str,
}

/// A syntax error and where it is in the caller's text.
struct SyntaxFault {
    message: String,
    position: Position,
}

impl Task<'_> {
    fn module(&mut self, code: &str, language: Language) -> Result<Module, Fault> {
        // Editors do not count a byte order mark, so neither do positions.
        let code = code.strip_prefix('\u{feff}').unwrap_or(code);
        if code.trim_start().starts_with("```") {
            let at = position_of(code, code.find('`').unwrap_or(0));
            let message = "the source begins with a Markdown fence (```): give the code inside it";
            return Err(self.syntax_error(message, at).into());
        }
        let outcome = match language {
            Language::Js => self.javascript(code)?,
            Language::Ts => self.typescript(code)?,
            Language::Auto => match self.javascript(code)? {
                Ok(module) => Ok(module),
                Err(as_javascript) => match self.typescript(code)? {
                    Ok(module) => Ok(module),
                    Err(as_typescript) => Err(further(as_javascript, as_typescript)),
                },
            },
        };
        outcome.map_err(|fault| self.syntax_error(&fault.message, fault.position).into())
    }

    fn syntax_error(&self, message: &str, position: Position) -> Failure {
        let Position { line, column } = position;
        let mut failure = Failure::new(Code::SyntaxError, message).at(self.name, line, column);
        failure.name = Some("SyntaxError".to_owned());
        failure.stack = Some(format!("    at {}:{line}:{column}", self.name));
        failure
    }

    fn javascript(&mut self, code: &str) -> Result<Result<Module, SyntaxFault>, Fault> {
        self.bytecode(code, code, None)
    }

    fn typescript(&mut self, code: &str) -> Result<Result<Module, SyntaxFault>, Fault> {
        match typescript::strip(code) {
            Ok(stripped) => {
                let text = stripped.code.clone();
                self.bytecode(code, &text, Some(stripped))
            }
            Err(error) => Ok(Err(SyntaxFault {
                message: error.message,
                position: Position { line: error.line, column: error.column },
            })),
        }
    }

    fn bytecode(
        &mut self,
        source: &str,
        text: &str,
        stripped: Option<typescript::Stripped>,
    ) -> Result<Result<Module, SyntaxFault>, Fault> {
        let fault =
            |message: &str, position| Ok(Err(SyntaxFault { message: message.into(), position }));
        let (Ok(c_text), Ok(c_name)) = (CString::new(engine_text(text)), CString::new(self.name))
        else {
            let at = text.find('\0').unwrap_or(0);
            return fault("the source holds a NUL character", position_of(text, at));
        };
        if let Some(at) = too_deep(text) {
            let message = format!("the source nests deeper than {SOURCE_NESTING} brackets");
            return fault(&message, position_of(text, at));
        }
        match self.compiler.module(self.run, &c_text, &c_name, self.heap) {
            Ok(bytecode) => match Module::new(self.name, source.to_owned(), stripped, bytecode) {
                Some(module) => Ok(Ok(module)),
                None => fault("the name holds a NUL character", Position { line: 1, column: 1 }),
            },
            Err(CompileFault::Syntax { message, trace }) => {
                let (line, column) = trace_position(&trace).unwrap_or((1, 1));
                let position = original_position(
                    source,
                    stripped.as_ref(),
                    &position::line_starts(text),
                    line,
                    column,
                );
                Ok(Err(SyntaxFault { message, position }))
            }
            Err(CompileFault::OutOfMemory) => Err(Fault::Left(Landing::OutOfMemory)),
            Err(CompileFault::Stopped(landing)) => Err(Fault::Left(landing)),
        }
    }
}

/// What the engine gets: the text behind an empty line, because it counts the columns of the first
/// line differently from all others. A `#!` is only one at the very start: here it is a comment.
fn engine_text(text: &str) -> String {
    match text.strip_prefix("#!") {
        Some(rest) => format!("\n//{rest}"),
        None => format!("\n{text}"),
    }
}

/// Of two readings of one text, the one that understood more of it knows better what is wrong.
fn further(javascript: SyntaxFault, typescript: SyntaxFault) -> SyntaxFault {
    let key = |fault: &SyntaxFault| (fault.position.line, fault.position.column);
    if key(&typescript) > key(&javascript) { typescript } else { javascript }
}

/// The position in the compiler's trace: `    at name:line:column` comes first.
fn trace_position(trace: &str) -> Option<(u32, u32)> {
    let line = trace.lines().next()?;
    let (front, column) = line.rsplit_once(':')?;
    let (_, line) = front.rsplit_once(':')?;
    Some((line.parse().ok()?, column.parse().ok()?))
}

/// Where brackets nest deeper than any parser here is asked to follow. Counts brackets in strings
/// and comments too: it is a bound, not a grammar.
fn too_deep(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => {
                depth += 1;
                if depth > SOURCE_NESTING {
                    return Some(at);
                }
            }
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}
