//! How long a search takes beside ripgrep's libraries used plainly: by path, unconfined.
#![expect(clippy::disallowed_methods, reason = "lays out the folder that is searched")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use grep_regex::RegexMatcherBuilder;
use grep_searcher::sinks::Bytes;
use grep_searcher::{BinaryDetection, SearcherBuilder};
use ignore::{WalkBuilder, WalkState};
use serde_json::json;

use super::super::tests::{ok, open};
use crate::scoped_fs::tests::Scratch;

const ROUNDS: usize = 11;

#[test]
#[ignore = "measures; run it in a release build: --release -- --ignored --nocapture beside_ripgrep"]
fn takes_about_as_long_over_ten_thousand_files() {
    let scratch = Scratch::new();
    let body = "some line of a source file that holds nothing of interest\n".repeat(80);
    for folder in 0..100 {
        std::fs::create_dir_all(scratch.inside(&format!("d{folder}/src"))).unwrap();
        for file in 0..100 {
            let text = if file == 0 { format!("{body}needle\n") } else { body.clone() };
            std::fs::write(scratch.inside(&format!("d{folder}/src/f{file}")), text).unwrap();
        }
    }
    let workspace = open(&scratch);
    let ours = || {
        let found = ok(&workspace, "grep", json!({ "query": "needle", "maxResults": 1000 }));
        found["hits"].as_array().unwrap().len()
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(4);
    let plain = || {
        let found = AtomicUsize::new(0);
        let matcher = RegexMatcherBuilder::new().fixed_strings(true).build("needle").unwrap();
        let walk = WalkBuilder::new(scratch.inside(""))
            .standard_filters(false)
            .threads(threads)
            .build_parallel();
        walk.run(|| {
            let (found, matcher) = (&found, matcher.clone());
            let mut searcher =
                SearcherBuilder::new().binary_detection(BinaryDetection::quit(0)).build();
            Box::new(move |entry| {
                let entry = entry.unwrap();
                if entry.file_type().is_some_and(|kind| kind.is_file()) {
                    let sink = Bytes(|_, _| {
                        found.fetch_add(1, Ordering::Relaxed);
                        Ok(true)
                    });
                    searcher.search_path(&matcher, entry.path(), sink).unwrap();
                }
                WalkState::Continue
            })
        });
        found.into_inner()
    };
    let (mut our_times, mut plain_times) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        for (search, times) in
            [(&ours as &dyn Fn() -> usize, &mut our_times), (&plain, &mut plain_times)]
        {
            let begun = Instant::now();
            assert_eq!(search(), 100);
            times.push(begun.elapsed());
        }
    }
    let median = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2]
    };
    let (ours, plain) = (median(&mut our_times), median(&mut plain_times));
    println!(
        "10,000 files, {threads} threads, median of {ROUNDS}: {ours:?}, plainly {plain:?}: {:.2}",
        ours.as_secs_f64() / plain.as_secs_f64()
    );
}
