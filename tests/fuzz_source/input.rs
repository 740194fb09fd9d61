//! One input: a source text and how it is run.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use runlet::codelet::{
    Grants, HostCall, Language, ModuleSource, Payload, RunOptions, RunRequest, Runner,
};
use runlet::{Outcome, limits::Limits};
use serde_json::json;

use crate::programs::{INPUT, SAMPLES};
use crate::random::Random;

const LANGUAGES: [(&str, Language); 3] =
    [("js", Language::Js), ("ts", Language::Ts), ("auto", Language::Auto)];

/// Short, so that deadlines fall into the middle of runs.
const TIMEOUT_MS: u64 = 20;

#[derive(Debug, Clone)]
pub(crate) struct Input {
    pub(crate) code: String,
    language: &'static str,
}

impl Input {
    pub(crate) fn new(code: String, random: &mut Random) -> Input {
        // Every other text in the one that takes most.
        let (language, _) = LANGUAGES[random.below(4).min(2)];
        Input { code, language }
    }

    /// A text as it is.
    pub(crate) fn whole(code: String) -> Input {
        Input { code, language: "auto" }
    }

    /// What a failure left behind; or any text, in all languages.
    pub(crate) fn read(file: &Path) -> Vec<Input> {
        let text =
            fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let kept: Option<serde_json::Value> = serde_json::from_str(&text).ok();
        let code = kept.as_ref().and_then(|kept| kept["code"].as_str()).unwrap_or(&text);
        let wanted = kept.as_ref().and_then(|kept| kept["language"].as_str());
        let languages = LANGUAGES.iter().filter(|(name, _)| wanted.is_none_or(|one| one == *name));
        languages.map(|(language, _)| Input { code: code.to_owned(), language }).collect()
    }

    pub(crate) fn to_json(&self) -> String {
        json!({ "language": self.language, "code": self.code }).to_string()
    }

    pub(crate) fn hash(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (&self.code, self.language).hash(&mut hasher);
        hasher.finish()
    }

    pub(crate) fn run(&self, runner: &Runner) -> Outcome {
        let language = LANGUAGES
            .iter()
            .find(|(name, _)| *name == self.language)
            .map_or(Language::Auto, |l| l.1);
        let modules = SAMPLES.iter().flat_map(|sample| sample.modules);
        let mut seen = std::collections::BTreeSet::new();
        let modules = modules.filter(|(name, _)| seen.insert(*name)).map(|(name, code)| {
            ModuleSource { name: (*name).into(), code: (*code).into(), language: Language::Js }
        });
        let tool = |name: &str| vec!["tools".to_owned(), name.to_owned()];
        let imports = self.code.contains("import");
        let options = RunOptions {
            language,
            modules: if imports { modules.collect() } else { Vec::new() },
            host: vec![tool("double"), tool("fail")],
            allow: Grants { random: true, now: true, timers: true, ..Grants::default() },
            limits: Limits {
                timeout_ms: TIMEOUT_MS,
                memory_limit_bytes: 8 << 20,
                ..Limits::default()
            },
            ..RunOptions::default()
        };
        let request = RunRequest::new(self.code.as_str()).with_input(INPUT).with_options(options);
        runner.run_with(request, |call: &HostCall| {
            if call.function == 1 {
                Err("the host said no".into())
            } else {
                Ok(call.arguments.text.clone())
            }
        })
    }
}

/// A program that says at once if a run before it left anything behind.
const CONTROL: &str = r"
export async function main({ words }) {
  const seen = [Object.getOwnPropertyNames(globalThis).length, typeof globalThis.x, [].concat(words).join(), `${{}}`]
  class A { #p = 1; get p() { return this.#p } }
  const parsed = JSON.parse(JSON.stringify({ words, a: new A().p, re: 'x1y22'.match(/\d+/g), big: String(2n ** 70n) }))
  return [seen.slice(1), seen[0] > 40, parsed, await Promise.all([1, 2].map(async (n) => n * 2)), [3, 1, 2].sort(), new Map([[1, 2]]).get(1)]
}";
const ANSWER: &str = r#"[["undefined","alpha,beta,gamma","[object Object]"],true,{"words":["alpha","beta","gamma"],"a":1,"re":["1","22"],"big":"1180591620717411303424"},[2,4],[1,2,3],2]"#;

/// Whether the room still works.
pub(crate) fn control(runner: &Runner) -> Result<(), String> {
    let request = RunRequest::new(CONTROL).with_input(INPUT).with_timeout_ms(60_000);
    let outcome = runner.run_blocking(request);
    if outcome.value.as_ref().and_then(Payload::as_json) == Some(ANSWER) {
        return Ok(());
    }
    Err(format!("afterwards the control program gave {:?}, {:?}", outcome.value, outcome.failure))
}
