use std::collections::HashMap;
use std::fmt::Write;
use std::path::{Component, Path};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::encoding::{Names, encoded};
use super::{Level, Origin, resolve, resolve_scope, select_scope};

fn origin(agent: &str, provider: &str, team: Option<&str>, channel: &str, actor: &str) -> Origin {
    Origin {
        agent: agent.into(),
        provider: provider.into(),
        team: team.map(str::to_owned),
        channel: channel.into(),
        actor: actor.into(),
    }
}

#[test]
fn ordinary_names_have_the_folders_they_always_had() {
    let keys = resolve_scope(&origin("default", "my-slack", Some("T1"), "C_2.x", "U'3(!)"));
    for (level, path) in [
        (Level::Agent, "agent/default"),
        (Level::Adapter, "adapter/default/my-slack"),
        (Level::Channel, "channel/default/my-slack/T1/C_2.x"),
        (Level::User, "user/default/my-slack/T1/U'3(!)"),
    ] {
        assert_eq!(select_scope(&keys, level).path, path);
        assert_eq!(select_scope(&keys, level).key, path);
        assert_eq!(select_scope(&keys, level).level, level);
    }
    for (name, folder) in [
        ("a b", "a~20b"),
        ("é", "~C3~A9"),
        ("a/b", "a~2Fb"),
        ("a~2Fb", "a~7E2Fb"),
        ("-_.!*'()", "-_.!*'()"),
        ("%", "~25"),
        ("", "~"),
        (".", "~2E"),
        ("..", "~2E~2E"),
        ("...", "..."),
        ("a\0", "a~00"),
    ] {
        assert_eq!(encoded(name, Names::Exact), folder, "{name}");
    }
}

#[test]
fn long_names_are_cut_and_stay_apart() {
    let (one, other) = ("x".repeat(300), "x".repeat(301));
    let folder = encoded(&one, Names::Exact);
    assert_eq!(folder.len(), 120 + 2 + 32);
    assert!(folder.starts_with(&"x".repeat(120)));
    assert_ne!(folder, encoded(&other, Names::Exact));
    assert_eq!(encoded(&"x".repeat(200), Names::Exact), "x".repeat(200));
    // A name that looks like a cut one is none.
    assert_ne!(encoded(&folder, Names::Exact), folder);
}

#[test]
fn where_capitals_do_not_count_they_are_written_out() {
    for (name, folder) in [
        ("aBc", "a~42c"),
        ("con", "~63on"),
        ("CON", "~43~4F~4E"),
        ("nul.txt", "~6Eul.txt"),
        ("com1", "~63om1"),
        ("com10", "com10"),
        ("console", "console"),
        ("a.", "a~2E"),
        ("a..", "a.~2E"),
        ("a*", "a~2A"),
    ] {
        assert_eq!(encoded(name, Names::Folded), folder, "{name}");
    }
}

/// Parts that meet each other badly: what is escaped, what escapes look like, what is cut.
fn hostile(random: &mut ChaCha8Rng) -> String {
    const PARTS: [&str; 26] = [
        "",
        ".",
        "..",
        "~",
        "~~",
        "%",
        "/",
        "a",
        "A",
        "none",
        "~6Eone",
        "2E",
        "~2E",
        "7E",
        "~7E",
        "\0",
        " ",
        "é",
        "\u{1F600}",
        "con",
        "nul",
        "C",
        "\\",
        "*",
        "2F",
        "~2F",
    ];
    let mut pick = |below: u32| (random.next_u32() % below) as usize;
    let mut text = String::new();
    for _ in 0..pick(5) {
        text.push_str(PARTS[pick(26)]);
    }
    match pick(16) {
        0 => text.push_str(&"x".repeat(190 + pick(120))),
        1 => text.push_str(&"~".repeat(60 + pick(10))),
        _ => {}
    }
    text
}

/// A million pairs one by one would compare each with one other. Here every one is compared with all
/// that came before it, by a map from folders to what they are for: 40,000 of each level are 800
/// million pairs.
#[test]
fn no_two_scopes_have_one_folder() {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    for names in [Names::Exact, Names::Folded] {
        let mut folders: HashMap<String, (Level, Vec<Option<String>>)> = HashMap::new();
        let mut pairs: u64 = 0;
        for _ in 0..20_000 {
            let mut text = || hostile(&mut random);
            let team = Some(text()).filter(|team| !team.ends_with('a'));
            // Mostly one agent and one provider, so that what differs is often in one place alone.
            let [agent, provider] = [text(), text()].map(|name| match name.len() % 4 {
                0 => name,
                _ => "a".to_owned(),
            });
            let origin = origin(&agent, &provider, team.as_deref(), &text(), &text());
            let keys = resolve(&origin, names);
            for (level, last) in [(Level::Channel, &origin.channel), (Level::User, &origin.actor)] {
                let path = &select_scope(&keys, level).path;
                let parts =
                    [Some(agent.clone()), Some(provider.clone()), team.clone(), Some(last.clone())];
                assert_is_a_folder_of_its_own(path);
                let folder =
                    if names == Names::Folded { path.to_ascii_lowercase() } else { path.clone() };
                pairs += folders.len() as u64;
                let mine = (level, parts.to_vec());
                let before = folders.entry(folder).or_insert_with(|| mine.clone());
                assert_eq!(*before, mine, "{path}");
            }
        }
        println!("{names:?}: {} folders, {pairs} pairs", folders.len());
        assert!(pairs > 1_000_000);
    }
}

/// Below `scopes/` with five names, none of which means another folder, and none too long for one.
fn assert_is_a_folder_of_its_own(path: &str) {
    let names: Vec<_> = Path::new(path).components().collect();
    assert_eq!(names.len(), 5, "{path}");
    assert_eq!(path.split('/').count(), 5, "{path}");
    for name in names {
        assert!(matches!(name, Component::Normal(name) if name.len() <= 200), "{path}");
    }
}

/// The usual encoding, on the same parts: it must give two of them one folder, or the test says nothing.
#[test]
fn the_usual_encoding_gives_two_names_one_folder() {
    let usual = |name: &str| {
        let mut text = String::new();
        for byte in name.bytes() {
            if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
                text.push(char::from(byte));
            } else {
                let _ = write!(text, "~{byte:02X}");
            }
        }
        text
    };
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let mut folders = HashMap::new();
    let mut collisions = 0;
    for _ in 0..20_000 {
        let name = hostile(&mut random);
        let before = folders.entry(usual(&name)).or_insert_with(|| name.clone());
        collisions += u32::from(*before != name);
    }
    println!("the usual encoding: {collisions} names have another one's folder");
    assert!(collisions > 0);
}
