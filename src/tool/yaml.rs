//! Reads a configuration file: the part of YAML that JSON can hold, with the line of every key.
//!
//! Anchors, aliases, tags and merge keys are refused, so no text is larger than it looks and no
//! value is built by name; so are repeated keys, of which other readers silently drop one.

mod node;

use std::collections::{BTreeMap, HashSet};
use std::mem;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span};

pub use node::Node;

/// Largest document in bytes.
const MAX_BYTES: usize = 1 << 20;
/// Deepest nesting of lists and mappings.
const MAX_DEPTH: usize = 64;
/// Most keys and values of one document.
const MAX_NODES: usize = 50_000;
/// Longest key in bytes.
const MAX_KEY_BYTES: usize = 256;
/// Keys deeper than this have no line of their own: they are values of the caller's, not options.
const MAX_LINED_DEPTH: usize = 8;

/// A document and where its keys stand.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// [`Node::Null`] for an empty text.
    pub value: Node,
    /// Line (from 1) by key path, such as `runtime.limits.memory`, `runtime.permissions[0]` or
    /// `tools["a.b"]`.
    pub lines: BTreeMap<String, usize>,
}

/// Why a text was refused, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct Refusal {
    /// What is wrong, without the place.
    pub message: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

impl Refusal {
    fn at(mark: Marker, message: impl Into<String>) -> Self {
        // A mark of an empty text may have line 0.
        Self { message: message.into(), line: mark.line().max(1), column: mark.col() + 1 }
    }
}

impl From<ScanError> for Refusal {
    fn from(error: ScanError) -> Self {
        Self::at(*error.marker(), error.info())
    }
}

/// Reads one document.
pub fn parse(text: &str) -> Result<Document, Refusal> {
    if text.len() > MAX_BYTES {
        let message = format!("the file has {} bytes, at most {MAX_BYTES} are read", text.len());
        return Err(Refusal::at(Marker::default(), message));
    }
    let mut builder = Builder::default();
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, span) = event?;
        builder.take(event, span)?;
    }
    Ok(Document { value: builder.value.unwrap_or(Node::Null), lines: builder.lines })
}

/// A list or mapping whose end has not come yet.
enum Open {
    List(Vec<Node>),
    Entries { entries: Vec<(String, Node)>, seen: HashSet<String>, key: Option<String> },
}

#[derive(Default)]
struct Builder {
    value: Option<Node>,
    open: Vec<Open>,
    /// For each open container, the length of its own path in `path`.
    bases: Vec<usize>,
    /// Path of the value that comes next.
    path: String,
    lines: BTreeMap<String, usize>,
    documents: usize,
    nodes: usize,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Refusal> {
        let mark = span.start;
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) => {
                self.documents += 1;
                let single = self.documents == 1;
                require(single, mark, "a second document: one file holds one document")
            }
            Event::Alias(_) => Err(Refusal::at(mark, "aliases are not read: repeat the value")),
            Event::Scalar(text, style, anchor, tag) => {
                self.admit(mark, anchor, tag.is_some())?;
                let is_plain = style == ScalarStyle::Plain;
                if self.expects_key() {
                    let merges = is_plain && text == "<<";
                    require(!merges, mark, "merge keys (<<) are not read: repeat the values")?;
                    return self.key(text.into_owned(), mark);
                }
                let value = if is_plain {
                    node::plain(text).map_err(|why| Refusal::at(mark, why))?
                } else {
                    Node::Text(text.into_owned())
                };
                self.value(value, mark);
                Ok(())
            }
            Event::SequenceStart(anchor, tag) => {
                self.admit(mark, anchor, tag.is_some())?;
                self.begin(Open::List(Vec::new()), mark)
            }
            Event::MappingStart(anchor, tag) => {
                self.admit(mark, anchor, tag.is_some())?;
                let (entries, seen) = (Vec::new(), HashSet::new());
                self.begin(Open::Entries { entries, seen, key: None }, mark)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.end();
                Ok(())
            }
        }
    }

    /// What holds for every node, whatever its kind.
    fn admit(&mut self, mark: Marker, anchor: usize, tagged: bool) -> Result<(), Refusal> {
        require(anchor == 0, mark, "anchors are not read: remove the & and repeat the value")?;
        require(!tagged, mark, "tags are not read: remove the !")?;
        self.nodes += 1;
        require(
            self.nodes <= MAX_NODES,
            mark,
            format!("the file has more than {MAX_NODES} keys and values"),
        )
    }

    fn expects_key(&self) -> bool {
        matches!(self.open.last(), Some(Open::Entries { key: None, .. }))
    }

    fn key(&mut self, name: String, mark: Marker) -> Result<(), Refusal> {
        let short = name.len() <= MAX_KEY_BYTES;
        require(short, mark, format!("a key may have at most {MAX_KEY_BYTES} bytes"))?;
        self.path.truncate(self.bases.last().copied().unwrap_or_default());
        push_key(&mut self.path, &name);
        if let Some(Open::Entries { seen, key, .. }) = self.open.last_mut() {
            let path = &self.path;
            require(seen.insert(name.clone()), mark, format!("{path} is given twice"))?;
            *key = Some(name);
        }
        self.line(mark);
        Ok(())
    }

    /// Notes the line of `path`.
    fn line(&mut self, mark: Marker) {
        if self.open.len() <= MAX_LINED_DEPTH {
            self.lines.insert(self.path.clone(), mark.line());
        }
    }

    /// Before a value of a list: makes `path` the value's.
    fn item(&mut self, mark: Marker) {
        if let Some(Open::List(items)) = self.open.last() {
            let index = format!("[{}]", items.len());
            self.path.truncate(self.bases.last().copied().unwrap_or_default());
            self.path.push_str(&index);
            self.line(mark);
        }
    }

    fn begin(&mut self, container: Open, mark: Marker) -> Result<(), Refusal> {
        require(!self.expects_key(), mark, "a key must be text, not a list or mapping")?;
        let room = self.open.len() < MAX_DEPTH;
        require(room, mark, format!("values are nested more than {MAX_DEPTH} deep"))?;
        self.item(mark);
        self.bases.push(self.path.len());
        self.open.push(container);
        Ok(())
    }

    fn end(&mut self) {
        let closed = match self.open.pop() {
            Some(Open::List(items)) => Node::List(items),
            Some(Open::Entries { entries, .. }) => Node::Entries(entries),
            None => return,
        };
        self.path.truncate(self.bases.pop().unwrap_or_default());
        self.store(closed);
    }

    fn value(&mut self, value: Node, mark: Marker) {
        self.item(mark);
        self.store(value);
    }

    fn store(&mut self, value: Node) {
        match self.open.last_mut() {
            None => self.value = Some(value),
            Some(Open::List(items)) => items.push(value),
            Some(Open::Entries { entries, key, .. }) => {
                if let Some(key) = mem::take(key) {
                    entries.push((key, value));
                }
            }
        }
    }
}

fn require(holds: bool, mark: Marker, message: impl Into<String>) -> Result<(), Refusal> {
    if holds { Ok(()) } else { Err(Refusal::at(mark, message)) }
}

/// Appends a key as JavaScript would write the access: `.name`, or `["a.b"]`.
fn push_key(path: &mut String, name: &str) {
    let simple = !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if simple {
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(name);
    } else {
        // serde_json writes what JSON.stringify writes, which is how the face spells the same path.
        path.push('[');
        path.push_str(&serde_json::Value::from(name).to_string());
        path.push(']');
    }
}

#[cfg(test)]
mod tests;
