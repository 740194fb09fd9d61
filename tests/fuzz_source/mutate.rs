//! Damages a program: mostly token by token, so that much of it is still read.

use crate::random::Random;
use crate::tokens::{groups, role, tokens};

/// Longer results are cut.
const LONGEST: usize = 16 * 1024;

const WORDS: &[&str] = &[
    "async",
    "await",
    "yield",
    "yield*",
    "of",
    "in",
    "let",
    "const",
    "var",
    "static",
    "get",
    "set",
    "new",
    "new.target",
    "super",
    "this",
    "delete",
    "typeof",
    "void",
    "import",
    "import.meta",
    "export",
    "default",
    "class",
    "extends",
    "function",
    "function*",
    "return",
    "throw",
    "try",
    "catch",
    "finally",
    "if",
    "else",
    "for",
    "while",
    "do",
    "break",
    "continue",
    "switch",
    "case",
    "with",
    "debugger",
    "null",
    "undefined",
    "arguments",
    "eval",
    "enum",
    "interface",
    "type",
    "namespace",
    "declare",
    "abstract",
    "satisfies",
    "as",
    "accessor",
    "using",
    "#p",
    "@d",
    "=>",
    "...",
    "?.",
    "??=",
    "**",
    ">>>",
    "=",
    ",",
    ";",
    ":",
    "?",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "`",
    "${",
    "/",
    "/*",
    "*/",
    "//",
    "<!--",
    "-->",
    "'",
    "\"",
    "\\",
    "!",
    "~",
    "++",
    "--",
    "&&=",
    "<T>",
];

const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "1",
    "-1",
    "2147483647",
    "2147483648",
    "-2147483649",
    "4294967295",
    "4294967296",
    "9007199254740991",
    "9007199254740992",
    "1e308",
    "1e309",
    "-1e309",
    "5e-324",
    "NaN",
    "0x7fffffff",
    "0b1",
    "0o7",
    "010",
    "1_0",
    "1n",
    "0xffffffffffffffffn",
    "1e21",
    "65536",
    "255",
    "2 ** 31",
    "2 ** 53",
    "2n ** 200n",
    "-2n ** 63n",
    "1e5",
    "33554432",
    "1073741823",
    "0.1",
];

const ODDITIES: &[&str] = &[
    "\u{2028}",
    "\u{feff}",
    "\u{200d}",
    "\u{0}",
    "\u{1f600}",
    "\\ud800",
    "\\u{10ffff}",
    "\\u{110000}",
    "\u{301}",
    "𝒳",
    "\\x",
    "\u{a0}",
    "\r\n",
    "ſ",
    "ß",
    "İ",
    "\\u0061",
    "\u{180e}",
    "#!",
    "'use strict'",
];

const PIECES: &[&str] = &[
    "({ __proto__: null, get a() { return 1 }, ['b']: 2, ...{} })",
    "class extends (class { static #q = 1; static { this.#q++ } }) { accessor x = 1 }",
    "function* () { try { yield } finally { yield* [1] } }",
    "async function* (a, { b = await 1 } = {}, ...c) { for await (const d of a) yield d }",
    "/(?<n>a|(?<=b)c)+?\\k<n>[^\\p{L}]{2,}$/giu",
    "/[\\p{L}--[a-z]&&\\q{ab|c}]/v",
    "/((((((((((a*)*)*)*)*)*)*)*)*)*)*$/",
    "new Proxy([], { get: (t, k, r) => Reflect.get(t, k, r) })",
    "new Uint8Array(new ArrayBuffer(8, { maxByteLength: 64 }))",
    "[..., ]",
    "[, ...[], ]",
    "((a, b = a, [c] = [b]) => { })",
    "`${`${1}`}`",
    "x?.[0]?.().#y",
    "Object.defineProperty([], 'length', { writable: false })",
    "Symbol.iterator",
    "Symbol.species",
    "Array.prototype",
    "await Promise.all([1])",
    "import('lib/a.js')",
    "export * from 'lib/b.js';",
    "import x, * as y from 'lib/a.js';",
    "label: for (;;) { break label }",
    "JSON.parse('[[1]]')",
    "'ab'.repeat(1e5)",
    "new Error('e', { cause: 1 }).stack",
    "structuredClone",
    "tools.double(1)",
    "enum E { A = 1, B = A << 1, C = 'x'.length }",
    "namespace N { export const a = 1 }",
    "abstract class T<U> implements V { constructor(private readonly a?: U) { } declare b: string }",
    "function f(this: any, a?: number): a is number;",
    "<T,>(x: T): x is T => x",
    "x!",
    "as const",
];

/// Brackets that can be nested around something.
const AROUND: &[(&str, &str)] = &[
    ("(", ")"),
    ("[", "]"),
    ("{", "}"),
    ("({a:", "})"),
    ("`${", "}`"),
    ("(() => ", ")()"),
    ("async () => { await ", "}"),
    ("class { static x = ", "}"),
    ("function f() {", "}"),
    ("!", ""),
    ("-", ""),
    ("new ", ""),
    ("...", ""),
    ("a?.", ""),
    ("await ", ""),
    ("a = ", ""),
    ("if (a) ", ""),
    ("a ? ", ": b"),
    ("/(?:", ")/"),
    ("<T>", ""),
    ("x => ", ""),
    ("[...", "]"),
];

/// A new text out of the ones there are.
pub(crate) fn mutated(corpus: &[String], random: &mut Random) -> String {
    let mut text = corpus[random.below(corpus.len())].clone();
    // Most texts are changed in an orderly way, so that many compile, and fewer torn apart.
    for _ in 0..=random.below(3) {
        let other = &corpus[random.below(corpus.len())];
        text = orderly_step(&text, other, random);
    }
    if random.once_in(3) {
        for _ in 0..=random.below(3) {
            let other = &corpus[random.below(corpus.len())];
            text = step(&text, other, random);
        }
    }
    text.truncate(text.floor_char_boundary(LONGEST));
    text
}

/// Exchanges what is likely to be read the same way.
fn orderly_step(text: &str, other: &str, random: &mut Random) -> String {
    let mut parts: Vec<&str> = tokens(text);
    let theirs = tokens(other);
    let groups_here = groups(&parts);
    let Some(&(from, to)) = groups_here.get(random.below(groups_here.len())) else {
        return format!("{text}\n{other}");
    };
    match random.below(6) {
        // A group becomes another one with the same bracket: of the other text, or of this.
        0 | 1 => {
            let source = if random.once_in(3) { parts.clone() } else { theirs };
            let wanted = role(&parts, from);
            let mut alike = groups(&source);
            alike.retain(|(at, _)| role(&source, *at) == wanted);
            if let Some(&(start, end)) = alike.get(random.below(alike.len())) {
                parts.splice(from..to, source[start..end].iter().copied());
            }
        }
        // A line of the other text comes in.
        2 => {
            let lines: Vec<&str> = other.lines().collect();
            let ends: Vec<usize> =
                (0..parts.len()).filter(|at| parts[*at].contains(['\n', ';'])).collect();
            let place = ends.get(random.below(ends.len())).map_or(parts.len(), |at| at + 1);
            parts.splice(place..place, ["\n", lines[random.below(lines.len())], "\n"]);
        }
        3 => replace_one(
            &mut parts,
            random,
            |part| part.starts_with(|c: char| c.is_ascii_digit()),
            NUMBERS,
        ),
        4 => {
            // One name becomes another that the text knows.
            let names: Vec<&str> = parts.iter().copied().filter(|part| is_name(part)).collect();
            if !names.is_empty() {
                replace_one(&mut parts, random, is_name, &names);
            }
        }
        // Something odd is an argument.
        _ => {
            let mut calls = groups_here;
            calls.retain(|(at, _)| role(&parts, *at) == ("(", "a name"));
            if let Some(&(from, to)) = calls.get(random.below(calls.len())) {
                parts.splice(from + 1..to - 1, [random.of(PIECES)]);
            }
        }
    }
    parts.concat()
}

fn step(text: &str, other: &str, random: &mut Random) -> String {
    let mut parts: Vec<&str> = tokens(text);
    if parts.is_empty() {
        return other.to_owned();
    }
    let at = random.below(parts.len());
    let to = (at + 1 + random.below(12)).min(parts.len());
    match random.below(12) {
        0 => drop(parts.drain(at..to)),
        1 => {
            let copy = parts[at..to].repeat(1 + random.below(4));
            let place = random.below(parts.len());
            parts.splice(place..place, copy);
        }
        2 => {
            let with = random.below(parts.len());
            parts.swap(at, with);
        }
        3 | 4 => {
            let theirs = tokens(other);
            let from = random.below(theirs.len());
            let until = (from + 1 + random.below(40)).min(theirs.len());
            let end = if random.once_in(2) { to } else { at };
            parts.splice(at..end, theirs.get(from..until).unwrap_or_default().iter().copied());
        }
        5 => parts[at] = random.of(WORDS),
        6 => parts.insert(at, random.of(WORDS)),
        7 => parts.insert(at, random.of(ODDITIES)),
        8 => parts.insert(at, random.of(PIECES)),
        9 => return nested(&parts, at, to, random),
        10 => return text[..text.floor_char_boundary(random.below(text.len()))].to_owned(),
        _ => {
            let mut chars: Vec<char> = text.chars().collect();
            let place = random.below(chars.len());
            chars[place] = char::from(u8::try_from(random.below(128)).unwrap_or(b' '));
            return chars.into_iter().collect();
        }
    }
    parts.concat()
}

fn is_name(part: &str) -> bool {
    part.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '$')
}

fn replace_one<'a>(
    parts: &mut [&'a str],
    random: &mut Random,
    is: fn(&str) -> bool,
    by: &[&'a str],
) {
    let places: Vec<usize> = (0..parts.len()).filter(|at| is(parts[*at])).collect();
    if let Some(place) = places.get(random.below(places.len())) {
        parts[*place] = random.of(by);
    }
}

fn nested(parts: &[&str], at: usize, to: usize, random: &mut Random) -> String {
    let (open, close) = AROUND[random.below(AROUND.len())];
    let times = match random.below(6) {
        0 => 1 + random.below(2500),
        1 => 1 + random.below(200),
        _ => 1 + random.below(8),
    };
    let (front, rest) = parts.split_at(at);
    let (middle, back) = rest.split_at(to - at);
    [&front.concat(), &open.repeat(times), &middle.concat(), &close.repeat(times), &back.concat()]
        .map(String::as_str)
        .concat()
}
