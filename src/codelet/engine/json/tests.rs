//! The engine's own JSON is the rule: what crosses the boundary is the same, to the byte.

use serde_json::{Value, json};

use crate::codelet::guest::random::Random;
use crate::codelet::{RunRequest, Runner, RunnerOptions};

fn run(runner: &Runner, code: &str, input: Option<&str>) -> String {
    let mut request = RunRequest::new(code).with_timeout_ms(20_000);
    if let Some(input) = input {
        request = request.with_input(input);
    }
    let outcome = runner.run_blocking(request);
    assert!(outcome.failure.is_none(), "{code}: {:?}", outcome.failure);
    outcome.json().expect("a value").to_owned()
}

/// Values plain and not: what crosses must be what the guest's own `JSON.stringify` says.
const VALUES: &[&str] = &[
    "[]",
    "({})",
    "[[], {}, [[]], [{}]]",
    "({ a: 1, b: 'x', c: null, d: true, e: false, f: undefined })",
    "[undefined, () => 1, Symbol('s'), null]",
    "[undefined, 1, Symbol('s')]",
    "({ f() {}, s: Symbol(), u: undefined, ok: 1 })",
    "[0, -0, 1, -1, 2147483647, -2147483648, 2147483648, 4294967296, 1e21, 1e-7, 123456789012345680000]",
    "[0.1, 1.5, -2.25, 5e-324, 1.7976931348623157e308, 1e300, 100, 1e20, 1e22, NaN, Infinity, -Infinity]",
    "[0.1 + 0.2, 1 / 3, 2 ** 53, 2 ** 53 + 2, -(2 ** 31), 2 ** 31, 3.0, 1.5 * 2]",
    r#"['', 'a', '"', '\\', '\b\f\n\r\t\v\0', '\x1f\x7f\x80\xff', 'é', '漢', '😀', '\u2028\u2029']"#,
    r"['\ud800', '\udc00', 'a\ud800b', '\udc00\ud800', '\ud83d\ude00', '\ud7ff\ue000', '\ud800\ud800\udc00']",
    r#"({ '': 1, 'a b': 2, '"': 3, '\\': 4, '\n': 5, 'é': 6, '\ud800': 7, '😀': 8 })"#,
    "({ b: 1, 2: 'two', a: 2, 1: 'one', '01': 3, '-1': 4, 4294967294: 5, 4294967295: 6 })",
    "JSON.parse('{\"__proto__\":1,\"constructor\":2,\"toString\":3}')",
    "Object.assign(Object.create(null), { a: 1 })",
    "Object.assign(Object.create({ inherited: 1 }), { own: 2 })",
    "Object.assign(Object.create({ toJSON() { return 'from above' } }), { own: 2 })",
    "({ toJSON() { return { by: 'own' } } })",
    "({ toJSON: 1, a: 2 })",
    "({ a: { toJSON: (key) => key }, b: [{ toJSON: (key) => typeof key + key }] })",
    "Object.defineProperty({ a: 1 }, 'toJSON', { value: () => 'hidden' })",
    "({ get a() { return 1 }, b: 2 })",
    "Object.defineProperty({ a: 1 }, 'b', { value: 2, enumerable: false })",
    "Object.defineProperty([1, 2], 0, { get: () => 'got' })",
    "Object.assign([1, 2], { extra: 3 })",
    "Object.assign([1], { toJSON() { return 'array' } })",
    "[1, , 3]",
    "new Array(5)",
    "Array(3).fill(0).concat(Array(2))",
    "(() => { const a = [1, 2, 3]; a.length = 6; return a })()",
    "(() => { const a = [1, 2, 3]; delete a[1]; return a })()",
    "Object.freeze([1, Object.freeze({ a: 1 })])",
    "new Proxy({ a: 1 }, {})",
    "new Proxy([1, 2], {})",
    "({ deep: { proxy: new Proxy({ a: [1] }, { get: (t, k) => k === 'a' ? 'trapped' : t[k] }) } })",
    "Object.setPrototypeOf({ a: 1 }, new Proxy({}, { get: (t, k) => k === 'toJSON' ? () => 'above' : t[k] }))",
    "[new Date(0), new Date(NaN), new Map([[1, 2]]), new Set([1]), /x/g, new Error('e')]",
    "[new Number(1), new String('s'), new Boolean(false), Object(Symbol())]",
    "[new Uint8Array([1, 2]), new ArrayBuffer(2), new Float64Array([0.5])]",
    "(function () { return arguments })(1, 'two')",
    "(() => { class Point { constructor() { this.x = 1; this.y = 2 } get z() { return 3 } } return [new Point(), new Point()] })()",
    "(() => { class Money { toJSON() { return 'money' } } return { price: new Money() } })()",
    "(() => { const shared = { a: [1] }; return [shared, shared, { shared }] })()",
    "(() => { let v = 1; for (let i = 0; i < 200; i++) v = [v, { v }]; let w = v; while (Array.isArray(w)) w = w[0]; return w })()",
    "(() => { let v = 'end'; for (let i = 0; i < 700; i++) v = i % 2 ? [v] : { v }; return v })()",
    "'x'.repeat(100) + 'y'.repeat(5000) + '\\n'",
    "({ rope: 'a'.repeat(3000) + ['b', 'c'].join('-').repeat(900) + 'é' })",
    "Array.from({ length: 3000 }, (_, i) => ({ id: i, name: 'n' + i, on: i % 2 === 0, score: i / 7 }))",
    "Object.fromEntries(Array.from({ length: 2000 }, (_, i) => ['key' + i, i]))",
    "Object.fromEntries(Array.from({ length: 600 }, (_, i) => [i * 3, { [i]: i }]))",
    "(() => { Object.prototype.toJSON = () => 'all'; return [{ a: 1 }, [2]] })()",
    "(() => { Array.prototype.toJSON = () => 'lists'; return { a: [1], b: 2 } })()",
    "(() => { String.prototype.toJSON = () => 'no'; Number.prototype.toJSON = () => 0; return ['s', 1, { a: 's' }] })()",
    "(() => { Array.prototype[1] = 'from above'; return [1, , 3] })()",
    "(() => { Object.defineProperty(Object.prototype, 'x', { set() { throw 1 }, enumerable: true }); return { y: 1 } })()",
];

#[test]
fn a_result_is_what_the_guests_own_json_says() {
    let runner = Runner::new(RunnerOptions::default());
    for value in VALUES {
        let direct = run(&runner, &format!("export const main = () => ({value})"), None);
        let text =
            run(&runner, &format!("export const main = () => JSON.stringify(({value}))"), None);
        let text: String = serde_json::from_str(&text).unwrap_or(text);
        assert_eq!(direct, text, "{value}");
    }
}

/// A value with every kind of member, by chance.
fn any_value(random: &mut Random, depth: usize) -> Value {
    let kinds = if depth == 0 { 5 } else { 7 };
    let pick = |random: &mut Random, n: u8| random.byte() % n;
    match pick(random, kinds) {
        0 => Value::Null,
        1 => json!(random.byte() > 127),
        2 => {
            let scale =
                [1.0, 1e3, 1e9, 1e15, 1e25, 1e-9, 1e300, 1e-300][usize::from(pick(random, 8))];
            json!((random.unit() - 0.5) * scale)
        }
        3 => json!(i64::from(random.byte()) * i64::from(random.byte()) - 9000),
        4 => json!(any_text(random)),
        5 => (0..pick(random, 6)).map(|_| any_value(random, depth - 1)).collect(),
        _ => {
            let members = (0..pick(random, 6))
                .map(|_| (any_text(random), any_value(random, depth - 1)))
                .collect();
            Value::Object(members)
        }
    }
}

fn any_text(random: &mut Random) -> String {
    const LETTERS: [&str; 16] = [
        "a", "B", "7", " ", "\"", "\\", "\n", "\u{1}", "é", "漢", "😀", "/", "\u{2028}", "_",
        "\u{7f}", "\u{feff}",
    ];
    (0..random.byte() % 9).map(|_| LETTERS[usize::from(random.byte() % 16)]).collect()
}

#[test]
fn any_value_comes_back_as_it_went_in() {
    let runner = Runner::new(RunnerOptions::default());
    let mut random = Random::seeded("values of every kind");
    // The guest compares what it was given with what its own parser makes of the same text.
    let code = "export const main = ({ value, text }) => \
                [value, JSON.stringify(value), JSON.stringify(value) === JSON.stringify(JSON.parse(text))]";
    for round in 0..400 {
        let text = any_value(&mut random, 4).to_string();
        let quoted = Value::from(text.as_str());
        let input = format!("{{\"value\":{text},\"text\":{quoted}}}");
        let output = run(&runner, code, Some(&input));
        let parts: Value = serde_json::from_str(&output).unwrap();
        assert_eq!(parts[2], json!(true), "round {round}: {text}");
        let own = parts[1].as_str().unwrap();
        assert!(output[1..].starts_with(own), "round {round}: {output}\nis not {own}");
    }
}

#[test]
fn texts_of_every_spelling_are_read() {
    let runner = Runner::new(RunnerOptions::default());
    let deep = format!("{}1{}", "[".repeat(1000), "]".repeat(1000));
    let texts = [
        " [ 1 , 2 ,\n\t3 ] ",
        "{ \"a\" : { } , \"b\" : [ ] }",
        r#"["\u0041\u00e9\u6f22\ud83d\ude00\ud800","\/\b\f\n\r\t\"\\"]"#,
        r#"{"\u0061":1,"a":2,"a":3,"__proto__":{"x":1},"0":0,"":""}"#,
        "[0,-0,-1,1e3,1E+3,1e-3,0.5,-0.5e-2,123456789,1234567890,12345678901234567890,1e400]",
        "\"text\"",
        "true",
        "null",
        "-0",
        &deep,
    ];
    let code = "export const main = ({ text, value }) => Object.is(value, JSON.parse(text)) || \
                JSON.stringify(value) === JSON.stringify(JSON.parse(text))";
    for text in texts {
        let quoted = Value::from(text);
        let input = format!("{{\"text\":{quoted},\"value\":{text}}}");
        assert_eq!(run(&runner, code, Some(&input)), "true", "{text}");
    }
}

#[test]
fn keys_are_told_apart_from_those_that_only_share_their_bytes() {
    let runner = Runner::new(RunnerOptions::default());
    // In UTF-8 the second key has the bytes that the first has in Latin-1.
    let back = "export const main = (i) => i";
    let input = "{\"\u{c3}\u{bc}\":\"a\",\"\u{fc}\":\"b\"}";
    assert_eq!(run(&runner, back, Some(input)), input);
    // Keys that are not remembered while the text is read: escaped ones, and long ones.
    let escaped = r#"{"\u00c3\u00bc":"a","\u00fc":"b"}"#;
    assert_eq!(run(&runner, back, Some(escaped)), input);
    let long = "k".repeat(1000);
    let input = format!("{{\"{long}\u{c3}\u{bc}\":\"a\",\"{long}\u{fc}\":\"b\"}}");
    assert_eq!(run(&runner, back, Some(&input)), input);
    let code = "const own = { [String.fromCharCode(0xc3, 0xbc)]: 1 }; \
                export const main = (i) => [i[String.fromCharCode(0xfc)], own]";
    let output = run(&runner, code, Some("{\"\u{fc}\":7}"));
    assert_eq!(output, "[7,{\"\u{c3}\u{bc}\":1}]");
}

#[test]
fn what_is_no_json_is_refused_as_before() {
    let runner = Runner::new(RunnerOptions::default());
    for text in [
        "",
        "[",
        "[1,]",
        "{a:1}",
        "01",
        "1.",
        "1e",
        "'x'",
        "\"\u{1}\"",
        "\"\\x\"",
        "[1]2",
        "nul",
        "\"\\ud8",
    ] {
        let request = RunRequest::new("export const main = (i) => 1").with_input(text);
        let outcome = runner.run_blocking(request);
        let failure = outcome.failure.expect("no value");
        assert_eq!(failure.name.as_deref(), Some("SyntaxError"), "{text}: {failure:?}");
    }
}
