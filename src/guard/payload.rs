//! Step 4: text that a command runs as a program.

use super::analysis::{Cause, Span};
use super::bounds;
use super::collect::{Collector, HIDDEN_SUBSCRIPT, Layer, hides_code};
use super::invocation::{Finding, Input, Invocation};
use super::options::is_assignment;
use super::parse::Unclear;
use super::words::{HOME, UNKNOWN, Word};
use super::{interpreters, programs, wrappers};

/// What a command does with its words.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// Runs these as a command.
    Run(Vec<Word>),
    /// Has a shell run this text.
    Text(Word),
    /// Has a shell run what it reads.
    Input,
    /// Has another interpreter run what it reads.
    ForeignInput,
    /// Runs the file of this name.
    File(Word),
    /// Sets a variable for what it runs.
    Set(Word),
    /// Is worth this by itself.
    Note(Finding),
}

/// A name that only the run decides.
const DYNAMIC_NAME: Finding = Finding::unclear("a command that only the run decides");
const HIDDEN: Finding =
    Finding::approval(Cause::HiddenCode, "a program text that only the run decides").firm();
const READS_PROGRAM: Finding =
    Finding::approval(Cause::HiddenCode, "a shell or interpreter that reads its program").firm();
const DOWNLOADED: Finding = Finding::block(Cause::DownloadedCode, "a download that is run at once");

/// Looks behind a command: what it runs becomes commands of its own.
pub(super) fn expand(collector: &mut Collector, number: usize, layer: Layer<'_>) {
    let Some(invocation) = collector.invocations.get_mut(number) else { return };
    // Words before the name that a redirection stood in front of.
    while invocation.words.first().is_some_and(|word| is_assignment(&word.text)) {
        let word = invocation.words.remove(0);
        invocation.assignments.push(split_assignment(&word));
    }
    if invocation.words.is_empty() {
        return;
    }
    let special = |text: &str| {
        text != "["
            && text != "[["
            && text.contains(|c: char| "{*?[$`~".contains(c) || c.is_whitespace() || c.is_control())
    };
    let name = match invocation.name() {
        Some(name) if !special(&invocation.words[0].text) && !name.is_empty() => name,
        _ if matches!(&*invocation.words[0].text, "[" | "[[") => invocation.words[0].text.clone(),
        _ => return invocation.findings.push(DYNAMIC_NAME),
    };
    let steps = wrappers::steps(&name, &invocation.words)
        .or_else(|| interpreters::steps(&name, invocation.arguments()))
        .or_else(|| programs::steps(&name, invocation.arguments()))
        .unwrap_or_default();
    if evaluates_names(&name, invocation.arguments()) {
        invocation.findings.push(HIDDEN_SUBSCRIPT);
    }
    let input = wrappers::inner_input(&name, &invocation.input);
    for step in steps {
        take(collector, number, step, layer, &input);
    }
}

fn take(collector: &mut Collector, number: usize, step: Step, layer: Layer<'_>, input: &Input) {
    let own = &mut collector.invocations[number];
    match step {
        Step::Note(finding) => own.findings.push(finding),
        Step::Set(word) => own.assignments.push(split_assignment(&word)),
        Step::Run(words) => {
            let span = own.span;
            if collector.wrappers >= bounds::WRAPPERS {
                return collector.unclear(Unclear("too many wrappers"));
            }
            let inner = wrapped(words, input, span, layer);
            if let Some(number) = inner.and_then(|inner| collector.add(inner)) {
                collector.wrappers += 1;
                expand(collector, number, layer);
                collector.wrappers -= 1;
            }
        }
        Step::Text(word) => text(collector, number, &word, layer, input),
        Step::File(word) => {
            if word.text == "-" || word.text == "/dev/stdin" || is_descriptor(&word.text) {
                return read_input(collector, number, layer, true);
            }
            if word.dynamic() {
                own.findings.push(HIDDEN);
                if downloads_within(collector, number, &word, layer) {
                    collector.invocations[number].findings.push(DOWNLOADED);
                }
            }
        }
        Step::Input => read_input(collector, number, layer, true),
        Step::ForeignInput => read_input(collector, number, layer, false),
    }
}

fn wrapped(words: Vec<Word>, input: &Input, span: Span, layer: Layer<'_>) -> Option<Invocation> {
    let (first, last) = (words.first()?, words.last()?);
    let end = words.iter().map(|word| word.end).max().unwrap_or(last.end);
    let source = layer.text.get(first.start..end).map_or_else(
        || words.iter().map(|word| &*word.text).collect::<Vec<_>>().join(" "),
        str::to_owned,
    );
    Some(Invocation {
        words,
        assignments: Vec::new(),
        redirections: Vec::new(),
        input: input.clone(),
        source,
        span,
        findings: Vec::new(),
    })
}

/// Reads a payload. What is not literal in it is read as an expansion, so that what is literal and
/// dangerous is still seen.
fn text(collector: &mut Collector, number: usize, word: &Word, layer: Layer<'_>, input: &Input) {
    let own = &mut collector.invocations[number];
    let place = layer.span(word.start, word.end);
    if word.dynamic() || word.may_be_several() {
        own.findings.push(HIDDEN);
        if downloads_within(collector, number, word, layer) {
            collector.invocations[number].findings.push(DOWNLOADED);
        }
    }
    let shown = word.text.replace(UNKNOWN, "${_}").replace(HOME, "~");
    let inner = Layer { text: &shown, place: Some(place), depth: layer.depth + 1 };
    collector.read(inner, input.clone());
}

fn read_input(collector: &mut Collector, number: usize, layer: Layer<'_>, shell: bool) {
    let own = &mut collector.invocations[number];
    own.findings.push(READS_PROGRAM);
    match own.input.clone() {
        Input::Pipe(true) => own.findings.push(DOWNLOADED),
        Input::Text(Some(text)) if shell => {
            let place = Some(own.span);
            let inner = Layer { text: &text, place, depth: layer.depth + 1 };
            collector.read(inner, Input::Inherited);
        }
        Input::Text(None) => {
            let span = own.span;
            let whole = Word { start: span.start, end: span.end, ..Word::default() };
            let fetched = collector.invocations[number + 1..].iter().any(|inner| {
                inner.downloads() && inner.span.start >= whole.start && inner.span.end <= whole.end
            });
            if fetched {
                collector.invocations[number].findings.push(DOWNLOADED);
            }
        }
        _ => {}
    }
}

/// True when a substitution in a word downloads.
fn downloads_within(collector: &Collector, number: usize, word: &Word, layer: Layer<'_>) -> bool {
    let span = layer.span(word.start, word.end);
    collector.invocations[number..].iter().any(|inner| {
        inner.downloads() && inner.span.start >= span.start && inner.span.end <= span.end
    })
}

/// True for a path that names an open file, which may be a here-string.
pub(super) fn is_descriptor(path: &str) -> bool {
    path.starts_with("/dev/fd") || path.starts_with("/proc/")
}

fn split_assignment(word: &Word) -> (String, Word) {
    let (name, value) = word.text.split_once('=').unwrap_or((&word.text, ""));
    let value = Word { text: value.to_owned(), ..word.clone() };
    (name.trim_end_matches('+').to_owned(), value)
}

/// Builtins that evaluate subscripts in the names they are given.
fn evaluates_names(name: &str, arguments: &[Word]) -> bool {
    let takes_names = match name {
        "read" | "unset" | "let" | "declare" | "typeset" | "export" | "readonly" | "local"
        | "mapfile" | "readarray" | "getopts" | "wait" | "compgen" | "[[" => true,
        "printf" | "test" | "[" => arguments.iter().any(|word| word.text.starts_with("-v")),
        _ => false,
    };
    takes_names && arguments.iter().any(|word| hides_code(&word.text))
}
