//! Reads profiles and says what they allow, as far as ours go. What it does not know fails the test.

use std::path::Path;

/// What a process is about to do.
#[derive(Debug, Clone, Copy)]
pub(super) enum Target<'a> {
    Path {
        path: &'a Path,
        folder: bool,
    },
    /// A connection to a host (`localhost` or any other) by a protocol.
    Remote {
        protocol: &'a str,
        host: &'a str,
        port: u16,
    },
    /// An end of one's own.
    Local {
        protocol: &'a str,
    },
    /// A fact or a service.
    Name(&'a str),
    /// A process: the very same, or another of the sandbox, or one outside.
    Process(&'a str),
    Nothing,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Term {
    Word(String),
    Text(String),
    List(Vec<Term>),
}

pub(super) struct Profile(Vec<Rule>);

struct Rule {
    allows: bool,
    operations: Vec<String>,
    filters: Vec<Term>,
}

/// How rules are weighed. Ours must come to the same by both.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reading {
    /// The last rule that fits.
    Last,
    /// The last of those for the narrowest group of operations that has one which fits.
    Narrowest,
}

fn parse(text: &str) -> Vec<Term> {
    let mut stack = vec![Vec::new()];
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '(' => stack.push(Vec::new()),
            ')' => {
                let list = stack.pop().unwrap();
                stack.last_mut().expect("no list is open").push(Term::List(list));
            }
            '"' => {
                let mut text = String::new();
                loop {
                    match chars.next().expect("a text ends") {
                        '"' => break,
                        '\\' => text.push(chars.next().expect("something is escaped")),
                        c => text.push(c),
                    }
                }
                stack.last_mut().unwrap().push(Term::Text(text));
            }
            c if c.is_whitespace() => {}
            c => {
                let mut word = String::from(c);
                while let Some(c) = chars.next_if(|c| !c.is_whitespace() && !"()\"".contains(*c)) {
                    word.push(c);
                }
                stack.last_mut().unwrap().push(Term::Word(word));
            }
        }
    }
    assert_eq!(stack.len(), 1, "a list is left open");
    stack.pop().unwrap()
}

fn word(term: &Term) -> &str {
    if let Term::Word(word) = term { word } else { panic!("{term:?} is no word") }
}

fn words(term: &Term) -> &[Term] {
    if let Term::List(list) = term { list } else { panic!("{term:?} is no list") }
}

fn string(term: &Term) -> &str {
    if let Term::Text(text) = term { text } else { panic!("{term:?} is no text") }
}

impl Profile {
    pub(super) fn read(text: &str) -> Profile {
        let terms = parse(text);
        assert_eq!(terms[0], parse("(version 1)")[0]);
        let rules = terms[1..].iter().map(|term| {
            let list = words(term);
            let allows = match word(&list[0]) {
                "allow" => true,
                "deny" => false,
                other => panic!("{other} is no effect"),
            };
            let operations = list[1..].iter().take_while(|term| matches!(term, Term::Word(_)));
            let operations: Vec<String> = operations.map(|term| word(term).to_owned()).collect();
            let filters = list[1 + operations.len()..].to_vec();
            assert!(!operations.is_empty());
            Rule { allows, operations, filters }
        });
        Profile(rules.collect())
    }

    /// True when it may be done. The two readings must agree.
    pub(super) fn allows(&self, operation: &str, target: Target<'_>) -> bool {
        let found = [Reading::Last, Reading::Narrowest]
            .map(|reading| self.allows_by(reading, operation, target));
        assert_eq!(found[0], found[1], "{operation} {target:?} depends on the reading");
        found[0]
    }

    pub(super) fn allows_by(&self, reading: Reading, operation: &str, target: Target<'_>) -> bool {
        let fits = |rule: &&Rule| {
            rule.filters.is_empty() || rule.filters.iter().any(|filter| matches(filter, target))
        };
        let groups = groups(operation);
        let named = |rule: &&Rule, groups: &[String]| {
            rule.operations.iter().any(|name| groups.contains(name))
        };
        let last =
            |groups: &[String]| self.0.iter().rev().filter(|rule| named(rule, groups)).find(fits);
        let rule = match reading {
            Reading::Last => last(&groups),
            Reading::Narrowest => groups.iter().find_map(|group| last(std::slice::from_ref(group))),
        };
        rule.expect("there is a default").allows
    }

    /// Every path that a filter names.
    pub(super) fn paths(&self) -> Vec<String> {
        fn collect(term: &Term, found: &mut Vec<String>) {
            if let Term::List(list) = term {
                if let [Term::Word(name), Term::Text(path)] = list.as_slice()
                    && matches!(name.as_str(), "subpath" | "literal")
                {
                    found.push(path.clone());
                }
                for term in list {
                    collect(term, found);
                }
            }
        }
        let mut found = Vec::new();
        self.0.iter().flat_map(|rule| &rule.filters).for_each(|term| collect(term, &mut found));
        found
    }
}

/// The operation and the groups that it belongs to, the narrowest first.
fn groups(operation: &str) -> Vec<String> {
    let mut groups = vec![operation.to_owned(), format!("{operation}*")];
    let mut rest = operation;
    while let Some((start, _)) = rest.rsplit_once('-') {
        groups.push(format!("{start}*"));
        rest = start;
    }
    groups.push("default".to_owned());
    groups
}

fn matches(filter: &Term, target: Target<'_>) -> bool {
    let list = words(filter);
    let (name, arguments) = (word(&list[0]), &list[1..]);
    match (name, target) {
        ("require-all", _) => arguments.iter().all(|one| matches(one, target)),
        ("require-any", _) => arguments.iter().any(|one| matches(one, target)),
        ("require-not", _) => {
            assert_eq!(arguments.len(), 1, "{filter:?}");
            !matches(&arguments[0], target)
        }
        ("subpath", Target::Path { path, .. }) => path.starts_with(string(&arguments[0])),
        ("literal", Target::Path { path, .. }) => path == Path::new(string(&arguments[0])),
        ("vnode-type", Target::Path { folder, .. }) => {
            assert_eq!(word(&arguments[0]), "DIRECTORY");
            folder
        }
        ("sysctl-name" | "global-name", Target::Name(name)) => name == string(&arguments[0]),
        ("sysctl-name-prefix", Target::Name(name)) => name.starts_with(string(&arguments[0])),
        ("target", Target::Process(whose)) => {
            let wanted = word(&arguments[0]);
            assert!(matches!(wanted, "self" | "same-sandbox"), "{wanted}");
            whose == "self" || whose == wanted
        }
        ("remote", Target::Remote { protocol, host, port }) => {
            let (name, number) = string(&arguments[1]).split_once(':').unwrap();
            // The system accepts no other hosts.
            assert!(matches!(name, "*" | "localhost"), "{name}");
            word(&arguments[0]) == protocol
                && (name == "*" || name == host)
                && (number == "*" || number.parse() == Ok(port))
        }
        ("local", Target::Local { protocol }) => {
            assert_eq!(string(&arguments[1]), "*:*");
            word(&arguments[0]) == protocol
        }
        (
            "subpath" | "literal" | "vnode-type" | "sysctl-name" | "sysctl-name-prefix"
            | "global-name" | "target" | "remote" | "local",
            _,
        ) => false,
        (other, _) => panic!("{other} is no filter that is known here"),
    }
}
