//! Hostile sources: they cost as little as any other, whatever becomes of them.

use std::thread;
use std::time::{Duration, Instant};

use super::super::nesting;
use super::strip;

/// Repeats `open`, puts `inside` there and closes it all again.
fn nested(prefix: &str, open: &str, inside: &str, close: &str, times: usize) -> String {
    format!("{prefix}{}{inside}{}", open.repeat(times), close.repeat(times))
}

/// Prefix, opening, inside, closing: each recurses once or more per repetition in the parser, in
/// the walks over its tree, or in the rewriting.
const DEEP: &[(&str, &str, &str, &str)] = &[
    ("", "(", "a", ")"),
    ("", "(", "", ""),
    ("x=", "[", "a", "]"),
    ("x=", "[", "", ""),
    ("", "{", "", "}"),
    ("x=", "{a:", "1", "}"),
    ("x=", "({a:(", "1", ")})"),
    ("", "!", "a", ""),
    ("", "- ", "a", ""),
    ("", "typeof ", "a", ""),
    ("", "await ", "a", ""),
    ("", "new ", "a", ""),
    ("function*f(){", "yield ", "a", "}"),
    ("", "a+", "a", ""),
    ("", "a**", "a", ""),
    ("", "a??", "a", ""),
    ("", "a=", "a", ""),
    ("", "a?b:", "a", ""),
    ("", "a?", "b", ":c"),
    ("", "a=>", "a", ""),
    ("", "(a)=>", "a", ""),
    ("", "(a:b)=>", "a", ""),
    ("x=", "()=>{x=", "1", "}"),
    ("a", ".a", "", ""),
    ("a", "?.a", "", ""),
    ("a", "()", "", ""),
    ("a", "[0]", "", ""),
    ("a", "!", "", ""),
    ("a", "`b`", "", ""),
    ("a", " as b", "", ""),
    ("a=", "<b>", "a", ""),
    ("", "a(", "", ")"),
    ("", "`${", "a", "}`"),
    ("", "if(a)", "b", ""),
    ("", "if(a)b;else ", "b", ""),
    ("", "for(;;)", "b", ""),
    ("", "do ", "b", ";while(1)"),
    ("", "a:", "b", ""),
    ("", "function f(){", "", "}"),
    ("x=", "class{a=", "1", "}"),
    ("x=", "class extends ", "a", "{}"),
    ("x=", "{a(){x=", "1", "}}"),
    ("", "try{", "", "}catch{}"),
    ("", "switch(1){case 1:", "", "}"),
    ("let ", "[", "a", "]=1"),
    ("let ", "{a:", "b", "}=1"),
    ("type A=", "[", "a", "]"),
    ("type A=", "(", "a", ")"),
    ("type A=", "()=>", "a", ""),
    ("type A=", "a<", "a", ">"),
    ("type A=", "{a:", "a", "}"),
    ("type A=", "keyof ", "a", ""),
    ("type A=a", "[]", "", ""),
    ("type A=a", ".a", "", ""),
    ("type A=a", "|a", "", ""),
    ("type A=", "a extends b?c:", "a", ""),
    ("type A=", "`${", "a", "}`"),
    ("", "f<", "a", ""),
    ("", "namespace a{", "", "}"),
    ("namespace a", ".a", "{export const b=1}", ""),
    ("", "enum a{b=(()=>{", "", "})()}"),
    ("import a=b", ".c", "", ""),
];

#[test]
fn depth_never_overflows_two_mebibytes_of_stack() {
    let small = thread::Builder::new().stack_size(2 << 20);
    let run = small.spawn(|| {
        for &(prefix, open, inside, close) in DEEP {
            let source = |times| nested(prefix, open, inside, close, times);
            let accepted = |times| nesting::measure(&source(times)).is_ok();
            // The deepest that is accepted; every repetition counts at least one unit.
            let (mut good, mut bad) = (1, nesting::MAX_DEPTH as usize + 1);
            while bad - good > 1 {
                let middle = usize::midpoint(good, bad);
                if accepted(middle) { good = middle } else { bad = middle }
            }
            // On a thread of its own, and on this one. The enum makes path two walk the tree as well.
            for times in [good, good / 16, good / 64] {
                drop(strip(&(source(times) + ";enum Z{a}")));
            }
            drop(strip(&source(100_000)));
        }
    });
    run.unwrap().join().unwrap();
}

#[test]
fn a_hundred_thousand_brackets_are_refused_by_name() {
    for open in ["(", "[", "{", "`${", "!", "if(a)", "a=>"] {
        let error = super::error(&open.repeat(100_000));
        assert_eq!(error.message, "code is nested too deeply", "{open}");
        assert!(error.line == 1 && error.column > 1);
    }
}

/// Prefix, opening, inside, closing: read twice or more often per repetition, each time with all
/// that is inside.
const REREAD: &[(&str, &str, &str, &str)] = &[
    ("", "x<{[", "1", "]:1}>y"),
    ("", "x<{a;[", "1", "]:1}>y"),
    ("", "x<{a\n[", "1", "]:1}>y"),
    ("", "x<{readonly[", "1", "]:b}>y"),
    ("", "x<(b=", "1", ")=>a>y"),
    ("", "x<(b?=", "1", ")=>a>y"),
    ("", "x<({a:[b=", "1", "]})=>b>y"),
    ("", "x<{m(a=", "1", "):b}>y"),
    ("", "x<import('a',{with:{a:", "T", "}})>y"),
    ("", "new x<{[", "1", "]:1}>y"),
    ("", "async<{[", "b", "]:1}>(y)z"),
    ("x as ", "({a=(x as ", "T", ")})=>A"),
    ("x as ", "([a=(x as ", "T", ")])=>A"),
    ("x as ", "({[x as ", "T", "]:b})=>A"),
    ("type A = ", "infer a extends (", "b", ")?c:d"),
    ("type A = ", "[infer a extends (", "b", ")?c:d]"),
    ("", "x<{[()=>{interface A extends B<({a=", "1", "})=>c> d {}}]:1}>y"),
];

#[test]
fn guesses_inside_guesses_are_refused() {
    for &(prefix, open, inside, close) in REREAD {
        let started = Instant::now();
        for times in [20, 30, 300] {
            let error = super::error(&nested(prefix, open, inside, close, times));
            assert_eq!(error.message, "code is nested too deeply", "{open}");
        }
        assert!(started.elapsed() < Duration::from_secs(30), "{open}");
        // Ordinary nesting is none of it.
        let once = nested(prefix, open, inside, close, 1);
        assert!(nesting::measure(&once).is_ok(), "{once}");
    }
}

#[test]
fn quadratic_sources_are_refused_or_fast() {
    let sources = [
        nested("", "(a=", "a", ")", 5000),
        nested("", "a?(b):c=>", "c", "", 5000),
        nested("", "f<", "a", "", 5000),
        nested("", "a<(", "a", "", 5000),
        nested("x=", "({a:{[", "b", "]:1}})", 2000),
        "static\n".repeat(16_000),
        "}/[".repeat(50_000),
        "a\n/[".repeat(50_000),
        "a=`".repeat(50_001),
        "/*".repeat(50_000),
    ];
    for source in sources {
        let started = Instant::now();
        drop(strip(&source));
        assert!(started.elapsed() < Duration::from_mins(1), "{:?}", source.get(..20));
    }
}

#[test]
fn enums_that_grow_are_refused() {
    let doubling: Vec<String> = (1..40).map(|n| format!("b{n}=b{}+b{}", n - 1, n - 1)).collect();
    let error = super::error(&format!("enum E {{ b0 = 'x', {} }}", doubling.join(", ")));
    assert!(error.message.contains("grow too long"), "{error:?}");
    let templates: Vec<String> =
        (1..40).map(|n| format!("b{n}=`${{E.b{}}}${{b{}}}`", n - 1, n - 1)).collect();
    let error = super::error(&format!("enum E {{ b0 = 'x', {} }}", templates.join(", ")));
    assert!(error.message.contains("grow too long"), "{error:?}");
    let error = super::error(&"enum E { a }\n".repeat(101));
    assert!(error.message.contains("more than 100"), "{error:?}");
    assert_eq!(error.line, 101);
    assert!(strip(&"enum E { a }\n".repeat(100)).is_ok());
}

#[test]
fn large_ordinary_sources_are_accepted() {
    let rows =
        format!("const rows: Row[] = [\n{}]\n", "  { id: 1, tags: ['a', 'b'] },\n".repeat(20_000));
    let functions =
        "export function f(a: number): number {\n  if (a < 1) return a\n  return f(a)\n}\n";
    let unions = format!("type Names =\n{}x", "  | 'name'\n".repeat(4000));
    let sums = format!("const text: string = {}''", "'line\\n' +\n  ".repeat(4000));
    let flags: Vec<String> = (0..60).map(|n| format!("F{n} = 1 << {}", n % 31)).collect();
    for source in
        [rows, functions.repeat(3000), unions, sums, format!("enum F {{ {} }}", flags.join(", "))]
    {
        assert!(strip(&source).is_ok(), "{:?}: {:?}", source.get(..40), strip(&source).err());
    }
}

#[test]
fn no_cut_of_a_source_panics() {
    let source = "#!x\n@a enum A { b = `${c}` } namespace N { export const d = /[)/]/g }\n\
        abstract class B<T> extends C<T> implements D { private ['e']?: F<G>; constructor(readonly h = 1) { super() } }\n\
        export default async <\u{e9}>(i?: { [k: string]: '\u{1f600}' }): Promise<\n\u{e9}> => <any>j!.k as L satisfies M\r\n";
    let cuts: Vec<usize> = source.char_indices().map(|(at, _)| at).collect();
    for &start in &cuts {
        for &end in cuts.iter().step_by(7) {
            if let Some(part) = source.get(start..end) {
                drop(strip(part));
            }
        }
    }
}
