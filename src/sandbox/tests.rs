//! Rules against the kernel: a shell under a sandbox tries what the pure model judges.

#![expect(clippy::disallowed_methods, reason = "makes the files that are tried")]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::*;
use crate::permission::PermissionSet;
use crate::process::{Command, Finished, Limits, kernel, run_blocking};

mod metadata;

const SHELL: &str = "/bin/sh";

/// A folder of a test's own.
struct Project(PathBuf);

impl Project {
    fn new(name: &str) -> Project {
        let folder = std::env::temp_dir().join(format!("runlet-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Project(folder.canonicalize().unwrap())
    }

    fn file(&self, name: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("{name}\n")).unwrap();
        path
    }

    fn order(&self, flags: &[&str]) -> Order {
        Order {
            permissions: Arc::new(PermissionSet::from_flags(flags).unwrap()),
            project_root: self.0.clone(),
            binary: SHELL.into(),
            entrypoint: Some(self.0.join(".code/entry.mjs")),
            code_roots: Vec::new(),
            worker: Some(self.0.join(".own/worker.mjs")),
            scratch: None,
            search_path: "/usr/bin:/bin".to_owned(),
            best_effort: false,
            network: NetworkOrder::default(),
            pins: None,
        }
    }

    fn compile(&self, flags: &[&str]) -> Result<Option<Policy>, crate::Error> {
        let order = self.order(flags);
        Policy::compile(&order, Missing::IsWrong, kernel()).map(|made| made.policy)
    }

    fn run(&self, flags: &[&str], script: &str) -> Finished {
        let limits = Limits {
            memory_bytes: None,
            data_bytes: None,
            processes: 16,
            open_files: 64,
            file_bytes: 1 << 20,
            cpu: None,
            capture_bytes: 64 * 1024,
            log_bytes: 1 << 20,
        };
        let env = [("PATH", "/usr/bin:/bin")];
        let command = Command::new(Path::new(SHELL), ["-c", script], env, &self.0, limits).unwrap();
        let command = command.within(Arc::new(self.order(flags)));
        run_blocking(command, Duration::from_mins(1)).unwrap()
    }

    fn out(&self, flags: &[&str], script: &str) -> String {
        self.run(flags, &format!("exec 2>&1\n{script}")).report.stdout.text
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A shell that says of each file whether it can be read and written, with nothing but built-ins.
fn trying(files: &BTreeSet<String>) -> String {
    let tries = files.iter().map(|file| {
        format!("r=-; w=-; {{ read x; }} < {file} && r=r; {{ true; }} >> {file} && w=w; echo {file} $r$w")
    });
    std::iter::once("exec 2>/dev/null".to_owned()).chain(tries).collect::<Vec<_>>().join("\n")
}

/// Random folders, files and rules; the pure model is the oracle.
#[test]
fn the_kernel_keeps_to_the_rules() {
    let project = Project::new("rules");
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let mut pick = move |most: usize| (random.next_u32() as usize) % most;
    let names = ["a", "b", "ab"];
    let mut files = BTreeSet::new();
    for one in names {
        files.insert(format!("{one}/f"));
        for two in names {
            files.insert(format!("{one}/{two}/f"));
            files.insert(format!("{one}/{two}/g"));
        }
    }
    for file in &files {
        project.file(file);
    }
    let (mut tried, mut refused, mut unkept) = (0, 0, 0);
    for _ in 0..150 {
        let mut flags = Vec::new();
        for _ in 0..=pick(4) {
            let effect = ["allow", "deny"][usize::from(pick(3) == 0)];
            let kind = ["read", "write"][pick(2)];
            let path = match pick(4) {
                0 => names[pick(3)].to_owned(),
                1 => files.iter().nth(pick(files.len())).unwrap().clone(),
                _ => format!("{}/{}", names[pick(3)], names[pick(3)]),
            };
            flags.push(format!("--{effect}-{kind}=./{path}"));
        }
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        let permissions = PermissionSet::from_flags(&flags).unwrap();
        if project.compile(&flags).is_err() {
            unkept += 1;
            continue;
        }
        let said = project.run(&flags, &trying(&files)).report.stdout.text;
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines.len(), files.len(), "{flags:?}");
        for (line, file) in lines.iter().zip(&files) {
            let path = Path::new(file);
            let read = permissions.judge_read(&project.0, path).allows();
            let write = permissions.judge_write(&project.0, path).allows();
            let expected =
                format!("{file} {}{}", if read { 'r' } else { '-' }, if write { 'w' } else { '-' });
            assert_eq!(*line, expected, "{flags:?}");
            tried += 2;
            refused += usize::from(!read) + usize::from(!write);
        }
    }
    assert!(tried > 2000 && refused > tried / 4 && refused < tried && unkept < 75, "{unkept}");
}

#[test]
fn nothing_is_granted_that_nobody_asked_for() {
    let project = Project::new("nothing");
    project.file(".code/entry.mjs");
    let secret = project.file("secret");
    let script = format!(
        "read x < {0} || echo no secret; read x < /etc/passwd || echo no passwd;
         true > {0} || echo no write; true > /tmp/runlet-x || echo no tmp;
         read x < /proc/1/environ || echo no environ; read x < /proc/self/net/tcp || echo no net",
        secret.display()
    );
    let said = project.out(&[], &script);
    for line in ["no secret", "no passwd", "no write", "no tmp", "no environ", "no net"] {
        assert!(said.contains(line), "{line} in {said}");
    }
    assert_eq!(fs::read_to_string(&secret).unwrap(), "secret\n");
}

#[test]
fn a_link_is_judged_by_what_it_leads_to() {
    let project = Project::new("links");
    project.file("data/a");
    project.file("secret/b");
    symlink("../secret/b", project.0.join("data/out")).unwrap();
    symlink("data", project.0.join("alias")).unwrap();
    let said = project.out(
        &["--allow-read=./alias"],
        "read x < data/a; echo $x; read x < data/out || echo refused; read x < alias/a && echo $x",
    );
    assert!(said.starts_with("data/a\n") && said.contains("refused\n"), "{said}");
    assert!(said.ends_with("data/a\n"), "{said}");
    // Denied by the name of a link: its target is meant.
    let said = project.out(
        &["--allow-read=.", "--deny-read=./data/out"],
        "read x < secret/b || echo refused; read x < data/a; echo $x",
    );
    assert!(said.contains("refused\n") && said.ends_with("data/a\n"), "{said}");
}

#[test]
fn a_link_beside_a_denied_file_grants_nothing() {
    let project = Project::new("links-beside");
    project.file("data/a");
    project.file("data/private/key");
    project.file("secret/b");
    symlink("private/key", project.0.join("data/inside")).unwrap();
    symlink("../secret/b", project.0.join("data/outside")).unwrap();
    symlink("a", project.0.join("data/fine")).unwrap();
    let said = project.out(
        &["--allow-read=./data", "--deny-read=./data/private"],
        "for f in inside outside private/key; do { read x < data/$f; } 2>/dev/null && echo $f; done
         read x < data/fine; echo $x",
    );
    assert_eq!(said, "data/a\n");
}

#[test]
fn what_comes_to_lie_beside_a_denied_file_is_not_granted() {
    let project = Project::new("beside");
    project.file("data/a");
    let flags = ["--allow-read=./data", "--deny-read=./data/later/secret"];
    let said = project.out(&flags, "read x < data/a; echo $x");
    assert_eq!(said, "data/a\n");
    project.file("data/later/secret");
    project.file("data/later/other");
    let said = project.out(
        &flags,
        "read x < data/later/secret || echo refused; read x < data/later/other; echo $x",
    );
    assert!(said.contains("refused\n") && said.ends_with("data/later/other\n"), "{said}");
}

#[test]
fn a_denied_command_is_denied_wherever_the_path_has_it() {
    let project = Project::new("deny-run");
    let (first, second) = (project.file("one/tool"), project.file("two/tool"));
    let other = project.file("two/other");
    let search_path = format!("{0}/one:{0}/two", project.0.display());
    let flags = ["--allow-run=./one,./two", "--deny-run=tool"];
    let order = Order { search_path, ..project.order(&flags) };
    let made = Policy::compile(&order, Missing::IsWrong, kernel()).unwrap();
    let files = made.policy.unwrap().files;
    let runs = |path: &Path| files.access_to(path).has(files::Access::EXECUTE);
    assert_eq!([runs(&first), runs(&second), runs(&other)], [false, false, true]);
}

#[test]
fn a_part_of_what_may_be_written_cannot_be_denied() {
    let project = Project::new("deny-write");
    project.file("out/a");
    let flags = ["--allow-write=./out", "--deny-write=./out/keep"];
    let error = project.compile(&flags).unwrap_err();
    assert_eq!(error.code(), crate::Code::PolicyUnenforceable);
    assert!(error.to_string().contains("--deny-write=./out/keep: it lies inside"), "{error}");
    let lax = Order { best_effort: true, ..project.order(&flags) };
    let made = Policy::compile(&lax, Missing::IsWrong, kernel()).unwrap();
    assert_eq!(made.unenforced.len(), 1);
    assert!(made.policy.is_some());
}

#[test]
fn a_kernel_without_the_means_refuses_rather_than_to_pretend() {
    let project = Project::new("lacking");
    let full = kernel();
    let compile = |flags: &[&str], kernel: Kernel| {
        Policy::compile(&project.order(flags), Missing::IsWrong, kernel)
    };
    for (kernel, why) in [
        (Kernel { landlock: 0, ..full }, "no Landlock"),
        (Kernel { notify: false, ..full }, "no seccomp filters"),
        (Kernel { landlock: 0, notify: false, ..full }, "neither Landlock nor seccomp filters"),
    ] {
        let error = compile(&["--allow-read"], kernel).unwrap_err();
        assert_eq!(error.code(), crate::Code::PolicyUnenforceable);
        let list = error.details().unwrap()["unenforceable"].as_array().unwrap().clone();
        let flags: Vec<_> = list.iter().map(|one| one["flag"].as_str().unwrap()).collect();
        assert_eq!(flags, ["--allow-write", "--allow-net", "--allow-run"]);
        let text = error.to_string();
        for part in flags.into_iter().chain([why, std::env::consts::OS]) {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(compile(&["-A"], kernel).is_ok());
        assert!(compile(&["-A", "--deny-net"], kernel).is_err());
    }
}

#[test]
fn what_stood_no_trial_is_not_relied_on() {
    let project = Project::new("flawed");
    let compile = |flags: &[&str], kernel: Kernel| {
        Policy::compile(&project.order(flags), Missing::IsWrong, kernel)
    };
    let flawed = Kernel { flaw: Some(Flaw::Files), ..kernel() };
    let text = compile(&["--allow-read"], flawed).unwrap_err().to_string();
    assert!(text.contains("a process could open a file that it was refused"), "{text}");
    assert!(compile(&["-A"], flawed).is_ok());
}

#[test]
fn rules_for_hosts_need_a_way_to_sockets() {
    let project = Project::new("no-sockets");
    let none = Kernel { sockets: None, ..kernel() };
    let flags = ["--allow-net=a.test:1", "--deny-net=b.test"];
    let error = Policy::compile(&project.order(&flags), Missing::IsWrong, none).unwrap_err();
    assert_eq!(error.code(), crate::Code::PolicyUnenforceable);
    let list = error.details().unwrap()["unenforceable"].as_array().unwrap().clone();
    let named: Vec<_> = list.iter().map(|one| one["flag"].as_str().unwrap()).collect();
    assert_eq!(named, flags);
    assert!(error.to_string().contains("no way to the sockets"), "{error}");
    // Unkept rules open nothing: there is no network.
    let lax = Order { best_effort: true, ..project.order(&flags) };
    let policy = Policy::compile(&lax, Missing::IsWrong, none).unwrap().policy.unwrap();
    assert_eq!((policy.net, policy.sockets), (crate::permission::NetGrant::Nothing, None));
    // Without rules nobody needs to be asked.
    for flags in [&["--allow-net"][..], &["--allow-read"], &["--allow-read", "--deny-net"]] {
        let made = Policy::compile(&project.order(flags), Missing::IsWrong, none).unwrap();
        assert!(made.unenforced.is_empty(), "{flags:?}");
    }
}

#[test]
fn the_way_to_sockets_decides_who_makes_them() {
    let project = Project::new("sockets");
    let filter = |access| {
        let kernel = Kernel { sockets: Some(access), ..kernel() };
        let order = project.order(&["--allow-net=a.test"]);
        let policy = Policy::compile(&order, Missing::IsWrong, kernel).unwrap().policy.unwrap();
        assert_eq!(policy.sockets, Some(access));
        let steps = policy.filter(kernel).steps;
        steps.iter().map(|step| (step.jt, step.jf, step.k)).collect::<Vec<_>>()
    };
    let duplicate = filter(connect::SocketAccess::Duplicate);
    assert_eq!(duplicate, filter(connect::SocketAccess::Replace));
    assert_ne!(duplicate, filter(connect::SocketAccess::Held));
}

#[test]
fn a_rule_about_a_missing_file_is_a_mistake_and_a_folder_to_write_is_made() {
    let project = Project::new("missing");
    let error = project.compile(&["--allow-read=./none"]).unwrap_err();
    assert_eq!(error.code(), crate::Code::InvalidArgument);
    assert_eq!(error.to_string(), "--allow-read=./none: there is no such file or folder");
    let error = project.compile(&["--allow-write=/no/such/folder"]).unwrap_err();
    assert_eq!(error.code(), crate::Code::InvalidArgument);
    assert!(project.compile(&["--allow-write=./new/out", "--deny-read=./gone"]).is_ok());
    assert!(project.0.join("new/out").is_dir());
    // Once it runs, what went away is simply not there.
    assert_eq!(project.out(&["--allow-read=./none"], "echo fine"), "fine\n");
}

#[test]
fn what_the_runtime_consists_of_cannot_be_denied() {
    let project = Project::new("needed");
    let error = project.compile(&["--allow-read", "--deny-read=/usr"]).unwrap_err();
    assert!(error.to_string().contains("no runtime starts"), "{error}");
}

#[test]
fn programs_start_only_by_name() {
    let project = Project::new("programs");
    project.file("data/a");
    let run = |flags: &[&str], script: &str| project.out(flags, script);
    let nothing = run(&[], "/bin/cat /dev/null; echo $?");
    assert!(nothing.contains("ork"), "{nothing}");
    let said = run(&["--allow-run=cat", "--allow-read=./data"], "cat data/a; head data/a");
    assert!(said.starts_with("data/a\n") && said.contains("ermission denied"), "{said}");
    let error = project.compile(&["--allow-run=no-such-command"]).unwrap_err();
    assert!(error.to_string().starts_with("--allow-run=no-such-command: there is no"), "{error}");
    let script = project.file("script");
    fs::write(&script, "#!/usr/bin/env sh\n").unwrap();
    let error = project.compile(&["--allow-run=./script"]).unwrap_err();
    assert!(
        error.to_string().contains("./script: a script, so --allow-run must also name"),
        "{error}"
    );
}

#[test]
fn a_host_with_more_open_files_than_a_child_may_have_confines_it_all_the_same() {
    let project = Project::new("descriptors");
    project.file("in/file");
    // The limit of the child is 64.
    let held: Vec<fs::File> = (0..100).map(|_| fs::File::open("/dev/null").unwrap()).collect();
    let script =
        "ulimit -n; read x < /proc/self/stat && echo own; echo > in/file && chmod 600 in/file";
    let said = project.out(&["--allow-write=./in", "--allow-run=chmod"], script);
    assert_eq!(said, "64\nown\n");
    drop(held);
}

#[test]
fn everything_needs_no_sandbox() {
    let project = Project::new("everything");
    assert_eq!(project.compile(&["--allow-all"]).unwrap(), None);
    assert!(project.compile(&["--allow-all", "--deny-read=./x"]).unwrap().is_some());
}

/// One that may write in the project puts links where rules and code are looked for.
#[test]
fn what_a_link_leads_to_since_is_not_granted() {
    let project = Project::new("pins");
    project.file("secret/key");
    project.file("data/a");
    project.file("out/keep");
    project.file("entry.mjs");
    let flags = ["--allow-read=./data", "--allow-write=."];
    let mut order = project.order(&flags);
    order.entrypoint = Some(project.0.join("entry.mjs"));
    let seen = Policy::compile(&order, Missing::IsWrong, kernel()).unwrap();
    order.pins = Some(Arc::new(seen.pins));
    fs::rename(project.0.join("data"), project.0.join("old")).unwrap();
    symlink("secret", project.0.join("data")).unwrap();
    symlink("secret", project.0.join("node_modules")).unwrap();
    symlink("secret/key", project.0.join("more.mjs")).unwrap();
    symlink("secret/key", project.0.join("package.json")).unwrap();
    let granted = |order: &Order| {
        let made = Policy::compile(order, Missing::IsSkipped, kernel()).unwrap();
        let files = made.policy.unwrap().files;
        files.access_to(&project.0.join("secret/key")).has(files::Access::READ)
    };
    assert!(!granted(&order));
    // Without what was seen before, each of them would grant it.
    order.pins = None;
    assert!(granted(&order));
    // Code that came since, by no link, is code.
    order.pins = Some(Arc::new(Pins::default()));
    project.file("later.mjs");
    let made = Policy::compile(&order, Missing::IsSkipped, kernel()).unwrap();
    let later = made.policy.unwrap().files.access_to(&project.0.join("later.mjs"));
    assert!(later.has(files::Access::READ));
}

/// A path that was changed between the look at it and its use.
#[test]
fn a_rule_is_for_the_path_that_was_looked_at() {
    let project = Project::new("swapped");
    project.file("secret/key");
    project.file("data/a");
    let path = project.0.join("data/a");
    assert!(landlock::opened(&path).is_some());
    fs::rename(project.0.join("data"), project.0.join("old")).unwrap();
    symlink("secret", project.0.join("data")).unwrap();
    project.file("secret/a");
    assert!(path.exists() && landlock::opened(&path).is_none());
    assert!(landlock::opened(&project.0.join("data")).is_none());
}
