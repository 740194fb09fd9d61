//! Step 2: every command of a text at any depth.

mod parts;

use std::time::Instant;

use tree_sitter::Node;

use super::agree::{self, Disagreement};
use super::analysis::{Cause, Span};
use super::bounds;
use super::invocation::{Finding, Input, Invocation};
use super::judge::SETS_CODE;
use super::parse::{Unclear, kind_of, parse, source};
use super::words::{backquoted, resolve};
use super::{fork_bomb, payload, variables};
use parts::{assignment_word, read_assignment, read_redirect, test_words};

/// Collects commands, those in payloads included.
#[derive(Debug)]
pub(super) struct Collector {
    pub(super) invocations: Vec<Invocation>,
    /// What speaks against the text and belongs to no single command.
    pub(super) whole: Vec<Finding>,
    /// The wrappers around the command that is looked at.
    pub(super) wrappers: usize,
    payload_bytes: usize,
    deadline: Instant,
}

/// A text that is read, and where it stands in the outermost one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layer<'t> {
    pub(super) text: &'t str,
    /// `None` for the outermost text itself.
    pub(super) place: Option<Span>,
    pub(super) depth: usize,
}

impl Layer<'_> {
    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        self.place.unwrap_or(Span { start, end })
    }
}

/// What a command inherits from what encloses it.
#[derive(Debug, Clone, Default)]
struct Context {
    input: Input,
    /// The shell evaluates text here, even text that is quoted.
    evaluates: bool,
    in_string: bool,
}

impl Collector {
    pub(super) fn new() -> Collector {
        Collector {
            invocations: Vec::new(),
            whole: Vec::new(),
            wrappers: 0,
            payload_bytes: 0,
            deadline: Instant::now() + bounds::PARSE_TIME,
        }
    }

    /// Reads a text into commands.
    pub(super) fn read(&mut self, layer: Layer<'_>, input: Input) {
        self.payload_bytes += layer.text.len();
        if layer.depth > bounds::PAYLOAD_DEPTH || self.payload_bytes > bounds::PAYLOAD_BYTES {
            return self.unclear(Unclear("commands nested too deeply"));
        }
        let tree = match parse(layer.text, self.deadline) {
            Ok(tree) => tree,
            Err(unclear) => return self.unclear(unclear),
        };
        let root = tree.root_node();
        match agree::agree(root, layer.text) {
            Ok(()) => {}
            Err(Disagreement::Unclear(unclear)) => self.unclear(unclear),
            Err(Disagreement::TooLarge) => {
                return self.unclear(Unclear("a text that is nested too deeply"));
            }
        }
        self.children(root, layer, &Context { input, ..Context::default() });
    }

    pub(super) fn unclear(&mut self, unclear: Unclear) {
        self.whole.push(Finding::unclear(unclear.0));
    }

    /// Adds a command; its number, or nothing when there are too many.
    pub(super) fn add(&mut self, invocation: Invocation) -> Option<usize> {
        if self.invocations.len() >= bounds::COMMANDS {
            self.unclear(Unclear("too many commands"));
            return None;
        }
        self.invocations.push(invocation);
        Some(self.invocations.len() - 1)
    }

    fn children(&mut self, node: Node<'_>, layer: Layer<'_>, context: &Context) {
        if node.child_count() == 0 {
            return;
        }
        let mut cursor = node.walk();
        for child in node.children(&mut cursor) {
            self.visit(child, layer, context);
        }
    }

    fn visit(&mut self, node: Node<'_>, layer: Layer<'_>, context: &Context) {
        match kind_of(node) {
            "pipeline" => self.pipeline(node, layer, context),
            "redirected_statement" => self.redirected(node, layer, context),
            "command" | "declaration_command" | "unset_command" | "test_command" => {
                self.command(node, &[], layer, context);
            }
            "variable_assignment" => self.assignment(node, layer, context),
            "file_redirect" | "heredoc_redirect" | "herestring_redirect" => {
                self.alone(&[node], layer, context);
            }
            "command_substitution" => self.substitution(node, layer, context),
            "expansion" => self.expansion(node, layer, context),
            "function_definition" => {
                if fork_bomb::is_one(node, layer.text) {
                    let bomb = Finding::block(Cause::ForkBomb, "a function that multiplies itself");
                    self.whole.push(bomb);
                }
                self.children(node, layer, context);
            }
            "string" => {
                self.evaluated(node, layer, context);
                let inner = Context { in_string: true, ..context.clone() };
                self.children(node, layer, &inner);
            }
            "raw_string" | "ansi_c_string" | "word" => self.evaluated(node, layer, context),
            "for_statement" => {
                let variable = node.child_by_field_name("variable");
                if variable.is_some_and(|name| variables::decides_code(source(name, layer.text))) {
                    self.whole.push(SETS_CODE);
                }
                self.children(node, layer, context);
            }
            "subscript" | "arithmetic_expansion" | "c_style_for_statement" => {
                self.evaluating(node, layer, context);
            }
            "compound_statement" if source(node, layer.text).starts_with("((") => {
                self.evaluating(node, layer, context);
            }
            _ => self.children(node, layer, context),
        }
    }

    fn evaluating(&mut self, node: Node<'_>, layer: Layer<'_>, context: &Context) {
        self.children(node, layer, &Context { evaluates: true, ..context.clone() });
    }

    /// Quoted text is expanded all the same where the shell evaluates it: `a['$(reboot)']`.
    fn evaluated(&mut self, node: Node<'_>, layer: Layer<'_>, context: &Context) {
        if context.evaluates && hides_code(&resolve(node, layer.text).text) {
            self.whole.push(HIDDEN_SUBSCRIPT);
        }
    }

    fn expansion(&mut self, node: Node<'_>, layer: Layer<'_>, context: &Context) {
        let written = source(node, layer.text);
        if written.ends_with("@P}") {
            self.whole.push(Finding::approval(Cause::HiddenCode, "an expansion that runs code"));
        }
        self.children(node, layer, context);
    }

    fn substitution(&mut self, node: Node<'_>, layer: Layer<'_>, context: &Context) {
        let written = source(node, layer.text);
        let inner = Context { input: context.input.clone(), ..Context::default() };
        let Some(inside) = written.strip_prefix('`') else {
            if written.starts_with("$`") {
                self.unclear(Unclear("a form the guard does not know"));
            }
            return self.children(node, layer, &inner);
        };
        // The shell ends it at the first backquote without a backslash, and reads the inside anew.
        let mut escaped = false;
        let end = inside.bytes().position(|c| {
            let ends = c == b'`' && !escaped;
            escaped = c == b'\\' && !escaped;
            ends
        });
        if end != Some(inside.len().saturating_sub(1)) {
            return self.unclear(Unclear("a substitution that ends elsewhere"));
        }
        let text = backquoted(inside.strip_suffix('`').unwrap_or(inside), context.in_string);
        let place = layer.span(node.start_byte(), node.end_byte());
        let depth = layer.depth + 1;
        self.read(Layer { text: &text, place: Some(place), depth }, context.input.clone());
    }

    fn pipeline(&mut self, node: Node<'_>, layer: Layer<'_>, context: &Context) {
        let mut downloads = false;
        let mut piped = false;
        let mut cursor = node.walk();
        for child in node.children(&mut cursor) {
            if !child.is_named() {
                piped = true;
                continue;
            }
            let input = if piped { Input::Pipe(downloads) } else { context.input.clone() };
            let before = self.invocations.len();
            self.visit(child, layer, &Context { input, ..context.clone() });
            downloads |= self.invocations[before..].iter().any(Invocation::downloads);
        }
    }

    fn assignment(&mut self, node: Node<'_>, layer: Layer<'_>, context: &Context) {
        let mut invocation = Collector::blank(node, layer, context);
        read_assignment(node, layer.text, &mut invocation);
        self.add(invocation);
        self.children(node, layer, context);
    }

    fn blank(node: Node<'_>, layer: Layer<'_>, context: &Context) -> Invocation {
        Invocation {
            words: Vec::new(),
            assignments: Vec::new(),
            redirections: Vec::new(),
            input: context.input.clone(),
            source: source(node, layer.text).to_owned(),
            span: layer.span(node.start_byte(), node.end_byte()),
            findings: Vec::new(),
        }
    }

    /// A statement and its redirections, whose words may belong to the command before them.
    fn redirected(&mut self, node: Node<'_>, layer: Layer<'_>, context: &Context) {
        let mut cursor = node.walk();
        let (redirects, body): (Vec<_>, Vec<_>) = node
            .named_children(&mut cursor)
            .filter(|child| kind_of(*child) != "comment")
            .partition(|child| kind_of(*child).ends_with("_redirect"));
        match body.as_slice() {
            [] => {
                self.alone(&redirects, layer, context);
            }
            [command] if is_command(*command) => {
                self.command(*command, &redirects, layer, context);
            }
            [body, ..] => {
                let before = self.invocations.len();
                let input = self.alone(&redirects, layer, context);
                let taken = if input == Input::Inherited { context.input.clone() } else { input };
                // Only what is redirected gets the input; for a pipeline that is its last part.
                self.visit(*body, layer, &Context { input: taken, ..context.clone() });
                let own = self.invocations.get(before);
                if own.is_some_and(|own| !own.words.is_empty()) {
                    self.unclear(Unclear("words after a compound command"));
                }
            }
        }
    }

    /// Redirections without a command of their own; gives the input they make.
    fn alone(&mut self, redirects: &[Node<'_>], layer: Layer<'_>, context: &Context) -> Input {
        let Some(first) = redirects.first() else { return Input::Inherited };
        let mut invocation = Collector::blank(*first, layer, context);
        invocation.input = Input::Inherited;
        for redirect in redirects {
            read_redirect(*redirect, layer.text, &mut invocation);
        }
        invocation.words.sort_by_key(|word| word.start);
        let input = invocation.input.clone();
        let number = self.add(invocation);
        for redirect in redirects {
            self.children(*redirect, layer, context);
        }
        if let Some(number) = number {
            payload::expand(self, number, layer);
        }
        input
    }

    fn command(
        &mut self,
        node: Node<'_>,
        redirects: &[Node<'_>],
        layer: Layer<'_>,
        context: &Context,
    ) {
        let node = if kind_of(node) == "negated_command" {
            node.named_child(0).unwrap_or(node)
        } else {
            node
        };
        let mut invocation = Collector::blank(node, layer, context);
        if let Some(last) = redirects.last() {
            let end =
                last.child_by_field_name("redirect").map_or(last.end_byte(), |r| r.end_byte());
            let range = node.start_byte()..end.max(node.end_byte());
            layer.text.get(range).unwrap_or("\0").clone_into(&mut invocation.source);
            invocation.span = layer.span(node.start_byte(), end.max(node.end_byte()));
        }
        let kind = kind_of(node);
        let evaluates = kind != "command";
        let mut nested = Vec::new();
        let mut cursor = node.walk();
        for child in node.children(&mut cursor) {
            nested.push(child);
            match kind_of(child) {
                "variable_assignment" => {
                    if kind != "command" {
                        invocation.words.push(assignment_word(child, layer.text));
                    }
                    read_assignment(child, layer.text, &mut invocation);
                }
                kind if kind.ends_with("_redirect") => {
                    read_redirect(child, layer.text, &mut invocation);
                }
                "subshell" | "comment" => {}
                kind if kind.ends_with("_expression") => {
                    test_words(child, layer.text, &mut invocation.words);
                }
                _ => invocation.words.push(resolve(child, layer.text)),
            }
        }
        for redirect in redirects {
            read_redirect(*redirect, layer.text, &mut invocation);
        }
        invocation.words.sort_by_key(|word| word.start);
        let Some(number) = self.add(invocation) else { return };
        let inner = Context { evaluates, input: context.input.clone(), in_string: false };
        for child in nested {
            match kind_of(child) {
                // Its own words are the command's; only what they hold is looked into.
                "variable_assignment" => self.children(child, layer, &inner),
                kind if kind.ends_with("_redirect") => self.children(child, layer, &inner),
                _ => self.visit(child, layer, &inner),
            }
        }
        for redirect in redirects {
            self.redirect_inside(*redirect, number, layer, context);
        }
        payload::expand(self, number, layer);
    }

    /// What a redirection's words hold, and what a heredoc's line goes on with.
    fn redirect_inside(
        &mut self,
        node: Node<'_>,
        command: usize,
        layer: Layer<'_>,
        context: &Context,
    ) {
        let plain = Context { input: context.input.clone(), ..Context::default() };
        let mut cursor = node.walk();
        for child in node.named_children(&mut cursor) {
            let kind = kind_of(child);
            if kind == "pipeline" {
                let downloads = self.invocations[command..].iter().any(Invocation::downloads);
                let input = Input::Pipe(downloads);
                self.children(child, layer, &Context { input, ..Context::default() });
            } else if kind.ends_with("_redirect") {
                self.children(child, layer, &plain);
            } else {
                self.visit(child, layer, &plain);
            }
        }
    }
}

/// Text that the shell evaluates although it is quoted.
pub(super) const HIDDEN_SUBSCRIPT: Finding =
    Finding::approval(Cause::HiddenCode, "code in a subscript").firm();

/// True when evaluating a literal would run a command.
pub(super) fn hides_code(text: &str) -> bool {
    text.contains("$(") || text.contains('`') || text.contains("${")
}

fn is_command(node: Node<'_>) -> bool {
    let plain =
        |kind| matches!(kind, "command" | "declaration_command" | "unset_command" | "test_command");
    plain(kind_of(node))
        || kind_of(node) == "negated_command"
            && node.named_child(0).is_some_and(|inner| plain(kind_of(inner)))
}
